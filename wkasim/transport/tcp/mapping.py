"""From what nodes say to what travels, and back: :mod:`wkasim.messages` in the wire format of Tribes.

Nodes name RPCs and views by texts of their own; on the wire an id has 16 bytes. An own text is hashed and remembered
until enough others have come after it, so that the reply finds its request; an id that came from a stranger is its
bytes in hexadecimal, and goes back as them.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import lru_cache
from typing import Final

from wkasim.errors import ProtocolError
from wkasim.members import Address, Member
from wkasim.messages import (
    ChannelMessage,
    Content,
    Coordination,
    GetConfiguration,
    GetConfigurationResponse,
    GetState,
    GetStateResponse,
    Join,
    MemberJoined,
    MemberListMessage,
    NoRpcChannelReply,
    Payload,
    RpcReply,
    RpcRequest,
    Text,
)
from wkasim.transport.tribes import (
    ChannelData,
    Frame,
    MemberDescriptor,
    Message,
    Signal,
    decode_channel_data,
    decode_message,
    encode_channel_data,
    encode_frame,
    encode_message,
)
from wkasim.transport.tribes import commands as wire
from wkasim.transport.tribes import rpc as wire_rpc
from wkasim.transport.tribes.coordination import CoordinationMessage, CoordinationType

__all__ = ["ForeignContentError", "WireMapping", "probe_frame"]

_REMEMBERED_IDS: Final = 4096
_PROBE_OPTIONS: Final = 1
_TYPES: Final = {True: CoordinationType.CONFIRMATION, False: CoordinationType.REQUEST}


class ForeignContentError(ProtocolError):
    """A sound message that means nothing to this protocol; the connection is as good as before."""


class WireMapping:
    """One node's reading and writing. ``stored_ms`` dates the payload of its own descriptor, as Java's does."""

    def __init__(self, stored_ms: int, origin: bytes) -> None:
        self._stored_ms = stored_ms
        self._origin = origin[:8].ljust(8, b"\0")
        self._ids: OrderedDict[bytes, str] = OrderedDict()
        self._sender: tuple[Member, int, MemberDescriptor] | None = None

    # Writing

    def frame(self, message: ChannelMessage, number: int) -> bytes:
        """The frame of a message; ``number`` becomes part of its id."""
        data = ChannelData(
            message.options,
            message.sent_ms,
            self._origin + (number & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "big"),
            self._sender_descriptor(message.sender, message.sent_ms),
            encode_message(self._to_wire(message.content)),
        )
        return encode_frame(encode_channel_data(data))

    def _sender_descriptor(self, sender: Member, sent_ms: int) -> MemberDescriptor:
        last = self._sender
        if last is None or last[0] is not sender or last[1] != sent_ms:
            self._sender = last = (sender, sent_ms, self._descriptor(sender, sent_ms))
        return last[2]

    def _descriptor(self, member: Member, encoded_ms: int) -> MemberDescriptor:
        """The member as it is encoded at that time: its alive time is the encoder's clock (defect D19)."""
        stamped = Member(member.address, member.domain, member.properties, encoded_ms)
        # What was built from a configuration is a StaticMember in Java, and stays one on its way through the cluster.
        return MemberDescriptor.from_member(stamped, stored_ms=self._stored_ms, is_static=member.properties is None)

    def _to_wire(self, content: Content) -> Message:
        match content:
            case RpcRequest(channel, ident, payload):
                return wire_rpc.RpcMessage(False, self._id_bytes(ident), channel.encode(), self._payload(payload))
            case RpcReply(channel, ident, payload):
                return wire_rpc.RpcMessage(True, self._id_bytes(ident), channel.encode(), self._payload(payload))
            case NoRpcChannelReply(channel, ident):
                return wire_rpc.NoRpcChannelReply(self._id_bytes(ident), channel.encode())
            case Coordination():
                return CoordinationMessage(
                    self._descriptor(content.leader, content.leader.alive_ms),
                    self._descriptor(content.source, content.source.alive_ms),
                    tuple(self._descriptor(member, member.alive_ms) for member in content.view),
                    self._id_bytes(content.id),
                    _TYPES[content.confirmed],
                )

    def _payload(self, payload: Payload) -> wire.Payload:
        match payload:
            case Join():
                # Real nodes send their logger along by mistake; without it every receiver can read the command (D17).
                return wire.JoinGroupCommand(has_logger=False)
            case MemberListMessage(members, encoded_ms):
                return wire.MemberListCommand(tuple(self._descriptor(member, encoded_ms) for member in members))
            case MemberJoined(member, encoded_ms):
                return wire.MemberJoinedCommand(self._descriptor(member, encoded_ms))
            case GetConfiguration():
                return wire.GetConfigurationCommand()
            case GetConfigurationResponse(service_groups):
                return wire.GetConfigurationResponseCommand(service_groups)
            case GetState():
                return wire.GetStateCommand()
            case GetStateResponse():
                return wire.GetStateResponseCommand()
            case Text(text):
                return text
        return None

    def _id_bytes(self, text: str) -> bytes:
        if len(text) == 32:
            try:
                return bytes.fromhex(text)
            except ValueError:
                pass
        data = hashlib.md5(text.encode(), usedforsecurity=False).digest()
        ids = self._ids
        if data not in ids:
            ids[data] = text
            if len(ids) > _REMEMBERED_IDS:
                ids.popitem(last=False)
        return data

    # Reading

    def message(self, frame: Frame) -> tuple[ChannelMessage, int] | None:
        """The message in a frame and the number in its id; None for a probe.

        Raises WireFormatError for what is damaged, ForeignContentError for a sound message of another protocol.
        """
        data = decode_channel_data(frame.data, base=frame.data_offset)
        decoded = decode_message(data, base=frame.data_offset)
        if isinstance(decoded, Signal):
            return None
        content = self._from_wire(decoded)
        sender = _member(data.sender)
        message = ChannelMessage.of(sender, data.sender.alive_ms, data.options, content)
        return message, int.from_bytes(data.unique_id[8:], "big") & 0x1F_FFFF_FFFF_FFFF

    def _from_wire(self, decoded: Message) -> Content:
        match decoded:
            case wire_rpc.RpcMessage(reply, ident, channel, payload):
                kind = RpcReply if reply else RpcRequest
                return kind(_text(channel), self._id_text(ident), _payload_from_wire(payload))
            case wire_rpc.NoRpcChannelReply(ident, channel):
                return NoRpcChannelReply(_text(channel), self._id_text(ident))
            case CoordinationMessage():
                return Coordination(
                    _member(decoded.leader),
                    _member(decoded.source),
                    tuple(_member(member) for member in decoded.members),
                    self._id_text(decoded.view_id),
                    decoded.type is CoordinationType.CONFIRMATION,
                )
            case wire_rpc.ForeignMessage(class_name):
                raise ForeignContentError(f"an object of class {class_name}")
        raise ForeignContentError(f"a message of another kind: {type(decoded).__name__}")

    def _id_text(self, data: bytes) -> str:
        return self._ids.get(data) or data.hex()


