// What stands beside the diagram, all of it for the moment at the cursor.

function showNow() {
  const i = cursor.record;
  byId("hint").hidden = cursor.row > 0;
  byId("now-time").textContent = i < 0 ? "" : seconds(timeOf(i));
  byId("sentence").textContent = i < 0 ? "There is nothing to show: everything is filtered away." : sentenceOf(i);
  const meaning = i < 0 ? "" : meaningOf(i);
  byId("meaning").textContent = meaning;
  byId("meaning").hidden = !meaning;
  const details = byId("details");
  details.replaceChildren();
  if (i < 0) return;
  for (const [name, value] of detailsOf(i)) details.append(element("dt", {}, name), element("dd", {}, value));
}

/** A row for each node: whom it lists. Additions, removals and disagreement carry a sign, not only a colour. */
function showMembers() {
  const upto = cursor.record;
  const since = freshSince(upto);
  // The table is built again only when it would look different: with fifty nodes it has 2,500 cells.
  const look = `${countUpTo(allChanges, upto)} ${countUpTo(allChanges, since)}`;
  if (look === showMembers.look) return;
  showMembers.look = look;
  const all = lanes.map((_, lane) => nodeAt(lane, upto));
  const strangers = new Set();
  all.forEach((node) => node.members.forEach((member) => laneTo(member) < 0 && strangers.add(member)));
  const small = lanes.length > 12;
  const table = element("table", { class: small ? "small" : lanes.length > 5 ? "many" : "" });
  const header = element("tr", {}, element("th", { class: "corner" }, "node \u2193 lists \u2192"));
  for (const node of lanes.filter((_, lane) => isMember(lane))) header.append(element("th", { class: "column", title: node.name }, element("span", {}, node.name)));
  if (strangers.size) header.append(element("th", { class: "column" }, element("span", {}, "others")));
  table.append(element("thead", {}, header));
  const body = element("tbody");
  let wrong = 0;
  all.forEach((node, row) => {
    if (!isMember(row)) return;
    const line = element("tr", { class: `row state-of-${node.state}` });
    line.append(element("th", { title: `${lanes[row].name}: ${node.state}` }, lanes[row].name, element("small", {}, node.state)));
    lanes.forEach((other, column) => {
      if (!isMember(column)) return;
      const cell = memberCell(all, row, column, since);
      if (cell.classList.contains("stale") || cell.classList.contains("missing")) wrong += 1;
      line.append(cell);
    });
    const others = node.members.filter((member) => laneTo(member) < 0);
    if (strangers.size) line.append(element("td", { class: "others" }, others.join(" ")));
    body.append(line);
  });
  table.append(body);
  byId("matrix").replaceChildren(table, legend());
  const live = all.filter((node) => node.state === "initialised" || node.state === "alone").length;
  byId("agreement").textContent = wrong ? `${wrong} disagree` : live > 1 ? "all agree" : "";
  byId("agreement").className = wrong ? "bad" : "good";
}

/** Whether a lane is a node of the cluster; a client of it has no address and no state. */
const isMember = (lane) => Boolean(lanes[lane].address) || changes[lane].length > 0;

function memberCell(all, row, column, since) {
  const node = all[row];
  const address = lanes[column].address;
  const count = node.members.filter((member) => member === address).length;
  const wrong = disagreement(all, row, column);
  const change = node.fresh.get(address);
  const fresh = change !== undefined && Math.abs(change) > since;
  const classes = [wrong, fresh ? (change > 0 ? "fresh-added" : "fresh-removed") : ""].filter(Boolean);
  let sign = count > 1 ? `${count}×` : count ? "✓" : "";
  if (row === column) sign = "·";
  if (fresh && count) sign = "+";
  if (fresh && !count) sign = "−";
  if (wrong === "missing" && !fresh) sign = "?";
  if (wrong === "stale") sign = "!";
  const words = {
    missing: `${lanes[row].name} does not list ${lanes[column].name}, which is alive`,
    stale: `${lanes[row].name} still lists ${lanes[column].name}, which is gone`,
    "": count ? `${lanes[row].name} lists ${lanes[column].name}` : "",
  };
  return element("td", { class: classes.join(" "), title: words[wrong] }, sign);
}

/** Changes within the last second of the run count as fresh. */
function freshSince(upto) {
  let i = upto;
  while (i > 0 && timeOf(upto) - timeOf(i) < 1e6 && upto - i < 400) i -= 1;
  return i;
}

const legend = () =>
  element(
    "p",
    { class: "legend" },
    element("span", {}, "✓ lists it "),
    element("span", { class: "fresh-added" }, "+ just added "),
    element("span", { class: "fresh-removed" }, "− just removed "),
    element("span", { class: "missing" }, "? should list it "),
    element("span", { class: "stale" }, "! lists one that is gone"),
  );

