"""A run does its steps in order, is the same however it is driven, and says how it ended."""

from __future__ import annotations

import attrs
import pytest

import wkasim.scenario.runner as runner_module
from wkasim.errors import InputError
from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import load_scenario, parse_scenario
from wkasim.scenario.runner import RunResult, ScenarioRun, StepBegun, first_difference, run_scenario
from wkasim.sim import faults
from wkasim.sim.journal import Journal, Record

GUIDE = load_scenario("esb-cluster")
PAIR = """\
nodes:
  elb: {role: elb, host: 127.1.0.206, domain: d, groups: [d]}
  w: {host: 127.1.0.132, domain: d, well_known_members: ["127.1.0.206:4000"], http_port: 8280}
"""


def pair(steps: str) -> Scenario:
    return parse_scenario(f"{PAIR}steps:\n" + "".join(f"  - {step}\n" for step in steps.split("; ")), "pair.yaml")


def test_run_scenario_result_has_views_groups_and_fingerprint() -> None:
    result = run_scenario(pair("start: elb; wait_until: {ready: elb}; start: w; wait: 20s"))
    assert result.passed
    assert result.views == {"elb": ("127.1.0.132:4000",), "w": ("127.1.0.206:4000",)}
    assert result.groups == {"elb": {"d/__$default": ("127.1.0.132:4000",)}}
    assert (result.failures, result.stopped, result.problem) == ({}, "done", "")
    assert len(result.fingerprint) == 64
    assert result.deliveries > 5
    assert result.step_times[:2] == (0.0, 0.0)
    assert result.end_s == pytest.approx(result.step_times[3] + 20)


def test_run_scenario_another_seed_is_another_run_and_the_same_seed_the_same() -> None:
    runs = [run_scenario(GUIDE, seed=seed).fingerprint for seed in (5, 6, 5)]
    assert runs[0] == runs[2] != runs[1]


def test_run_scenario_seed_and_profile_take_the_place_of_its_own() -> None:
    result = run_scenario(pair("start: elb; wait: 5s"), seed=9, profile="axis2-1.7")
    assert (result.seed, result.profile.name) == (9, "axis2-1.7")


def test_run_scenario_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown profile 'documentd'; did you mean 'documented'"):
        run_scenario(GUIDE, profile="documentd")


@pytest.mark.parametrize("slice_s", [0.01, 0.35, 7.0])
def test_run_scenario_in_slices_of_any_length_is_the_same_run(slice_s: float) -> None:
    whole = run_scenario(GUIDE)
    sliced = run_scenario(GUIDE, keep_going=lambda _: True, slice_s=slice_s)
    assert sliced.end_s == whole.end_s
    assert first_difference(whole.journal, sliced.journal) is None


def test_run_scenario_news_are_all_records_and_steps_in_order() -> None:
    news: list[Record | StepBegun] = []
    result = run_scenario(GUIDE, on_news=news.append)
    assert [item for item in news if not isinstance(item, StepBegun)] == result.journal.records
    steps = [item for item in news if isinstance(item, StepBegun)]
    assert [begun.step for begun in steps] == list(GUIDE.steps)
    times = [item.time_s if isinstance(item, StepBegun) else item[0] / 1e6 for item in news]
    assert times == sorted(times)
    terminate = next(
        at for at, item in enumerate(news) if isinstance(item, StepBegun) and item.step.action.verb == "terminate"
    )
    following = news[terminate + 1]
    assert not isinstance(following, StepBegun)
    assert following[4] == "terminate"


def test_run_scenario_stops_when_told() -> None:
    asked: list[float] = []

    def until_three(now_s: float) -> bool:
        asked.append(now_s)
        return now_s < 3

    result = run_scenario(GUIDE, keep_going=until_three)
    assert asked == [1.0, 2.0, 3.0]
    assert (result.stopped, result.end_s) == ("interrupted", 3.0)
    assert {o.verdict for o in result.outcomes} == {"passed", "open"}


def test_run_scenario_until_a_time_before_the_end_stops_there() -> None:
    result = run_scenario(GUIDE, until=4.5)
    assert (result.stopped, result.end_s, result.passed) == ("until", 4.5, True)
    assert result.outcomes[0].verdict == "passed"
    assert result.outcomes[1].verdict == "open"


def test_run_scenario_until_a_time_after_the_last_step_goes_on() -> None:
    scenario = pair("start: elb; wait: 3s")
    result = run_scenario(scenario, until=30.0)
    assert (result.end_s, result.step_times) == (30.0, (0.0, 0.0))
    longer = run_scenario(pair("start: elb; wait: 30s"))
    assert first_difference(result.journal, longer.journal) is None


def test_steps_at_a_time_wait_for_it_and_never_go_back() -> None:
    scenario = pair("{at: 2s, start: elb}; wait: 5s; {at: 6s, start: w}; {at: 20s, kill: w}; wait: 1s")
    result = run_scenario(scenario)
    assert result.step_times == (2.0, 2.0, 7.0, 20.0, 20.0)


