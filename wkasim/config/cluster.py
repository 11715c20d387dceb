"""The cluster as its configuration files describe it, all nodes together, each value with its origin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from wkasim.config.axis2 import Axis2File, Clustering, ManagedDomain, read_axis2
from wkasim.config.balancer import BalancerFile, read_balancer
from wkasim.config.carbon import CarbonFile, read_carbon
from wkasim.config.datasources import DataSourcesFile, read_datasources
from wkasim.config.declaration import Declaration, DeclaredNode, read_declaration
from wkasim.config.directory import NodeFiles, find_nodes
from wkasim.config.hosts import HostsFile, is_loopback, read_hosts
from wkasim.config.places import Place, Problem, Sourced
from wkasim.config.startscript import StartFlags, read_start_script
from wkasim.config.templates import is_template
from wkasim.config.values import digits, substituted
from wkasim.config.values import port as port_value
from wkasim.errors import InputError
from wkasim.node.config import DEFAULT_DOMAIN, Role

__all__ = ["ConfiguredCluster", "ConfiguredNode", "ListedMember", "read_cluster"]

DECLARATION: Final = "cluster.yaml"
MACHINE_HOSTS: Final = "/etc/hosts"
"""The one file outside of its folder that cluster.yaml may name."""

DEFAULT_PORT: Final = 4000
MOST_OFFSET: Final = 50_000
"""A larger offset would push the usual ports out of range."""
TRIBES_AGENT: Final = "org.apache.axis2.clustering.tribes.TribesClusteringAgent"
_MOST_PAIRS: Final = 20_000
"""Nodes without an address times entries that lead to no node, above which nothing is guessed."""

_DEFAULT_HTTP: Final = {"http": 8280, "https": 8243}


@frozen
class ListedMember:
    """An entry of a node's list of well-known members; ``address`` is None if the name does not resolve."""

    host: Sourced[str]
    address: str | None
    port: int | None
    place: Place
    host_place: Place
    port_text: str = ""

    def __str__(self) -> str:
        return f"{self.host.value}:{self.port if self.port is not None else '?'}"


