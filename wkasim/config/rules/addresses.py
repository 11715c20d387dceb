"""Rules about addresses and ports: whether each node is where the others look for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wkasim.config.cluster import DEFAULT_PORT, ConfiguredCluster, ConfiguredNode, ListedMember
from wkasim.config.hosts import is_loopback, is_no_name, is_range
from wkasim.config.places import Place
from wkasim.config.rules.finding import Severity
from wkasim.config.rules.hit import Hit
from wkasim.config.rules.table import ENTRY_TO_NOBODY, NAME_OF_NO_MEMBER, OWN_MACHINE
from wkasim.config.templates import is_template

__all__ = [
    "bind_port_is_forwarded",
    "http_ports_differ",
    "names_resolve",
    "no_loopback",
    "port_is_fixed",
    "ports_are_free",
    "ports_match",
    "shipped_mismatch",
]


def no_loopback(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """No address of the machine itself, where there are several machines."""
    active = cluster.active()
    if cluster.loopback_is_shared:
        return
    for node in active:
        if node.address is not None and is_loopback(node.address) and node.host is not None:
            related = _where_mapped(node, node.host.value)
            maps = "the hosts file maps to" if related else "is"
            how = "" if node.host.value == node.address else f", which {maps} {node.address}"
            text = f"{node.name} tells the others to reach it at {node.host.value}{how}"
            yield Hit("WKA101", node.host.place, (node.name,), text, related=related)
    yield from _loopback_entries(active)


def _loopback_entries(active: list[ConfiguredNode]) -> Iterator[Hit]:
    """Entries that mean the listing node's own machine; one finding for all that come from one line of a hosts file."""
    mapped: dict[Place, list[tuple[ConfiguredNode, ListedMember]]] = {}
    for node in active:
        for member in node.members:
            if member.address is None or not is_loopback(member.address) or is_loopback(node.address or ""):
                continue
            line = _where_mapped(node, member.host.value)
            mapped.setdefault(line[0] if line else member.host_place, []).append((node, member))
    for place, entries in mapped.items():
        node, member = entries[0]
        names = tuple(dict.fromkeys(other.name for other, _ in entries))
        own = node.address or "the address of its machine"
        text = f"{member} means {node.name}'s own machine, while {node.name} itself is at {own}"
        mend = "Write the address or the name of the well-known member."
        related = tuple(entry.host_place for _, entry in entries)
        if related[0] != place:
            text = f"{member.host.value} is {member.address}: for {', '.join(names)} that is their own machine"
            mend = f"Map {member.host.value} to the address of its machine."
            yield Hit("WKA101", place, names, text, mend, related=related, consequence=OWN_MACHINE)
        else:
            yield Hit("WKA101", place, names, text, mend, consequence=OWN_MACHINE)


def _where_mapped(node: ConfiguredNode, name: str) -> tuple[Place, ...]:
    found = node.hosts.names.get(name.lower()) if node.hosts is not None else None
    return (found.place,) if found is not None else ()


