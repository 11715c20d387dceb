"""Verdicts: which invariants a run has violated, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import define, field, frozen

from wkasim.explore.course import Course
from wkasim.explore.invariants import Always, Eventually, Invariant, Reason, known_invariants
from wkasim.node.config import NodeConfig
from wkasim.profile import Profile
from wkasim.sim.cluster import Cluster
from wkasim.sim.journal import Record

__all__ = ["Violation", "Watch", "violations_of"]


_FAULTS: Final = ("step", "drop")
"""The records that may put off what is due."""
_NEVER_US: Final = 2**62


@frozen(kw_only=True)
class Violation:
    """An invariant that did not hold, at ``at_s`` seconds; ``cause`` is the reason without names and numbers."""

    invariant: str
    reason: str
    cause: str
    at_s: float

    def __str__(self) -> str:
        return f"{self.invariant} is violated at {self.at_s:g} s: {self.reason}"


@define(eq=False)
class Watch:
    """Reads a journal piece by piece and keeps the first violation of every invariant.

    One that must hold eventually is asked when its time has come, and once more at the end. ``due_us`` says from when
    on, after the last fault so far.
    """

    course: Course
    invariants: Sequence[Invariant]
    violated: dict[str, Violation] = field(factory=dict)
    _always: dict[str, list[Invariant]] = field(init=False)
    _pending: list[Invariant] = field(init=False)
    _read: int = 0
    _next_due_us: int = 0

    @_always.default
    def _by_record(self) -> dict[str, list[Invariant]]:
        found: dict[str, list[Invariant]] = {}
        for invariant in self.invariants:
            if isinstance(invariant.when, Always):
                for watched in invariant.watches:
                    found.setdefault(watched, []).append(invariant)
        return found

    @_pending.default
    def _eventual(self) -> list[Invariant]:
        return [invariant for invariant in self.invariants if isinstance(invariant.when, Eventually)]

    @classmethod
    def over(cls, cluster: Cluster, invariants: Sequence[Invariant] | None = None) -> Watch:
        """A watch over a cluster that runs; :meth:`look` at any time."""
        course = Course((node.config for node in cluster.nodes.values()), cluster.profile, cluster.network.hosts)
        return cls(course, known_invariants() if invariants is None else invariants)

    def look(self, cluster: Cluster) -> list[Violation]:
        """Read what has happened since the last look; the violations so far."""
        for name, node in cluster.nodes.items():
            if name not in self.course.nodes:
                self.course.add_node(node.config)
        records = cluster.journal.records
        self.read(records[self._read :])
        self._read = len(records)
        self.reach(cluster.loop.now_us)
        return list(self.violated.values())

    def read(self, records: Iterable[Record]) -> None:
        """Take these records, the next of the journal."""
        course, always = self.course, self._always
        for record in records:
            if record[0] > self._next_due_us:
                self._ask_those_due(record[0])
            course.read(record)
            kind = record[1]
            if kind in _FAULTS:
                self._next_due_us = self._earliest()
            if kind in always:
                self._ask(always[kind])
            if (kind == "log" or kind == "deliver") and (key := _key(record)) in always:
                self._ask(always[key])

    def reach(self, now_us: int) -> None:
        """Time has gone on to ``now_us`` and nothing more has happened; ask what is due, and again what was asked."""
        self._next_due_us = self._earliest()
        self._ask_those_due(now_us)
        self.course.now_us = now_us
        self._ask([invariant for invariant in self._pending if self.due_us(invariant) <= now_us])

    def due_us(self, invariant: Invariant) -> int:
        """From when on an invariant must hold, if no fault happens any more."""
        if isinstance(invariant.when, Always):
            return 0
        within_s = invariant.when.within_s
        return self.course.calm_us + round((self.course.settling_s() if within_s is None else within_s) * 1e6)

    def _earliest(self) -> int:
        """When the next invariant is due that has not been asked since the last fault."""
        due = [self.due_us(invariant) for invariant in self._pending]
        return min((us for us in due if us >= self.course.now_us), default=_NEVER_US)

    def _ask_those_due(self, now_us: int) -> None:
        """Ask, as of its time, every invariant whose time has come since the last fault."""
        course = self.course
        due = [
            (us, invariant) for invariant in self._pending if course.now_us <= (us := self.due_us(invariant)) < now_us
        ]
        for due_us, invariant in sorted(due, key=lambda item: item[0]):
            course.now_us = due_us
            self._ask([invariant])
        course.now_us = now_us
        self._next_due_us = self._earliest()

    def _ask(self, invariants: Iterable[Invariant]) -> None:
        for invariant in invariants:
            if invariant.name in self.violated:
                continue
            reason: object = invariant.check(self.course)
            if reason is not None and not isinstance(reason, str):
                # What users write is often the other way round, true while all is well.
                raise TypeError(
                    f"invariant {invariant.name!r} says {reason!r}; its function must return the reason why it does "
                    "not hold, a text, or None while it holds"
                )
            if reason:
                cause = reason.cause if isinstance(reason, Reason) else Reason(reason).cause
                self.violated[invariant.name] = Violation(
                    invariant=invariant.name, reason=str(reason), cause=cause, at_s=self.course.now_s
                )

    def telling(self) -> list[Violation]:
        """The violations that no other one explains, in the order of the invariants."""
        return [
            self.violated[invariant.name]
            for invariant in self.invariants
            if invariant.name in self.violated and not any(name in self.violated for name in invariant.implied_by)
        ]


def violations_of(
    records: Sequence[Record],
    nodes: Iterable[NodeConfig],
    profile: Profile,
    *,
    hosts: Mapping[str, str] | None = None,
    end_us: int | None = None,
    invariants: Sequence[Invariant] | None = None,
) -> list[Violation]:
    """The telling violations in the journal of a run that ended at ``end_us``, by default at its last record."""
    watch = Watch(Course(nodes, profile, hosts), known_invariants() if invariants is None else invariants)
    watch.read(records)
    watch.reach(end_us if end_us is not None else watch.course.now_us)
    return watch.telling()


def _key(record: Record) -> str:
    return f"log {record[4]}" if record[1] == "log" else f"deliver {record[5]}"
