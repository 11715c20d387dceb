"""Where records stand on paper: a row each, quiet stretches folded; shared by the views that do not scroll."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from wkasim.logs.catalogue import ENTRIES
from wkasim.sim.journal import Record

__all__ = ["QUIET_US", "ROUTINE", "Quiet", "Row", "duration_text", "rows_of"]

QUIET_US: Final = 400_000
"""A stretch longer than this, in which nothing is shown, is folded."""

ROUTINE: Final = frozenset({"timer", "connect", "socket"})
"""Kinds of records that go on all the time and get no row."""


@frozen
class Row:
    """A record with its position in the journal and its height on paper."""

    index: int
    y: float


@frozen
class Quiet:
    """A folded stretch: where it stands, and how long it was."""

    y: float
    length_us: int


def rows_of(records: Sequence[Record], row: float = 16, quiet: float = 28) -> Iterator[Row | Quiet]:
    """A row for every record that is no routine and no hidden log line, from the top down."""
    y = 0.0
    last = 0
    for index, record in enumerate(records):
        if record[1] in ROUTINE or _is_hidden(record):
            continue
        passed = record[0] - last
        if passed > QUIET_US:
            yield Quiet(y + row * 0.6, passed)
            y += quiet + row * 1.2
        else:
            y += row
        last = record[0]
        yield Row(index, y)


def _is_hidden(record: Record) -> bool:
    """Whether it is a log line that wkasim run does not show either; one that nobody knows is shown."""
    if record[1] != "log":
        return False
    return record[6] == "DEBUG" or (record[4] in ENTRIES and ENTRIES[record[4]].hidden_by_default)


def duration_text(us: int) -> str:
    """A length of time for people: ``40 µs``, ``1.2 ms``, ``4.9 s``."""
    if us < 1000:
        return f"{us} µs"
    return f"{us / 1000:.3g} ms" if us < 1_000_000 else f"{us / 1_000_000:.1f} s"
