"""ChannelData: the envelope of every message on a channel.

::

    int32 options | int64 timestamp ms | int32 16 | message id[16] | int32 n | sender[n] | int32 n |
    message[n]

The sender is a member descriptor and the only thing that tells who speaks: client sockets are not bound to a
node's address. What the options mean is in :class:`Option`; most do not reach the receiver's behaviour at all
(docs/protocol.md, "Option bits").
"""

from __future__ import annotations

import struct
from enum import IntFlag
from typing import Final

from attrs import frozen

from wkasim.transport.tribes.cursor import Cursor
from wkasim.transport.tribes.descriptor import (
    UNIQUE_ID_BYTES,
    MemberDescriptor,
    decode_descriptor,
    encode_descriptor,
)

__all__ = ["ChannelData", "Option", "decode_channel_data", "encode_channel_data", "option_names"]

_HEAD: Final = struct.Struct(">Iqi")
_INT32: Final = struct.Struct(">i")


class Option(IntFlag):
    """What a sender asks of the channel."""

    BYTE_MESSAGE = 1
    """The message is bytes for whoever listens, not a Java object."""
    USE_ACK = 2
    """The receiver confirms, before it works on the message."""
    SYNCHRONIZED_ACK = 4
    """Together with USE_ACK: the receiver confirms after it has worked on the message."""
    ASYNCHRONOUS = 8
    """Carried by RPC requests and without effect here."""
    MESSAGE_ORDER = 512
    """The message ends in four bytes that number it for its receiver."""
    MEMBERSHIP = 1024
    """Lets a message of another domain pass a load balancer."""
    AT_MOST_ONCE = 2048
    """The receiver drops what it has seen in the last five minutes."""


# Plain numbers, for arithmetic with an enumeration takes longer than all else that is done to a message.
_USE_ACK: Final = int(Option.USE_ACK)
_MESSAGE_ORDER: Final = int(Option.MESSAGE_ORDER)


@frozen(slots=True)
class ChannelData:
    """One message and its envelope. ``options`` may have bits that :class:`Option` does not name."""

    options: int
    timestamp_ms: int
    unique_id: bytes
    sender: MemberDescriptor
    message: bytes

    @property
    def wants_acknowledgement(self) -> bool:
        """Whether the sender waits for an acknowledgement frame."""
        return bool(self.options & _USE_ACK)

    @property
    def order_number(self) -> int | None:
        """The number that the sender's OrderInterceptor appended, None where it has none."""
        if not self.options & _MESSAGE_ORDER or len(self.message) < 4:
            return None
        return int(_INT32.unpack_from(self.message, len(self.message) - 4)[0])

    @property
    def content(self) -> bytes:
        """The message without the order number."""
        return self.message if self.order_number is None else self.message[:-4]


def encode_channel_data(data: ChannelData) -> bytes:
    """The data of the frame that carries this message."""
    sender = encode_descriptor(data.sender)
    return b"".join(
        (
            _HEAD.pack(data.options, data.timestamp_ms, len(data.unique_id)),
            data.unique_id,
            _INT32.pack(len(sender)),
            sender,
            _INT32.pack(len(data.message)),
            data.message,
        )
    )


def decode_channel_data(data: bytes, *, base: int = 0) -> ChannelData:
    """Read the data of a frame; errors count from ``base``."""
    cursor = Cursor(data, base=base)
    options, timestamp_ms, id_bytes = _HEAD.unpack(cursor.take(_HEAD.size, "the head of a message"))
    if id_bytes != UNIQUE_ID_BYTES:
        cursor.fail(f"a message id of {id_bytes} bytes; it has {UNIQUE_ID_BYTES}", back=4)
    unique_id = cursor.take(UNIQUE_ID_BYTES, "a message id")
    sender_at = base + cursor.position + 4
    sender = decode_descriptor(cursor.block("the sender"), base=sender_at)
    message = cursor.block("the message")
    cursor.finish("the message")
    return ChannelData(options, timestamp_ms, unique_id, sender, message)


def option_names(options: int) -> str:
    """The options as text, such as ``ASYNCHRONOUS|MEMBERSHIP``; bits without a name in hexadecimal."""
    names = [option.name or "" for option in Option if options & option]
    unknown = options & ~sum(Option)
    return "|".join(names + ([f"{unknown:#x}"] if unknown else []))
