"""Sweeps: one scenario over a grid of variations and many seeds, as distributions instead of single runs.

A point of the grid is one choice for each axis; each point is run with seeds 0, 1, 2 ... Every run is a job of its own
with a key. Results are taken once per key, whoever sends them how often, and written to disk as they come, so that an
interrupted sweep goes on where it stopped and a job that is tried again never counts twice.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Final

from attrs import define, evolve, field, frozen

from wkasim.errors import InputError
from wkasim.explore.axes import AXES, vary
from wkasim.explore.judged import judge_scenario
from wkasim.explore.measures import MEASURES, measure
from wkasim.files import write_whole
from wkasim.scenario.model import Scenario
from wkasim.scenario.writer import write_scenario
from wkasim.version import __version__

__all__ = ["Axis", "Job", "Summary", "Sweep", "Table", "parse_axis", "run_sweep", "summarise"]

_MOST_POINTS: Final = 10_000
_MOST_RUNS: Final = 1_000_000
_MOST_TOLD: Final = 4
_LARGEST: Final = 999_999
_TRIES: Final = 3
_PATIENCE_S: Final = 0.5

Value = int | float | str
Point = tuple[tuple[str, Value], ...]


@frozen
class Axis:
    """What is varied, and the values it takes."""

    name: str
    values: tuple[Value, ...]


@frozen(kw_only=True)
class Job:
    """One run of the sweep: a point and a seed."""

    point: Point
    seed: int

    @property
    def key(self) -> str:
        """What makes this job different from all others of its sweep."""
        return json.dumps([dict(self.point), self.seed])


@frozen(kw_only=True)
class Sweep:
    """A scenario, the axes of the grid, and how many seeds each point gets."""

    scenario: Scenario
    axes: tuple[Axis, ...] = ()
    seeds: int = 20

    def points(self) -> list[Point]:
        """Every choice of one value per axis, the last axis fastest."""
        names = [axis.name for axis in self.axes]
        return [tuple(zip(names, values, strict=True)) for values in itertools.product(*(a.values for a in self.axes))]

    def jobs(self) -> Iterator[Job]:
        """Every run."""
        return (Job(point=point, seed=seed) for point in self.points() for seed in range(self.seeds))

    def scenario_at(self, job: Job) -> Scenario:
        """What the job runs; raises InputError where a value makes no sense in this scenario."""
        scenario = self.scenario
        for name, value in job.point:
            scenario = vary(scenario, name, value)
        return evolve(scenario, seed=job.seed)

    def check(self) -> None:
        """Look at every value and every point before anything runs; raises InputError listing all problems."""
        problems: list[str] = []
        if self.seeds < 1:
            problems.append(f"{self.seeds} seeds are none; give at least 1")
        if len({axis.name for axis in self.axes}) < len(self.axes):
            problems.append("an axis is varied twice; name all its values in one --vary")
        points = math.prod(len(axis.values) for axis in self.axes)
        if points > _MOST_POINTS:
            raise InputError(f"the grid has more than {_MOST_POINTS} points; vary less at once")
        if points * self.seeds > _MOST_RUNS:
            raise InputError(f"{points} points with {self.seeds} seeds are more than {_MOST_RUNS} runs; give fewer")
        for axis in self.axes:
            problems += _few(list(self._impossible_values(axis)), f"values of {axis.name}")
        if not problems and len(self.axes) > 1:
            problems += _few(list(self._impossible_points()), "points of the grid")
        if problems:
            raise InputError(*dict.fromkeys(problems))

    def _impossible_values(self, axis: Axis) -> Iterator[str]:
        for value in axis.values:
            try:
                vary(self.scenario, axis.name, value)
            except InputError as error:
                yield from error.problems

    def _impossible_points(self) -> Iterator[str]:
        """Values that make sense each by itself may make none together."""
        for point in self.points():
            try:
                self.scenario_at(Job(point=point, seed=0))
            except InputError as error:
                where = ", ".join(f"{name}={value}" for name, value in point)
                yield from (f"at {where}: {problem}" for problem in error.problems)


def _few(problems: list[str], what: str) -> list[str]:
    """The first problems, and how many more there are of the kind: a long range is wrong in one way as a rule."""
    more = len(problems) - _MOST_TOLD
    return problems if more <= 0 else [*problems[:_MOST_TOLD], f"and {more} more {what} are impossible"]


def parse_axis(text: str) -> Axis:
    """Read ``nodes=3..50``, ``nodes=3..50..5`` or ``loss=0,0.01,0.05``; raises InputError."""
    name, equals, values = text.partition("=")
    if name not in AXES:
        raise InputError(f"--vary {text}: there is no axis {name!r} (known: {', '.join(AXES)})")
    if not equals or not values:
        raise InputError(f"--vary {text}: write {name}=LEAST..MOST, or {name}=VALUE,VALUE")
    found = re.fullmatch(r"([0-9]{1,20})\.\.([0-9]{1,20})(?:\.\.([0-9]{1,20}))?", values)
    if found is not None:
        least, most, step = int(found[1]), int(found[2]), int(found[3] or 1)
        if most > _LARGEST:
            raise InputError(f"--vary {text}: {most} is too large; a range ends at {_LARGEST} at most")
        if least > most or step < 1:
            raise InputError(f"--vary {text}: from {least} to {most} in steps of {step} is no range")
        return Axis(name, tuple(range(least, most + 1, step)))
    return Axis(name, tuple(dict.fromkeys(AXES[name].read(value.strip(), text) for value in values.split(","))))


# One run


def run_job(sweep: Sweep, job: Job) -> dict[str, float]:
    """Run and measure; raises InputError for a run that cannot be done."""
    scenario = sweep.scenario_at(job)
    found: dict[str, float] = {}
    try:
        judge_scenario(scenario, (), strict=True, on_end=lambda run: found.update(measure(run)))
    except Exception as error:
        error.add_note(f"at {dict(job.point)}, seed {job.seed}")
        raise
    return found


# All runs


@define
class Table:
    """The results so far, by key; each is taken once."""

    results: dict[str, dict[str, float]] = field(factory=dict)
    file: Path | None = None

    @classmethod
    def kept_in(cls, file: Path, sweep: Sweep) -> Table:
        """A table that is written as it grows; what an earlier sweep of the same kind left in the file is taken over.

        Raises InputError if the file is of another sweep or of another version of wkasim, or cannot be used. A last
        line that was cut off is left out.
        """
        head = {"wkasim_sweep": 1, "version": __version__, "scenario": write_scenario(sweep.scenario)}
        table = cls(file=file)
        try:
            if file.exists():
                first, *lines = file.read_text(encoding="utf-8").split("\n")
                if (there := json.loads(first)) != head:
                    other = {**head, **there}["version"]
                    whose = "another sweep" if other == __version__ else f"a sweep of wkasim {other}"
                    raise InputError(f"{file}: holds the results of {whose}; name another file, or remove it")
                for line in lines[:-1]:
                    key, result = json.loads(line)
                    table.results[str(key)] = {str(name): float(value) for name, value in result.items()}
            kept = [json.dumps(head), *(json.dumps(item) for item in table.results.items())]
            write_whole(file, "".join(f"{line}\n" for line in kept))
        except OSError as error:
            raise InputError(f"{file}: cannot be used: {error.strerror or error}") from None
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise InputError(f"{file}: is damaged; remove it to begin again") from None
        return table

    def take(self, key: str, result: dict[str, float]) -> None:
        """Note a result; one that is there already is left as it is. Raises InputError if it cannot be written."""
        if key in self.results:
            return
        self.results[key] = result
        if self.file is not None:
            try:
                with self.file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps([key, result]) + "\n")
            except OSError as error:
                raise InputError(f"{self.file}: cannot be written: {error.strerror or error}") from None


def run_sweep(
    sweep: Sweep,
    table: Table,
    make_executor: Callable[[], Executor] | None = None,
    *,
    in_flight: int = 16,
    on_progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Run all jobs that the table does not have yet; in this process if there is no executor.

    A job whose worker died is tried again, up to three times in all, with a new executor if the old one is broken.
    Raises InputError for a job that cannot be done, for a result that cannot be written, and when whoever ran the jobs
    has dropped them. That and KeyboardInterrupt leave what is done in the table. ``on_progress`` gets how many results
    there are, at least every second.
    """
    left = [job for job in sweep.jobs() if job.key not in table.results]
    if make_executor is None:
        for job in left:
            table.take(job.key, run_job(sweep, job))
            on_progress(len(table.results))
        return
    tries: Counter[str] = Counter()
    while left:
        lost, waiting = _with_executor(sweep, table, make_executor, left, tries, in_flight, on_progress)
        for job in lost:
            tries[job.key] += 1
            if tries[job.key] == _TRIES:
                raise InputError(f"{_TRIES} workers died at {dict(job.point)}, seed {job.seed}; run that one by itself")
        left = [*lost, *waiting]


