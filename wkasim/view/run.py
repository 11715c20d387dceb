"""What every view of a run is made from: the journal, who the nodes are, and what to say beside it.

A :class:`Run` is complete in itself. Whatever is known to be missing (a journal that was cut off, lines that nobody
can explain) is said in ``warnings``, which every view shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, field, frozen

from wkasim.errors import InputError
from wkasim.scenario.model import Question
from wkasim.sim.journal import FIELDS, Record

__all__ = ["Ghost", "Note", "Run", "ViewNode", "check_records", "nodes_in"]

_NUMBERS = {"id", "number", "status", "took_us"}
"""Fields of records that are whole numbers; ``params`` is a flat tuple, ``outcome`` may be either."""

_MOST_PROBLEMS = 5


@frozen
class ViewNode:
    """One lane. What only the scenario knows (role, well-known members) is empty for a bare journal."""

    name: str
    host: str = ""
    address: str = ""
    role: str = ""
    domain: str = ""
    well_known: tuple[str, ...] = ()


@frozen
class Note:
    """What is said at a moment of the run, and what is asked before it is said and before the run goes on."""

    time_us: int
    text: str = ""
    question: Question | None = None


@frozen
class Ghost:
    """A documented line that the run should have shown on a node and did not; ``time_us`` is where it belongs."""

    time_us: int
    node: str
    text: str


@frozen(kw_only=True)
class Run:
    """One run of a cluster, ready to be shown."""

    title: str
    nodes: tuple[ViewNode, ...]
    records: Sequence[Record] = field(repr=False)
    description: str = ""
    profile: str = ""
    seed: int | None = None
    notes: tuple[Note, ...] = ()
    ghosts: tuple[Ghost, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def end_us(self) -> int:
        """The time of the last record."""
        return int(self.records[-1][0]) if self.records else 0

    def at_most(self, limit: int) -> Run:
        """The first ``limit`` records, with a warning that says what is left out."""
        if len(self.records) <= limit:
            return self
        shown = self.records[:limit]
        words = (
            f"only the first {limit:,} of {len(self.records):,} records are shown, up to {shown[-1][0] / 1e6:.3f} s of "
            f"{self.end_us / 1e6:.3f} s"
        )
        return evolve(self, records=shown, warnings=(*self.warnings, words))


def nodes_in(records: Iterable[Record], known: Iterable[ViewNode] = ()) -> tuple[ViewNode, ...]:
    """The lanes of a journal, grouped by host: known nodes first, then those that only records name.

    A node's address is the one that it last opened its cluster socket on, its domain what its log says.
    """
    nodes = {node.name: node for node in known}
    for record in records:
        name = record[2]
        if not name:
            continue
        node = nodes.setdefault(name, ViewNode(name))
        if record[1] == "socket" and record[4:6] == ("opened", "cluster"):
            nodes[name] = evolve(node, address=record[6], host=node.host or record[6].rpartition(":")[0])
        elif record[1] == "log" and record[4] == "cluster_domain" and not node.domain:
            nodes[name] = evolve(node, domain=str(_param(record, "domain")))
    hosts = list(dict.fromkeys(node.host for node in nodes.values()))
    return tuple(sorted(nodes.values(), key=lambda node: hosts.index(node.host)))


def check_records(records: Iterable[Record], name: str) -> None:
    """Refuse records whose fields are not of their types; raises InputError naming the first few.

    What wkasim wrote always passes. The header of the journal is line 1, so record n stands in line n + 2.
    """
    problems = []
    for number, record in enumerate(records, 2):
        if problem := _problem(record):
            problems.append(f"{name}:{number}: {problem}; the file was edited or damaged, run the scenario again")
            if len(problems) == _MOST_PROBLEMS:
                break
    if problems:
        raise InputError(*problems)


def _problem(record: Record) -> str:
    time_us, kind, node, life, *fields = record
    if not _is_whole(time_us) or time_us < 0:
        return f"a time of {time_us!r} us is none"
    if not isinstance(node, str) or not _is_whole(life):
        return f"node {node!r} and life {life!r} must be a name and a whole number"
    for key, value in zip(FIELDS[kind], fields, strict=True):
        if key == "params":
            if not _is_params(value):
                return f"the params of a {kind!r} record must be names and values in turn"
        elif _is_whole(value) if key in _NUMBERS else isinstance(value, str) or (key == "outcome" and _is_whole(value)):
            continue
        else:
            return f"{key!r} of a {kind!r} record cannot be {str(value)[:40]!r}"
    return ""


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_params(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) % 2 == 0
        and all(isinstance(key, str) for key in value[::2])
        and all(isinstance(item, str | int | float) for item in value[1::2])
    )


def _param(record: Record, key: str) -> object:
    params: Mapping[str, object] = dict(zip(record[7][::2], record[7][1::2], strict=True))
    return params.get(key, "")