def ports_are_free(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """No two servers of a machine want the same cluster port, and none wants a port that a transport has."""
    taken: dict[tuple[str, int], ConfiguredNode] = {}
    active = cluster.active()
    for node in active:
        if node.address is None:
            continue
        key = (node.address, node.effective_port)
        first = taken.setdefault(key, node)
        if first is not node and cluster.share_a_machine(first, node) and not _offset_is_expected(cluster, node):
            text = f"port {key[1]} on {key[0]} is that of {first.name} already"
            related = (_port_place(first),)
            yield Hit("WKA102", _port_place(node), (node.name, first.name), text, related=related)
    for node in active:
        for other in active:
            if other is node or cluster.share_a_machine(node, other):
                for name, number in (("HTTP", other.http_port), ("HTTPS", other.https_port)):
                    if number == node.effective_port:
                        text = f"port {number} is the {name} port of {other.name}"
                        yield Hit("WKA102", _port_place(node), (node.name,), text)
        for group in node.groups:
            management = group.management_port
            if management is not None and management.value == node.effective_port:
                text = (
                    f"group_mgt_port of {group.domain.value} is the localMemberPort of {node.name}, {management.value}"
                )
                related = (_port_place(node),)
                yield Hit(
                    "WKA102", management.place, (node.name,), text, "Give the group another port.", related=related
                )


def _offset_is_expected(cluster: ConfiguredCluster, node: ConfiguredNode) -> bool:
    """Whether others look for the node where its offset would have moved it: that is another rule's finding."""
    wanted = (node.address, node.effective_port + node.offset)
    listed = ((member.address, member.port) for other in cluster.active() for member in other.members)
    return node.offset > 0 and not cluster.at(*wanted) and wanted in listed


def _port_place(node: ConfiguredNode) -> Place:
    return node.port.place if node.port is not None else node.place


def ports_match(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Every listed member is a node, at its port; else who is wrong, the list or the node?"""
    active = cluster.active()
    listed = [(node, member) for node in active for member in node.members if member.address is not None]
    unmatched = [
        (node, member)
        for node, member in listed
        if member.port is not None and not cluster.at(member.address, member.port) and not _means_itself(node, member)
    ]
    by_target: dict[tuple[str, int], list[tuple[ConfiguredNode, ListedMember]]] = {}
    for node, member in unmatched:
        by_target.setdefault((str(member.address), member.port or 0), []).append((node, member))
    for (address, port), entries in by_target.items():
        if not _is_told_otherwise(cluster, address, port):
            yield from _mismatch(cluster, address, port, entries)


def _is_told_otherwise(cluster: ConfiguredCluster, address: str, port: int) -> bool:
    """Whether the node that is meant takes no part, has no known address or a loopback one: told by another rule."""
    active = cluster.active()
    # A node there that nobody lists at its real port is meant more likely than one that may be anywhere.
    moved = any(node.address == address and not _is_listed(cluster, node) for node in active)
    return any(
        (node.effective_port == port or node.clustering is None)
        and (
            (node in active and is_loopback(node.address or ""))
            or (node not in active and node.address in (None, address))
            or (node in active and node.address is None and not moved)
        )
        for node in cluster.nodes
    )


def shipped_mismatch(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """A node that is still switched off, and whose list and port would not fit once it is switched on."""
    active = cluster.active()
    for node in cluster.nodes:
        if node in active or node.port is None or node.address is None:
            continue
        for member in node.members:
            if member.address == node.address and {member.port, node.port.value} == {4000, 4100}:
                text = f"{member} is this node's own address, but its localMemberPort is {node.port.value}, as shipped"
                yield Hit("WKA103", member.place, (node.name,), text, severity="warning", related=(node.port.place,))


def _means_itself(node: ConfiguredNode, member: ListedMember) -> bool:
    """A loopback entry of a node on another address is judged by its own rule."""
    return is_loopback(member.address or "") and not is_loopback(node.address or "")


def _mismatch(
    cluster: ConfiguredCluster, address: str, port: int, entries: list[tuple[ConfiguredNode, ListedMember]]
) -> Iterator[Hit]:
    there = [node for node in cluster.active() if node.address == address]
    # Nodes of that machine that nobody lists at their real port: one of them must be meant.
    unlisted = [node for node in there if not _is_listed(cluster, node)]
    meant = _meant(there, unlisted, port, entries)
    listing = tuple(node.name for node, _ in entries)
    first = entries[0][1]
    moved = [
        node
        for node in cluster.active()
        if node.effective_port == port and node.address not in (None, address) and not _is_listed(cluster, node)
    ]
    moved = [node for node in moved if node.role != "worker" and node.name not in listing]
    if len(moved) == 1 and moved[0].host is not None:
        node = moved[0]
        text = f"{node.name} is at {node.address}, but is listed at {address} by {', '.join(listing)}"
        related = tuple(member.host_place for _, member in entries)
        yield Hit("WKA103", moved[0].host.place, (node.name, *listing), text, related=related)
        return
    # Who lists the entry is not meant by it, unless it has the ports that some products are shipped with.
    if all(node.name in listing and {port, node.effective_port} != {4000, 4100} for node in there):
        if len(cluster.nodes) > 1:
            text = f"{first} is none of the nodes given here"
            mend = "Correct the entry, or give the directory of that node too."
            related = tuple(member.host_place for _, member in entries[1:])
            lost = any(_finds_nobody(cluster, node) for node, _ in entries)
            severity: Severity = "error" if lost else "warning"
            yield Hit("WKA104", first.host_place, listing, text, mend, severity, related, ENTRY_TO_NOBODY)
        return
    if meant is None:
        has = ", ".join(f"{node.name} {node.effective_port}" for node in there)
        text = f"nobody listens on {address}:{port} (on that machine: {has})"
        related = tuple(member.place for _, member in entries[1:])
        yield Hit("WKA103", first.place, listing, text, related=related)
        return
    rule = "WKA103"
    because = ""
    if meant.offset and port == meant.effective_port + meant.offset:
        rule, because = "WKA118", f", and {meant.offset} is its offset"
    elif any(group.management_port is not None and group.management_port.value == port for group in meant.groups):
        because = f"; {port} is its group_mgt_port, on which only an ELB with Hazelcast listens"
    elif {port, meant.effective_port} == {4000, 4100}:
        because = "; 4100 here and 4000 there is how some products are shipped"
    shared = len(cluster.at(meant.address, meant.effective_port)) > 1
    if len(entries) > 1 and (meant in unlisted or shared):
        # Everybody agrees on another port than the node has: the node is the odd one.
        text = (
            f"{meant.name} has port {meant.effective_port}, but is listed with {port} by {', '.join(listing)}{because}"
        )
        related = tuple(member.place for _, member in entries)
        yield Hit(rule, _port_place(meant), (meant.name, *listing), text, related=related)
        return
    for node, member in entries:
        text = f"{meant.name} is listed with port {port} and has {meant.effective_port}{because}"
        yield Hit(rule, member.place, (node.name,), text, related=(_port_place(meant),))


def _finds_nobody(cluster: ConfiguredCluster, node: ConfiguredNode) -> bool:
    """Whether no entry of a list leads to a node, although the load balancer of its domain is among them."""
    balanced = any(
        group.domain.value == node.domain.value
        for other in cluster.active()
        if other is not node
        for group in other.groups
    )
    return balanced and not cluster.listed(node)


def _is_listed(cluster: ConfiguredCluster, node: ConfiguredNode) -> bool:
    return any(
        member.address == node.address and member.port == node.effective_port
        for other in cluster.active()
        for member in other.members
    )


def _meant(
    there: list[ConfiguredNode],
    unlisted: list[ConfiguredNode],
    port: int,
    entries: list[tuple[ConfiguredNode, ListedMember]],
) -> ConfiguredNode | None:
    """Which node of the machine an entry means: by its host name, by its offset, or as the only one unlisted."""
    listing = {node.name for node, _ in entries}
    others = [node for node in there if node.name not in listing]
    hosts = {member.host.value for _, member in entries}
    named = [
        node
        for node in others
        if any(
            value is not None and value.value in hosts
            for value in (
                node.host,
                node.carbon.host_name if node.carbon is not None else None,
                node.carbon.management_host_name if node.carbon is not None and node.role == "manager" else None,
            )
        )
        and node.role != "worker"
    ]
    shifted = [node for node in others if node.offset and port == node.effective_port + node.offset]
    unlisted = [node for node in unlisted if node in others]
    not_workers = [node for node in unlisted or others if node.role != "worker"]
    for found in (named, shifted, not_workers, unlisted, others):
        if len(found) == 1:
            return found[0]
    return None


def port_is_fixed(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """localMemberPort is written."""
    for node in cluster.active():
        unreadable = any(
            problem.kind in ("value", "template") and problem.text.startswith("localMemberPort")
            for problem in node.problems
        )
        if node.port is None and not unreadable and node.clustering is not None:
            written = node.clustering.text("localMemberPort")
            if written is None:
                text = f"{node.name} has no localMemberPort; it takes the first free one from {DEFAULT_PORT} on"
                yield Hit("WKA112", node.place, (node.name,), text)


def bind_port_is_forwarded(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """The port that is told to the others is the one that is listened on."""
    for node in cluster.active():
        written = node.clustering.text("localMemberBindPort") if node.clustering is not None else None
        if written is not None and node.port is not None and node.bind_port not in (None, node.port.value):
            text = f"{node.name} listens on {node.bind_port} and tells the others {node.port.value}"
            mend = f"Let something forward {node.port.value} to {node.bind_port}, or remove localMemberBindPort."
            yield Hit("WKA103", written.place, (node.name,), text, mend, "warning", (node.port.place,))


def names_resolve(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Names are in the hosts files, if any were given, and lead to the node that has them; one finding a name."""
    missing: dict[str, list[tuple[Severity, Place, str]]] = {}
    for node in cluster.active():
        for member in node.members:
            host = member.host.value
            if member.address is None and "${" not in host and not is_template(host):
                missing.setdefault(host, []).append(("error", member.host_place, node.name))
        if not cluster.has_hosts:
            continue
        if node.host is not None and node.address is None and "${" not in node.host.value:
            missing.setdefault(node.host.value, []).append(("error", node.host.place, node.name))
        for name, place in _other_names(node):
            missing.setdefault(name, []).append(("warning", place, node.name))
    for name, uses in missing.items():
        errors = [use for use in uses if use[0] == "error"]
        first, *rest = errors or uses
        names = tuple(dict.fromkeys(use[2] for use in (errors or uses)))
        related = tuple(use[1] for use in rest)
        if not cluster.has_hosts and not is_no_name(name):
            text = f"{name} cannot be looked up here: no hosts file was given (--hosts FILE)"
            yield Hit("WKA106", first[1], names, text, "Name the hosts file with --hosts.", "note")
        else:
            then = f": clustering does not start on {', '.join(names)}" if errors else ""
            what = "is taken for a host name, which no machine has" if is_no_name(name) else "is in no hosts file"
            mend = "Write one host name or address in each hostName." if is_no_name(name) else None
            mend = "Ranges of addresses are for Hazelcast: list each member by itself." if is_range(name) else mend
            comes = None if errors else NAME_OF_NO_MEMBER
            yield Hit("WKA106", first[1], names, f"{name} {what}{then}", mend, first[0], related, comes)
    yield from _names_of_others(cluster)


def _names_of_others(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """A name that a node has by its carbon.xml, and that the hosts file gives to another one's address."""
    told: set[Place] = set()
    owners = {
        node.carbon.host_name.value: node
        for node in cluster.active()
        if node.role != "worker" and node.carbon is not None and node.carbon.host_name is not None
    }
    for node in cluster.active():
        for member in node.members:
            owner, line = owners.get(member.host.value), _where_mapped(node, member.host.value)
            if owner is None or not line or line[0] in told or is_loopback(member.address or ""):
                continue
            elsewhere = any(other.address == member.address for other in cluster.active() if other is not owner)
            if owner.address not in (None, member.address) and not is_loopback(owner.address or "") and elsewhere:
                if owner.host is None or owner.effective_port != member.port or cluster.is_listed(owner):
                    continue
                told.add(line[0])
                others = [other for other in cluster.at(member.address, member.port) if other is not owner]
                if others:
                    text = f"{member.host.value} is mapped to {member.address}, which is {others[0].name}; "
                    text += f"{owner.name}, which has that name, is at {owner.address}"
                    mend = f"Map {member.host.value} to {owner.address}."
                    yield Hit("WKA106", line[0], (owner.name,), text, mend, related=(member.host_place,))


def _other_names(node: ConfiguredNode) -> Iterator[tuple[str, Place]]:
    names: dict[str, Place] = {}
    for route in node.balancer.routes if node.balancer is not None else ():
        for host in route.hosts:
            names.setdefault(host.value, host.place)
    if node.carbon is not None:
        for value in (node.carbon.host_name, node.carbon.management_host_name):
            if value is not None and "${" not in value.value:
                names.setdefault(value.value, value.place)
    for name, place in _database_host(node).items():
        names.setdefault(name, place)
    yield from ((name, place) for name, place in names.items() if node.resolve(name) is None)


def _database_host(node: ConfiguredNode) -> Mapping[str, Place]:
    source = node.datasources.carbon if node.datasources is not None else None
    if source is None or source.url is None or "//" not in source.url.value:
        return {}
    host = source.url.value.partition("//")[2].partition("/")[0].partition(":")[0]
    return {host: source.url.place} if host and "${" not in host else {}


def http_ports_differ(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Servers of one machine have different HTTP ports."""
    taken: dict[tuple[str, int], ConfiguredNode] = {}
    for node in cluster.active():
        if node.address is None:
            continue
        for port in (node.http_port, node.https_port):
            if port <= 0:
                continue
            first = taken.setdefault((node.address, port), node)
            if first is not node and cluster.share_a_machine(first, node):
                offset = node.carbon.offset if node.carbon is not None else None
                place = offset.place if offset is not None else Place(node.carbon.file) if node.carbon else node.place
                text = f"port {port} on {node.address} is that of {first.name} already; both have offset {node.offset}"
                mend = None
                if first.offset != node.offset:
                    text = f"port {port} on {node.address} is that of {first.name} already"
                    mend = f"Choose an Offset with which {node.name} has no HTTP or HTTPS port of another server there."
                yield Hit("WKA122", place, (node.name, first.name), text, mend)
                break
