"""Times that the protocol fixes, measured in the same way in recorded and in simulated logs.

Each kind of time has a window, and a sentence on where the window comes from. Both what was recorded and what is
simulated must lie in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from attrs import frozen

from wkasim.logs.formats import DEFAULT_START, LogFormat
from wkasim.logs.line import LogLine
from wkasim.logs.parser import parse_lines
from wkasim.replay.recording import Recording, read_logs
from wkasim.replay.simulation import SimulatedRun
from wkasim.replay.timeline import read_line

__all__ = ["WINDOWS", "History", "Window", "measured", "recorded_history", "simulated_history"]

Samples = Mapping[str, list[float]]


@frozen(kw_only=True)
class Happening:
    """Something done to a node, and when, in seconds."""

    at_s: float
    kind: str
    node: str


@frozen(kw_only=True)
class History:
    """A run, recorded or simulated: logs by name, whose they are, addresses, and what was done."""

    logs: Mapping[str, Sequence[tuple[float, LogLine]]]
    owners: Mapping[str, str]
    addresses: Mapping[str, str]
    happenings: Sequence[Happening]
    partitioned: bool
    hosts: Mapping[str, str]


@frozen(kw_only=True)
class Window:
    """One kind of time: its bounds in seconds, where it is looked for, and why the bounds are these."""

    name: str
    least_s: float
    most_s: float
    profiles: tuple[str, ...]
    why: str
    samples: Callable[[History], Iterable[float]]


def recorded_history(recording: Recording) -> History:
    """The recording itself; times are those of the day."""
    happenings = []
    for text in (recording.folder / "timeline.txt").read_text(encoding="utf-8").splitlines():
        line = read_line(text)
        if line.event is not None:
            happenings.append(Happening(at_s=line.clock_us / 1e6, kind=line.event.kind, node=line.event.node))
    logs = {}
    for name, text in read_logs(recording):
        lines = [line for line in parse_lines(text.splitlines(), name) if line.time is not None]
        logs[name] = [(_second_of_day(line), line) for line in lines]
    return _history(recording, logs, happenings)


def _second_of_day(line: LogLine) -> float:
    assert line.time is not None
    return line.time.hour * 3600 + line.time.minute * 60 + line.time.second + line.time.microsecond / 1e6


def simulated_history(recording: Recording, run: SimulatedRun) -> History:
    """A simulated run of the recording; times count from its beginning."""
    form = LogFormat("console", show_tribes_info=True)
    logs = {}
    for (node, life), name in run.logs.items():
        lines = form.log_lines(run.journal.records, node, life)
        logs[name] = [((line.time - DEFAULT_START).total_seconds(), line) for line in lines if line.time is not None]
    verbs = {"kill": "kill", "terminate": "terminate", "partition": "cut"}
    happenings = [
        Happening(at_s=record[0] / 1e6, kind=verbs[record[4]], node=record[2])
        for record in run.journal.of_kind("step")
        if record[4] in verbs
    ]
    return _history(recording, logs, happenings)


def _history(
    recording: Recording, logs: Mapping[str, Sequence[tuple[float, LogLine]]], happenings: Sequence[Happening]
) -> History:
    addresses, hosts = {}, {}
    for event in recording.events:
        if event.config is not None:
            addresses[event.node] = f"{event.config.host}:{event.config.port}"
            hosts[event.node] = event.config.host
    return History(
        logs=logs,
        owners=recording.logs,
        addresses=addresses,
        happenings=happenings,
        partitioned=any(happening.kind == "cut" for happening in happenings),
        hosts=hosts,
    )


def measured(history: History, profile: str) -> dict[str, list[float]]:
    """Every time that the run shows, by the name of its window."""
    return {
        window.name: [round(sample, 3) for sample in window.samples(history)]
        for window in WINDOWS
        if profile in window.profiles
    }


# What is measured


def _events(history: History, name: str, *events: str) -> list[tuple[float, LogLine]]:
    return [(at, line) for at, line in history.logs[name] if line.event in events]


def _first(lines: Iterable[tuple[float, LogLine]], since: float, address: str = "") -> float | None:
    return next((at for at, line in lines if at >= since and address in line.message), None)


def _detections(history: History) -> Iterator[float]:
    """From a node's end to the line of each other node that it left."""
    if history.partitioned:
        return
    for happening in history.happenings:
        if happening.kind in ("kill", "terminate"):
            for name, owner in history.owners.items():
                lines = _events(history, name, "member_left")
                found = _first(lines, happening.at_s, f"{history.addresses[happening.node]}(")
                if owner != happening.node and found is not None and found - happening.at_s < 60:
                    yield found - happening.at_s


