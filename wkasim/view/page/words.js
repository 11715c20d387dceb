// What a record means, in a sentence.

const STEP_SIGN = { start: "▶", kill: "✖", terminate: "■", restart: "↻", pause: "⏸", resume: "▶", add_node: "✚" };

/** Values of a step that need no name. */
const PLAIN = new Set(["node", "nodes", "config", "sides", "state", "host", "name", "do", "message"]);

const CAUSES = {
  static: (node, member) => `${member} is on ${node}'s list of well-known members, and it answered`,
  join: (node, member) => `${member} asked to join`,
  event: (node, member) => `${node} found that ${member} is there (by a probe or by handling its JOIN)`,
  member_list: (node, member) => `a MEMBER_LIST named ${member}`,
  member_joined: (node, member) => `a MEMBER_JOINED named ${member}`,
};

const STATES = {
  starting: "begins to start",
  waiting: "waits until a well-known member answers",
  initialised: "has finished its start: it is initialised",
  stopped: "is gone",
  failed: "could not start",
  paused: "is frozen (SIGSTOP); its ports still accept connections",
  resumed: "goes on where it was frozen",
};

const MESSAGE_WORDS = {
  JOIN: (from, to) => `${from} asks ${to} to take it into the cluster`,
  MEMBER_LIST: (from, to, what) => `${from} sends ${to} the members that it knows: ${what || "none yet"}`,
  MEMBER_JOINED: (from, to, what) => `${from} tells ${to} that ${what} has joined`,
  GET_CONFIGURATION: (from, to) => `${from} asks ${to} for its configuration`,
  GET_CONFIGURATION_RESPONSE: (from, to) => `${from} sends ${to} the configuration`,
  GET_STATE: (from, to) => `${from} asks ${to} for its state`,
  GET_STATE_RESPONSE: (from, to) => `${from} sends ${to} its state`,
  COORDINATION_REQUEST: (from, to) => `${from} proposes a coordinator to ${to}`,
  COORDINATION_CONFIRMED: (from, to) => `${from} confirms the coordinator to ${to}`,
  TEXT: (from, to, what) => `${from} answers ${to}: “${what}”`,
  EMPTY: (from, to) => `${from} sends ${to} an empty answer`,
  NO_RPC_CHANNEL: (from, to) => `${from} answers ${to} that it has no such channel yet`,
};

const laneName = (lane) => (lane < 0 ? "" : lanes[lane].name);

/** The content of a message: members by name; other content as it is. */
function contentOf(message) {
  if (!/^(MEMBER_|COORD)/.test(message.label)) return message.detail;
  return message.detail
    .split(" ")
    .filter(Boolean)
    .map(nameOf)
    .join(", ");
}

function paramsText(params) {
  const parts = [];
  for (let k = 0; k < params.length; k += 2) parts.push(`${String(params[k]).replace(/_s$/, "")} ${params[k + 1]}`);
  return parts.join(", ");
}

/** "start worker1": the step as the scenario's author thinks of it. */
function stepText(i) {
  const [, , lane, , verb, params] = records[i];
  const values = [];
  for (let k = 0; k < params.length; k += 2) {
    const plain = PLAIN.has(params[k]);
    const timed = String(params[k]).endsWith("_s");
    values.push(plain ? params[k + 1] : `${String(params[k]).replace(/_s$/, "")} ${params[k + 1]}${timed ? " s" : ""}`);
  }
  if (!values.length && lane >= 0) values.push(laneName(lane));
  return `${STEP_SIGN[verb] ?? "◆"} ${verb.replace(/_/g, " ")} ${values.join(" · ")}`.trim();
}

function viewText(i) {
  const [, , , , change, address] = records[i];
  const member = nameOf(address);
  if (change === "added") {
    const told = data.story.tellers[i];
    if (told) return `+ ${member} (told by ${told[0]})`;
    return `+ ${member}${records[i][6] === "static" ? " (on its own list)" : ""}`;
  }
  const place = data.story.noticed[i];
  return `− ${member}${place ? ` (${ordinal(place[0])} to notice, after ${duration(place[1])})` : ""}`;
}

