"""What is noticed of a failure, by whom, when, and with which lines: docs/protocol.md, "Failure detection"."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.node.clusters import (
    DOMAIN,
    cluster_of,
    elb,
    lines,
    manager,
    members,
    names,
    plain,
    start_in_turn,
    times,
    worker,
)
from wkasim.profile import PROFILES
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster

PROFILE_NAMES = tuple(PROFILES)
A, B, C = ("127.1.0.1", 4000), ("127.1.0.2", 4000), ("127.1.0.3", 4000)


def three(profile: str, seed: int = 1) -> Cluster:
    """Three application nodes that list each other, settled."""
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A, B)
    cluster = cluster_of(*nodes, profile=profile, seed=seed)
    start_in_turn(cluster, apart_s=25)
    assert cluster.disagreements() == []
    return cluster


def trace(cluster: Cluster, since_s: float) -> dict[str, list[str]]:
    """What each node has logged since."""
    return {name: found for name in cluster.nodes if (found := names(cluster, name, since_s=since_s))}


@pytest.mark.parametrize("profile", PROFILE_NAMES)
@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_end_of_a_process_is_noticed_within_five_seconds_by_each_peer(profile: str, how: str) -> None:
    """ "What each failure looks like": stopped in order looks exactly like killed, there is no leave message."""
    for seed in (1, 2, 3):
        with three(profile, seed) as cluster:
            ended = cluster.now_s
            getattr(cluster, how)("c")
            cluster.run_for(11)
            for peer in "ab":
                (left,) = lines(cluster, peer, "member_left", since_s=ended)
                assert left.params == {"member": f"127.1.0.3:4000({DOMAIN})"}
                assert left.at_s - ended < 5.1
            expected = ["stopping_channel"] if how == "terminate" else []
            assert names(cluster, "c", since_s=ended) == expected
            assert cluster.disagreements() == []


def test_end_of_a_process_is_noticed_by_the_load_balancer_with_two_lines_and_by_others_with_one() -> None:
    with cluster_of(elb(), manager(), worker()) as cluster:
        start_in_turn(cluster, apart_s=30)
        ended = cluster.now_s
        cluster.kill("worker1")
        cluster.run_for(6)
        assert trace(cluster, ended) == {
            "elb": ["application_member_left", "member_left"],
            "manager": ["member_left"],
        }


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_hung_process_leaves_no_trace(profile: str) -> None:
    """SIGSTOP for 41 s: the kernel goes on accepting."""
    with three(profile) as cluster:
        since = cluster.now_s
        cluster.pause("c")
        cluster.run_for(41)
        cluster.resume("c")
        cluster.run_for(20)
        assert trace(cluster, since) == {}
        assert cluster.disagreements() == []


def test_hung_process_is_dead_when_its_backlog_is_full() -> None:
    """The kernel accepts until its queue of 50 is full, in 2-3 min; then connects hang: dead after some 4-6 min."""
    with three("documented") as cluster:
        since = cluster.now_s
        cluster.pause("c")
        cluster.run_for(500)
        for peer in "ab":
            (left,) = times(cluster, peer, "member_left", since_s=since)
            assert 180 < left - since < 400


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_partition_of_forty_seconds_leaves_no_trace(profile: str) -> None:
    """Packets that vanish for 40 s: connects in progress succeed afterwards."""
    for seed in (1, 2):
        with three(profile, seed) as cluster:
            since = cluster.now_s
            cluster.partition(["127.1.0.3"], ["127.1.0.1", "127.1.0.2"])
            cluster.run_for(40)
            cluster.heal()
            cluster.run_for(150)
            assert trace(cluster, since) == {}
            assert cluster.disagreements() == []


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_host_down_is_noticed_after_133_to_141_seconds_and_one_peer_after_another(profile: str) -> None:
    """Connects block one after another under the detector's lock: the second lost member costs as much again."""
    with three(profile) as cluster:
        down = cluster.now_s
        cluster.apply(faults.HostDown(host="127.1.0.2"))
        cluster.apply(faults.HostDown(host="127.1.0.3"))
        cluster.run_for(420)
        left = lines(cluster, "a", "member_left", since_s=down)
        assert [line.params["member"] for line in left] == [
            f"127.1.0.2:4000({DOMAIN})",
            f"127.1.0.3:4000({DOMAIN})",
        ]
        assert 133 < left[0].at_s - down < 141
        assert left[1].at_s - left[0].at_s == pytest.approx(135.2, abs=4)
        assert members(cluster, "a") == []


