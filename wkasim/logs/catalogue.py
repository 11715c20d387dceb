"""The catalogue of log lines: each line of the real system is one entry.

Because rendering, parsing, checking and explaining share the entry they cannot disagree. The table itself is
in the ``entries_*`` modules; here are the lookups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from attrs import evolve

from wkasim.logs.entries_balancer import BALANCER
from wkasim.logs.entries_configuration import CONFIGURATION, DATABASE
from wkasim.logs.entries_membership import MEMBERSHIP
from wkasim.logs.entries_start import START
from wkasim.logs.entries_tribes import TRIBES
from wkasim.logs.entry import ALL_PROFILES, Entry, Visibility

__all__ = [
    "ALL_PROFILES",
    "ENTRIES",
    "Entry",
    "Params",
    "Value",
    "Visibility",
    "match",
    "placeholders",
    "render",
]

Value: TypeAlias = str | int
Params: TypeAlias = Mapping[str, Value]

GROUPS: Final[Mapping[str, tuple[Entry, ...]]] = {
    "configuration": CONFIGURATION,
    "database": DATABASE,
    "start": START,
    "membership": MEMBERSHIP,
    "tribes": TRIBES,
    "balancer": BALANCER,
}

ENTRIES: Final[Mapping[str, Entry]] = MappingProxyType(
    {entry.event: evolve(entry, group=group) for group, entries in GROUPS.items() for entry in entries}
)
"""Every entry by its event name, in the order of a node's life."""

# A host may be masked by whoever publishes a log (xxx.xxx.xxx.206), so it need not be four numbers.
_HOST = r"[\w.\-]+"
_WHOLE = r"-?(?:0|[1-9][0-9]*)"
_PATTERNS: Final[Mapping[str, str]] = {
    "member": rf"{_HOST}:{_WHOLE}\(.*?\)",
    "address": rf"[^\s/]*/[^\s/]+:{_WHOLE}",
    "tribes": r"[\w.]*Member(?:Impl)?\[.*\]",
    "axis2": r"Host:.*?, (?:Active|ACTIVE):\w+",
    "destination": r"tcp://.+?",
    "host": r"[^\s:]*",
    "enabled": r"enabled|disabled",
    "answer": r"true|false",
    "command": r"\w+",
    "version": r"[0-9]\S*",
}
_NUMBERS: Final = frozenset({"index", "port", "last", "code", "seconds"})
"""Placeholders whose values are whole numbers."""


class _Reader(NamedTuple):
    """How one wording of one entry is recognised; ``prefix`` sorts out most lines cheaply."""

    entry: Entry
    prefix: str
    exact: re.Pattern[str]
    tolerant: re.Pattern[str]
    numbers: tuple[str, ...]


@cache
def placeholders(template: str) -> tuple[str, ...]:
    """The names of a template's placeholders, in their order."""
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name)


def render(entry: Entry | str, params: Params) -> str:
    """The message of a log line, without level and class.

    Raises KeyError, naming event and parameter, for an unknown event and for a missing parameter.
    """
    if isinstance(entry, str):
        if entry not in ENTRIES:
            raise KeyError(f"no log line is called {entry!r}")
        entry = ENTRIES[entry]
    try:
        return entry.template.format_map(params)
    except KeyError as missing:
        raise KeyError(f"log line {entry.event!r} needs the parameter {missing.args[0]!r}") from None


def match(component: str, message: str) -> tuple[Entry, dict[str, Value]] | None:
    """The entry of a message that a class printed, and its parameters; None if the catalogue has none.

    ``component`` is the last part of the class name. A missing or additional blank at the end and a missing
    final full stop are forgiven, if nothing matches exactly.
    """
    fixed, readers = _readers().get(component, _NOTHING)
    entry = fixed.get(message)
    if entry is not None:
        return entry, {}
    for reader in readers:
        if message.startswith(reader.prefix) and (found := reader.exact.fullmatch(message)):
            return reader.entry, _values(reader, found)
    trimmed = message.rstrip()
    for reader in readers:
        if trimmed.startswith(reader.prefix.rstrip(" .")) and (found := reader.tolerant.fullmatch(trimmed)):
            return reader.entry, _values(reader, found)
    return None


_Readers: TypeAlias = tuple[Mapping[str, Entry], tuple[_Reader, ...]]
_NOTHING: Final[_Readers] = ({}, ())


@cache
def _readers() -> Mapping[str, _Readers]:
    """Per component: the messages without placeholders, and the readers of all, the most literal text first.

    Where two wordings fit one message the one with more literal text wins, then the one whose event comes
    first in the alphabet.
    """
    found: dict[str, list[tuple[str, Entry]]] = {}
    for entry in ENTRIES.values():
        for logger in (entry.logger, *entry.other_loggers):
            wordings = found.setdefault(logger.rpartition(".")[2], [])
            wordings.extend((template, entry) for template in (entry.template, *entry.variants))
    return {component: _component_readers(wordings) for component, wordings in found.items()}


def _component_readers(wordings: Iterable[tuple[str, Entry]]) -> _Readers:
    ordered = sorted(wordings, key=lambda wording: (-_literal_length(wording[0]), wording[1].event))
    fixed = {template: entry for template, entry in ordered if not placeholders(template)}
    return fixed, tuple(_reader(template, entry) for template, entry in ordered)


def _reader(template: str, entry: Entry) -> _Reader:
    prefix = next((literal for literal, _, _, _ in Formatter().parse(template)), "")
    numbers = tuple(name for name in placeholders(template) if name in _NUMBERS)
    tolerant = template.rstrip()
    stop = "(?:[.])?" if tolerant.endswith(".") else ""
    body = "".join(_pattern_parts(tolerant[:-1] if stop else tolerant))
    return _Reader(
        entry,
        prefix,
        re.compile("".join(_pattern_parts(template)), re.DOTALL),
        re.compile(body + stop, re.DOTALL),
        numbers,
    )


def _pattern_parts(template: str) -> Iterator[str]:
    for literal, name, _, _ in Formatter().parse(template):
        yield re.escape(literal)
        if name:
            yield f"(?P<{name}>{_WHOLE if name in _NUMBERS else _PATTERNS.get(name, '.*?')})"


def _values(reader: _Reader, found: re.Match[str]) -> dict[str, Value]:
    values: dict[str, Value] = dict(found.groupdict())
    for name in reader.numbers:
        values[name] = int(values[name])
    return values


def _literal_length(template: str) -> int:
    return sum(len(literal) for literal, _, _, _ in Formatter().parse(template))
