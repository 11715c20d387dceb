"""Frames: how Tribes cuts the byte stream of a connection into pieces.

::

    "FLT2002" | int32 length | data ... | "TLF2003"

The data is a message (:mod:`wkasim.transport.tribes.channel_data`), or three bytes that acknowledge one. The
decoder does no input or output: whoever owns the socket hands it the bytes as they come, in pieces of any
size, and takes the frames out. It holds at most one frame and what came behind it, and looks at no byte
twice.

Quirk: the real receiver skips what precedes a header and waits for ever when the length is absurd. Here
either is an error, for a peer that sends garbage is to lose its connection and not its memory
(docs/protocol.md, "Wire format").
"""

from __future__ import annotations

import struct
from typing import Final

from attrs import frozen

from wkasim.transport.tribes.cursor import WireFormatError

__all__ = [
    "ACKNOWLEDGEMENT",
    "DEFAULT_FRAME_LIMIT",
    "FRAME_OVERHEAD",
    "HEADER",
    "NEGATIVE_ACKNOWLEDGEMENT",
    "TRAILER",
    "Frame",
    "FrameDecoder",
    "encode_frame",
]

HEADER: Final = b"FLT2002"
TRAILER: Final = b"TLF2003"
ACKNOWLEDGEMENT: Final = b"\x06\x02\x03"
"""The data of the frame that acknowledges a message."""
NEGATIVE_ACKNOWLEDGEMENT: Final = b"\x0b\x00\x05"
"""The data of the frame that says: received, but its processing failed."""
FRAME_OVERHEAD: Final = len(HEADER) + 4 + len(TRAILER)
DEFAULT_FRAME_LIMIT: Final = 1 << 20
"""The largest data of a frame in bytes unless the caller says otherwise; a member takes some hundred."""

_LENGTH: Final = struct.Struct(">i")
_DATA_AT: Final = len(HEADER) + 4


@frozen(slots=True)
class Frame:
    """One frame: its data, and the offset of its first byte in the connection."""

    offset: int
    data: bytes

    @property
    def is_acknowledgement(self) -> bool:
        """Whether this confirms the message before it."""
        return self.data == ACKNOWLEDGEMENT

    @property
    def is_negative_acknowledgement(self) -> bool:
        """Whether this says that the message before it failed."""
        return self.data == NEGATIVE_ACKNOWLEDGEMENT

    @property
    def data_offset(self) -> int:
        """The offset of the data's first byte in the connection."""
        return self.offset + _DATA_AT


def encode_frame(data: bytes) -> bytes:
    """The frame around ``data``."""
    return b"".join((HEADER, _LENGTH.pack(len(data)), data, TRAILER))


class FrameDecoder:
    """Takes the bytes of one direction of one connection and gives its frames.

    ``limit`` is the largest data of a frame in bytes. After an error the decoder is done: every further call
    raises the same :class:`WireFormatError`.
    """

    __slots__ = ("_buffer", "_error", "_offset", "limit")

    def __init__(self, limit: int = DEFAULT_FRAME_LIMIT, *, offset: int = 0) -> None:
        self.limit = limit
        self._buffer = bytearray()
        self._offset = offset
        self._error: WireFormatError | None = None

    @property
    def offset(self) -> int:
        """Where in the connection the first byte stands that has not been given out yet."""
        return self._offset

    @property
    def pending(self) -> int:
        """How many bytes are held back until their frame is complete."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        """Take what came; call :meth:`next_frame` until it gives None before handing in more."""
        if self._error is not None:
            raise self._error
        self._buffer += data

    def receive_whole(self, data: bytes) -> list[Frame]:
        """Take what came, and give the frames that lie in it whole and sound, without copying what is behind them.

        What is left is taken as :meth:`receive` does; go on with :meth:`next_frame`.
        """
        frames: list[Frame] = []
        at = 0
        if self._buffer and len(self._buffer) <= len(data) and self._error is None:
            # No byte is copied more than twice in this way, however small the pieces are.
            data = bytes(self._buffer) + data
            self._buffer.clear()
        if not self._buffer and self._error is None:
            end = len(data)
            while data.startswith(HEADER, at) and end - at >= FRAME_OVERHEAD:
                (length,) = _LENGTH.unpack_from(data, at + len(HEADER))
                behind = at + _DATA_AT + length
                if not 0 <= length <= self.limit or not data.startswith(TRAILER, behind):
                    break
                frames.append(Frame(self._offset + at, data[at + _DATA_AT : behind]))
                at = behind + len(TRAILER)
            self._offset += at
        self.receive(data[at:] if at else data)
        return frames

    def next_frame(self) -> Frame | None:
        """The next complete frame, or None until more bytes have come."""
        if self._error is not None:
            raise self._error
        buffer = self._buffer
        if len(buffer) < _DATA_AT:
            if not HEADER.startswith(buffer[: len(HEADER)]):
                self._refuse_header()
            return None
        if not buffer.startswith(HEADER):
            self._refuse_header()
        (length,) = _LENGTH.unpack_from(buffer, len(HEADER))
        if not 0 <= length <= self.limit:
            self._fail(len(HEADER), f"a frame of {length} bytes; the limit is {self.limit}")
        end = _DATA_AT + length
        if len(buffer) < end + len(TRAILER):
            if not TRAILER.startswith(buffer[end:]):
                self._refuse_trailer(end)
            return None
        if not buffer.startswith(TRAILER, end):
            self._refuse_trailer(end)
        frame = Frame(self._offset, bytes(memoryview(buffer)[_DATA_AT:end]))
        del buffer[: end + len(TRAILER)]
        self._offset += end + len(TRAILER)
        return frame

    def finish(self) -> None:
        """The connection has ended; raise WireFormatError if that cut a frame in two."""
        if self._error is not None:
            raise self._error
        if self._buffer:
            self._fail(0, f"the connection ends inside a frame, {len(self._buffer)} bytes of it have come")

    def _refuse_header(self) -> None:
        found = bytes(self._buffer[: len(HEADER)])
        self._fail(0, f"a frame begins with {HEADER!r}, found {found!r}")

    def _refuse_trailer(self, end: int) -> None:
        found = bytes(self._buffer[end : end + len(TRAILER)])
        self._fail(end, f"a frame ends with {TRAILER!r}, found {found!r}")

    def _fail(self, at: int, reason: str) -> None:
        self._error = WireFormatError(self._offset + at, reason)
        self._buffer.clear()
        raise self._error
