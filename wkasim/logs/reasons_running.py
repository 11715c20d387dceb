"""Reasons out of a running cluster: restarts, flapping, leaves that nobody saw, members that get no requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from wkasim.logs.knowledge import final_members, missing_members
from wkasim.logs.life import Life, address_of
from wkasim.logs.line import LogLine
from wkasim.logs.reason import Reason
from wkasim.logs.story import Story

__all__ = ["running_reasons"]

_AXIS2: Final = re.compile(r"Host:([^,]*),.* Port: (-?\d+), HTTP:(-?\d+), HTTPS:(-?\d+)")
_WITHOUT: Final = "__$default"
"""What a load balancer calls the sub-domain of members that have none."""

_TRIED: Final = ("application_member_joined", "application_member_rejected", "application_member_connect_error")
_ADMITTED_WITHIN: Final = timedelta(seconds=60)
"""Thirty tries and a pause; whoever is neither admitted nor refused by then never will be."""

_TRIBES: Final = re.compile(r"tcp://\{?([\d, .-]+)\}?:(\d+)")
_ELECTIONS: Final = 100
"""Failures to hand on an election's token after which it is one that does not end; a normal one takes a few rounds."""

_FLAPS: Final = 3
_ONE_BY_ONE: Final = 5
"""Restarts of a node that are told one by one."""

_NOTICED_WITHIN: Final = timedelta(seconds=20)

_MACHINE_WITHIN_S: Final = 300.0
"""Members of a machine that is gone are given up one after another, more than two minutes each."""

_LOOK_ALIKE: Final = "kill -9 and a graceful stop look alike to the others."
_MACHINE: Final = (
    "The machine or the network to it failed: lost packets are noticed after more than two minutes a member."
)


def running_reasons(story: Story) -> Iterator[Reason]:
    """What happened to the cluster while it ran."""
    yield from _never_admitted(story)
    yield from _never_served(story)
    yield from _restarts(story)
    yield from _stopped(story)
    yield from _flapping(story)
    yield from _endless_election(story)
    yield from _missing(story)


def _never_admitted(story: Story) -> Iterator[Reason]:
    told: set[str] = set()
    for life in story.lives:
        for place, line in life.numbered("application_member_rejected"):
            found = _AXIS2.search(str(line.params["axis2"]))
            if found is None:
                continue
            host, port, http, https = found.groups()
            address = f"{host}:{port}"
            name = story.name(address)
            admitted_later = any(
                f"Host:{host}," in str(other.params["axis2"]) and f"Port: {port}," in str(other.params["axis2"])
                for _, other in life.numbered("application_member_joined", after=place)
            )
            if admitted_later or name in told:
                continue
            told.add(name)
            joined = next((j for j in life.all("join_received") if address_of(j.params["member"]) == address), None)
            evidence = tuple(entry for entry in (joined, line) if entry is not None)
            if (http, https) == ("-1", "-1"):
                yield Reason(
                    kind="admitted_without_ports", weight=82, nodes=(name, life.node), evidence=evidence,
                    text=f"{life.node} found {name} by a health check before its JOIN, without ports, and gave it up",
                    or_else=f"{name} may have no HTTP transport at all.", rules=("WKA108",),
                    next_look=f"Restart {life.node}, or take {name} out of its list of well-known members.",
                )  # fmt: skip
                continue
            yield Reason(
                kind="http_never_opens", weight=96, nodes=(name, life.node), evidence=evidence,
                text=f"the HTTP ports of {name} ({http} and {https}) never opened for {life.node}: "
                "it is a member and gets no requests",
                rules=("WKA108", "WKA122"), scenario="faults/f08-http-port-closed",
                or_else="A firewall between the two looks the same.",
                next_look=f"Does {host}:{http} accept connections from {life.node}? Did its transports start?",
            )  # fmt: skip


