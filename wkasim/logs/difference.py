"""Why a line is not there: what a person would look at, the place, the order, the line that comes near."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from attrs import frozen

from wkasim.logs.catalogue import ENTRIES, match
from wkasim.logs.line import LogLine

__all__ = ["Difference", "Missing", "comparable", "explain_missing"]

_ALIKE: Final = 0.6
"""Two messages of one class that are less alike than this have nothing to do with each other."""

_MOST_COMPARED: Final = 100
"""How many lines around the place are looked at for one that comes near."""


@frozen
class Difference:
    """One value in which two lines of the same kind differ."""

    name: str
    expected: str
    actual: str

    def __str__(self) -> str:
        if not self.actual:
            return f"{self.name} lacks {self.expected!r}"
        if not self.expected:
            return f"{self.name} has {self.actual!r} in addition"
        return f"{self.name} is {self.actual!r}, not {self.expected!r}"


@frozen
class Missing:
    """A line of a transcript that has no counterpart.

    ``after`` and ``before`` are the lines of the log between which it should stand, None where the log has no
    counterpart of an earlier or later line; ``instead`` is the line that stands there, None at the end.
    ``elsewhere`` is the very line at another place, ``similar`` the one that comes nearest otherwise, and
    ``differences`` the values in which that one differs. ``meaning`` explains the line.
    """

    line: LogLine
    after: LogLine | None
    before: LogLine | None
    instead: LogLine | None
    elsewhere: LogLine | None = None
    similar: LogLine | None = None
    differences: tuple[Difference, ...] = ()
    meaning: str = ""

    @property
    def too_early(self) -> bool:
        """Whether the very line stands before the place where it should."""
        return bool(self.elsewhere and self.after and self.elsewhere.number <= self.after.number)

    @property
    def place(self) -> str:
        """Where the line should stand, in words."""
        if self.after:
            return f"after line {self.after.number} of the log"
        return f"before line {self.before.number} of the log" if self.before else "in the log"

    def sentences(self) -> list[str]:
        """What is missing, where, and what comes near, for a reader who is new to such logs."""
        instead = "The log ends there."
        if self.instead:
            instead = f"Line {self.instead.number} of the log stands there: {self.instead.text}"
        told = [
            f"Line {self.line.number} of the transcript is missing in the log: {self.line.text}",
            f"It should stand {self.place}. {instead}",
        ]
        if self.elsewhere:
            when, number = "earlier" if self.too_early else "later", self.elsewhere.number
            told.append(f"The same line comes {when}, as line {number} of the log: the order is another one.")
        elif self.similar:
            values = "; ".join(str(difference) for difference in self.differences)
            told.append(f"Line {self.similar.number} of the log comes nearest: {values}.")
        if self.meaning:
            told.append(f"What the missing line would mean: {self.meaning}")
        return told


def explain_missing(
    expected: Sequence[LogLine], actual: Sequence[LogLine], found: Sequence[int | None], at: int
) -> Missing:
    """All that can be said of ``expected[at]``, given the counterparts ``found`` of all expected lines."""
    line = expected[at]
    before = next((place for place in reversed(found[:at]) if place is not None), -1)
    behind = next((place for place in found[at + 1 :] if place is not None), len(actual))
    after = actual[before] if before >= 0 else None
    following = actual[behind] if behind < len(actual) else None
    there = actual[before + 1 :] if after or not following else reversed(actual[:behind])
    instead = next((other for other in there if other.shown), following)
    entry = ENTRIES.get(line.event or "")
    meaning = entry.meaning if entry else ""
    unused = set(range(len(actual))).difference(place for place in found if place is not None)
    nearby = [place for place in sorted(unused) if actual[place].component == line.component]
    nearby.sort(key=lambda place: abs(place - before - 1))
    same = (actual[place] for place in nearby if comparable(actual[place]) == comparable(line))
    if elsewhere := next(same, None):
        return Missing(line, after, following, instead, elsewhere, meaning=meaning)
    similar = _most_alike(line, actual, nearby[:_MOST_COMPARED], range(before + 1, behind))
    differences = _differences(line, similar) if similar else ()
    return Missing(line, after, following, instead, None, similar, differences, meaning)


def comparable(line: LogLine) -> tuple[str, str, str]:
    """What makes two lines the same: level, class and text, but for blanks and one full stop at its end."""
    return line.level, line.component, line.message.rstrip().removesuffix(".")


def _most_alike(line: LogLine, actual: Sequence[LogLine], places: Sequence[int], right: range) -> LogLine | None:
    """The line that comes nearest, None if none is near; those at the right place count for more."""
    best, similar = _ALIKE, None
    for place in places:
        likeness = _likeness(line, actual[place]) + (0.2 if place in right else 0.0)
        if likeness > best:
            best, similar = likeness, actual[place]
    return similar


def _likeness(line: LogLine, other: LogLine) -> float:
    """Between 0 and 1; of the same kind counts for more than of the same letters."""
    alike = SequenceMatcher(None, line.message[:400], other.message[:400], autojunk=False).ratio()
    same_kind = line.event is not None and line.event == other.event
    return (1.0 + alike) / 2 if same_kind else alike * 0.9


def _differences(line: LogLine, other: LogLine) -> tuple[Difference, ...]:
    """The values in which two lines of the same kind differ, or else the words."""
    differences = []
    if line.level != other.level:
        differences.append(Difference("the level", line.level, other.level))
    wanted = match(line.component, line.message)
    if wanted is None or wanted[0].event != other.event:
        if line.message != other.message:
            differences.append(_words("the text", line.message, other.message))
        return tuple(differences)
    for name, value in wanted[1].items():
        there = other.params.get(name, "")
        if value != there:
            differences.append(_words(name, str(value), str(there)))
    return tuple(differences)


def _words(name: str, expected: str, actual: str) -> Difference:
    """The words in which two texts differ, from the first to the last that does."""
    first, second = expected.split(" "), actual.split(" ")
    while first and second and first[0] == second[0]:
        del first[0], second[0]
    while first and second and first[-1] == second[-1]:
        del first[-1], second[-1]
    return Difference(name, " ".join(first), " ".join(second))
