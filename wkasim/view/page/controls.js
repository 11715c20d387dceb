// Moving through the run: one cursor for diagram, lists, routes and log.

const cursor = { row: 0, record: -1, timer: null, speed: 1 };
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
const STEP_MS = 900;

/** Put the cursor on a row; never beyond a question that is still open. */
function goTo(row, reveal = true) {
  const last = layout.rows.length - 1;
  let target = Math.max(0, Math.min(last, row));
  if (questions.wall !== Infinity) target = Math.min(target, layout.rowOf[questions.wall]);
  cursor.row = target;
  cursor.record = layout.rows[target] ?? -1;
  showCursor(reveal);
  showPanels();
}

/** Put the cursor on a record, or the row before it if it is filtered away. */
function goToRecord(i) {
  if (!isShown(i)) {
    const category = categoryOf(i);
    if (filter.off.has(category)) {
      filter.off.delete(category);
      showFilters();
    }
    filter.lanes.delete(laneOf(i));
    relay();
  }
  goTo(layout.rowOf[i]);
}

function goToTime(us) {
  let row = 0;
  while (row + 1 < layout.rows.length && timeOf(layout.rows[row + 1]) <= us) row += 1;
  goTo(row);
}

function showCursor(reveal) {
  const y = layout.ys[cursor.row] ?? 0;
  byId("now-line").style.top = `${y + layout.rowHeight / 2}px`;
  byId("future").style.top = `${y + layout.rowHeight / 2}px`;
  const slider = byId("slider");
  slider.max = String(Math.max(0, layout.rows.length - 1));
  slider.value = String(cursor.row);
  const at = cursor.record < 0 ? "" : seconds(timeOf(cursor.record));
  slider.setAttribute("aria-valuetext", at);
  byId("place").textContent = `${layout.rows.length ? cursor.row + 1 : 0} of ${layout.rows.length} · ${at}`;
  showVeil();
  if (!reveal) return;
  const view = scroller.clientHeight - byId("lanes").offsetHeight;
  const above = y - scroller.scrollTop;
  if (above < view * 0.15 || above > view * 0.7) scroller.scrollTop = Math.max(0, y - view * 0.45);
  draw();
}

function setPlaying(on) {
  clearInterval(cursor.timer);
  cursor.timer = null;
  if (on) {
    cursor.timer = setInterval(() => {
      const before = cursor.row;
      goTo(cursor.row + 1);
      if (cursor.row === before) setPlaying(false);
    }, STEP_MS / cursor.speed);
  }
  const play = byId("play");
  play.textContent = on ? "❚❚ Pause" : "▶\uFE0E Play";
  play.setAttribute("aria-pressed", String(on));
}

function setSpeed(speed) {
  cursor.speed = speed;
  byId("speed").value = String(speed);
  if (cursor.timer) setPlaying(true);
}

function changeSpeed(by) {
  const place = SPEEDS.indexOf(cursor.speed) + by;
  setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, place))]);
}

function setZoom(zoom) {
  layout.zoom = Math.max(0.12, Math.min(4, zoom));
  rebuild();
}

/** Lay out anew and keep the cursor where it was. */
function rebuild() {
  const record = cursor.record;
  relay();
  goTo(record < 0 ? 0 : Math.max(0, layout.rowOf[record]));
  showTicks();
  showOmitted();
}

/** The next or previous row that satisfies something. */
function goToNext(step, wanted) {
  for (let row = cursor.row + step; row >= 0 && row < layout.rows.length; row += step) {
    if (wanted(layout.rows[row])) return goTo(row);
  }
  return undefined;
}

const isFault = (i) => kindOf(i) === "step";
const isMessage = (i) => kindOf(i) === "send";

// Search

const search = { text: "", hits: [], at: -1 };

function searchText(i) {
  return `${sentenceOf(i)} ${rowText(i)}`.toLowerCase();
}

function runSearch(step) {
  const text = byId("search").value.trim().toLowerCase();
  const found = byId("found");
  if (text.startsWith("@")) {
    const time = Number.parseFloat(text.slice(1));
    found.textContent = Number.isNaN(time) ? "write a time in seconds, such as @61.5" : "";
    if (!Number.isNaN(time)) goToTime(time * 1e6);
    return;
  }
  if (text !== search.text) {
    search.text = text;
    search.hits = text ? layout.rows.filter((i) => i <= questions.wall && searchText(i).includes(text)) : [];
    search.at = -1;
  }
  if (!search.hits.length) {
    found.textContent = text ? "not found" : "";
    return;
  }
  if (search.at < 0) search.at = Math.max(0, search.hits.findIndex((i) => i >= cursor.record));
  else search.at = (search.at + step + search.hits.length) % search.hits.length;
  found.textContent = `${search.at + 1} of ${search.hits.length}`;
  goToRecord(search.hits[search.at]);
}