def test_step_that_cannot_be_done_ends_the_run_with_its_place() -> None:
    result = run_scenario(pair("start: elb; wait: 5s; kill: w; wait: 5s"))
    assert (result.stopped, result.passed, result.end_s) == ("step", False, 5.0)
    assert result.problem == "pair.yaml:7: w is not running at 5 s"
    assert len(result.step_times) == 3


def test_wait_until_that_is_too_late_fails_and_the_run_goes_on() -> None:
    result = run_scenario(pair("start: elb; wait_until: {ready: [elb, w], timeout: 5s}; start: w; wait: 5s"))
    [late] = result.outcomes
    assert (late.title, late.verdict, late.line) == ("wait until elb, w ready", "failed", 6)
    assert late.message == "not within 5 s: w is not started"
    assert not result.passed
    assert result.history.node("w").state == "initialised"


def test_wait_until_converged_that_is_too_late_says_what_lacks() -> None:
    text = PAIR.replace("127.1.0.206:4000", "127.1.0.206:4100")
    steps = "steps:\n  - start: [elb, w]\n  - wait_until: {converged: true, timeout: 10s}\n"
    [late] = run_scenario(parse_scenario(text + steps)).outcomes
    assert late.message == (
        "not within 10 s: elb does not list w (127.1.0.132:4000); w does not list elb (127.1.0.206:4000)"
    )


def test_wait_until_a_node_that_failed_says_why() -> None:
    text = PAIR.replace("127.1.0.206:4000", "nowhere.org:4000")
    steps = "steps:\n  - start: w\n  - wait_until: {ready: w, timeout: 5s}\n"
    [late] = run_scenario(parse_scenario(text + steps)).outcomes
    assert late.message == (
        "not within 5 s: w is failed (the well-known member nowhere.org:4000 is not in the hosts table)"
    )


def test_restart_is_a_second_life_and_a_second_log() -> None:
    result = run_scenario(pair("start: [elb, w]; wait: 15s; restart: {node: w, after: 2s}; wait: 15s"))
    lives = {(record[2], record[3]) for record in result.journal.of_kind("log")}
    assert lives == {("elb", 1), ("w", 1), ("w", 2)}


def test_links_of_a_scenario_hold_from_the_beginning() -> None:
    steps = "start: elb; wait: 5s; start: w; wait: 60s"
    fast = pair(steps)
    slow = attrs.evolve(fast, links=(faults.SetLink(between=("elb", "w"), latency_ms=(100.0, 100.0)),))
    assert first_join(run_scenario(slow).journal) > first_join(run_scenario(fast).journal) + 0.2


def first_join(journal: Journal) -> float:
    return next(record[0] / 1e6 for record in journal.of_kind("log") if record[4] == "join_received")


def test_switches_of_a_scenario_change_the_run() -> None:
    scenario = pair("start: elb; wait_until: {ready: elb}; start: w; wait: 8s")
    quick = attrs.evolve(scenario, switches={"admission_pause_s": 2.0})
    assert run_scenario(scenario).groups["elb"] == {}
    assert run_scenario(quick).groups["elb"] == {"d/__$default": ("127.1.0.132:4000",)}


def test_run_out_of_budget_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(*args: object, **options: object) -> object:
        cluster = runner_module_cluster(*args, **options)  # type: ignore[arg-type]
        cluster.loop.max_steps = 200
        return cluster

    runner_module_cluster = runner_module.Cluster
    monkeypatch.setattr(runner_module, "Cluster", small)
    result = run_scenario(pair("start: [elb, w]; wait: 600s"))
    assert (result.stopped, result.passed) == ("budget", False)
    assert result.problem.startswith("the budget of 200 steps is used up at ")


def test_scenario_run_can_be_driven_by_hand() -> None:
    run = ScenarioRun(GUIDE, seed=0)
    run.advance_to(0.5)
    assert run.now_s == 0.5
    assert not run.finished
    run.advance_to(10_000)
    assert run.finished
    assert run.result().fingerprint == run_scenario(GUIDE, seed=0).fingerprint


def test_first_difference_names_the_record() -> None:
    first, second = run_scenario(GUIDE, seed=1), run_scenario(GUIDE, seed=2)
    found = first_difference(first.journal, second.journal)
    assert found is not None
    number, left, right = found
    assert first.journal.records[: number - 1] == second.journal.records[: number - 1]
    assert left != right
    shorter = Journal()
    shorter.records.extend(first.journal.records[:-1])
    assert first_difference(first.journal, shorter) == (len(first.journal), first.journal.records[-1], None)


def result_of(scenario: Scenario) -> RunResult:
    return run_scenario(scenario)


def test_run_does_not_depend_on_names_of_nodes() -> None:
    text = f"{PAIR}steps:\n  - start: [elb, w]\n  - wait: 30s\n"
    renamed = text.replace("elb:", "balancer:").replace("[elb, w]", "[balancer, zz]").replace("  w:", "  zz:")
    first, second = result_of(parse_scenario(text)), result_of(parse_scenario(renamed))
    names = {"balancer": "elb", "zz": "w", "balancer zz": "elb w"}

    def translated(item: object) -> object:
        if isinstance(item, tuple):
            return tuple(translated(part) for part in item)
        return names.get(item, item) if isinstance(item, str) else item

    assert [translated(record) for record in second.journal] == first.journal.records
