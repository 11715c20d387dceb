"""Two sequences side by side: what they have in common, in order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

__all__ = ["align", "common_length"]

_MOST_CELLS: Final = 4_000_000
"""Beyond this size of the table the alignment is the greedy one."""


def align(expected: Sequence[Hashable], actual: Sequence[Hashable]) -> list[int | None]:
    """For each expected item the index of its counterpart, None where it has none; indices only rise.

    As many items as possible get a counterpart. Among the best solutions the one is taken whose beginning
    is without a hole for longest, and whose counterparts stand as early as possible: where everything can be
    matched that is the first occurrence of each item after the one before.
    """
    earliest = _greedy(expected, actual)
    if None not in earliest:
        return earliest
    wanted = set(expected)
    places = [index for index, item in enumerate(actual) if item in wanted]
    if len(expected) * len(places) > _MOST_CELLS:
        return earliest
    return _best(expected, actual, places)


def _greedy(expected: Sequence[Hashable], actual: Sequence[Hashable]) -> list[int | None]:
    """Each item's first occurrence after the counterpart before it, None where there is no more."""
    found: list[int | None] = []
    start = 0
    for item in expected:
        try:
            index = actual.index(item, start)
        except ValueError:
            found.append(None)
        else:
            found.append(index)
            start = index + 1
    return found


def _best(expected: Sequence[Hashable], actual: Sequence[Hashable], places: Sequence[int]) -> list[int | None]:
    """The longest common subsequence; ``places`` are the indices in ``actual`` that can matter."""
    items = [actual[place] for place in places]
    width = len(items)
    # table[i][j]: how many of expected[i:] find a counterpart in items[j:].
    table = [[0] * (width + 1) for _ in range(len(expected) + 1)]
    for i in range(len(expected) - 1, -1, -1):
        row, below, item = table[i], table[i + 1], expected[i]
        for j in range(width - 1, -1, -1):
            row[j] = below[j + 1] + 1 if items[j] == item else max(row[j + 1], below[j])
    found: list[int | None] = []
    start = 0
    for i, item in enumerate(expected):
        rest = table[i + 1]
        at = next((j for j in range(start, width) if items[j] == item), None)
        if at is not None and rest[at + 1] + 1 == table[i][start]:
            found.append(places[at])
            start = at + 1
        else:
            found.append(None)
    return found


def common_length(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence.

    The common beginning and end are counted apart; for the rest a row of the usual table is one big integer,
    in which a zero bit stands for a step up (the algorithm of Hyyrö, 2004).
    """
    head, end = 0, min(len(first), len(second))
    while head < end and first[head] == second[head]:
        head += 1
    tail = 0
    while tail < end - head and first[-1 - tail] == second[-1 - tail]:
        tail += 1
    first, second = first[head : len(first) - tail], second[head : len(second) - tail]
    positions: dict[Hashable, int] = {}
    for index, item in enumerate(first):
        positions[item] = positions.get(item, 0) | 1 << index
    everything = (1 << len(first)) - 1
    row = everything
    for item in second:
        matches = row & positions.get(item, 0)
        row = ((row + matches) | (row - matches)) & everything
    return head + tail + len(first) - row.bit_count()
