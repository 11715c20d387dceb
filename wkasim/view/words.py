"""What a record says, in a few words: for drawings, and for the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from wkasim.sim.journal import Record
from wkasim.view.document import text_of
from wkasim.view.layout import duration_text
from wkasim.view.story import Story

__all__ = ["line_words", "members_plain", "named"]

_PLACES: Final = ("first", "second", "third")
_PLAIN: Final = ("node", "nodes", "config", "sides", "state", "host", "name", "do", "message")
"""Values of a step that need no name."""
_GROUP: Final = {"admitted": "sends requests to", "dismissed": "no more requests to", "rejected": "refuses"}
# Every repetition is bounded: the text may be a hostile log line of a megabyte.
_TRIBES_MEMBER: Final = re.compile(
    r"(?:org\.apache\.catalina\.tribes\.membership\.)?MemberImpl"
    r"\[tcp://(\{[^{}]{1,40}\}|[^,:{}]{1,100}):(\d{1,5}),.{0,2000}?, \]"
)
"""How Tribes prints a member, all its bytes included; the address is what matters."""
_ADDRESS: Final = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3}:\d{1,5})(?!\d)(?:\([^()]{0,200}\))?")


def line_words(index: int, record: Record, owners: Mapping[str, str], story: Story) -> str:
    """One line about a record; ``owners`` are the nodes' names by address."""
    _, kind, node, _, *fields = record
    match kind:
        case "log":
            return text_of(record)
        case "view":
            return _view(index, fields[0], owners.get(fields[1], fields[1]), story)
        case "group":
            return f"{_GROUP.get(fields[0], fields[0])} {owners.get(fields[1], fields[1])}"
        case "state":
            return f"{fields[0]}: {fields[1]}" if fields[1] else str(fields[0])
        case "send":
            return f"{fields[1]} to {owners.get(fields[2], fields[2])}" + (f": {fields[3]}" if fields[3] else "")
        case "deliver":
            return f"{fields[1]} from {fields[2]} arrives"
        case "drop":
            return f"{fields[1]} to {owners.get(fields[2], fields[2])} is lost: {fields[3]}"
        case "connect":
            return f"no connection to {owners.get(fields[0], fields[0])}: {fields[1]}"
        case "step":
            return f"{str(fields[0]).replace('_', ' ')} {_values(fields[1]) or node}".strip()
        case "request":
            answer = f"{fields[4]} by {fields[5]}" if fields[4] else f"no answer {fields[7]}".strip()
            return f"request {fields[2]}{fields[3]}: {answer}"
        case "forward":
            return f"request {fields[1]} to {owners.get(fields[2], fields[2])}: {fields[3]}"
        case "timer":
            return f"{fields[0]} wakes"
    return " ".join(str(field) for field in (kind, *fields))


def named(text: str, owners: Mapping[str, str]) -> str:
    """The text with a node's name for its address, with or without domain, and for a member as Tribes prints it."""
    return _ADDRESS.sub(lambda found: owners.get(found[1], found[0]), members_plain(text))


def members_plain(text: str) -> str:
    """The text with no more than the address of each member that Tribes prints with all its bytes."""
    return _TRIBES_MEMBER.sub(lambda found: f"{_dotted(found[1])}:{found[2]}", text)


def _dotted(host: str) -> str:
    """``{127, 1, 0, 206}`` as ``127.1.0.206``; Tribes prints a byte above 127 as a negative number."""
    try:
        return ".".join(str(int(part) % 256) for part in host.strip("{}").split(","))
    except ValueError:
        return host


def _values(params: tuple[object, ...]) -> str:
    """What a step is done to or with; the values in ``_PLAIN`` stand alone, all others after their names."""
    pairs = zip(params[::2], params[1::2], strict=True)
    return ", ".join(
        str(value)
        if key in _PLAIN
        else f"{str(key).removesuffix('_s')} {value}{' s' if str(key).endswith('_s') else ''}"
        for key, value in pairs
    )


def _view(index: int, change: str, member: str, story: Story) -> str:
    if change == "added":
        told = story.tellers.get(index)
        return f"+ {member}" + (f" (told by {told[0]})" if told else "")
    noticed = story.noticed.get(index)
    if noticed is None:
        return f"− {member}"
    place, after_us = noticed
    ordinal = _PLACES[place - 1] if place <= len(_PLACES) else f"{place}th"
    return f"− {member} ({ordinal} to notice, after {duration_text(after_us)})"
