"""RpcMessage: the envelope of a request or a reply, and the notice that nobody listens on a channel.

::

    RpcMessage         boolean reply | int32 16 | id[16] | int32 n | channel[n] | object payload
    NoRpcChannelReply                  int32 16 | id[16] | int32 n | channel[n]

Both write themselves inside an object stream, so the fields stand in a block and the payload behind it. A
membership message differs from the one before it in the id and hardly ever in the payload. Therefore the
stream is taken apart at the block, and what stands behind it is remembered: no numbering of the stream
depends on the block.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final, TypeAlias

from attrs import frozen

from wkasim.errors import ProtocolError
from wkasim.transport.tribes import java_classes as classes
from wkasim.transport.tribes.commands import Payload, payload_from_java, payload_to_java
from wkasim.transport.tribes.cursor import Cursor, WireFormatError
from wkasim.transport.tribes.java_stream import DecodedStream, decode_stream
from wkasim.transport.tribes.java_values import BlockData, JavaObject
from wkasim.transport.tribes.java_writer import encode_stream

__all__ = [
    "ForeignMessage",
    "NoRpcChannelReply",
    "ObjectMessage",
    "RpcMessage",
    "decode_object",
    "encode_object",
]

_INT32: Final = struct.Struct(">i")
_BLOCK: Final = 0x77
_BLANK_FIELDS: Final = bytes(9)
"""The fields of a request without id and channel: the shortest block that decodes."""
_CACHED: Final = 512
_CACHED_BYTES: Final = 4096
"""So many payloads up to this size are remembered, in either direction."""


@frozen(slots=True)
class RpcMessage:
    """A request, or its reply under the same id, on a channel such as ``<domain>:rpc.membership.channel``."""

    reply: bool
    id: bytes
    channel: bytes
    payload: Payload


@frozen(slots=True)
class NoRpcChannelReply:
    """Nobody listens on this channel here; ends the sender's waiting for this receiver."""

    id: bytes
    channel: bytes


@frozen(slots=True)
class ForeignMessage:
    """An object that is no RPC: a state or configuration command, which the model leaves out."""

    class_name: str


ObjectMessage: TypeAlias = RpcMessage | NoRpcChannelReply | ForeignMessage


def encode_object(message: ObjectMessage) -> bytes:
    """The object stream of a message; raises ProtocolError for what has no content to write."""
    match message:
        case RpcMessage(reply, rpc_id, channel, payload):
            fields = bytes((reply,)) + _id_and_channel(rpc_id, channel)
            if len(fields) > 0xFF:
                return encode_stream(
                    JavaObject(classes.RPC_MESSAGE, external=(BlockData(fields), payload_to_java(payload)))
                )
            return b"".join((_RPC_PREFIX, bytes((_BLOCK, len(fields))), fields, _behind_block(payload)))
        case NoRpcChannelReply(rpc_id, channel):
            block = BlockData(_id_and_channel(rpc_id, channel))
            return encode_stream(JavaObject(classes.NO_RPC_CHANNEL_REPLY, external=(block,)))
    raise ProtocolError(f"{message} was only named when it was received; it cannot be sent")


def decode_object(data: bytes, *, base: int = 0) -> ObjectMessage:
    """Read an object stream; raises WireFormatError, counting from ``base``."""
    at = len(_RPC_PREFIX)
    if len(data) - at in range(2, _CACHED_BYTES) and data.startswith(_RPC_PREFIX) and data[at] == _BLOCK:
        end = at + 2 + data[at + 1]
        try:
            return _rpc_message(data[at + 2 : end], _payload_behind(data[end:]))
        except ProtocolError:
            pass  # It is read again below, where offsets mean what they say.
    stream = decode_stream(data, base=base)
    try:
        return _message(stream)
    except ProtocolError as error:
        raise WireFormatError(base, str(error)) from None


def _message(stream: DecodedStream) -> ObjectMessage:
    """The message that a stream's object is."""
    root = stream.root
    if not isinstance(root, JavaObject):
        raise ProtocolError("the object on the channel is no message")
    match root.class_name, root.external:
        case classes.RPC_MESSAGE.name, (BlockData(fields), content) if not isinstance(content, BlockData):
            return _rpc_message(fields, payload_from_java(content, stream))
        case classes.NO_RPC_CHANNEL_REPLY.name, (BlockData(fields),):
            return NoRpcChannelReply(*_read_id_and_channel(Cursor(fields)))
        case classes.RPC_MESSAGE.name | classes.NO_RPC_CHANNEL_REPLY.name, _:
            raise ProtocolError(f"a {root.class_name} that does not consist of its fields and its payload")
    return ForeignMessage(root.class_name)


def _rpc_message(fields: bytes, payload: Payload) -> RpcMessage:
    if not fields:
        raise ProtocolError("an RPC without fields")
    return RpcMessage(fields[0] != 0, *_read_id_and_channel(Cursor(fields, position=1)), payload)


def _read_id_and_channel(cursor: Cursor) -> tuple[bytes, bytes]:
    try:
        pair = cursor.block("an RPC's id"), cursor.block("an RPC's channel")
        cursor.finish("an RPC's channel")
    except WireFormatError as error:
        raise ProtocolError(f"{error.reason} (byte {error.offset} of an RPC's fields)") from None
    return pair


def _id_and_channel(rpc_id: bytes, channel: bytes) -> bytes:
    return b"".join((_INT32.pack(len(rpc_id)), rpc_id, _INT32.pack(len(channel)), channel))


@lru_cache(maxsize=_CACHED)
def _payload_behind(rest: bytes) -> Payload:
    """The payload of a stream whose block is cut out."""
    stream: DecodedStream = decode_stream(_RPC_PREFIX + bytes((_BLOCK, len(_BLANK_FIELDS))) + _BLANK_FIELDS + rest)
    root = stream.root
    assert isinstance(root, JavaObject), "the prefix begins an RpcMessage"
    match root.external:
        case (BlockData(data), content) if data == _BLANK_FIELDS and not isinstance(content, BlockData):
            return payload_from_java(content, stream)
    raise ProtocolError("an RpcMessage consists of its fields and one object")


def _behind_block(payload: Payload) -> bytes:
    """What stands behind the block in the stream of an RpcMessage."""
    written = _WRITTEN.get(payload)
    if written is None:
        stream = encode_stream(JavaObject(classes.RPC_MESSAGE, external=(payload_to_java(payload),)))
        written = stream[len(_RPC_PREFIX) :]
        if len(written) <= _CACHED_BYTES:
            if len(_WRITTEN) >= _CACHED:
                _WRITTEN.clear()
            _WRITTEN[payload] = written
    return written


_WRITTEN: Final[dict[Payload, bytes]] = {}
_RPC_PREFIX: Final = encode_stream(JavaObject(classes.RPC_MESSAGE))[:-1]
"""How the stream of every RpcMessage begins, up to its first block."""
