// Where everything stands: one row for each thing that is shown, quiet stretches folded.

const AXIS = 76;
const TOP = 14;
const QUIET_US = 400000;
const QUIET_HEIGHT = 30;
/** What the text above an arrow needs, as a part of a row. */
const LABEL_ROOM = 0.4;

const filter = {
  off: new Set(["routine", "socket", "hidden"]),
  lanes: new Set(),
};

const layout = { zoom: 1, rows: [], ys: [], yOf: [], rowOf: [], gaps: [], height: 0, laneWidth: 160, laneX: [], shown: [] };

function isShown(i) {
  if (filter.off.has(categoryOf(i))) return false;
  const message = messageOf.get(i);
  if (message) {
    const lanesHit = [message.from, ...message.ends.map((end) => end.lane), laneTo(message.to)];
    return !lanesHit.some((lane) => filter.lanes.has(lane));
  }
  return laneOf(i) < 0 || !filter.lanes.has(laneOf(i));
}

/** Give every shown record a row; what is not shown stands between its neighbours. */
function layRows() {
  const row = Math.max(2, 16 * layout.zoom);
  const rows = [];
  const ys = [];
  const yOf = new Float64Array(records.length);
  const rowOf = new Int32Array(records.length);
  const gaps = [];
  let y = TOP;
  let last = 0;
  let routine = 0;
  let pending = [];
  for (let i = 0; i < records.length; i += 1) {
    if (!isShown(i)) {
      rowOf[i] = rows.length - 1;
      yOf[i] = y;
      pending.push(i);
      if (kindOf(i) === "timer" || kindOf(i) === "connect") routine += 1;
      continue;
    }
    const passed = timeOf(i) - last;
    const from = y;
    if (passed > QUIET_US) {
      const height = Math.max(6, QUIET_HEIGHT * Math.min(1, layout.zoom));
      gaps.push({ y: y + row * 0.6, height, from: last, to: timeOf(i), routine });
      y += height + row * 1.2;
    } else {
      y += rows.length ? row + Math.min(row, passed / 20000) : 0;
      if (kindOf(i) === "send") y += row * LABEL_ROOM;
    }
    // Ticks of what is not shown spread over the way from the last row to this one.
    for (const other of pending) {
      yOf[other] = from + ((timeOf(other) - last) / Math.max(1, passed)) * (y - from);
    }
    pending = [];
    routine = 0;
    last = timeOf(i);
    rowOf[i] = rows.length;
    yOf[i] = y;
    rows.push(i);
    ys.push(y);
  }
  pending.forEach((other, k) => {
    yOf[other] = y + Math.min(60, (k + 1) * 3);
  });
  Object.assign(layout, { rows, ys, yOf, rowOf, gaps, rowHeight: row, height: y + 90 });
  bucketMessages();
}

/** Messages by the stretch of rows they cross, so that drawing finds long ones too. */
const BUCKET = 64;
let buckets = new Map();
function bucketMessages() {
  buckets = new Map();
  for (const message of messages.values()) {
    if (!isShown(message.send)) continue;
    const ends = message.ends.map((end) => layout.rowOf[end.i]);
    const open = message.ends.length ? [] : [layout.rowOf[message.send] + 2];
    const first = layout.rowOf[message.send] >> 6;
    const final = Math.max(...ends, ...open, layout.rowOf[message.send]) >> 6;
    for (let bucket = first; bucket <= final; bucket += 1) {
      if (!buckets.has(bucket)) buckets.set(bucket, []);
      buckets.get(bucket).push(message);
    }
  }
}

function layLanes(width) {
  layout.shown = lanes.map((_, lane) => lane).filter((lane) => !filter.lanes.has(lane));
  const count = Math.max(1, layout.shown.length);
  const least = count > 12 ? 20 : Math.min(76, (width - AXIS - 30) / count);
  layout.laneWidth = Math.max(least, Math.min(460, (width - AXIS - (count > 12 ? 4 : 90)) / count));
  const inset = layout.laneWidth >= 56 ? Math.min(46, layout.laneWidth * 0.25) : layout.laneWidth / 2;
  layout.laneX = lanes.map(() => -1);
  layout.shown.forEach((lane, k) => {
    layout.laneX[lane] = AXIS + k * layout.laneWidth + inset;
  });
  layout.width = Math.max(width, AXIS + count * layout.laneWidth);
  layout.texts = layout.laneWidth >= 56 && layout.rowHeight >= 11;
}

/** The first row at or below a height. */
function rowAt(y) {
  let low = 0;
  let high = layout.ys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (layout.ys[middle] < y) low = middle + 1;
    else high = middle;
  }
  return low;
}