def _never_served(story: Story) -> Iterator[Reason]:
    """Somebody joined the group of a load balancer with sub-domains, which then neither admitted nor refused it."""
    for life in story.lives:
        parts = [line for line in life.all("managing_domain") if line.params["sub_domain"] != _WITHOUT]
        tried = [str(line.params["axis2"]) for line in life.all(*_TRIED)]
        told: set[str] = set()
        for line in life.all("joined_group") if parts else ():
            address = address_of(line.params["member"])
            host, _, port = address.rpartition(":")
            known = any(f"Host:{host}," in axis2 and f" Port: {port}," in axis2 for axis2 in tried)
            long_ago = line.time and life.end and life.end - line.time > _ADMITTED_WITHIN
            gone = any(address_of(left.params["member"]) == address for left in life.all("member_left"))
            if known or gone or not long_ago or address in told or address == life.address:
                continue
            told.add(address)
            name = story.name(address)
            served = ", ".join(str(part.params["sub_domain"]) for part in parts)
            yield Reason(
                kind="never_served", weight=83, nodes=(name, life.node), evidence=(line, *parts[:4]),
                text=f"{name} joined the group and gets no requests: {life.node} serves the sub-domains {served}, "
                "and has not added it to any of these",
                rules=("WKA107",), scenario="faults/f07-sub-domain-missing",
                next_look=f"Look for the property subDomain in axis2.xml of {name}, and how it is spelt.",
            )  # fmt: skip


def _restarts(story: Story) -> Iterator[Reason]:
    for node in story.nodes:
        restarts = [
            (before, after)
            for before, after in pairwise(story.of(node))
            if after.started is not None or after.first("cluster_domain") is not None
        ]
        if len(restarts) > _ONE_BY_ONE:
            yield _often_restarted(story, node, [after for _, after in restarts])
            continue
        for before, after in restarts:
            stopped = before.last("stopping_channel")
            how = "stopped and started again" if stopped is not None else "restarted without a clean stop"
            seen = _seen_leaving(story, before, after)
            begin = story.begin(after)
            when = f" at {begin:%H:%M:%S}" if begin is not None else ""
            text = f"{node} was {how}{when}"
            if seen:
                text += f"; {', '.join(dict.fromkeys(life.node for life, _ in seen))} saw it leave"
            first = after.started or after.lines[0]
            yield Reason(
                kind="restart", weight=50, nodes=(node,), fault=False, text=text,
                evidence=(*(line for _, line in seen[:3]), first), scenario="kill-and-restart",
            )  # fmt: skip
            yield from _unnoticed(story, before, after)
            yield from _other_port(story, before, after)


def _often_restarted(story: Story, node: str, lives: list[Life]) -> Reason:
    """Many restarts in one sentence, with how many of these starts found nobody and how many were never ready."""
    begun = [time for life in lives if (time := story.begin(life)) is not None]
    when = f" between {begun[0]:%Y-%m-%d %H:%M} and {begun[-1]:%Y-%m-%d %H:%M}" if begun else ""
    lonely = sum(life.first("no_members") is not None for life in lives)
    unready = sum(life.completed is None for life in lives)
    text = f"{node} was started again {len(lives) + story.left_out.get(node, 0)} times{when}"
    of = f" of {len(lives)}" if node in story.left_out else ""
    text += f"; {lonely}{of} times it found nobody" if lonely else ""
    text += f"; {unready}{of} times it was never ready" if unready else ""
    return Reason(
        kind="restart", weight=56, nodes=(node,), fault=False, text=text,
        evidence=tuple(life.started or life.lines[0] for life in (lives[0], lives[-1])), scenario="kill-and-restart",
        next_look=f"Look at the end of each life of {node}: wkasim logs lists them.",
    )  # fmt: skip


