// The space-time diagram: time runs down, a lane for each node. Only what is near the window is drawn.

const byId = (id) => document.getElementById(id);
const scroller = byId("diagram");
const sheet = byId("sheet");
const canvas = byId("canvas");
const SVG = "http://www.w3.org/2000/svg";
const CHUNK = 600;
const MOST_PRINTED = 2500;

function svg(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") node.className = value;
    else if (key.startsWith("data-") || key.startsWith("aria-") || key === "role") node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children);
  return node;
}

const drawing = svg("svg", { id: "drawing", role: "img" });
canvas.prepend(drawing);
let drawn = { from: -1, to: -1 };

function redraw() {
  drawn = { from: -1, to: -1 };
  draw();
}

function draw() {
  const view = scroller.clientHeight || 600;
  const top = Math.floor(scroller.scrollTop / CHUNK) * CHUNK - CHUNK;
  const from = Math.max(0, top);
  const to = Math.min(layout.height, top + view + 3 * CHUNK);
  if (drawn.from === from && drawn.to === to) return;
  drawn = { from, to };
  drawPart(from, to);
}

function drawPart(from, to) {
  const width = layout.width;
  drawing.setAttribute("width", width);
  drawing.setAttribute("height", to - from);
  drawing.setAttribute("viewBox", `0 ${from} ${width} ${to - from}`);
  drawing.style.top = `${from}px`;
  const under = svg("g", {});
  const arrows = svg("g", {});
  const words = svg("g", {});
  drawLanes(under, from, to);
  drawGaps(under, words, from, to);
  drawAdmissions(under, words, from, to);
  drawRoutine(under, from, to);
  const first = Math.max(0, rowAt(from) - 1);
  const last = Math.min(layout.rows.length, rowAt(to) + 1);
  drawMessages(arrows, words, first, last);
  drawRows(under, words, first, last);
  drawing.replaceChildren(patterns(), under, arrows, words);
}

