"""Reading a recording: a folder with ``timeline.txt``, which says what was done when, and one log per life of a node.

Of a log, only the time of its first line is needed to simulate: a node starts there, not when its process did, and how
long that took says how fast the machine was. The rest is read for scoring, and by :func:`read_logs` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from wkasim.errors import InputError
from wkasim.replay.timeline import Event, TimelineLine, day_clock_us, read_line

__all__ = ["Event", "Recording", "amiss", "read_logs", "read_recording"]

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_EVENTS: Final = 10_000
MAX_NODES: Final = 200
MAX_PROBLEMS: Final = 50
_FIRST_LINE: Final = re.compile(r"\[\d{4}-\d\d-\d\d (\d\d):(\d\d):(\d\d),(\d{3})\]", re.ASCII)
_DAY_US: Final = 24 * 3600 * 1_000_000
_USUAL_START_US: Final = 250_000
"""From the start of a process to its first line, on a machine at leisure. How much longer it takes says how loaded the
machine is: in the recordings, the steps that follow take longer by the same factor, within these limits."""
_SLOWNESS: Final = (0.55, 3.5)


@frozen(kw_only=True)
class Recording:
    """What was done, in order, and which hosts took part."""

    folder: Path
    events: tuple[Event, ...]
    privileged: bool = True
    hosts: tuple[str, ...] = field(default=())

    @property
    def end_us(self) -> int:
        """When the recording ended."""
        return self.events[-1].at_us

    @property
    def logs(self) -> dict[str, str]:
        """The log of every life, by name without its ending, and whose it is."""
        return {event.log.removesuffix(".log"): event.node for event in self.events if event.kind == "start"}


def read_recording(folder: Path) -> Recording:
    """Read the timeline and the time of the first line of every log; raises InputError with every problem found."""
    path = folder / "timeline.txt"
    events: list[Event] = []
    problems: list[str] = []
    starts: dict[str, int] = {}
    mentions: list[tuple[int, str]] = []
    privileged = True
    for number, text in enumerate(_read(path).split("\n"), 1):
        if not text.strip():
            continue
        try:
            line = read_line(text)
            event = line.event and _placed(folder, line, line.event, starts)
        except InputError as error:
            problems += [f"{path}:{number}: {problem}" for problem in error.problems]
            continue
        privileged = privileged and not line.unprivileged
        if event is None:
            continue
        events.append(event)
        if event.node:
            mentions.append((number, event.node))
        if event.kind == "start":
            starts[event.log] = number
    nodes = dict.fromkeys(event.node for event in events if event.kind == "start")
    problems += [
        f"{path}:{number}: node {node!r} is never started (started: {', '.join(nodes) or 'none'})"
        for number, node in mentions
        if node not in nodes and not problems
    ]
    if not problems:
        problems += _too_much(path, events, len(nodes))
    if problems:
        more = len(problems) - MAX_PROBLEMS
        raise InputError(*problems[:MAX_PROBLEMS], *([f"{path}: and {more} more problems"] if more > 0 else []))
    return _complete(folder, events, privileged)


def _too_much(path: Path, events: list[Event], nodes: int) -> Iterator[str]:
    if not nodes:
        yield f"{path}: no node is started in it"
    if nodes > MAX_NODES:
        yield f"{path}: {nodes} nodes are started in it; {MAX_NODES} is the limit"
    if len(events) > MAX_EVENTS:
        yield f"{path}: {len(events)} actions stand in it; {MAX_EVENTS} is the limit"


def _placed(folder: Path, line: TimelineLine, event: Event, starts: dict[str, int]) -> Event:
    """The event; a start at the first line of its log, if there is one, and else a JVM's start after the line."""
    if event.kind != "start":
        return event
    assert event.config is not None
    if event.log in starts:
        raise InputError(f"{event.log} is already the log of the start in line {starts[event.log]}; name another one")
    first_us = _first_line_us(folder, event.log)
    if first_us is None:
        return event
    later_us = max(0, (first_us - line.clock_us + _DAY_US // 2) % _DAY_US - _DAY_US // 2)
    slowness = min(max(later_us / _USUAL_START_US, _SLOWNESS[0]), _SLOWNESS[1])
    config = evolve(event.config, start_delay_s=0.0, slowness=slowness)
    return evolve(event, at_us=event.at_us + later_us, config=config)


def _complete(folder: Path, events: list[Event], privileged: bool) -> Recording:
    """Put the events in their order; a recording without an end ends with its last action."""
    ordered = sorted(events, key=lambda event: event.at_us)
    end = next((index for index, event in enumerate(ordered) if event.kind == "end"), None)
    if end is None:
        ordered.append(Event(at_us=ordered[-1].at_us, kind="end"))
        end = len(ordered) - 1
    hosts = dict.fromkeys(event.config.host for event in ordered if event.config is not None)
    return Recording(folder=folder, events=tuple(ordered[: end + 1]), privileged=privileged, hosts=tuple(hosts))


def _first_line_us(folder: Path, log: str) -> int | None:
    """The time of day of a log's first line; None if there is no log, or no time in it."""
    path = folder / log
    try:
        if not path.is_file():
            return None
        _refuse_outside(folder, path)
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            found = _FIRST_LINE.match(file.readline(4096))
    except OSError as error:
        raise InputError(f"{log} cannot be read: {error.strerror}") from None
    return None if found is None else day_clock_us(found)


def _refuse_outside(folder: Path, path: Path) -> None:
    """A recording may come from anybody; a link in it must not show what lies beside it. Raises InputError."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{path}: a link out of the recording's folder is not followed; put the file itself there")


def _read(path: Path) -> str:
    try:
        _refuse_outside(path.parent, path)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB; this is no recording")
        if not path.is_file():
            raise InputError(f"{path}: not a file; a recording is a folder with a timeline.txt and NAME.log files")
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise InputError(f"{path}: {reason}; a recording is a folder with a timeline.txt") from None


def read_logs(recording: Recording) -> Iterator[tuple[str, str]]:
    """The name, without its ending, and the text of every log in the folder; raises InputError if there is none."""
    paths = sorted(recording.folder.glob("*.log"))
    if not paths:
        raise InputError(f"{recording.folder}: there is no NAME.log in it, so there is nothing to compare with")
    for path in paths:
        yield path.stem, _read(path)


def amiss(recording: Recording) -> Iterator[str]:
    """What is odd about the logs in the folder, though the recording can be replayed: missing ones and strangers."""
    named, there = recording.logs, {path.stem for path in recording.folder.glob("*.log")}
    for name in named:
        if name not in there:
            yield f"{recording.folder / name}.log is not there; all lines of the simulated log count as extra"
    for name in sorted(there - set(named)):
        yield f"{recording.folder / name}.log is no log of a node that is started; all its lines count as missing"
