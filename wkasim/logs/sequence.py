"""The documented sequence of a start, role by role: which step of it a log lacks, and what stands there instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from wkasim.logs.catalogue import ENTRIES
from wkasim.logs.life import Life
from wkasim.logs.line import LogLine

__all__ = ["ROLES", "SequenceReport", "Step", "check_sequence", "has_start", "of_role"]


@frozen
class Step:
    """One step: the events by which it is known, what it is, and the events that tell that it failed."""

    events: tuple[str, ...]
    what: str
    instead: tuple[str, ...] = ()
    optional: bool = False


_BEGIN: Final = (
    Step(("initializing_cluster",), "clustering begins", ("clustering_disabled",)),
    Step(("cluster_domain",), "the domain is read"),
    Step(("membership_scheme",), "the membership scheme is chosen", ("invalid_membership_scheme",)),
    Step(("socket_bound",), "the configured port is free", ("port_allocation_failed", "probe_failed")),
)
_END: Final = Step(("cluster_initialized",), "the start is over", ("cluster_not_initialized", "no_join_response"))
_JOINING: Final = (
    *_BEGIN,
    Step(
        ("static_member_added",), "a well-known member is reached",
        ("static_member_unreachable", "static_member_error", "static_member_unresolved"),
    ),
    Step(("local_member",), "the channel is open", ("receiver_start_failed", "channel_start_failed")),
    Step(("members_header",), "members are known", ("no_members",)),
    Step(("member_listed",), "each of them is listed"),
    Step(("sending_join",), "JOIN is sent", ("no_members",)),
    Step(("sending_initialization_request",), "a member is asked for the configuration", ("no_join_response",)),
    Step(("configuration_received",), "the configuration arrives", ("initialization_request_failed",), optional=True),
    _END,
)  # fmt: skip

ROLES: Final[Mapping[str, tuple[Step, ...]]] = MappingProxyType({
    "elb": (
        *_BEGIN,
        Step(("local_member",), "the channel is open", ("receiver_start_failed", "channel_start_failed")),
        Step(("no_members", "members_header"), "the members are printed"),
        _END,
    ),
    "manager": _JOINING,
    "worker": _JOINING,
})  # fmt: skip
"""The steps of each role's start, as the guide shows them."""


@frozen(kw_only=True)
class SequenceReport:
    """The steps of one life with their lines; ``missing`` is the first step without one.

    ``instead`` is the line that tells why, if there is one; ``last`` the last line of the steps before.
    """

    role: str
    life: Life
    found: tuple[tuple[Step, LogLine | None], ...]
    missing: Step | None
    instead: LogLine | None = None
    last: LogLine | None = None

    def sentences(self) -> list[str]:
        """What is missing, in words; nothing if nothing is."""
        if self.missing is None:
            return []
        entry = ENTRIES[self.missing.events[0]]
        told = [
            f"{self.life.node}: missing in the start {of_role(self.role)}: {self.missing.what}",
            f"  {entry.template}",
        ]
        if self.last is not None:
            told.append(f"  it should follow {self.last.place}: {self.last.message}")
        if self.instead is not None:
            told.append(f"  instead {self.instead.place}: {self.instead.message}")
            told.append(f"  {ENTRIES[self.instead.event or ''].meaning}")
        return told


def of_role(role: str) -> str:
    """The role behind "the start"."""
    return "of an ELB" if role == "elb" else f"of a {role}"


def has_start(life: Life) -> bool:
    """Whether the log of a life holds its start at all; one that was rotated may begin in the middle."""
    return life.first("initializing_cluster", "cluster_domain", "membership_scheme", "clustering_disabled") is not None


def check_sequence(life: Life, role: str) -> SequenceReport:
    """Look for the steps of a role's start in one life, in their order.

    Answers that arrive on a thread of their own, as in wso2-1.6.1, may come after the end of the start.
    """
    found: list[tuple[Step, LogLine | None]] = []
    missing: Step | None = None
    last: LogLine | None = None
    at = 0
    for step in ROLES[role]:
        place, line = next(iter([*life.numbered(*step.events, after=at), *life.numbered(*step.events)]), (at, None))
        found.append((step, line))
        if line is None and missing is None and not step.optional:
            missing = step
        if line is not None and missing is None:
            last = line
            at = max(at, place)
    instead = None
    if missing is not None:
        events = (*missing.instead, *(event for step in ROLES[role] for event in step.instead))
        instead = next((line for event in events if (line := life.first(event)) is not None), None)
    return SequenceReport(role=role, life=life, found=tuple(found), missing=missing, instead=instead, last=last)
