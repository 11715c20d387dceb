"""The search: runs drawn scenarios until it is told to stop, and keeps one finding for every cause.

Run number N of a search is drawn from the search's seed and N, so that it is the same run however many processes take
part. Processes judge; this one shrinks what is new.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import Final

from attrs import define, field, frozen

from wkasim.explore.coverage import Coverage
from wkasim.explore.findings import Finding, Key, explains, make_finding
from wkasim.explore.invariants import Invariant, known_invariants
from wkasim.explore.judged import judge_scenario, with_time_for
from wkasim.explore.space import SeededChooser, Space, draw_scenario, draw_variation
from wkasim.explore.verdict import Violation
from wkasim.explore.workers import LocalPool, told_to_stop
from wkasim.scenario.model import Scenario

__all__ = ["Report", "Search", "explore"]

_CHUNK_NODES: Final = 56
"""How many nodes a worker simulates before it reports: eight runs of seven nodes, or one of a large cluster."""
_PATIENCE_S: Final = 0.25
_TRIES: Final = 3


@frozen(kw_only=True)
class Search:
    """What is searched: a space, or the surroundings of a ``base`` scenario; for violations of these invariants."""

    space: Space = field(factory=Space)
    base: Scenario | None = None
    seed: int = 0
    invariants: Sequence[Invariant] = field(factory=known_invariants)
    coverage: bool = False

    def scenario(self, number: int) -> Scenario:
        """The scenario of a run by its number from 0."""
        choose = SeededChooser(self.seed, number)
        if self.base is not None:
            drawn = draw_variation(choose, self.base, self.space)
        else:
            drawn = draw_scenario(choose, self.space)
        return with_time_for(drawn, self.invariants)


@define(kw_only=True)
class Report:
    """What a search has done and found so far.

    ``times`` counts the runs that met each finding, in the order of ``findings``. ``failures`` counts violations by
    invariant, ``problems`` runs that could not be done, by the reason.
    """

    runs: int = 0
    virtual_s: float = 0.0
    findings: list[Finding] = field(factory=list)
    times: list[int] = field(factory=list)
    failures: Counter[str] = field(factory=Counter)
    problems: Counter[str] = field(factory=Counter)
    coverage: Coverage = field(factory=Coverage)
    interrupted: bool = False


@frozen(kw_only=True)
class _Chunk:
    """What came of some runs, in order."""

    failed: tuple[tuple[int, tuple[Violation, ...]], ...]
    runs: int
    virtual_s: float
    problems: tuple[str, ...]
    coverage: Coverage


def explore(
    search: Search,
    *,
    runs: int | None = None,
    jobs: int = 1,
    keep_going: Callable[[], bool] = lambda: True,
    on_progress: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Search until ``runs`` runs are done or ``keep_going`` says no; Ctrl-C ends it too, and keeps what was found."""
    report = Report()

    def going_on() -> bool:
        on_progress(report)
        return keep_going()

    try:
        with closing(_chunks(search, runs, jobs, keep_going)) as chunks:
            for chunk in chunks:
                _take(search, report, chunk, going_on)
                on_progress(report)
    except KeyboardInterrupt:
        report.interrupted = True
    return report


