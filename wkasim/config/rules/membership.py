"""Rules about the lists, the domains and the order of the start: whether the nodes find each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from wkasim.config.cluster import ConfiguredCluster, ConfiguredNode
from wkasim.config.places import Place
from wkasim.config.rules.hit import Hit
from wkasim.config.rules.table import SHORTER_LIST, STOCK_DOMAIN
from wkasim.node.config import DEFAULT_DOMAIN

__all__ = [
    "all_ask_for_configuration",
    "domains_agree",
    "in_comment",
    "list_place",
    "lists_agree",
    "lists_are_connected",
    "lists_lead_somewhere",
    "several_well_known_members",
    "started_after_somebody",
]

STOCK_DOMAINS = (DEFAULT_DOMAIN, "wso2.carbon.domain")
"""What domains are called in files as they are shipped."""


def list_place(node: ConfiguredNode) -> Place:
    """Where a node's list begins, or would."""
    clustering = node.clustering
    return clustering.members_place if clustering is not None and clustering.members_place else node.place


def in_comment(node: ConfiguredNode) -> str:
    """Words for the members that a node would list if they were not in a comment."""
    place = node.axis2.commented_members if node.axis2 is not None and not node.members else None
    return f" (the members in line {place.line} are in a comment)" if place is not None else ""


