"""A node's start, from its first line to its last: docs/protocol.md, "Start-up of a node"."""

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
from wkasim.sim.database import DatabaseConfig

PROFILE_NAMES = tuple(PROFILES)
OLDER = ("documented", "axis2-1.7")
TRIBES = {"receiver_bound", "coordinator_view", "buffer_pool_created", "unnotified_member_added"}
"""What Tribes prints at INFO, which the products hide, and its warning about who joined, which the guide leaves out."""


def shown(cluster: Cluster, node: str, **more: float) -> list[str]:
    return [event for event in names(cluster, node, **more) if event not in TRIBES]  # type: ignore[arg-type]


# Alone


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_start_alone_prints_the_guides_lines_and_sends_nothing(profile: str) -> None:
    """Steps 1 to 21 without well-known members; "Joining", 3: no members, no JOIN."""
    with cluster_of(plain("node", "127.1.0.1"), profile=profile) as cluster:
        cluster.start("node")
        cluster.run_for(60)
        assert shown(cluster, "node") == [
            "initializing_cluster",
            "cluster_domain",
            "membership_scheme",
            *["socket_bound"] * PROFILES[profile].port_probes,
            "local_member",
            "no_members",
            "cluster_initialized",
        ]
        assert list(cluster.journal.of_kind("send")) == []
        assert lines(cluster, "node")[-1].at_s < 1.5


@pytest.mark.parametrize("profile", OLDER)
def test_start_whose_well_known_member_is_not_there_goes_on_alone(profile: str) -> None:
    """Steps 11 and 17; defect D7b: no JOIN is ever sent."""
    with cluster_of(plain("node", "127.1.0.1", ("127.1.0.9", 4000)), profile=profile) as cluster:
        cluster.start("node")
        cluster.run_for(120)
        assert "static_member_unreachable" in names(cluster, "node")
        assert "no_members" in names(cluster, "node")
        assert "sending_join" not in names(cluster, "node")
        assert cluster.is_ready("node")


def test_start_on_loopback_warns_that_nobody_can_connect() -> None:
    """Step 15."""
    with cluster_of(plain("node", "127.0.0.1")) as cluster:
        cluster.start("node")
        cluster.run_for(5)
        seen = names(cluster, "node")
        assert seen.index("loopback_advertised") == seen.index("local_member") - 1


def test_start_leaves_itself_out_of_its_well_known_members() -> None:
    """Step 11: address and port compared."""
    with cluster_of(plain("node", "127.1.0.1", ("127.1.0.1", 4000))) as cluster:
        cluster.start("node")
        cluster.run_for(30)
        assert not {"static_member_added", "static_member_unreachable"} & set(names(cluster, "node"))
        assert members(cluster, "node") == []


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_start_of_a_load_balancer_names_each_domain_it_manages(profile: str) -> None:
    from wkasim.node.config import Group

    groups = (Group(DOMAIN, "worker"), Group("wso2.as.domain"), Group(DOMAIN, "mgt"))
    with cluster_of(elb(groups=groups, well_known_members=()), profile=profile) as cluster:
        cluster.start("elb")
        cluster.run_for(30)
        managing = lines(cluster, "elb", "managing_domain")
        # As configured; that Java's hash maps have another order shows at the first JOIN only (defect D9).
        assert [(line.params["domain"], line.params["sub_domain"]) for line in managing] == [
            (DOMAIN, "worker"),
            ("wso2.as.domain", "__$default"),
            (DOMAIN, "mgt"),
        ]
        assert names(cluster, "elb")[2:4] == ["managing_domain", "initializing_cluster"]


# The guide's cluster


def test_start_of_the_guides_load_balancer_and_manager_prints_the_guides_order() -> None:
    """The guide's second and third transcript; "Why the documented lines come in their order"."""
    with cluster_of(elb(), manager()) as cluster:
        start_in_turn(cluster)
        assert shown(cluster, "elb") == [
            "managing_domain",
            "initializing_cluster",
            "cluster_domain",
            "membership_scheme",
            "socket_bound",
            "socket_bound",
            "static_member_unreachable",
            "local_member",
            "no_members",
            "cluster_initialized",
            "join_received",
            "joined_group",
            "wka_member_joined",
            "new_member",
            "initialization_request_received",
            "application_member_joined",
        ]
        assert shown(cluster, "manager") == [
            "initializing_cluster",
            "cluster_domain",
            "membership_scheme",
            "socket_bound",
            "socket_bound",
            "static_member_added",
            "local_member",
            "members_header",
            "member_listed",
            "sending_join",
            "member_list_received",
            "member_list_received",
            "sending_initialization_request",
            "configuration_received",
            "cluster_initialized",
        ]


