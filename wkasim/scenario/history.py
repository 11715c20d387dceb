"""What happened to whom, read off the journal: lives, states, member lists, groups, and when the cluster converged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field

from wkasim.scenario.answers import SeenAnswer
from wkasim.scenario.convergence import Convergence
from wkasim.sim.journal import Record

__all__ = ["History", "NodeHistory"]


@define
class NodeHistory:
    """One node: its state now, and the times of its lives.

    ``members`` are the addresses that it lists in order of arrival, ``groups`` those admitted for each domain and
    sub-domain that it manages. ``address`` is what it advertises, empty before it said so; ``addresses`` are those of
    all its lives.
    """

    name: str
    life: int = 0
    state: str = "not started"
    reason: str = ""
    address: str = ""
    domain: str = ""
    addresses: list[str] = field(factory=list)
    members: list[str] = field(factory=list)
    groups: dict[tuple[str, str], list[str]] = field(factory=dict)
    started_us: list[int] = field(factory=list)
    stopped_us: list[int] = field(factory=list)

    @property
    def alive(self) -> bool:
        """Whether a process of this node exists, frozen or not."""
        return self.state not in ("not started", "stopped")


class History:
    """The state of every node at the end of the records that it was fed with."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.nodes: dict[str, NodeHistory] = {}
        self.now_us = 0
        self.intervals: list[tuple[int, int | None]] = []
        """When the cluster was converged, from and to; None if it still is."""
        self.answers: dict[str, list[SeenAnswer]] = {}
        """What came of requests, by the step that sent them, in the order in which the answers came."""
        self._convergence = Convergence()
        self._converged = False
        self._before_pause: dict[str, str] = {}
        for record in records:
            self.feed(record)
        self.settle()

    def node(self, name: str) -> NodeHistory:
        """The node of that name; one that never started if the journal does not know it."""
        return self.nodes.setdefault(name, NodeHistory(name))

    def feed(self, record: Record) -> None:
        """Go on by one record."""
        if record[0] > self.now_us:
            self.settle()
            self.now_us = record[0]
        match record[1]:
            case "step":
                self._step(record)
            case "state":
                self._state(self.node(record[2]), record[4], record[5])
            case "view":
                self._view(self.node(record[2]), record[4], record[5])
            case "group":
                self._group(self.node(record[2]), record)
            case "log":
                self._log(record)
            case "request":
                self.answers.setdefault(record[4], []).append(SeenAnswer.of(record))

    def settle(self) -> None:
        """Everything that happened at one time has happened: look whether the cluster is converged."""
        # A cluster without a live node agrees on nothing.
        converged = self._convergence.converged and any(node.alive for node in self.nodes.values())
        if converged and not self._converged:
            self.intervals.append((self.now_us, None))
        elif self._converged and not converged:
            began, _ = self.intervals[-1]
            self.intervals[-1] = (began, self.now_us)
        self._converged = converged

    def converged_after_us(self, since_us: int) -> int | None:
        """The first time from then on at which the cluster was converged; None if it never was."""
        for began, ended in self.intervals:
            if ended is None or ended > since_us:
                return max(began, since_us)
        return None

    def names(self) -> Mapping[str, str]:
        """Node names by advertised address; the live node wins where several had one."""
        found: dict[str, str] = {}
        for node in sorted(self.nodes.values(), key=lambda node: node.alive):
            found.update(dict.fromkeys([*node.addresses[:-1], *([node.address] if node.address else [])], node.name))
        return found

    # One kind of record each

    def _step(self, record: Record) -> None:
        verb, params = record[4], record[5]
        if verb != "start":
            return
        given = dict(zip(params[::2], params[1::2], strict=True))
        for name in str(given.get("nodes", record[2])).split():
            self._begin(self.node(name))

    def _begin(self, node: NodeHistory) -> None:
        node.life += 1
        node.state, node.reason, node.address = "starting", "", ""
        node.members.clear()
        node.groups.clear()
        node.started_us.append(self.now_us)
        self._convergence.began(node.name)

    def _state(self, node: NodeHistory, state: str, reason: str) -> None:
        match state:
            case "paused":
                self._before_pause[node.name] = node.state
            case "resumed":
                state, reason = self._before_pause.get(node.name, node.state), node.reason
            case "stopped":
                node.stopped_us.append(self.now_us)
                node.members.clear()
                node.groups.clear()
                self._convergence.ended(node.name)
            case "initialised":
                self._convergence.initialised(node.name)
        node.state, node.reason = state, reason

    def _view(self, node: NodeHistory, change: str, address: str) -> None:
        if change == "added":
            node.members.append(address)
            self._convergence.listed(node.name, address, +1)
        elif address in node.members:
            node.members.remove(address)
            self._convergence.listed(node.name, address, -1)

    def _group(self, node: NodeHistory, record: Record) -> None:
        change, address, domain, sub_domain = record[4:]
        members = node.groups.setdefault((domain, sub_domain), [])
        if change == "admitted":
            members.append(address)
        elif change == "dismissed" and address in members:
            members.remove(address)

    def _log(self, record: Record) -> None:
        name, event, params = record[2], record[4], record[7]
        match event:
            case "local_member":
                address, _, domain = str(params[1]).partition("(")
                node = self.node(name)
                node.address, node.domain = address, domain.removesuffix(")")
                if address not in node.addresses:
                    node.addresses.append(address)
                self._convergence.named(name, address, node.domain)
            case "managing_domain":
                self._convergence.manages(name, str(dict(zip(params[::2], params[1::2], strict=True))["domain"]))
            case "joined_group":
                given = dict(zip(params[::2], params[1::2], strict=True))
                address = str(given["member"]).partition("(")[0]
                self._convergence.grouped(name, str(given["domain"]), address, True)
            case "member_left":
                self._convergence.gone(name, str(params[1]).partition("(")[0])