def _with_executor(
    sweep: Sweep,
    table: Table,
    make_executor: Callable[[], Executor],
    left: Sequence[Job],
    tries: Mapping[str, int],
    in_flight: int,
    on_progress: Callable[[int], None],
) -> tuple[list[Job], list[Job]]:
    """Run jobs until all are done or the executor breaks; those whose worker died, and those not yet begun.

    Whoever was in flight when a pool broke has been tried, and runs alone the next time: so only the guilty is blamed.
    """
    lost: list[Job] = []
    waiting = list(reversed(left))
    running: dict[Future[dict[str, float]], Job] = {}
    executor = make_executor()
    try:
        while waiting or running:
            while waiting and len(running) < (1 if _any_tried((*running.values(), waiting[-1]), tries) else in_flight):
                running[executor.submit(run_job, sweep, waiting[-1])] = waiting[-1]
                waiting.pop()
            done, _ = wait(running, timeout=_PATIENCE_S, return_when=FIRST_COMPLETED)
            if not done:
                on_progress(len(table.results))
            for future in done:
                job = running.pop(future)
                try:
                    table.take(job.key, future.result())
                except BrokenProcessPool:
                    lost.append(job)
                    raise
                except CancelledError:
                    # Nobody here cancels what he waits for: Dask does, when its scheduler is gone.
                    raise InputError("the scheduler that had the jobs is gone") from None
                except Exception as error:
                    # Dask names a worker that died after the job that it had; only the job is known here.
                    if type(error).__name__ != "KilledWorker":
                        raise
                    lost.append(job)
                on_progress(len(table.results))
    except BrokenProcessPool:
        lost += running.values()
        if not lost:
            lost.append(waiting.pop())
    finally:
        # Dask's executor knows no cancel_futures.
        for future in running:
            future.cancel()
        executor.shutdown(wait=True)
    return [job for job in lost if job.key not in table.results], waiting[::-1]


