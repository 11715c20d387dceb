"""The story of a cluster in lines of text: lives, who was alone, members over time, the merged timeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wkasim.logs.knowledge import final_members
from wkasim.logs.life import address_of
from wkasim.logs.story import Story

__all__ = ["lives", "members_over_time", "remarks", "timeline"]


def _clock(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d}"


def remarks(story: Story) -> Iterator[str]:
    """What is to be known before the story is read: clocks that differ, lives that are left out."""
    for node, by in story.skew.items():
        if by:
            first, apart = story.nodes[0], -by.total_seconds()
            yield f"the clock of {node} differs from that of {first} by about {apart:.0f} s; times are {first}'s"
    for node, count in story.left_out.items():
        yield f"{node} was started very often; {count} lives in the middle are left out"


def lives(story: Story) -> Iterator[str]:
    """One line a life: when, where, how it went, whom it knew at the end."""
    for life in story.lives:
        begin = _clock(story.begin(life))
        where = life.address or life.likely_address or "no address"
        number = f" (life {life.number})" if len(story.of(life.node)) > 1 else ""
        if life.started is None and life.first("clustering_disabled") is not None:
            state = "clustering is switched off"
        elif life.started is None:
            state = "begins in the middle"
        elif life.last("stopping_channel") is not None:
            state = "stopped"
        elif life.completed is not None:
            state = "ready"
        else:
            state = "never ready"
        members = ", ".join(story.name(address) for address in final_members(story, life)) or "nobody"
        yield f"{begin}  {life.node}{number}  {where}  {life.domain or 'no domain'}  {state}; knows {members}"
        if life.dropped:
            yield f"{'':23}  {life.dropped} lines that repeat others are left out"
        alone = life.alone()
        if alone is not None:
            since, until = story.time(life.node, alone[0]), story.time(life.node, alone[1])
            end = f"until {_clock(until)}" if until is not None else "to the end of its log"
            yield f"{'':23}  {life.node} was alone from {_clock(since)} {end}"


def members_over_time(story: Story) -> Iterator[str]:
    """Each change of each node's members, in order."""
    changes: list[tuple[datetime, int, str, str, str]] = []
    for life in story.lives:
        present: list[str] = []
        for line, what, address in life.changes():
            if what == "joined":
                present.append(address)
            elif address in present:
                present.remove(address)
            time = story.time(life.node, line.time)
            names = ", ".join(story.name(member) for member in present) or "nobody"
            sign = "+" if what == "joined" else "-"
            changes.append((time or datetime.min, len(changes), life.node, f"{sign}{story.name(address)}", names))  # noqa: DTZ901
    for time, _, node, change, names in sorted(changes):
        yield f"{_clock(time)}  {node}  {change}  now {names}"


def timeline(story: Story, *, hidden: bool = False) -> Iterator[str]:
    """The lines of all nodes by one clock; those that servers hide by default only if asked for."""
    width = max((len(node) for node in story.nodes), default=0)
    for time, life, line in story.timeline():
        if hidden or not line.hidden_by_default:
            text = line.message
            member = line.params.get("member")
            name = story.name(address_of(member)) if member is not None else ""
            known = f"  [{name}]" if name and name not in text else ""
            first, *more = text.splitlines() or [""]
            yield f"{_clock(time)}  {life.node:<{width}}  {line.level:<5} {line.component} {first}{known}"
            yield from (f"{'':25}{row}" for row in more)
