"""From what nodes say to what travels, and back: :mod:`wkasim.messages` in the wire format of Tribes.

Nodes name RPCs and views by texts of their own; on the wire an id has 16 bytes. An own text is hashed and remembered
until enough others have come after it, so that the reply finds its request; an id that came from a stranger is its
bytes in hexadecimal, and goes back as them.
"""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from functools import lru_cache
from typing import Final

from attrs import evolve, frozen

from wkasim.errors import ProtocolError
from wkasim.members import Member
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
    Option,
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
from wkasim.transport.tribes.descriptor import decode_descriptor, encode_descriptor

__all__ = ["ForeignContentError", "WireMapping"]

_REMEMBERED_IDS: Final = 4096
_REMEMBERED_MEMBERS: Final = 4096
_REMEMBERED_PAYLOADS: Final = 512
_LARGEST_REMEMBERED: Final = 4096
_TYPES: Final = {True: CoordinationType.CONFIRMATION, False: CoordinationType.REQUEST}


_HEAD: Final = struct.Struct(">Iqi")
_INT32: Final = struct.Struct(">i")
_ID_BYTES: Final = 16
_SIXTEEN: Final = _INT32.pack(_ID_BYTES)
_SENDER_AT: Final = _HEAD.size + _ID_BYTES + 4
_CHANNEL_AT: Final = 1 + 4 + _ID_BYTES + 4
_BLOCK: Final = 0x77
_NOT_QUICK: Final = int(Option.BYTE_MESSAGE) | int(Option.MESSAGE_ORDER)
_NUMBER: Final = 0x1F_FFFF_FFFF_FFFF
_EMPTY_RPC: Final = wire_rpc.encode_object(wire_rpc.RpcMessage(False, bytes(_ID_BYTES), b"", None))
_RPC_PREFIX: Final = _EMPTY_RPC[: _EMPTY_RPC.index(bytes((_BLOCK, _CHANNEL_AT, 0)) + _SIXTEEN)]
"""How the stream of every RPC begins, up to the block with its fields (:mod:`wkasim.transport.tribes.rpc`)."""


class ForeignContentError(ProtocolError):
    """A sound message that means nothing to this protocol; the connection is as good as before."""


@frozen(slots=True)
class _Known:
    """A payload that came before, and what the journal calls it."""

    payload: Payload
    label: str
    detail: str


