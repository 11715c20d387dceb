"""The receiving end: an open port, and the connections that others have made to it.

Whoever connects may be anybody. So everything is limited: the number of connections, the size of a frame, the time that
a frame may take from its first byte to its last, and what all connections together may hold. A connection that breaks a
rule is closed, with one line in the log; the others notice nothing.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen

from wkasim.errors import ProtocolError
from wkasim.members import Address
from wkasim.messages import USE_ACK, ChannelMessage
from wkasim.transport.base import Receiver
from wkasim.transport.tcp.http import HttpService
from wkasim.transport.tcp.mapping import ForeignContentError, WireMapping
from wkasim.transport.tribes import ACKNOWLEDGEMENT, DEFAULT_FRAME_LIMIT, Frame, FrameDecoder, encode_frame

__all__ = ["Limits", "TcpListener"]

_ACK_FRAME: Final = encode_frame(ACKNOWLEDGEMENT)
_OPTIONS_AT: Final = 3
"""Where a message's data has the lowest byte of its options."""
_BACKLOG: Final = 100
_ACCEPTED_AT_ONCE: Final = 32
_PAUSE_WITHOUT_FILES_S: Final = 0.2


_MOST_CONNECTIONS: Final = 1000
_SHARE_OF_FILES: Final = 8
"""A node has a cluster port and up to three for HTTP: together strangers get half of the files it may open."""


