"""How a node reaches the network: listen, connect, send, probe, serve, fetch; simulated or over real sockets.

Node code sees nothing else of the world's wires. Every error that TCP can give a caller is one of the classes below,
so the protocol's reactions to them are written once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wkasim.errors import WkasimError
from wkasim.members import Address, Member
from wkasim.messages import ChannelMessage
from wkasim.web import Answer, WebRequest, WebResponse

__all__ = [
    "AddressInUseError",
    "AddressNotAvailableError",
    "AnswerTimeoutError",
    "BindError",
    "BindForbiddenError",
    "ConnectError",
    "ConnectRefusedError",
    "ConnectTimeoutError",
    "Connection",
    "ConnectionLostError",
    "HostUnreachableError",
    "Listener",
    "Receiver",
    "Transport",
    "UnknownHostError",
]


class BindError(WkasimError):
    """A port could not be opened."""


class AddressInUseError(BindError):
    """Somebody else listens on this address and port."""


class AddressNotAvailableError(BindError):
    """The host does not have this address."""


class BindForbiddenError(BindError):
    """The port is below 1024 and the node runs as an ordinary user."""


class ConnectError(WkasimError):
    """A connection could not be made; ``outcome`` is what the journal calls it."""

    outcome = "failed"


class ConnectRefusedError(ConnectError):
    """The host answered at once that nobody listens there."""

    outcome = "refused"


class ConnectTimeoutError(ConnectError):
    """Nothing came back in time: packets vanish."""

    outcome = "timed out"


class HostUnreachableError(ConnectError):
    """The network says at once that it has no way to that host."""

    outcome = "unreachable"


class ConnectionLostError(WkasimError):
    """The other end of an established connection is gone, and this end knows."""


class AnswerTimeoutError(WkasimError):
    """A connection was made and a request written, and no whole answer came in time."""


class UnknownHostError(WkasimError):
    """A host name that resolves to nothing."""


Receiver = Callable[[ChannelMessage], None]
"""What a listener calls for each message; it must not block."""


class Listener(Protocol):
    """An open port."""

    address: Address

    def close(self) -> None:
        """Stop listening; connections that are open stay open."""

    def hold(self) -> None:
        """Nobody takes messages now: strangers who go on sending must cost nothing until :meth:`go_on`."""

    def go_on(self) -> None:
        """Messages are taken again."""


class Connection(Protocol):
    """An established connection; messages arrive in the order in which they were sent."""

    @property
    def lost(self) -> bool:
        """Whether this end knows that the other end is gone."""

    def send(self, message: ChannelMessage) -> None:
        """Hand a message to the network. Raises ConnectionLostError if :attr:`lost`, or if that showed just now.

        That it was handed over says nothing about its arrival.
        """

    async def send_acknowledged(self, message: ChannelMessage) -> None:
        """Send and wait for the receiver's transport to acknowledge; raises ConnectionLostError."""

    def close(self) -> None:
        """Close this end."""


class Transport(Protocol):
    """One node's access to the network."""

    def resolve(self, host: str) -> str:
        """The IPv4 address of a host name or of a dotted address; raises UnknownHostError."""

    async def listen(self, address: Address, receive: Receiver | None, purpose: str) -> Listener:
        """Open a port; raises a BindError.

        ``receive`` gets the messages; None opens a port that only accepts connections. ``purpose`` (probe, cluster,
        http, https) is for the journal.
        """

    async def connect(self, address: Address, timeout_s: float) -> Connection:
        """Connect within ``timeout_s`` seconds; raises a ConnectError."""

    async def probe(self, address: Address, timeout_s: float, *, test_member: Member | None = None) -> None:
        """Connect, with ``test_member`` write what a failure detector writes about it, close; raises a ConnectError.

        A process that hangs still passes: its operating system accepts for it.
        """

    def probe_at_once(self, address: Address, timeout_s: float) -> bool | None:
        """Whether somebody accepts there, where :meth:`probe` would find that out without anybody having to wait.

        None where only :meth:`probe` can tell; nothing was done then.
        """

    async def serve(self, address: Address, answer: Answer, purpose: str) -> Listener:
        """Open a port that answers HTTP requests; raises a BindError.

        ``purpose`` (http, https) is for the journal; both speak plain HTTP, for encryption is outside the model.
        Probes of such a port pass as anywhere. Requests run side by side, as threads of the node.
        """

    async def fetch(self, address: Address, request: WebRequest, *, connect_s: float, answer_s: float) -> WebResponse:
        """Send one request on a connection of its own and wait for its answer.

        Raises a ConnectError if the connection is not made within ``connect_s`` seconds, ConnectionLostError if it
        breaks before the whole answer is there, AnswerTimeoutError if that is not there within ``answer_s`` seconds.
        """
