"""Sweeps: every run counts once, whatever happens to the process that did it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from wkasim.errors import InputError
from wkasim.explore.axes import AXES, vary
from wkasim.explore.sweep import Axis, Sweep, Table, parse_axis, run_sweep, summarise
from wkasim.scenario.reader import parse_scenario
from wkasim.sim.faults import Start
from wkasim.sim.network import Link
from wkasim.version import __version__

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


def test_of_many_jobs_in_flight_only_the_one_that_kills_its_worker_is_blamed() -> None:
    guilty = [*SWEEP.jobs()][3]
    submitted: list[str] = []
    table = Table()
    with pytest.raises(InputError) as caught:
        run_sweep(SWEEP, table, lambda: Workers(lambda _: submitted[-1] == guilty.key, submitted), in_flight=4)
    assert caught.value.problems == ("3 workers died at {'nodes': 3}, seed 0; run that one by itself",)
    assert submitted.count(guilty.key) == 3
    assert guilty.key not in table.results


def test_executor_that_takes_no_job_at_all_is_given_up() -> None:
    made: list[Workers] = []

    def broken() -> Workers:
        made.append(Workers(lambda _: True, []))
        made[-1]._broken = True
        return made[-1]

    with pytest.raises(InputError, match="3 workers died at"):
        run_sweep(SWEEP, Table(), broken)
    assert len(made) == 3


def test_result_that_cannot_be_written_names_the_file() -> None:
    table = Table(file=Path("/dev/full"))
    with pytest.raises(InputError, match="/dev/full: cannot be written: No space left on device"):
        run_sweep(SWEEP, table)


def test_scheduler_that_drops_its_jobs_ends_the_sweep_and_leaves_what_is_done() -> None:
    class Dropping(Workers):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = super().submit(fn, *args, **kwargs)
            if len(self._submitted) > 2:
                future = Future()
                future.cancel()
                future.set_running_or_notify_cancel()
            return future

    table = Table()
    with pytest.raises(InputError, match="the scheduler that had the jobs is gone"):
        run_sweep(SWEEP, table, lambda: Dropping(lambda _: False, []), in_flight=1)
    assert len(table.results) == 2


def test_progress_is_told_while_no_result_comes() -> None:
    told: list[int] = []
    futures: list[Future[Any]] = []

    class Idle(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            futures.append(Future())
            return futures[-1]

    def progress(done: int) -> None:
        told.append(done)
        if not futures[-1].done():
            futures[-1].set_result({})

    run_sweep(evolve(SWEEP, axes=(), seeds=1), Table(), Idle, on_progress=progress)
    assert told == [0, 1]


def test_defect_met_in_a_run_says_which_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(run: object) -> dict[str, float]:
        raise AssertionError("a time that is past")

    monkeypatch.setattr("wkasim.explore.sweep.measure", broken)
    with pytest.raises(AssertionError) as caught:
        run_sweep(SWEEP, Table())
    assert caught.value.__notes__ == ["at {'nodes': 2}, seed 0"]


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


@pytest.mark.parametrize("line", ["5", "[1]", '["key", 3]', '["key", {"messages": "many"}]', "[" * 100_000, "\xff"])
def test_file_with_a_line_that_is_no_result_is_refused(line: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.runs"
    Table.kept_in(file, SWEEP)
    file.write_bytes(file.read_bytes() + line.encode("latin-1") + b"\n")
    with pytest.raises(InputError, match=r"bad\.runs: is damaged; remove it to begin again"):
        Table.kept_in(file, SWEEP)


def test_results_of_another_version_are_not_mixed_with_those_of_this_one(tmp_path: Path) -> None:
    file = tmp_path / "old.runs"
    Table.kept_in(file, SWEEP)
    file.write_text(file.read_text().replace(f'"version": "{__version__}"', '"version": "0.0.9"'))
    with pytest.raises(InputError, match=r"old\.runs: holds the results of a sweep of wkasim 0\.0\.9; name another"):
        Table.kept_in(file, SWEEP)


def test_axes_are_read_as_ranges_steps_and_lists() -> None:
    assert parse_axis("nodes=3..6") == Axis("nodes", (3, 4, 5, 6))
    assert parse_axis("nodes=3..9..3") == Axis("nodes", (3, 6, 9))
    assert parse_axis("loss=0,0.05") == Axis("loss", (0.0, 0.05))
    assert parse_axis("profile=documented,axis2-1.7") == Axis("profile", ("documented", "axis2-1.7"))


def test_value_that_is_written_twice_is_one_point() -> None:
    assert parse_axis("loss=0,0.0,0.5,0") == Axis("loss", (0.0, 0.5))
    assert str(parse_axis("latency=-0").values) == "(0.0,)"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("speed=3", f"--vary speed=3: there is no axis 'speed' (known: {', '.join(AXES)})"),
        ("nodes", "--vary nodes: write nodes=LEAST..MOST, or nodes=VALUE,VALUE"),
        ("nodes=9..3", "--vary nodes=9..3: from 9 to 3 in steps of 1 is no range"),
        ("nodes=many", "--vary nodes=many: 'many' is not a whole number"),
        ("nodes=²", "--vary nodes=²: '²' is not a whole number"),
        ("nodes=3..٥", "--vary nodes=3..٥: '3..٥' is not a whole number"),
        ("nodes=1..1000000000", "--vary nodes=1..1000000000: 1000000000 is too large; a range ends at 999999 at most"),
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


def test_values_that_make_no_sense_together_are_told_before_anything_runs() -> None:
    together = parse_scenario("nodes: {a: {}, b: {host: 127.1.0.2}}\nsteps: [{start: [a, b]}, {wait: 20}]")
    sweep = Sweep(scenario=together, axes=(Axis("nodes", (1, 2)), Axis("spread", (0.0, 5.0))))
    with pytest.raises(InputError) as caught:
        sweep.check()
    assert caught.value.problems == (
        "at nodes=1, spread=5.0: spread=5.0: no step of this scenario starts several nodes",
    )


def test_long_range_that_is_wrong_in_one_way_is_told_in_few_lines() -> None:
    with pytest.raises(InputError) as caught:
        Sweep(scenario=SCENARIO, axes=(parse_axis("nodes=1..300"),)).check()
    assert caught.value.problems == (
        *(f"nodes={count} is impossible; a sweep takes 1 to 200" for count in range(201, 205)),
        "and 96 more values of nodes are impossible",
    )


def test_more_runs_than_anybody_waits_for_are_refused_at_once() -> None:
    axes = (Axis("nodes", tuple(range(1, 101))), Axis("loss", tuple(n / 200 for n in range(101))))
    with pytest.raises(InputError, match="the grid has more than 10000 points; vary less at once"):
        Sweep(scenario=SCENARIO, axes=axes).check()
    with pytest.raises(InputError, match="100 points with 10001 seeds are more than 1000000 runs; give fewer"):
        Sweep(scenario=SCENARIO, axes=axes[:1], seeds=10_001).check()


def test_spread_that_a_scenario_has_already_is_a_value_like_others() -> None:
    spread = parse_scenario(
        "nodes: {a: {}, b: {host: 127.1.0.2}}\nsteps: [{start: {nodes: [a, b], spread: 5}}, {wait: 20}]"
    )
    assert vary(spread, "spread", 5.0) == spread
    assert vary(spread, "spread", 0.0) != spread


def test_latency_keeps_jitter_and_loss_of_the_link() -> None:
    lossy = evolve(SCENARIO, link=Link(100, 7, 0.25))
    assert vary(lossy, "latency", 20.5).link == Link(20_500, 7, 0.25)
    assert vary(lossy, "loss", 0.5).link == Link(100, 7, 0.5)
    assert vary(lossy, "profile", "axis2-1.7").profile == "axis2-1.7"


def test_copies_of_the_last_worker_take_names_and_hosts_that_nobody_has_and_start_with_it() -> None:
    base = parse_scenario(
        """