function showRoutes() {
  const groups = routesAt(cursor.record);
  const box = byId("routes");
  byId("routing").hidden = !groupChanges.length && !data.story.admissions.length;
  box.replaceChildren();
  if (!groups.length) box.append(element("p", { class: "faint" }, "Nobody gets requests yet."));
  const now = cursor.record < 0 ? 0 : timeOf(cursor.record);
  for (const group of groups) {
    const sub = group.sub && group.sub !== "__$default" ? ` / ${group.sub}` : "";
    box.append(element("h3", {}, `${laneName(group.lane)}: ${group.domain}${sub}`));
    const list = element("ul");
    for (const entry of group.members) {
      list.append(element("li", { class: "admitted" }, `→ ${nameOf(entry.member)} `, element("small", {}, `${entry.member}, gets requests`)));
    }
    for (const entry of group.waiting) {
      const left = duration(now - timeOf(entry.since));
      list.append(element("li", { class: "waiting" }, `… ${nameOf(entry.member)} `, element("small", {}, `${entry.member}, joined ${left} ago; no requests yet: its HTTP ports are tested, then come ten seconds of pause in which it can finish its start`)));
    }
    if (!group.members.length && !group.waiting.length) list.append(element("li", { class: "faint" }, "nobody"));
    box.append(list);
  }
}

// The log: only the lines in the window exist in the page.
const LINE = 20;
const log = { lane: -1, lines: [], list: null };

function chooseLog(lane) {
  log.lane = lane;
  byId("log-node").value = String(lane);
  gatherLog();
  showLog(true);
}

function gatherLog() {
  log.lines = [];
  for (let i = 0; i < records.length; i += 1) {
    if (kindOf(i) !== "log" && kindOf(i) !== "ghost") continue;
    if (log.lane >= 0 ? laneOf(i) !== log.lane : filter.lanes.has(laneOf(i))) continue;
    if (kindOf(i) === "log" && isHiddenLog(i) && filter.off.has("hidden")) continue;
    log.lines.push(i);
  }
}

const lineAt = (record) => countUpTo(log.lines, record) - 1;

function showLog(follow) {
  const box = byId("log-lines");
  if (!log.list) {
    log.list = element("div", { class: "lines" });
    box.append(log.list);
    box.addEventListener("scroll", () => requestAnimationFrame(() => showLog(false)));
  }
  log.list.style.height = `${Math.max(1, log.lines.length) * LINE}px`;
  const current = lineAt(cursor.record);
  if (follow) box.scrollTop = Math.max(0, (current + 1) * LINE - box.clientHeight + 3 * LINE);
  const first = Math.max(0, Math.floor(box.scrollTop / LINE) - 5);
  const last = Math.min(log.lines.length, first + Math.ceil(box.clientHeight / LINE) + 12);
  const shown = [];
  for (let k = first; k < last; k += 1) shown.push(logLine(k, current));
  log.list.replaceChildren(...shown);
  if (!log.lines.length) log.list.replaceChildren(element("p", { class: "faint" }, "no lines"));
}

function logLine(k, current) {
  const i = log.lines[k];
  const record = records[i];
  const veiled = i > questions.wall;
  const ghost = record[1] === "ghost";
  const text = veiled ? "…" : ghost ? `missing: ${record[4]}` : `${record[6]} - ${record[5]} ${record[7]}`.replace(/\n/g, " ⏎ ");
  const who = log.lane >= 0 ? "" : laneName(record[2]);
  const line = element("div", { class: `line${i > cursor.record ? " later" : ""}${k === current ? " current" : ""} level-${ghost ? "ghost" : record[6]}`, role: "option", "data-log": String(i), title: veiled ? "" : text }, element("span", { class: "at" }, (timeOf(i) / 1e6).toFixed(3)), element("span", { class: "who" }, who), element("span", { class: "text" }, text));
  line.setAttribute("aria-selected", String(k === current));
  line.style.top = `${k * LINE}px`;
  return line;
}

function showPanels() {
  showNow();
  showMembers();
  showRoutes();
  showNote();
  showLog(true);
}

function fillLogNodes() {
  const select = byId("log-node");
  select.append(element("option", { value: "-1" }, "all nodes"));
  lanes.forEach((node, lane) => select.append(element("option", { value: String(lane) }, node.name)));
  select.addEventListener("change", () => chooseLog(Number(select.value)));
  byId("log-lines").addEventListener("click", (event) => {
    const line = event.target.closest("[data-log]");
    if (line) goToRecord(Number(line.dataset.log));
  });
}
