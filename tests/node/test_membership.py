"""Member lists, pushes to returning well-known members, and coming back: docs/protocol.md, "Member lists and what each
message does" and "Coming back"."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.node.clusters import (
    DOMAIN,
    ELB,
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
OLDER = ("documented", "axis2-1.7")
A, B, C = ("127.1.0.1", 4000), ("127.1.0.2", 4000), ("127.1.0.3", 4000)


def views(cluster: Cluster, node: str) -> list[tuple[str, str, str]]:
    """What happened to a node's member list: change, member, cause."""
    return [record[4:] for record in cluster.journal.of_kind("view") if record[2] == node]


def three(profile: str) -> Cluster:
    """a is everybody's well-known member, b and c have joined through it."""
    cluster = cluster_of(plain("a", A[0]), plain("b", B[0], A), plain("c", C[0], A), profile=profile)
    start_in_turn(cluster, apart_s=25)
    assert cluster.disagreements() == []
    return cluster


# Coming back


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_well_known_member_that_returns_is_pushed_the_list_by_everybody_who_lists_it(profile: str) -> None:
    """ "Coming back": the only way in which a restarted node with nobody to join learns of the others."""
    with three(profile) as cluster:
        since = cluster.now_s
        cluster.restart("a", after_s=8)
        cluster.run_for(40)
        assert {line.params["member"] for line in lines(cluster, "a", "member_list_received", life=2)} == {
            f"127.1.0.2:4000({DOMAIN})",
            f"127.1.0.3:4000({DOMAIN})",
        }
        for peer in "bc":
            seen = names(cluster, peer, "member_left", "wka_member_joined", "new_member", since_s=since)
            assert seen[:3] == ["member_left", "wka_member_joined", "new_member"]
        assert "sending_join" not in names(cluster, "a", life=2)
        assert cluster.disagreements() == []


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_joined_member_that_returns_joins_and_is_new_again(profile: str) -> None:
    with three(profile) as cluster:
        since = cluster.now_s
        cluster.restart("c", after_s=8)
        cluster.run_for(40)
        assert names(cluster, "a", "member_left", "join_received", "new_member", since_s=since)[0] == "member_left"
        assert "sending_join" in names(cluster, "c", life=2)
        assert "wka_member_joined" not in names(cluster, "a", since_s=since)
        assert cluster.disagreements() == []


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_member_that_returns_between_two_probes_is_not_noticed(profile: str) -> None:
    """ "Coming back": only its Received JOIN line appears, and it stays in the list."""
    unnoticed = 0
    for phase in range(6):
        with three(profile) as cluster:
            cluster.run_for(phase * 0.9)
            since = cluster.now_s
            cluster.restart("c", after_s=0.3)
            cluster.run_for(20)
            assert cluster.disagreements() == []
            seen = names(cluster, "a", since_s=since)
            if "member_left" not in seen:
                unnoticed += 1
                assert "new_member" not in seen
                assert "join_received" in seen
    assert unnoticed >= 3


def test_silent_well_known_member_is_asked_again_every_five_seconds_until_it_answers() -> None:
    """ "Coming back"; Constants: MEMBER_LIST again, first after 5 s, then every 5 s; each waits up to 10 s."""
    with three("documented") as cluster:
        cluster.kill("a")
        cluster.run_for(8)
        cluster.apply(faults.MessageRule(do="drop", message="MEMBER_LIST", receiver="a", sender="b", count=3))
        cluster.start("a")
        cluster.run_for(90)
        pushes = [
            record[0] / 1e6
            for record in cluster.journal.of_kind("send")
            if record[5] == "MEMBER_LIST" and record[2] == "b"
        ]
        assert len(pushes) == 4
        gaps = [round(second - first) for first, second in pairwise(pushes)]
        assert all(10 <= gap <= 15 for gap in gaps)
        assert len(times(cluster, "a", "member_list_received")) >= 2
        assert cluster.disagreements() == []


@pytest.mark.parametrize(("profile", "added"), [("documented", True), ("axis2-1.7", True), ("wso2-1.6.1", False)])
def test_well_known_member_that_does_not_answer_the_push_is_added_in_the_older_code_only(
    profile: str, added: bool
) -> None:
    """Profiles, add_silent_well_known_member; defect D11."""
    with three(profile) as cluster:
        cluster.kill("a")
        cluster.run_for(8)
        cluster.apply(faults.MessageRule(do="drop", message="MEMBER_LIST", receiver="a"))
        cluster.start("a")
        cluster.run_for(60)
        assert ("127.1.0.1:4000" in members(cluster, "b")) == added
        cluster.apply(faults.ClearRules())
        cluster.run_for(60)
        # Defect D11: the task pushes the list and never adds the member.
        assert ("127.1.0.1:4000" in members(cluster, "b")) == added
        assert times(cluster, "a", "member_list_received") != []


# The documented quirks