def _other_port(story: Story, before: Life, after: Life) -> Iterator[Reason]:
    """A node that came back on another port; whoever lists the old one looks for it in vain."""
    old, new = before.address, after.address
    if old is None or new is None or old == new or old.rpartition(":")[0] != new.rpartition(":")[0]:
        return
    listing = [
        (life.node, line)
        for life in story.lives
        if life.node != after.node
        for line in life.all("static_member_added", "static_member_unreachable")
        if address_of(line.params["member"]) == old
    ]
    names = ", ".join(dict.fromkeys(name for name, _ in listing))
    own = tuple(line for life in (before, after) if (line := life.first("local_member")) is not None)
    yield Reason(
        kind="back_on_another_port", weight=88 if listing else 56, nodes=(after.node,), fault=bool(listing),
        text=f"{after.node} came back as {new}, before it was {old}" + (f", which {names} lists" if names else ""),
        evidence=(*own, *(line for _, line in listing[-2:])), rules=("WKA112", "WKA102", "WKA103"),
        scenario="faults/f12-back-on-another-port",
        or_else="Its configuration may have been changed between the two starts.",
        next_look=f"Is localMemberPort written, and which process has port {old.rpartition(':')[2]} there?",
    )  # fmt: skip


def _seen_leaving(story: Story, before: Life, after: Life | None) -> list[tuple[Life, LogLine]]:
    """The lives that saw the end of a life, with the lines."""
    end, begin = story.end(before), story.begin(after) if after is not None else None
    found = []
    for life in story.lives:
        for line in life.all("member_left"):
            time = story.time(life.node, line.time)
            late = begin is not None and time is not None and time > begin
            early = end is not None and time is not None and time < end - timedelta(seconds=1)
            if address_of(line.params["member"]) == before.address and not late and not early:
                found.append((life, line))
                break
    return found


def _unnoticed(story: Story, before: Life, after: Life) -> Iterator[Reason]:
    """A restart that somebody who knew the node did not notice."""
    ended, begin = story.end(before), story.begin(after)
    if ended is None or begin is None or before.address is None:
        return
    blind = []
    for life in story.lives:
        if life.node == before.node or before.address not in life.known():
            continue
        first, last = story.begin(life), story.end(life)
        if first is None or last is None or first > ended or last < begin:
            continue
        known_at = story.time(life.node, life.known()[before.address].time)
        if known_at is not None and known_at > ended:
            continue
        if not any(seen is life for seen, _ in _seen_leaving(story, before, after)):
            blind.append(life)
    if not blind:
        return
    names = ", ".join(life.node for life in blind)
    yield Reason(
        kind="unnoticed_leave", weight=55, nodes=(before.node, *(life.node for life in blind)), fault=False,
        text=f"nobody told {names} that {before.node} was gone: no line says that it left, before it was back",
        evidence=(before.lines[-1], after.started or after.lines[0]), scenario="faults/f11-leave-unnoticed",
        or_else="It was gone for less than a health check takes, 5 s, or packets were lost without an answer.",
    )  # fmt: skip


def _stopped(story: Story) -> Iterator[Reason]:
    """Somebody left and did not come back."""
    for life in story.last_lives():
        if life.address is None:
            continue
        leaves = []
        for other in story.last_lives():
            left = [line for line in other.all("member_left") if address_of(line.params["member"]) == life.address]
            if left and life.address not in final_members(story, other):
                leaves.append((other, left[-1]))
        if not leaves:
            continue
        stopping = life.last("stopping_channel")
        times = [time for other, line in leaves if (time := story.time(other.node, line.time)) is not None]
        spread = (max(times) - min(times)).total_seconds() if times else 0.0
        how = "was stopped" if stopping is not None else "was killed, hangs, or was cut off"
        slow = "; the others noticed one after another, as with packets lost silently" if spread > 60 else ""
        machine = _machine_gone(story, life, leaves) if stopping is None else ""
        yield Reason(
            kind="left", weight=52, nodes=(life.node,), fault=False,
            text=f"{life.node} {how} and did not come back{slow}{machine}",
            evidence=(*((stopping,) if stopping is not None else ()), *(line for _, line in leaves[:4])),
            or_else=_MACHINE if machine else "" if stopping is not None else _LOOK_ALIKE,
            next_look="" if stopping is not None else f"Look at the end of the log of {life.node}, and at its machine.",
        )  # fmt: skip


