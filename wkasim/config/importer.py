"""The configuration as a scenario: the nodes that the files describe, started in their order, with their origin."""

from __future__ import annotations

from collections.abc import Iterator

from wkasim.config.cluster import ConfiguredCluster, ConfiguredNode
from wkasim.config.hosts import is_address
from wkasim.config.nodes import simulable
from wkasim.scenario.model import ConvergedClaim, Expectation, Scenario, Step, Wait, WaitUntil
from wkasim.scenario.writer import write_scenario
from wkasim.sim.faults import Cut, Start

__all__ = ["as_scenario", "remarks", "write_imported"]

_CONVERGED_WITHIN_S = 60.0
_READY_S = 90.0


def as_scenario(cluster: ConfiguredCluster, profile: str = "documented", title: str = "") -> Scenario:
    """A scenario that starts the configured nodes one after another and expects them to converge."""
    made = simulable(cluster)
    steps = []
    for node in made.nodes:
        steps.append(Step(action=Start(nodes=(node.name,))))
        steps.append(Step(action=WaitUntil(ready=(node.name,), timeout_s=_READY_S)))
    for address, machine in made.loopback.items():
        outside = {node.host: None for node in made.nodes if made.loopback.get(node.host, node.host) != machine}
        for other in outside:
            steps.insert(0, Step(action=Cut(sender=other, receiver=address, how="refused")))
    steps.append(Step(action=Wait(for_s=_CONVERGED_WITHIN_S)))
    expectation = Expectation(
        claim=ConvergedClaim(within_s=_READY_S * len(made.nodes) + _CONVERGED_WITHIN_S),
        why="Every node should list all others of its domain.",
    )
    return Scenario(
        title=title or "An imported configuration",
        description="Made by wkasim import from configuration files.",
        profile=profile,
        hosts={name: address for name, address in made.hosts.items() if is_address(address)},
        nodes=made.nodes,
        steps=tuple(steps),
        expectations=(expectation,),
    )


def write_imported(cluster: ConfiguredCluster, profile: str = "documented", title: str = "") -> str:
    """The scenario as YAML; its comment says where each value comes from and what had to be assumed."""
    return write_scenario(as_scenario(cluster, profile, title), "\n".join(_origins(cluster)))


def remarks(cluster: ConfiguredCluster) -> Iterator[str]:
    """What had to be assumed, and which nodes are not in the scenario."""
    made = simulable(cluster)
    yield from (f"assumed: {assumption}" for assumption in made.assumptions)
    for name in made.left_out:
        yield f"{name} takes no part: clustering is off, or is not that of Tribes with well-known members"


def _origins(cluster: ConfiguredCluster) -> Iterator[str]:
    yield "Made by wkasim import. Where the values come from:"
    yield ""
    for name in cluster.order:
        node = cluster.node(name)
        yield f"{name}: {node.role}, because {node.role_reason}"
        for what, place in _places(node):
            yield f"  {what:<14} {place}"
    said = list(remarks(cluster))
    if said:
        yield ""
        yield "Where the files leave something open:"
        yield from (f"  {remark}" for remark in said)


def _places(node: ConfiguredNode) -> Iterator[tuple[str, str]]:
    known = (
        ("host", node.host),
        ("port", node.port),
        ("domain", node.domain),
        ("sub-domain", node.sub_domain),
        ("offset", node.carbon.offset if node.carbon is not None else None),
    )
    yield from ((what, str(value.place)) for what, value in known if value is not None)
    yield from ((f"lists {member}", str(member.host_place)) for member in node.members)
    if node.axis2 is not None:
        yield from ((f"{name} port", str(value.place)) for name, value in node.axis2.transports.items())
