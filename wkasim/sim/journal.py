"""The journal: everything that happened in a run, as one typed, time-stamped record after another.

It is the truth about a run. Logs, diagrams, invariants, coverage and the fingerprint are views of it. A record is a
plain tuple of atoms ``(time_us, kind, node, life, *fields)``; what the fields are is fixed per kind in
:data:`FIELDS`. Tuples of atoms cost a fifth of what objects cost, and the garbage collector leaves them alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any, Final, Protocol, TypeAlias

__all__ = ["FIELDS", "JOURNAL_VERSION", "Deferred", "Journal", "Record", "read_journal", "record_as_dict"]

JOURNAL_VERSION: Final = 1
"""Raised when the meaning of a record changes; a reader refuses what it does not know."""

Record: TypeAlias = tuple[Any, ...]

_NOTE: Final = 5
"""How many places of the list of notes one note takes."""

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    # One log line: catalogue event, its class, its level, and key, value, key, value ...
    "log": ("event", "component", "level", "params"),
    # A message handed to the network, delivered, or lost. `id` is the same in all records of one message;
    # `detail` says what is in it (addresses of members, the reply's text).
    "send": ("id", "message", "to", "detail"),
    "deliver": ("id", "message", "from"),
    "drop": ("id", "message", "to", "reason"),
    # A TCP connection that could not be made: refused, timed out, unreachable.
    "connect": ("to", "outcome"),
    # The node's own state: starting, waiting, initialised, stopped, failed, paused, resumed.
    "state": ("state", "detail"),
    # The node's member list: added or removed, and how it came to know (join, member_list, event, ...).
    "view": ("change", "member", "cause"),
    # The load balancer's group: admitted, dismissed or rejected.
    "group": ("change", "member", "domain", "sub_domain"),
    # A socket the node opened or closed: cluster, http, https.
    "socket": ("change", "purpose", "address"),
    # A periodic thread woke: heartbeat or ping.
    "timer": ("timer",),
    # A step of the scenario or a fault, node is empty unless it concerns one; params as in log.
    "step": ("step", "params"),
    # A client's request, when its answer is known. The record's node is the one that was asked; `number` counts the
    # requests of one step, `status` is 0 if nobody answered, `by` the node that did, `detail` what went wrong.
    "request": ("request", "number", "host", "path", "status", "by", "took_us", "detail"),
    # A request that the load balancer gave to a member: a status, or the code of the fault.
    "forward": ("host", "path", "to", "outcome"),
}


class Deferred(Protocol):
    """What can write a record of itself when somebody wants to read it."""

    def as_record(self, time_us: int, number: int, label: str, detail: str | None) -> Record:
        """The finished record."""


class Journal:
    """Records in the order in which they happened.

    Almost all are of messages, and nobody may ever read them, so these two are notes at first: :attr:`note` is the hot
    path, and takes ``(time_us, who, number, label, detail)``, from which ``who.as_record`` makes a record later.
    Nothing is rendered or checked there. All notes lie in one flat list, for a tuple each would cost as much again.
    """

    __slots__ = ("_notes", "_records", "note")

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._notes: list[Any] = []
        self.note: Callable[[tuple[int, Deferred, int, str, str | None]], None] = self._notes.extend

    @property
    def records(self) -> list[Record]:
        """All records up to now."""
        notes = self._notes
        if notes:
            append = self._records.append
            for at in range(0, len(notes), _NOTE):
                time_us, who, number, label, detail = notes[at : at + _NOTE]
                append(label if who is None else who.as_record(time_us, number, label, detail))
            notes.clear()
        return self._records

    def append(self, record: Record) -> None:
        """Add a finished record."""
        if self._notes:
            self._notes.extend((0, None, 0, record, None))
        else:
            self._records.append(record)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self._records) + len(self._notes) // _NOTE

    def of_kind(self, *kinds: str) -> Iterator[Record]:
        """The records of these kinds, in order."""
        return (record for record in self.records if record[1] in kinds)

    def lines(self) -> Iterator[str]:
        """The journal as JSON Lines, header first, without line ends."""
        yield json.dumps({"wkasim_journal": JOURNAL_VERSION})
        for record in self.records:
            yield json.dumps(record, separators=(",", ":"))

    def write(self, file: IO[str]) -> None:
        """Write the journal as JSON Lines."""
        file.writelines(f"{line}\n" for line in self.lines())

    def fingerprint(self) -> str:
        """SHA-256 over the written form; equal fingerprints mean equal runs."""
        digest = hashlib.sha256()
        for line in self.lines():
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()


def read_journal(lines: Iterable[str], name: str = "journal") -> Journal:
    """Read what :meth:`Journal.write` wrote; raises InputError naming the first bad line and the way out."""
    from wkasim.errors import InputError

    journal = Journal()
    iterator = iter(lines)
    try:
        header = json.loads(next(iterator, ""))
        version = header["wkasim_journal"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{name}:1: not a wkasim journal (its first line names the journal's version)") from None
    if version != JOURNAL_VERSION:
        raise InputError(f"{name}:1: journal version {version!r}; this wkasim reads {JOURNAL_VERSION}: run it again")
    last = 0
    for number, line in enumerate(iterator, 2):
        record = _parse_record(line, f"{name}:{number}")
        if record[0] < last:
            raise InputError(f"{name}:{number}: time runs back from {last} to {record[0]} us; the file was edited")
        last = record[0]
        journal.append(record)
    return journal


def record_as_dict(record: Record) -> dict[str, Any]:
    """One record with its fields by name."""
    named = dict(zip(("time_us", "kind", "node", "life"), record[:4], strict=True))
    named.update(zip(FIELDS[record[1]], record[4:], strict=True))
    return named


def _parse_record(line: str, place: str) -> Record:
    from wkasim.errors import InputError

    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(f"{place}: not JSON; the journal is cut off or damaged here") from None
    if not isinstance(raw, list) or len(raw) < 4 or not isinstance(raw[0], int) or not _is_kind(raw[1]):
        raise InputError(f"{place}: not a journal record: {line[:60]!r}")
    if len(raw) != 4 + len(FIELDS[raw[1]]):
        raise InputError(f"{place}: a {raw[1]!r} record has {len(FIELDS[raw[1]])} fields, found {len(raw) - 4}")
    return tuple(tuple(item) if isinstance(item, list) else item for item in raw)


def _is_kind(value: object) -> bool:
    return isinstance(value, str) and value in FIELDS