function patterns() {
  const defs = svg("defs", {});
  const stripes = svg("pattern", { id: "stripes", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  stripes.append(svg("rect", { width: 6, height: 6, class: "bar-ground" }), svg("rect", { width: 3, height: 6, class: "bar-starting" }));
  const dots = svg("pattern", { id: "dots", width: 6, height: 6, patternUnits: "userSpaceOnUse" });
  dots.append(svg("rect", { width: 6, height: 6, class: "bar-ground" }), svg("circle", { cx: 3, cy: 3, r: 1.8, class: "bar-waiting" }));
  defs.append(stripes, dots);
  return defs;
}

const yAfter = (i) => (i === Infinity ? layout.height : layout.yOf[i]);

function drawLanes(group, from, to) {
  const bar = Math.min(11, Math.max(4, layout.laneWidth * 0.25));
  layout.shown.forEach((lane, k) => {
    const x = layout.laneX[lane];
    if (k > 0 && lanes[lane].host !== lanes[layout.shown[k - 1]].host) {
      const edge = AXIS + k * layout.laneWidth;
      group.append(svg("line", { x1: edge, x2: edge, y1: from, y2: to, class: "host-edge" }));
    }
    group.append(svg("line", { x1: x, x2: x, y1: from, y2: to, class: "lane" }));
    for (const period of periods[lane]) {
      const y1 = Math.max(from, yAfter(period.from));
      const y2 = Math.min(to, yAfter(period.to));
      if (y2 <= from || y1 >= to || period.state === "stopped") continue;
      const rect = svg("rect", { x: x - bar / 2, y: y1, width: bar, height: Math.max(1, y2 - y1), rx: 2, class: `bar state-${period.state}`, "data-i": period.from });
      group.append(rect);
    }
  });
}

function drawGaps(under, words, from, to) {
  for (const gap of layout.gaps) {
    if (gap.y + gap.height < from || gap.y > to) continue;
    under.append(svg("rect", { x: 0, y: gap.y, width: layout.width, height: gap.height, class: "gap" }));
    if (gap.height < 14) continue;
    const routine = gap.routine ? `, ${gap.routine} timers and probes` : "";
    const text = `${duration(gap.to - gap.from)} without anything new${routine}`;
    words.append(svg("text", { x: AXIS + (layout.width - AXIS) / 2, y: gap.y + gap.height / 2 + 4, class: "gap-text" }, text));
  }
}

/** Ticks for what runs all the time; they take no room of their own. */
function drawRoutine(group, from, to) {
  if (!filter.off.has("routine") || layout.laneWidth < 40) return;
  const start = Math.max(0, (layout.rows[Math.max(0, rowAt(from) - 1)] ?? 0) - 400);
  for (let i = start; i < records.length && i < start + 4000; i += 1) {
    const y = layout.yOf[i];
    if (y > to) break;
    const kind = kindOf(i);
    if (y < from || (kind !== "timer" && kind !== "connect")) continue;
    const x = layout.laneX[laneOf(i)] ?? -1;
    if (x < 0) continue;
    const cross = kind === "connect";
    group.append(svg("path", { d: cross ? `M${x - 14} ${y - 2}l4 4m0-4l-4 4` : `M${x - 14} ${y}h5`, class: cross ? "tick refused" : "tick", "data-i": i }));
  }
}

function drawAdmissions(under, words, from, to) {
  for (const [node, member, begin, end] of data.story.admissions) {
    const x = layout.laneX[laneByName.get(node)];
    if (x === undefined || x < 0) continue;
    const y1 = yAfter(begin);
    const y2 = end === null ? layout.height : yAfter(end);
    if (y2 < from || y1 > to) continue;
    const at = x + 9 + 5 * (laneByName.get(nameOf(member)) % 4 || 0);
    under.append(svg("line", { x1: at, x2: at, y1: Math.max(from, y1), y2: Math.min(to, y2), class: "admission", "data-i": begin }));
    const gap = layout.gaps.find((one) => one.y > y1 && one.y < y2 && one.height >= 14);
    if (gap && layout.texts && end !== null) {
      const text = `tests ${nameOf(member)}, then 10 s pause`;
      words.append(svg("text", { x: at + 5, y: gap.y + gap.height / 2 + 4, class: "admission-text" }, clip(text, layout.laneWidth * 0.8)));
    }
  }
}

function drawMessages(arrows, words, first, last) {
  const seen = new Set();
  for (let bucket = first >> 6; bucket <= last >> 6; bucket += 1) {
    for (const message of buckets.get(bucket) ?? []) {
      if (!seen.has(message)) drawMessage(arrows, words, message);
      seen.add(message);
    }
  }
}

function drawMessage(arrows, words, message) {
  // Clients have no lane; their requests come from the left edge, and the answers go back there.
  const x1 = message.from >= 0 ? layout.laneX[message.from] : AXIS;
  const y1 = layout.yOf[message.send];
  const ends = message.ends.length ? message.ends : [{ i: null, lane: laneTo(message.to), lost: false }];
  const reply = message.label.endsWith(" reply") || message.label === "TEXT" ? " reply" : "";
  for (const end of ends) {
    const known = end.lane >= 0 && layout.laneX[end.lane] >= 0;
    const x2 = known ? layout.laneX[end.lane] : message.kind === "http" ? AXIS : x1 + layout.laneWidth * 0.6;
    const y2 = end.i === null ? y1 + 2 * layout.rowHeight : layout.yOf[end.i];
    const part = end.lost || end.i === null ? 0.6 : 1;
    const toX = x1 + (x2 - x1) * part;
    const group = svg("g", { class: `message kind-${message.kind}${reply}`, "data-i": message.send, "data-message": message.id });
    group.append(svg("line", { x1, y1, x2: toX, y2, class: "reach" }), svg("line", { x1, y1, x2: toX, y2, class: "arrow" }));
    if (end.lost) group.append(svg("path", { d: `M${toX - 6} ${y2 - 6}l12 12m0-12l-12 12`, class: "lost" }));
    else if (end.i === null) group.append(svg("text", { x: toX, y: y2 + 4, class: "lost-text" }, "?"));
    else group.append(svg("path", { d: head(x1, y1, toX, y2), class: "head" }));
    arrows.append(group);
    if (layout.laneWidth >= 60 && layout.rowHeight >= 9) label(words, message, x1, y1, toX, y2);
  }
}

function head(x1, y1, x2, y2) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const point = (turn) => `${x2 - 9 * Math.cos(angle + turn)} ${y2 - 9 * Math.sin(angle + turn)}`;
  return `M${x2} ${y2}L${point(0.42)}L${point(-0.42)}Z`;
}

function label(words, message, x1, y1, x2, y2) {
  const content = /^(MEMBER_|TEXT)/.test(message.label) ? contentOf(message) : "";
  const room = Math.max(40, Math.abs(x2 - x1) - 24);
  const text = clipLabel(message.label, content, room);
  // Along the arrow and above it, so that it never lies on its own line.
  const slope = Math.abs(x2 - x1) < 1 ? 0 : Math.atan((y2 - y1) / (x2 - x1));
  const x = (x1 + x2) / 2 + 5 * Math.sin(slope);
  const y = (y1 + y2) / 2 - 5 * Math.cos(slope);
  const turn = Math.abs(slope) < 0.6 ? `rotate(${(slope * 180) / Math.PI} ${x} ${y})` : "";
  words.append(svg("text", { x, y, transform: turn, class: `message-text kind-${message.kind}`, "data-i": message.send }, text));
}

/** As much of a label as an arrow has room for; that it is a reply is said by the dashes too. */
function clipLabel(label, content, room) {
  const most = Math.max(5, Math.floor(room / 7));
  const whole = content ? `${label}: ${content}` : label;
  if (whole.length <= most) return whole;
  const kind = label.split(" ")[0];
  // GET_CONFIGURATION and its RESPONSE differ at the end only, so the end stays.
  if (kind.length > most) return `${kind.slice(0, Math.ceil(most / 2) - 1)}…${kind.slice(-Math.floor(most / 2))}`;
  return label.length > most ? kind : `${whole.slice(0, most - 1)}…`;
}

/** As much of a text as has room; figures are those of the page's own fonts. */
function clip(text, room) {
  const most = Math.max(3, Math.floor(room / 6));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

const BAND = new Set(["step", "note"]);

function drawRows(under, words, first, last) {
  let lastTime = -100;
  for (let row = first; row < last; row += 1) {
    const i = layout.rows[row];
    const y = layout.ys[row];
    const kind = kindOf(i);
    if (y - lastTime >= 32 || row === 0) {
      words.append(svg("text", { x: AXIS - 10, y: y + 4, class: "axis" }, seconds(timeOf(i))));
      lastTime = y;
    }
    if (BAND.has(kind)) drawBand(under, words, i, y, kind);
    else drawMark(words, i, y, kind);
  }
}

function drawBand(under, words, i, y, kind) {
  const height = Math.max(3, layout.rowHeight);
  const fault = kind === "step" && !["start", "add_node", "open_http"].includes(records[i][4]) ? " fault" : "";
  under.append(svg("rect", { x: AXIS - 6, y: y - height / 2, width: layout.width, height, class: `band ${kind}${fault}`, "data-i": i }));
  if (height < 9) return;
  const text = kind === "step" ? stepText(i) : `❝ ${noteText(i)}`;
  words.append(svg("text", { x: AXIS, y: y + 4, class: `band-text ${kind}`, "data-i": i }, clip(text, layout.width - AXIS)));
}

function drawMark(words, i, y, kind) {
  const x = layout.laneX[laneOf(i)] ?? -1;
  if (x < 0 || kind === "send" || kind === "deliver" || kind === "drop") return;
  const size = Math.min(3, layout.rowHeight / 3);
  const record = records[i];
  const tone = kind === "view" || kind === "group" ? ` ${record[4]}` : kind === "log" ? ` ${record[6]}` : kind === "state" ? ` ${record[4]}` : "";
  const box = svg("g", { class: `mark ${kind}${tone}`, "data-i": i });
  if (kind === "state" && FATES.has(record[4])) box.append(svg("path", { d: `M${x - 6} ${y - 6}l12 12m0-12l-12 12`, class: "end" }));
  else if (kind === "view") box.append(svg("path", { d: record[4] === "added" ? `M${x - 5} ${y}h10m-5-5v10` : `M${x - 5} ${y}h10`, class: "sign" }));
  else if (kind === "group" || kind === "state") box.append(svg("rect", { x: x - size, y: y - size, width: 2 * size, height: 2 * size, transform: `rotate(45 ${x} ${y})` }));
  else box.append(svg("circle", { cx: x, cy: y, r: size * 0.8 }));
  if (layout.texts) box.append(svg("text", { x: x + 12, y: y + 4 }, clip(withNames(rowText(i)), Math.min(layout.width - x - 18, 420) / (kind === "log" ? 1 : 1.12))));
  words.append(box);
}

/** The names above the lanes, grouped by host. */
function drawHeader() {
  const box = byId("lanes");
  box.replaceChildren();
  box.style.width = `${layout.width}px`;
  let group = null;
  layout.shown.forEach((lane, k) => {
    const node = lanes[lane];
    if (!group || group.dataset.host !== node.host) {
      group = element("div", { class: "host", "data-host": node.host }, element("span", { class: "host-name", title: `host ${node.host}` }, (layout.laneWidth >= 60 && node.host) || " "));
      group.style.left = `${AXIS + k * layout.laneWidth}px`;
      group.style.width = "0px";
      box.append(group);
    }
    group.style.width = `${parseFloat(group.style.width) + layout.laneWidth - 2}px`;
    const about = [node.role, node.address, node.domain].filter(Boolean).join(", ");
    const name = element("button", { class: "lane-name", type: "button", title: `${node.name}: ${about}. A click shows its log.`, "data-lane": String(lane) }, node.name);
    if (layout.laneWidth > 110) {
      name.append(element("small", {}, [node.role, node.address].filter((part) => part && part !== node.name).join(" ")));
    }
    if (layout.laneWidth < 60) name.classList.add("upright");
    else if (layout.laneWidth < 100) name.classList.add("tight");
    name.style.left = `${AXIS + k * layout.laneWidth}px`;
    name.style.width = `${layout.laneWidth}px`;
    name.addEventListener("click", () => chooseLog(lane));
    box.append(name);
  });
  box.classList.toggle("tall", layout.laneWidth < 60);
}

/** Everything anew: after a change of filter, zoom or window. */
function relay() {
  layRows();
  layLanes(scroller.clientWidth);
  sheet.style.width = `${layout.width}px`;
  canvas.style.height = `${layout.height}px`;
  drawHeader();
  redraw();
}

window.addEventListener("beforeprint", () => {
  const middle = cursor.row;
  const first = layout.rows.length <= MOST_PRINTED ? 0 : Math.max(0, middle - MOST_PRINTED / 2);
  const last = Math.min(layout.rows.length - 1, first + MOST_PRINTED);
  if (layout.rows.length > MOST_PRINTED) {
    warn(`Printed: rows ${first + 1} to ${last + 1} of ${layout.rows.length}, those around the cursor.`);
  }
  drawPart(Math.max(0, layout.ys[first] - 20), layout.ys[last] + 60);
  canvas.style.height = `${layout.ys[last] - layout.ys[first] + 100}px`;
  drawing.style.top = "0px";
});
window.addEventListener("afterprint", relay);
