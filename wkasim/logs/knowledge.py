"""Who knew whom at the end, as far as the logs tell.

axis2-1.7 prints every entry of every member list. The forks keep those lines at DEBUG: what an answer to a JOIN held is
then taken from what the answering node knew at that moment. Whom a MEMBER_JOINED was about is printed nowhere; it is
taken from the JOINs that its sender had just received.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from wkasim.logs.life import Life, address_of
from wkasim.logs.line import LogLine
from wkasim.logs.story import Story

__all__ = ["final_members", "lists_are_logged", "missing_members"]

_ADMISSION: Final = timedelta(seconds=32)
"""How long after a JOIN a load balancer may report it; it admits one after another, ten seconds each."""

_MOMENT: Final = timedelta(seconds=1)


def lists_are_logged(story: Story) -> bool:
    """Whether the entries of member lists were logged."""
    return any(life.first("member_list_trying", "member_list_added") for life in story.lives)


def final_members(story: Story, life: Life) -> dict[str, LogLine]:
    """The members that a node knew at its end, by address, with the line that shows it."""
    known = life.members_at_the_end()
    for address, line in _inferred(story, life).items():
        known.setdefault(address, line)
    return known


def _inferred(story: Story, life: Life) -> dict[str, LogLine]:
    """Members that no line names, by address; those that it saw leaving after it learnt of them are left out."""
    found: dict[str, tuple[int, LogLine]] = {}
    gone = {address_of(line.params["member"]): place for place, line in life.numbered("member_left")}
    completed = life.numbered("cluster_initialized")[:1]
    if completed and life.first("sending_join") is not None and not lists_are_logged(story):
        time = story.time(life.node, completed[0][1].time)
        for static in life.all("static_member_added"):
            for address in _known_then(story, address_of(static.params["member"]), time):
                found.setdefault(address, completed[0])
    for place, line in life.numbered("member_joined_received"):
        for address in _reported(story, line, story.time(life.node, line.time)):
            found[address] = place, line
    found.pop(life.address or "", None)
    return {address: line for address, (place, line) in found.items() if gone.get(address, 0) < place}


def _known_then(story: Story, address: str, time: datetime | None) -> list[str]:
    """Whom the node at an address knew at a time, by its own log."""
    if time is None:
        return []
    known: list[str] = []
    for life in story.at_address(address, time):
        known += [
            other
            for other, line in life.known().items()
            if (then := story.time(life.node, line.time)) is not None and then <= time + _MOMENT
        ]
    return known


def _reported(story: Story, line: LogLine, time: datetime | None) -> list[str]:
    """Whom a MEMBER_JOINED may have been about: the JOINs that its sender had received."""
    if time is None:
        return []
    joins: list[str] = []
    for life in story.at_address(address_of(line.params["member"]), time):
        for join in life.all("join_received"):
            then = story.time(life.node, join.time)
            if then is not None and time - _ADMISSION <= then <= time + _MOMENT:
                joins.append(address_of(join.params["member"]))
    return joins


def missing_members(story: Story) -> dict[str, list[str]]:
    """For each node's last life, the live nodes of its domain that it never showed to know, or that it saw leaving.

    Nodes that were not ready in the end, and those that were never seen by anybody, are left out.
    """
    ready = [life for life in story.last_lives() if life.completed is not None and not life.last("stopping_channel")]
    missing: dict[str, list[str]] = {}
    for life in ready:
        known = final_members(story, life)
        lacking = [
            other.node
            for other in ready
            if other is not life and other.address not in known and (other.domain == life.domain) and other.address
        ]
        if lacking:
            missing[life.node] = lacking
    return missing
