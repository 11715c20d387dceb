"""Small clusters for tests, and what is to be seen of them in the journal.

The guide's hosts: load balancer and manager on one, each worker on its own. A node's first log line comes at the moment
of its start, so that times in tests are the protocol's and not a JVM's.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from wkasim.node.config import Group, NodeConfig
from wkasim.profile import Profile
from wkasim.sim.cluster import Cluster
from wkasim.sim.journal import Record

DOMAIN = "wso2.esb.domain"
BALANCER_DOMAIN = "wso2.carbon.lb.domain"
ELB = ("127.1.0.206", 4000)
MANAGER = ("127.1.0.206", 4001)
HOSTS = {
    "elb.wso2.com": "127.1.0.206",
    "mgt.wso2.com": "127.1.0.206",
    "worker1.wso2.com": "127.1.0.132",
    "worker2.wso2.com": "127.1.0.133",
    "worker3.wso2.com": "127.1.0.134",
}


def elb(**changes: Any) -> NodeConfig:
    """The load balancer of the guide: it shares the application's domain and lists the manager."""
    config = NodeConfig(
        name="elb",
        role="elb",
        host=ELB[0],
        port=ELB[1],
        domain=DOMAIN,
        groups=(Group(DOMAIN),),
        well_known_members=(MANAGER,),
        http_port=8280,
        https_port=8243,
        start_delay_s=0.0,
    )
    return evolve(config, **changes)


def manager(**changes: Any) -> NodeConfig:
    """The manager of the guide."""
    config = NodeConfig(
        name="manager",
        role="manager",
        host=MANAGER[0],
        port=MANAGER[1],
        domain=DOMAIN,
        well_known_members=(ELB,),
        http_port=8280,
        https_port=8243,
        port_offset=1,
        start_delay_s=0.0,
    )
    return evolve(config, **changes)


def worker(number: int = 1, **changes: Any) -> NodeConfig:
    """A worker of the guide."""
    config = NodeConfig(
        name=f"worker{number}",
        host=f"127.1.0.{131 + number}",
        port=4000,
        domain=DOMAIN,
        well_known_members=(ELB, MANAGER),
        http_port=8280,
        https_port=8243,
        start_delay_s=0.0,
    )
    return evolve(config, **changes)


def plain(name: str, ip: str, *well_known: tuple[str, int], **changes: Any) -> NodeConfig:
    """An application node without HTTP ports, which no load balancer looks at."""
    config = NodeConfig(
        name=name, role="manager", host=ip, port=4000, domain=DOMAIN, well_known_members=well_known, start_delay_s=0.0
    )
    return evolve(config, **changes)


def cluster_of(*configs: NodeConfig, profile: Profile | str = "documented", seed: int = 1, **more: Any) -> Cluster:
    """A cluster of these nodes, none of them started."""
    cluster = Cluster(profile=profile, seed=seed, hosts=HOSTS, **more)
    for config in configs:
        cluster.add_node(config)
    return cluster


def start_in_turn(cluster: Cluster, *names: str, apart_s: float = 12) -> None:
    """Start nodes one after another, each when the one before has settled."""
    for name in names or tuple(cluster.nodes):
        cluster.start(name)
        cluster.run_for(apart_s)


@frozen
class Line:
    """One log line: when, in seconds, and what."""

    at_s: float
    event: str
    params: dict[str, Any]
    component: str
    level: str


def line_of(record: Record) -> Line:
    """The line in a journal record."""
    flat = record[7]
    return Line(record[0] / 1e6, record[4], dict(zip(flat[::2], flat[1::2], strict=True)), record[5], record[6])


def lines(cluster: Cluster, node: str, *events: str, life: int | None = None, since_s: float = 0) -> list[Line]:
    """The log lines of a node, all or those of these events."""
    return [
        line
        for record in cluster.journal.of_kind("log")
        if record[2] == node and life in (None, record[3])
        for line in [line_of(record)]
        if line.at_s >= since_s and (not events or line.event in events)
    ]


def names(cluster: Cluster, node: str, *events: str, life: int | None = None, since_s: float = 0) -> list[str]:
    """The events of a node's log lines."""
    return [line.event for line in lines(cluster, node, *events, life=life, since_s=since_s)]


def times(cluster: Cluster, node: str, event: str, *, since_s: float = 0) -> list[float]:
    """When a node printed a line."""
    return [line.at_s for line in lines(cluster, node, event, since_s=since_s)]


def members(cluster: Cluster, node: str) -> list[str]:
    """Whom a node lists, as addresses."""
    return [name.split("(")[0] for name in cluster.views()[node]]
