"""The lessons: their texts, and where they and their scenarios are.

A lesson is a Markdown file in ``docs/lessons/`` and a scenario of the same name in ``scenarios/lessons/``; a wheel
carries both. What a terminal shows of the text are the sections "Goal", "Exercise" and "Summary".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from wkasim.errors import InputError
from wkasim.scenario.shipped import shipped_scenarios

__all__ = ["Lesson", "find_lesson", "lessons"]

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_FOLDER: Final = "lessons/"


@frozen
class Lesson:
    """One lesson: its number, its heading, the sections of its text by heading, and its scenario's file."""

    number: int
    title: str
    sections: Mapping[str, str]
    scenario: Path
    text: Path


def lessons() -> list[Lesson]:
    """All lessons in order; raises InputError if they are missing from this installation."""
    folder = _texts()
    found = []
    for name, scenario in shipped_scenarios().items():
        if name.startswith(_FOLDER):
            text = folder / f"{scenario.stem}.md"
            if not text.is_file():
                raise InputError(f"{text}: the text of this lesson is missing; install wkasim again")
            found.append(_lesson(scenario, text))
    if not found:
        raise InputError("the lessons are missing from this installation; install wkasim again")
    return found


def find_lesson(number: int) -> Lesson:
    """The lesson of that number; raises InputError naming those that there are."""
    known = {lesson.number: lesson for lesson in lessons()}
    if number not in known:
        raise InputError(
            f'there is no lesson {number}; there are {min(known)} to {max(known)}, "wkasim lesson" lists them'
        )
    return known[number]


def _texts() -> Path:
    # The installed place first: beside an installed package, "docs" may be anybody's folder.
    places = (_PACKAGE / "_lessons", _PACKAGE.parent / "docs" / "lessons")
    return next((place for place in places if place.is_dir()), places[0])


def _lesson(scenario: Path, text: Path) -> Lesson:
    heading, *parts = re.split(r"^## +", text.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {}
    for part in parts:
        name, _, body = part.partition("\n")
        sections[name.strip()] = body.strip()
    number, _, title = heading.splitlines()[0].removeprefix("# ").partition(". ")
    return Lesson(int(number), title, sections, scenario, text)
