"""How a node finds its port: docs/protocol.md, "Port probing"."""

from __future__ import annotations

import itertools

import pytest

from tests.node.clusters import Line, cluster_of, lines, members, names, plain, times
from wkasim.node.config import NodeConfig
from wkasim.profile import PROFILES
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster

IP = "127.1.0.132"
ROWS = ("axis2-1.7", "documented", "wso2-1.6.1")


def started(taken: tuple[int, ...], profile: str, **changes: object) -> Cluster:
    """One node, started while these ports of its host are taken; ten seconds later."""
    cluster = cluster_of(plain("node", IP, **changes), profile=profile)
    for port in taken:
        cluster.apply(faults.OccupyPort(host=IP, port=port))
    cluster.start("node")
    cluster.run_for(10)
    return cluster


def advertised(cluster: Cluster) -> int:
    agent = cluster.node("node").agent
    assert agent is not None
    return agent.local.address.port


def bound(cluster: Cluster, event: str) -> list[int]:
    return [int(line.params["address"].rpartition(":")[2]) for line in lines(cluster, "node", event)]


# configured, taken, then per profile: what the probe logs, what is advertised, where the receiver listens
TABLE = [
    (4000, (), dict.fromkeys(ROWS, (4000, 4000, 4000))),
    (4005, (), dict.fromkeys(ROWS, (4005, 4005, 4005))),
    (None, (), dict.fromkeys(ROWS, (4000, 4000, 4000))),
    (4005, (4005,), dict.fromkeys(ROWS, (4000, 4000, 4000))),
    (4000, (4000,), dict.fromkeys(ROWS, (4001, 4001, 4001))),
    (None, (4000,), dict.fromkeys(ROWS, (4001, 4001, 4001))),
    (4005, (4005, 4000), dict.fromkeys(ROWS, (4001, 4001, 4001))),
    (4005, (4000, 4001), dict.fromkeys(ROWS, (4005, 4005, 4005))),
    (
        4000,
        (4000, 4001),
        {"axis2-1.7": (None, 999, 999), "documented": (None, 999, 999), "wso2-1.6.1": (None, 4001, 4002)},
    ),
    (
        4005,
        (4005, 4000, 4001),
        {"axis2-1.7": (None, 999, 999), "documented": (None, 999, 999), "wso2-1.6.1": (None, 4001, 4002)},
    ),
    (
        None,
        (4000, 4001, 4002, 4003),
        {"axis2-1.7": (None, 999, 999), "documented": (None, 999, 999), "wso2-1.6.1": (None, 4001, 4004)},
    ),
    (
        None,
        (4000, 4001, 999),
        {"axis2-1.7": (None, 999, 1000), "documented": (None, 999, 1000), "wso2-1.6.1": (None, 4001, 4002)},
    ),
]


@pytest.mark.parametrize("profile", ROWS)
@pytest.mark.parametrize(("configured", "taken", "expected"), TABLE, ids=lambda value: str(value)[:24])
def test_port_probe_of_a_configured_port(
    profile: str,
    configured: int | None,
    taken: tuple[int, ...],
    expected: dict[str, tuple[int | None, int, int]],
) -> None:
    probed, claimed, listens = expected[profile]
    with started(taken, profile, port=configured) as cluster:
        probes = PROFILES[profile].port_probes
        assert bound(cluster, "socket_bound") == ([probed] * probes if probed is not None else [])
        assert advertised(cluster) == claimed
        assert bound(cluster, "receiver_bound") == [listens]
        assert cluster.is_ready("node")


@pytest.mark.parametrize(("profile", "probes"), [("axis2-1.7", 1), ("documented", 2), ("wso2-1.6.1", 2)])
def test_port_probe_takes_a_tenth_of_a_second_each(profile: str, probes: int) -> None:
    with started((), profile) as cluster:
        first = times(cluster, "node", "socket_bound")
        assert len(first) == probes
        assert [round(b - a, 6) for a, b in itertools.pairwise(first)] == [0.1] * (probes - 1)
        assert times(cluster, "node", "receiver_bound")[0] >= first[-1] + 0.1


def test_port_probe_of_4001_begins_with_a_pause() -> None:
    """4000 taken: 50 ms, then 4001, which logs and sleeps 100 ms more."""
    with started((), "axis2-1.7") as quick, started((4000,), "axis2-1.7") as slow:
        took = [
            cluster_lines[1].at_s - cluster_lines[0].at_s
            for cluster_lines in (
                [*lines(c, "node", "membership_scheme"), *lines(c, "node", "socket_bound")] for c in (quick, slow)
            )
        ]
        assert took[1] - took[0] == pytest.approx(0.05, abs=1e-6)


