"""Shrinking by itself: each thing that can be smaller, rounder or plainer becomes so, and nothing illegal is tried."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from wkasim.explore.judged import judge_scenario
from wkasim.explore.shrink import shrink, without
from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import parse_scenario
from wkasim.sim.network import LAN, Link

NODES = """
nodes:
  a: {http_port: 8280, https_port: 8243, port_offset: 1}
  b: {host: 127.1.0.2, well_known_members: ["127.1.0.1:4000"]}
  c: {host: 127.1.0.3, well_known_members: ["127.1.0.1:4000", "127.1.0.2:4000"]}
steps:
"""


def scenario(*steps: str, seed: int = 0) -> Scenario:
    return evolve(parse_scenario(NODES + "".join(f"  - {step}\n" for step in steps)), seed=seed)


def verbs(candidate: Scenario) -> list[str]:
    return [step.action.verb for step in candidate.steps]


def smallest(begun: Scenario, still_fails: Callable[[Scenario], bool], most_runs: int = 400) -> Scenario:
    """What is left; every candidate on the way can be run to its end."""

    def can_be_run_and_fails(candidate: Scenario) -> bool:
        assert judge_scenario(candidate, ()).problem == "", candidate
        return still_fails(candidate)

    return [begun, *shrink(begun, can_be_run_and_fails, most_runs=most_runs)][-1]


@pytest.mark.parametrize(
    ("steps", "needed", "left"),
    [
        # What is done to a node that does not run any more, or is not frozen, goes with what made it so.
        (
            ("start: [a, b]", "pause: a", "wait: 2s", "resume: a", "kill: b", "wait: 9s"),
            "kill",
            ("start: b", "kill: b"),
        ),
        (("start: a", "terminate: a", "wait: 1s", "start: a", "wait: 9s"), "start", ("start: a",)),
        (("start: a", "kill: a", "start: b", "close_http: a", "wait: 9s"), "kill", ("start: a", "kill: a")),
        # Times, numbers and manners become plain ones.
        (
            ("start: {nodes: [a, b], spread: 3s}", "partition: {sides: [a, b], how: refused}", "wait: 9s"),
            "partition",
            ("start: [a, b]", "partition: [a, b]"),
        ),
        (
            ("start: a", "cut: {from: a, to: b, how: unreachable}", "wait: 9s"),
            "cut",
            ("start: a", "cut: {from: a, to: b}"),
        ),
        (
            ("start: [a, b]", "messages: {do: drop, message: JOIN, to: b, count: 3}", "wait: 9s"),
            "messages",
            ("start: b", "messages: {do: drop, message: JOIN, count: 1}"),
        ),
        (
            ("start: a", "at: 37500ms\n    kill: a", "wait: 9s"),
            "kill",
            ("start: a", "at: 0s\n    kill: a"),
        ),
    ],
)
def test_step_is_left_with_what_it_needs_and_nothing_more(
    steps: tuple[str, ...], needed: str, left: tuple[str, ...]
) -> None:
    made = smallest(scenario(*steps), lambda candidate: needed in verbs(candidate))
    expected = [step.action for step in scenario(*left).steps]
    assert [step.action for step in made.steps if step.action.verb != "wait"] == expected


def test_restart_waits_no_longer_than_it_must() -> None:
    begun = scenario("start: a", "restart: {node: a, after: 17s}", "wait: 9s")
    made = smallest(begun, lambda candidate: any(getattr(s.action, "after_s", 0) > 3 for s in candidate.steps))
    assert [getattr(step.action, "after_s", None) for step in made.steps] == [None, 5.0, None]


def test_host_that_is_off_takes_its_own_nodes_with_it_and_no_others() -> None:
    begun = scenario("start: [a, b]", "wait: 3s", "host_down: 127.1.0.1", "wait: 2s", "kill: b", "wait: 9s")
    made = smallest(begun, lambda candidate: {"host_down", "kill"} <= set(verbs(candidate)))
    assert verbs(made) == ["start", "host_down", "kill", "wait"]


def test_two_steps_that_only_go_together_go_together() -> None:
    begun = scenario("start: a", "pause: a", "resume: a", "partition: [a, b]", "heal", "wait: 9s")

    def balanced(candidate: Scenario) -> bool:
        done = verbs(candidate)
        return done.count("partition") == done.count("heal") and {"pause", "resume"} <= set(done)

    assert verbs(smallest(begun, balanced)) == ["start", "pause", "resume", "wait"]


def test_seed_becomes_the_least_that_serves_and_a_bold_change_tries_other_seeds() -> None:
    begun = scenario("start: [a, b, c]", "wait: 9s", seed=500)
    assert smallest(begun, lambda candidate: candidate.seed >= 7).seed == 7
    lucky = smallest(begun, lambda candidate: len(candidate.nodes) == 3 or candidate.seed == 2)
    assert (len(lucky.nodes), lucky.seed) == (1, 2)


def test_nodes_become_plain_ones_on_a_plain_link() -> None:
    begun = evolve(scenario("start: [a, b, c]", "wait: 9s"), link=Link(5_000, 5_000, 0.1))
    made = smallest(begun, lambda candidate: len(candidate.nodes) == 3)
    assert made.link == LAN
    assert [node.http_port for node in made.nodes] == [None] * 3
    assert [node.well_known_members for node in made.nodes] == [()] * 3


def test_address_that_two_nodes_have_stays_on_the_lists_when_one_of_them_goes() -> None:
    text = NODES.replace("steps:", "  twin: {host: 127.1.0.1, port: 4000}\nsteps:")
    begun = parse_scenario(f"{text}  - start: [b, twin]\n  - wait: 9s\n")
    twin, a = begun.nodes[-1], begun.nodes[0]
    assert without(begun, a).nodes[0].well_known_members == (("127.1.0.1", 4000),)
    assert without(without(begun, a), twin).nodes[0].well_known_members == ()


def test_starts_are_brought_together_two_by_two_where_all_at_once_is_not_it() -> None:
    begun = scenario("at: 0s\n    start: a", "at: 10s\n    start: b", "at: 20s\n    start: c", "wait: 9s")

    def not_all_at_once(candidate: Scenario) -> bool:
        names = [name for step in candidate.steps for name in getattr(step.action, "nodes", ())]
        return sorted(names) == ["a", "b", "c"] and verbs(candidate).count("start") >= 2

    made = smallest(begun, not_all_at_once)
    assert [(getattr(step.action, "nodes", ()), step.at_s) for step in made.steps] == [
        (("a", "b"), 0.0),
        (("c",), 0.0),
        ((), None),
    ]


@pytest.mark.parametrize(("long_s", "short_s"), [(111.0, 50.0), (47.5, 50.0)])
def test_calm_becomes_the_roundest_that_is_long_enough(long_s: float, short_s: float) -> None:
    begun = scenario("start: a", f"wait: {long_s}s")
    made = smallest(begun, lambda candidate: getattr(candidate.steps[-1].action, "for_s", 0) >= 45.0)
    assert getattr(made.steps[-1].action, "for_s", 0) <= short_s


def test_no_more_runs_are_asked_for_than_allowed() -> None:
    asked: list[Scenario] = []

    def never(candidate: Scenario) -> bool:
        asked.append(candidate)
        return False

    begun = scenario("start: [a, b, c]", "wait: 9s", seed=9)
    assert list(shrink(begun, never, most_runs=5)) == []
    assert len(asked) == 5
    asked.clear()
    assert list(shrink(begun, never, keep_going=lambda: len(asked) < 3)) == []
    assert len(asked) == 3
