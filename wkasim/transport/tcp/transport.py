"""One node's access to real sockets: the transport interface over TCP."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from itertools import count
from typing import Any, Final, Protocol

from structlog.typing import FilteringBoundLogger

from wkasim.errors import InputError
from wkasim.members import Address, Member
from wkasim.messages import ChannelMessage
from wkasim.transport.base import (
    AddressInUseError,
    AddressNotAvailableError,
    BindError,
    BindForbiddenError,
    ConnectError,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostUnreachableError,
    Receiver,
    UnknownHostError,
)
from wkasim.transport.tcp.addresses import AddressBook
from wkasim.transport.tcp.connection import TcpConnection
from wkasim.transport.tcp.http import HttpService, UnreachableError, fetch
from wkasim.transport.tcp.listener import Limits, Reading, TcpListener, open_socket
from wkasim.transport.tcp.mapping import WireMapping
from wkasim.web import Answer, WebRequest, WebResponse

__all__ = ["TcpTransport"]

_BIND_ERRORS: Final[Mapping[int, type[BindError]]] = {
    errno.EADDRINUSE: AddressInUseError,
    errno.EADDRNOTAVAIL: AddressNotAvailableError,
    errno.EACCES: BindForbiddenError,
}
_CONNECT_ERRORS: Final[Mapping[int, type[ConnectError]]] = {
    errno.ECONNREFUSED: ConnectRefusedError,
    errno.ECONNRESET: ConnectRefusedError,
    errno.ETIMEDOUT: ConnectTimeoutError,
    errno.EHOSTUNREACH: HostUnreachableError,
    errno.ENETUNREACH: HostUnreachableError,
}
_FIRST_FREE_PORT: Final = 1024


def _forget(*_fields: object) -> None:
    """Where nobody keeps a journal."""


class Spawn(Protocol):
    """Runs a coroutine as a thread of the node."""

    def __call__(self, coroutine: Coroutine[Any, Any, WebResponse], name: str) -> Awaitable[WebResponse]:
        """Begin; await the result for what it returns."""


class TcpTransport:
    """The sockets of one life of one node.

    ``hosts`` is the hosts table, ``book`` says where the addresses really are, ``wall_ms`` is the node's clock.
    ``log`` gets a line for each connection that is closed for a reason; ``record`` what belongs into the journal.
    ``spawn`` runs the answer of a request as a thread of the node. ``origin`` are up to eight bytes that tell this
    life's messages from all others, ``numbers`` what numbers them. ``loop`` has to be given where ports are opened
    before it runs.
    """

    def __init__(
        self,
        *,
        ip: str,
        hosts: Mapping[str, str],
        book: AddressBook,
        log: FilteringBoundLogger,
        wall_ms: Callable[[], int],
        spawn: Spawn,
        record: Callable[..., None] | None = None,
        privileged: bool = True,
        origin: bytes = b"",
        numbers: Iterator[int] | None = None,
        limits: Limits | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._ip = ip
        self._hosts = hosts
        self._book = book
        self._worker_log = log.bind(component="NioReplicationTask")
        self._channel_log = log.bind(component="Axis2GroupChannel")
        self._wall_ms = wall_ms
        self._spawn = spawn
        self._record = record or _forget
        self._is_recorded = record is not None
        self._privileged = privileged
        self._numbers = numbers or count(1)
        self._loop = loop
        self._limits = limits or Limits()
        self._mapping = WireMapping(wall_ms(), origin)
        self._listeners: dict[TcpListener, None] = {}
        self._connections: dict[TcpConnection, None] = {}

    # The transport interface

    def resolve(self, host: str) -> str:
        """The address of a host name; raises UnknownHostError. Names are looked up in the hosts table only."""
        parts = host.split(".")
        if len(parts) == 4 and all(part.isdigit() for part in parts):
            return host
        if host not in self._hosts:
            raise UnknownHostError(f"{host}: unknown host (not in the hosts table)")
        return self._hosts[host]

    async def listen(self, address: Address, receive: Receiver | None, purpose: str) -> TcpListener:
        """Open a port; raises a BindError."""
        return self.open_port(address, receive, purpose)

    def open_port(self, address: Address, receive: Receiver | None, purpose: str) -> TcpListener:
        """What :meth:`listen` does, for code that is no coroutine."""
        return self._open_port(address, self._reading(receive), None, purpose)

    async def serve(self, address: Address, answer: Answer, purpose: str) -> TcpListener:
        """Open a port that answers HTTP requests; raises a BindError."""
        return self._open_port(address, None, self._service(address, answer), purpose)

    def _service(self, address: Address, answer: Answer) -> HttpService:
        """What answers requests as threads of the node."""

        async def run(answering: Awaitable[WebResponse]) -> WebResponse:
            async def thread() -> WebResponse:
                return await answering

            return await self._spawn(thread(), "request")

        return HttpService(address, answer, run, self._loop or asyncio.get_running_loop())

    def _open_port(
        self, address: Address, reading: Reading | None, service: HttpService | None, purpose: str
    ) -> TcpListener:
        if address.ip != self._ip:
            raise AddressNotAvailableError(f"{address}: this host has only {self._ip}")
        if address.port < _FIRST_FREE_PORT and not self._privileged:
            raise BindForbiddenError(f"{address}: ports below 1024 are for root")
        listener = self._listen_at(address, self._real(address), reading, service)
        if purpose != "probe":
            self._record("socket", "opened", purpose, str(address))
        return listener

    def open_front(self, real: Address, answer: Answer) -> TcpListener:
        """Answer requests at one more address of this machine, which is none of the scenario; raises a BindError."""
        return self._listen_at(real, real, None, self._service(real, answer))

    def _real(self, address: Address) -> Address:
        try:
            return self._book.real(address)
        except InputError as error:
            raise AddressNotAvailableError(str(error)) from None

    def _listen_at(
        self, address: Address, real: Address, reading: Reading | None, service: HttpService | None
    ) -> TcpListener:
        try:
            opened = open_socket(real)
        except OSError as error:
            kind = _BIND_ERRORS.get(error.errno or 0, BindError)
            raise kind(f"{address}: {error.strerror or error}") from None
        except OverflowError as error:
            raise AddressNotAvailableError(f"{address}: {error}") from None
        listener = TcpListener(address, opened, reading, self._limits, service, self._loop)
        self._listeners[listener] = None
        return listener

    async def connect(self, address: Address, timeout_s: float) -> TcpConnection:
        """Connect within ``timeout_s``; raises a ConnectError."""
        opened = await self._open(address, timeout_s)
        connection = TcpConnection(address, self._encode)
        connection.on_close = lambda closed: self._connections.pop(closed, None)
        self._connections[connection] = None
        await asyncio.get_running_loop().create_connection(lambda: connection, sock=opened)
        return connection

    async def probe(self, address: Address, timeout_s: float, *, test_member: Member | None = None) -> None:
        """Connect, with ``test_member`` write what a failure detector writes about it, close; raises a ConnectError."""
        opened = await self._open(address, timeout_s)
        try:
            if test_member is not None:
                # A new connection has room for so few bytes; whoever has closed it already was there all the same.
                opened.send(self._mapping.probe_frame(test_member, next(self._numbers), self._wall_ms()))
        except OSError:
            pass
        finally:
            opened.close()

    def probe_at_once(self, address: Address, timeout_s: float) -> bool | None:  # noqa: ARG002
        """None: real connections take time."""
        return None

    async def fetch(self, address: Address, request: WebRequest, *, connect_s: float, answer_s: float) -> WebResponse:
        """Send one request and wait for its answer; raises ConnectError, ConnectionLostError, AnswerTimeoutError."""
        try:
            return await fetch(self._book.real(address), request, connect_s=connect_s, answer_s=answer_s)
        except UnreachableError as error:
            raise self._connect_error(address, error.cause) from None
        except (InputError, OverflowError) as error:
            raise self._connect_error(address, error) from None

    async def _open(self, address: Address, timeout_s: float) -> socket.socket:
        loop = asyncio.get_running_loop()
        try:
            opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:  # No file is left to this process.
            raise self._connect_error(address, error) from None
        opened.setblocking(False)
        try:
            real = self._book.real(address)
            async with asyncio.timeout(timeout_s):
                await loop.sock_connect(opened, (real.ip, real.port))
        except BaseException as error:
            opened.close()
            if not isinstance(error, OSError | InputError | OverflowError):  # A TimeoutError is an OSError.
                raise
            raise self._connect_error(address, error) from None
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _connect_error(self, address: Address, error: BaseException) -> ConnectError:
        kind = self._kind_of(error)
        self._record("connect", str(address), kind.outcome)
        return kind(f"{address}: connection {kind.outcome}")

    @staticmethod
    def _kind_of(error: BaseException) -> type[ConnectError]:
        if isinstance(error, InputError):
            return HostUnreachableError
        if isinstance(error, TimeoutError):
            return ConnectTimeoutError
        return _CONNECT_ERRORS.get(getattr(error, "errno", None) or 0, ConnectError)

    # Reading and writing

    def _encode(self, message: ChannelMessage, target: Address) -> bytes:
        number = next(self._numbers)
        if self._is_recorded:
            self._record("send", number, message.label, str(target), message.detail)
        return self._mapping.frame(message, number)

    def _reading(self, receive: Receiver | None) -> Reading | None:
        if receive is None:
            return None
        return Reading(
            self._mapping,
            receive,
            complain=lambda reason: self._worker_log.warning("keepalive_closed", reason=reason),
            unreadable=lambda what: self._channel_log.error("deserialization_failed", message=what),
            delivered=self._delivered if self._is_recorded else None,
        )

    def _delivered(self, message: ChannelMessage, number: int) -> None:
        self._record("deliver", number, message.label, str(message.sender.address))

    # What happens to the process

    def abort(self) -> None:
        """The process is gone: its operating system closes everything."""
        for listener in list(self._listeners):
            listener.abort()
        self._listeners.clear()
        for connection in list(self._connections):
            connection.abort()
        self._connections.clear()

    def freeze(self) -> None:
        """The process is frozen: nothing is read or accepted by it."""
        for listener in self._listeners:
            listener.freeze()
        for connection in self._connections:
            connection.pause()

    def thaw(self) -> None:
        """The process goes on."""
        for listener in self._listeners:
            listener.thaw()
        for connection in self._connections:
            connection.resume()
