"""Whom the load balancer gives requests: docs/protocol.md, "Group management and admission"."""

from __future__ import annotations

import pytest

from tests.node.clusters import DOMAIN, ELB, Line, cluster_of, elb, lines, names, start_in_turn, times, worker
from wkasim.node.config import Group, NodeConfig
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster

PROFILE_NAMES = ("documented", "axis2-1.7", "wso2-1.6.1")
OLDER = ("documented", "axis2-1.7")


def balancer(**changes: object) -> NodeConfig:
    """A load balancer that lists nobody, so that no profile waits for anybody."""
    return elb(**{"well_known_members": (), **changes})


def joiner(number: int = 1, **changes: object) -> NodeConfig:
    return worker(number, **{"well_known_members": (ELB,), **changes})


def join_of(cluster: Cluster, number: int = 1) -> float:
    """When the load balancer logged that worker's JOIN."""
    found = [line for line in lines(cluster, "elb", "join_received") if f".{131 + number}:" in line.params["member"]]
    return found[0].at_s


def admitted(cluster: Cluster) -> list[Line]:
    return lines(cluster, "elb", "application_member_joined")


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_admission_comes_ten_seconds_after_the_ports_were_seen_open(profile: str) -> None:
    with cluster_of(balancer(), joiner(), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=30)
        (line,) = admitted(cluster)
        known = lines(cluster, "elb", "join_received", "joined_group", "new_member")[0].at_s
        assert line.at_s - known == pytest.approx(10, abs=0.15)
        assert "Host:127.1.0.132" in line.params["axis2"]
        assert "HTTP:8280, HTTPS:8243" in line.params["axis2"]
        assert cluster.groups("elb") == {f"{DOMAIN}/__$default": ("127.1.0.132:4000",)}


@pytest.mark.parametrize(
    ("profile", "order"), [("documented", "group first"), ("axis2-1.7", "group first"), ("wso2-1.6.1", "cluster first")]
)
def test_admission_prints_its_two_lines_in_the_order_of_the_profile(profile: str, order: str) -> None:
    """Profiles, order of the two group lines."""
    with cluster_of(balancer(), joiner(), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=30)
        seen = names(cluster, "elb", "joined_group", "application_member_joined")
        assert seen == (
            ["joined_group", "application_member_joined"]
            if order == "group first"
            else ["application_member_joined", "joined_group"]
        )


@pytest.mark.parametrize("profile", PROFILE_NAMES)
@pytest.mark.parametrize("late_s", [0.5, 3.5, 20.0])
def test_admission_of_ports_that_open_late_comes_ten_seconds_after_they_do(profile: str, late_s: float) -> None:
    """Rounds of refused connections, 1 s apart: so up to 1 s more than 10 s after the opening."""
    with cluster_of(balancer(), joiner(open_http="never"), profile=profile) as cluster:
        start_in_turn(cluster, "elb", apart_s=20)
        cluster.start("worker1")
        assert cluster.run_until(lambda: "join_received" in names(cluster, "elb"), 30)
        cluster.run_for(late_s)
        opened = cluster.now_s
        cluster.apply(faults.OpenHttp(node="worker1"))
        cluster.run_for(40)
        (line,) = admitted(cluster)
        assert 10 < line.at_s - opened < 11.1


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_admission_of_ports_that_never_open_is_refused_after_thirty_seconds(profile: str) -> None:
    with cluster_of(balancer(), joiner(open_http="never"), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=60)
        (line, *_) = lines(cluster, "elb", "application_member_rejected")
        begun = lines(cluster, "elb", "join_received", "joined_group", "new_member")[0].at_s
        assert line.at_s - begun == pytest.approx(30, abs=0.5)
        assert line.level == "ERROR"
        assert admitted(cluster) == []
        assert cluster.groups("elb") == {f"{DOMAIN}/__$default": ()}


@pytest.mark.parametrize("profile", OLDER)
def test_admission_refused_is_not_tried_again_and_the_member_stays_in_the_list(profile: str) -> None:
    with cluster_of(balancer(), joiner(open_http="never"), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=45)
        cluster.apply(faults.OpenHttp(node="worker1"))
        cluster.run_for(120)
        assert len(times(cluster, "elb", "application_member_rejected")) == 1
        assert admitted(cluster) == []
        assert cluster.group_members("elb") == {f"{DOMAIN}/__$default": (f"127.1.0.132:4000({DOMAIN})",)}


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_admission_of_many_at_once_is_side_by_side_or_one_after_another(profile: str) -> None:
    """Profiles, blocking_admission: in the newer fork the n-th is admitted after 10 n seconds."""
    with cluster_of(balancer(domain="lb"), *(joiner(number) for number in (1, 2, 3)), profile=profile) as cluster:
        start_in_turn(cluster, "elb", apart_s=20)
        cluster.start("worker1", "worker2", "worker3")
        cluster.run_for(80)
        at = [line.at_s for line in admitted(cluster)]
        first = min(join_of(cluster, number) for number in (1, 2, 3))
        assert len(at) == 3
        if profile == "wso2-1.6.1":
            assert [moment - first for moment in at] == pytest.approx([10, 20, 30], abs=0.6)
        else:
            assert [moment - first for moment in at] == pytest.approx([10, 10, 10], abs=0.6)