def _chunks(
    search: Search, runs: int | None, jobs: int, keep_going: Callable[[], bool]
) -> Generator[_Chunk, None, None]:
    """The results of the runs, in the order of their numbers, until there are enough or it is time to end."""
    size = 1 if jobs == 1 else max(1, _CHUNK_NODES // search.space.nodes[1])
    numbers = iter(range(0, runs if runs is not None else 2**62, size))
    ranges = ((first, size if runs is None else min(size, runs - first)) for first in numbers)
    if jobs > 1:
        yield from _chunks_of_workers(search, ranges, jobs, keep_going)
        return
    while keep_going() and (one := next(ranges, None)) is not None:
        yield _judge_some(search, *one)


def _chunks_of_workers(
    search: Search, ranges: Iterator[tuple[int, int]], jobs: int, keep_going: Callable[[], bool]
) -> Iterator[_Chunk]:
    """The same by worker processes; what a worker had that died is tried again, alone, up to three times in all."""
    waiting: deque[tuple[int, int]] = deque()
    futures: dict[tuple[int, int], Future[_Chunk]] = {}
    deaths: Counter[tuple[int, int]] = Counter()
    pool = LocalPool(jobs)
    try:
        while keep_going():
            waiting.extend(itertools.islice(ranges, 2 * jobs - len(waiting)))
            if not waiting:
                return
            # In the order of their numbers, so that the same finding comes first however many processes take part.
            first = waiting[0]
            try:
                for one in [first] if deaths[first] else itertools.takewhile(lambda one: not deaths[one], waiting):
                    if one not in futures:
                        futures[one] = pool.submit(_judge_some, search, *one)
                while not futures[first].done() and keep_going():
                    wait([futures[first]], timeout=_PATIENCE_S)
                if not futures[first].done():
                    return
                chunk = futures[first].result()
            except BrokenProcessPool:
                pool.stop()
                futures = {one: future for one, future in futures.items() if _has_result(future)}
                deaths.update(one for one in waiting if one not in futures)
                pool = LocalPool(jobs)
                if deaths[first] < _TRIES:
                    continue
                chunk = _lost(search, *first)
            waiting.popleft()
            futures.pop(first, None)
            yield chunk
    finally:
        pool.stop()


def _has_result(future: Future[_Chunk]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _lost(search: Search, first: int, count: int) -> _Chunk:
    """What is known of runs that took their worker with them each time."""
    which = f"run {first}" if count == 1 else f"runs {first} to {first + count - 1}"
    problem = f"{which} of seed {search.seed}: {_TRIES} workers died"
    return _Chunk(failed=(), runs=count, virtual_s=0.0, problems=(problem,) * count, coverage=Coverage())


def _judge_some(search: Search, first: int, count: int) -> _Chunk:
    failed, problems, virtual_s, coverage, runs = [], [], 0.0, Coverage(), 0
    for number in range(first, first + count):
        if told_to_stop():
            break
        runs += 1
        scenario = search.scenario(number)
        try:
            judged = judge_scenario(scenario, search.invariants, coverage=coverage if search.coverage else None)
        except Exception as error:
            # A defect of the simulator must not end the search that met it; it is told at the end.
            problems.append(f"run {number} of seed {search.seed}: {type(error).__name__}: {error}")
            continue
        virtual_s += judged.length_s
        if judged.problem:
            problems.append(judged.problem)
        if judged.violations:
            failed.append((number, judged.violations))
    return _Chunk(failed=tuple(failed), runs=runs, virtual_s=virtual_s, problems=tuple(problems), coverage=coverage)


def _take(search: Search, report: Report, chunk: _Chunk, keep_going: Callable[[], bool]) -> None:
    report.runs += chunk.runs
    report.virtual_s += chunk.virtual_s
    report.problems.update(chunk.problems)
    report.coverage.merge(chunk.coverage)
    for number, violations in chunk.failed:
        scenario = search.scenario(number)
        for violation in violations:
            report.failures[violation.invariant] += 1
            _attribute(search, report, scenario, violation, keep_going)


def _attribute(
    search: Search, report: Report, scenario: Scenario, violation: Violation, keep_going: Callable[[], bool]
) -> None:
    """Count a violation for the finding that explains it; make a new one if none does."""
    key: Key = (scenario.profile, violation.invariant, violation.cause)
    at = next((at for at, finding in enumerate(report.findings) if explains(finding, key, scenario)), None)
    if at is not None:
        report.times[at] += 1
        return
    finding = make_finding(scenario, violation, search.invariants, keep_going=keep_going)
    # Shrinking may end at what has been found before, from a scenario with other faults.
    same = (at for at, known in enumerate(report.findings) if known.key == key and known.verbs == finding.verbs)
    at = next(same, None)
    if at is None:
        at = len(report.findings)
        report.findings.append(finding)
        report.times.append(0)
    report.times[at] += 1
    if finding.ended == "interrupted":
        raise KeyboardInterrupt
