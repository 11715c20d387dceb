"""A cluster on real sockets does what a simulated one does, in a tenth of the time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loopback import fresh_ip
from wkasim.errors import ClusterError, InputError
from wkasim.live.clock import LiveLoop
from wkasim.live.cluster import LiveCluster, book_for
from wkasim.members import Address
from wkasim.node.config import Group, NodeConfig
from wkasim.sim import faults
from wkasim.sim.journal import Record

DOMAIN = "wso2.esb.domain"


@pytest.fixture
def cluster() -> Iterator[LiveCluster]:
    made = LiveCluster(speed=20)
    yield made
    made.close()


def add_two(cluster: LiveCluster) -> tuple[str, str]:
    """An ELB and a worker, at fresh addresses."""
    elb, worker = fresh_ip(), fresh_ip()
    cluster.add_node(NodeConfig(name="elb", role="elb", host=elb, domain=DOMAIN, groups=(Group(DOMAIN),)))
    cluster.add_node(
        NodeConfig(name="worker1", host=worker, domain=DOMAIN, well_known_members=((elb, 4000),), http_port=8280)
    )
    return f"{elb}:4000({DOMAIN})", f"{worker}:4000({DOMAIN})"


def both_join(cluster: LiveCluster) -> None:
    cluster.start("elb")
    assert cluster.run_until(lambda: cluster.is_ready("elb"), 60)
    cluster.start("worker1")
    assert cluster.run_until(cluster.is_converged, 60), cluster.disagreements()
    cluster.run_for(7)  # Only whom a heartbeat has seen can be missed.


def events(cluster: LiveCluster, node: str) -> list[str]:
    records: list[Record] = [record for record in cluster.journal.of_kind("log") if record[2] == node]
    return [record[4] for record in records]


def test_two_nodes_join_and_one_is_admitted(cluster: LiveCluster) -> None:
    elb, worker = add_two(cluster)
    both_join(cluster)
    assert cluster.views() == {"elb": (worker,), "worker1": (elb,)}
    assert cluster.run_until(lambda: cluster.groups("elb") != {f"{DOMAIN}/__$default": ()}, 60)
    assert "application_member_joined" in events(cluster, "elb")
    assert "member_list_received" in events(cluster, "worker1")


def test_killed_node_is_missed_and_comes_back_as_a_new_life(cluster: LiveCluster) -> None:
    elb, worker = add_two(cluster)
    both_join(cluster)
    cluster.kill("worker1")
    assert cluster.run_until(lambda: cluster.views()["elb"] == (), 60)
    assert events(cluster, "elb")[-1] == "member_left"
    cluster.start("worker1")
    assert cluster.run_until(cluster.is_converged, 60), cluster.disagreements()
    assert cluster.views() == {"elb": (worker,), "worker1": (elb,)}


def test_frozen_node_is_not_missed(cluster: LiveCluster) -> None:
    _, worker = add_two(cluster)
    both_join(cluster)
    cluster.pause("worker1")
    cluster.run_for(12)
    assert cluster.views()["elb"] == (worker,)
    cluster.resume("worker1")
    assert cluster.run_until(cluster.is_converged, 60)


def test_stopped_node_says_so_and_is_missed(cluster: LiveCluster) -> None:
    add_two(cluster)
    both_join(cluster)
    cluster.terminate("worker1")
    assert cluster.run_until(lambda: cluster.views().get("elb") == (), 60)
    assert events(cluster, "worker1")[-1] == "stopping_channel"


def test_port_that_a_stranger_holds_is_avoided_without_a_word(cluster: LiveCluster) -> None:
    elb, _ = add_two(cluster)
    ip = elb.partition(":")[0]
    cluster.apply(faults.OccupyPort(host=ip, port=4000))
    cluster.start("elb")
    assert cluster.run_until(lambda: cluster.is_ready("elb"), 60)
    agent = cluster.node("elb").agent
    assert agent is not None
    assert agent.local.address == Address(ip, 4001)
    cluster.apply(faults.FreePort(host=ip, port=4000))
    cluster.apply(faults.OccupyPort(host=ip, port=4000))
    with pytest.raises(ClusterError, match=rf"^{ip}:4000: Address already in use at "):
        cluster.apply(faults.OccupyPort(host=ip, port=4000))


@pytest.mark.parametrize(
    ("action", "what"),
    [
        (faults.Partition(sides=(("elb",), ("worker1",))), "cutting the network"),
        (faults.Cut(sender="elb", receiver="worker1"), "cutting the network"),
        (faults.Heal(), "healing the network"),
        (faults.SetLink(between=("elb", "worker1")), "setting a link's latency and loss"),
        (faults.MessageRule(do="drop"), "a rule on messages"),
        (faults.Release(), "releasing messages"),
        (faults.ClearRules(), "a rule on messages"),
        (faults.HostDown(host="127.1.0.1"), "switching a host off"),
        (faults.HostUp(host="127.1.0.1"), "switching a host on"),
    ],
    ids=lambda value: getattr(value, "verb", ""),
)
def test_what_sockets_cannot_do_is_refused(cluster: LiveCluster, action: faults.Action, what: str) -> None:
    add_two(cluster)
    with pytest.raises(ClusterError) as caught:
        cluster.apply(action)
    assert str(caught.value) == f"{what} needs the simulated network; real sockets of one machine cannot do it"


def test_defect_in_a_thread_comes_to_light() -> None:
    cluster = LiveCluster(speed=20)
    add_two(cluster)
    cluster.start("elb")
    assert cluster.run_until(lambda: cluster.is_ready("elb"), 60)

    async def broken() -> None:
        raise ZeroDivisionError

    agent = cluster.node("elb").agent
    assert agent is not None
    agent.environment.spawn(broken(), "broken")
    cluster.run_for(0.1)
    with pytest.raises(ZeroDivisionError):
        cluster.close()


@pytest.mark.parametrize("speed", [0, -1, 1001, float("nan")])
def test_speed_that_makes_no_sense_is_refused(speed: float) -> None:
    with pytest.raises(InputError) as caught:
        LiveLoop(speed)
    assert caught.value.problems == (f"a speed of {speed:g} makes no sense; it is above 0 and at most 1000",)


def test_book_tells_what_was_moved() -> None:
    node = NodeConfig(name="elb", host="elb.wso2.com", http_port=8280)
    book, notes = book_for([node], {"elb.wso2.com": "192.168.1.206"})
    assert book.real(Address("192.168.1.206", 4000)) == Address("127.168.1.206", 4000)
    assert notes == ["192.168.1.206 is 127.168.1.206 here"]