const ordinal = (n) => (n === 1 ? "first" : n === 2 ? "second" : n === 3 ? "third" : `${n}th`);

function groupText(i) {
  const [, , , , change, address] = records[i];
  const words = { admitted: "✓ sends requests to", dismissed: "✗ no more requests to", rejected: "✗ refuses" };
  return `${words[change] ?? change} ${nameOf(address)}`;
}

/** A log line with names for addresses: shorter, and easier to follow in the diagram. */
const TRIBES_MEMBER = /(?:org\.apache\.catalina\.tribes\.membership\.)?MemberImpl\[tcp:\/\/(\{[^{}]{1,40}\}|[^,:{}]{1,100}):(\d{1,5}),.{0,2000}?, \]/g;
const ADDRESS = /(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3}:\d{1,5})(?!\d)(?:\([^()]{0,200}\))?/g;

function withNames(text) {
  const plain = text.replace(TRIBES_MEMBER, (_, host, port) => `${dotted(host)}:${port}`);
  return plain.replace(ADDRESS, (whole, address) => ownerOf.get(address) ?? whole);
}

/** {127, 1, 0, 206} as 127.1.0.206; Tribes prints a byte above 127 as a negative number. */
function dotted(host) {
  const bytes = host.replace(/[{}]/g, "").split(",").map(Number);
  return bytes.some(Number.isNaN) ? host : bytes.map((byte) => (byte + 256) % 256).join(".");
}

/** The short text beside a row. */
function rowText(i) {
  const record = records[i];
  switch (record[1]) {
    case "log":
      return record[7].split("\n")[0];
    case "view":
      return viewText(i);
    case "group":
      return groupText(i);
    case "state":
      return record[4] + (record[5] ? `: ${record[5]}` : "");
    case "socket":
      return `${record[4]} ${record[5]} port ${record[6].split(":").pop()}`;
    case "timer":
      return `${record[4].replace(/_/g, " ")} wakes`;
    case "connect":
      return `no connection to ${nameOf(record[4])}: ${record[5]}`;
    case "request":
      return `request ${record[7]}: ${record[8] || "no answer"}${record[9] ? ` by ${record[9]}` : ""}`;
    case "forward":
      return `request ${record[5]} to ${nameOf(record[6])}: ${record[7]}`;
    case "ghost":
      return `missing: ${record[4]}`;
    case "step":
      return stepText(i);
    default:
      return "";
  }
}

/** What happens here, for somebody who has never seen such a cluster. */
function sentenceOf(i) {
  const record = records[i];
  const node = laneName(record[2]);
  const message = messageOf.get(i);
  if (message) return messageSentence(i, message, node);
  switch (record[1]) {
    case "log":
      return `${node} writes to its log: “${record[7]}”`;
    case "view":
      return viewSentence(i, node);
    case "group":
      return groupSentence(i, node);
    case "state":
      return `${node} ${STATES[record[4]] ?? record[4]}${record[5] ? ` (${record[5]})` : ""}.`;
    case "socket":
      return record[4] === "failed"
        ? `${node} could not open its ${record[5]} port: ${record[6]}.`
        : `${node} has ${record[4]} its ${record[5]} port ${record[6]}.`;
    case "timer":
      return `A timer wakes ${node}: ${record[4].replace(/_/g, " ")}.`;
    case "connect":
      return `${node} gets no connection to ${nameOf(record[4])} (${record[4]}): ${record[5]}.`;
    case "request": {
      const answer = record[8] ? `answered with ${record[8]}${record[9] ? ` by ${record[9]}` : ""}` : "never answered";
      return `A client's request to ${node} for ${record[6]}${record[7]} was ${answer}, after ${duration(record[10])}${record[11] ? ` (${record[11]})` : ""}.`;
    }
    case "forward":
      return `${node} gives a request for ${record[4]}${record[5]} to ${nameOf(record[6])}: ${record[7]}.`;
    case "ghost":
      return `The guide shows this line on ${node}, but the run does not have it: “${record[4]}”`;
    case "note":
      return noteText(i);
    default:
      return `The scenario does its next step: ${stepText(i).slice(2)}.`;
  }
}

