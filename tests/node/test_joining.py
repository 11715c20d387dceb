"""JOIN, and asking a neighbour for the configuration: docs/protocol.md, "Joining" and "Initialisation requests"."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.node.clusters import (
    DOMAIN,
    ELB,
    cluster_of,
    elb,
    lines,
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
OLDER = ("documented", "axis2-1.7")
A, B, C = ("127.1.0.1", 4000), ("127.1.0.2", 4000), ("127.1.0.3", 4000)


def sent(cluster: Cluster, label: str, *, since_s: float = 0) -> list[tuple[float, str, str]]:
    """Who sent a message of that kind to whom, and when."""
    return [
        (record[0] / 1e6, record[2], record[6])
        for record in cluster.journal.of_kind("send")
        if record[5] == label and record[0] / 1e6 >= since_s
    ]


# JOIN


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_join_goes_to_everybody_who_was_reached(profile: str) -> None:
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A, B)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=25)
        assert [(who, to) for _, who, to in sent(cluster, "JOIN")] == [
            ("b", "127.1.0.1:4000"),
            ("c", "127.1.0.1:4000"),
            ("c", "127.1.0.2:4000"),
        ]
        assert cluster.disagreements() == []


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_join_for_a_domain_that_nobody_has_is_repeated_every_five_seconds(profile: str) -> None:
    """Defect D5: NoRpcChannelReply ends the call at once, then 5 s of pause."""
    nodes = plain("a", A[0]), plain("b", B[0], A, domain="another.domain")
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=90)
        at = times(cluster, "b", "sending_join")
        gaps = [second - first for first, second in pairwise(at)]
        assert len(at) > 12
        assert gaps == pytest.approx([5.0] * len(gaps), abs=0.1)
        assert len(times(cluster, "b", "no_join_response")) in (len(at), len(at) - 1)
        assert "join_received" not in names(cluster, "a")
        assert not cluster.is_ready("b")
        assert len(sent(cluster, "NO_RPC_CHANNEL reply")) >= len(at) - 1


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_join_that_a_hung_member_does_not_answer_is_repeated_every_fifteen_seconds(profile: str) -> None:
    """ "Joining", 4: all replies, at most 10 s; no reply: 5 s of pause."""
    nodes = plain("a", A[0]), plain("b", B[0], A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, "a", apart_s=20)
        cluster.pause("a")
        cluster.start("b")
        cluster.run_for(70)
        at = times(cluster, "b", "sending_join")
        gaps = [second - first for first, second in pairwise(at)]
        assert gaps == pytest.approx([15.0] * len(gaps), abs=0.1)
        cluster.resume("a")
        cluster.run_for(30)
        assert cluster.disagreements() == []


@pytest.mark.parametrize("profile", OLDER)
def test_join_with_one_of_two_replies_missing_waits_ten_seconds_and_goes_on(profile: str) -> None:
    """ "Joining", 4: a missing second reply costs the full 10 s but is not asked for again."""
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A, B)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, "a", "b", apart_s=20)
        cluster.pause("b")
        cluster.start("c")
        cluster.run_for(40)
        (join,) = times(cluster, "c", "sending_join")
        done = times(cluster, "c", "cluster_initialized") or [cluster.now_s]
        assert done[0] - join > 10
        assert [line.params["member"] for line in lines(cluster, "c", "static_member_added")] == [
            f"127.1.0.1:4000({DOMAIN})",
            f"127.1.0.2:4000({DOMAIN})",
        ]


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_join_to_a_member_that_dies_meanwhile_ends_the_start(profile: str) -> None:
    """Defect D6: "There are no well-known members", and a null pointer."""
    nodes = plain("a", A[0]), plain("b", B[0], A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, "a", apart_s=20)
        cluster.apply(faults.MessageRule(do="drop", message="JOIN", count=1))
        cluster.start("b")
        assert cluster.run_until(lambda: "sending_join" in names(cluster, "b"), 40)
        cluster.run_for(8)
        cluster.kill("a")
        cluster.run_for(60)
        seen = names(cluster, "b", "join_send_failed", "no_well_known_members", "cluster_not_initialized")
        assert seen == ["join_send_failed", "no_well_known_members", "cluster_not_initialized"]
        assert cluster.node("b").failure == "every well-known member was lost while joining"


def test_join_to_a_member_that_dies_before_its_detector_knew_it_is_repeated_without_a_pause() -> None:
    """Defect D6: the member stays in the list, for nobody announces the end of one that was never announced."""
    late = PROFILES["documented"].overridden({"pace_static_thread": [500, 500]})
    with cluster_of(plain("a", A[0]), plain("b", B[0], A), profile=late) as cluster:
        start_in_turn(cluster, "a", apart_s=20)
        cluster.start("b")
        assert cluster.run_until(lambda: "sending_join" in names(cluster, "b"), 40)
        assert "new_member" not in names(cluster, "a")
        cluster.kill("a")
        cluster.run_for(4)
        assert len(times(cluster, "b", "sending_join")) > 100
        assert not cluster.is_ready("b")


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_join_reply_is_not_logged_as_received(profile: str) -> None:
    """ "Joining", 5: each reply is carried out on the main thread without a Received line."""
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=25)
        assert "member_list_received" not in names(cluster, "b") + names(cluster, "c")
        assert members(cluster, "c") == ["127.1.0.1:4000", "127.1.0.2:4000"]


@pytest.mark.parametrize(("profile", "level"), [("axis2-1.7", "INFO"), ("documented", None), ("wso2-1.6.1", None)])
def test_join_reply_names_who_is_added_in_one_profile_only(profile: str, level: str | None) -> None:
    """Profiles, member_list_level."""
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=25)
        added = lines(cluster, "c", "member_list_trying", "member_list_added")
        assert {line.level for line in added} == ({level} if level else set())
        if level:
            assert [line.params["member"] for line in added if line.event == "member_list_added"] == [
                f"127.1.0.2:4000({DOMAIN})"
            ]


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_join_handled_in_the_background_may_be_answered_first_in_the_newer_fork(profile: str) -> None:
    """Profiles, join_in_background: there the reply mostly wins over the addition; in the others that comes first."""
    lists = []
    for seed in range(1, 13):
        with cluster_of(plain("a", A[0]), plain("b", B[0], A), profile=profile, seed=seed) as cluster:
            start_in_turn(cluster, apart_s=20)
            (reply,) = (record for record in cluster.journal.of_kind("send") if record[5] == "MEMBER_LIST reply")
            lists.append(reply[7])
    if PROFILES[profile].join_in_background:
        assert lists.count("") > len(lists) / 2
    else:
        assert set(lists) == {"127.1.0.2:4000"}


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_join_is_told_to_the_others(profile: str) -> None:
    """ "What a JOIN sets off": an application node tells its members in a thread, 5 to 20 ms after the JOIN."""
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=25)
        (told,) = lines(cluster, "b", "member_joined_received")
        assert told.params == {"member": f"127.1.0.1:4000({DOMAIN})"}
        (received,) = [line.at_s for line in lines(cluster, "a", "join_received") if ".3:" in line.params["member"]]
        assert 0.002 < told.at_s - received < 0.05


def test_join_of_a_foreign_load_balancer_drops_it_silently() -> None:
    """ "Joining", 5; defect D16: the probe adds it at the start, the reply's real domain takes it out."""
    with cluster_of(elb(domain="lb.domain", well_known_members=()), worker(well_known_members=(ELB,))) as cluster:
        start_in_turn(cluster, apart_s=30)
        views = [record[4:] for record in cluster.journal.of_kind("view") if record[2] == "worker1"]
        assert views == [
            ("added", "127.1.0.206:4000", "static"),
            ("removed", "127.1.0.206:4000", "other domain"),
        ]
        assert members(cluster, "worker1") == []
        assert "member_left" not in names(cluster, "worker1")
        assert "sending_initialization_request" not in names(cluster, "worker1")


