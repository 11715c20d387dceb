"""One life of a node, as its log tells it: from one start to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from attrs import define, field

from wkasim.logs.line import LogLine

__all__ = ["Life", "address_of", "lives_of"]

MOST_LINES: Final = 20_000
"""Lines of a life that are kept; of a longer one the beginning and what counts."""

_BEFORE_START: Final = frozenset({
    "clustering_enabled", "clustering_disabled", "group_management_mode", "application_mode", "group_agent_failed",
    "managing_domain", "dynamic_endpoint_initialized", "tenant_endpoint_initialized", "configuration_management",
    "state_management", "managing_domain_without_sub_domain", "group_agent_added",
})  # fmt: skip
"""Events that belong to the start that follows them."""

_LEARNT: Final[Mapping[str, str]] = {
    "static_member_added": "tried at its start",
    "member_listed": "listed at its start",
    "new_member": "found by a health check or the coordinator",
    "wka_member_joined": "a well-known member came",
    "member_list_added": "in a member list",
    "join_received": "it sent JOIN",
    "member_joined_received": "it reported somebody",
    "member_list_received": "it sent its list",
    "initialization_request_received": "it asked for the configuration",
}
"""Events by which a node shows that it knows a member, and how it came to know."""


def address_of(member: object) -> str:
    """``ip:port`` of a member's name, without its domain."""
    return str(member).partition("(")[0]


@define(eq=False)
class Life:
    """What one start of one node said; times are those of its own clock.

    ``known`` has every member that the node ever showed to know, by address, with the line; ``left`` the lines of those
    that it saw leaving, the last one each.
    """

    node: str
    number: int
    lines: list[LogLine] = field(factory=list)
    counts: dict[str, int] = field(factory=dict)
    dropped: int = 0
    end: datetime | None = None

    def add(self, line: LogLine) -> None:
        """Take in the next line."""
        event = line.event or ""
        self.counts[event] = self.counts.get(event, 0) + 1
        if line.time is not None:
            self.end = line.time
        # A line that repeats for ever, such as that of the wait loop, tells nothing new.
        if len(self.lines) >= MOST_LINES:
            self.dropped += 1
        else:
            self.lines.append(line)

    def all(self, *events: str) -> Iterator[LogLine]:
        """The lines of these events, in order."""
        return (line for line in self.lines if line.event in events)

    def first(self, *events: str) -> LogLine | None:
        """The first line of these events."""
        return next(self.all(*events), None)

    def last(self, *events: str) -> LogLine | None:
        """The last line of these events."""
        return next((line for line in reversed(self.lines) if line.event in events), None)

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
        return str(bound.params["address"]).rpartition("/")[2] if bound is not None else None

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
        for line in self.all(*_LEARNT):
            address = address_of(line.params["member"])
            if address != self.address:
                found.setdefault(address, line)
        return found

    def members_at_the_end(self) -> dict[str, LogLine]:
        """Those of the known that it did not see leaving afterwards."""
        present: dict[str, LogLine] = {}
        for line in self.lines:
            if line.event == "member_left":
                present.pop(address_of(line.params["member"]), None)
            elif line.event in _LEARNT:
                address = address_of(line.params["member"])
                if address != self.address:
                    present[address] = line
        return present

    def changes(self) -> Iterator[tuple[LogLine, str, str]]:
        """Each change of the members that it shows: the line, ``joined`` or ``left``, and the address."""
        present: set[str] = set()
        for line in self.lines:
            if line.event == "member_left":
                address = address_of(line.params["member"])
                present.discard(address)
                yield line, "left", address
            elif line.event in _LEARNT:
                address = address_of(line.params["member"])
                if address not in present and address != self.address:
                    present.add(address)
                    yield line, "joined", address

    def alone(self) -> tuple[datetime | None, datetime | None] | None:
        """Since when it was alone, and until when (None: to the end); None if it never was."""
        found = self.first("no_members")
        if found is None:
            return None
        after = next((line for line in self.lines if line.number > found.number and line.event in _LEARNT), None)
        return found.time, after.time if after is not None else None


def lives_of(node: str, lines: Iterable[LogLine], first_number: int = 1) -> Iterator[Life]:
    """Cut the lines of a node into its lives; each begins with the lines before ``Initializing cluster...``."""
    life = Life(node, first_number)
    for line in lines:
        begins = line.event == "initializing_cluster" or line.event in _BEFORE_START
        only_prelude = all(kept.event in _BEFORE_START for kept in life.lines)
        if begins and life.lines and not only_prelude:
            yield life
            life = Life(node, life.number + 1)
        life.add(line)
    if life.lines:
        yield life
