"""What the journal tells of lives, views and convergence is what the cluster itself says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wkasim.node.config import Group, NodeConfig
from wkasim.scenario.convergence import Convergence
from wkasim.scenario.history import History
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import ScenarioRun
from wkasim.sim.cluster import Cluster

NAMES = ("elb", "m", "w1", "w2")


def cluster(profile: str, elb_domain: str, seed: int) -> Cluster:
    """An ELB and three nodes that list it and the first of them."""
    made = Cluster(profile=profile, seed=seed)
    elb, manager = ("127.1.0.206", 4000), ("127.1.0.206", 4001)
    made.add_node(NodeConfig(name="elb", role="elb", host=elb[0], port=elb[1], domain=elb_domain, groups=(Group("d"),)))
    made.add_node(
        NodeConfig(name="m", role="manager", host=manager[0], port=4001, domain="d", well_known_members=(elb,))
    )
    for at, name in enumerate(("w1", "w2")):
        known = (elb, manager)
        made.add_node(NodeConfig(name=name, host="127.1.0.132", port=4000 + at, domain="d", well_known_members=known))
    return made


actions = st.lists(
    st.tuples(
        st.sampled_from(["start", "kill", "terminate", "pause", "resume", "partition", "heal"]),
        st.sampled_from(NAMES),
        st.sampled_from([0.0, 0.3, 1.0, 4.0, 12.0]),
    ),
    min_size=3,
    max_size=12,
)


def do(made: Cluster, verb: str, name: str) -> None:
    node = made.node(name)
    match verb:
        case "start" if not node.alive:
            made.start(name)
        case "kill" | "terminate" | "pause" if node.alive:
            getattr(made, verb)(name)
        case "resume" if node.state == "paused":
            made.resume(name)
        case "partition":
            made.partition([name], [other for other in NAMES if other != name])
        case "heal":
            made.heal()


@settings(max_examples=25)
@given(
    actions,
    st.sampled_from(["documented", "axis2-1.7", "wso2-1.6.1"]),
    st.sampled_from(["d", "lb"]),
    st.integers(0, 99),
)
def test_history_agrees_with_the_cluster_at_every_step(
    todo: list[tuple[str, str, float]], profile: str, elb_domain: str, seed: int
) -> None:
    with cluster(profile, elb_domain, seed) as made:
        made.start(*NAMES, spread_s=1.0)
        for verb, name, wait_s in todo:
            do(made, verb, name)
            made.run_for(wait_s)
            history = History(made.journal)
            assert {n: history.node(n).state for n in NAMES} == {n: made.node(n).state for n in NAMES}
            views = {n: tuple(m.partition("(")[0] for m in view) for n, view in made.views().items()}
            assert {n: tuple(history.node(n).members) for n in views} == views
            groups = made.groups("elb") if made.node("elb").alive else {}
            admitted = {f"{d}/{s}": tuple(found) for (d, s), found in history.node("elb").groups.items()}
            assert {key: found for key, found in admitted.items() if found} == {k: v for k, v in groups.items() if v}
            alive = any(made.node(n).alive for n in NAMES)
            if elb_domain == "d":
                assert (bool(history.intervals) and history.intervals[-1][1] is None) == (alive and made.is_converged())


def test_history_of_the_guide_has_lives_and_a_converged_end() -> None:
    run = ScenarioRun(load_scenario("kill-and-restart"))
    run.advance_to(10**6)
    history = run.result().history
    worker = history.node("worker1")
    assert (worker.life, len(worker.started_us), len(worker.stopped_us)) == (2, 2, 1)
    assert worker.stopped_us[0] < worker.started_us[1]
    assert history.intervals[-1][1] is None
    assert history.names()["127.1.0.132:4000"] == "worker1"


def test_history_converged_after_a_time_is_the_first_moment_from_then() -> None:
    history = History()
    history.intervals = [(5, 10), (20, None)]
    assert [history.converged_after_us(at) for at in (0, 5, 7, 10, 15, 25)] == [5, 5, 7, 20, 20, 25]
    history.intervals = [(5, 10)]
    assert history.converged_after_us(10) is None


def settled(tracker: Convergence, name: str, address: str, domain: str = "d") -> None:
    tracker.began(name)
    tracker.named(name, address, domain)
    tracker.initialised(name)


def test_convergence_of_one_node_alone_is_complete() -> None:
    tracker = Convergence()
    settled(tracker, "a", "1:1")
    assert tracker.converged


def test_convergence_needs_both_to_list_each_other() -> None:
    tracker = Convergence()
    settled(tracker, "a", "1:1")
    settled(tracker, "b", "2:2")
    assert not tracker.converged
    tracker.listed("a", "2:2", +1)
    assert not tracker.converged
    tracker.listed("b", "1:1", +1)
    assert tracker.converged


@pytest.mark.parametrize("change", ["starting", "doubled", "stranger", "gone"])
def test_convergence_is_lost_by_each_of_these(change: str) -> None:
    tracker = Convergence()
    settled(tracker, "a", "1:1")
    settled(tracker, "b", "2:2")
    tracker.listed("a", "2:2", +1)
    tracker.listed("b", "1:1", +1)
    match change:
        case "starting":
            tracker.began("c")
        case "doubled":
            tracker.listed("a", "2:2", +1)
        case "stranger":
            tracker.listed("a", "9:9", +1)
        case "gone":
            tracker.ended("b")
    assert not tracker.converged
    match change:
        case "starting":
            tracker.ended("c")
        case "doubled":
            tracker.listed("a", "2:2", -1)
        case "stranger":
            tracker.listed("a", "9:9", -1)
        case "gone":
            tracker.listed("a", "2:2", -1)
    assert tracker.converged


def test_convergence_of_another_domain_does_not_matter_except_to_its_balancer() -> None:
    tracker = Convergence()
    settled(tracker, "elb", "1:1", "lb")
    tracker.began("w")
    tracker.named("w", "2:2", "d")
    tracker.initialised("w")
    assert tracker.converged
    tracker = Convergence()
    tracker.began("elb")
    tracker.manages("elb", "d")
    tracker.named("elb", "1:1", "lb")
    tracker.initialised("elb")
    settled(tracker, "w", "2:2")
    assert not tracker.converged
    tracker.grouped("elb", "d", "2:2", True)
    assert tracker.converged
    tracker.ended("w")
    assert not tracker.converged
    tracker.gone("elb", "2:2")
    assert tracker.converged
