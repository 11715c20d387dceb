"""One life of a node, as its log tells it: from one start to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Final

from attrs import define, field

from wkasim.logs.line import LogLine

__all__ = ["Life", "address_of", "ip_and_port", "lives_of"]

MOST_LINES: Final = 20_000
"""Lines of a life that are kept whatever they say."""

MOST_OF_ONE: Final = 500
"""Lines of one event that are kept in a longer life, the last one beside them."""

_BEFORE_START: Final = frozenset({
    "clustering_enabled", "clustering_disabled", "group_management_mode", "application_mode", "group_agent_failed",
    "managing_domain", "dynamic_endpoint_initialized", "tenant_endpoint_initialized", "configuration_management",
    "state_management", "managing_domain_without_sub_domain", "group_agent_added",
})  # fmt: skip
"""Events that belong to the start that follows them."""

_LEARNT: Final = (
    "static_member_added", "member_listed",  # at its start
    "new_member", "wka_member_joined",  # by a health check or the coordinator
    "member_list_added", "join_received", "member_joined_received", "member_list_received",
    "initialization_request_received",
)  # fmt: skip
"""Events by which a node shows that it knows a member."""


def address_of(member: object) -> str:
    """``ip:port`` of a member's name, without its domain."""
    return str(member).partition("(")[0]


def ip_and_port(address: object) -> str:
    """``ip:port`` of a socket's address, ``name/ip:port``."""
    return str(address).rpartition("/")[2]


@define(eq=False)
class Life:
    """What one start of one node said; times are those of its own clock.

    ``lines`` are the lines that are kept. ``dropped`` counts those that are not: a line that repeats for ever, such as
    that of the wait loop, tells nothing new after some hundred times. ``end`` is the time of the last line of all.
    """

    node: str
    number: int
    lines: list[LogLine] = field(factory=list, init=False)
    dropped: int = field(default=0, init=False)
    end: datetime | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)
    _of_event: dict[str, list[tuple[int, LogLine]]] = field(factory=dict, init=False)
    _latest: dict[str, tuple[int, LogLine]] = field(factory=dict, init=False)
    _present: dict[str, LogLine] = field(factory=dict, init=False)

    def add(self, line: LogLine) -> None:
        """Take in the next line."""
        event = line.event or ""
        self._count += 1
        if line.time is not None:
            self.end = line.time
        if event == "member_left":
            self._present.pop(address_of(line.params["member"]), None)
        elif event in _LEARNT and len(self._present) < MOST_LINES:
            self._present[address_of(line.params["member"])] = line
        kept = self._of_event.setdefault(event, [])
        if len(self.lines) >= MOST_LINES and len(kept) >= MOST_OF_ONE:
            self.dropped += 1
            self._latest[event] = self._count, line
        else:
            self.lines.append(line)
            kept.append((self._count, line))

    def numbered(self, *events: str, after: int = 0) -> list[tuple[int, LogLine]]:
        """The lines of these events behind a place in the life, each with its own place; the first one's is 1."""
        kept = list(chain.from_iterable(self._of_event.get(event, ()) for event in events))
        kept += [self._latest[event] for event in events if event in self._latest]
        if len(events) > 1:
            kept.sort(key=itemgetter(0))
        return [entry for entry in kept if entry[0] > after] if after else kept

    def all(self, *events: str) -> Iterator[LogLine]:
        """The lines of these events, in order."""
        return (line for _, line in self.numbered(*events))

    def first(self, *events: str) -> LogLine | None:
        """The first line of these events."""
        found = [lines[0] for event in events if (lines := self._of_event.get(event))]
        return min(found, key=itemgetter(0))[1] if found else None

    def last(self, *events: str) -> LogLine | None:
        """The last line of these events."""
        found = [lines[-1] for event in events if (lines := self._of_event.get(event))]
        found += [self._latest[event] for event in events if event in self._latest]
        return max(found, key=itemgetter(0))[1] if found else None

    @property
    def begin(self) -> datetime | None:
        """When the life begins: at its first line with a time."""
        return next((line.time for line in self.lines if line.time is not None), None)

    @property
    def started(self) -> LogLine | None:
        """The line of its beginning, ``Initializing cluster...``; None if the log begins later."""
        return self.first("initializing_cluster")

    @property
    def domain(self) -> str | None:
        """The domain that it says of itself."""
        found = self.first("cluster_domain")
        if found is not None:
            return str(found.params["domain"])
        local = self.first("local_member")
        return str(local.params["member"]).partition("(")[2].removesuffix(")") if local is not None else None

    @property
    def address(self) -> str | None:
        """The address that it tells the others."""
        local = self.first("local_member")
        return address_of(local.params["member"]) if local is not None else None

    @property
    def likely_address(self) -> str | None:
        """The address that it tells the others, or that of its port probe while it has said no other."""
        if self.address is not None:
            return self.address
        bound = self.first("socket_bound")
        return ip_and_port(bound.params["address"]) if bound is not None else None

    @property
    def listens(self) -> str | None:
        """The address on which it listens, by a line that servers hide unless it is asked for."""
        found = self.first("receiver_bound")
        return ip_and_port(found.params["address"]) if found is not None else None

    @property
    def completed(self) -> LogLine | None:
        """The line that says that its start is over."""
        return self.first("cluster_initialized")

    @property
    def manages(self) -> tuple[str, ...]:
        """The domains that it manages as a load balancer."""
        return tuple(
            dict.fromkeys(
                str(line.params["domain"]) for line in self.all("managing_domain", "managing_domain_without_sub_domain")
            )
        )

    def known(self) -> dict[str, LogLine]:
        """Each member that it showed to know, with the first line that says so."""
        found: dict[str, LogLine] = {}
        own = self.address
        for line in self.all(*_LEARNT):
            address = address_of(line.params["member"])
            if address != own:
                found.setdefault(address, line)
        return found

    def members_at_the_end(self) -> dict[str, LogLine]:
        """Those of the known that it did not see leaving afterwards, each with the last line that shows it."""
        return {address: line for address, line in self._present.items() if address != self.address}

    def changes(self) -> Iterator[tuple[LogLine, str, str]]:
        """Each change of the members that it shows: the line, ``joined`` or ``left``, and the address."""
        present: set[str] = set()
        own = self.address
        for line in self.all("member_left", *_LEARNT):
            address = address_of(line.params["member"])
            if line.event == "member_left":
                present.discard(address)
                yield line, "left", address
            elif address not in present and address != own:
                present.add(address)
                yield line, "joined", address

    def alone(self) -> tuple[datetime | None, datetime | None] | None:
        """Since when it was alone, and until when (None: to the end); None if it never was."""
        found = next(iter(self.numbered("no_members")), None)
        if found is None:
            return None
        place, line = found
        after = next((later for _, later in self.numbered(*_LEARNT, after=place)), None)
        return line.time, after.time if after is not None else None


def lives_of(node: str, lines: Iterable[LogLine], first_number: int = 1) -> Iterator[Life]:
    """Cut the lines of a node into its lives; each begins with the lines before ``Initializing cluster...``.

    Where those are missing, the second ``Cluster domain`` begins the next life.
    """
    life = Life(node, first_number)
    only_prelude = True
    for line in lines:
        begins = line.event == "initializing_cluster" or line.event in _BEFORE_START
        if line.event == "cluster_domain":
            begins = life.first("cluster_domain", "local_member", "cluster_initialized") is not None
        if begins and not only_prelude:
            yield life
            life = Life(node, life.number + 1)
            only_prelude = True
        only_prelude = only_prelude and line.event in _BEFORE_START
        life.add(line)
    if life.lines:
        yield life