def _silent_losses(history: History) -> Iterator[list[float]]:
    """Per node, from the cut to each line that a member on the other side left."""
    for cut in (happening for happening in history.happenings if happening.kind == "cut"):
        for name in history.owners:
            times = [at - cut.at_s for at, _ in _events(history, name, "member_left") if at > cut.at_s + 10]
            if times:
                yield times


def _admissions(history: History) -> Iterator[float]:
    """From `joined group` to `joined application cluster` of a member whose HTTP ports are open."""
    for name in history.owners:
        groups = _events(history, name, "joined_group")
        for at, line in _events(history, name, "application_member_joined"):
            address = _axis2_address(line)
            before = [time for time, group in groups if time <= at and f"{address}(" in group.message]
            if before:
                yield min((at - time for time in before), key=lambda wait: abs(wait - 10.0))


def _first_admissions(history: History) -> Iterator[float]:
    """From the first JOIN that a load balancer hears to the first admission."""
    for name in history.owners:
        joins = [at for at, _ in _events(history, name, "join_received")]
        ends = [at for at, _ in _events(history, name, "application_member_joined")]
        if joins and ends:
            yield ends[0] - joins[0]


def _admissions_apart(history: History) -> Iterator[float]:
    """From one admission to the next."""
    for name in history.owners:
        ends = [at for at, _ in _events(history, name, "application_member_joined")]
        yield from (later - one for one, later in pairwise(ends))


def _refusals(history: History) -> Iterator[float]:
    """From the JOIN or the refusal before to the line that a member which has ports could not be added."""
    for name in history.owners:
        known: dict[str, list[float]] = defaultdict(list)
        for at, line in _events(history, name, "join_received", "joined_group", "application_member_rejected"):
            rejected = line.event == "application_member_rejected"
            address = _axis2_address(line) if rejected else _address(line)
            if rejected and "HTTP:-1" not in line.message:
                yield min((at - time for time in known[address]), key=lambda wait: abs(wait - 30.0))
            known[address].append(at)


def _between(event: str, after: str = "") -> Callable[[History], Iterator[float]]:
    """From a line to the next of its kind, or to the next of another kind."""

    def samples(history: History) -> Iterator[float]:
        for name in history.owners:
            last = None
            for at, line in _events(history, name, event, after):
                if line.event == (after or event) and last is not None:
                    yield at - last
                last = at if line.event == event else None

    return samples


def _join_retries(history: History) -> Iterator[float]:
    """From a JOIN to the next one."""
    yield from _between("sending_join")(history)


def _quick_retries(history: History) -> Iterator[float]:
    yield from (wait for wait in _join_retries(history) if wait < 7)


def _slow_retries(history: History) -> Iterator[float]:
    yield from (wait for wait in _join_retries(history) if wait >= 7)


def _stalls(history: History) -> Iterator[float]:
    """From the open receiver to `Local Member`, where that took long and nothing ended it early."""
    yield from (wait for wait in _between("receiver_bound", "local_member")(history) if wait > 14.5)


def _starts(history: History) -> Iterator[float]:
    """The same, for all starts."""
    yield from _between("receiver_bound", "local_member")(history)


def _wait_rounds(history: History) -> Iterator[float]:
    """From one failed round to the next, of a node that waits for a well-known member."""
    for name in history.owners:
        by_member = defaultdict(list)
        for at, line in _events(history, name, "static_member_unreachable"):
            by_member[line.message].append(at)
        for times in by_member.values():
            # The first round of the loop follows the first look at once; silent hosts add their time-outs.
            yield from (later - one for one, later in pairwise(times[1:]) if later - one < 2.4)


