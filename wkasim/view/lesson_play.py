"""A lesson in the terminal: the log of the run line by line, and before each surprise a question."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Generator, Iterator
from typing import Final

from wkasim.logs.formats import LogFormat
from wkasim.scenario.model import Question, Step
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import StepBegun, run_scenario
from wkasim.sim.journal import Record
from wkasim.view.lessons import Lesson
from wkasim.view.played import run_of
from wkasim.view.story import Story, story_of
from wkasim.view.words import line_words, members_plain

__all__ = ["play"]

_WIDTH: Final = 100
_HANGING: Final = " " * 27
"""Under the words of a log line, after time, mark and node."""
_PARAGRAPH: Final = "\n\n"
_TOLD: Final = frozenset({"log", "view", "group", "state", "drop", "step"})
"""Kinds of records that are shown; messages are in the page."""


def play(lesson: Lesson, ask: Callable[[str], str], columns: int | None = None) -> Iterator[str]:
    """The lesson as lines of text; ``ask`` is handed a prompt and gives back what was typed, "" for nothing.

    ``columns`` is the width of the terminal, and everything is folded to it; without one, log lines stay whole.
    """
    width = min(_WIDTH, columns or _WIDTH)
    news: list[Record | StepBegun] = []
    result = run_scenario(load_scenario(lesson.scenario), on_news=news.append)
    run = run_of(result)
    owners = {node.address: node.name for node in run.nodes if node.address}
    story = story_of(run.records, run.nodes)
    questions = [step.question for step in result.scenario.steps if step.question is not None]
    right = 0
    yield f"Lesson {lesson.number}: {lesson.title}"
    yield ""
    yield _wrapped(lesson.sections["Goal"], width)
    index = -1
    for item in news:
        if isinstance(item, StepBegun):
            if item.step.question is not None:
                asked = yield from _question(item.step.question, ask, width)
                right += asked
            yield from _explained(item.step, width)
        else:
            index += 1
            for line in _told(index, item, owners, story):
                yield _folded(line, columns) if columns else line
    yield ""
    yield f"{right} of {len(questions)} answered right."
    yield f"\nSummary\n{_wrapped(lesson.sections['Summary'], width)}"
    yield f"\nExercise\n{_wrapped(lesson.sections['Exercise'].partition(_PARAGRAPH)[0], width)}"
    yield f"Have it graded: wkasim lesson {lesson.number} --check my-scenario.yaml"
    yield f"\nSee it drawn: wkasim view {lesson.scenario.stem} --open"


def _folded(line: str, columns: int) -> str:
    """A log line in a terminal: what does not fit goes on under its words."""
    return textwrap.fill(
        line, max(columns, 60), subsequent_indent=_HANGING, break_on_hyphens=False, drop_whitespace=True
    )


def _wrapped(text: str, width: int) -> str:
    """Paragraphs at the width of a terminal; lists and blocks of code stay as they are."""
    lines = []
    for paragraph in text.split("\n\n"):
        plain = not paragraph.lstrip().startswith(("*", "-", "`", "<", "1"))
        lines.append(textwrap.fill(paragraph, width) if plain else paragraph)
    return "\n\n".join(lines)


def _explained(step: Step, width: int) -> Iterator[str]:
    if step.explain:
        yield ""
        yield textwrap.fill(" ".join(step.explain.split()), width, initial_indent="  | ", subsequent_indent="  | ")


def _question(question: Question, ask: Callable[[str], str], width: int) -> Generator[str, None, int]:
    """Ask; whether the answer was right. The generator's value is 1 for right, 0 for wrong or none."""
    yield ""
    yield textwrap.fill(f"? {' '.join(question.text.split())}", width, subsequent_indent="  ")
    for place, choice in enumerate(question.choices, 1):
        yield textwrap.fill(f"    {place}  {choice}", width, subsequent_indent=" " * 7)
    typed = ask("  your answer: ")
    while typed and not _is_choice(typed, question):
        yield f"  type a number from 1 to {len(question.choices)}, or nothing to see the answer"
        typed = ask("  your answer: ")
    chosen = question.choices[int(typed) - 1] if typed else ""
    verdict = "Right." if chosen == question.answer else f"It is: {question.answer}."
    words = " ".join(f"{verdict} {question.because}".split())
    yield textwrap.fill(words, width, initial_indent="  ", subsequent_indent="  ")
    return int(chosen == question.answer)


def _is_choice(typed: str, question: Question) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) < 3 and 1 <= int(typed) <= len(question.choices)


def _told(index: int, record: Record, owners: dict[str, str], story: Story) -> Iterator[str]:
    kind = record[1]
    look = LogFormat()
    if kind not in _TOLD or (kind == "log" and not look.shows(record)):
        return
    words = members_plain(look.render(record)) if kind == "log" else line_words(index, record, owners, story)
    mark = {"log": " ", "step": ">", "drop": "x"}.get(kind, "*")
    clock = f"{record[0] / 1e6:9.3f} s {mark} "
    yield f"{clock}{record[2]:<12} {words}".rstrip()
