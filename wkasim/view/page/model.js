// The run as the page knows it: records, lanes, messages, and the state of every node at any moment.

const data = JSON.parse(document.getElementById("data").textContent);
const records = data.records;
const lanes = data.nodes;

// A record is [time in us, kind, lane or -1, life, field, field ...].
const timeOf = (i) => records[i][0];
const kindOf = (i) => records[i][1];
const laneOf = (i) => records[i][2];

const laneByName = new Map(lanes.map((node, lane) => [node.name, lane]));
const ownerOf = new Map(lanes.filter((node) => node.address).map((node) => [node.address, node.name]));

/** A member by its node's name where a node of that address is known, else by its address. */
const nameOf = (address) => ownerOf.get(address) ?? address;

const seconds = (us, digits = 3) => `${(us / 1e6).toFixed(digits)} s`;

function duration(us) {
  if (us < 1000) return `${us} µs`;
  if (us < 999500) return `${(us / 1000).toFixed(us < 1e4 ? 1 : 0)} ms`;
  return us < 12e7 ? `${(us / 1e6).toFixed(1)} s` : `${(us / 6e7).toFixed(1)} min`;
}

// Message kinds: a colour, a line and a word each, so that colour is never alone.
const KINDS = [
  { id: "join", label: "JOIN", starts: ["JOIN"] },
  { id: "list", label: "MEMBER_LIST", starts: ["MEMBER_LIST"] },
  { id: "joined", label: "MEMBER_JOINED", starts: ["MEMBER_JOINED"] },
  { id: "config", label: "GetConfiguration", starts: ["GET_"] },
  { id: "coordination", label: "coordination", starts: ["COORDINATION"] },
  { id: "http", label: "requests of clients", starts: ["HTTP"] },
  { id: "other", label: "other messages", starts: [""] },
];
const kindOfMessage = (label) => KINDS.find((kind) => kind.starts.some((start) => label.startsWith(start))).id;

/** One message: where it was sent, and every arrival or loss. */
const messages = new Map();
const messageOf = new Map();
records.forEach((record, i) => {
  const [, kind, lane] = record;
  if (kind === "send") {
    const [id, label, to, detail] = record.slice(4);
    messages.set(id, { id, label, to, detail, kind: kindOfMessage(label), send: i, from: lane, ends: [] });
    messageOf.set(i, messages.get(id));
  } else if (kind === "deliver" || kind === "drop") {
    const message = messages.get(record[4]);
    if (!message) return;
    message.ends.push({ i, lost: kind === "drop", lane: kind === "drop" ? laneTo(record[6]) : lane });
    messageOf.set(i, message);
  }
});

function laneTo(address) {
  return laneByName.get(ownerOf.get(address) ?? address) ?? -1;
}

const hiddenEvents = new Set(data.hidden);
const isHiddenLog = (i) => records[i][6] === "DEBUG" || hiddenEvents.has(records[i][4]);

/** The part of the filter that a record belongs to. */
function categoryOf(i) {
  const kind = kindOf(i);
  if (messageOf.has(i)) return messageOf.get(i).kind;
  if (kind === "send" || kind === "deliver" || kind === "drop") return "other";
  if (kind === "log") return isHiddenLog(i) ? "hidden" : "log";
  if (kind === "timer" || kind === "connect") return "routine";
  if (kind === "request" || kind === "forward") return "request";
  return kind === "socket" ? "socket" : "state";
}

// Where each node's state and lists change, in order, so that any moment can be looked up quickly.
const FATES = new Set(["stopped", "failed"]);
const changes = lanes.map(() => []);
const groupChanges = [];
records.forEach((record, i) => {
  if (record[2] < 0) return;
  if (record[1] === "view" || record[1] === "state") changes[record[2]].push(i);
  if (record[1] === "group") groupChanges.push(i);
});

const allChanges = changes.flat().sort((one, other) => one - other);

/** How many of some sorted positions are at or before one. */
function countUpTo(sorted, position) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The state and the member list of one node after record `upto`; `fresh` are the last changes. */
function nodeAt(lane, upto) {
  const node = { state: "stopped", members: [], fresh: new Map(), since: 0 };
  let paused = null;
  for (const i of changes[lane]) {
    if (i > upto) break;
    const record = records[i];
    if (record[1] === "state") {
      const state = record[4];
      if (state === "starting") node.members = [];
      if (FATES.has(state)) node.members = [];
      if (state === "paused") paused = node.state;
      node.state = state === "resumed" ? paused ?? "initialised" : state;
      node.since = i;
    } else if (record[4] === "added") {
      node.members.push(record[5]);
      node.fresh.set(record[5], i);
    } else {
      const place = node.members.indexOf(record[5]);
      if (place >= 0) node.members.splice(place, 1);
      node.fresh.set(record[5], -i);
    }
  }
  if (node.state === "initialised" && node.members.length === 0) node.state = "alone";
  return node;
}

/** Periods of one state, per lane, for the bars: {from, to, state}, `to` Infinity at the end. */
const periods = lanes.map((_, lane) => {
  const found = [];
  let members = 0;
  let base = "stopped";
  let before = "stopped";
  const now = () => (base === "initialised" && members === 0 ? "alone" : base);
  const open = (i) => {
    const state = now();
    const last = found[found.length - 1];
    if (last && last.state === state) return;
    if (last) last.to = i;
    found.push({ from: i, to: Infinity, state });
  };
  for (const i of changes[lane]) {
    const record = records[i];
    if (record[1] === "state") {
      if (record[4] === "paused") before = base;
      base = record[4] === "resumed" ? before : record[4];
      if (base === "starting" || FATES.has(base)) members = 0;
    } else {
      members += record[4] === "added" ? 1 : -1;
    }
    open(i);
  }
  return found;
});

/** What is wrong with how node `row` lists node `column`: "", "stale" or "missing". */
function disagreement(all, row, column) {
  if (row === column) return "";
  const live = (state) => state === "initialised" || state === "alone" || state === "paused";
  if (!live(all[row].state)) return "";
  const lists = all[row].members.includes(lanes[column].address);
  if (lists && FATES.has(all[column].state)) return "stale";
  const related = lanes[row].domain === lanes[column].domain || lists;
  return !lists && live(all[column].state) && related ? "missing" : "";
}

/** The load balancer's groups after record `upto`: who gets requests, who is being tested. */
function routesAt(upto) {
  const groups = new Map();
  const of = (lane, domain, sub) => {
    const key = `${lane} ${domain} ${sub}`;
    if (!groups.has(key)) groups.set(key, { lane, domain, sub, members: [], waiting: [] });
    return groups.get(key);
  };
  for (const i of groupChanges) {
    if (i > upto) break;
    const [, , lane, , change, member, domain, sub] = records[i];
    const group = of(lane, domain, sub);
    group.members = group.members.filter((entry) => entry.member !== member);
    if (change === "admitted") group.members.push({ member, since: i });
  }
  for (const [node, member, begin, end] of data.story.admissions) {
    if (begin > upto || (end !== null && end <= upto)) continue;
    const domain = records[begin][7].split(" joined group ")[1] ?? "";
    const lane = laneByName.get(node);
    const group = [...groups.values()].find((one) => one.lane === lane && one.domain === domain) ?? of(lane, domain, "");
    group.waiting.push({ member, since: begin });
  }
  return [...groups.values()].filter((group) => group.members.length + group.waiting.length || group.lane >= 0);
}