def _any_tried(jobs: Iterable[Job], tries: Mapping[str, int]) -> bool:
    return any(job.key in tries for job in jobs)


# What came of it


@frozen(kw_only=True)
class Summary:
    """One point: how many runs, and of each measure median, 95th and 99th percentile over the runs that have it.

    ``split`` is the share of runs in which views disagreed at the end.
    """

    point: Point
    runs: int
    split: float
    quantiles: Mapping[str, tuple[float, float, float]]

    def as_dict(self) -> dict[str, object]:
        """For JSON and CSV: one flat row."""
        row: dict[str, object] = {**dict(self.point), "runs": self.runs, "split": self.split}
        for name in MEASURES:
            for label, value in zip(("median", "p95", "p99"), self.quantiles.get(name, (None,) * 3), strict=True):
                row[f"{name}_{label}"] = value
        return row


def summarise(sweep: Sweep, table: Table) -> list[Summary]:
    """One row for every point that has results."""
    rows = []
    for point in sweep.points():
        keys = (Job(point=point, seed=seed).key for seed in range(sweep.seeds))
        runs = [table.results[key] for key in keys if key in table.results]
        if runs:
            values = {name: sorted(run[name] for run in runs if name in run) for name in MEASURES}
            quantiles = {name: _quantiles(found) for name, found in values.items() if found}
            split = sum(run.get("split", 0.0) for run in runs) / len(runs)
            rows.append(Summary(point=point, runs=len(runs), split=split, quantiles=quantiles))
    return rows


def _quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th and 99th percentile: the smallest value that so many percent do not exceed."""
    at = [values[max(0, math.ceil(share * len(values)) - 1)] for share in (0.5, 0.95, 0.99)]
    return at[0], at[1], at[2]
