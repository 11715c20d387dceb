"""Where the documentation promises that a cluster converges, it does; where it is known to fail, it fails as told."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.stateful import run_state_machine_as_test

from wkasim.profile import PROFILES
from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.runner import run_scenario
from wkasim.scenario.writer import write_scenario
from wkasim.sim.faults import Start
from wkasim.sim.network import LAN
from wkasim.testing import ClusterMachine, assert_holds, scenarios, violations

CONVERGENCE = ("start_ends", "join_answered", "elections_end", "agreement", "completeness", "accuracy")

# The promise of the documentation: nodes start one after the other, a well-known member that is always up, each node
# with an address of its own. A restart gives up being known (its peers may not have noticed yet), so it is not in it.
PROMISED = {
    "starts": ("sequential",),
    "topologies": ("star",),
    "layouts": ("apart", "signed", "one_host"),
}


@pytest.mark.parametrize("profile", list(PROFILES))
@given(data=st.data())
def test_sequential_starts_converge_in_every_profile(profile: str, data: st.DataObject) -> None:
    scenario = data.draw(scenarios(profiles=(profile,), faults=(), nodes=(2, 5), **PROMISED))
    assert_holds(scenario, *CONVERGENCE)


@pytest.mark.parametrize("profile", list(PROFILES))
@given(data=st.data())
def test_short_faults_of_a_running_cluster_heal_in_every_profile(profile: str, data: st.DataObject) -> None:
    # Pauses, slow links, delayed and doubled messages: nobody dies, and nothing lasts as long as detection takes.
    kinds = ("pause", "link", "delay", "duplicate")
    # They begin when all have started: a node that starts behind a link slower than its 0.5 s is alone (defect D7).
    scenario = data.draw(
        scenarios(profiles=(profile,), faults=kinds, nodes=(2, 4), length_s=200.0, running=True, **PROMISED)
    )
    assert_holds(scenario, "start_ends", "elections_end", "agreement", "accuracy", "one_identity")


class SequentialCluster(ClusterMachine):
    """Nodes of a star come and are killed one after the other; the hub, once started, is never touched."""

    profile = "documented"
    topology_kinds = ("star",)
    layouts = ("apart",)
    invariant_names = ("one_identity", "start_ends")
    sequential = True
    node_counts = (2, 4)


def test_state_machine_ends_every_start_and_keeps_identities() -> None:
    run_state_machine_as_test(
        SequentialCluster,
        settings=settings(settings(), max_examples=max(5, settings().max_examples // 8), stateful_step_count=12),
    )


class FastCluster(ClusterMachine):
    """Anything at any time: here views are known to disagree."""

    profile = "axis2-1.7"
    invariant_names = ("agreement", "completeness")
    node_counts = (3, 5)


def test_state_machine_finds_the_split_view_by_itself() -> None:
    with pytest.raises(AssertionError, match=r"(agreement|completeness) is violated"):
        run_state_machine_as_test(
            FastCluster,
            settings=settings(
                max_examples=200,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                print_blob=False,
            ),
        )


def breaks(scenario: Scenario, invariant: str) -> bool:
    return bool(violations(scenario, invariant))


def smallest(invariant: str, **narrowed: object) -> Scenario:
    """The smallest scenario that Hypothesis finds in which the invariant does not hold."""
    return find(
        scenarios(faults=(), **narrowed),  # type: ignore[arg-type]
        lambda scenario: breaks(scenario, invariant),
        settings=settings(max_examples=300, derandomize=True, database=None, deadline=None),
    )


def test_shrunk_split_view_is_a_start_of_all_nodes_at_once_with_the_default_seed() -> None:
    scenario = smallest("agreement", profiles=("documented",), topologies=("star",), layouts=("apart",))
    assert [(step.action.verb, step.at_s) for step in scenario.steps] == [("start", 0.0), ("wait", None)]
    assert scenario.seed == 0
    assert scenario.link == LAN
    assert parse_scenario(write_scenario(scenario)) == scenario


def test_failed_assertion_shows_the_scenario_as_a_file() -> None:
    narrowed = {"nodes": (2, 2), "starts": ("together",), "topologies": ("pair",), "layouts": ("apart",)}
    scenario = smallest("start_ends", profiles=("wso2-1.6.1",), **narrowed)
    with pytest.raises(AssertionError) as caught:
        assert_holds(scenario, "start_ends")
    told, _, file = str(caught.value).partition("\n\n")
    assert told.startswith("start_ends is violated at ")
    shown = parse_scenario(file)
    assert evolve(shown, expectations=()) == scenario
    (outcome,) = run_scenario(shown).outcomes
    assert (outcome.title, outcome.verdict) == ("invariant start_ends", "failed")


def test_promise_is_not_empty_for_want_of_examples() -> None:
    # The strategy of the promise does draw clusters of several nodes in which somebody joins.
    scenario = find(
        scenarios(profiles=("documented",), faults=(), nodes=(4, 5), **PROMISED),  # type: ignore[arg-type]
        lambda scenario: len(scenario.nodes) >= 4,
        settings=settings(max_examples=20, derandomize=True, database=None, deadline=None),
    )
    assert violations(scenario) == []
    with pytest.raises(NoSuchExample):
        find(
            scenarios(profiles=("documented",), faults=(), nodes=(2, 3), **PROMISED),  # type: ignore[arg-type]
            lambda scenario: breaks(scenario, "start_ends"),
            settings=settings(max_examples=20, derandomize=True, database=None, deadline=None),
        )


@given(data=st.data())
def test_scenarios_of_a_running_cluster_have_no_fault_before_the_last_start(data: st.DataObject) -> None:
    scenario = data.draw(scenarios(running=True, **PROMISED))
    starts = [step.at_s or 0.0 for step in scenario.steps if isinstance(step.action, Start)]
    others = [step.at_s for step in scenario.steps if step.at_s is not None and not isinstance(step.action, Start)]
    assert all(at_s > max(starts) for at_s in others)
