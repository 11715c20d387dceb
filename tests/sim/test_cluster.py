"""Cluster: the Python API over a simulated cluster, in its synchronous and in its asynchronous face."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from tests.node.clusters import DOMAIN, cluster_of, elb, lines, manager, members, names, plain, start_in_turn, worker
from wkasim.errors import ClusterError, InputError
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster
from wkasim.sim.database import DatabaseConfig
from wkasim.sim.loop import VirtualTimeLoop

A, B = ("127.1.0.1", 4000), ("127.1.0.2", 4000)


def pair(**more: object) -> Cluster:
    """Two application nodes; b lists a."""
    return cluster_of(plain("a", A[0]), plain("b", B[0], A), **more)  # type: ignore[arg-type]


# Time, and waiting for something


def test_cluster_run_for_lets_virtual_time_pass_and_nothing_else() -> None:
    with pair() as cluster:
        cluster.start("a")
        cluster.run_for(3600)
        assert cluster.now_s == 3600
        assert cluster.is_ready("a")


def test_cluster_run_until_ends_when_the_condition_holds() -> None:
    with pair() as cluster:
        cluster.start("a")
        assert cluster.run_until(lambda: cluster.is_ready("a"), 60)
        assert 0.1 < cluster.now_s < 2


def test_cluster_run_until_ends_when_the_time_is_over() -> None:
    with pair() as cluster:
        assert not cluster.run_until(lambda: cluster.is_ready("a"), 7)
        assert cluster.now_s == 7


def test_cluster_run_until_a_condition_that_holds_already_takes_no_time() -> None:
    with pair() as cluster:
        assert cluster.run_until(lambda: True, 7)
        assert cluster.now_s == 0


@pytest.mark.asyncio
async def test_cluster_on_the_loop_of_a_coroutine_test() -> None:
    loop = cast(VirtualTimeLoop, asyncio.get_running_loop())
    cluster = pair(loop=loop)
    cluster.start("a")
    assert await cluster.wait_for(lambda: cluster.is_ready("a"), 60)
    cluster.start("b")
    assert await cluster.wait_for(cluster.is_converged, 60)
    await cluster.elapse(100)
    cluster.kill("b")
    assert await cluster.wait_for(cluster.is_converged, 6)
    assert not await cluster.wait_for(lambda: cluster.is_ready("b"), 5)
    cluster.close()
    assert not loop.is_closed()


@pytest.mark.asyncio
async def test_cluster_with_a_loop_of_its_own_runs_inside_another() -> None:
    with pair() as cluster:
        cluster.start("a", "b")
        assert cluster.run_until(cluster.is_converged, 60)
    assert asyncio.get_running_loop().time() == 0


def test_cluster_under_the_stock_loop_runs_too() -> None:
    async def main() -> bool:
        with pair() as cluster:
            cluster.start("a", "b")
            return cluster.run_until(cluster.is_converged, 60)

    assert asyncio.run(main())


def test_cluster_closed_keeps_its_journal_and_may_be_closed_again() -> None:
    cluster = pair()
    cluster.start("a")
    cluster.run_for(2)
    fingerprint = cluster.journal.fingerprint()
    cluster.close()
    cluster.close()
    assert cluster.journal.fingerprint() == fingerprint
    assert cluster.loop.is_closed()


def test_cluster_closed_while_a_restart_is_planned_begins_nothing_more() -> None:
    loop = VirtualTimeLoop()
    cluster = pair(loop=loop)
    cluster.start("a")
    cluster.run_for(2)
    cluster.restart("a", after_s=5)
    cluster.close()
    loop.run_until_us(20_000_000)
    assert cluster.node("a").life == 1
    loop.close()


# Nodes


def test_cluster_node_that_is_not_defined_is_named_with_the_known_ones() -> None:
    with pair() as cluster, pytest.raises(InputError, match=r"^node 'c' is not defined \(defined: a, b\)$"):
        cluster.start("c")
    with Cluster() as empty, pytest.raises(InputError, match=r"^node 'c' is not defined \(defined: none\)$"):
        empty.node("c")


def test_cluster_two_nodes_of_one_name_are_refused() -> None:
    with pair() as cluster, pytest.raises(InputError, match=r"^two nodes are named 'a'; names must differ$"):
        cluster.add_node(plain("a", "127.1.0.9"))


def test_cluster_profile_that_is_unknown_is_refused() -> None:
    with pytest.raises(InputError, match=r"^unknown profile 'axis2-1\.8'; did you mean 'axis2-1\.7'\?"):
        Cluster(profile="axis2-1.8")


def test_node_states_follow_its_life() -> None:
    with pair() as cluster:
        node = cluster.node("a")
        seen = [node.state]
        cluster.start("a")
        seen.append(node.state)
        cluster.run_for(2)
        seen.append(node.state)
        cluster.pause("a")
        seen.append(node.state)
        cluster.resume("a")
        seen.append(node.state)
        cluster.kill("a")
        seen.append(node.state)
        assert seen == ["stopped", "starting", "initialised", "paused", "initialised", "stopped"]
        assert (node.life, node.alive, node.initialised) == (1, False, False)


def test_node_that_cannot_start_says_why() -> None:
    with cluster_of(plain("a", "nowhere.wso2.com")) as cluster:
        cluster.start("a")
        cluster.run_for(2)
        assert cluster.node("a").state == "failed"
        assert cluster.node("a").failure == "nowhere.wso2.com: unknown host (not in the hosts table)"
        assert cluster.disagreements() == ["a is failed"]


# Agreement


def test_disagreements_name_each_reason() -> None:
    with pair() as cluster:
        assert cluster.disagreements() == []
        cluster.start("a")
        assert cluster.disagreements() == ["a is starting"]
        cluster.run_for(2)
        assert cluster.is_converged()
        cluster.start("b")
        cluster.run_for(0.01)
        assert cluster.disagreements() == ["b is starting"]
        cluster.run_for(12)
        assert cluster.is_converged()
        cluster.kill("b")
        assert cluster.disagreements() == ["a lists 127.1.0.2:4000, where no live node is"]
        assert not cluster.is_converged()
        cluster.run_for(6)
        assert cluster.is_converged()
        agent = cluster.node("a").agent
        assert agent is not None
        cluster.start("b")
        cluster.run_for(3)
        agent.primary.members.add(agent.primary.members[0])
        assert cluster.disagreements() == ["a lists 127.1.0.2:4000 2 times"]
        agent.primary.members.clear()
        assert cluster.disagreements() == ["a does not list b (127.1.0.2:4000)"]


def test_disagreements_of_a_load_balancer_in_its_own_domain_are_about_the_managed_one() -> None:
    with cluster_of(
        elb(domain="lb", well_known_members=()), worker(well_known_members=(("127.1.0.206", 4000),))
    ) as cluster:
        start_in_turn(cluster)
        assert cluster.disagreements() == []
        assert cluster.views() == {"elb": (), "worker1": ()}
        assert cluster.group_members("elb") == {f"{DOMAIN}/__$default": (f"127.1.0.132:4000({DOMAIN})",)}
        cluster.kill("worker1")
        assert cluster.disagreements() == ["elb lists 127.1.0.132:4000, where no live node is"]


def test_views_and_groups_name_who_is_known() -> None:
    with cluster_of(elb(), manager(), worker()) as cluster:
        start_in_turn(cluster)
        assert cluster.views() == {
            "elb": (f"127.1.0.206:4001({DOMAIN})", f"127.1.0.132:4000({DOMAIN})"),
            "manager": (f"127.1.0.206:4000({DOMAIN})", f"127.1.0.132:4000({DOMAIN})"),
            "worker1": (f"127.1.0.206:4000({DOMAIN})", f"127.1.0.206:4001({DOMAIN})"),
        }
        assert cluster.groups("elb") == {f"{DOMAIN}/__$default": ("127.1.0.206:4001", "127.1.0.132:4000")}
        assert cluster.groups("manager") == {}
        assert cluster.group_members("worker1") == {}


# Actions


def steps(cluster: Cluster) -> list[tuple[object, ...]]:
    return [record[2:] for record in cluster.journal.of_kind("step")]


def test_start_journals_the_step_and_begins_all_nodes_if_none_is_named() -> None:
    with pair() as cluster:
        cluster.start()
        assert [node.life for node in cluster.nodes.values()] == [1, 1]
        assert steps(cluster) == [("", 0, "start", ("nodes", "a b"))]


def test_start_of_a_running_node_is_refused() -> None:
    with pair() as cluster:
        cluster.start("a")
        with pytest.raises(ClusterError, match=r"^already running: a$"):
            cluster.start("b", "a")
        assert cluster.node("b").life == 0


def test_start_spread_over_a_time_begins_each_node_within_it() -> None:
    with pair() as cluster:
        cluster.start(spread_s=10)
        cluster.run_for(30)
        first = [lines(cluster, name)[0].at_s for name in "ab"]
        assert all(0 < at < 10 for at in first)
        assert first[0] != first[1]


def test_start_without_a_delay_of_its_own_takes_the_time_of_a_jvm() -> None:
    with cluster_of(plain("a", A[0], start_delay_s=None)) as cluster:
        cluster.start("a")
        cluster.run_for(5)
        least, most = cluster.profile.pace_process
        assert least <= lines(cluster, "a")[0].at_s * 1000 <= most


@pytest.mark.parametrize("what", ["terminate", "kill", "pause", "resume"])
def test_action_on_a_node_that_does_not_run_is_refused(what: str) -> None:
    with pair() as cluster:
        cluster.run_for(1.5)
        with pytest.raises(ClusterError, match=r"^a is not running at 1\.5 s$"):
            getattr(cluster, what)("a")


def test_kill_ends_the_node_without_a_word_and_its_peer_notices() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        cluster.kill("b")
        assert [record[3:] for record in cluster.journal.of_kind("state")][-1] == (1, "stopped", "killed")
        cluster.run_for(6)
        assert members(cluster, "a") == []
        assert "stopping_channel" not in names(cluster, "b")


def test_terminate_stops_the_node_with_its_last_line() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        cluster.terminate("b")
        cluster.run_for(0)
        assert names(cluster, "b")[-1] == "stopping_channel"
        assert [record[3:] for record in cluster.journal.of_kind("state")][-1] == (1, "stopped", "terminated")
        assert not cluster.node("b").alive


def test_terminate_before_the_first_line_just_ends_the_process() -> None:
    with cluster_of(plain("a", A[0], start_delay_s=5.0)) as cluster:
        cluster.start("a")
        cluster.run_for(1)
        cluster.terminate("a")
        cluster.run_for(10)
        assert names(cluster, "a") == []
        assert not cluster.node("a").alive


def test_restart_begins_the_next_life_after_its_pause() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        now = cluster.now_s
        cluster.restart("b", after_s=3)
        assert not cluster.node("b").alive
        cluster.run_for(20)
        assert lines(cluster, "b", life=2)[0].at_s == now + 3
        assert steps(cluster)[-2:] == [("b", 1, "restart", ("node", "b", "after_s", 3)), ("b", 2, "start", ())]
        assert cluster.is_converged()


def test_restart_of_a_stopped_node_starts_it_after_the_pause() -> None:
    with pair() as cluster:
        cluster.restart("b", after_s=3)
        cluster.run_for(10)
        assert (cluster.node("b").life, lines(cluster, "b")[0].at_s) == (1, 3)


def test_restart_in_order_prints_the_last_line_first() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        cluster.apply(faults.Restart(node="b", after_s=1, graceful=True))
        cluster.run_for(10)
        assert names(cluster, "b", life=1)[-1] == "stopping_channel"
        assert cluster.is_converged()


def test_restart_in_order_of_a_frozen_node_waits_for_its_end() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        cluster.pause("b")
        cluster.apply(faults.Restart(node="b", after_s=1, graceful=True))
        cluster.run_for(10)
        assert cluster.node("b").life == 1
        now = cluster.now_s
        cluster.resume("b")
        cluster.run_for(5)
        assert lines(cluster, "b", life=2)[0].at_s == now + 1


def test_restart_that_somebody_forestalls_does_not_come_again() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        cluster.restart("b", after_s=10)
        cluster.run_for(3)
        cluster.start("b")
        cluster.run_for(3)
        cluster.kill("b")
        cluster.run_for(30)
        assert (cluster.node("b").life, cluster.node("b").alive) == (2, False)


def test_second_pause_and_resume_of_nothing_change_nothing() -> None:
    with pair() as cluster:
        cluster.start("a")
        for action in (cluster.resume, cluster.pause, cluster.pause, cluster.resume, cluster.resume):
            action("a")
        states = [record[4] for record in cluster.journal.of_kind("state")]
        assert [state for state in states if state in ("paused", "resumed")] == ["paused", "resumed"]


def test_pause_and_resume_leave_no_trace_but_the_states() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        before = len(lines(cluster, "a")) + len(lines(cluster, "b"))
        cluster.pause("b")
        cluster.run_for(30)
        cluster.resume("b")
        cluster.run_for(30)
        assert len(lines(cluster, "a")) + len(lines(cluster, "b")) == before
        assert [record[4] for record in cluster.journal.of_kind("state")][-2:] == ["paused", "resumed"]


def test_partition_of_nodes_and_hosts_and_heal() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        cluster.partition(["a"], ["127.1.0.2"])
        cluster.run_for(300)
        assert members(cluster, "a") == members(cluster, "b") == []
        cluster.heal()
        cluster.run_for(150)
        assert cluster.is_converged()
        assert steps(cluster)[-2:] == [("", 0, "partition", ("sides", "a | 127.1.0.2")), ("", 0, "heal", ())]


def test_partition_into_three_separates_each_from_each() -> None:
    with cluster_of(plain("a", A[0]), plain("b", B[0], A), plain("c", "127.1.0.3", A, B)) as cluster:
        start_in_turn(cluster)
        assert cluster.is_converged()
        cluster.apply(faults.Partition(sides=(("a",), ("b",), ("c",)), how="unreachable"))
        cluster.run_for(10)
        assert cluster.views() == {"a": (), "b": (), "c": ()}
        cluster.apply(faults.Heal(between=("a", "b")))
        cluster.run_for(10)
        assert [len(view) for view in cluster.views().values()] == [1, 1, 0]


def test_cut_one_way_is_noticed_both_ways() -> None:
    with pair() as cluster:
        start_in_turn(cluster)
        cluster.apply(faults.Cut(sender="a", receiver="b"))
        cluster.run_for(300)
        assert members(cluster, "a") == members(cluster, "b") == []


def test_host_down_kills_its_nodes_and_up_lets_them_start_again() -> None:
    with cluster_of(plain("a", A[0], port=4001), plain("a2", A[0], ("127.1.0.2", 4000)), plain("b", B[0])) as cluster:
        start_in_turn(cluster, "b", "a", "a2")
        cluster.apply(faults.HostDown(host="127.1.0.1"))
        assert [node.alive for node in cluster.nodes.values()] == [False, False, True]
        assert [record[5] for record in cluster.journal.of_kind("state")][-2:] == ["host down", "host down"]
        assert members(cluster, "b") == ["127.1.0.1:4000"]
        cluster.run_for(150)
        assert members(cluster, "b") == []
        cluster.apply(faults.HostUp(host="127.1.0.1"))
        cluster.start("a2")
        cluster.run_for(200)
        assert members(cluster, "b") == ["127.1.0.1:4000"]


def test_link_makes_messages_slow() -> None:
    with pair() as cluster:
        cluster.apply(faults.SetLink(between=("a", "b"), latency_ms=(100, 100)))
        start_in_turn(cluster)
        sent = {record[4]: record[0] for record in cluster.journal.of_kind("send")}
        took = {record[0] - sent[record[4]] for record in cluster.journal.of_kind("deliver")}
        assert took == {100_000}


def test_messages_can_be_dropped_held_and_released() -> None:
    with pair() as cluster:
        cluster.apply(faults.MessageRule(do="hold", message="JOIN", sender="b", receiver="a"))
        cluster.start("a")
        cluster.run_for(2)
        cluster.start("b")
        cluster.run_for(5)
        assert "join_received" not in names(cluster, "a")
        cluster.apply(faults.Release(message="JOIN"))
        cluster.run_for(5)
        assert "join_received" in names(cluster, "a")
        assert cluster.is_converged()
        cluster.apply(faults.MessageRule(do="drop"))
        cluster.apply(faults.ClearRules())
        assert [step[2] for step in steps(cluster)] == [
            "messages",
            "start",
            "start",
            "release",
            "messages",
            "clear_rules",
        ]


def test_message_rule_delays_by_its_time() -> None:
    with pair() as cluster:
        cluster.apply(faults.MessageRule(do="delay", message="JOIN", count=1, by_s=2.5))
        start_in_turn(cluster)
        sent, delivered = (
            next(record[0] for record in cluster.journal.of_kind(kind) if record[5] == "JOIN")
            for kind in ("send", "deliver")
        )
        assert 2_500_000 < delivered - sent < 2_501_000


def test_port_occupied_by_a_stranger_is_busy_until_freed() -> None:
    with pair() as cluster:
        cluster.apply(faults.OccupyPort(host="127.1.0.1", port=4000))
        with pytest.raises(ClusterError, match=r"^127\.1\.0\.1:4000 is already taken at 0 s$"):
            cluster.apply(faults.OccupyPort(host="127.1.0.1", port=4000))
        cluster.apply(faults.FreePort(host="127.1.0.1", port=4000))
        with pytest.raises(ClusterError, match=r"^no stranger holds 127\.1\.0\.1:4000 at 0 s$"):
            cluster.apply(faults.FreePort(host="127.1.0.1", port=4000))
        cluster.start("a")
        cluster.run_for(2)
        assert [line.params["address"] for line in lines(cluster, "a", "receiver_bound")] == ["/127.1.0.1:4000"]


def test_http_ports_open_and_close_by_hand() -> None:
    with cluster_of(worker(well_known_members=(), open_http="never")) as cluster:
        with pytest.raises(ClusterError, match=r"^worker1 is not running at 0 s$"):
            cluster.apply(faults.OpenHttp(node="worker1"))
        cluster.start("worker1")
        with pytest.raises(ClusterError, match=r"^worker1 has not begun to start at 0 s$"):
            cluster.apply(faults.OpenHttp(node="worker1"))
        cluster.run_for(2)
        opened = [record[5:] for record in cluster.journal.of_kind("socket")]
        cluster.apply(faults.OpenHttp(node="worker1"))
        cluster.run_for(0.1)
        assert [record[5:] for record in cluster.journal.of_kind("socket")][len(opened) :] == [
            ("http", "127.1.0.132:8280"),
            ("https", "127.1.0.132:8243"),
        ]
        cluster.apply(faults.CloseHttp(node="worker1"))
        assert all(port.purpose == "cluster" for port in cluster.network._ports.values())


def test_database_changes_its_state_and_a_cluster_without_one_refuses() -> None:
    with Cluster(database=DatabaseConfig()) as cluster:
        cluster.apply(faults.ChangeDatabase(state="denied"))
        assert cluster.database is not None
        assert cluster.database.state == "denied"
    with Cluster() as cluster, pytest.raises(InputError, match=r"^this cluster has no database$"):
        cluster.apply(faults.ChangeDatabase(state="down"))


def test_hosts_can_be_mapped_and_unmapped() -> None:
    with pair() as cluster:
        cluster.apply(faults.MapHost(name="db.wso2.com", address="127.1.0.9"))
        assert cluster.network.resolve("db.wso2.com") == "127.1.0.9"
        cluster.apply(faults.UnmapHost(name="db.wso2.com"))
        cluster.apply(faults.UnmapHost(name="db.wso2.com"))
        assert cluster.network.resolve("db.wso2.com") is None


def test_add_node_brings_in_one_that_is_then_started() -> None:
    with pair() as cluster:
        cluster.apply(faults.AddNode(config=plain("c", "127.1.0.3", A)))
        assert cluster.node("c").life == 0
        assert steps(cluster) == [("", 0, "add_node", ("config", "c"))]


def test_place_that_is_neither_node_nor_host_is_named_with_the_known_ones() -> None:
    with Cluster(hosts={"db.wso2.com": "127.1.0.9"}) as cluster:
        cluster.add_node(plain("a", A[0]))
        with pytest.raises(InputError, match=r"^'c' is neither a node nor a host \(known: a, db\.wso2\.com\)$"):
            cluster.partition(["a"], ["c"])


def test_two_nodes_configured_with_one_address_draw_different_numbers() -> None:
    with cluster_of(plain("a", A[0], start_delay_s=None), plain("twin", A[0], start_delay_s=None)) as cluster:
        cluster.start("a", "twin")
        cluster.run_for(5)
        assert lines(cluster, "a")[0].at_s != lines(cluster, "twin")[0].at_s
