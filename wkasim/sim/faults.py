"""Everything that can be done to a running cluster, as data: printable, journalled, shrinkable.

Each action is a value with a verb, the word that a scenario file uses. :meth:`Cluster.apply` does it. Places are named
as the scenario names them: a node by its name, a host by its name in the hosts table or its address. Times are in
seconds.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import attrs
from attrs import frozen

from wkasim.node.config import NodeConfig

__all__ = [
    "ACTIONS",
    "Action",
    "AddNode",
    "ChangeDatabase",
    "ClearRules",
    "CloseHttp",
    "Cut",
    "FreePort",
    "Heal",
    "HostDown",
    "HostUp",
    "Kill",
    "MapHost",
    "MessageRule",
    "OccupyPort",
    "OpenHttp",
    "Partition",
    "Pause",
    "Release",
    "Request",
    "Restart",
    "Resume",
    "SetLink",
    "Start",
    "Terminate",
    "UnmapHost",
    "action_params",
]


@frozen(kw_only=True)
class Start:
    """Start nodes: all at once, or each at a random moment within ``spread_s``."""

    verb: ClassVar[str] = "start"
    nodes: tuple[str, ...]
    spread_s: float = 0.0


@frozen(kw_only=True)
class Terminate:
    """Stop a node gracefully; the others are not told, for there is no message for that."""

    verb: ClassVar[str] = "terminate"
    node: str


@frozen(kw_only=True)
class Kill:
    """End a node's process at once (kill -9); the operating system closes its connections."""

    verb: ClassVar[str] = "kill"
    node: str


@frozen(kw_only=True)
class Restart:
    """Kill a node and start it again after a while, as a new life."""

    verb: ClassVar[str] = "restart"
    node: str
    after_s: float = 0.0
    graceful: bool = False


@frozen(kw_only=True)
class Pause:
    """Freeze a node's process (SIGSTOP); its operating system still accepts connections."""

    verb: ClassVar[str] = "pause"
    node: str


@frozen(kw_only=True)
class Resume:
    """Let a frozen process go on (SIGCONT)."""

    verb: ClassVar[str] = "resume"
    node: str


@frozen(kw_only=True)
class Partition:
    """Let nothing pass between the sides, both ways; ``how`` says what the network answers."""

    verb: ClassVar[str] = "partition"
    sides: tuple[tuple[str, ...], ...]
    how: Literal["silent", "refused", "unreachable"] = "silent"


@frozen(kw_only=True)
class Cut:
    """Let nothing pass from one place to another, one way only."""

    verb: ClassVar[str] = "cut"
    sender: str
    receiver: str
    how: Literal["silent", "refused", "unreachable"] = "silent"


@frozen(kw_only=True)
class Heal:
    """Undo cuts and partitions: all, or those between two places."""

    verb: ClassVar[str] = "heal"
    between: tuple[str, ...] = ()


@frozen(kw_only=True)
class HostDown:
    """Switch a host off: its processes die and its packets vanish; nobody gets a closed connection."""

    verb: ClassVar[str] = "host_down"
    host: str


@frozen(kw_only=True)
class HostUp:
    """Switch the host on; its nodes are started by steps of their own."""

    verb: ClassVar[str] = "host_up"
    host: str


@frozen(kw_only=True)
class SetLink:
    """Set latency (least and most, one way, in milliseconds) and loss between two places."""

    verb: ClassVar[str] = "link"
    between: tuple[str, str]
    latency_ms: tuple[float, float] = (0.1, 0.3)
    loss: float = 0.0
    one_way: bool = False


@frozen(kw_only=True)
class MessageRule:
    """Drop, delay, duplicate or hold messages by kind, sender and receiver (node names).

    Only the first ``count`` matching messages are touched; None means all.
    """

    verb: ClassVar[str] = "messages"
    do: Literal["drop", "delay", "duplicate", "hold"]
    message: str | None = None
    sender: str | None = None
    receiver: str | None = None
    count: int | None = None
    by_s: float = 0.0


@frozen(kw_only=True)
class Release:
    """Let go the messages that are held, all or those of one kind, in the order in which they were sent."""

    verb: ClassVar[str] = "release"
    message: str | None = None


@frozen(kw_only=True)
class ClearRules:
    """No message is dropped, delayed, duplicated or held from now on."""

    verb: ClassVar[str] = "clear_rules"


@frozen(kw_only=True)
class OccupyPort:
    """A stranger's process takes a port; it accepts connections and never answers."""

    verb: ClassVar[str] = "occupy_port"
    host: str
    port: int


@frozen(kw_only=True)
class FreePort:
    """The stranger gives the port back."""

    verb: ClassVar[str] = "free_port"
    host: str
    port: int


@frozen(kw_only=True)
class OpenHttp:
    """A node's HTTP and HTTPS ports begin to accept."""

    verb: ClassVar[str] = "open_http"
    node: str


@frozen(kw_only=True)
class CloseHttp:
    """A node's HTTP and HTTPS ports refuse from now on."""

    verb: ClassVar[str] = "close_http"
    node: str


@frozen(kw_only=True)
class ChangeDatabase:
    """The central database goes down, comes up, or denies access."""

    verb: ClassVar[str] = "database"
    state: Literal["up", "down", "denied"]


@frozen(kw_only=True)
class MapHost:
    """Enter a name into the hosts table of every host."""

    verb: ClassVar[str] = "map_host"
    name: str
    address: str


@frozen(kw_only=True)
class UnmapHost:
    """Take a name out of the hosts table."""

    verb: ClassVar[str] = "unmap_host"
    name: str


@frozen(kw_only=True)
class AddNode:
    """Bring a node into the scenario; it is started by a step of its own."""

    verb: ClassVar[str] = "add_node"
    config: NodeConfig


@frozen(kw_only=True)
class Request:
    """Send HTTP requests to a node: to a load balancer, which forwards them, or to any other node itself.

    They go out every ``every_s`` seconds, answered or not. ``host`` is the Host header, by default the node's own host.
    Requests of one ``session`` share a cookie jar. ``name`` is what expectations call them; in a scenario file it is
    the step's.
    """

    verb: ClassVar[str] = "request"
    to: str
    host: str = ""
    path: str = "/"
    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE"] = "GET"
    count: int = 1
    every_s: float = 0.1
    session: str = ""
    https: bool = False
    timeout_s: float = 120.0
    name: str = ""


Action: TypeAlias = (
    Start
    | Terminate
    | Kill
    | Restart
    | Pause
    | Resume
    | Partition
    | Cut
    | Heal
    | HostDown
    | HostUp
    | SetLink
    | MessageRule
    | Release
    | ClearRules
    | OccupyPort
    | FreePort
    | OpenHttp
    | CloseHttp
    | ChangeDatabase
    | MapHost
    | UnmapHost
    | AddNode
    | Request
)

ACTIONS: dict[str, type[Action]] = {action.verb: action for action in Action.__args__}
"""Every action by its verb."""


def action_params(action: Action) -> tuple[str | int | float, ...]:
    """The action's fields as a flat tuple of key and value, for the journal; what is default is left out."""
    flat: list[str | int | float] = []
    for field in attrs.fields(type(action)):
        value = getattr(action, field.name)
        if value == field.default:
            continue
        flat += [field.name, _atom(value)]
    return tuple(flat)


def _atom(value: object) -> str | int | float:
    if isinstance(value, NodeConfig):
        return value.name
    if isinstance(value, tuple):
        separator = " | " if any(isinstance(item, tuple) for item in value) else " "
        return separator.join(str(_atom(item)) for item in value)
    return value if isinstance(value, int | float) else str(value)
