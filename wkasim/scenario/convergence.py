"""When a cluster was converged: every live node initialised, and listing exactly the other live nodes, once each.

Fed with what changes, the tracker keeps one number, the count of everything that is wrong in any view. A change of one
list costs one look; a node that comes or goes costs one look per view. So long runs of large clusters can be judged
from their journal. A load balancer in a domain of its own must know all members of the domains that it manages.
"""

from __future__ import annotations

from attrs import define, field

__all__ = ["Convergence"]


@define(eq=False)
class _View:
    """One member list: the primary one of a node, or what a load balancer knows of a foreign domain."""

    domain: str
    members: dict[str, int] = field(factory=dict)
    wrong: int = 0


@define(eq=False)
class _Node:
    alive: bool = False
    settled: bool = False
    address: str = ""
    domain: str = ""
    primary: _View | None = None
    foreign: dict[str, _View] = field(factory=dict)

    def views(self) -> list[_View]:
        return [*([self.primary] if self.primary is not None else []), *self.foreign.values()]


class Convergence:
    """Follows the views of all nodes of a run."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._owners: dict[str, dict[str, int]] = {}
        self._settled: dict[str, None] = {}
        self._unsettled = 0
        self._wrong = 0

    @property
    def converged(self) -> bool:
        """Whether the cluster is converged now."""
        return not self._unsettled and not self._wrong

    # What happens

    def began(self, name: str) -> None:
        """A process of the node was started."""
        self.ended(name)
        self._nodes[name] = _Node(alive=True)
        self._unsettled += 1

    def ended(self, name: str) -> None:
        """The node's process is gone."""
        node = self._nodes.get(name)
        if node is None or not node.alive:
            return
        if node.settled:
            self._wrong -= sum(view.wrong for view in node.views())
            del self._settled[name]
            node.settled = False
            self._own(node, -1)
        else:
            self._unsettled -= 1
        node.alive = False

    def named(self, name: str, address: str, domain: str) -> None:
        """The node said how it calls itself."""
        node = self._node(name)
        node.address, node.domain = address, domain
        members = node.primary.members if node.primary is not None else {}
        node.primary = _View(domain, members)

    def manages(self, name: str, domain: str) -> None:
        """The node is a load balancer for a domain."""
        self._node(name).foreign.setdefault(domain, _View(domain))

    def initialised(self, name: str) -> None:
        """The node's start is over."""
        node = self._node(name)
        if node.settled or not node.alive:
            return
        node.foreign.pop(node.domain, None)  # its own domain's members are those of its primary list
        self._unsettled -= 1
        self._own(node, +1)
        node.settled = True
        self._settled[name] = None
        for view in node.views():
            addresses = dict.fromkeys([*view.members, *self._owners.get(view.domain, {})])
            view.wrong = sum(self._faults(node, view, address) for address in addresses)
            self._wrong += view.wrong

    def listed(self, name: str, address: str, change: int) -> None:
        """The node put an address on its list (+1), or took it off (-1)."""
        node = self._node(name)
        if node.primary is None:
            node.primary = _View(node.domain)
        self._change(node, node.primary, address, node.primary.members.get(address, 0) + change)

    def grouped(self, name: str, domain: str, address: str, present: bool) -> None:
        """A load balancer learnt of a member of a domain that it manages, or that one is gone."""
        node = self._node(name)
        if (view := node.foreign.get(domain)) is not None:
            self._change(node, view, address, int(present))

    def gone(self, name: str, address: str) -> None:
        """A load balancer was told that a member is gone, of whatever domain."""
        for domain in self._node(name).foreign:
            self.grouped(name, domain, address, False)

    # Counting

    def _node(self, name: str) -> _Node:
        return self._nodes.setdefault(name, _Node())

    def _change(self, node: _Node, view: _View, address: str, count: int) -> None:
        before = self._faults(node, view, address) if node.settled else 0
        if count > 0:
            view.members[address] = count
        else:
            view.members.pop(address, None)
        if node.settled:
            change = self._faults(node, view, address) - before
            view.wrong += change
            self._wrong += change

    def _own(self, node: _Node, change: int) -> None:
        """A live node has this address from now on, or no longer."""
        owners = self._owners.setdefault(node.domain, {})
        watching = [
            (other, view)
            for other in (self._nodes[name] for name in self._settled)
            for view in other.views()
            if view.domain == node.domain
        ]
        before = [self._faults(other, view, node.address) for other, view in watching]
        owners[node.address] = owners.get(node.address, 0) + change
        if not owners[node.address]:
            del owners[node.address]
        for (other, view), old in zip(watching, before, strict=True):
            difference = self._faults(other, view, node.address) - old
            view.wrong += difference
            self._wrong += difference

    def _faults(self, node: _Node, view: _View, address: str) -> int:
        """How many things are wrong with one address in one view."""
        count = view.members.get(address, 0)
        own = node.settled and node.domain == view.domain and node.address == address
        wanted = self._owners.get(view.domain, {}).get(address, 0) > own
        return int(wanted != (count > 0)) + int(count > 1)