// Filters

const CATEGORIES = [
  { id: "log", label: "log lines" },
  { id: "request", label: "requests" },
  { id: "routine", label: "timers, probes" },
  { id: "socket", label: "ports" },
  { id: "hidden", label: "hidden log lines" },
];

function showFilters() {
  const present = new Set(records.map((_, i) => categoryOf(i)));
  const box = byId("filters");
  box.replaceChildren();
  for (const kind of KINDS) if (present.has(kind.id)) box.append(chip(kind.id, kind.label, true));
  for (const category of CATEGORIES) if (present.has(category.id)) box.append(chip(category.id, category.label, false));
  const picker = element("details", { class: "nodes" }, element("summary", {}, filter.lanes.size ? `Nodes (${lanes.length - filter.lanes.size} of ${lanes.length})` : "Nodes"));
  const choices = element("div", { class: "choices" });
  lanes.forEach((node, lane) => {
    const tick = element("input", { type: "checkbox", checked: !filter.lanes.has(lane), "data-node": node.name });
    tick.addEventListener("change", () => {
      if (tick.checked) filter.lanes.delete(lane);
      else filter.lanes.add(lane);
      picker.querySelector("summary").textContent = `Nodes (${lanes.length - filter.lanes.size} of ${lanes.length})`;
      rebuild();
      gatherLog();
      showLog(true);
    });
    choices.append(element("label", {}, tick, node.name));
  });
  picker.append(choices);
  picker.open = showFilters.open ?? false;
  picker.addEventListener("toggle", () => {
    showFilters.open = picker.open;
  });
  box.append(picker, stateLegend(), element("span", { id: "omitted" }));
}

function chip(id, label, line) {
  const on = !filter.off.has(id);
  const button = element("button", { type: "button", class: `chip${on ? "" : " off"}`, "data-filter": id, "aria-pressed": String(on), title: `Show or hide: ${label}` });
  if (line) {
    const sample = svg("svg", { width: 26, height: 10, class: `message kind-${id}` });
    sample.append(svg("line", { x1: 1, y1: 5, x2: 17, y2: 5, class: "arrow" }), svg("path", { d: head(1, 5, 25, 5), class: "head" }));
    button.append(sample);
  }
  button.append(label);
  button.addEventListener("click", () => {
    if (filter.off.has(id)) filter.off.delete(id);
    else filter.off.add(id);
    showFilters();
    rebuild();
    gatherLog();
    showLog(true);
  });
  return button;
}

function stateLegend() {
  const box = element("span", { class: "states", title: "The bar of a node" });
  for (const state of ["starting", "waiting", "initialised", "alone", "paused"]) {
    const used = periods.some((list) => list.some((period) => period.state === state));
    if (!used) continue;
    const sample = svg("svg", { width: 12, height: 14 });
    sample.append(svg("rect", { x: 2, y: 1, width: 8, height: 12, rx: 2, class: `bar state-${state}` }));
    box.append(element("span", {}, sample, state));
  }
  return box;
}

/** What the picture leaves out at present, in words. */
function showOmitted() {
  const left = [];
  if (!layout.texts) left.push(layout.rowHeight < 11 ? "texts (zoomed out)" : "texts (lanes too narrow)");
  const hidden = records.length - layout.rows.length;
  if (hidden) left.push(`${hidden.toLocaleString("en")} of ${records.length.toLocaleString("en")} records (filtered)`);
  const box = byId("omitted");
  if (box) box.textContent = left.length ? `Left out: ${left.join(", ")}` : "";
}

/** Steps and questions along the slider. */
function showTicks() {
  const ticks = byId("ticks");
  const last = Math.max(1, layout.rows.length - 1);
  const marks = [];
  layout.rows.forEach((i, row) => {
    const kind = kindOf(i);
    if (kind !== "step" && !(kind === "note" && noteOf(i).question)) return;
    const fault = kind === "step" && records[i][4] !== "start";
    const x = `${(row / last) * 100}%`;
    marks.push(svg("line", { x1: x, x2: x, y1: fault ? 0 : 4, y2: 10, class: kind === "note" ? "tick-question" : fault ? "tick-fault" : "tick-step" }));
  });
  ticks.replaceChildren(...marks.slice(0, 2000));
}

