// The page begins: paused, at the first event.

function warn(text) {
  const box = byId("warnings");
  box.hidden = false;
  box.append(element("p", {}, `⚠ ${text}`));
}

function begin() {
  byId("title").textContent = data.title;
  const facts = [`${lanes.length} nodes`, `${records.length.toLocaleString("en")} records`];
  if (records.length) facts.push(`${seconds(timeOf(records.length - 1), 1)} of virtual time`);
  if (data.profile) facts.push(`profile ${data.profile}`);
  if (data.seed !== null) facts.push(`seed ${data.seed}`);
  byId("facts").textContent = [data.description, facts.join(" · ")].filter(Boolean).join(" — ");
  data.warnings.forEach(warn);
  for (const speed of SPEEDS) byId("speed").append(element("option", { value: String(speed) }, `${speed}×`));
  byId("speed").value = "1";
  findWall();
  showFilters();
  fillLogNodes();
  gatherLog();
  rebuild();
  goTo(0);
}

function connect() {
  const on = (id, what) => byId(id).addEventListener("click", what);
  on("first", () => goTo(0));
  on("previous", () => goTo(cursor.row - 1));
  on("play", () => setPlaying(!cursor.timer));
  on("next", () => goTo(cursor.row + 1));
  on("last", () => goTo(layout.rows.length));
  on("zoom-in", () => setZoom(layout.zoom * 1.4));
  on("zoom-out", () => setZoom(layout.zoom / 1.4));
  on("theme", switchTheme);
  on("help-open", openHelp);
  byId("slider").addEventListener("input", () => goTo(Number(byId("slider").value)));
  byId("speed").addEventListener("change", () => setSpeed(Number(byId("speed").value)));
  byId("search").addEventListener("input", () => {
    byId("found").textContent = "";
  });
  document.addEventListener("keydown", onKey);
  let frame = 0;
  scroller.addEventListener("scroll", () => {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  });
  canvas.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-i]");
    if (mark) goToRecord(Number(mark.dataset.i));
  });
  canvas.addEventListener("pointermove", showTip);
  canvas.addEventListener("pointerleave", () => {
    byId("tip").hidden = true;
  });
  let wide = scroller.clientWidth;
  window.addEventListener("resize", () => {
    if (scroller.clientWidth === wide) return draw();
    wide = scroller.clientWidth;
    return rebuild();
  });
}

function showTip(event) {
  const tip = byId("tip");
  const mark = event.target.closest("[data-i]");
  tip.hidden = !mark || Number(mark.dataset.i) > questions.wall;
  if (tip.hidden) return;
  const i = Number(mark.dataset.i);
  const message = messageOf.get(i);
  const content = message ? `${message.label}${message.detail ? `: ${message.detail}` : ""}` : "";
  tip.replaceChildren(element("strong", {}, seconds(timeOf(i))), " ", sentenceOf(i), ...(content ? [element("br"), element("code", {}, content)] : []));
  tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - 340)}px`;
  tip.style.top = `${Math.min(event.clientY + 16, window.innerHeight - 120)}px`;
}

begin();
connect();
document.documentElement.dataset.ready = "true";
