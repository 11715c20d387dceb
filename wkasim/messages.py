"""What nodes say to each other, as the protocol's documentation names it.

A message on the channel is a :class:`ChannelMessage`: who sent it, with which option bits, and a content. The content
of membership messages is an RPC (docs/protocol.md, "Messages"): a request that names the RPC channel it is for, a
reply, or the notice that nobody listens on that channel. Contents are immutable and shared by all receivers of a
broadcast.
"""

from __future__ import annotations

from typing import ClassVar, Final, TypeAlias

from attrs import define, evolve, frozen

from wkasim.members import Member

__all__ = [
    "MEMBERSHIP_MESSAGE",
    "USE_ACK",
    "ChannelMessage",
    "Content",
    "Coordination",
    "GetConfiguration",
    "GetConfigurationResponse",
    "GetState",
    "GetStateResponse",
    "Join",
    "MemberJoined",
    "MemberListMessage",
    "NoRpcChannelReply",
    "Payload",
    "RpcReply",
    "RpcRequest",
    "Text",
    "on_the_wire",
]

USE_ACK: Final = 2
"""Option bit: the sender waits until the receiver's transport has acknowledged."""
ASYNCHRONOUS: Final = 8
"""Option bit that RPC requests carry; it changes nothing, for the asynchronous dispatcher is never installed."""
MEMBERSHIP_MESSAGE: Final = 1024
"""Option bit that lets a message pass a load balancer's filter."""

_MEMBERS_IN_DETAIL: Final = 32


@frozen(slots=True)
class Join:
    """JOIN: a new node asks the well-known members to be let in; its descriptor is the sender of the message."""

    label: ClassVar[str] = "JOIN"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return ""


@frozen(slots=True)
class MemberListMessage:
    """MEMBER_LIST: the members that somebody knows; the reply to a JOIN, or a push.

    ``encoded_ms`` is the sender's clock, which becomes the alive time of every member that is learnt from it.
    """

    label: ClassVar[str] = "MEMBER_LIST"
    members: tuple[Member, ...]
    encoded_ms: int = 0

    @property
    def detail(self) -> str:
        """What the journal keeps of it: the addresses, at most the first 32."""
        shown = " ".join(str(member.address) for member in self.members[:_MEMBERS_IN_DETAIL])
        rest = len(self.members) - _MEMBERS_IN_DETAIL
        return f"{shown} +{rest}" if rest > 0 else shown


@frozen(slots=True)
class MemberJoined:
    """MEMBER_JOINED: a well-known member tells the others about one new member."""

    label: ClassVar[str] = "MEMBER_JOINED"
    member: Member
    encoded_ms: int = 0

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return str(self.member.address)


@frozen(slots=True)
class GetConfiguration:
    """GetConfiguration: a joiner asks a neighbour for the service groups that are deployed."""

    label: ClassVar[str] = "GET_CONFIGURATION"
    command: ClassVar[str] = "GetConfigurationCommand"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return ""


@frozen(slots=True)
class GetConfigurationResponse:
    """The neighbour's service groups, by name."""

    label: ClassVar[str] = "GET_CONFIGURATION_RESPONSE"
    service_groups: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return " ".join(self.service_groups)


@frozen(slots=True)
class GetState:
    """GetState: a joiner asks a neighbour for the replicated state."""

    label: ClassVar[str] = "GET_STATE"
    command: ClassVar[str] = "GetStateCommand"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return ""


@frozen(slots=True)
class GetStateResponse:
    """The neighbour's state; what it contains is outside the model."""

    label: ClassVar[str] = "GET_STATE_RESPONSE"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return ""


@frozen(slots=True)
class Text:
    """A plain text as the reply, such as ``Processed MEMBER_LIST message``."""

    label: ClassVar[str] = "TEXT"
    text: str

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return self.text


Payload: TypeAlias = (
    Join
    | MemberListMessage
    | MemberJoined
    | GetConfiguration
    | GetConfigurationResponse
    | GetState
    | GetStateResponse
    | Text
    | None
)
"""What an RPC carries; a reply may be empty (null in the Java code)."""


@frozen(slots=True, eq=False)
class RpcRequest:
    """A request on the RPC channel ``channel``, to be answered under the same ``id``."""

    channel: str
    id: str
    payload: Payload

    @property
    def label(self) -> str:
        """The payload's name."""
        return self.payload.label if self.payload is not None else "EMPTY"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return self.payload.detail if self.payload is not None else ""


@frozen(slots=True, eq=False)
class RpcReply:
    """The answer to the request with the same ``id``."""

    channel: str
    id: str
    payload: Payload

    @property
    def label(self) -> str:
        """The payload's name, marked as a reply."""
        return f"{self.payload.label} reply" if self.payload is not None else "EMPTY reply"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return self.payload.detail if self.payload is not None else ""


@frozen(slots=True, eq=False)
class NoRpcChannelReply:
    """Nobody listens on that channel: the answer that a JOIN from another domain gets."""

    channel: str
    id: str
    label: ClassVar[str] = "NO_RPC_CHANNEL reply"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return self.channel


@frozen(slots=True, eq=False)
class Coordination:
    """A token of the coordinator's election, or (``confirmed``) the view that came out of it."""

    leader: Member
    source: Member
    view: tuple[Member, ...]
    id: str
    confirmed: bool = False

    @property
    def label(self) -> str:
        """COORDINATION_REQUEST or COORDINATION_CONFIRMED."""
        return "COORDINATION_CONFIRMED" if self.confirmed else "COORDINATION_REQUEST"

    @property
    def detail(self) -> str:
        """What the journal keeps of it."""
        return f"{self.id} " + " ".join(str(member.address) for member in self.view[:_MEMBERS_IN_DETAIL])

    def with_view(self, view: tuple[Member, ...], leader: Member | None = None) -> Coordination:
        """The same token with another view and, if given, another leader."""
        return evolve(self, view=view, leader=leader or self.leader)


Content: TypeAlias = RpcRequest | RpcReply | NoRpcChannelReply | Coordination


@define(slots=True, eq=False)
class ChannelMessage:
    """One message on the channel: the sender as it describes itself, when, with which options, and what.

    ``label`` and ``detail`` are what the journal keeps. ``sent_ms`` is the sender's wall clock.
    """

    sender: Member
    sent_ms: int
    options: int
    content: Content
    label: str
    detail: str

    @classmethod
    def of(cls, sender: Member, sent_ms: int, options: int, content: Content) -> ChannelMessage:
        """Wrap a content; the journal's words are made here, once for all receivers."""
        return cls(sender, sent_ms, options, content, content.label, content.detail)

    def source(self) -> Member:
        """The sender as a descriptor that came over the wire at ``sent_ms``."""
        return on_the_wire(self.sender, self.sent_ms)


def on_the_wire(member: Member, now_ms: int) -> Member:
    """The member as the receiver decodes it: encoding stamps the sender's clock as its alive time (D19)."""
    return Member(member.address, member.domain, member.properties, now_ms, False)