def test_member_known_by_a_probe_before_its_join_has_poisoned_ports() -> None:
    """Defect D12: the group sees the configuration's entry, without ports and sub-domain."""
    with cluster_of(elb(), manager(open_http="before"), profile="axis2-1.7") as cluster:
        cluster.apply(faults.MessageRule(do="hold", message="JOIN", receiver="elb"))
        start_in_turn(cluster, apart_s=30)
        (joined,) = lines(cluster, "elb", "application_member_joined")
        assert joined.params["axis2"].startswith("Host:127.1.0.206, Port: 4001, HTTP:-1, HTTPS:-1, ")
        assert "Sub-domain:null" in joined.params["axis2"]
        assert cluster.groups("elb") == {f"{DOMAIN}/__$default": ("127.1.0.206:4001",)}


def test_member_known_by_a_probe_before_its_join_is_refused_by_the_newer_fork() -> None:
    """Defect D12: both ports -1 are refused there."""
    with cluster_of(elb(well_known_members=()), worker(well_known_members=(ELB,)), profile="wso2-1.6.1") as cluster:
        start_in_turn(cluster, apart_s=30)
        assert cluster.groups("elb") == {f"{DOMAIN}/__$default": ("127.1.0.132:4000",)}
    with cluster_of(
        elb(well_known_members=(("127.1.0.132", 4000),)), worker(well_known_members=()), profile="wso2-1.6.1"
    ) as cluster:
        start_in_turn(cluster, "worker1", "elb", apart_s=30)
        (rejected,) = lines(cluster, "elb", "application_member_rejected")[:1]
        assert "HTTP:-1, HTTPS:-1" in rejected.params["axis2"]
        assert cluster.groups("elb") == {f"{DOMAIN}/__$default": ()}


def test_member_of_a_wrong_domain_is_a_member_until_its_reply_to_join() -> None:
    """Defect D16."""
    nodes = plain("a", A[0], domain="its.own"), plain("b", B[0], A)
    with cluster_of(*nodes, profile="documented") as cluster:
        start_in_turn(cluster, apart_s=30)
        assert [line.params["member"] for line in lines(cluster, "b", "member_listed")] == [
            f"127.1.0.1:4000({DOMAIN})"
        ], "the list assumes the local domain"
        assert views(cluster, "b")[0] == ("added", "127.1.0.1:4000", "static")


@pytest.mark.parametrize("profile", OLDER)
def test_load_balancer_of_another_domain_that_dies_leaves_under_the_local_domain(profile: str) -> None:
    """Defect D20: the static entry's domain stands in the line."""
    nodes = elb(domain="lb.domain", well_known_members=()), worker(well_known_members=(ELB,))
    with cluster_of(*nodes, profile=profile) as cluster:
        start_in_turn(cluster, apart_s=30)
        cluster.kill("elb")
        cluster.run_for(20)
        (left,) = lines(cluster, "worker1", "member_left")
        assert left.params == {"member": f"127.1.0.206:4000({DOMAIN})"}


def test_two_sub_domains_of_one_domain_share_a_channel_and_the_first_handles_join() -> None:
    """Defect D9: the join is handled by the manager of ``mgt``, first in Java 8's hash map, whoever joins."""
    from wkasim.node.config import Group

    balancer = elb(groups=(Group(DOMAIN, "mgt"), Group(DOMAIN, "worker")), well_known_members=())
    with cluster_of(balancer, manager(sub_domain="mgt"), worker(sub_domain="worker"), profile="axis2-1.7") as cluster:
        start_in_turn(cluster, "elb", apart_s=10)
        cluster.start("worker1")
        cluster.run_for(40)
        assert len(times(cluster, "elb", "join_received")) == 1
        # It is put into both lists, by its JOIN and up to 5 s later by the failure detector.
        joined = times(cluster, "elb", "joined_group")
        assert len(joined) == 2
        assert joined[1] - joined[0] < 6
        cluster.start("manager")
        cluster.run_for(40)
        assert cluster.groups("elb") == {
            f"{DOMAIN}/worker": ("127.1.0.132:4000",),
            f"{DOMAIN}/mgt": ("127.1.0.206:4001",),
        }


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_new_member_is_printed_only_for_members_that_came_by_an_event(profile: str) -> None:
    """ "Adding a member": by JOIN, MEMBER_JOINED and MEMBER_LIST handled by the primary manager it is not."""
    with three(profile) as cluster:
        for node in "abc":
            printed = [line.params["member"].split("(")[0] for line in lines(cluster, node, "new_member")]
            by_event = [
                member for change, member, cause in views(cluster, node) if (change, cause) == ("added", "event")
            ]
            assert printed == by_event


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_static_list_is_never_pruned(profile: str) -> None:
    """ "Member lists": nothing leaves the static list, so the dead are probed for ever."""
    with three(profile) as cluster:
        cluster.kill("c")
        cluster.run_for(60)
        probed = [record for record in cluster.journal.of_kind("connect") if record[2] == "a" and record[0] > 120e6]
        assert {record[4] for record in probed} == {"127.1.0.3:4000"}
        assert len(probed) >= 2