def lists_lead_somewhere(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Every node lists somebody else, or is listed."""
    active = cluster.active()
    if len(active) < 2:
        return
    for node in active:
        others = [
            member
            for member in node.members
            if member.address is None or (member.address, member.port) != (node.address, node.effective_port)
        ]
        if others or cluster.is_listed(node):
            continue
        what = "only itself" if node.members else "nobody"
        text = f"{node.name} lists {what}, and nobody lists {node.name}: it stays alone{in_comment(node)}"
        yield Hit("WKA104", list_place(node), (node.name,), text)


def lists_agree(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Nodes of one role and domain list the same members; the odd one is told."""
    workers: dict[str, list[ConfiguredNode]] = {}
    for node in cluster.active():
        if node.role == "worker":
            workers.setdefault(node.domain.value, []).append(node)
    for peers in workers.values():
        if len(peers) < 3:
            continue
        wanted = Counter(_entries(node) for node in peers).most_common(1)[0]
        if wanted[1] * 2 <= len(peers):
            continue
        for node in peers:
            missing = wanted[0] - _entries(node)
            # An entry that leads to nobody has a finding of its own, and so has a list that is not one.
            dangling = any(not cluster.at(member.address, member.port) for member in node.members)
            if missing and not dangling and cluster.listed(node):
                absent = ", ".join(sorted(missing))
                text = f"{node.name} does not list {absent}, as the other workers do"
                place = list_place(node)
                yield Hit("WKA104", place, (node.name,), text, severity="warning", consequence=SHORTER_LIST)


def _entries(node: ConfiguredNode) -> frozenset[str]:
    return frozenset(f"{member.address or member.host.value}:{member.port}" for member in node.members)


def domains_agree(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Nodes that list each other have one domain, except for a load balancer that manages the other one."""
    active = cluster.active()
    links = [(node, other) for node in active for other in cluster.listed(node)]
    count = Counter(node.domain.value for node in active if node.role != "elb") or Counter(
        node.domain.value for node in active
    )
    told: set[str] = set()
    for node, other in links:
        if _same_cluster(node, other):
            continue
        # The one whose domain fewer nodes have is the odd one; of two alike, the one that is started later.
        weights = {name: count.get(name, 0) for name in (node.domain.value, other.domain.value)}
        odd = min((node, other), key=lambda item: (weights[item.domain.value], -active.index(item)))
        right = other if odd is node else node
        if odd.name in told or (odd.role == "elb" and odd.groups and not _manages(odd, right)):
            continue  # A load balancer that manages the wrong domain is told of by its own rule.
        told.add(odd.name)
        blank = " (white space counts)" if odd.domain.value.strip() == right.domain.value.strip() else ""
        text = f"{odd.name} is in {odd.domain.value!r}, while {right.name} is in {right.domain.value!r}{blank}"
        yield Hit("WKA105", odd.domain.place, (odd.name,), text, related=(right.domain.place,))
    for node in active:
        if node.domain.value in STOCK_DOMAINS and node.clustering is not None:
            text = f"{node.domain.value} is how every product is shipped: servers of other people may join"
            mend = "Choose a domain of your own."
            place = node.domain.place
            yield Hit("WKA105", place, (node.name,), text, mend, "warning", consequence=STOCK_DOMAIN)


def _same_cluster(left: ConfiguredNode, right: ConfiguredNode) -> bool:
    return left.domain.value == right.domain.value or _manages(left, right) or _manages(right, left)


def _manages(balancer: ConfiguredNode, node: ConfiguredNode) -> bool:
    return any(group.domain.value == node.domain.value for group in balancer.groups)


def lists_are_connected(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """The lists of one domain make one cluster, not several."""
    by_domain: dict[str, list[ConfiguredNode]] = {}
    for node in cluster.active():
        by_domain.setdefault(node.domain.value, []).append(node)
    for domain, nodes in by_domain.items():
        islands = [island for island in _islands(cluster, nodes) if len(island) > 1]
        if len(islands) < 2:
            continue
        largest = max(islands, key=len)
        for island in islands:
            if island is not largest:
                inside = ", ".join(node.name for node in island)
                outside = ", ".join(node.name for node in largest)
                text = f"in {domain}, {inside} list each other and nobody of {outside}"
                where = list_place(island[0])
                related = tuple(list_place(node) for node in island[1:])
                yield Hit("WKA113", where, tuple(node.name for node in island), text, related=related)


def _islands(cluster: ConfiguredCluster, nodes: list[ConfiguredNode]) -> list[list[ConfiguredNode]]:
    neighbours: dict[str, list[ConfiguredNode]] = {node.name: [] for node in cluster.active()}
    for node in cluster.active():
        for other in cluster.listed(node):
            neighbours[node.name].append(other)
            neighbours[other.name].append(node)
    islands: list[list[ConfiguredNode]] = []
    seen: set[str] = set()
    for node in nodes:
        if node.name in seen:
            continue
        island, pending = [], [node]
        seen.add(node.name)
        while pending:
            current = pending.pop(0)
            island.append(current)
            for other in neighbours[current.name]:
                if other.name not in seen:
                    seen.add(other.name)
                    pending.append(other)
        islands.append([member for member in island if member in nodes])
    return islands


def several_well_known_members(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """A cluster of more than two knows at least two well-known members."""
    active = cluster.active()
    if len(active) < 3:
        return
    entries = [member for node in active for member in node.members]
    places = {(member.address or member.host.value, member.port) for member in entries}
    listing_nodes = [node for node in active if node.members]
    if len(places) == 1 and entries and len(listing_nodes) > 1:
        text = f"{entries[0]} is the only well-known member of all {len(active)} nodes"
        place = list_place(listing_nodes[0])
        yield Hit("WKA114", place, tuple(node.name for node in listing_nodes), text)


def all_ask_for_configuration(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Application nodes of one domain all have a nodeManager, or none has."""
    by_domain: dict[str, list[ConfiguredNode]] = {}
    for node in cluster.active():
        if node.role != "elb":
            by_domain.setdefault(node.domain.value, []).append(node)
    for nodes in by_domain.values():
        asking = [node for node in nodes if _asks(node)]
        for node in nodes:
            if asking and node not in asking and len(asking) * 2 > len(nodes) and node.clustering is not None:
                manager = node.clustering.node_manager
                place = manager.place if manager is not None else node.place
                what = "is switched off" if manager is not None else "is missing"
                yield Hit("WKA115", place, (node.name,), f"nodeManager {what} on {node.name}, unlike on its peers")


def _asks(node: ConfiguredNode) -> bool:
    found = node.clustering.node_manager if node.clustering is not None else None
    return found is not None and found.value


def started_after_somebody(cluster: ConfiguredCluster, *, waits: bool) -> Iterator[Hit]:
    """In the order of the start, some well-known member comes first; ``waits`` is the behaviour of wso2-1.6.1."""
    active = cluster.active()
    known = {node.name: cluster.listed(node) for node in active}
    # Who finds nobody at its start is found later if others list it; in wso2-1.6.1 it waits all the same.
    early = [
        node
        for at, node in enumerate(active)
        if known[node.name]
        and not any(other in active[:at] for other in known[node.name])
        and (waits or not cluster.is_listed(node))
    ]
    if waits:
        yield from _deadlock(cluster, early, known)
        return
    for node in early:
        others = ", ".join(other.name for other in known[node.name])
        text = f"{node.name} is started before {others}, the only members that it lists"
        place = cluster.order_places.get(node.name, list_place(node))
        yield Hit("WKA109", place, (node.name,), text, related=(list_place(node),) if place != list_place(node) else ())


def _deadlock(
    cluster: ConfiguredCluster, early: list[ConfiguredNode], known: dict[str, tuple[ConfiguredNode, ...]]
) -> Iterator[Hit]:
    """Who waits for ever: nodes all of whose well-known members wait as well."""
    waiting = [node.name for node in cluster.active() if known[node.name]]
    changed = True
    while changed:
        free = [name for name in waiting if any(other.name not in waiting for other in known[name])]
        waiting = [name for name in waiting if name not in free]
        changed = bool(free)
    for node in early:
        others = ", ".join(other.name for other in known[node.name])
        if node.name in waiting:
            text = f"{node.name} waits for {others}, and they wait for each other: nobody ever starts"
            yield Hit("WKA109", list_place(node), (node.name,), text, severity="error")
            return
        text = f"{node.name} is started before {others} and waits until one of them is up"
        place = cluster.order_places.get(node.name, list_place(node))
        yield Hit("WKA109", place, (node.name,), text)