class WireMapping:
    """One node's reading and writing. ``stored_ms`` dates the payload of its own descriptor, as Java's does."""

    def __init__(self, stored_ms: int, origin: bytes) -> None:
        self._stored_ms = stored_ms
        self._origin = origin[:8].ljust(8, b"\0")
        self._ids: OrderedDict[bytes, str] = OrderedDict()
        self._sender: tuple[Member, int, MemberDescriptor] | None = None
        self._read: dict[type[RpcRequest | RpcReply], dict[bytes, _Known]] = {RpcRequest: {}, RpcReply: {}}
        self._written: tuple[Payload, bytes] = (None, _EMPTY_RPC[len(_RPC_PREFIX) + 2 + _CHANNEL_AT :])
        self._sender_block: tuple[MemberDescriptor | None, bytes] = (None, b"")
        self._descriptors: dict[object, MemberDescriptor] = {}

    # Writing

    def probe_frame(self, asked: Member, number: int, now_ms: int) -> bytes:
        """What a failure detector writes: the constant, with the asked member itself as the sender."""
        data = ChannelData(
            int(Option.BYTE_MESSAGE),
            now_ms,
            self._unique_id(number),
            self._descriptor(asked, now_ms),
            Signal.PROBE.value,
        )
        return encode_frame(encode_channel_data(data))

    def _unique_id(self, number: int) -> bytes:
        return self._origin + (number & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "big")

    def frame(self, message: ChannelMessage, number: int) -> bytes:
        """The frame of a message; ``number`` becomes part of its id."""
        content = message.content
        if isinstance(content, RpcRequest | RpcReply):
            written = self._rpc(content)
        else:
            written = encode_message(self._to_wire(content))
        sender = self._sender_bytes(message.sender, message.sent_ms)
        data = (
            _HEAD.pack(message.options, message.sent_ms, _ID_BYTES),
            self._unique_id(number),
            _INT32.pack(len(sender)),
            sender,
            _INT32.pack(len(written)),
            written,
        )
        return encode_frame(b"".join(data))

    def _rpc(self, content: RpcRequest | RpcReply) -> bytes:
        """An RPC's stream; what stands behind its fields is the same for everybody to whom it goes."""
        channel = content.channel.encode()
        length = _CHANNEL_AT + len(channel)
        if length > 0xFF:
            return encode_message(self._to_wire(content))
        ident, reply = self._id_bytes(content.id), isinstance(content, RpcReply)
        if self._written[0] is not content.payload:
            message = wire_rpc.RpcMessage(reply, ident, channel, self._payload(content.payload))
            whole = wire_rpc.encode_object(message)
            self._written = (content.payload, whole[len(_RPC_PREFIX) + 2 + length :])
        fields = (_SIXTEEN, ident, _INT32.pack(len(channel)), channel)
        return b"".join((_RPC_PREFIX, bytes((_BLOCK, length, reply)), *fields, self._written[1]))

    def _sender_bytes(self, sender: Member, sent_ms: int) -> bytes:
        descriptor = self._sender_descriptor(sender, sent_ms)
        if self._sender_block[0] is not descriptor:
            self._sender_block = (descriptor, encode_descriptor(descriptor))
        return self._sender_block[1]

    def _sender_descriptor(self, sender: Member, sent_ms: int) -> MemberDescriptor:
        last = self._sender
        if last is None or last[0] is not sender or last[1] != sent_ms:
            self._sender = last = (sender, sent_ms, self._descriptor(sender, sent_ms))
        return last[2]

    def _descriptor(self, member: Member, encoded_ms: int) -> MemberDescriptor:
        """The member as it is encoded at that time: its alive time is the encoder's clock (defect D19)."""
        # What was built from a configuration, a node's own descriptor too, is a StaticMember in Java and stays one on
        # its way; what came from others is a MemberImpl.
        static = member.built_locally or member.properties is None
        properties = None if member.properties is None else tuple(member.properties.items())
        key = (member.address, member.domain, static, properties)
        known = self._descriptors.get(key)
        if known is None or known.alive_ms != encoded_ms:
            if known is not None:
                known = evolve(known, alive_ms=encoded_ms)
            else:
                stamped = Member(member.address, member.domain, member.properties, encoded_ms)
                known = MemberDescriptor.from_member(stamped, stored_ms=self._stored_ms, is_static=static)
            if len(self._descriptors) >= _REMEMBERED_MEMBERS:
                self._descriptors.clear()
            self._descriptors[key] = known
        return known

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
        quick = self._quick(frame.data)
        if quick is not None:
            return quick
        data = decode_channel_data(frame.data, base=frame.data_offset)
        decoded = decode_message(data, base=frame.data_offset)
        if isinstance(decoded, Signal):
            return None
        content = self._from_wire(decoded)
        sender = _member(data.sender)
        if isinstance(content, RpcRequest | RpcReply):
            self._remember_payload(data.message, content)
        message = ChannelMessage.of(sender, data.sender.alive_ms, data.options, content)
        return message, int.from_bytes(data.unique_id[8:], "big") & _NUMBER

    def _quick(self, data: bytes) -> tuple[ChannelMessage, int] | None:
        """An RPC whose payload came before, byte for byte, as most do; None for anything else, sound or not."""
        try:
            options, _timestamp, id_bytes = _HEAD.unpack_from(data)
            (length,) = _INT32.unpack_from(data, _SENDER_AT - 4)
            at = _SENDER_AT + length
            (message_bytes,) = _INT32.unpack_from(data, at)
        except struct.error:
            return None
        block = at + 4 + len(_RPC_PREFIX)
        whole = at + 4 + message_bytes == len(data) and length > 0 and id_bytes == _ID_BYTES
        if not whole or options & _NOT_QUICK or not data.startswith(_RPC_PREFIX, at + 4) or len(data) < block + 2:
            return None
        behind = block + 2 + data[block + 1]
        fields = data[block + 2 : behind]
        if data[block] != _BLOCK or len(fields) < _CHANNEL_AT:
            return None
        kind = RpcReply if fields[0] else RpcRequest
        known = self._read[kind].get(data[behind:])
        if known is None:
            return None
        channel = fields[_CHANNEL_AT:]
        if fields[1:5] != _SIXTEEN or _INT32.unpack_from(fields, _CHANNEL_AT - 4)[0] != len(channel):
            return None
        sender = _sender(data[_SENDER_AT:at])
        if sender is None:
            return None
        content = kind(_text(channel), self._id_text(fields[5:21]), known.payload)
        message = ChannelMessage(sender[0], sender[1], options, content, known.label, known.detail)
        return message, int.from_bytes(data[24:32], "big") & _NUMBER

    def _remember_payload(self, message: bytes, content: RpcRequest | RpcReply) -> None:
        at = len(_RPC_PREFIX)
        if len(message) > _LARGEST_REMEMBERED or not message.startswith(_RPC_PREFIX) or message[at] != _BLOCK:
            return
        payloads = self._read[type(content)]
        if len(payloads) >= _REMEMBERED_PAYLOADS:
            payloads.clear()
        behind = message[at + 2 + message[at + 1] :]
        payloads[behind] = _Known(content.payload, content.label, content.detail)

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


@lru_cache(maxsize=1024)
def _sender(block: bytes) -> tuple[Member, int] | None:
    """The member in a block, and its alive time; None if the block is damaged, whose error is made elsewhere."""
    try:
        descriptor = decode_descriptor(block)
        return _member(descriptor), descriptor.alive_ms
    except ProtocolError:
        return None


@lru_cache(maxsize=256)
def _text(channel: bytes) -> str:
    return channel.decode("utf-8", "backslashreplace")