@frozen(kw_only=True)
class ConfiguredNode:
    """One node: its files as read, and what follows from them.

    ``address`` is what the node advertises, None where the machine chooses it; ``is_guessed`` says that the machine
    does and the address is the one at which others look for the node. ``machine`` is the address of the machine that
    it runs on. Ports of transports have the offset added; -1 is switched off.
    """

    name: str
    directory: Path
    role: Role
    role_reason: str
    axis2: Axis2File | None = None
    carbon: CarbonFile | None = None
    balancer: BalancerFile | None = None
    datasources: DataSourcesFile | None = None
    hosts: HostsFile | None = None
    flags: StartFlags = field(factory=StartFlags)
    host: Sourced[str] | None = None
    address: str | None = None
    is_guessed: bool = False
    machine: str | None = None
    port: Sourced[int] | None = None
    bind_port: int | None = None
    offset: int = 0
    http_port: int = -1
    https_port: int = -1
    domain: Sourced[str]
    sub_domain: Sourced[str] | None = None
    members: tuple[ListedMember, ...] = ()
    groups: tuple[ManagedDomain, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def clustering(self) -> Clustering | None:
        """The clustering section, if there is one."""
        return self.axis2.clustering if self.axis2 is not None else None

    @property
    def enabled(self) -> bool:
        """Whether the node takes part in a cluster at all, by Tribes and well-known members."""
        return self.clustering is not None and self.clustering.enabled.value and not self.clustering.empty

    @property
    def uses_tribes(self) -> bool:
        """Whether the clustering agent is that of Axis2; an absent class counts as such."""
        agent = self.clustering.agent_class if self.clustering is not None else None
        return agent is None or "tribes" in agent.value.lower()

    @property
    def uses_wka(self) -> bool:
        """Whether the node reads its list of well-known members."""
        scheme = self.clustering.text("membershipScheme") if self.clustering is not None else None
        return scheme is not None and scheme.value == "wka"

    @property
    def effective_port(self) -> int:
        """The port that the node has where nothing is in its way."""
        return self.port.value if self.port is not None else DEFAULT_PORT

    @property
    def place(self) -> Place:
        """Where a finding about the node as a whole points."""
        if self.clustering is not None:
            return self.clustering.place
        if self.axis2 is not None:
            return Place(self.axis2.file)
        return Place(str(self.directory))

    def resolve(self, name: str) -> str | None:
        """The address of a host name on this node's machine."""
        return _lookup(self.hosts, name)


@frozen(kw_only=True, slots=False)
class ConfiguredCluster:
    """All nodes; ``order`` are their names in the order of the start, ``ordered`` says whether somebody gave it."""

    nodes: tuple[ConfiguredNode, ...]
    order: tuple[str, ...]
    ordered: bool = False
    order_places: Mapping[str, Place] = field(factory=dict)
    has_hosts: bool = False
    declaration: Declaration | None = None
    problems: tuple[Problem, ...] = ()

    def node(self, name: str) -> ConfiguredNode:
        """The node of that name."""
        return next(node for node in self.nodes if node.name == name)

    @cached_property
    def _active(self) -> tuple[ConfiguredNode, ...]:
        by_name = {node.name: node for node in self.nodes}
        chosen = (by_name[name] for name in self.order)
        return tuple(node for node in chosen if node.enabled and node.uses_tribes and node.uses_wka)

    @cached_property
    def _by_address(self) -> dict[tuple[str, int], list[ConfiguredNode]]:
        found: dict[tuple[str, int], list[ConfiguredNode]] = {}
        for node in self._active:
            if node.address is not None:
                found.setdefault((node.address, node.effective_port), []).append(node)
        return found

    @cached_property
    def _listed(self) -> dict[str, tuple[ConfiguredNode, ...]]:
        return {
            node.name: tuple(
                {
                    other.name: other
                    for member in node.members
                    for other in self.at(member.address, member.port)
                    if other is not node
                }.values()
            )
            for node in self._active
        }

    def active(self) -> list[ConfiguredNode]:
        """The nodes that take part by Tribes and well-known members, in the order of the start."""
        return list(self._active)

    @cached_property
    def loopback_is_shared(self) -> bool:
        """Whether a loopback address means the same machine to all: there is one only, or they are told apart by it."""
        addresses = {node.address for node in self._active}
        addresses |= {member.address for node in self._active for member in node.members}
        known = [address for address in addresses if address is not None]
        machines = {node.machine for node in self._active if node.machine is not None}
        if all(is_loopback(address) for address in known) and len(machines) < 2:
            return True
        # Machines that are told apart within 127: a test bench on one machine.
        return all(address.startswith("127.") and address != "127.0.0.1" for address in known)

    def share_a_machine(self, left: ConfiguredNode, right: ConfiguredNode) -> bool:
        """Whether two nodes have one address, and it means one machine."""
        if left.address is None or left.address != right.address:
            return False
        if self.loopback_is_shared or not is_loopback(left.address):
            return True
        return left.machine == right.machine and not is_loopback(left.machine or left.address)

    def at(self, address: str | None, port: int | None) -> list[ConfiguredNode]:
        """The active nodes that advertise an address and port."""
        return self._by_address.get((address, port), []) if address is not None and port is not None else []

    def listed(self, node: ConfiguredNode) -> tuple[ConfiguredNode, ...]:
        """The active nodes that a node lists, itself left out."""
        return self._listed.get(node.name, ())

    def is_listed(self, node: ConfiguredNode) -> bool:
        """Whether any other node lists this one."""
        return node.name in self._listed_names

    @cached_property
    def _listed_names(self) -> frozenset[str]:
        return frozenset(other.name for found in self._listed.values() for other in found)


def read_cluster(
    directories: Sequence[Path], hosts_file: Path | None = None, declaration_file: Path | None = None
) -> ConfiguredCluster:
    """Read all nodes; raises InputError if a directory, the hosts file or cluster.yaml cannot be used."""
    declaration = _declaration(directories, declaration_file)
    hosts = _hosts(directories, declaration, hosts_file)
    found = find_nodes(directories)
    names = [files.name for files in found]
    declared = declaration.nodes if declaration is not None else {}
    by_directory = {node.directory: name for name, node in declared.items() if node.directory}
    unknown = [name for name in declared if name not in names and declared[name].directory is None]
    if declaration is not None and unknown:
        raise InputError(
            *(
                f'{declaration.file}: node "{name}" has no directory here (found: {", ".join(names)})'
                for name in unknown
            )
        )
    nodes = []
    for files in found:
        name = by_directory.get(files.directory.name, files.name)
        nodes.append(_node(evolve(files, name=name), declared.get(name, DeclaredNode()), hosts))
    return _cluster(_as_others_list_them(list(_with_guesses(nodes))), declaration, hosts, len(directories) > 1)


def _with_guesses(nodes: Sequence[ConfiguredNode]) -> Iterator[ConfiguredNode]:
    """The nodes, those whose address the machine chooses with the one of their host name in carbon.xml, if that is it.

    It may be the load balancer's; so it counts only where others list a member of that name and no other node has it.
    """
    guesses = {node.name: guess for node in nodes if node.host is None and (guess := _guess(node)) is not None}
    count = Counter(guess.value for guess in guesses.values())
    listing: dict[str, set[str]] = {}
    for node in nodes if guesses else ():
        for member in node.members:
            listing.setdefault(member.host.value, set()).add(node.name)
    for node in nodes:
        guess = guesses.get(node.name)
        if guess is None or count[guess.value] > 1 or not listing.get(guess.value, set()) - {node.name}:
            yield node
        else:
            address = node.resolve(guess.value)
            yield evolve(node, host=guess, address=address, machine=node.machine or address)


def _as_others_list_them(nodes: list[ConfiguredNode]) -> list[ConfiguredNode]:
    """The nodes, those whose address the machine chooses with one at which others look for somebody on their port.

    Whoever has the fewest to choose from comes first. Where a machine has a node that nobody lists at its real port,
    that one is meant, by a wrong entry.
    """
    there = {(node.address, node.effective_port) for node in nodes if node.address is not None}
    entries = {(member.address, member.port) for node in nodes for member in node.members}
    unlisted = {address for address, port in there if (address, port) not in entries}
    free: dict[tuple[str, int], set[str]] = {}
    for node in nodes:
        for member in node.members:
            if member.address is None or member.port is None or is_loopback(member.address):
                continue
            if (member.address, member.port) not in there and member.address not in unlisted:
                free.setdefault((member.address, member.port), set()).add(node.name)
    found: dict[str, str] = {}
    left = [node for node in nodes if node.address is None and node.host is None and node.enabled]
    while left and len(left) * len(free) <= _MOST_PAIRS:
        choices = {node.name: spots for node in left if (spots := _choices(node, free))}
        if not choices:
            break
        node = min((node for node in left if node.name in choices), key=lambda node: len(choices[node.name]))
        left.remove(node)
        spot = choices[node.name][0]
        found[node.name] = spot[0]
        del free[spot]
    return [
        evolve(node, address=found[node.name], machine=node.machine or found[node.name], is_guessed=True)
        if node.name in found
        else node
        for node in nodes
    ]


def _choices(node: ConfiguredNode, free: Mapping[tuple[str, int], set[str]]) -> list[tuple[str, int]]:
    """Where others look for somebody on the node's port; what it lists itself only if there is nothing else."""
    spots = [spot for spot, listing in free.items() if spot[1] == node.effective_port and listing - {node.name}]
    return [spot for spot in spots if node.name not in free[spot]] or spots


def _guess(node: ConfiguredNode) -> Sourced[str] | None:
    names = (node.carbon.host_name, node.carbon.management_host_name) if node.carbon is not None else ()
    return next((name for name in names if name is not None and node.resolve(name.value) is not None), None)


def _cluster(
    nodes: list[ConfiguredNode], declaration: Declaration | None, hosts: HostsFile | None, named_one_by_one: bool
) -> ConfiguredCluster:
    start = declaration.start if declaration is not None else None
    names = [node.name for node in nodes]
    if start is not None and declaration is not None:
        wrong = [entry for entry in start if entry.value not in names]
        if wrong:
            known = ", ".join(names)
            raise InputError(
                *(f'{item.place}: node "{item.value}" is not defined (defined: {known})' for item in wrong)
            )
        first = [entry.value for entry in start]
        order = [*first, *(name for name in _usual_order(nodes) if name not in first)]
        places = {entry.value: entry.place for entry in start}
    else:
        order, places = names if named_one_by_one else _usual_order(nodes), {}
    return ConfiguredCluster(
        nodes=tuple(nodes),
        order=tuple(order),
        ordered=start is not None or named_one_by_one,
        order_places=places,
        has_hosts=hosts is not None or any(node.hosts is not None for node in nodes),
        declaration=declaration,
        problems=hosts.problems if hosts is not None else (),
    )


def _usual_order(nodes: Iterable[ConfiguredNode]) -> list[str]:
    """The order of the guide: load balancer, manager, workers."""
    rank = {"elb": 0, "manager": 1, "worker": 2}
    return [node.name for node in sorted(nodes, key=lambda node: rank[node.role])]


def _declaration(directories: Sequence[Path], given: Path | None) -> Declaration | None:
    if given is not None:
        return read_declaration(given)
    for directory in directories:
        if (directory / DECLARATION).is_file():
            return read_declaration(directory / DECLARATION)
    return None


def _hosts(directories: Sequence[Path], declaration: Declaration | None, given: Path | None) -> HostsFile | None:
    if given is not None:
        hosts = read_hosts(given)
        if any(problem.kind == "unreadable" for problem in hosts.problems):
            raise InputError(*(f"{problem.place}: {problem.text}" for problem in hosts.problems))
        return hosts
    if declaration is not None and declaration.hosts is not None:
        folder = Path(declaration.file).parent
        inside = (folder / declaration.hosts).resolve().is_relative_to(folder.resolve())
        if declaration.hosts != MACHINE_HOSTS and not inside:
            raise InputError(
                f"{declaration.file}: hosts: {declaration.hosts} is outside of {folder}; name it with --hosts FILE"
            )
        return _hosts(directories, None, folder / declaration.hosts)
    for directory in directories:
        for name in ("hosts", "etc/hosts", "hosts.txt"):
            if (directory / name).is_file():
                return read_hosts(directory / name)
    return None


def _node(files: NodeFiles, declared: DeclaredNode, hosts: HostsFile | None) -> ConfiguredNode:
    at = files.files
    axis2 = read_axis2(at["axis2"]) if "axis2" in at else None
    carbon = read_carbon(at["carbon"]) if "carbon" in at else None
    balancer = read_balancer(at["balancer"]) if "balancer" in at else None
    datasources = read_datasources(at["datasources"]) if "datasources" in at else None
    own_hosts = read_hosts(at["hosts"]) if "hosts" in at else None
    flags = read_start_script(at["script"]) if "script" in at else StartFlags()
    if declared.flags is not None:
        flags = declared.flags
    table = _merged(own_hosts, hosts)
    clustering = axis2.clustering if axis2 is not None else None
    sub_domain = _sub_domain(clustering)
    role, reason = _role(declared, balancer, clustering, flags, sub_domain)
    problems = [
        *(axis2.problems if axis2 is not None else ()),
        *(carbon.problems if carbon is not None else ()),
        *(balancer.problems if balancer is not None else ()),
        *(datasources.problems if datasources is not None else ()),
        *(own_hosts.problems if own_hosts is not None else ()),
        *flags.problems,
    ]
    offset = _offset(carbon, flags)
    host = _host(clustering, declared)
    address = None if host is None else _lookup(table, host.value)
    return ConfiguredNode(
        name=files.name,
        directory=files.directory,
        role=role,
        role_reason=reason,
        axis2=axis2,
        carbon=carbon,
        balancer=balancer,
        datasources=datasources,
        hosts=table,
        flags=flags,
        host=host,
        address=address,
        machine=declared.host.value if declared.host is not None else address,
        port=_port(clustering, "localMemberPort", problems) or _port(clustering, "tcpListenPort", problems),
        bind_port=None if (bind := _port(clustering, "localMemberBindPort", problems)) is None else bind.value,
        offset=offset,
        http_port=_transport(axis2, "http", offset),
        https_port=_transport(axis2, "https", offset),
        domain=_domain(clustering, axis2, files),
        sub_domain=sub_domain,
        members=tuple(_members(clustering, table, flags)),
        groups=_groups(clustering, balancer),
        problems=tuple(dict.fromkeys(problems)),
    )


def _merged(own: HostsFile | None, shared: HostsFile | None) -> HostsFile | None:
    if own is None or shared is None:
        return own or shared
    return HostsFile(own.file, {**shared.names, **own.names})


def _lookup(table: HostsFile | None, name: str) -> str | None:
    return (table or HostsFile("")).address(name)


def _role(
    declared: DeclaredNode,
    balancer: BalancerFile | None,
    clustering: Clustering | None,
    flags: StartFlags,
    sub_domain: Sourced[str] | None,
) -> tuple[Role, str]:
    if declared.role is not None:
        return declared.role, "cluster.yaml says so"
    if balancer is not None:
        return "elb", "it has a loadbalancer.conf"
    if clustering is not None and clustering.groups:
        return "elb", "groupManagement is enabled"
    if flags.worker:
        return "worker", "it is started with -DworkerNode=true"
    if flags.setup:
        return "manager", "it is started with -Dsetup"
    if sub_domain is not None and sub_domain.value == "worker":
        return "worker", "its subDomain is worker"
    return "manager", "nothing makes it a load balancer or a worker"


def _sub_domain(clustering: Clustering | None) -> Sourced[str] | None:
    found = clustering.properties.get("subDomain") if clustering is not None else None
    return Sourced(found.value.strip(), found.place) if found is not None and found.value.strip() else None


def _offset(carbon: CarbonFile | None, flags: StartFlags) -> int:
    given = flags.properties.get("portOffset")
    if given is not None and (number := digits(given.value)) is not None and number <= MOST_OFFSET:
        return number
    return carbon.offset.value if carbon is not None and carbon.offset is not None else 0


def _host(clustering: Clustering | None, declared: DeclaredNode) -> Sourced[str] | None:
    if clustering is not None:
        for name in ("localMemberHost", "localMemberBindAddress", "tcpListenHost"):
            found = clustering.text(name)
            if found is not None and not is_template(found.value):
                return found
    return declared.host


def _port(clustering: Clustering | None, name: str, problems: list[Problem]) -> Sourced[int] | None:
    found = clustering.text(name) if clustering is not None else None
    return None if found is None else port_value(found.value, name, found.place, problems)


def _transport(axis2: Axis2File | None, name: str, offset: int) -> int:
    if axis2 is None or not axis2.has_transports:
        return _DEFAULT_HTTP[name] + offset
    found = axis2.transports.get(name)
    moved = -1 if found is None or found.value == -1 else found.value + offset
    return moved if moved < 65536 else -1


def _domain(clustering: Clustering | None, axis2: Axis2File | None, files: NodeFiles) -> Sourced[str]:
    # Quirk: the domain is the one parameter that the real code does not trim.
    found = clustering.parameters.get("domain") if clustering is not None else None
    if found is not None and found.value:
        return found
    if clustering is not None:
        return Sourced(DEFAULT_DOMAIN, clustering.place)
    return Sourced(DEFAULT_DOMAIN, Place(axis2.file if axis2 is not None else str(files.directory)))


def _members(clustering: Clustering | None, table: HostsFile | None, flags: StartFlags) -> Iterator[ListedMember]:
    if clustering is None:
        return
    for entry in clustering.members:
        host = substituted(entry.host.value, flags.values())
        text = substituted(entry.port_text, flags.values())
        port = entry.port.value if entry.port is not None else digits(text)
        port = port if port is not None and 0 < port < 65536 else None
        address = _lookup(table, host)
        place = entry.port.place if entry.port is not None else entry.host.place
        yield ListedMember(Sourced(host, entry.host.place), address, port, place, entry.host.place, text)


def _groups(clustering: Clustering | None, balancer: BalancerFile | None) -> tuple[ManagedDomain, ...]:
    groups = list(clustering.groups) if clustering is not None else []
    for route in balancer.routes if balancer is not None else ():
        sub_domain = route.sub_domain.value if route.sub_domain is not None else None
        known = [(group.domain.value, group.sub_domain.value if group.sub_domain else None) for group in groups]
        if (route.domain.value, sub_domain) not in known:
            groups.append(ManagedDomain(route.domain, route.sub_domain, route.management_port))
    return tuple(groups)