def test_port_probe_shows_a_host_name_as_java_prints_it() -> None:
    with cluster_of(plain("node", "worker1.wso2.com")) as cluster:
        cluster.start("node")
        cluster.run_for(5)
        addresses = {
            line.event: line.params["address"] for line in lines(cluster, "node", "socket_bound", "receiver_bound")
        }
        assert addresses == {"socket_bound": "worker1.wso2.com/127.1.0.132:4000", "receiver_bound": "/127.1.0.132:4000"}


@pytest.mark.parametrize("profile", ["axis2-1.7", "documented"])
def test_port_999_of_an_ordinary_user_is_claimed_while_1024_is_opened(profile: str) -> None:
    """docs/protocol.md, "Port probing": ports below 1024 need rights."""
    with started((4000, 4001), profile, privileged=False) as cluster:
        assert (advertised(cluster), bound(cluster, "receiver_bound")) == (999, [1024])


def test_bind_port_alone_is_probed_and_advertised_as_it_stands() -> None:
    """docs/protocol.md, "Configuration": with localMemberBindPort the advertised port is taken without a probe."""
    with started((), "documented", port=4100, bind_port=4200) as cluster:
        assert (advertised(cluster), bound(cluster, "socket_bound"), bound(cluster, "receiver_bound")) == (
            4100,
            [4200],
            [4200],
        )


def identity(name: str, *well_known: tuple[str, int], **changes: object) -> NodeConfig:
    return plain(name, IP, *well_known, **changes)


def test_wrong_advertised_port_gets_no_reply_and_joins_for_ever() -> None:
    """Defect D10 in wso2-1.6.1: who claims somebody else's port sends JOIN every 15 s for ever."""
    with cluster_of(
        identity("first", port=4000),
        identity("second", (IP, 4000), port=4001),
        identity("third", (IP, 4000), (IP, 4001), port=4000),
        profile="wso2-1.6.1",
        seed=2,
    ) as cluster:
        for name in ("first", "second"):
            cluster.start(name)
            cluster.run_for(20)
        begun = cluster.now_s
        cluster.start("third")
        cluster.run_for(100)
        agent = cluster.node("third").agent
        assert agent is not None
        assert str(agent.local.address) == f"{IP}:4001"
        sent = times(cluster, "third", "sending_join")
        assert len(sent) >= 6
        # Ten seconds without a reply, five of pause.
        assert [b - a for a, b in itertools.pairwise(sent)] == pytest.approx([15] * (len(sent) - 1), abs=0.2)
        assert not cluster.is_ready("third")
        assert begun < sent[0] < begun + 3


def test_port_999_really_joins_as_999_when_root() -> None:
    """Defect D10 in axis2-1.7: the member {ip}:999."""
    with cluster_of(
        identity("first", port=4000),
        identity("second", (IP, 4000), port=4001),
        identity("third", (IP, 4000), port=4000),
        profile="axis2-1.7",
    ) as cluster:
        for name in cluster.nodes:
            cluster.start(name)
            cluster.run_for(30)
        assert f"{IP}:999" in members(cluster, "first")
        assert f"{IP}:999" in members(cluster, "second")
        assert cluster.is_ready("third")


def test_receiver_without_a_free_port_ends_the_start_with_its_lines() -> None:
    """docs/protocol.md, "Port probing": the receiver tries 100 consecutive ports, 25 ms apart."""
    with cluster_of(plain("node", IP), profile="documented") as cluster:
        for port in range(4001, 4100):
            cluster.apply(faults.OccupyPort(host=IP, port=port))
        cluster.start("node")
        assert cluster.run_until(lambda: len(lines(cluster, "node", "socket_bound")) == 2, 5)
        # A stranger takes the port between the probe and the receiver.
        cluster.run_for(0.05)
        cluster.apply(faults.OccupyPort(host=IP, port=4000))
        cluster.run_for(10)
        assert names(cluster, "node")[-4:] == [
            "receiver_bind_failed",
            "receiver_start_failed",
            "channel_start_failed",
            "cluster_not_initialized",
        ]
        last: list[Line] = lines(cluster, "node")[-4:]
        assert [line.level for line in last] == ["INFO", "FATAL", "ERROR", "ERROR"]
        assert cluster.node("node").failure == f"no port from 4000 to 4099 is free on {IP}"
