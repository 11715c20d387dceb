"""From configuration files to nodes that can be simulated: what the files leave open is filled in, and said.

Addresses that only the machine knows, and those of IPv6, are taken from ranges that are nobody's. An address that means
"this machine" is given a number of its own for each machine, so that nobody reaches somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve, field, frozen

from wkasim.config.cluster import DEFAULT_PORT, ConfiguredCluster, ConfiguredNode, ListedMember
from wkasim.config.hosts import is_address, is_loopback, is_no_name
from wkasim.config.values import digits
from wkasim.node.config import DEFAULT_SUB_DOMAIN, Group, NodeConfig

__all__ = ["Simulable", "simulable"]

_SOMEWHERE: Final = "198.51.100"
_UNKNOWN_NAME: Final = "203.0.113"
_LOOPBACK: Final = "127.0.0.1"
_ANY: Final = "0.0.0.0"
_SIXES: Final = "198.18"
_MOST_ASSUMED: Final = 50


@frozen(kw_only=True)
class Simulable:
    """The nodes as the simulator takes them, in the order of the start, and what had to be assumed.

    ``loopback`` are the addresses that only their own machine reaches, with the address of that machine.
    """

    nodes: tuple[NodeConfig, ...]
    hosts: Mapping[str, str] = field(factory=dict)
    assumptions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    loopback: Mapping[str, str] = field(factory=dict)


def simulable(cluster: ConfiguredCluster) -> Simulable:
    """Fill in what the files leave open."""
    assumptions: list[str] = []
    active = _of_ipv4(cluster.active(), assumptions)
    assumptions += _damage(active)
    addresses, machines = _addresses(active, assumptions, many=not cluster.loopback_is_shared)
    names = _names(cluster, active, addresses, assumptions)
    nodes = tuple(_node(node, addresses, names) for node in active)
    return Simulable(
        nodes=nodes,
        hosts=dict(sorted({**_table(active), **names}.items())),
        assumptions=tuple(assumptions),
        left_out=tuple(node.name for node in cluster.nodes if node.name not in addresses),
        loopback={addresses[name]: machine for name, machine in machines.items() if is_loopback(addresses[name])},
    )


def _damage(active: list[ConfiguredNode]) -> list[str]:
    """What a real server would stumble over; one sentence a damaged file, one a value."""
    told: dict[str, None] = {}
    for node in active:
        files = {file.file for file in (node.axis2, node.carbon) if file is not None}
        for problem in node.problems:
            if problem.place.file in files and problem.kind == "unreadable":
                told[f"{node.name}: {problem.place.file} is damaged; taken as far as it can be read"] = None
            elif problem.place.file in files and problem.kind == "value":
                told[f"{node.name}: {problem.text}; taken as if it were not written"] = None
    return list(told)[:_MOST_ASSUMED]


def _of_ipv4(active: list[ConfiguredNode], assumptions: list[str]) -> list[ConfiguredNode]:
    """The nodes with addresses as the simulator takes them: every other way to say "this machine" is 127.0.0.1."""
    taken: dict[str, str] = {}

    def of_ipv4(address: str | None) -> str | None:
        if address is None or (is_address(address) and address != _ANY):
            return address
        if is_loopback(address):
            return _LOOPBACK
        if address not in taken:
            taken[address] = f"{_SIXES}.{len(taken) // 250}.{len(taken) % 250 + 1}"
            assumptions.append(f"{address}: an address of IPv6; taken as {taken[address]}")
        return taken[address]

    return [
        evolve(
            node,
            address=of_ipv4(node.address),
            machine=of_ipv4(node.machine),
            members=tuple(evolve(member, address=of_ipv4(member.address)) for member in node.members),
        )
        for node in active
    ]


def _addresses(
    active: list[ConfiguredNode], assumptions: list[str], *, many: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """The simulated address of each node, and of its machine; ``many`` machines have a loopback address each."""
    taken: dict[str, str] = {}
    machines: dict[str, str] = {}
    unknown = 0
    loopbacks: dict[str, str] = {}
    for node in active:
        address = node.address
        if address is None:
            unknown += 1
            address = (
                f"{_SOMEWHERE}.{unknown}" if unknown < 255 else f"198.51.{100 + unknown // 250}.{unknown % 250 + 1}"
            )
            if node.host is None:
                assumptions.append(f"{node.name}: the machine chooses its address; taken as {address}")
        elif node.is_guessed:
            assumptions.append(f"{node.name}: the machine chooses its address; taken as {address}, as others list it")
        elif address == _LOOPBACK and many:
            # Each machine's 127.0.0.1 is another one; here each gets a number of its own.
            key = node.machine if node.machine not in (None, _LOOPBACK) else node.name
            address = loopbacks.setdefault(str(key), f"127.0.0.{len(loopbacks) + 1}")
            if address != _LOOPBACK:
                assumptions.append(f"{node.name}: its own machine's 127.0.0.1 is written {address}")
        taken[node.name] = address
        machines[node.name] = node.machine if node.machine is not None else address
    return taken, machines


def _names(
    cluster: ConfiguredCluster, active: list[ConfiguredNode], addresses: Mapping[str, str], assumptions: list[str]
) -> dict[str, str]:
    """Addresses for names that no hosts file has, where no hosts file was given at all."""
    names: dict[str, str] = {}
    if cluster.has_hosts:
        return names
    for node in active:
        for member in node.members:
            host = member.host.value
            if member.address is not None or host in names or "${" in host or is_no_name(host):
                continue
            guess = _guessed(host, member, node, active, addresses)
            names[host] = guess or f"{_UNKNOWN_NAME}.{len(names) + 1}"
            what = f"taken as {names[host]}" + ("" if guess else ", where nobody is")
            assumptions.append(f"{host}: no hosts file was given; {what}")
    return names


def _guessed(
    host: str,
    member: ListedMember,
    listing: ConfiguredNode,
    active: list[ConfiguredNode],
    addresses: Mapping[str, str],
) -> str | None:
    """The one other node that a name can mean: it has that host name, or it alone has that port."""
    named = [
        node
        for node in active
        if (node.host is not None and node.host.value == host)
        or (node.carbon is not None and node.carbon.host_name is not None and node.carbon.host_name.value == host)
    ]
    at_port = [node for node in active if node is not listing and node.effective_port == member.port]
    for candidates in (named, at_port):
        if len(candidates) == 1:
            return addresses[candidates[0].name]
    return None


def _table(active: list[ConfiguredNode]) -> dict[str, str]:
    table: dict[str, str] = {}
    for node in active:
        if node.hosts is not None:
            for name, address in node.hosts.names.items():
                if is_address(address.value):
                    table.setdefault(name, address.value)
    return table


def _node(node: ConfiguredNode, addresses: Mapping[str, str], names: Mapping[str, str]) -> NodeConfig:
    address = addresses[node.name]
    properties = {
        name: value.value
        for name, value in (node.clustering.properties.items() if node.clustering is not None else ())
        if name != "subDomain" and (name not in ("httpPort", "httpsPort") or digits(value.value) is not None)
    }
    unresolved = node.host is not None and node.address is None
    return NodeConfig(
        name=node.name,
        role=node.role,
        host=node.host.value if unresolved and node.host is not None else address,
        port=node.port.value if node.port is not None else None,
        bind_port=node.bind_port if node.port is not None else None,
        domain=node.domain.value,
        sub_domain=node.sub_domain.value if node.sub_domain is not None else None,
        well_known_members=tuple(
            (_host(member, addresses[node.name], names), member.port if member.port is not None else DEFAULT_PORT)
            for member in node.members
        ),
        groups=tuple(
            Group(group.domain.value, group.sub_domain.value if group.sub_domain is not None else DEFAULT_SUB_DOMAIN)
            for group in node.groups
            if group.domain.value
        ),
        http_port=node.http_port - node.offset if node.http_port > 0 else None,
        https_port=node.https_port - node.offset if node.https_port > 0 else None,
        port_offset=node.offset,
        properties=properties,
        node_manager=node.clustering.node_manager is not None and node.clustering.node_manager.value
        if node.clustering is not None
        else False,
        worker=node.flags.worker,
        setup=node.flags.setup,
    )


def _host(member: ListedMember, own: str, names: Mapping[str, str]) -> str:
    if member.address is None:
        return names.get(member.host.value, member.host.value)
    if member.address == _LOOPBACK and is_loopback(own):
        return own
    return member.address
