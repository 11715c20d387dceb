// What the scenario's author says and asks. A question hides what comes after it until it is answered.

const questions = { wall: Infinity, open: null, answered: new Map() };

const noteOf = (i) => data.notes[records[i][5]];
const noteRecords = records.map((_, i) => i).filter((i) => kindOf(i) === "note");

function findWall() {
  const next = noteRecords.find((i) => noteOf(i).question && !questions.answered.has(i));
  questions.wall = next ?? Infinity;
}

/** What a note says: nothing of the explanation before its question is answered. */
function noteText(i) {
  const { text, question } = noteOf(i);
  return question && !questions.answered.has(i) ? `A question: ${question.text}` : text || `Asked: ${question.text}`;
}

function showNote() {
  const past = noteRecords.filter((i) => i <= cursor.record);
  const last = past[past.length - 1];
  const note = byId("note");
  const waiting = last !== undefined && noteOf(last).question && !questions.answered.has(last);
  const words = last === undefined || waiting ? "" : noteOf(last).text;
  note.hidden = !words;
  note.replaceChildren(element("h2", {}, "What is going on"), element("p", {}, words));
  showQuestion(last);
}

function showQuestion(i) {
  const card = byId("question");
  const question = i === undefined ? null : noteOf(i).question;
  card.hidden = !question;
  if (!question) return;
  const chosen = questions.answered.get(i);
  card.replaceChildren(element("h2", {}, chosen === undefined ? "What do you think?" : "Your answer"), element("p", {}, question.text));
  question.choices.forEach((choice, k) => {
    const right = chosen !== undefined && k === question.answer;
    const wrong = chosen === k && k !== question.answer;
    const button = element("button", { type: "button", class: `choice${right ? " right" : ""}${wrong ? " wrong" : ""}`, "data-choice": String(k) }, `${right ? "✓ " : wrong ? "✗ " : ""}${choice}`);
    button.disabled = chosen !== undefined;
    button.addEventListener("click", () => answer(i, k));
    card.append(button);
  });
  if (chosen === undefined) {
    const skip = element("button", { type: "button", id: "skip" }, "Show me all without asking");
    skip.addEventListener("click", skipAll);
    card.append(skip);
  } else {
    const verdict = chosen === question.answer ? "Right. " : chosen < 0 ? "" : "Not so. ";
    card.append(element("p", { class: "because" }, verdict + question.because), element("p", { class: "faint" }, "Go on with Next and see."));
  }
}

function answer(i, choice) {
  questions.answered.set(i, choice);
  findWall();
  showVeil();
  showPanels();
}

function skipAll() {
  for (const i of noteRecords) if (!questions.answered.has(i)) questions.answered.set(i, -1);
  findWall();
  showVeil();
  showPanels();
}

function showVeil() {
  const veil = byId("veil");
  veil.hidden = questions.wall === Infinity;
  if (!veil.hidden) {
    veil.style.top = `${layout.yOf[questions.wall] + layout.rowHeight / 2}px`;
    veil.textContent = "What comes next is hidden until you have answered the question.";
  }
}