def _share_of_files() -> int:
    allowed, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if allowed < 0 else min(_MOST_CONNECTIONS, max(allowed // _SHARE_OF_FILES, 1))


@frozen(kw_only=True)
class Limits:
    """What strangers may cost.

    ``connections`` is for each port, and never so many that the node could open no file any more. ``frame_s`` is the
    time for one frame or one request, from its first byte to its last.
    """

    connections: int = field(factory=_share_of_files)
    frame_bytes: int = DEFAULT_FRAME_LIMIT
    held_bytes: int = 32 << 20
    unread_bytes: int = 64 << 10
    frame_s: float = 30.0


@define(eq=False)
class Reading:
    """What a listener does with what comes in: how to read it, whom to give it to, and where complaints go.

    ``complain`` gets a reason whenever a connection is closed for one; ``unreadable`` what a sound message was that
    means nothing here; ``delivered`` is told of each message and its number, if anybody is.
    """

    mapping: WireMapping
    receive: Receiver
    complain: Callable[[str], None]
    unreadable: Callable[[str], None]
    delivered: Callable[[ChannelMessage, int], None] | None


class TcpListener:
    """An open port.

    With ``reading`` it takes messages, with ``service`` it answers HTTP requests; without either it accepts
    connections, and reads and says nothing.
    """

    def __init__(
        self,
        address: Address,
        opened: socket.socket,
        reading: Reading | None,
        limits: Limits,
        service: HttpService | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.address = address
        self.limits = limits
        self.held_bytes = 0
        self.connections: dict[_Inbound, None] = {}
        self._socket: socket.socket | None = opened
        self._reading = reading
        self._service = service
        self.loop = self._loop = loop or asyncio.get_running_loop()
        self.frozen = False
        self._held = False
        self._adoptions: dict[asyncio.Task[object], socket.socket] = {}
        self._sweep = self._loop.call_later(limits.frame_s / 2, self._close_slow_ones)
        self._begin()

    @property
    def port(self) -> int:
        """The port that is really open; it differs from the address where that asked for any, with 0."""
        return 0 if self._socket is None else int(self._socket.getsockname()[1])

    @property
    def open_connections(self) -> int:
        """How many connections others have to this port, accepted ones that are not set up yet included."""
        return len(self.connections) if self._service is None else self._service.connections + len(self._adoptions)

    @property
    def is_reading(self) -> bool:
        """Whether what comes in is read: the process goes on, and takes messages."""
        return not (self.frozen or self._held)

    def close(self) -> None:
        """Stop listening; connections that are open stay open until the other end closes them."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def abort(self) -> None:
        """Stop listening and break off every connection, as for a process that was killed."""
        self.close()
        self._sweep.cancel()
        for adoption in list(self._adoptions):
            adoption.cancel()
        for connection in list(self.connections):
            connection.abort()
        if self._service is not None:
            self._service.abort()

    def freeze(self) -> None:
        """Read and accept nothing; the operating system still accepts, up to its backlog."""
        self.frozen = True
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
        for connection in self.connections:
            connection.pause()

    def thaw(self) -> None:
        """Go on."""
        self.frozen = False
        self._begin()
        self._read_on()

    def hold(self) -> None:
        """Read nothing until :meth:`go_on`: the operating systems at both ends let the senders wait."""
        self._held = True
        for connection in self.connections:
            connection.pause()

    def go_on(self) -> None:
        """Read again."""
        self._held = False
        self._read_on()

    def _read_on(self) -> None:
        if self.is_reading:
            for connection in list(self.connections):
                connection.resume()

    # Accepting

    def _begin(self) -> None:
        if self._socket is not None and not self.frozen:
            self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        assert self._socket is not None
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, _address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # No file descriptors are left: wait until some connection has gone.
                self._complain(error.strerror or str(error))
                self._loop.remove_reader(self._socket)
                self._loop.call_later(_PAUSE_WITHOUT_FILES_S, self._begin)
                return
            if self.open_connections >= self.limits.connections and not self._make_room():
                accepted.close()
                self._complain(f"{self.limits.connections} connections are open")
                continue
            self._adopt(accepted)

    def _adopt(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        made: Callable[[], asyncio.Protocol]
        if self._service is not None:
            made = self._service
        else:
            connection = _Inbound(self, self._reading)
            self.connections[connection] = None
            made = lambda: connection  # noqa: E731 - a name for the type
        adoption = self._loop.create_task(self._loop.connect_accepted_socket(made, accepted))
        self._adoptions[adoption] = accepted
        adoption.add_done_callback(self._adopted)

    def _adopted(self, adoption: asyncio.Task[object]) -> None:
        accepted = self._adoptions.pop(adoption)
        if adoption.cancelled() or adoption.exception() is not None:
            accepted.close()

    def _make_room(self) -> bool:
        """Close the oldest connection that has not said anything yet, or waits for no answer."""
        if self._service is not None:
            return self._service.make_room()
        for connection in self.connections:
            if not connection.has_spoken:
                connection.refuse(f"{self.limits.connections} connections are open, and this one has said nothing")
                return True
        return False

    # What the connections report

    def _complain(self, reason: str) -> None:
        if self._reading is not None:
            self._reading.complain(reason)
        if self._service is not None:
            self._service.complain(f"closed a connection: {reason}")

    def forget(self, connection: _Inbound) -> None:
        """The connection is gone."""
        self.connections.pop(connection, None)

    def _close_slow_ones(self) -> None:
        now = self._loop.time()
        for connection in list(self.connections) if self.is_reading else ():
            if connection.unfinished_since is not None and now - connection.unfinished_since > self.limits.frame_s:
                connection.refuse(f"a frame took longer than {self.limits.frame_s:g} s")
        if self._service is not None:
            self._service.close_slow(self.limits.frame_s)
        if self._socket is not None or self.connections:
            self._sweep = self._loop.call_later(self.limits.frame_s / 2, self._close_slow_ones)


class _Inbound(asyncio.Protocol):
    """One connection that somebody made to this port."""

    def __init__(self, listener: TcpListener, reading: Reading | None) -> None:
        self.has_spoken = False
        self.unfinished_since: float | None = None
        self._listener = listener
        self._reading = reading
        self._decoder = FrameDecoder(listener.limits.frame_bytes)
        self._loop = listener.loop
        self._transport: asyncio.Transport | None = None
        self._held = 0
        self._done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is established."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._done:
            transport.abort()
        elif not self._listener.is_reading:
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Take the frames out of what came."""
        if self._reading is None or self._done:
            return
        try:
            for whole in self._decoder.receive_whole(data):
                if not self._handle(whole, self._reading):
                    return
            while (frame := self._decoder.next_frame()) is not None:
                if not self._handle(frame, self._reading):
                    return
        except ProtocolError as error:
            self.refuse(str(error))
            return
        self._count(self._decoder.pending)

    def _count(self, pending: int) -> None:
        listener = self._listener
        listener.held_bytes += pending - self._held
        self._held = pending
        if not pending:
            self.unfinished_since = None
        elif self.unfinished_since is None:
            self.unfinished_since = self._loop.time()
        if listener.held_bytes > listener.limits.held_bytes:
            self.refuse(f"all connections together hold more than {listener.limits.held_bytes} bytes")

    def _handle(self, frame: Frame, reading: Reading) -> bool:
        """Hand a frame on; say whether the connection goes on."""
        self.has_spoken = True
        self.unfinished_since = None
        if len(frame.data) == len(ACKNOWLEDGEMENT):
            return True
        foreign = None
        try:
            received = reading.mapping.message(frame)
        except ForeignContentError as error:
            received, foreign = None, str(error)
        # Whoever asks for it is told that the message has come, whatever it is: else a real node, which sends its
        # state in this way, would take this one for faulty.
        if frame.data[_OPTIONS_AT] & USE_ACK and not self._acknowledge():
            return False
        if foreign is not None:
            reading.unreadable(foreign)
        if received is None:
            return True
        message, number = received
        if reading.delivered is not None:
            reading.delivered(message, number)
        reading.receive(message)
        return not self._done

    def _acknowledge(self) -> bool:
        """Confirm, before the message is worked on; say whether the connection goes on."""
        assert self._transport is not None
        self._transport.write(_ACK_FRAME)
        if self._transport.get_write_buffer_size() > self._listener.limits.unread_bytes:
            self.refuse("acknowledgements are not read")
            return False
        return True

    def refuse(self, reason: str) -> None:
        """Close the connection for a reason."""
        if not self._done and self._reading is not None:
            self._reading.complain(reason)
        self.abort()

    def abort(self) -> None:
        """Break off."""
        self._end()
        if self._transport is not None:
            self._transport.abort()

    def _end(self) -> None:
        self._done = True
        self._listener.held_bytes -= self._held
        self._held = 0
        self._listener.forget(self)

    def pause(self) -> None:
        """Read nothing until :meth:`resume`."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again; the time during which nobody read does not count."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        if self.unfinished_since is not None:
            self.unfinished_since = self._loop.time()

    def eof_received(self) -> bool:
        """The other end has closed; in the middle of a frame that is worth a line."""
        if self._reading is not None and not self._done and self._decoder.pending:
            try:
                self._decoder.finish()
            except ProtocolError as error:
                self.refuse(str(error))
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone; a reset is worth a line, as in the real receiver."""
        if error is not None and not self._done and self._reading is not None:
            self._reading.complain(getattr(error, "strerror", None) or str(error))
        if not self._done:
            self._end()


def open_socket(address: Address) -> socket.socket:
    """A listening socket; raises OSError."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        # As Java does on Linux: an address whose last connections are still being closed may be opened again.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address.ip, address.port))
        opened.listen(_BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened
