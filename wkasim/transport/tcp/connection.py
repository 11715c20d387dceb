"""The sending end of a connection: frames go out, acknowledgements come back.

What is sent within one turn of the event loop goes out in one write. A peer that does not read must not cost memory
without end: when more than a limit is on its way the connection is given up, as a full send buffer ends in a time-out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from wkasim.errors import ProtocolError
from wkasim.members import Address
from wkasim.messages import ChannelMessage
from wkasim.transport.base import ConnectionLostError
from wkasim.transport.tribes import FrameDecoder

__all__ = ["UNSENT_LIMIT", "TcpConnection"]

UNSENT_LIMIT: Final = 8 << 20
"""How many bytes may wait for a peer to read them."""

_REPLY_LIMIT: Final = 64
"""The largest frame that can come back on a sending connection: acknowledgements have three bytes."""


class TcpConnection(asyncio.Protocol):
    """An established connection, seen from the end that made it."""

    def __init__(self, target: Address, encode: Callable[[ChannelMessage, Address], bytes]) -> None:
        self._target = target
        self._encode = encode
        self._decoder = FrameDecoder(_REPLY_LIMIT)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []
        self._acknowledgements: deque[asyncio.Future[None]] = deque()
        self._lost = False
        self._writable: asyncio.Future[None] | None = None
        self.open = True
        self.on_close: Callable[[TcpConnection], None] = lambda _connection: None

    # The transport interface

    @property
    def lost(self) -> bool:
        """Whether this end knows that the other end is gone."""
        return self._lost

    def send(self, message: ChannelMessage) -> None:
        """Hand a message to the network; raises ConnectionLostError."""
        self._check()
        assert self._transport is not None
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(self._encode(message, self._target))

    async def send_acknowledged(self, message: ChannelMessage) -> None:
        """Send and wait for the acknowledgement, for ever where nobody reads."""
        self.send(message)
        acknowledged = self._loop.create_future()
        self._acknowledgements.append(acknowledged)
        await acknowledged

    async def drained(self) -> None:
        """Hand everything to the operating system and wait while much of it lies unread; for bulk senders."""
        self._flush()
        if self._writable is not None:
            await self._writable

    def pause_writing(self) -> None:
        """The event loop says that much lies unread."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The event loop says that the peer has read on."""
        self._go_on()

    def _go_on(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def close(self) -> None:
        """Close this end; what was sent before still goes out."""
        self._flush()
        self._lose()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Break off, as the operating system does for a process that was killed."""
        self._unsent.clear()
        self._lose()
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read nothing until :meth:`resume`: the process is frozen."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _check(self) -> None:
        if self._lost:
            raise ConnectionLostError(f"connection to {self._target} was closed by the other end")

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and self._transport is not None and not self._lost:
            self._transport.write(b"".join(unsent))
            if self._transport.get_write_buffer_size() > UNSENT_LIMIT:
                self.abort()

    def _lose(self) -> None:
        self._lost = True
        self._go_on()
        waiting, self._acknowledgements = self._acknowledgements, deque()
        for acknowledged in waiting:
            if not acknowledged.done():
                acknowledged.set_exception(ConnectionLostError(f"connection to {self._target} was closed"))

    # The event loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is established."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Acknowledgements come back, and nothing else does; a peer that sends other things loses the connection."""
        try:
            self._decoder.receive(data)
            while (frame := self._decoder.next_frame()) is not None:
                if not (frame.is_acknowledgement or frame.is_negative_acknowledgement) or not self._acknowledgements:
                    self.abort()
                    return
                # A refusal means that the receiver's handling failed; delivered it is all the same.
                acknowledged = self._acknowledgements.popleft()
                if not acknowledged.done():
                    acknowledged.set_result(None)
        except ProtocolError:
            self.abort()

    def eof_received(self) -> bool:
        """The other end has closed."""
        return False

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """The connection is gone, in good order or not."""
        self.open = False
        self._lose()
        self.on_close(self)