def _payload_from_wire(payload: wire.Payload) -> Payload:
    match payload:
        case None:
            return None
        case str():
            return Text(payload)
        case wire.JoinGroupCommand():
            return Join()
        case wire.MemberListCommand(members):
            encoded_ms = max((member.alive_ms for member in members), default=0)
            return MemberListMessage(tuple(_member(member) for member in members), encoded_ms)
        case wire.MemberJoinedCommand(member):
            return MemberJoined(_member(member), member.alive_ms)
        case wire.GetConfigurationCommand():
            return GetConfiguration()
        case wire.GetConfigurationResponseCommand(groups):
            return GetConfigurationResponse(groups or ())
        case wire.GetStateCommand():
            return GetState()
        case wire.GetStateResponseCommand():
            return GetStateResponse()
        case wire.ForeignObject(class_name):
            raise ForeignContentError(f"an RPC with an object of class {class_name}")


@lru_cache(maxsize=1024)
def _member(descriptor: MemberDescriptor) -> Member:
    return descriptor.to_member()


@lru_cache(maxsize=256)
def _text(channel: bytes) -> str:
    return channel.decode("utf-8", "backslashreplace")


def probe_frame(target: Address, now_ms: int) -> bytes:
    """What a failure detector writes: the constant, with the asked member itself as the sender."""
    descriptor = MemberDescriptor.from_member(Member(target, "", None, now_ms))
    data = ChannelData(_PROBE_OPTIONS, now_ms, bytes(16), descriptor, Signal.PROBE.value)
    return encode_frame(encode_channel_data(data))
