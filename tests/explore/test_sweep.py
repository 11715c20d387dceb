"""Sweeps: every run counts once, whatever happens to the process that did it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from wkasim.errors import InputError
from wkasim.explore.axes import AXES
from wkasim.explore.sweep import Axis, Sweep, Table, parse_axis, run_sweep, summarise
from wkasim.scenario.reader import parse_scenario

SCENARIO = parse_scenario(
    """
nodes:
  hub: {host: 127.1.0.1, uses_database: false}
  worker: {host: 127.1.0.2, uses_database: false, well_known_members: ["127.1.0.1:4000"]}
steps: [{start: hub}, {wait: 10}, {start: worker}, {wait: 20}, {kill: worker}, {wait: 20}]
"""
)
SWEEP = Sweep(scenario=SCENARIO, axes=(Axis("nodes", (2, 3)),), seeds=3)


class Workers(Executor):
    """Runs jobs at once in this process, and breaks where it is told to, as a pool does whose worker is killed."""

    made = 0

    def __init__(self, break_at: Callable[[int], bool], submitted: list[str]) -> None:
        Workers.made += 1
        self._break_at, self._submitted, self._broken = break_at, submitted, False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._broken:
            raise BrokenProcessPool("a worker died")
        future: Future[Any] = Future()
        self._submitted.append(args[1].key)
        if self._break_at(len(self._submitted)):
            self._broken = True
            future.set_exception(BrokenProcessPool("a worker died"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def rows(table: Table) -> list[dict[str, object]]:
    return [row.as_dict() for row in summarise(SWEEP, table)]


@pytest.fixture(scope="module")
def expected() -> list[dict[str, object]]:
    table = Table()
    run_sweep(SWEEP, table)
    return rows(table)


def test_sweep_measures_every_point(expected: list[dict[str, object]]) -> None:
    assert [(row["nodes"], row["runs"], row["split"]) for row in expected] == [(2, 3, 0.0), (3, 3, 0.0)]
    for row in expected:
        assert 0 < row["convergence_s_median"] <= row["convergence_s_p95"] <= row["convergence_s_p99"] < 20  # type: ignore[operator]
        assert 0 < row["detection_s_median"] < 20  # type: ignore[operator]
    assert expected[0]["messages_median"] < expected[1]["messages_median"]  # type: ignore[operator]


def test_worker_that_dies_is_replaced_and_its_run_counts_once(expected: list[dict[str, object]]) -> None:
    submitted: list[str] = []
    Workers.made = 0
    table = Table()
    run_sweep(SWEEP, table, lambda: Workers(lambda number: number in (2, 5), submitted), in_flight=2)
    assert rows(table) == expected
    assert Workers.made == 3
    assert len(set(submitted)) == 6 < len(submitted)


def test_job_that_kills_every_worker_is_named() -> None:
    with pytest.raises(InputError, match=r"3 workers died at \{'nodes': 2\}, seed 0; run that one by itself"):
        run_sweep(SWEEP, Table(), lambda: Workers(lambda _: True, []), in_flight=1)


def test_result_that_comes_twice_counts_once(expected: list[dict[str, object]], tmp_path: Path) -> None:
    table = Table.kept_in(tmp_path / "sweep.runs", SWEEP)
    run_sweep(SWEEP, table)
    for key in list(table.results):
        table.take(key, {"messages": 1e9})
    assert rows(table) == expected
    assert len((tmp_path / "sweep.runs").read_text().splitlines()) == 1 + 6


def test_interrupted_sweep_goes_on_from_what_is_on_disk(expected: list[dict[str, object]], tmp_path: Path) -> None:
    file = tmp_path / "sweep.runs"

    def interrupt(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(SWEEP, Table.kept_in(file, SWEEP), on_progress=interrupt)
    with file.open("a") as out:
        out.write('["a line that was being written when the power')
    done: list[int] = []
    table = Table.kept_in(file, SWEEP)
    assert len(table.results) == 4
    run_sweep(SWEEP, table, on_progress=done.append)
    assert done == [5, 6]
    assert rows(table) == expected


def test_file_of_another_sweep_or_damaged_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sweep.runs"
    Table.kept_in(file, Sweep(scenario=parse_scenario("nodes: {a: {}}\nsteps: [{start: a}]")))
    with pytest.raises(InputError, match=r"sweep\.runs: holds the results of another sweep; name another file"):
        Table.kept_in(file, SWEEP)
    Table.kept_in(tmp_path / "good.runs", SWEEP)
    with (tmp_path / "good.runs").open("a") as out:
        out.write("nonsense\n")
    with pytest.raises(InputError, match=r"good\.runs: is damaged; remove it to begin again"):
        Table.kept_in(tmp_path / "good.runs", SWEEP)


def test_axes_are_read_as_ranges_steps_and_lists() -> None:
    assert parse_axis("nodes=3..6") == Axis("nodes", (3, 4, 5, 6))
    assert parse_axis("nodes=3..9..3") == Axis("nodes", (3, 6, 9))
    assert parse_axis("loss=0,0.05") == Axis("loss", (0.0, 0.05))
    assert parse_axis("profile=documented,axis2-1.7") == Axis("profile", ("documented", "axis2-1.7"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("speed=3", f"--vary speed=3: there is no axis 'speed' (known: {', '.join(AXES)})"),
        ("nodes", "--vary nodes: write nodes=LEAST..MOST, or nodes=VALUE,VALUE"),
        ("nodes=9..3", "--vary nodes=9..3: from 9 to 3 in steps of 1 is no range"),
        ("nodes=many", "--vary nodes=many: 'many' is not a whole number"),
        ("loss=-1", "--vary loss=-1: '-1' is not a number from 0"),
    ],
)
def test_axis_that_cannot_be_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_axis(text)
    assert caught.value.problems == (problem,)


def test_values_that_make_no_sense_are_all_told_before_anything_runs() -> None:
    axes = (Axis("nodes", (0, 500)), Axis("loss", (1.0,)), Axis("profile", ("axis3",)), Axis("spread", (1.0,)))
    with pytest.raises(InputError) as caught:
        Sweep(scenario=SCENARIO, axes=axes, seeds=0).check()
    assert caught.value.problems == (
        "0 seeds are none; give at least 1",
        "nodes=0 is impossible; a sweep takes 1 to 200",
        "nodes=500 is impossible; a sweep takes 1 to 200",
        "loss=1.0 is impossible; it is a share, from 0 to below 1",
        "profile=axis3 is not known (known: documented, axis2-1.7, wso2-1.6.1)",
        "spread=1.0: no step of this scenario starts several nodes",
    )


@pytest.mark.filterwarnings("ignore")
def test_sweep_runs_on_a_real_dask_cluster(expected: list[dict[str, object]]) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, worker_dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        table = Table()
        run_sweep(SWEEP, table, client.get_executor)
        assert rows(table) == expected
