"""One line of a recording's timeline, as a value: a wall clock, ``t+`` seconds since the beginning, and an action.

    12:25:25.614 t+   0.002 START elb log=elb.log domain=D host=127.1.0.206 port=4000 gm=D wka=127.1.0.206:4001

Nothing here opens a file; what a line may hold is bounded, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Final, Literal, TypeVar

from attrs import frozen

from wkasim.errors import InputError
from wkasim.node.config import DEFAULT_DOMAIN, Group, NodeConfig, Role

__all__ = ["MAX_LENGTH_S", "Event", "Kind", "TimelineLine", "day_clock_us", "read_line"]

MAX_LENGTH_S: Final = 24 * 3600
"""The longest recording that is replayed."""

Kind = Literal["start", "ready", "kill", "terminate", "pause", "resume", "cut", "heal", "dump", "end"]

_LINE: Final = re.compile(r"(\d\d):(\d\d):(\d\d)\.(\d{3}) t\+ *(\d{1,6}\.\d{1,6}) +(\S.*)", re.ASCII)
_NAME: Final = re.compile(r"\w[\w.-]{0,99}")
_LOG: Final = re.compile(r"\w[\w.-]{0,99}\.log")
_WORD: Final = re.compile(r"[^\s,/:]{1,200}")
_NUMBER: Final = re.compile(r"\d{1,5}", re.ASCII)
_ORDINARY_USER: Final = re.compile(r"\b(unprivileged|ordinary) user\b")
_MAX_LIST: Final = 100

_NODE_ACTIONS: Final[Mapping[str, Kind]] = {
    "READY": "ready",
    "KILL-9": "kill",
    "SIGTERM": "terminate",
    "SIGSTOP": "pause",
    "SIGCONT": "resume",
}
_NO_ACTIONS: Final = ("WAIT", "NOTE", "NOT-READY", "EXITED", "===")
_KEYS: Final = (
    "log", "domain", "host", "port", "http", "https", "httpWhen", "noopen", "gm", "props", "wka",
)  # fmt: skip

T = TypeVar("T")


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
class TimelineLine:
    """What a line says: the time of day, the action if it is one, and whether it tells of an ordinary user."""

    clock_us: int
    event: Event | None
    unprivileged: bool = False


def read_line(line: str) -> TimelineLine:
    """Read one line; raises InputError without the place."""
    found = _LINE.fullmatch(line.rstrip())
    if found is None:
        raise InputError(
            f"not a line of a timeline: {_shown(line)}; one begins with a clock and a time, as 12:25:25.614 t+ 0.002"
        )
    at_us = round(float(found[5]) * 1_000_000)
    if at_us > MAX_LENGTH_S * 1_000_000:
        raise InputError(f"t+ {found[5]} is more than a day after the beginning; recordings last {MAX_LENGTH_S} s")
    words = found[6].split()
    return TimelineLine(
        clock_us=day_clock_us(found),
        event=_event(words, at_us),
        unprivileged=words[0] == "NOTE" and _ORDINARY_USER.search(found[6]) is not None,
    )


def day_clock_us(found: re.Match[str]) -> int:
    """The time of day out of a match whose first groups are hours, minutes, seconds and milliseconds."""
    hours, minutes, seconds, milliseconds = (int(found[index]) for index in range(1, 5))
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + milliseconds * 1000


def _event(words: list[str], at_us: int) -> Event | None:
    match words:
        case ["START", node, *keys]:
            pairs = _pairs(keys)
            config = _config(_name(node), pairs)
            return Event(at_us=at_us, kind="start", node=node, config=config, log=_log(pairs.get("log", f"{node}.log")))
        case ["NETWORK", "CUT" | "HEALED" as what, *rest]:
            return Event(at_us=at_us, kind="cut" if what == "CUT" else "heal", host=_host_of(rest))
        case [action, node, *_] if action in _NODE_ACTIONS:
            return Event(at_us=at_us, kind=_NODE_ACTIONS[action], node=_name(node))
        case ["DUMP", *_]:
            return Event(at_us=at_us, kind="dump")
        case ["END" | "END;", *_]:
            return Event(at_us=at_us, kind="end")
        case [action, *_] if action in _NO_ACTIONS:
            return None
        case [action] if action in _NODE_ACTIONS or action == "START":
            raise InputError(f"{action} names no node")
    known = ", ".join(["START", *_NODE_ACTIONS, "NETWORK CUT", "NETWORK HEALED", "DUMP", *_NO_ACTIONS, "END"])
    raise InputError(f"unknown action {_shown(' '.join(words[:2]))} (known: {known})")


def _pairs(keys: list[str]) -> dict[str, str]:
    """The keys of a START line."""
    pairs: dict[str, str] = {}
    problems = []
    for word in keys:
        key, equals, value = word.partition("=")
        if not equals or key not in _KEYS:
            problems.append(f"unknown key {_shown(word)} (known: {', '.join(_KEYS)})")
        elif key in pairs:
            problems.append(f"{key}= stands twice")
        pairs[key] = value
    if problems:
        raise InputError(*problems)
    return pairs


def _config(node: str, pairs: Mapping[str, str]) -> NodeConfig:
    """A node as the START line has it; all that is wrong with it is said at once."""
    problems: list[str] = []

    def read(key: str, reader: Callable[[str], T], missing: T) -> T:
        try:
            return reader(pairs[key]) if key in pairs else missing
        except ValueError as error:
            problems.append(f"{key}={_shown(pairs[key])}: {error}")
            return missing

    if "host" not in pairs:
        problems.append("START without host=; a node needs an address")
    groups: tuple[Group, ...] = read("gm", _groups, ())
    properties: dict[str, str] = read("props", _properties, {})
    sub_domain = properties.pop("subDomain", None)
    config = NodeConfig(
        name=node,
        role=_role(groups, sub_domain),
        host=read("host", _host, "127.1.0.1"),
        port=read("port", _port_if_any, None),
        domain=read("domain", _domain, DEFAULT_DOMAIN),
        sub_domain=sub_domain,
        properties=properties,
        groups=groups,
        http_port=read("http", _port_if_any, None),
        https_port=read("https", _port_if_any, None),
        open_http="never" if read("noopen", _flag, False) else read("httpWhen", _when, "before"),
        well_known_members=read("wka", _endpoints, ()),
    )
    if problems:
        raise InputError(*problems)
    return config


def _role(groups: tuple[Group, ...], sub_domain: str | None) -> Role:
    if groups:
        return "elb"
    return "worker" if sub_domain == "worker" else "manager"


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise InputError(f"{_shown(text)} is no name of a node; letters, digits, '.', '-' and '_' make one")
    return text


def _log(text: str) -> str:
    if _LOG.fullmatch(text) is None:
        raise InputError(f"log={_shown(text)} is no log in the recording's own folder; write NAME.log")
    return text


def _host_of(words: list[str]) -> str:
    for word in words:
        try:
            return _host(word.lstrip("("))
        except ValueError:
            continue
    raise InputError("a NETWORK line names no host; it needs a dotted address")


def _host(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise ValueError("not a dotted address such as 127.1.0.206") from None


def _port_if_any(text: str) -> int | None:
    """A port; -1 is how the Java code writes that there is none."""
    return None if text == "-1" else _port(text)


def _port(text: str) -> int:
    if _NUMBER.fullmatch(text) is None or not 1 <= int(text) <= 65535:
        raise ValueError("not a port between 1 and 65535")
    return int(text)


def _domain(text: str) -> str:
    if _WORD.fullmatch(text) is None or not text.isascii() or not text.isprintable():
        raise ValueError("not a domain of at most 200 plain characters")
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


def _when(text: str) -> Literal["before", "after"]:
    if text == "after":
        return "after"
    if text == "before":
        return "before"
    raise ValueError("neither before nor after")


def _groups(text: str) -> tuple[Group, ...]:
    groups = []
    for item in _items(text):
        domain, slash, sub_domain = item.partition("/")
        groups.append(Group(_domain(domain), _domain(sub_domain)) if slash else Group(_domain(domain)))
    if len(set(groups)) < len(groups):
        raise ValueError("one group stands twice")
    return tuple(groups)


def _properties(text: str) -> dict[str, str]:
    properties: dict[str, str] = {}
    for item in _items(text):
        key, equals, value = item.partition("=")
        if not equals or not key or len(value) > 200 or not item.isascii():
            raise ValueError("not NAME=VALUE,NAME=VALUE")
        properties[key] = value
    return properties


def _endpoints(text: str) -> tuple[tuple[str, int], ...]:
    endpoints = []
    for item in _items(text):
        host, _, digits = item.rpartition(":")
        port = _port(digits)
        endpoints.append((_host(host), port))
    return tuple(endpoints)


def _items(text: str) -> list[str]:
    items = [item for item in text.split(",") if item]
    if len(items) > _MAX_LIST:
        raise ValueError(f"more than {_MAX_LIST} entries")
    return items


def _shown(text: str) -> str:
    """A piece of the text, safe to print."""
    return ascii(text if len(text) <= 60 else f"{text[:57]}...")
