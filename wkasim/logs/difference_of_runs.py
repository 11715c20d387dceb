"""Two runs side by side: aligned event by event, up to where they part.

Times, and lines that servers hide by default, are left out of the comparison; a run and a real log have neither in
common. What is compared is the order of events on each node, with the members that they name.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from attrs import evolve, frozen

from wkasim.logs.alignment import align
from wkasim.logs.life import Life
from wkasim.logs.line import LogLine
from wkasim.logs.story import Story

__all__ = ["Divergence", "NodeDifference", "compare_stories"]

_NAMED = ("member", "domain", "address", "scheme", "axis2")
_CONTEXT = 3


@frozen(kw_only=True)
class Divergence:
    """Where two logs part: the last common lines, then what each side has next (None: it ends)."""

    common: tuple[LogLine, ...]
    left: LogLine | None
    right: LogLine | None


@frozen(kw_only=True)
class NodeDifference:
    """One life of one node on both sides; ``only_left`` and ``only_right`` are the lines without a counterpart."""

    node: str
    life: int
    matched: int
    only_left: tuple[LogLine, ...] = ()
    only_right: tuple[LogLine, ...] = ()
    divergence: Divergence | None = None

    @property
    def equal(self) -> bool:
        """Whether both sides say the same."""
        return self.divergence is None


def compare_stories(left: Story, right: Story) -> tuple[list[NodeDifference], list[str], list[str]]:
    """The lives that both have, compared, and the names of nodes that only one of them has.

    Where each has one node only, these two are compared, whatever their names.
    """
    if len(left.nodes) == len(right.nodes) == 1 and left.nodes != right.nodes:
        pairs = zip_longest(left.lives, right.lives)
        names = f"{left.nodes[0]} and {right.nodes[0]}"
        empty = [Life("", number + 1) for number in range(max(len(left.lives), len(right.lives)))]
        return (
            [
                evolve(_compare(one or life, other or life), node=names, life=life.number)
                for life, (one, other) in zip(empty, pairs, strict=True)
            ],
            [],
            [],
        )
    lives = {(life.node, life.number): life for life in right.lives}
    found = [
        _compare(life, lives.get((life.node, life.number), Life(life.node, life.number)))
        for life in left.lives
        if life.node in right.nodes
    ]
    known = {(life.node, life.number) for life in left.lives}
    extra = [life for key, life in lives.items() if key not in known]
    found += [_compare(Life(life.node, life.number), life) for life in extra if life.node in left.nodes]
    only_left = [node for node in left.nodes if node not in right.nodes]
    return found, only_left, [node for node in right.nodes if node not in left.nodes]


def _key(line: LogLine) -> tuple[object, ...]:
    return (line.event, *(line.params.get(name) for name in _NAMED))


def _compare(left: Life, right: Life) -> NodeDifference:
    ours, theirs = _shown(left), _shown(right)
    places = align([_key(line) for line in ours], [_key(line) for line in theirs])
    used = {place for place in places if place is not None}
    return NodeDifference(
        node=left.node,
        life=left.number,
        matched=len(used),
        only_left=tuple(line for line, place in zip(ours, places, strict=True) if place is None),
        only_right=tuple(line for at, line in enumerate(theirs) if at not in used),
        divergence=_divergence(ours, theirs),
    )


def _shown(life: Life) -> list[LogLine]:
    return [line for line in life.lines if line.shown]


def _divergence(left: Sequence[LogLine], right: Sequence[LogLine]) -> Divergence | None:
    """The first place at which the next line of both is not the same."""
    at = 0
    while at < len(left) and at < len(right) and _key(left[at]) == _key(right[at]):
        at += 1
    if at == len(left) == len(right):
        return None
    return Divergence(
        common=tuple(left[max(0, at - _CONTEXT) : at]),
        left=left[at] if at < len(left) else None,
        right=right[at] if at < len(right) else None,
    )