# The configuration


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_initialization_asks_who_was_learnt_last(profile: str) -> None:
    """Defect D19: any member learnt from the network beats every well-known member from the file."""
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=25)
        asked = [line.params["member"] for line in lines(cluster, "c", "sending_initialization_request")]
        assert asked == [f"127.1.0.2:4000({DOMAIN})"]
        (received,) = lines(cluster, "b", "initialization_request_received")
        assert received.params == {"command": "GetConfigurationCommand", "member": f"127.1.0.3:4000({DOMAIN})"}


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_initialization_first_of_the_well_known_members_wins_a_tie(profile: str) -> None:
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], B, A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=25)
        asked = [line.params["member"] for line in lines(cluster, "c", "sending_initialization_request")]
        assert asked == [f"127.1.0.2:4000({DOMAIN})"]


@pytest.mark.parametrize(("profile", "inline"), [("documented", True), ("axis2-1.7", True), ("wso2-1.6.1", False)])
def test_initialization_comes_before_the_last_line_except_in_the_newer_fork(profile: str, inline: bool) -> None:
    """Step 19; Profiles, initialization_in_background."""
    nodes = plain("a", A[0]), plain("b", B[0], A)
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=25)
        seen = names(cluster, "b", "configuration_received", "cluster_initialized")
        assert seen == (["configuration_received", "cluster_initialized"] if inline else seen[::1])
        assert (seen[-1] == "cluster_initialized") == inline