function messageSentence(i, message, node) {
  const target = message.ends.find((end) => !end.lost)?.lane ?? laneTo(message.to);
  const to = target >= 0 ? laneName(target) : message.to;
  const [label, reply] = message.label.split(" ");
  const words = MESSAGE_WORDS[label] ?? ((from, other) => `${from} sends ${other} ${label}`);
  const base = words(laneName(message.from), to, contentOf(message));
  const text = reply && label === "MEMBER_LIST" ? base.replace(" sends ", " answers ").replace(" the members", " with the members") : base;
  if (kindOf(i) === "drop") return `Lost: ${text} (${records[i][7]}).`;
  if (kindOf(i) === "deliver") {
    return `${node} receives it, ${duration(timeOf(i) - timeOf(message.send))} later: ${text}.`;
  }
  return `${text} (${message.label}).`;
}

function viewSentence(i, node) {
  const [, , , , change, address, cause] = records[i];
  const member = nameOf(address);
  if (change === "added") {
    const told = data.story.tellers[i];
    if (told) return `${node} learns of ${member}: ${told[0]} told it (${cause === "member_list" ? "MEMBER_LIST" : "MEMBER_JOINED"}).`;
    const why = CAUSES[cause];
    return `${node} puts ${member} on its member list: ${why ? why(node, member) : cause}.`;
  }
  const place = data.story.noticed[i];
  if (!place) return `${node} takes ${member} off its member list (${cause}).`;
  const others = place[0] === 1 ? "It is the first to notice" : `It is the ${ordinal(place[0])} to notice`;
  return `${node} takes ${member} off its member list: it could no longer connect to it. ${others}, ${duration(place[1])} after ${member} ended.`;
}

function groupSentence(i, node) {
  const [, , , , change, address] = records[i];
  const member = nameOf(address);
  if (change === "admitted") {
    const admission = data.story.admissions.find((entry) => entry[3] === i);
    const waited = admission ? ` ${duration(timeOf(i) - timeOf(admission[2]))} after it joined` : "";
    return `${node} sends requests to ${member} from now on,${waited}: its HTTP ports accepted connections, and then ${node} waited ten more seconds, so that ${member} can finish its start before it gets traffic.`;
  }
  if (change === "rejected") return `${node} refuses ${member}: its HTTP ports never accepted a connection, so no request goes there.`;
  return `${node} sends no more requests to ${member}.`;
}

/** What the catalogue says about a log line. */
const meaningOf = (i) => (kindOf(i) === "log" ? data.meanings[records[i][4]] ?? "" : "");

/** The facts of a record, for whoever wants all of them. */
function detailsOf(i) {
  const record = records[i];
  const facts = [["time", seconds(record[0], 6)]];
  if (record[2] >= 0) facts.push(["node", `${laneName(record[2])}, life ${record[3]}`]);
  const message = messageOf.get(i);
  if (message) {
    facts.push(["message", `${message.label} #${message.id}`], ["from", laneName(message.from)], ["to", message.to]);
    if (message.detail) facts.push(["content", message.detail]);
    for (const end of message.ends) facts.push([end.lost ? "lost" : "arrives", `${seconds(timeOf(end.i), 6)}${end.lost ? `, ${records[end.i][7]}` : ""}`]);
    if (!message.ends.length) facts.push(["arrives", "not before the end of the run"]);
  } else if (record[1] === "log") {
    facts.push(["event", record[4]], ["class", record[5]], ["level", record[6]]);
  } else if (record[1] === "view" || record[1] === "group") {
    facts.push(["member", record[5]], [record[1] === "view" ? "cause" : "group", record[1] === "view" ? record[6] : `${record[6]} ${record[7]}`]);
  } else if (record[1] === "step") {
    facts.push(["step", record[4]]);
    if (record[5].length) facts.push(["values", paramsText(record[5])]);
  } else if (record[1] === "connect") {
    facts.push(["to", record[4]], ["outcome", record[5]]);
  }
  return facts;
}