def test_start_of_the_guides_worker_is_told_to_everybody() -> None:
    """The guide's fourth and fifth transcript."""
    with cluster_of(elb(), manager(), worker(), seed=2) as cluster:
        start_in_turn(cluster)
        begun = min(times(cluster, "worker1", "initializing_cluster"))
        assert shown(cluster, "elb", since_s=begun) == [
            "join_received",
            "joined_group",
            "new_member",
            "member_joined_received",
            "initialization_request_received",
            "application_member_joined",
        ]
        assert sorted(shown(cluster, "manager", since_s=begun)) == sorted(["join_received", "member_joined_received"])
        tail = shown(cluster, "worker1")
        assert tail[tail.index("local_member") :] == [
            "local_member",
            "members_header",
            "member_listed",
            "member_listed",
            "sending_join",
            "member_list_received",
            "sending_initialization_request",
            "configuration_received",
            "cluster_initialized",
        ]
        assert [line.params["member"] for line in lines(cluster, "worker1", "member_listed")] == [
            f"127.1.0.206:4000({DOMAIN})",
            f"127.1.0.206:4001({DOMAIN})",
        ]


@pytest.mark.parametrize("profile", OLDER)
def test_start_in_turn_converges_in_the_older_profiles(profile: str) -> None:
    with cluster_of(elb(), manager(), worker(1), worker(2), worker(3), profile=profile) as cluster:
        start_in_turn(cluster, apart_s=20)
        assert cluster.disagreements() == []


# Waiting for ever


def test_start_waits_for_ever_in_the_newer_fork_every_two_seconds() -> None:
    """Step 12: the first round begins at once, so the line comes twice within milliseconds, then every 2 s."""
    with cluster_of(plain("node", "127.1.0.1", ("127.1.0.9", 4000)), profile="wso2-1.6.1") as cluster:
        cluster.start("node")
        cluster.run_for(61)
        at = times(cluster, "node", "static_member_unreachable")
        gaps = [second - first for first, second in pairwise(at)]
        assert gaps[0] < 0.05
        assert gaps[1:] == pytest.approx([2.0] * (len(gaps) - 1), abs=0.05)
        assert len(at) >= 30
        assert cluster.node("node").state == "waiting"
        assert list(cluster.journal.of_kind("socket")) == []


def test_start_that_waited_goes_on_two_seconds_after_somebody_answers() -> None:
    """Step 12: the pause comes after success as well."""
    with cluster_of(
        plain("node", "127.1.0.1", ("127.1.0.2", 4000)), plain("late", "127.1.0.2"), profile="wso2-1.6.1"
    ) as cluster:
        cluster.start("node")
        cluster.run_for(21)
        cluster.start("late")
        cluster.run_for(60)
        (added,) = times(cluster, "node", "static_member_added")
        (local,) = times(cluster, "node", "receiver_bound")
        assert 21 < added < 24
        assert 2 < local - added < 2.3
        assert cluster.is_ready("node")


def test_start_two_nodes_that_wait_for_each_other_wait_for_ever() -> None:
    """Defect D1."""
    with cluster_of(elb(), manager(), profile="wso2-1.6.1") as cluster:
        cluster.start("elb", "manager")
        cluster.run_for(300)
        assert [node.state for node in cluster.nodes.values()] == ["waiting", "waiting"]
        assert [len(times(cluster, name, "static_member_unreachable")) for name in cluster.nodes] == pytest.approx(
            [150, 150], abs=4
        )


def test_start_two_nodes_that_reach_nobody_go_on_in_the_older_profiles() -> None:
    """Defect D1 is the newer fork's alone; whoever comes later finds the other."""
    with cluster_of(elb(), manager(), seed=2) as cluster:
        cluster.start("elb", "manager")
        cluster.run_for(60)
        assert cluster.disagreements() == []


# Reaching a well-known member


@pytest.mark.parametrize(("how", "took_s"), [("silent", 2.5), ("refused", 0.01), ("unreachable", 0.01)])
def test_start_tries_each_well_known_member_five_times(how: str, took_s: float) -> None:
    """Step 11: 5 times with 500 ms each and no pause between; refused connections cost milliseconds."""
    with cluster_of(plain("node", "127.1.0.1", ("127.1.0.9", 4000))) as cluster:
        cluster.apply(faults.Partition(sides=(("127.1.0.1",), ("127.1.0.9",)), how=how))  # type: ignore[arg-type]
        cluster.start("node")
        cluster.run_for(20)
        (unreachable,) = times(cluster, "node", "static_member_unreachable")
        bound = times(cluster, "node", "socket_bound")[-1]
        assert unreachable - bound - 0.1 == pytest.approx(took_s, abs=0.02)
        errors = names(cluster, "node", "static_member_error")
        assert len(errors) == {"unreachable": 5, "refused": 0}.get(how, len(errors))


