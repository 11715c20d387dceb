"""Drawing, shrinking and searching: legal scenarios, small counterexamples, the same ones however they are sought."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from attrs import evolve, frozen

from wkasim.errors import InputError
from wkasim.explore.course import Course
from wkasim.explore.coverage import Coverage
from wkasim.explore.findings import Finding, explains, make_finding, tell
from wkasim.explore.invariants import (
    Invariant,
    Reason,
    agreement,
    always,
    eventually,
    invariants_named,
    known_invariants,
)
from wkasim.explore.judged import judge_scenario
from wkasim.explore.schedules import FAULTS
from wkasim.explore.search import Report, Search, explore
from wkasim.explore.shrink import shrink, without
from wkasim.explore.space import SeededChooser, Space, draw_scenario, draw_variation
from wkasim.explore.topologies import TOPOLOGIES
from wkasim.explore.verdict import Violation, Watch
from wkasim.logs.catalogue import ENTRIES
from wkasim.profile import PROFILES
from wkasim.scenario.model import Expectation, InvariantClaim, Scenario, Step, Wait, WaitUntil
from wkasim.scenario.reader import load_scenario, parse_scenario
from wkasim.scenario.runner import ScenarioRun, run_scenario
from wkasim.scenario.writer import write_scenario
from wkasim.sim import faults
from wkasim.sim.faults import Start
from wkasim.sim.journal import Record

DOCUMENTED = Space(profiles=("documented",), faults=())
AGREEMENT = Search(space=DOCUMENTED, invariants=invariants_named(["agreement"]))


def drawn(number: int, space: Space = Space()) -> Scenario:  # noqa: B008 - a value that never changes
    return draw_scenario(SeededChooser(0, number), space)


def violating(search: Search) -> tuple[Scenario, Violation]:
    """The first drawn scenario that violates something, and its first violation."""
    for number in range(50):
        scenario = search.scenario(number)
        if violations := judge_scenario(scenario, search.invariants).violations:
            return scenario, violations[0]
    raise AssertionError("nothing is violated")


def test_drawn_scenarios_are_values_that_a_file_keeps() -> None:
    for number in range(40):
        scenario = drawn(number)
        assert parse_scenario(write_scenario(scenario)) == scenario
        assert scenario == drawn(number)


def test_drawn_scenarios_can_be_run_to_their_end() -> None:
    # Every kind of fault gets its share: no step may be one that cannot be done.
    for kind in Space().faults:
        space = Space(faults=(kind,), nodes=(2, 4), profiles=("documented",))
        verbs: set[str] = set()
        for number in range(12):
            scenario = drawn(number, space)
            verbs |= {step.action.verb for step in scenario.steps}
            assert judge_scenario(scenario, ()).problem == ""
        assert len(verbs - {"start", "wait"}) >= 1, kind


def test_space_refuses_what_it_does_not_know_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Space(nodes=(3, 2), profiles=("axis3",), faults=("flood",), topologies=())
    assert caught.value.problems == (
        "nodes 3-2 is no range; write LEAST-MOST, from 2 to 50",
        "unknown profile 'axis3' (known: documented, axis2-1.7, wso2-1.6.1)",
        f"unknown fault 'flood' (known: {', '.join(FAULTS)})",
        f"at least one topology is needed (known: {', '.join(TOPOLOGIES)})",
    )
    with pytest.raises(
        InputError, match=r"a length of 20 s is too short: a cluster of 7 nodes may take 110 s to settle"
    ):
        Space(length_s=20)


def test_finding_is_shrunk_to_few_nodes_and_no_needless_step() -> None:
    scenario, violation = violating(AGREEMENT)
    finding = make_finding(scenario, violation, AGREEMENT.invariants)
    assert len(finding.scenario.nodes) == 3
    assert [step.action.verb for step in finding.scenario.steps] == ["start", "wait"]
    assert finding.scenario.seed < 12
    assert finding.verbs == frozenset()
    assert finding.seeds_failing >= 1
    assert explains(finding, finding.key, drawn(1))
    assert not explains(finding, ("axis2-1.7", *finding.key[1:]), drawn(1))
    assert tell(finding, 3, 50).splitlines()[-1].endswith("; the search met it in 3 of 50 runs.")


def test_shrinking_leaves_what_the_failure_needs() -> None:
    scenario = next(
        scenario
        for scenario in map(drawn, range(200))
        if any(step.action.verb == "kill" for step in scenario.steps) and len(scenario.nodes) > 4
    )

    def has_kill(candidate: Scenario) -> bool:
        assert judge_scenario(candidate, ()).problem == ""
        return any(isinstance(step.action, faults.Kill) for step in candidate.steps)

    *_, smallest = shrink(scenario, has_kill)
    assert [step.action.verb for step in smallest.steps] == ["start", "kill", "wait"]
    assert len(smallest.nodes) == 1
    assert [step.at_s for step in smallest.steps] == [0.0, 0.0, None]


def found(report: Report) -> list[tuple[str, str]]:
    return [(finding.violation.invariant, write_scenario(finding.scenario)) for finding in report.findings]


def test_search_finds_the_same_with_one_process_and_with_two() -> None:
    search = Search(space=evolve(DOCUMENTED, nodes=(3, 3)), invariants=invariants_named(["agreement"]))
    alone = explore(search, runs=24)
    together = explore(search, runs=24, jobs=2)
    assert (alone.runs, alone.failures, alone.times) == (together.runs, together.failures, together.times)
    assert found(alone) == found(together)
    assert alone.times[0] > 1
    assert alone.failures == {"agreement": sum(alone.times)}
    assert len(set(map(str, found(alone)))) == len(alone.findings)


def test_search_stops_when_it_is_told_and_keeps_what_it_found() -> None:
    def progress(report: Report) -> None:
        if report.runs > 8:
            raise KeyboardInterrupt

    report = explore(Search(space=DOCUMENTED), on_progress=progress)
    assert report.interrupted
    assert report.runs == 9
    assert [finding.ended for finding in report.findings][:-1] == ["done"] * (len(report.findings) - 1)
    assert explore(Search(space=DOCUMENTED), keep_going=lambda: False).runs == 0


def test_interrupted_while_it_shrinks_the_search_keeps_the_finding_as_small_as_it_is_by_then() -> None:
    scenario, violation = violating(AGREEMENT)
    asked: list[int] = []

    def interrupt() -> bool:
        asked.append(0)
        if len(asked) == 12:
            raise KeyboardInterrupt
        return True

    finding = make_finding(scenario, violation, AGREEMENT.invariants, keep_going=interrupt)
    assert finding.ended == "interrupted"
    assert 3 <= len(finding.scenario.nodes) < len(scenario.nodes)
    (again,) = judge_scenario(finding.scenario, AGREEMENT.invariants).violations
    assert again == finding.violation
    assert tell(finding, 1, 8).endswith("\nThe search ended before this was as small as it can be.")

    def during_the_first(report: Report) -> None:
        if report.runs and not report.findings:
            raise KeyboardInterrupt

    report = explore(AGREEMENT, on_progress=during_the_first)
    assert report.interrupted
    assert [finding.ended for finding in report.findings] == ["interrupted"]
    assert report.times == [1]


def test_search_whose_time_is_up_does_not_run_a_single_scenario_more() -> None:
    scenario, violation = violating(AGREEMENT)
    finding = make_finding(scenario, violation, AGREEMENT.invariants, keep_going=lambda: False)
    assert (finding.ended, finding.seeds_failing, finding.seeds_tried) == ("time", 1, 1)
    assert finding.scenario.nodes == scenario.nodes
    assert finding.violation == violation


def test_finding_keeps_its_cause_and_counts_the_seeds_that_show_it() -> None:
    def crowd(course: Course) -> str | None:
        count = len(course.living())
        return Reason(f"{count} live", "a crowd" if count > 3 else "some") if count else None

    invariant = Invariant("crowd", "nobody lives", crowd, eventually())
    scenario = next(s for s in map(AGREEMENT.scenario, range(50)) if len(s.nodes) == 6)
    (violation,) = judge_scenario(scenario, [invariant]).violations
    finding = make_finding(scenario, violation, [invariant])
    assert (finding.violation.cause, len(finding.scenario.nodes)) == ("a crowd", 4)
    assert (finding.seeds_failing, finding.seeds_tried) == (20, 20)

    scenario, violation = violating(AGREEMENT)
    finding = make_finding(scenario, violation, AGREEMENT.invariants)
    seeds = [evolve(finding.scenario, seed=seed) for seed in range(20)]
    showing = sum(bool(judge_scenario(candidate, AGREEMENT.invariants).violations) for candidate in seeds)
    assert (finding.seeds_failing, finding.seeds_tried) == (showing, 20)
    assert 0 < showing < 20


def test_finding_that_needs_a_fault_explains_no_violation_without_it() -> None:
    scenario, violation = violating(AGREEMENT)
    killed = Step(action=faults.Kill(node=scenario.nodes[0].name))
    with_kill = evolve(scenario, steps=(scenario.steps[0], killed, *scenario.steps[1:]))
    finding = Finding(violation=violation, scenario=with_kill, seeds_failing=1, seeds_tried=1)
    assert finding.verbs == {"kill"}
    assert explains(finding, finding.key, with_kill)
    assert not explains(finding, finding.key, scenario)


def test_runs_begun_before_the_time_was_up_are_the_only_ones_that_count() -> None:
    asked: list[int] = []

    def three_runs() -> bool:
        asked.append(0)
        return len(asked) <= 3

    assert explore(Search(space=DOCUMENTED, invariants=()), keep_going=three_runs).runs == 3


@frozen
class Deadly:
    """The check of an invariant that ends its process in the run of a scenario with the node's name."""

    remember: Path | None

    def __call__(self, course: Course) -> str | None:
        if "node5" in course.nodes and multiprocessing.parent_process() is not None:
            if self.remember is None:
                os.kill(os.getpid(), signal.SIGKILL)
            elif not self.remember.exists():
                self.remember.write_text("died")
                os.kill(os.getpid(), signal.SIGKILL)
        return agreement(course)


