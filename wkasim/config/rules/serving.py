"""Rules about what the cluster is for: whom the load balancer finds, the shared database, the start."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from wkasim.config.axis2 import ManagedDomain
from wkasim.config.cluster import ConfiguredCluster, ConfiguredNode
from wkasim.config.places import Place
from wkasim.config.rules.finding import Severity
from wkasim.config.rules.hit import Hit
from wkasim.config.rules.table import NO_DOMAIN_MANAGED, NOBODY_IN_BLOCK
from wkasim.config.values import digits

__all__ = [
    "balancer_manages_somebody",
    "database_is_shared",
    "ports_can_be_reached",
    "started_in_the_right_way",
    "sub_domains_lead_somewhere",
]

_USUAL: Final = ("mgt", "worker")
"""What the guide calls the sub-domains."""

_MAPPING: Final = re.compile(r"port\.mapping\.(\d{1,5})")


def _balancers(cluster: ConfiguredCluster, node: ConfiguredNode) -> list[ConfiguredNode]:
    """The load balancers that manage a node's domain."""
    return [
        balancer
        for balancer in cluster.active()
        if balancer is not node and any(group.domain.value == node.domain.value for group in balancer.groups)
    ]


def balancer_manages_somebody(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """The domains of a load balancer are domains that somebody is in."""
    active = cluster.active()
    applications = [node for node in active if not node.groups]
    for balancer in active:
        if balancer.balancer is not None and not balancer.groups and not balancer.balancer.problems:
            text = f"{balancer.name} manages no domain: loadbalancer.conf names no service"
            mend = "Write a service with the domain of the nodes, unless something else tells it of them."
            place = Place(balancer.balancer.file)
            yield Hit("WKA110", place, (balancer.name,), text, mend, "warning", consequence=NO_DOMAIN_MANAGED)
        domains = {node.domain.value for node in applications}
        for domain in dict.fromkeys(group.domain.value for group in balancer.groups):
            if domain in domains or not applications:
                continue
            first = next(group for group in balancer.groups if group.domain.value == domain)
            served = {group.domain.value for group in balancer.groups} & domains
            pairs = {(group.domain.value, _name(group)) for group in balancer.groups}
            parts = {_name(group) for group in balancer.groups if group.domain.value == domain}
            lonely = [
                node.name
                for node in applications
                if node.domain.value not in served
                or ((node.domain.value, _part(node)) not in pairs and _part(node) in parts)
            ]
            there = ", ".join(sorted(domains - served)) or ", ".join(sorted(domains))
            text = f"{balancer.name} manages {domain!r}, where nobody is; the nodes are in {there}"
            severity: Severity | None = None if lonely else "warning"
            yield Hit("WKA110", first.domain.place, (balancer.name, *lonely), text, severity=severity)


def sub_domains_lead_somewhere(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Each node's sub-domain has a block at the load balancer, and each block has a node."""
    active = cluster.active()
    misfits: set[tuple[str, str]] = set()
    told: set[Place] = set()
    for node in active:
        balancers = _balancers(cluster, node)
        if not balancers or node.groups:
            continue
        served = {
            group.sub_domain.value if group.sub_domain is not None else None
            for balancer in balancers
            for group in balancer.groups
            if group.domain.value == node.domain.value
        }
        own = node.sub_domain.value if node.sub_domain is not None else None
        misplaced = _misplaced(node)
        if misplaced is not None and own is None:
            misfits.update((node.domain.value, name or "") for name in served)
            text = 'subDomain stands outside <parameter name="properties"> and is ignored'
            yield Hit("WKA107", misplaced, (node.name,), text)
        elif own not in served and own in _stray_parts(cluster, balancers):
            continue  # The block is there, under a domain that nobody is in.
        elif own not in served:
            misfits.update((node.domain.value, name or "") for name in served)
            odd = _block_is_odd(cluster, node, balancers) if own is not None else None
            if odd is None or odd.sub_domain is None:
                yield _without_route(node, own, served, balancers[0])
            elif odd.sub_domain.place not in told:
                told.add(odd.sub_domain.place)
                alike = tuple(other.name for other in active if not other.groups and _part(other) == own)
                who = ", ".join(alike)
                text = f"no node is in the sub-domain {odd.sub_domain.value!r}, and {own!r} of {who} has no block"
                yield Hit("WKA107", odd.sub_domain.place, alike, text, "Correct the name of the block.")
    for balancer in active:
        for group in balancer.groups:
            if group.sub_domain is None:
                continue
            inside = [node for node in active if not node.groups and node.domain.value == group.domain.value]
            name = group.sub_domain.value
            if not inside or (group.domain.value, name) in misfits:
                continue
            if not any(node.sub_domain is not None and node.sub_domain.value == name for node in inside):
                text = f"no node of {group.domain.value} has the sub-domain {name!r}"
                mend = "Correct the name of the block, or set subDomain on the nodes."
                place = group.sub_domain.place
                yield Hit("WKA107", place, (balancer.name,), text, mend, "warning", consequence=NOBODY_IN_BLOCK)


def _name(group: ManagedDomain) -> str | None:
    return group.sub_domain.value if group.sub_domain is not None else None


def _part(node: ConfiguredNode) -> str | None:
    return node.sub_domain.value if node.sub_domain is not None else None


def _stray_parts(cluster: ConfiguredCluster, balancers: list[ConfiguredNode]) -> set[str | None]:
    """The sub-domains of blocks whose domain nobody is in."""
    domains = {node.domain.value for node in cluster.active() if not node.groups}
    return {_name(group) for one in balancers for group in one.groups if group.domain.value not in domains}


def _block_is_odd(
    cluster: ConfiguredCluster, node: ConfiguredNode, balancers: list[ConfiguredNode]
) -> ManagedDomain | None:
    """The one block that nobody fits, if it is more likely to be wrong than the nodes."""
    inside = [other for other in cluster.active() if not other.groups and other.domain.value == node.domain.value]
    parts = {_part(other) for other in inside}
    unused = [
        group
        for balancer in balancers
        for group in balancer.groups
        if group.domain.value == node.domain.value and group.sub_domain is not None and _name(group) not in parts
    ]
    alike = [other for other in inside if _part(other) == _part(node)]
    usual = _part(node) in _USUAL and len(unused) == 1 and _name(unused[0]) not in _USUAL
    return unused[0] if len(unused) == 1 and (usual or len(alike) > 1) else None


def _without_route(node: ConfiguredNode, own: str | None, served: set[str | None], balancer: ConfiguredNode) -> Hit:
    known = ", ".join(sorted(name if name is not None else "(none)" for name in served))
    mend = None
    if own is None:
        text = f"{node.name} has no subDomain; {balancer.name} serves {known}"
        hints = [entry for entry in (node.axis2.commented if node.axis2 else ()) if entry.name == "subDomain"]
        if hints:
            where = ", ".join(f"{entry.value} in line {entry.place.line}" for entry in hints)
            mend = f"Take it out of its comment ({where})."
    else:
        text = f"{balancer.name} has no block for the sub-domain {own!r} of {node.name} (it has {known})"
        mend = f"Write a block {own} in loadbalancer.conf, or correct the subDomain of {node.name}."
    clustering = node.clustering
    place = node.place
    if node.sub_domain is not None:
        place = node.sub_domain.place
    elif clustering is not None and clustering.properties_place is not None:
        place = clustering.properties_place
    return Hit("WKA107", place, (node.name,), text, mend)


def _misplaced(node: ConfiguredNode) -> Place | None:
    clustering = node.clustering
    found = (
        entry.place for entry in (clustering.misplaced if clustering is not None else ()) if entry.name == "subDomain"
    )
    return next(found, None)


def ports_can_be_reached(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """A member of a load-balanced domain has HTTP ports, and port.mapping names those."""
    for node in cluster.active():
        if node.groups or not _balancers(cluster, node) or node.clustering is None:
            continue
        open_ports = {port for port in (node.http_port, node.https_port) if port > 0}
        if not open_ports:
            text = f"{node.name} has no transportReceiver http or https with a port"
            yield Hit("WKA108", Place(node.clustering.place.file), (node.name,), text)
            continue
        for name, value in node.clustering.properties.items():
            number = digits(value.value.strip())
            if _MAPPING.fullmatch(name) and number is not None and number not in open_ports:
                has = ", ".join(map(str, sorted(open_ports)))
                text = f"{name} leads to {number}; {node.name} listens on {has} (offset {node.offset} included)"
                yield Hit("WKA108", value.place, (node.name,), text)


def database_is_shared(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """The nodes of a domain have the same central database."""
    by_domain: dict[str, list[ConfiguredNode]] = {}
    for node in cluster.active():
        source = node.datasources.carbon if node.datasources is not None else None
        if node.role != "elb" and source is not None and source.url is not None:
            by_domain.setdefault(node.domain.value, []).append(node)
    for nodes in by_domain.values():
        urls = {node.name: _url(node) for node in nodes}
        usual = Counter(_location(url) for url, _ in urls.values()).most_common(1)[0][0]
        for node in nodes:
            url, place = urls[node.name]
            if url.startswith("jdbc:h2:") and "tcp:" not in url and len(nodes) > 1:
                text = f"{node.name} uses its own embedded database, {url}"
                yield Hit("WKA121", place, (node.name,), text)
            elif _location(url) != usual and not usual.startswith("jdbc:h2:"):
                yield Hit("WKA121", place, (node.name,), f"{node.name} uses {url}, its peers {usual}")


def _url(node: ConfiguredNode) -> tuple[str, Place]:
    source = node.datasources.carbon if node.datasources is not None else None
    assert source is not None
    assert source.url is not None
    return source.url.value, source.url.place


def _location(url: str) -> str:
    """The URL without its options."""
    return url.partition("?")[0].partition(";")[0]


def started_in_the_right_way(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Workers come after the manager, with their flag; the manager is told to create the tables."""
    active = cluster.active()
    managers = [node for node in active if node.role == "manager"]
    for at, node in enumerate(active):
        if node.role != "worker":
            continue
        later = [
            manager for manager in managers if manager in active[at:] and manager.domain.value == node.domain.value
        ]
        if later and len(later) == len(managers) and _finds_somebody(cluster, node, active[:at]):
            text = f"{node.name} is started before the manager, {later[0].name}"
            place = cluster.order_places.get(node.name, node.place)
            yield Hit("WKA119", place, (node.name,), text)
        if node.flags.known and not node.flags.worker:
            flag = node.flags.properties.get("workerNode")
            text = f"{node.name} is a worker and is started without -DworkerNode=true"
            yield Hit("WKA119", flag.place if flag is not None else _script(node), (node.name,), text)
    with_database = [node for node in active if node.role != "elb" and node.datasources is not None]
    told = all(node.flags.known for node in with_database) and not any(node.flags.setup for node in with_database)
    if with_database and managers and told:
        text = "no node is started with -Dsetup; the tables must exist already"
        yield Hit("WKA119", _script(managers[0]), (managers[0].name,), text, severity="note")


def _finds_somebody(cluster: ConfiguredCluster, node: ConfiguredNode, before: list[ConfiguredNode]) -> bool:
    """Whether a well-known member is up when the node starts; if none is, that is a finding of its own."""
    return any(other in before for member in node.members for other in cluster.at(member.address, member.port))


def _script(node: ConfiguredNode) -> Place:
    return node.flags.place if node.flags.place is not None else node.place
