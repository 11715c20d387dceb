"""What one log line means: the event, what stands around it in a healthy start, and what usually causes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from wkasim.logs.catalogue import ENTRIES, Entry
from wkasim.logs.line import LogLine
from wkasim.logs.stream import known_lines

__all__ = ["Explanation", "explain"]

_START: Final = (
    "initializing_cluster", "cluster_domain", "membership_scheme", "socket_bound", "static_member_added",
    "local_member", "members_header", "member_listed", "sending_join", "member_list_received",
    "sending_initialization_request", "configuration_received", "cluster_initialized", "server_started",
)  # fmt: skip
_JOINED: Final = ("join_received", "joined_group", "new_member", "application_member_joined")
_OTHERS: Final = ("member_joined_received", "initialization_request_received")
_RETURN: Final = ("wka_member_joined", "new_member")
_LEAVE: Final = ("application_member_left", "member_left")
_SEQUENCES: Final = (
    ("a node's start", _START),
    ("a join, seen by the load balancer", _JOINED),
    ("a join, seen by the other members", _OTHERS),
    ("the return of a well-known member", _RETURN),
    ("the end of a node, seen by the others", _LEAVE),
)
_INSTEAD: Final[Mapping[str, str]] = {
    "static_member_unreachable": "static_member_added",
    "static_member_error": "static_member_added",
    "static_member_unresolved": "static_member_added",
    "port_allocation_failed": "socket_bound",
    "probe_failed": "socket_bound",
    "receiver_bound": "local_member",
    "receiver_start_failed": "local_member",
    "channel_start_failed": "local_member",
    "loopback_advertised": "local_member",
    "invalid_membership_scheme": "membership_scheme",
    "no_members": "members_header",
    "no_join_response": "member_list_received",
    "join_send_failed": "member_list_received",
    "no_well_known_members": "member_list_received",
    "member_list_trying": "member_list_received",
    "member_list_added": "member_list_received",
    "initialization_request_failed": "configuration_received",
    "state_received": "configuration_received",
    "cluster_not_initialized": "cluster_initialized",
    "application_member_rejected": "application_member_joined",
    "application_member_connect_error": "application_member_joined",
}
"""Lines that stand where a healthy start has another one."""

_CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "static_member_unreachable": (
        "that node is not started yet",
        "its localMemberPort is another one than the list says",
        "a firewall between the two",
    ),
    "static_member_error": ("no route to that machine", "with newer Java, any connection that ran out of time"),
    "static_member_unresolved": ("the name is missing in /etc/hosts", "a placeholder that was never filled in"),
    "port_allocation_failed": ("localMemberHost is not an address of this machine",),
    "no_members": (
        "normal for the first node",
        "no well-known member could be reached: not started yet, another port, a firewall",
        "the list of well-known members is empty or names only the node itself",
    ),
    "no_join_response": (
        "the well-known members are in another domain",
        "this node advertises an address that they cannot reach, such as 127.0.0.1 or somebody else's port",
        "the well-known member is still starting, or hangs",
    ),
    "loopback_advertised": ("localMemberHost is 127.0.0.1", "/etc/hosts maps the machine's name to 127.0.0.1"),
    "application_member_rejected": (
        "the HTTP transport of that member is not started, or on another port",
        "HTTP:-1 means that it was found by a health check before its JOIN, without its ports",
        "a firewall between the load balancer and that member",
    ),
    "member_left": (
        "its process was stopped or killed",
        "its machine or the network between is down; silent packet loss takes more than two minutes to be noticed",
    ),
    "unnotified_member_added": ("a health check found a member before anybody announced it; follows most joins",),
    "clustering_disabled": ('enable="false" in axis2.xml, which is how products are shipped',),
    "initialization_request_failed": ("the member that was asked went away",),
    "cluster_not_initialized": ("the lines before this one say why",),
    "socket_bound": ("if the port is not the configured one, that was taken",),
    "receive_error": ("a member without subDomain at a load balancer with sub-domains",),
    "wka_member_joined": ("a well-known member was started, or started again",),
}


@frozen(kw_only=True)
class Explanation:
    """The explanation of one line.

    ``instead`` is the line that a healthy start has in its place, if there is one; ``before`` and ``after`` are its
    neighbours in ``sequence``.
    """

    line: LogLine
    entry: Entry
    sequence: str = ""
    before: Entry | None = None
    after: Entry | None = None
    instead: Entry | None = None
    causes: tuple[str, ...] = ()


def explain(text: str) -> Explanation | None:
    """The explanation of a log line in any of the known formats, or of a message alone; None if it is not known."""
    line = next(known_lines(text.splitlines() or [""], "line"), None) or _by_message(text.strip())
    if line is None or line.event is None:
        return None
    entry = ENTRIES[line.event]
    place = _INSTEAD.get(entry.event, entry.event)
    for name, sequence in _SEQUENCES:
        if place in sequence:
            at = sequence.index(place)
            return Explanation(
                line=line,
                entry=entry,
                sequence=name,
                before=ENTRIES[sequence[at - 1]] if at else None,
                after=ENTRIES[sequence[at + 1]] if at + 1 < len(sequence) else None,
                instead=ENTRIES[place] if place != entry.event else None,
                causes=_CAUSES.get(entry.event, ()),
            )
    return Explanation(line=line, entry=entry, causes=_CAUSES.get(entry.event, ()))


def _by_message(message: str) -> LogLine | None:
    """A message without level and class: whatever class prints such a line."""
    for entry in ENTRIES.values():
        tried = f"{entry.level} - {entry.component} {message}"
        found = next(known_lines([tried], "line"), None)
        if found is not None:
            return found
    return None
