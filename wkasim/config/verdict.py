"""The verdict of a simulation built from the configuration: who sees whom, and what a single failure separates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from attrs import field, frozen

from wkasim.config.cluster import ConfiguredCluster
from wkasim.config.nodes import Simulable, simulable
from wkasim.config.values import digits
from wkasim.errors import ClusterError, InputError
from wkasim.node.config import NodeConfig
from wkasim.profile import Profile, profile_named
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster, Node

__all__ = ["NodeVerdict", "Separation", "Verdict", "simulate"]

READY_TIMEOUT_S = 90.0
"""How long each node is given to become ready before the next one is started."""

SETTLE_S = 60.0
"""How long the cluster then runs before views are compared."""

SHORT_SETTLE_S = 12.0
"""The same for a large cluster; time enough for one admission by the load balancer."""

_LARGEST_ONE_BY_ONE = 40
_LARGEST_FOR_FAILURES = 24
"""Clusters with more nodes have their single failures derived from the lists alone."""


@frozen(kw_only=True)
class NodeVerdict:
    """One node at the end of the simulation; ``sees`` and ``lacks`` are names of nodes, times are in seconds.

    ``alone`` says that it sees nobody, unless it is the only one of its domain and a load balancer has it. ``ready_s``
    counts from the start of the node; None if it never got ready.
    """

    name: str
    state: str
    advertised: str = ""
    sees: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    alone: bool = False
    ready_s: float | None = None
    failure: str = ""


@frozen(kw_only=True)
class Separation:
    """A single failure, and which nodes find nobody if they are started while it lasts."""

    what: str
    alone: tuple[str, ...]
    simulated: bool


@frozen(kw_only=True)
class Verdict:
    """The outcome: ``routes`` has, per load balancer and group, the nodes that get requests.

    ``unrouted`` are managers and workers that get none; ``unserved`` are those that are sent some which never arrive,
    each with the reason.
    """

    profile: str
    order: tuple[str, ...]
    nodes: tuple[NodeVerdict, ...]
    converged_s: float | None
    routes: Mapping[str, Mapping[str, tuple[str, ...]]] = field(factory=dict)
    unrouted: tuple[str, ...] = ()
    unserved: Mapping[str, str] = field(factory=dict)
    separations: tuple[Separation, ...] = ()
    assumptions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def alone(self) -> tuple[str, ...]:
        """The nodes that see nobody although there is somebody to be seen."""
        return tuple(node.name for node in self.nodes if node.alone)

    @property
    def complete(self) -> bool:
        """Whether everybody sees everybody of the same domain, and nobody is alone."""
        return all(
            node.state == "initialised" and not (node.lacks or node.strangers or node.alone) for node in self.nodes
        )

    def node(self, name: str) -> NodeVerdict:
        """The verdict about one node."""
        return next(node for node in self.nodes if node.name == name)


def simulate(
    configured: ConfiguredCluster,
    profile: str | Profile = "documented",
    seed: int = 0,
    *,
    failures: bool = True,
    progress: Callable[[str], object] = lambda _: None,
) -> Verdict:
    """Start the configured nodes in their order, each when the one before is ready, and look at what came of it.

    ``progress`` is told what is simulated, before that begins.
    """
    chosen = profile_named(profile) if isinstance(profile, str) else profile
    made = simulable(configured)
    progress(f"simulating a cluster of {len(made.nodes)}")
    with _cluster(made, chosen, seed) as cluster:
        ready = _start_all(cluster, made)
        converged = _converged_s(cluster)
        cluster.run_for(SETTLE_S if len(made.nodes) <= _LARGEST_ONE_BY_ONE else SHORT_SETTLE_S)
        nodes = tuple(_node_verdict(cluster, name, ready) for name in cluster.nodes)
        unserved = _unserved(cluster, made)
        routes = {name: _routes(cluster, name) for name in cluster.nodes if cluster.nodes[name].config.groups}
    separations: tuple[Separation, ...] = ()
    if failures and all(node.state == "initialised" for node in nodes):
        separations = tuple(_separations(made, chosen, seed, [node.name for node in nodes if node.sees], progress))
    return Verdict(
        profile=chosen.name,
        order=tuple(node.name for node in made.nodes),
        nodes=nodes,
        converged_s=converged,
        routes=routes,
        unrouted=_unrouted(made, routes),
        unserved=unserved,
        separations=separations,
        assumptions=made.assumptions,
        left_out=made.left_out,
    )


def _cluster(made: Simulable, profile: Profile, seed: int) -> Cluster:
    cluster = Cluster(profile=profile, seed=seed, hosts=made.hosts)
    for node in made.nodes:
        cluster.add_node(node)
    for address in made.loopback:
        # Nobody on another machine reaches a loopback address: what they reach is their own.
        for other in {node.host: None for node in made.nodes if node.host != address}:
            if made.loopback.get(other) != made.loopback[address] and other != made.loopback[address]:
                cluster.apply(faults.Cut(sender=other, receiver=address, how="refused"))
    return cluster


def _start_all(cluster: Cluster, made: Simulable) -> dict[str, float | None]:
    """Start everybody in order; workers of a large cluster several at a time, as an operator would."""
    ready: dict[str, float | None] = {}
    for batch in _batches(made.nodes):
        begun = cluster.now_s
        nodes = [cluster.node(config.name) for config in batch]
        cluster.start(*(config.name for config in batch))
        cluster.run_until(lambda nodes=nodes: all(map(_is_settled, nodes)), READY_TIMEOUT_S)  # type: ignore[misc]
        for node in nodes:
            ready[node.config.name] = round(cluster.now_s - begun, 1) if node.initialised else None
    return ready


def _is_settled(node: Node) -> bool:
    return node.initialised or node.failure is not None


def _batches(nodes: tuple[NodeConfig, ...]) -> Iterator[list[NodeConfig]]:
    size = 1 if len(nodes) <= _LARGEST_ONE_BY_ONE else len(nodes) // 5
    batch: list[NodeConfig] = []
    for node in nodes:
        if batch and (len(batch) == size or node.role != "worker"):
            yield batch
            batch = []
        batch.append(node)
        if node.role != "worker":
            yield batch
            batch = []
    if batch:
        yield batch


def _converged_s(cluster: Cluster) -> float | None:
    """How long after the last node was ready everybody saw everybody; None if that did not come."""
    begun = cluster.now_s
    return round(cluster.now_s - begun, 1) if cluster.run_until(cluster.is_converged, SETTLE_S) else None


def _node_verdict(cluster: Cluster, name: str, ready: Mapping[str, float | None]) -> NodeVerdict:
    node = cluster.node(name)
    state = "failed" if node.failure is not None else node.state
    agent = node.agent
    if agent is None or state == "failed" or not hasattr(agent.channel, "local") or agent.ip == "":
        return NodeVerdict(name=name, state=state, ready_s=ready[name], failure=node.failure or "")
    by_address = {
        str(other.agent.local.address): other.config.name
        for other in cluster.nodes.values()
        if other is not node and other.initialised and other.agent is not None
    }
    own = str(agent.local.address) if state == "initialised" else ""
    listed = list(dict.fromkeys(str(member.address) for member in agent.primary.members))
    for manager in agent.managers:
        if manager.domain != agent.primary.domain:
            listed += [str(member.address) for member in manager.members if str(member.address) not in listed]
    sees = tuple(by_address[address] for address in listed if address in by_address)
    domains = {agent.primary.domain, *(manager.domain for manager in agent.managers)}
    wanted = [
        other.config.name
        for other in cluster.nodes.values()
        if other is not node and other.failure is None and other.config.domain in domains
    ]
    return NodeVerdict(
        name=name,
        state=state,
        advertised=own,
        sees=sees,
        lacks=tuple(other for other in wanted if other not in sees),
        strangers=tuple(address for address in listed if address not in by_address),
        alone=not sees and len(cluster.nodes) > 1 and (bool(wanted) or not _is_managed(cluster, own)),
        ready_s=ready[name],
    )


def _is_managed(cluster: Cluster, address: str) -> bool:
    """Whether a load balancer has a member of that address; one of another domain is not seen by the member itself."""
    return any(
        str(member.address) == address
        for node in cluster.nodes.values()
        if node.agent is not None
        for manager in node.agent.managers
        for member in manager.members
    )


def _routes(cluster: Cluster, name: str) -> dict[str, tuple[str, ...]]:
    by_address = {
        str(node.agent.local.address): node.config.name
        for node in cluster.nodes.values()
        if node.initialised and node.agent is not None
    }
    return {
        group: tuple(by_address.get(address, address) for address in addresses)
        for group, addresses in cluster.groups(name).items()
    }


def _unrouted(made: Simulable, routes: Mapping[str, Mapping[str, tuple[str, ...]]]) -> tuple[str, ...]:
    """The managers and workers that no load balancer sends anything to, where there is a load balancer."""
    if not routes:
        return ()
    routed = {name for groups in routes.values() for members in groups.values() for name in members}
    return tuple(node.name for node in made.nodes if not node.groups and node.name not in routed)


def _unserved(cluster: Cluster, made: Simulable) -> dict[str, str]:
    """The nodes at whose ports requests do not arrive, although they may be admitted."""
    if not any(node.groups for node in made.nodes):
        return {}
    told: dict[str, str] = {}
    for record in cluster.journal.of_kind("socket"):
        if record[4] == "failed":
            told.setdefault(record[2], f"its {record[5]} port is taken: {record[6]}")
    for node in made.nodes:
        if node.groups:
            continue
        own = {port + node.port_offset for port in (node.http_port, node.https_port) if port is not None}
        if not own:
            told[node.name] = "it has no HTTP port; requests go to port -1"
        for name, value in node.properties.items():
            if name.startswith("port.mapping.") and digits(value) not in (None, *own):
                told[node.name] = (
                    f"requests for port {name.removeprefix('port.mapping.')} go to {value}, where nobody is"
                )
    return told


def _separations(
    made: Simulable, profile: Profile, seed: int, joined: Iterable[str], progress: Callable[[str], object]
) -> Iterable[Separation]:
    """What happens to a node that is restarted while one other thing is down."""
    known = set(joined)
    hosts: dict[str, list[str]] = {}
    for node in made.nodes:
        hosts.setdefault(node.host, []).append(node.name)
    failures = [(f"{node.name} is down", [node.name]) for node in made.nodes]
    failures += [(f"machine {host} is down", names) for host, names in hosts.items() if len(names) > 1]
    for what, down in failures:
        alone = [node.name for node in made.nodes if node.name not in down and _depends(made, node.name, down)]
        alone = [name for name in alone if name in known]
        simulated = len(made.nodes) <= _LARGEST_FOR_FAILURES
        if alone and simulated:
            progress(f"simulating what happens while {what}")
            alone = _alone_after(made, profile, seed, down, alone)
        if alone:
            yield Separation(what=what, alone=tuple(alone), simulated=simulated)


def _depends(made: Simulable, name: str, down: list[str]) -> bool:
    """Whether every well-known member of a node is among those that are down."""
    config = next(node for node in made.nodes if node.name == name)
    places = {(node.host, node.port or 4000) for node in made.nodes if node.name not in down and node.name != name}
    listed = [(made.hosts.get(host.lower(), host), port) for host, port in config.well_known_members]
    return bool(listed) and not any(member in places for member in listed)


def _alone_after(made: Simulable, profile: Profile, seed: int, down: list[str], candidates: list[str]) -> list[str]:
    """Run it: everybody up, something goes down, the candidates are restarted; who sees nobody right afterwards?"""
    with _cluster(made, profile, seed) as cluster:
        _start_all(cluster, made)
        cluster.run_for(15.0)
        for name in down:
            cluster.kill(name)
        cluster.run_for(10.0)
        alone = []
        for name in candidates:
            try:
                cluster.restart(name)
            except (ClusterError, InputError):
                continue
            node = cluster.node(name)
            cluster.run_until(lambda node=node: _is_settled(node), 20.0)  # type: ignore[misc]
            # Whoever found no well-known member prints "No members in current cluster", or waits for ever.
            if not node.initialised or not cluster.views().get(name):
                alone.append(name)
        return alone
