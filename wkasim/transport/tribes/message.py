"""One message of any kind: the door through which a transport sends and receives.

::

    socket bytes -> FrameDecoder -> Frame -> decode_channel_data -> ChannelData -> decode_message -> Message
    Message -> encode_message -> ChannelData -> encode_channel_data -> encode_frame -> socket bytes

Which kind a message is, is decided as the interceptors of a real node do it, from the bottom of their stack
up: the failure detector's probe, the ping, the coordinator's header, then bytes or a Java object by the
option bit.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from attrs import frozen

from wkasim.transport.tribes.channel_data import ChannelData, Option
from wkasim.transport.tribes.coordination import (
    ALIVE,
    COORDINATION_HEADER,
    MEMBER_START,
    MEMBER_STOP,
    PING,
    PROBE,
    CoordinationMessage,
    decode_coordination,
    encode_coordination,
)
from wkasim.transport.tribes.rpc import (
    ForeignMessage,
    NoRpcChannelReply,
    ObjectMessage,
    RpcMessage,
    decode_object,
    encode_object,
)

__all__ = ["ByteMessage", "Message", "Signal", "decode_message", "encode_message"]


class Signal(Enum):
    """A message that is a constant."""

    PROBE = PROBE
    PING = PING
    ALIVE = ALIVE
    MEMBER_START = MEMBER_START
    MEMBER_STOP = MEMBER_STOP


@frozen(slots=True)
class ByteMessage:
    """Bytes for whoever listens; Axis2 sends state and configuration commands in this way."""

    data: bytes


Message: TypeAlias = Signal | CoordinationMessage | ObjectMessage | ByteMessage

_BYTE_MESSAGE: Final = int(Option.BYTE_MESSAGE)
_SIGNALS: Final = {signal.value: signal for signal in Signal}


def encode_message(message: Message) -> bytes:
    """The message bytes of a ChannelData; raises ProtocolError for what was only named on receipt."""
    match message:
        case Signal():
            return message.value
        case CoordinationMessage():
            return encode_coordination(message)
        case RpcMessage() | NoRpcChannelReply() | ForeignMessage():
            return encode_object(message)
        case ByteMessage(data):
            return data


def decode_message(data: ChannelData, *, base: int = 0) -> Message:
    """What a ChannelData says; raises ProtocolError, its offset counted from ``base``."""
    content = data.content
    if content in _SIGNALS:
        return _SIGNALS[content]
    if content.startswith(COORDINATION_HEADER):
        return decode_coordination(content, base=base)
    if data.options & _BYTE_MESSAGE:
        return ByteMessage(content)
    return decode_object(content, base=base)