@pytest.mark.parametrize("profile", PROFILE_NAMES)
@pytest.mark.parametrize("how", ["refused", "unreachable"])
def test_rejected_packets_are_noticed_within_five_seconds(profile: str, how: str) -> None:
    """No route is noticed with the ERROR of the check besides."""
    with three(profile) as cluster:
        since = cluster.now_s
        cluster.apply(faults.Partition(sides=(("127.1.0.3",), ("127.1.0.1", "127.1.0.2")), how=how))  # type: ignore[arg-type]
        cluster.run_for(6)
        for peer in "ab":
            (left,) = times(cluster, peer, "member_left", since_s=since)
            assert left - since < 5.2
            assert bool(names(cluster, peer, "failure_check_error", since_s=since)) == (how == "unreachable")
        assert {line.level for line in lines(cluster, "a", "failure_check_error")} <= {"ERROR"}


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_send_that_fails_is_said_at_once_and_verified(profile: str) -> None:
    """A failed send hands its destination to the detector, which probes: the verify lines, then a leave event."""
    with three(profile) as cluster:
        cluster.add_node(plain("d", "127.1.0.4", A))
        cluster.run_for(1.5)  # Away from the heartbeats, which have the phase of the starts.
        cluster.start("d")
        assert cluster.run_until(lambda: "sending_join" in names(cluster, "d"), 30)
        # A moment later a will tell c of d, down a connection that it believes in.
        cluster.kill("c")
        since = cluster.now_s
        cluster.run_for(3)
        seen = names(cluster, "a", since_s=since)
        wanted = [
            "send_failing_retrying",
            "member_disappeared_verify",
            "member_disappeared_confirmed",
            "member_left",
            "member_joined_send_failed",
        ]
        assert [event for event in seen if event in wanted] == wanted
        (warning,) = lines(cluster, "a", "send_failing_retrying", since_s=since)
        assert (warning.level, warning.params) == ("WARN", {"destination": "tcp://{127, 1, 0, 3}:4000"})


def test_heartbeat_comes_every_five_seconds_and_the_ping_every_ten() -> None:
    """ "Timers"."""
    with three("documented") as cluster:
        cluster.run_for(60)
        for timer, period in (("heartbeat", 5), ("ping", 10)):
            at = [r[0] / 1e6 for r in cluster.journal.of_kind("timer") if r[2] == "b" and r[4] == timer]
            gaps = [second - first for first, second in pairwise(at)]
            assert len(gaps) > 5
            assert gaps == pytest.approx([period] * len(gaps), abs=0.1)


def test_checks_probe_members_in_the_order_of_signed_address_bytes() -> None:
    """ "Identity": 127.1.0.132 (-124) comes before 127.1.0.206 (-50), and both before 127.1.0.1."""
    nodes = plain("one", "127.1.0.1"), plain("w", "127.1.0.132", A), plain("e", "127.1.0.206", A)
    with cluster_of(*nodes, plain("watcher", "127.1.0.2", A)) as cluster:
        start_in_turn(cluster, apart_s=20)
        for name in ("one", "w", "e"):
            cluster.apply(faults.Cut(sender="watcher", receiver=name, how="unreachable"))
        since = cluster.now_s
        cluster.run_for(6)
        left = [line.params["member"].split(":")[0] for line in lines(cluster, "watcher", "member_left", since_s=since)]
        assert left == ["127.1.0.132", "127.1.0.206", "127.1.0.1"]


def test_detector_is_held_up_by_one_silent_host_and_misses_others_meanwhile() -> None:
    """Defect D15: a silent host inside the heartbeat starves it."""
    with three("documented") as cluster:
        cluster.apply(faults.HostDown(host="127.1.0.2"))
        cluster.run_for(20)
        since = cluster.now_s
        cluster.kill("c")
        cluster.run_for(60)
        assert times(cluster, "a", "member_left", since_s=since) == []
        cluster.run_for(100)
        assert len(times(cluster, "a", "member_left", since_s=since)) == 2