def _silent_probes(history: History) -> Iterator[float]:
    """From the first of the time-outs of a silent well-known member to the line that gives it up."""
    for name in history.owners:
        first = None
        for at, line in history.logs[name]:
            if line.event == "static_member_error":
                first = at if first is None else first
            elif line.event == "static_member_unreachable":
                if first is not None:
                    yield at - first
                first = None


def _first_losses(history: History) -> Iterator[float]:
    yield from (times[0] for times in _silent_losses(history))


def _further_losses(history: History) -> Iterator[float]:
    for times in _silent_losses(history):
        yield from (later - one for one, later in pairwise(times))


def _address(line: LogLine) -> str:
    found = re.search(r"([\d.]+:\d+)\(", line.message)
    assert found is not None
    return found[1]


def _axis2_address(line: LogLine) -> str:
    found = re.search(r"Host:([\d.]+).*?, Port: (\d+)", line.message)
    assert found is not None
    return f"{found[1]}:{found[2]}"


BOTH: Final = ("axis2-1.7", "wso2-1.6.1")

WINDOWS: Final = (
    Window(
        name="detection of an ended node",
        least_s=0.0,
        most_s=5.5,
        profiles=BOTH,
        why="a heartbeat 5 s after the one before, each node with its own phase, and the probes of other members",
        samples=_detections,
    ),
    Window(
        name="admission in the background",
        least_s=9.99,
        most_s=11.2,
        profiles=("axis2-1.7",),
        why="a pause of 10 s after the ports could be reached, 1 s more for each round in which they could not",
        samples=_admissions,
    ),
    Window(
        name="first JOIN to the first admission",
        least_s=9.93,
        most_s=11.2,
        profiles=("wso2-1.6.1",),
        why="a pause of 10 s between two looks at the ports, 1 s more for each round in which they were closed; "
        "now and then a heartbeat has seen the member some milliseconds before its JOIN",
        samples=_first_admissions,
    ),
    Window(
        name="from one admission to the next",
        least_s=9.99,
        most_s=1000.0,
        profiles=("wso2-1.6.1",),
        why="the agent is locked while it admits: one member after another, 10 s each",
        samples=_admissions_apart,
    ),
    Window(
        name="refusal of a member whose ports stay closed",
        least_s=29.5,
        most_s=30.5,
        profiles=BOTH,
        why="30 rounds, 1 s apart",
        samples=_refusals,
    ),
    Window(
        name="JOIN again, nobody listens on the channel",
        least_s=5.0,
        most_s=5.6,
        profiles=BOTH,
        why="a pause of 5 s after an answer that came at once",
        samples=_quick_retries,
    ),
    Window(
        name="JOIN again, nobody answers",
        least_s=15.0,
        most_s=15.6,
        profiles=BOTH,
        why="10 s of waiting for replies and a pause of 5 s",
        samples=_slow_retries,
    ),
    Window(
        name="start, from the open receiver to Local Member",
        least_s=0.0,
        most_s=15.3,
        profiles=BOTH,
        why="milliseconds, or up to 15 s if the node waits for a coordination message",
        samples=_starts,
    ),
    Window(
        name="stall of a start that no message ended",
        least_s=15.0,
        most_s=15.3,
        profiles=BOTH,
        why="the coordinator waits 15 s",
        samples=_stalls,
    ),
    Window(
        name="round of the loop that waits for a well-known member",
        least_s=2.0,
        most_s=2.1,
        profiles=("wso2-1.6.1",),
        why="a pause of 2 s; connections are refused at once",
        samples=_wait_rounds,
    ),
    Window(
        name="silent well-known member, first to fifth time-out",
        least_s=1.9,
        most_s=2.2,
        profiles=BOTH,
        why="5 attempts of 0.5 s without a pause; the first is over when its line appears",
        samples=_silent_probes,
    ),
    Window(
        name="first peer lost without a word",
        least_s=132.9,
        most_s=141.0,
        profiles=("axis2-1.7",),
        why="the operating system gives a connection up after 133 to 135 s, and the check before was up to 5 s ago",
        samples=_first_losses,
    ),
    Window(
        name="each further peer lost without a word",
        least_s=135.0,
        most_s=138.0,
        profiles=("axis2-1.7",),
        why="members are probed one after another, and the system's timers are coarse",
        samples=_further_losses,
    ),
)
"""Every kind of time."""
