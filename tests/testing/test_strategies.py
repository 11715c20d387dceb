"""The strategies by themselves: what they draw, to what they shrink, and which names they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from wkasim.errors import InputError
from wkasim.explore import invariants
from wkasim.explore.course import Course
from wkasim.explore.invariants import invariants_named
from wkasim.explore.judged import judge_scenario
from wkasim.explore.schedules import FAULTS
from wkasim.explore.search import Search
from wkasim.explore.space import SeededChooser, Space, draw_scenario
from wkasim.explore.topologies import TOPOLOGIES, draw_nodes
from wkasim.explore.verdict import Watch
from wkasim.node.config import Group, NodeConfig
from wkasim.scenario.model import InvariantClaim, Scenario, Step, Wait
from wkasim.scenario.reader import parse_scenario
from wkasim.sim.cluster import Cluster
from wkasim.sim.faults import SetLink, Start
from wkasim.sim.network import LAN
from wkasim.testing import (
    ClusterMachine,
    Invariant,
    InvariantError,
    addresses,
    always,
    assert_holds,
    eventually,
    fault_schedules,
    latencies,
    profiles,
    scenarios,
    start_schedules,
    topologies,
    violations,
)

THREE = tuple(NodeConfig(name=name, host=f"127.1.0.{number}") for number, name in enumerate("abc", 1))


def shrunk(strategy: st.SearchStrategy[Scenario], fails: Callable[[Scenario], bool]) -> Scenario:
    """The last example of a property test that fails: what Hypothesis shows."""
    failing: list[Scenario] = []

    # The explanation that Hypothesis looks for in the end would run examples that are larger again.
    @settings(
        max_examples=200,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def examine(scenario: Scenario) -> None:
        if fails(scenario):
            failing.append(scenario)
            raise AssertionError

    with pytest.raises(AssertionError):
        examine()
    return failing[-1]


def test_scenario_shrinks_to_two_nodes_no_fault_the_default_seed_and_the_plain_link() -> None:
    smallest = shrunk(scenarios(), lambda _: True)
    assert [node.name for node in smallest.nodes if node.role == "worker"] in (["node1"], ["node1", "node2"])
    assert len(smallest.nodes) == 2
    assert [step.action.verb for step in smallest.steps] == ["start", "start", "wait"]
    assert (smallest.seed, smallest.link, smallest.profile) == (0, LAN, "documented")


def test_scenario_with_a_fault_shrinks_to_that_fault_alone() -> None:
    smallest = shrunk(
        scenarios(faults=("kill",)), lambda scenario: any(step.action.verb == "kill" for step in scenario.steps)
    )
    assert len(smallest.nodes) == 2
    assert [step.action.verb for step in smallest.steps] == ["start", "kill", "start", "wait"]
    assert smallest.seed == 0


@given(data=st.data())
def test_parts_of_a_scenario_are_what_they_are_called(data: st.DataObject) -> None:
    assert re.fullmatch(r"127\.1\.0\.[1-9]:40(0\d|10)", str(data.draw(addresses(hosts=9))))
    assert data.draw(profiles()).name in ("documented", "axis2-1.7", "wso2-1.6.1")
    link = data.draw(latencies(most_ms=20))
    assert 100 <= link.latency_us <= 20_100
    assert link.jitter_us <= 20_000
    assert link.loss == 0.0
    assert data.draw(latencies(loss=True)).loss <= 0.1


@given(nodes=topologies(nodes=(3, 5), kinds=("star",), layouts=("apart",), balancer=True))
def test_topology_is_the_one_that_was_asked_for(nodes: tuple[NodeConfig, ...]) -> None:
    assert 3 <= len(nodes) <= 5
    assert [node.role for node in nodes] == ["elb"] + ["worker"] * (len(nodes) - 1)
    assert len({node.host for node in nodes}) == len(nodes)
    hub = ((nodes[0].host, 4000),)
    assert [node.well_known_members for node in nodes] == [()] + [hub] * (len(nodes) - 1)


@given(steps=start_schedules(THREE))
def test_every_node_is_started_once_the_first_one_first_or_with_the_others(steps: tuple[Step, ...]) -> None:
    names = [name for step in steps for name in step.action.nodes]  # type: ignore[union-attr]
    assert names == ["a", "b", "c"]
    assert steps[0].at_s == 0.0


@given(steps=fault_schedules(THREE, kinds=("pause", "cut"), within_s=30.0))
def test_faults_are_of_the_kinds_allowed_and_undone_within_the_time(steps: tuple[Step, ...]) -> None:
    verbs = [step.action.verb for step in steps]
    assert set(verbs) <= {"pause", "resume", "cut", "heal"}
    assert verbs.count("pause") == verbs.count("resume")
    assert verbs.count("cut") == verbs.count("heal")
    assert all(step.at_s is not None and 0 <= step.at_s <= 30 for step in steps)
    assert [step.at_s for step in steps] == sorted(step.at_s or 0.0 for step in steps)


UNDONE = {
    "kill": ("kill", ""),
    "terminate": ("terminate", ""),
    "restart": ("restart", ""),
    "pause": ("pause", "resume"),
    "partition": ("partition", "heal"),
    "cut": ("cut", "heal"),
    "link": ("link", "link"),
    "drop": ("messages", "clear_rules"),
    "delay": ("messages", "clear_rules"),
    "duplicate": ("messages", "clear_rules"),
    "hold": ("messages", "release"),
    "http": ("close_http", "open_http"),
    "host_down": ("host_down", "host_up"),
    "stranger": ("", ""),
}
"""What a kind of fault does to running nodes, and what undoes it."""


@pytest.mark.parametrize("kind", FAULTS)
@settings(max_examples=20)
@given(data=st.data())
def test_fault_of_every_kind_is_undone_and_strikes_nobody_who_is_gone(kind: str, data: st.DataObject) -> None:
    nodes = tuple(evolve(node, http_port=8280) for node in THREE)
    steps = data.draw(fault_schedules(nodes, kinds=(kind,), most=4, within_s=40.0))
    does, undoes = UNDONE[kind]
    done = [step.action.verb for step in steps]
    assert set(done) <= {does, undoes}
    if does == undoes:
        assert len(done) % 2 == 0
        last = {getattr(step.action, "between", ()): step.action for step in steps}
        assert all(action == SetLink(between=between) for between, action in last.items())
    elif undoes:
        assert done.count(does) == done.count(undoes)
    else:
        assert len(done) <= 4
    struck = [getattr(step.action, "node", "") for step in steps]
    if kind in ("kill", "terminate"):
        assert len(set(struck)) == len(struck)
    begin = (Step(action=Start(nodes=("a", "b", "c"))), Step(action=Wait(for_s=3)))
    assert judge_scenario(Scenario(nodes=nodes, steps=(*begin, *steps)), ()).problem == ""


@pytest.mark.parametrize(
    ("topology", "lists"),
    [
        ("star", [[], [0], [0], [0]]),
        ("pair", [[1], [0], [0, 1], [0, 1]]),
        ("chain", [[], [0], [1], [2]]),
        ("ring", [[3], [0], [1], [2]]),
        ("one_way", [[], [0], [1], [1]]),
        ("self_only", [[0], [0], [0], [0]]),
    ],
)
def test_topology_says_who_lists_whom(topology: str, lists: list[list[int]]) -> None:
    nodes = draw_nodes(SeededChooser(0), 4, "one_host", topology, balancer=False)
    assert [[port - 4000 for _, port in node.well_known_members] for node in nodes] == lists
    assert [node.role for node in nodes] == ["worker"] * 4


def test_load_balancer_stands_in_the_members_domain_or_in_one_of_its_own() -> None:
    drawn = [draw_nodes(SeededChooser(number), 2, "apart", "star", balancer=True) for number in range(20)]
    assert {nodes[0].domain for nodes in drawn} == {"wso2.esb.domain", "wso2.lb.domain"}
    assert {nodes[0].groups for nodes in drawn} == {(Group("wso2.esb.domain"),)}


@given(data=st.data())
def test_fault_that_needs_two_nodes_strikes_nobody_who_is_alone(data: st.DataObject) -> None:
    assert data.draw(fault_schedules(THREE[:1], kinds=("cut", "link", "partition"))) == ()
    assert data.draw(fault_schedules(())) == ()


@pytest.mark.parametrize(
    ("strategy", "problems"),
    [
        (
            topologies(nodes=(5, 2), kinds=("circle",), layouts=()),
            (
                "nodes 5-2 is no range; give the least and the most",
                f"unknown topology 'circle' (known: {', '.join(TOPOLOGIES)})",
                "at least one layout is needed (known: apart, signed, one_host, clashing)",
            ),
        ),
        (
            start_schedules(THREE, kinds=("slowly",)),
            ("unknown start 'slowly' (known: sequential, together, staggered, spread)",),
        ),
        (fault_schedules(THREE, kinds=("flood",)), (f"unknown fault 'flood' (known: {', '.join(FAULTS)})",)),
        (
            scenarios(nodes=(1, 2), profiles=("axis3",)),
            (
                "nodes 1-2 is no range; write LEAST-MOST, from 2 to 50",
                "unknown profile 'axis3' (known: documented, axis2-1.7, wso2-1.6.1)",
            ),
        ),
    ],
)
def test_names_that_are_not_known_are_told_with_the_known_ones(
    strategy: st.SearchStrategy[object], problems: tuple[str, ...]
) -> None:
    @settings(max_examples=1, database=None)
    @given(strategy)
    def draw(_: object) -> None:
        pass

    with pytest.raises(InputError) as caught:
        draw()
    assert caught.value.problems == problems


def test_violations_come_in_the_order_in_which_invariants_are_given() -> None:
    def never(course: Course) -> str | None:
        return f"{len(course.living())} live"

    mine = [Invariant(name, "nobody may live", never, always(), watches=("step",)) for name in ("first", "second")]
    start = Step(action=Start(nodes=("a", "b", "c")))
    scenario = Scenario(nodes=THREE, steps=(start, Step(action=Wait(for_s=10))))
    found = violations(scenario, mine[1], "agreement", mine[0])
    assert [violation.invariant for violation in found] == ["second", "first"]


@pytest.mark.parametrize(
    ("side", "sides"),
    [(0, "a | b c"), (1, "b | a c"), (2, "a b | c"), (5, "b c | a"), (6, "a | b c"), (2**50, "a c | b")],
)
def test_machine_parts_a_cluster_in_two_sides_of_which_none_is_empty(side: int, sides: str) -> None:
    machine = ClusterMachine()
    with Cluster() as cluster:
        machine.cluster = cluster
        for node in THREE:
            cluster.add_node(node)
        machine.partition(side=side, lasts_s=7)
        steps = [record for record in cluster.journal.records if record[1] == "step"]
    assert steps == [(0, "step", "", 0, "partition", ("sides", sides)), (7_000_000, "step", "", 0, "heal", ())]


def test_machine_ends_with_everything_whole_and_what_must_hold_eventually_asked() -> None:
    class Two(ClusterMachine):
        invariant_names = ("agreement",)

    machine = Two()
    cluster = machine.cluster = Cluster()
    for node in (THREE[0], evolve(THREE[1], well_known_members=(("127.1.0.1", 4000),))):
        cluster.add_node(node)
    machine.watch = Watch.over(cluster, invariants_named(machine.invariant_names))
    for name in cluster.nodes:
        machine.start(name)
        machine.advance(20)
    machine.pause("b")
    cluster.partition(("a",), ("b",))
    machine.advance(30)
    machine.nothing_is_violated()
    machine.teardown()
    assert machine.watch.due_us(machine.watch.invariants[0]) <= cluster.loop.now_us
    verbs = [record[4] for record in cluster.journal.records if record[1] == "step"]
    assert verbs[-2:] == ["resume", "heal"]


def nobody(course: Course) -> str | None:
    return "somebody lives" if course.living() else None


LATE = Invariant("nobody", "nobody lives", nobody, eventually(100))


def test_machine_waits_until_the_last_invariant_is_due() -> None:
    machine = ClusterMachine()
    cluster = machine.cluster = Cluster()
    cluster.add_node(THREE[0])
    machine.watch = Watch.over(cluster, [LATE])
    machine.start("a")
    machine.nothing_is_violated()
    with pytest.raises(AssertionError, match=r"nobody is violated at 101\.5 s: somebody lives"):
        machine.teardown()


def test_scenario_is_made_long_enough_for_an_invariant_with_a_time_of_its_own() -> None:
    start = Step(action=Start(nodes=("a",)))
    scenario = Scenario(nodes=THREE[:1], steps=(start, Step(action=Wait(for_s=46))))
    (violation,) = violations(scenario, LATE)
    assert str(violation) == "nobody is violated at 100 s: somebody lives"
    with pytest.raises(AssertionError) as caught:
        assert_holds(scenario, LATE)
    told, _, file = str(caught.value).partition("\n\n")
    assert told == str(violation)
    assert violations(parse_scenario(file), LATE) == [violation]
    assert judge_scenario(parse_scenario(file), [LATE]).violations == (violation,)
    # The search draws them so; and nothing is longer than it was for those that are due when a cluster has settled.
    search = Search(space=Space(nodes=(2, 3)), invariants=[LATE])
    assert judge_scenario(search.scenario(0), [LATE]).violations
    assert evolve(search, invariants=invariants_named(())).scenario(0) == draw_scenario(
        SeededChooser(0, 0), search.space
    )


def test_invariant_that_answers_the_other_way_round_is_told_what_to_return() -> None:
    scenario = parse_scenario("nodes: {a: {}}\nsteps: [{start: a}, {wait: 9}]")
    for answer in (True, False, 0):
        small = Invariant("small", "few members", lambda course, answer=answer: answer, always())
        with pytest.raises(
            TypeError, match=f"invariant 'small' says {answer}; its function must return the reason why"
        ):
            assert_holds(scenario, small)
    # No text is no reason: ", ".join(problems) where there are none.
    assert_holds(scenario, Invariant("small", "few members", lambda course: "", always()))


def test_failing_scenario_is_a_file_that_run_takes_though_it_knows_no_invariant_of_ones_own() -> None:
    own = Invariant("nobody", "nobody is there", lambda course: "somebody\nis there", always())
    scenario = parse_scenario(
        "nodes:\n"
        "  a: {uses_database: false}\n"
        "  b: {host: 127.1.0.2, uses_database: false, well_known_members: ['127.1.0.1:4000']}\n"
        "  c: {host: 127.1.0.3, uses_database: false, well_known_members: ['127.1.0.1:4000']}\n"
        "steps: [{start: [a, b, c]}, {wait: 60}]"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(invariants._REGISTERED, "nobody", own)
        with pytest.raises(InvariantError) as caught:
            assert_holds(scenario, own, "agreement")
        assert "- invariant: nobody" in str(caught.value)
    text = caught.value.file()
    assert re.match(r"# nobody is violated at [\d.]+ s: somebody\n# is there\n# agreement is violated at ", text)
    claims = [expectation.claim for expectation in parse_scenario(text).expectations]
    assert claims == [InvariantClaim(name="agreement")]
    assert InvariantError([], None).file() == ""