def test_initialization_asked_of_one_who_is_not_initialised_gets_nothing_and_is_not_logged() -> None:
    """ "Initialisation requests", 5: the asked node replies null and logs nothing."""
    nodes = plain("c", C[0]), plain("a", A[0], C), plain("b", B[0], A)
    with cluster_of(*nodes) as cluster:
        start_in_turn(cluster, "c", apart_s=10)
        # a's own start hangs for 10 s in its request, which is lost; meanwhile it forgets c, who would be asked else.
        cluster.apply(faults.MessageRule(do="drop", message="GET_CONFIGURATION", sender="a"))
        cluster.start("a")
        cluster.run_for(1)
        cluster.kill("c")
        cluster.run_for(5)
        assert members(cluster, "a") == []
        cluster.start("b")
        cluster.run_for(2)
        assert not cluster.is_ready("a")
        asked = [line.params["member"] for line in lines(cluster, "b", "sending_initialization_request")]
        assert asked == [f"127.1.0.1:4000({DOMAIN})"]
        replies = [record for record in cluster.journal.of_kind("deliver") if record[2] == "b" and "reply" in record[5]]
        assert [record[5] for record in replies] == ["MEMBER_LIST reply", "EMPTY reply"]
        assert "initialization_request_received" not in names(cluster, "a")
        assert "configuration_received" not in names(cluster, "b")
        assert cluster.is_ready("b")


def test_initialization_unanswered_is_tried_as_often_as_there_are_members() -> None:
    """Up to 5 tries, and no more than there are members; no reply in 10 s: 0.5 s of pause."""
    with cluster_of(plain("a", A[0]), plain("b", B[0], A)) as cluster:
        start_in_turn(cluster, "a", apart_s=10)
        cluster.apply(faults.MessageRule(do="drop", message="GET_CONFIGURATION"))
        cluster.start("b")
        cluster.run_for(40)
        assert len(times(cluster, "b", "sending_initialization_request")) == 1
        (asked,) = times(cluster, "b", "sending_initialization_request")
        (done,) = times(cluster, "b", "cluster_initialized")
        assert done - asked == pytest.approx(10.5, abs=0.1)
        assert "configuration_received" not in names(cluster, "b")
        assert cluster.is_ready("b")


def test_initialization_unanswered_by_many_is_tried_five_times() -> None:
    nodes = [plain(f"n{number}", f"127.1.0.{number}", *([A] if number > 1 else [])) for number in range(1, 8)]
    with cluster_of(*nodes) as cluster:
        start_in_turn(cluster, *[f"n{number}" for number in range(1, 7)], apart_s=6)
        cluster.apply(faults.MessageRule(do="drop", message="GET_CONFIGURATION"))
        cluster.start("n7")
        cluster.run_for(80)
        at = times(cluster, "n7", "sending_initialization_request")
        assert len(at) == 5
        gaps = [second - first for first, second in pairwise(at)]
        assert gaps == pytest.approx([10.5] * 4, abs=0.1)
        assert cluster.is_ready("n7")


def test_initialization_that_cannot_be_sent_is_said_and_waits_two_seconds() -> None:
    """ "Initialisation requests", 4."""
    nodes = plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A)
    with cluster_of(*nodes) as cluster:
        start_in_turn(cluster, "a", "b", apart_s=12)
        cluster.start("c")
        assert cluster.run_until(lambda: "sending_initialization_request" in names(cluster, "c"), 10)
        cluster.kill("b")
        cluster.run_for(30)
        (failed,) = lines(cluster, "c", "initialization_request_failed")
        assert failed.params == {"member": f"127.1.0.2:4000({DOMAIN})"}
        first, second = lines(cluster, "c", "sending_initialization_request")
        assert second.params == {"member": f"127.1.0.1:4000({DOMAIN})"}
        assert second.at_s - failed.at_s == pytest.approx(2.0, abs=0.02)
        assert first.at_s < failed.at_s
        assert cluster.is_ready("c")


def test_initialization_is_left_out_without_node_manager() -> None:
    """Configuration, nodeManager: off if absent."""
    with cluster_of(plain("a", A[0]), plain("b", B[0], A, node_manager=False)) as cluster:
        start_in_turn(cluster)
        assert "sending_initialization_request" not in names(cluster, "b")
        assert cluster.is_ready("b")


def test_initialization_asks_for_state_too_where_that_is_enabled() -> None:
    """Step 20."""
    with cluster_of(plain("a", A[0]), plain("b", B[0], A, state_manager=True)) as cluster:
        start_in_turn(cluster)
        seen = names(cluster, "b", "sending_initialization_request", "configuration_received", "state_received")
        assert seen == [
            "sending_initialization_request",
            "configuration_received",
            "sending_initialization_request",
            "state_received",
        ]
