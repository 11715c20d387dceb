"""What expectations are judged by: the log of every node, when moments came, and where there is one the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from wkasim.explore.course import Course
from wkasim.explore.invariants import Invariant
from wkasim.explore.verdict import Watch
from wkasim.logs.formats import DEFAULT_START, LogFormat
from wkasim.logs.line import LogLine
from wkasim.logs.parser import read_log
from wkasim.profile import Profile
from wkasim.scenario.history import History
from wkasim.scenario.model import Anchor, Scenario
from wkasim.sim.journal import Journal, Record
from wkasim.sim.network import is_dotted

__all__ = ["Evidence", "LogEvidence", "NoSuchMomentError", "RunEvidence"]


class NoSuchMomentError(Exception):
    """The moment from which an expectation counts did not come, or cannot be told from what there is."""


class Evidence(Protocol):
    """Logs, moments, addresses; and the history of the run if there is a journal."""

    @property
    def history(self) -> History | None:
        """What happened, None where there are only logs."""

    def violation(self, invariant: Invariant) -> str | None:
        """Why an invariant did not hold, None if it did."""

    def due_s(self, invariant: Invariant) -> float:
        """From which time of the run on an invariant had to hold."""

    @property
    def ended_s(self) -> float:
        """When the run ended."""

    def log(self, node: str, *, hidden: bool = False) -> Sequence[LogLine]:
        """The node's whole log; with ``hidden`` the lines too that shipped configurations leave out, if known."""

    def moment(self, anchor: Anchor) -> datetime | None:
        """When that was; None if the logs have no times. Raises NoSuchMomentError."""

    def addresses(self, node: str) -> Sequence[str]:
        """The addresses that the node had."""


def configured_address(scenario: Scenario, name: str) -> str:
    """The address that a node has by its configuration, if nothing goes wrong."""
    config = scenario.all_nodes()[name]
    host = config.host if is_dotted(config.host) else scenario.hosts.get(config.host, config.host)
    return f"{host}:{config.port or 4000}"


class RunEvidence:
    """The journal of a run."""

    def __init__(
        self, scenario: Scenario, journal: Journal, step_times: Mapping[str, int], *, profile: Profile, end_us: int
    ) -> None:
        self.history = History(journal)
        self._journal = journal
        self._profile = profile
        self._end_us = end_us
        self._scenario = scenario
        self._step_times = step_times
        self._records: dict[str, list[Record]] = {}
        for record in journal.of_kind("log"):
            self._records.setdefault(record[2], []).append(record)
        self._logs: dict[tuple[str, bool], list[LogLine]] = {}
        self._watches: dict[str, Watch] = {}

    def violation(self, invariant: Invariant) -> str | None:
        """Why an invariant did not hold; None if it did, or was not due before the end."""
        watch = self._watch(invariant)
        return next((str(violation) for violation in watch.violated.values()), None)

    def due_s(self, invariant: Invariant) -> float:
        """From which time of the run on an invariant had to hold."""
        return self._watch(invariant).due_us(invariant) / 1e6

    @property
    def ended_s(self) -> float:
        """When the run ended."""
        return self._end_us / 1e6

    def _watch(self, invariant: Invariant) -> Watch:
        if invariant.name not in self._watches:
            watch = Watch(Course(self._scenario.all_nodes().values(), self._profile, self._scenario.hosts), [invariant])
            watch.read(self._journal.records)
            watch.reach(self._end_us)
            self._watches[invariant.name] = watch
        return self._watches[invariant.name]

    def log(self, node: str, *, hidden: bool = False) -> Sequence[LogLine]:
        """The node's log, rendered once."""
        key = (node, hidden)
        if key not in self._logs:
            look = LogFormat(show_tribes_info=hidden, show_debug=hidden)
            self._logs[key] = list(look.log_lines(self._records.get(node, ()), node))
        return self._logs[key]

    def moment(self, anchor: Anchor) -> datetime | None:
        """When that was."""
        us = self._moment_us(anchor)
        if us is None:
            raise NoSuchMomentError(f'the moment "{anchor}" has not come')
        return DEFAULT_START + timedelta(microseconds=us)

    def _moment_us(self, anchor: Anchor) -> int | None:
        match anchor.kind:
            case "beginning":
                return 0
            case "step":
                return self._step_times.get(anchor.name)
        node = self.history.node(anchor.name)
        times = node.stopped_us if anchor.kind == "stop" else node.started_us
        at = 1 if anchor.kind == "restart" else 0
        return times[at] if len(times) > at else None

    def addresses(self, node: str) -> Sequence[str]:
        """What it advertised in its lives, or what its configuration says."""
        return self.history.node(node).addresses or [configured_address(self._scenario, node)]


class LogEvidence:
    """A folder of log files, one a life: ``elb.log``, ``elb.2.log``."""

    history = None

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._folder = folder
        self._logs: dict[str, list[list[LogLine]]] = {}

    def violation(self, invariant: Invariant) -> str | None:  # noqa: ARG002 - logs alone do not tell
        """Nothing; only a journal tells."""
        return None

    def due_s(self, invariant: Invariant) -> float:  # noqa: ARG002
        """The beginning; only a journal tells."""
        return 0.0

    @property
    def ended_s(self) -> float:
        """The beginning; only a journal tells."""
        return 0.0

    def files(self, node: str) -> list[Path]:
        """The node's log files, in the order of its lives."""
        first = self._folder / f"{node}.log"
        found = [first] if first.is_file() else []
        life = 2
        while (path := self._folder / f"{node}.{life}.log").is_file():
            found.append(path)
            life += 1
        return found

    def _lives(self, node: str) -> list[list[LogLine]]:
        if node not in self._logs:
            self._logs[node] = [list(read_log(path, path.name)) for path in self.files(node)]
        return self._logs[node]

    def log(self, node: str, *, hidden: bool = False) -> Sequence[LogLine]:
        """All lives of the node, one after another."""
        return [line for life in self._lives(node) for line in life if hidden or not line.hidden_by_default]

    def moment(self, anchor: Anchor) -> datetime | None:
        """The time of the first line of a life, or of the last one before its end."""
        if anchor.kind == "beginning":
            return datetime.min  # noqa: DTZ901 - logs name no zone
        if anchor.kind == "step":
            raise NoSuchMomentError(f"logs do not say when the {anchor} was")
        lives = self._lives(anchor.name)
        at = 1 if anchor.kind == "restart" else 0
        if len(lives) <= at or not lives[at]:
            raise NoSuchMomentError(f'the moment "{anchor}" cannot be told: {anchor.name} has no such log')
        return _first_time(reversed(lives[at]) if anchor.kind == "stop" else lives[at])

    def addresses(self, node: str) -> Sequence[str]:
        """What its logs say that it is called, or what its configuration says."""
        said = [str(line.params["member"]).partition("(")[0] for line in self.log(node) if line.event == "local_member"]
        return list(dict.fromkeys(said)) or [configured_address(self._scenario, node)]


def _first_time(lines: Iterable[LogLine]) -> datetime | None:
    return next((line.time for line in lines if line.time is not None), None)