nodes:
  worker-2: {host: 127.2.0.1}
  worker: {host: 127.1.0.2, well_known_members: ["127.2.0.1:4000"]}
steps: [{start: worker-2}, {wait: 10}, {start: worker}, {wait: 20}]
expect: [{state: {of: worker, is: initialised}}]
"""
    )
    more = vary(base, "nodes", 4)
    assert [(node.name, node.host) for node in more.nodes[2:]] == [("worker-1", "127.2.0.2"), ("worker-3", "127.2.0.3")]
    assert more.nodes[3].well_known_members == base.nodes[1].well_known_members
    assert more.steps[2].action == Start(nodes=("worker", "worker-1", "worker-3"))
    assert more.expectations == ()
    assert vary(base, "nodes", 2) is base


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "nodes: {a: {role: manager}}\nsteps: [{start: a}]",
            "nodes=2: the last node, a, is no worker that could be copied",
        ),
        ("nodes: {a: {}}\nsteps: [{wait: 1}]", "nodes=2: no step starts a, so nothing would start its copies"),
    ],
)
def test_nodes_that_cannot_be_copied_are_named(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        vary(parse_scenario(text), "nodes", 2)
    assert caught.value.problems == (problem,)


def test_quantile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    table = Table()
    one_point = Sweep(scenario=SCENARIO, seeds=200)
    for seed, job in enumerate(one_point.jobs()):
        found = {"messages": float(seed + 1), "split": float(seed < 50)}
        table.take(job.key, found if seed % 2 else {**found, "detection_s": seed / 10})
    (row,) = summarise(one_point, table)
    assert row.quantiles == {"messages": (100.0, 190.0, 198.0), "detection_s": (9.8, 18.8, 19.6)}
    assert (row.runs, row.split) == (200, 0.25)
    assert row.as_dict()["convergence_s_median"] is None


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