def _machine_gone(story: Story, life: Life, leaves: list[tuple[Life, LogLine]]) -> str:
    """Who left the same observers from the same machine not long before or after."""
    host = str(life.address).rpartition(":")[0]
    found: dict[str, float] = {}
    for observer, line in leaves:
        for other in observer.all("member_left"):
            address = address_of(other.params["member"])
            if address == life.address or address.rpartition(":")[0] != host or not (line.time and other.time):
                continue
            apart = (other.time - line.time).total_seconds()
            if abs(apart) < _MACHINE_WITHIN_S:
                found.setdefault(story.name(address), apart)
    parts = [f"{name} {abs(apart):.0f} s {'before' if apart < 0 else 'later'}" for name, apart in found.items()]
    return f"; from the same machine, {host}, there left {', '.join(parts)}" if parts else ""


def _flapping(story: Story) -> Iterator[Reason]:
    by_address: dict[str, list[LogLine]] = {}
    for life in story.lives:
        leaves: dict[str, list[LogLine]] = {}
        for line, what, address in life.changes():
            if what == "left":
                leaves.setdefault(address, []).append(line)
        for address, lines in leaves.items():
            if len(lines) > len(by_address.get(address, [])):
                by_address[address] = lines
    for address, lines in by_address.items():
        if len(lines) < _FLAPS:
            continue
        starts = [life for life in story.lives if life.address == address and life.started is not None]
        restarted = len(starts) > len(lines) // 2
        name = story.name(address)
        why = "it was restarted as often" if restarted else "its own log shows no restart" if starts else ""
        yield Reason(
            kind="flapping", weight=78, nodes=(name,), evidence=(*lines[:2], lines[-1]), fault=not restarted,
            text=f"{name} left and came back {len(lines)} times{': ' + why if why else ''}",
            or_else="" if starts else "Restarts, a full connection backlog, or a network that fails now and then.",
            next_look=f"Look at the log of {name} at these times: Initializing cluster... means a restart.",
            scenario="faults/f11-leave-unnoticed",
        )  # fmt: skip


def _endless_election(story: Story) -> Iterator[Reason]:
    """A token that goes round for ever is noticed only by who fails to hand it on (docs/invariants.md)."""
    for life in story.last_lives():
        failed: dict[str, list[LogLine]] = {}
        for line in life.all("election_send_failed"):
            if (found := _TRIBES.search(str(line.params["tribes"]))) is not None:
                ip = ".".join(str(int(part) % 256) for part in re.split(r"[,.]\s*", found[1]))
                failed.setdefault(f"{ip}:{found[2]}", []).append(line)
        for address, lines in failed.items():
            if len(lines) < _ELECTIONS:
                continue
            name = story.name(address)
            yield Reason(
                kind="endless_election", weight=84, nodes=(life.node, name), evidence=(lines[0], lines[-1]),
                text=f"an election does not end: {life.node} still lists {name} and fails to hand its token to it, "
                "round after round",
                or_else=f"{name} is there, but hangs, or its port belongs to another program.",
                next_look=f"Restart {life.node}: a member that its failure detector never met stays in its list.",
                scenario="found/endless-election",
            )  # fmt: skip


def _missing(story: Story) -> Iterator[Reason]:
    missing = missing_members(story)
    last = {life.node: life for life in story.last_lives()}
    lonely = {node: others for node, others in missing.items() if not _explained(last[node], others, last)}
    if not lonely:
        return
    parts = [f"{node} misses {', '.join(others)}" for node, others in lonely.items()]
    evidence = tuple(line for node in lonely if (line := last[node].first("local_member")) is not None)
    yield Reason(
        kind="split_view", weight=86, nodes=tuple(lonely), evidence=evidence, text=f"views differ: {'; '.join(parts)}",
        rules=("WKA113", "WKA104"), scenario="faults/f13-split-and-healed",
        or_else="A node that was learnt of by a list that this code does not log would be missing here as well."
        if all(life.first("member_list_trying") is None for life in last.values()) else "",
        next_look="Nobody sends a second JOIN: restart one of those that miss each other.",
    )  # fmt: skip


def _explained(life: Life, others: list[str], last: dict[str, Life]) -> bool:
    """Whether the node saw all of them leave, which is no split."""
    left = {address_of(line.params["member"]) for line in life.all("member_left")}
    return all(last[other].address in left for other in others)
