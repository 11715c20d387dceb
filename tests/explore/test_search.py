"""Drawing, shrinking and searching: legal scenarios, small counterexamples, the same ones however they are sought."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from wkasim.errors import InputError
from wkasim.explore.coverage import Coverage
from wkasim.explore.findings import explains, make_finding, tell
from wkasim.explore.invariants import invariants_named, known_invariants
from wkasim.explore.judged import judge_scenario
from wkasim.explore.schedules import FAULTS
from wkasim.explore.search import Report, Search, explore
from wkasim.explore.shrink import shrink
from wkasim.explore.space import SeededChooser, Space, draw_scenario, draw_variation
from wkasim.explore.topologies import TOPOLOGIES
from wkasim.profile import PROFILES
from wkasim.scenario.model import Expectation, InvariantClaim, Scenario
from wkasim.scenario.reader import load_scenario, parse_scenario
from wkasim.scenario.runner import run_scenario
from wkasim.scenario.writer import write_scenario
from wkasim.sim import faults

DOCUMENTED = Space(profiles=("documented",), faults=())


def drawn(number: int, space: Space = Space()) -> Scenario:  # noqa: B008 - a value that never changes
    return draw_scenario(SeededChooser(0, number), space)


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
    search = Search(space=DOCUMENTED, invariants=invariants_named(["agreement"]))
    number = next(
        number for number in range(50) if judge_scenario(search.scenario(number), search.invariants).violations
    )
    scenario = search.scenario(number)
    violation = judge_scenario(scenario, search.invariants).violations[0]
    finding = make_finding(scenario, violation, search.invariants)
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

    smallest = shrink(scenario, has_kill)
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


def test_search_stops_when_it_is_told_and_keeps_what_it_found() -> None:
    seen: list[int] = []

    def progress(report: Report) -> None:
        seen.append(report.runs)
        if len(seen) == 2:
            raise KeyboardInterrupt

    report = explore(Search(space=DOCUMENTED), on_progress=progress)
    assert report.interrupted
    assert report.runs == seen[-1] > seen[0]
    assert report.findings
    assert explore(Search(space=DOCUMENTED), keep_going=lambda: False).runs == 0


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
    search = Search(space=Space(profiles=(profile,)))
    met = (
        violation
        for number in range(150)
        for violation in judge_scenario(search.scenario(number), search.invariants).violations
    )
    assert any((violation.invariant, violation.cause) == (invariant, cause) for violation in met)


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
