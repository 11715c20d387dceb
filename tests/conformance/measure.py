"""Replays every recording with every seed, once, and keeps what the tests and the report ask about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from attrs import frozen

from tests.conformance.timings import measured, recorded_history, simulated_history
from tests.conformance.yardstick import (
    MEAN_ALLOWANCE,
    RACE_SEEDS,
    RACES,
    REAL,
    RECORDINGS,
    SEEDS,
    scenario_of,
    target_of,
)
from wkasim.logs.catalogue import ENTRIES
from wkasim.logs.line import LogLine
from wkasim.logs.parser import parse_lines
from wkasim.profile import Profile, profile_named
from wkasim.replay.recording import Recording, read_logs, read_recording
from wkasim.replay.score import members_of, recorded_views, replay, same_views
from wkasim.replay.simulation import SimulatedRun, simulate

__all__ = ["Measured", "Times", "event_names", "figures", "measure_all"]

Times = Mapping[str, Sequence[float]]


@frozen(kw_only=True)
class Measured:
    """One recording: scores and equal views per seed, the best seed's lines, times, and events.

    For a race, ``outcomes`` counts how often the final member lists are the recorded ones, then how often each other
    outcome comes, the more frequent first.
    """

    profile: str
    name: str
    scores: tuple[float, ...]
    views_equal: tuple[bool, ...]
    missing: tuple[tuple[str, str], ...]
    extra: tuple[tuple[str, str], ...]
    recorded_times: Times
    simulated_times: Times
    recorded_events: frozenset[str]
    produced_events: frozenset[str]
    unknown_lines: tuple[str, ...]
    outcomes: tuple[int, ...] = ()

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return sum(self.scores) / len(self.scores)

    @property
    def best(self) -> float:
        """The score of the best seed."""
        return max(self.scores)


def measure_all() -> list[Measured]:
    """Measure all recordings, in their order."""
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_measure, RECORDINGS))


def figures(all_measured: Sequence[Measured]) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Each figure that has a target: what was measured and what is asked for.

    Best scores by recording; means by scenario, over all its recordings here, where real runs were compared.
    """
    found = {(one.profile, one.name, "best"): (one.best, target_of(one.name)) for one in all_measured}
    for (profile, scenario), (_, real, _, _) in REAL.items():
        means = [one.mean for one in all_measured if (one.profile, scenario_of(one.name)) == (profile, scenario)]
        found[profile, scenario, "mean"] = (sum(means) / len(means), real - MEAN_ALLOWANCE)
    return found


def _measure(folder: Path) -> Measured:
    recording = read_recording(folder)
    profile = profile_named(folder.parent.name)
    times: dict[str, list[float]] = {}
    produced: set[str] = set()

    def look(run: SimulatedRun) -> None:
        produced.update(event_names(run))
        for name, samples in measured(simulated_history(recording, run), profile.name).items():
            times.setdefault(name, []).extend(samples)

    score = replay(recording, profile, range(SEEDS), look=look)
    if folder.name.endswith("_debug"):
        produced.update(event_names(simulate(recording, profile, 0, debug=True)))
    lines = [line for name, text in read_logs(recording) for line in parse_lines(text.splitlines(), name)]
    nodes = score.best.comparison.nodes
    ours = [line for line in lines if is_of_clustering(line)]
    return Measured(
        profile=profile.name,
        name=folder.name,
        scores=tuple(seed.score for seed in score.seeds),
        views_equal=tuple(seed.views_equal is True for seed in score.seeds),
        missing=tuple((node, line) for node, part in nodes.items() for line in part.missing),
        extra=tuple((node, line) for node, part in nodes.items() for line in part.extra),
        recorded_times=measured(recorded_history(recording), profile.name),
        simulated_times=times,
        recorded_events=frozenset(line.event for line in ours if line.event is not None),
        produced_events=frozenset(produced),
        outcomes=_outcomes(recording, profile) if (profile.name, folder.name) in RACES else (),
        unknown_lines=tuple(dict.fromkeys(line.text for line in ours if line.event is None)),
    )


def _outcomes(recording: Recording, profile: Profile) -> tuple[int, ...]:
    """How often the recorded final member lists come, and each of the others."""
    recorded = recorded_views(dict(read_logs(recording)), recording.logs)
    same = 0
    others: Counter[tuple[tuple[str, tuple[str, ...]], ...]] = Counter()
    for seed in range(RACE_SEEDS):
        last = simulate(recording, profile, seed).dumps[-1]
        if same_views(recorded, last):
            same += 1
        else:
            others[tuple((node, members_of(last.get(node, ()))) for node in recorded)] += 1
    return (same, *(count for _, count in others.most_common()))


def event_names(run: SimulatedRun) -> set[str]:
    """The catalogue's names of all lines that a run logged."""
    return {record[4] for record in run.journal.of_kind("log")}


def is_of_clustering(line: LogLine) -> bool:
    """Whether a line is of an Axis2 logger: not of Tribes, not the recorder's own, and no rest of a longer message."""
    if not line.known or line.component == "Driver":
        return False
    if line.event is not None:
        return ENTRIES[line.event].logger_of(line.component).startswith("org.apache.axis2")
    return line.component not in TRIBES


TRIBES = frozenset(
    logger.rpartition(".")[2]
    for entry in ENTRIES.values()
    for logger in (entry.logger, *entry.other_loggers)
    if logger.startswith("org.apache.catalina")
)
"""The classes of Tribes that log."""
