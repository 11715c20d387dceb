"""Does a log say what the guide shows? The check of a documented transcript.

A transcript is an excerpt: its lines occur in this order, and other lines may lie between. A line that is
only ``...`` says that the guide leaves something out. A missing final full stop is forgiven, because the
guide loses one. ``xxx.xxx.xxx`` stands for the beginning of an address, the same one in the whole transcript.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from wkasim.errors import InputError
from wkasim.logs.alignment import align
from wkasim.logs.difference import Missing, comparable, explain_missing
from wkasim.logs.line import LogLine
from wkasim.logs.parser import parse_lines

__all__ = ["WILDCARD", "Transcript", "TranscriptReport", "check"]

WILDCARD: Final = "xxx.xxx.xxx"
"""Stands for the first three numbers of an address."""

_EXAMPLE: Final = "INFO - TribesUtil No members in current cluster"
_LONGEST: Final = 1_000_000
"""Characters that a transcript may have."""

_ELLIPSES: Final = ("...", "…")
_PREFIX: Final = r"(?P<prefix>\d{1,3}\.\d{1,3}\.\d{1,3}|xxx\.xxx\.xxx)(?!\d)"
_MOST_BINDINGS: Final = 32
"""How many values of the wildcard are tried; a log that names more networks is not that of one cluster."""


@frozen
class Transcript:
    """The lines of an excerpt, each with its line number in the file that it came from.

    ``gaps`` are the positions at which the excerpt says that it leaves something out: 0 is before the first
    line.
    """

    name: str
    lines: tuple[LogLine, ...]
    gaps: frozenset[int] = frozenset()

    @classmethod
    def read(cls, path: Path) -> Transcript:
        """Read a transcript from a file; raises InputError as :meth:`parse` does, or if it cannot be read."""
        try:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                text = file.read(_LONGEST + 1)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
        if len(text) > _LONGEST:
            raise InputError(f"{path}: longer than {_LONGEST} characters; a transcript is an excerpt of a log")
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, name: str, first_line: int = 1) -> Transcript:
        """Read a transcript in any form of log; blank lines and ``#`` comments are passed over.

        ``first_line`` is the number of the text's first line in the file ``name``. Raises InputError that
        names every line which is no log line, or that says that there is none at all.
        """
        lines: list[LogLine] = []
        gaps: set[int] = set()
        problems: list[str] = []
        for line in parse_lines(text.split("\n"), name):
            line = evolve(line, number=line.number + first_line - 1)
            content = line.message.strip()
            if line.known:
                lines.append(line)
            elif content in _ELLIPSES:
                gaps.add(len(lines))
            elif content and not content.startswith("#"):
                problems.append(f"{line.place}: not a log line: {content[:60]!r}; write it as {_EXAMPLE!r}")
        if not lines and not problems:
            problems.append(f"{name}:{first_line}: the transcript is empty; write lines such as {_EXAMPLE!r}")
        if problems:
            raise InputError(*problems)
        return cls(name, tuple(lines), frozenset(gaps))


@frozen
class TranscriptReport:
    """What a check found.

    ``pairs`` has each line of the transcript with its counterpart in the log, None where there is none.
    ``binding`` is what ``xxx.xxx.xxx`` stood for. ``extra`` are the lines that were logged and are not in the
    transcript: those between its first and its last counterpart, or all of them if the match is to be
    ``exact``, and then they are faults. ``before`` and ``after`` count the lines outside the excerpt. ``log``
    names the log.
    """

    transcript: Transcript
    log: str
    exact: bool
    binding: str | None
    pairs: tuple[tuple[LogLine, LogLine | None], ...]
    missing: tuple[Missing, ...]
    extra: tuple[LogLine, ...]
    before: int
    after: int

    @property
    def passed(self) -> bool:
        """Whether the log holds what the transcript demands."""
        return not self.missing and not (self.exact and self.extra)

    @property
    def found(self) -> int:
        """How many lines of the transcript have a counterpart."""
        return sum(line is not None for _, line in self.pairs)


def check(
    transcript: Transcript, lines: Iterable[LogLine], exact: bool = False, log: str | None = None
) -> TranscriptReport:
    """Look for the transcript in a log; the caller passes the lines from where it should begin.

    Lines that the shipped logging configurations hide may be part of a transcript, but are never extra lines.
    With ``exact`` other lines are faults, except at a ``...`` of the transcript.
    """
    actual = tuple(lines)
    binding, found = _align(transcript, actual)
    expected = tuple(_bound(line, binding) for line in transcript.lines)
    extra, before, after = _others(transcript, actual, found, exact)
    missing = tuple(explain_missing(expected, actual, found, at) for at, place in enumerate(found) if place is None)
    return TranscriptReport(
        transcript,
        log or (actual[0].file if actual else "the log"),
        exact,
        binding,
        tuple((line, None if at is None else actual[at]) for line, at in zip(expected, found, strict=True)),
        missing,
        extra,
        before,
        after,
    )


def _align(transcript: Transcript, actual: Sequence[LogLine]) -> tuple[str | None, list[int | None]]:
    """The value of the wildcard with which most lines find a counterpart, and the counterparts."""
    keys = [comparable(line) for line in actual]
    best: tuple[str | None, list[int | None]] | None = None
    for binding in _bindings(transcript, actual) or [None]:
        found = align([comparable(_bound(line, binding)) for line in transcript.lines], keys)
        if None not in found:
            return binding, found
        if best is None or found.count(None) < best[1].count(None):
            best = binding, found
    assert best is not None
    return best


def _bindings(transcript: Transcript, actual: Iterable[LogLine]) -> list[str | None]:
    """What the wildcard may stand for, in the order in which the log first says so."""
    patterns: dict[tuple[str, str], list[re.Pattern[str]]] = {}
    for line in transcript.lines:
        if WILDCARD in line.message:
            patterns.setdefault((line.level, line.component), []).append(_pattern(line.message))
    values: dict[str | None, None] = {}
    for line in actual:
        for pattern in patterns.get((line.level, line.component), ()):
            if found := pattern.fullmatch(_without_stop(line.message)):
                values[found["prefix"]] = None
                if len(values) == _MOST_BINDINGS:
                    return list(values)
    return list(values)


def _pattern(message: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in _without_stop(message).split(WILDCARD)]
    return re.compile(parts[0] + _PREFIX + "(?P=prefix)".join(parts[1:]))


def _bound(line: LogLine, binding: str | None) -> LogLine:
    if binding is None or WILDCARD not in line.message:
        return line
    return evolve(line, message=line.message.replace(WILDCARD, binding))


def _without_stop(message: str) -> str:
    return message.rstrip().removesuffix(".")


def _others(
    transcript: Transcript, actual: Sequence[LogLine], found: Sequence[int | None], exact: bool
) -> tuple[tuple[LogLine, ...], int, int]:
    """The extra lines, and how many lines stand before and after the excerpt."""
    used = [place for place in found if place is not None]
    first, last = (used[0], used[-1]) if used else (len(actual), len(actual))
    taken, allowed = set(used), _allowed(transcript, found, len(actual)) if exact else range(0)
    others = [(at, line) for at, line in enumerate(actual) if at not in taken and line.shown]
    extra = tuple(line for at, line in others if (at not in allowed if exact else first < at < last))
    return extra, sum(at < first for at, _ in others), sum(at > last for at, _ in others)


def _allowed(transcript: Transcript, found: Sequence[int | None], end: int) -> set[int]:
    """The places in the log at which the transcript's ``...`` allows other lines."""
    places: set[int] = set()
    for gap in transcript.gaps:
        before = [place for place in found[:gap] if place is not None]
        behind = [place for place in found[gap:] if place is not None]
        places.update(range(before[-1] + 1 if before else 0, behind[0] if behind else end))
    return places
