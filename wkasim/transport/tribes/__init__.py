"""The Tribes wire format, as Apache Tribes 7.0 and Axis2 put it on a connection; nothing here does I/O.

``message.py`` is the door and shows the way through the others. All errors are
:class:`~wkasim.errors.ProtocolError`: whatever a peer sends, nothing else comes out.
"""

from __future__ import annotations

from wkasim.transport.tribes.channel_data import (
    ChannelData,
    Option,
    decode_channel_data,
    encode_channel_data,
)
from wkasim.transport.tribes.descriptor import MemberDescriptor
from wkasim.transport.tribes.frames import (
    ACKNOWLEDGEMENT,
    DEFAULT_FRAME_LIMIT,
    NEGATIVE_ACKNOWLEDGEMENT,
    Frame,
    FrameDecoder,
    encode_frame,
)
from wkasim.transport.tribes.message import ByteMessage, Message, Signal, decode_message, encode_message

__all__ = [
    "ACKNOWLEDGEMENT",
    "DEFAULT_FRAME_LIMIT",
    "NEGATIVE_ACKNOWLEDGEMENT",
    "ByteMessage",
    "ChannelData",
    "Frame",
    "FrameDecoder",
    "MemberDescriptor",
    "Message",
    "Option",
    "Signal",
    "decode_channel_data",
    "decode_message",
    "encode_channel_data",
    "encode_frame",
    "encode_message",
]