def test_admission_of_ports_that_close_meanwhile_is_refused_where_they_are_tested_again() -> None:
    """Profiles, admission_recheck."""
    for profile, refused in (("documented", False), ("axis2-1.7", False), ("wso2-1.6.1", True)):
        with cluster_of(balancer(domain="lb"), joiner(), profile=profile) as cluster:
            start_in_turn(cluster, "elb", apart_s=20)
            cluster.start("worker1")
            assert cluster.run_until(lambda cluster=cluster: "join_received" in names(cluster, "elb"), 30)
            cluster.run_for(5)
            cluster.apply(faults.CloseHttp(node="worker1"))
            cluster.run_for(60)
            assert bool(lines(cluster, "elb", "application_member_rejected")) == refused, profile
            assert (admitted(cluster) == []) == refused, profile


def test_admission_of_a_member_without_ports_depends_on_the_profile() -> None:
    """Profiles, admit_without_ports."""
    for profile, takes in (("documented", True), ("axis2-1.7", True), ("wso2-1.6.1", False)):
        with cluster_of(balancer(domain="lb"), joiner(http_port=None, https_port=None), profile=profile) as cluster:
            start_in_turn(cluster, apart_s=40)
            assert bool(admitted(cluster)) == takes, profile
            assert bool(lines(cluster, "elb", "application_member_rejected")) != takes, profile


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_admission_tries_ports_on_a_host_without_route_with_an_error_each_round(profile: str) -> None:
    with cluster_of(balancer(domain="lb"), joiner(), profile=profile) as cluster:
        start_in_turn(cluster, "elb", apart_s=20)
        cluster.start("worker1")
        assert cluster.run_until(lambda: "join_received" in names(cluster, "elb"), 30)
        cluster.apply(faults.Cut(sender="elb", receiver="127.1.0.132", how="unreachable"))
        cluster.run_for(4)
        errors = lines(cluster, "elb", "application_member_connect_error")
        assert 3 <= len(errors) <= 6
        assert {line.level for line in errors} == {"ERROR"}


# Sub-domains

MGT, WORKER = Group(DOMAIN, "mgt"), Group(DOMAIN, "worker")


@pytest.mark.parametrize("profile", OLDER)
def test_admission_of_a_member_without_sub_domain_kills_the_thread_that_adds_it(profile: str) -> None:
    """Defect D13: the JOIN stays unanswered, and the joiner repeats it as in D5."""
    with cluster_of(balancer(groups=(WORKER,)), joiner(sub_domain=None), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=60)
        assert len(times(cluster, "worker1", "sending_join")) >= 3
        assert not cluster.is_ready("worker1")
        (first, *_) = lines(cluster, "elb", "receive_error")
        assert (first.level, first.component) == ("WARN", "Axis2GroupChannel")
        assert admitted(cluster) == []


def test_admission_of_a_member_without_sub_domain_leaves_the_joiner_content_in_the_newer_fork() -> None:
    """Defect D13."""
    with cluster_of(balancer(groups=(WORKER,)), joiner(sub_domain=None), profile="wso2-1.6.1") as cluster:
        start_in_turn(cluster, apart_s=60)
        assert cluster.is_ready("worker1")
        assert len(times(cluster, "worker1", "sending_join")) == 1
        assert admitted(cluster) == []


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_admission_goes_to_the_agent_of_the_sub_domain(profile: str) -> None:
    with cluster_of(balancer(groups=(WORKER,), domain="lb"), joiner(sub_domain="worker"), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=30)
        assert cluster.groups("elb") == {f"{DOMAIN}/worker": ("127.1.0.132:4000",)}


# Leaving


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_admitted_member_that_dies_leaves_group_and_cluster_in_this_order(profile: str) -> None:
    """ "Losing a member": the group's line comes before the cluster's."""
    with cluster_of(balancer(), joiner(), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=30)
        cluster.kill("worker1")
        cluster.run_for(12)
        assert names(cluster, "elb", "application_member_left", "member_left") == [
            "application_member_left",
            "member_left",
        ]
        assert cluster.groups("elb") == {f"{DOMAIN}/__$default": ()}


def test_member_that_was_never_admitted_leaves_the_group_aloud_in_the_older_code_only() -> None:
    """Profiles, leave_logged_if_never_admitted."""
    for profile, aloud in (("documented", True), ("axis2-1.7", True), ("wso2-1.6.1", False)):
        with cluster_of(balancer(domain="lb"), joiner(open_http="never"), profile=profile) as cluster:
            start_in_turn(cluster, apart_s=70)
            cluster.kill("worker1")
            cluster.run_for(60)
            assert bool(times(cluster, "elb", "application_member_left")) == aloud, profile