def test_run_whose_worker_dies_is_tried_again_and_counts_once(tmp_path: Path) -> None:
    remember = tmp_path / "died"
    search = Search(space=DOCUMENTED, invariants=[Invariant("agreement", "", Deadly(remember), eventually())])
    report = explore(search, runs=24, jobs=2)
    assert remember.exists()
    alone = explore(search, runs=24)
    assert (report.runs, report.failures, report.times) == (24, alone.failures, alone.times)
    assert not report.problems
    assert found(report) == found(alone)


def test_runs_that_kill_every_worker_are_named_and_the_search_goes_on() -> None:
    search = Search(space=DOCUMENTED, invariants=[Invariant("agreement", "", Deadly(None), eventually())])
    report = explore(search, runs=32, jobs=2)
    assert report.runs == 32
    assert "runs 0 to 7 of seed 0: 3 workers died" in report.problems
    assert set(report.problems.values()) == {8}


def test_defect_of_the_simulator_costs_neither_the_search_nor_the_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    from wkasim.explore import findings, search

    runs: list[Scenario] = []

    def breaks(scenario: Scenario, *args: object, **kwargs: object) -> object:
        runs.append(scenario)
        if len(runs) % 3 == 0:
            raise AssertionError("a time that is past")
        return judge_scenario(scenario, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(findings, "judge_scenario", breaks)
    monkeypatch.setattr(search, "judge_scenario", breaks)
    report = explore(AGREEMENT, runs=12)
    assert report.runs == 12
    assert report.findings
    assert any(problem.endswith(" of seed 0: AssertionError: a time that is past") for problem in report.problems)


def test_variations_of_a_scenario_keep_its_steps_and_nodes() -> None:
    base = load_scenario("esb-cluster")
    space = Space(faults=("kill", "partition"), profiles=("documented",))
    kinds = set()
    for number in range(6):
        varied = draw_variation(SeededChooser(1, number), base, space)
        assert varied.steps[: len(base.steps)] == base.steps
        assert varied.nodes == base.nodes
        assert varied.expectations == ()
        kinds |= {step.action.verb for step in varied.steps[len(base.steps) :]}
        assert judge_scenario(varied, known_invariants()).problem == ""
    assert {"kill", "partition", "wait"} <= kinds


@pytest.mark.parametrize("name", ["esb-cluster", "defects/d15-starved-heartbeat", "routing/session"])
def test_variations_can_be_run_to_their_end_and_what_is_left_of_one_too(name: str) -> None:
    base = load_scenario(name)
    for number in range(4):
        varied = draw_variation(SeededChooser(2, number), base, Space(faults=tuple(FAULTS)))
        assert judge_scenario(varied, ()).problem == ""
    for node in varied.nodes:
        smaller = without(varied, node)
        if smaller.steps[0].action.verb == "start":
            assert judge_scenario(smaller, ()).problem == "", f"{name} without {node.name}"


VARIED = """
title: A base
description: It tells of three nodes.
hosts: {hub.example: 127.1.0.1, other.example: 127.1.0.9}
database: {}
nodes:
  hub: {host: hub.example}
  one: {host: 127.1.0.2, http_port: 8280, well_known_members: ["127.1.0.1:4000"]}
  two: {host: 127.1.0.3, well_known_members: ["hub.example:4000", "127.1.0.2:4000"]}
links: [{between: [one, two], latency: 5ms}]
steps:
  - start: [hub, one]
    explain: The first two.
  - wait_until: {ready: [hub, one]}
  - start: two
  - add_node: {name: late, host: 127.1.0.4, well_known_members: ["127.1.0.3:4000"]}
  - start: late
  - wait: 5s
  - {name: some, request: {to: one, count: 2}}
  - wait_until: {answered: some}
  - partition: [hub, [one, two, late]]
  - wait: 10s
  - heal
  - kill: one
  - wait: 20s
"""


def test_shrinking_a_scenario_with_waits_leaves_no_needless_step_node_or_name() -> None:
    base = parse_scenario(VARIED)

    def kills_one(candidate: Scenario) -> bool:
        assert judge_scenario(candidate, ()).problem == ""
        return any(step.action == faults.Kill(node="one") for step in candidate.steps)

    *_, smallest = shrink(base, kills_one)
    assert [step.action.verb for step in smallest.steps] == ["start", "kill", "wait"]
    assert [node.name for node in smallest.nodes] == ["one"]
    assert (smallest.database, smallest.links, dict(smallest.hosts)) == (None, (), {})


def test_finding_in_a_scenario_with_requests_and_names_can_be_read_as_a_file() -> None:
    # Requests need the node's HTTP port, and the partition the name of a host: neither may be shrunk away alone.
    base = parse_scenario(
        VARIED.replace("  - heal\n", "")
        .replace("partition: [hub, [one, two, late]]", "cut: {from: other.example, to: two}")
        .replace("kill: one", "start: lone")
        .replace("links:", "  lone: {host: 127.1.0.9, well_known_members: []}\nlinks:")
    )

    def asked_and_cut(course: Course) -> str | None:
        verbs = {record[4] for record in course.records if record[1] == "step"}
        return "asked and cut" if {"request", "cut"} <= verbs else None

    invariant = Invariant("quiet", "nobody is asked or cut off", asked_and_cut, always(), watches=("step",))
    (violation,) = judge_scenario(base, [invariant]).violations
    finding = make_finding(base, violation, [invariant])
    assert [step.action.verb for step in finding.scenario.steps] == ["request", "cut", "wait"]
    assert dict(finding.scenario.hosts) == {"other.example": "127.1.0.9"}
    assert finding.scenario.description == ""
    assert [step.explain for step in finding.scenario.steps] == [""] * 3
    unclaimed = evolve(finding.scenario, expectations=())
    assert parse_scenario(write_scenario(unclaimed)) == unclaimed


def test_found_file_waits_for_nothing_in_vain_and_passes_when_it_is_pinned() -> None:
    base = parse_scenario(
        """
nodes:
  hub: {host: 127.1.0.1, uses_database: false}
  one: {host: 127.1.0.2, uses_database: false, well_known_members: ["127.1.0.1:4000"]}
  two: {host: 127.1.0.3, uses_database: false, well_known_members: ["127.1.0.1:4000"]}
  ghost: {host: 127.1.0.4, uses_database: false}
steps:
  - start: [hub, one, two]
  - wait_until: {ready: [ghost], timeout: 7s}
  - wait_until: {ready: [hub, one]}
  - wait: 60s
"""
    )
    (violation,) = (found for found in judge_scenario(base, AGREEMENT.invariants).violations)
    for keep_going in (lambda: True, lambda: False):
        finding = make_finding(base, violation, AGREEMENT.invariants, keep_going=keep_going)
        written = parse_scenario(write_scenario(finding.scenario))
        assert [outcome.title for outcome in run_scenario(written).outcomes if outcome.verdict == "failed"] == [
            "invariant agreement"
        ]
        pinned = evolve(written, expectations=(), expect_violation=("agreement",))
        assert run_scenario(pinned).passed


def test_wait_for_a_node_that_nothing_starts_any_more_is_left_out() -> None:
    scenario = parse_scenario(
        "nodes: {a: {}, b: {host: 127.1.0.2}}\n"
        "steps: [{start: a}, {start: b}, {wait_until: {ready: [a, b]}}, {wait_until: {ready: a}}, {wait: 9}]"
    )
    smaller = next(shrink(scenario, lambda candidate: Start(nodes=("a",)) not in [s.action for s in candidate.steps]))
    assert [step.action for step in smaller.steps][:-1] == [Start(nodes=("b",)), WaitUntil(ready=("b",))]


def test_node_that_is_left_out_is_in_no_list_no_link_and_no_step() -> None:
    base = parse_scenario(VARIED)
    smaller = without(base, base.nodes[0])
    assert smaller.all_nodes()["two"].well_known_members == (("127.1.0.2", 4000),)
    assert smaller.all_nodes()["one"].well_known_members == ()
    assert [step.action.verb for step in smaller.steps if step.action.verb in ("partition", "wait_until")] == [
        "wait_until",
        "wait_until",
    ]
    alone = without(smaller, base.nodes[1])
    assert alone.links == ()
    assert [step.action.verb for step in alone.steps] == ["start", "add_node", "start", "wait", "wait", "heal", "wait"]
    assert "hub" not in write_scenario(without(alone, alone.nodes[0])).replace("hub.example", "")


def test_waits_that_follow_each_other_become_one() -> None:
    base = parse_scenario("nodes: {a: {}}\nsteps: [{start: a}, {wait: 2s}, {wait: 3s}, {kill: a}, {wait: 4s}]")

    def long_enough(candidate: Scenario) -> bool:
        return sum(step.action.for_s for step in candidate.steps if isinstance(step.action, Wait)) >= 9

    *_, smallest = shrink(base, long_enough)
    assert [step.action for step in smallest.steps] == [faults.Start(nodes=("a",)), Wait(for_s=9.0)]


def test_variation_lets_no_stranger_take_a_port_that_a_node_has() -> None:
    base = load_scenario("esb-cluster")
    only = Space(faults=("stranger",))
    varied = [draw_variation(SeededChooser(3, number), base, only) for number in range(20)]
    assert {step.action.verb for scenario in varied for step in scenario.steps[len(base.steps) :]} == {"wait"}


def test_length_that_is_just_enough_is_enough() -> None:
    # 110 s for settling and 10 s in which something can happen.
    assert Space(length_s=120.0).length_for("wso2-1.6.1", 7) == (20.0, 110.0)
    with pytest.raises(InputError, match="give it 120 s or fewer nodes"):
        Space(length_s=119.5)


def test_calm_after_a_silence_is_longer_by_the_silence() -> None:
    for kind, verbs in (("partition", ("partition", "heal")), ("host_down", ("host_down", "host_up"))):
        space = Space(faults=(kind,), nodes=(3, 3), profiles=("documented",))
        for scenario in (drawn(number, space) for number in range(40)):
            begins, ends = ([s.at_s or 0.0 for s in scenario.steps if s.action.verb == verb] for verb in verbs)
            if len(begins) == 1 == len(ends):
                assert scenario.steps[-1].action == Wait(for_s=45.0 + ends[0] - begins[0] + 1.0)


@pytest.mark.parametrize("base", [None, "partition-heals", "faults/f13-split-and-healed"])
def test_every_run_lasts_until_all_that_must_hold_is_due(base: str | None) -> None:
    """Else a violation would go unseen: who comes back late, and silences that overlap, put off what is due."""
    search = Search(base=load_scenario(base) if base else None)
    for number in range(80 if base is None else 25):
        run = ScenarioRun(search.scenario(number))
        try:
            watch = Watch.over(run.cluster)
            run.advance_to(1e9)
            watch.look(run.cluster)
            assert max(map(watch.due_us, watch.invariants)) <= run.cluster.loop.now_us, number
        finally:
            run.cluster.close()


def test_calm_counts_from_the_return_of_who_restarts() -> None:
    space = Space(faults=("restart",), nodes=(3, 3), profiles=("documented",))
    waits = set()
    for scenario in (drawn(number, space) for number in range(40)):
        last_s = max(step.at_s or 0.0 for step in scenario.steps)
        restarts = [(s.at_s or 0.0, s.action.after_s) for s in scenario.steps if isinstance(s.action, faults.Restart)]
        back_s = max((at_s + after_s for at_s, after_s in restarts), default=0.0)
        assert scenario.steps[-1].action == Wait(for_s=max(back_s - last_s, 0.0) + 45.0 + 1.0)
        waits.add(back_s > last_s)
    assert waits == {False, True}


def test_coverage_counts_and_names_what_never_occurred() -> None:
    coverage = Coverage()
    report = explore(Search(space=DOCUMENTED, coverage=True), runs=4)
    coverage.merge(report.coverage)
    assert coverage.runs == 4
    assert coverage.lines["documented", "sending_join"] > 0
    assert coverage.messages["JOIN", "initialised"] > 0
    assert "partition" in coverage.faults_never()
    assert ("COORDINATION_REQUEST", "initialised") in coverage.messages_never()
    assert "database_created" in coverage.lines_never()["documented"]
    assert coverage.text().startswith("4 runs\ndocumented: ")
    assert set(coverage.as_dict()) >= {"lines_never", "messages_never", "faults_never"}


def test_coverage_knows_the_state_of_who_receives_and_which_lines_a_profile_has() -> None:
    coverage = Coverage()
    records: list[Record] = []
    for state in ("", "waiting", "initialised", "paused"):
        if state:
            records.append((1, "state", "a", 1, state, ""))
        records.append((2, "deliver", "a", 1, 7, "JOIN", "b"))
    records.append((3, "log", "a", 1, "sending_join", "W", "INFO", ()))
    coverage.add("documented", records)
    assert coverage.messages == {("JOIN", "starting"): 1, ("JOIN", "waiting"): 1, ("JOIN", "initialised"): 2}
    never = coverage.lines_never()["documented"]
    assert "sending_join" not in never
    assert all("documented" in ENTRIES[event].profiles for event in never)
    assert any("documented" not in entry.profiles for entry in ENTRIES.values())
    other = Coverage()
    other.add("documented", [(0, "step", "", 0, "kill", ("node", "a"))])
    coverage.merge(other)
    assert (coverage.runs, coverage.faults) == (2, {"kill": 1})


# What the search finds without being told

AFTER_ALONE = "somebody not well known is not listed, after one started alone"


@pytest.mark.parametrize(
    ("profile", "invariant", "cause"),
    [
        pytest.param("documented", "agreement", AFTER_ALONE, id="D7b"),
        pytest.param("axis2-1.7", "agreement", AFTER_ALONE, id="D7b'"),
        pytest.param("wso2-1.6.1", "start_ends", "nodes wait for each other", id="D1"),
        pytest.param("wso2-1.6.1", "agreement", "somebody not well known is not listed, though both joined", id="D2"),
        pytest.param("axis2-1.7", "one_identity", "two nodes with one address", id="D10"),
        pytest.param("documented", "ports_known", "admitted without ports", id="D12"),
    ],
)
def test_search_meets_the_known_defects_without_being_told(profile: str, invariant: str, cause: str) -> None:
    assert meets(Space(profiles=(profile,)), invariant, cause)


def test_search_among_kills_meets_the_election_that_does_not_end() -> None:
    space = Space(profiles=("axis2-1.7",), faults=("kill",))
    assert meets(space, "elections_end", "an election does not end")


def meets(space: Space, invariant: str, cause: str) -> bool:
    """Whether one of the first 150 scenarios violates the invariant by that cause."""
    search = Search(space=space)
    violations = (
        violation
        for number in range(150)
        for violation in judge_scenario(search.scenario(number), search.invariants).violations
    )
    return any((violation.invariant, violation.cause) == (invariant, cause) for violation in violations)


FOUND = sorted((Path(__file__).parents[2] / "scenarios" / "found").glob("*.yaml"))


@pytest.mark.parametrize("path", FOUND, ids=[path.stem for path in FOUND])
def test_found_scenario_is_pinned_and_fails_without_the_pin(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.expect_violation
    assert run_scenario(scenario).passed
    claims = tuple(Expectation(claim=InvariantClaim(name=name)) for name in scenario.expect_violation)
    loose = evolve(scenario, expect_violation=(), expectations=claims)
    failed = {o.title.removeprefix("invariant ") for o in run_scenario(loose).outcomes if o.verdict == "failed"}
    assert set(scenario.expect_violation) <= failed


def test_found_scenarios_cover_every_profile() -> None:
    assert {load_scenario(path).profile for path in FOUND} == set(PROFILES)