# Names that do not resolve


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_start_whose_own_name_is_unknown_fails_with_its_line(profile: str) -> None:
    with cluster_of(plain("node", "node.wso2.com"), profile=profile) as cluster:
        cluster.start("node")
        cluster.run_for(10)
        assert "local_address_failed" in names(cluster, "node")
        assert cluster.node("node").failure == "node.wso2.com: unknown host (not in the hosts table)"
        assert cluster.node("node").state == "failed"


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_start_with_an_unknown_well_known_member_fails_with_its_line(profile: str) -> None:
    """Configuration, members: one that cannot be resolved ends the start."""
    with cluster_of(plain("node", "127.1.0.1", ("elb", 4000)), profile=profile) as cluster:
        cluster.start("node")
        cluster.run_for(10)
        (unresolved,) = lines(cluster, "node", "static_member_unresolved")
        assert (unresolved.params, unresolved.level) == ({"host": "elb", "port": 4000}, "ERROR")
        assert names(cluster, "node")[-1] == "cluster_not_initialized"
        assert cluster.node("node").failure == "the well-known member elb:4000 is not in the hosts table"


# The central database


def with_database(**changes: object) -> Cluster:
    database = DatabaseConfig(**changes)  # type: ignore[arg-type]
    cluster = cluster_of(
        manager(uses_database=True, setup=True, well_known_members=()),
        worker(uses_database=True, well_known_members=()),
        database=database,
    )
    cluster.network.hosts[database.host] = "127.1.0.250"
    return cluster


def test_database_ready_leaves_no_line_but_that_of_its_creation() -> None:
    with with_database() as cluster:
        start_in_turn(cluster)
        assert names(cluster, "manager")[0] == "database_created"
        assert names(cluster, "worker1")[0] == "initializing_cluster"


CLUSTERING = ("initializing_cluster", "cluster_domain", "local_member", "cluster_initialized")


@pytest.mark.parametrize(
    ("trouble", "event", "failure"),
    [
        ("down", "database_unreachable", "Communications link failure"),
        ("denied", "database_access_denied", "Access denied for user 'username'@'127.1.0.132'"),
        ("empty", "database_tables_missing", "table REG_RESOURCE does not exist: start the manager with -Dsetup first"),
        ("unknown", "database_host_unknown", "the database host carbondb.mysql-wso2.com is not in the hosts table"),
        (
            "driver",
            "database_driver_missing",
            "the JDBC driver com.mysql.jdbc.Driver is not in repository/components/lib",
        ),
    ],
)
def test_database_trouble_ends_the_start_with_one_line_and_no_clustering_line(
    trouble: str, event: str, failure: str
) -> None:
    """Configuration: a worker opens the database before clustering starts; if that fails no clustering line follows."""
    from attrs import evolve

    with with_database() as cluster:
        node = cluster.node("worker1")
        match trouble:
            case "down" | "denied":
                cluster.apply(faults.ChangeDatabase(state=trouble))
            case "unknown":
                cluster.apply(faults.UnmapHost(name="carbondb.mysql-wso2.com"))
            case "driver":
                node.config = evolve(node.config, driver_present=False)
        cluster.start("worker1")
        cluster.run_for(30)
        assert names(cluster, "worker1") == [event]
        assert lines(cluster, "worker1")[0].level == "ERROR"
        assert not names(cluster, "worker1", *CLUSTERING)
        assert (node.state, node.failure) == ("failed", failure)


def test_database_down_does_not_concern_a_node_that_runs() -> None:
    with with_database() as cluster:
        start_in_turn(cluster)
        cluster.apply(faults.ChangeDatabase(state="down"))
        cluster.run_for(60)
        assert [node.state for node in cluster.nodes.values()] == ["initialised", "initialised"]


def test_database_that_comes_up_lets_the_next_start_succeed() -> None:
    with with_database(state="down") as cluster:
        cluster.start("manager")
        cluster.run_for(10)
        cluster.apply(faults.ChangeDatabase(state="up"))
        cluster.restart("manager")
        cluster.run_for(10)
        assert cluster.is_ready("manager")