// Keys

const KEYS = [
  ["Space", [" "], "play or pause", () => setPlaying(!cursor.timer)],
  ["→ or n", ["ArrowRight", "n"], "next event", () => goTo(cursor.row + 1)],
  ["← or p", ["ArrowLeft", "p"], "previous event", () => goTo(cursor.row - 1)],
  ["↓ ↑", ["ArrowDown"], "ten events on, ten back", () => goTo(cursor.row + 10)],
  ["", ["ArrowUp"], "", () => goTo(cursor.row - 10)],
  ["m, M", ["m"], "next, previous message", () => goToNext(1, isMessage)],
  ["", ["M"], "", () => goToNext(-1, isMessage)],
  ["s, S", ["s"], "next, previous step or fault of the scenario", () => goToNext(1, isFault)],
  ["", ["S"], "", () => goToNext(-1, isFault)],
  ["l, L", ["l"], "next, previous log line", () => goToNext(1, (i) => kindOf(i) === "log")],
  ["", ["L"], "", () => goToNext(-1, (i) => kindOf(i) === "log")],
  ["Home, End", ["Home"], "to the beginning, to the end", () => goTo(0)],
  ["", ["End"], "", () => goTo(layout.rows.length)],
  ["[ ]", ["["], "slower, faster", () => changeSpeed(-1)],
  ["", ["]"], "", () => changeSpeed(1)],
  ["+ −", ["+", "="], "zoom in, zoom out (0: as at first)", () => setZoom(layout.zoom * 1.4)],
  ["", ["-"], "", () => setZoom(layout.zoom / 1.4)],
  ["", ["0"], "", () => setZoom(1)],
  ["/", ["/"], "search (Enter: next hit, Shift+Enter: previous)", () => byId("search").focus()],
  ["a, 1 to 9", ["a"], "the log of all nodes, of the first to the ninth", () => chooseLog(-1)],
  ["f", ["f"], "to the filters (Tab moves, Space switches)", () => byId("filters").querySelector("button, summary")?.focus()],
  ["d", ["d"], "light or dark", () => switchTheme()],
  ["?", ["?"], "this help (Esc closes it)", () => openHelp()],
];

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (byId("help").open) return;
  if (target.id === "search") {
    if (event.key === "Enter") runSearch(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") target.blur();
    return;
  }
  const typing = target.matches?.("select, input:not([type=range])");
  const pressing = target.matches?.("button, summary, input[type=checkbox]") && (event.key === " " || event.key === "Enter");
  if (typing || pressing) return;
  if (/^[1-9]$/.test(event.key) && lanes[event.key - 1]) {
    event.preventDefault();
    chooseLog(event.key - 1);
    return;
  }
  const entry = KEYS.find(([, keys]) => keys.includes(event.key));
  if (!entry) return;
  event.preventDefault();
  entry[3]();
}

function openHelp() {
  const help = byId("help");
  const list = element("dl");
  for (const [shown, , words] of KEYS) if (shown) list.append(element("dt", {}, shown), element("dd", {}, words));
  const signs = element("ul");
  const SIGNS = [
    "Time runs down; each lane is a node. A lane's bar is solid while the node is initialised, striped while it starts, dotted while it waits, hollow while it is alone, and missing while it is stopped.",
    "An arrow is a message, from the moment it was sent to the moment it arrived. Replies are dashed. A cross at its end: it was lost.",
    "+ and − beside a lane: the node puts a member on its list, or takes it off.",
    "A grey line marked “missing” is one that the guide shows and this run does not have.",
    "A band says how long nothing new happened; time is folded there. Small ticks at the left of a lane are timers, small crosses probes that found nobody.",
    "A dotted line beside a load balancer: it is testing a member, which gets no requests yet.",
    "What lies after the cursor is paler. Everything can be pointed at and clicked.",
  ];
  SIGNS.forEach((sign) => signs.append(element("li", {}, sign)));
  const close = element("button", { type: "button" }, "Close (Esc)");
  close.addEventListener("click", () => help.close());
  help.replaceChildren(element("h2", { id: "help-title" }, "Keys"), list, element("h2", {}, "Signs"), signs, close);
  help.showModal();
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}
