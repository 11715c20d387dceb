"""Reading a recording: a folder with ``timeline.txt``, which says what was done when, and one log per life of a node.

Each line of the timeline is a wall clock, ``t+`` seconds since the beginning, and an action:

    12:25:25.614 t+   0.002 START elb log=elb.log domain=D host=127.1.0.206 port=4000 http=8290 gm=D wka=127.1.0.206:4001

Of a log, only the time of its first line is needed to simulate: a node starts there, not when its process did. The
rest is read for scoring, and by :func:`read_logs` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from attrs import field, frozen

from wkasim.errors import InputError
from wkasim.node.config import Group, NodeConfig

__all__ = ["Event", "Recording", "read_logs", "read_recording"]

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_LINE: Final = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3}) t\+ *(\d+\.\d+) (.*)")
_FIRST_LINE: Final = re.compile(r"\[\d{4}-\d\d-\d\d (\d\d):(\d\d):(\d\d),(\d{3})\]")
_HOST: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")
_ORDINARY_USER: Final = re.compile(r"\b(unprivileged|ordinary) user\b")
_DAY_US: Final = 24 * 3600 * 1_000_000

Kind = Literal["start", "ready", "kill", "terminate", "pause", "resume", "cut", "heal", "dump", "end"]

_NODE_ACTIONS: Final[Mapping[str, Kind]] = {
    "READY": "ready",
    "KILL-9": "kill",
    "SIGTERM": "terminate",
    "SIGSTOP": "pause",
    "SIGCONT": "resume",
}


@frozen(kw_only=True)
class Event:
    """One action of the timeline, ``at_us`` after its beginning."""

    at_us: int
    kind: Kind
    node: str = ""
    host: str = ""
    config: NodeConfig | None = None
    log: str = ""


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
    def logs(self) -> tuple[str, ...]:
        """The log files of all lives."""
        return tuple(dict.fromkeys(event.log for event in self.events if event.kind == "start"))


def read_recording(folder: Path) -> Recording:
    """Read the timeline and the time of the first line of every log; raises InputError."""
    path = folder / "timeline.txt"
    events: list[Event] = []
    problems: list[str] = []
    privileged = True
    for number, line in enumerate(_read(path).splitlines(), 1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            problems.append(f"{path}:{number}: not a line of a timeline: {line[:60]!r}")
            continue
        words = found[6].split()
        if words[0] == "NOTE" and _ORDINARY_USER.search(found[6]):
            privileged = False
        try:
            event = _event(folder, words, _clock_us(found), round(float(found[5]) * 1e6))
        except (ValueError, InputError) as error:
            problems.append(f"{path}:{number}: {error}")
        else:
            if event is not None:
                events.append(event)
    if not problems and not any(event.kind == "start" for event in events):
        problems.append(f"{path}: no node is started in it")
    if problems:
        raise InputError(*problems)
    return _complete(folder, events, privileged)


def _complete(folder: Path, events: list[Event], privileged: bool) -> Recording:
    ordered = sorted(events, key=lambda event: event.at_us)
    if ordered[-1].kind != "end":
        ordered.append(Event(at_us=ordered[-1].at_us, kind="end"))
    end = next(index for index, event in enumerate(ordered) if event.kind == "end")
    hosts = dict.fromkeys(event.config.host for event in ordered if event.config is not None)
    return Recording(folder=folder, events=tuple(ordered[: end + 1]), privileged=privileged, hosts=tuple(hosts))


def _event(folder: Path, words: list[str], clock_us: int, at_us: int) -> Event | None:
    match words:
        case ["START", node, *keys]:
            pairs = dict(key.split("=", 1) for key in keys)
            log = pairs.get("log", f"{node}.log")
            first_us = _first_line_us(folder, log)
            begins_us = at_us if first_us is None else at_us + (first_us - clock_us) % _DAY_US
            return Event(at_us=begins_us, kind="start", node=node, config=_config(node, pairs), log=log)
        case ["NETWORK", "CUT" | "HEALED" as what, *rest]:
            host = _HOST.search(" ".join(rest))
            if host is None:
                raise ValueError("a NETWORK line names no host")
            return Event(at_us=at_us, kind="cut" if what == "CUT" else "heal", host=host[0])
        case [action, node, *_] if action in _NODE_ACTIONS:
            return Event(at_us=at_us, kind=_NODE_ACTIONS[action], node=node)
        case ["DUMP", *_]:
            return Event(at_us=at_us, kind="dump")
        case ["END;" | "END", *_]:
            return Event(at_us=at_us, kind="end")
    return None


def _config(node: str, pairs: Mapping[str, str]) -> NodeConfig:
    """A node as the START line has it."""
    groups = tuple(_group(text) for text in pairs.get("gm", "").split(",") if text)
    properties = dict(item.split("=", 1) for item in pairs.get("props", "").split(",") if item)
    sub_domain = properties.pop("subDomain", None)
    when = "after" if pairs.get("httpWhen") == "after" else "before"
    return NodeConfig(
        name=node,
        role="elb" if groups else "worker" if sub_domain == "worker" else "manager",
        host=pairs["host"],
        port=int(pairs["port"]) if "port" in pairs else None,
        domain=pairs.get("domain", "apache.axis2.domain"),
        sub_domain=sub_domain,
        properties=properties,
        groups=groups,
        http_port=int(pairs["http"]) if "http" in pairs else None,
        https_port=int(pairs["https"]) if "https" in pairs else None,
        open_http="never" if pairs.get("noopen") == "true" else when,  # type: ignore[arg-type]
        well_known_members=tuple(_endpoint(text) for text in pairs.get("wka", "").split(",") if text),
        start_delay_s=0.0,
    )


def _group(text: str) -> Group:
    domain, _, sub_domain = text.partition("/")
    return Group(domain, sub_domain) if sub_domain else Group(domain)


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _first_line_us(folder: Path, log: str) -> int | None:
    """The time of day of a log's first line; None if there is no log."""
    path = folder / log
    if Path(log).name != log:
        raise ValueError(f"log={log!r} leaves the recording's folder")
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace") as file:
        found = _FIRST_LINE.match(file.readline(4096))
    return None if found is None else _clock_us(found)


def _clock_us(found: re.Match[str]) -> int:
    hours, minutes, seconds, milliseconds = (int(found[index]) for index in range(1, 5))
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + milliseconds * 1000


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB; this is no recording")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; a recording is a folder with a timeline.txt") from None


def read_logs(recording: Recording) -> Iterator[tuple[str, str]]:
    """The name, without its ending, and the text of every log in the folder."""
    for path in sorted(recording.folder.glob("*.log")):
        yield path.stem, _read(path)
