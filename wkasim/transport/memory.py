"""A node's access to the simulated network: the transport interface over :class:`wkasim.sim.network.Network`."""

from __future__ import annotations

from wkasim.members import Address, Member
from wkasim.messages import ChannelMessage
from wkasim.sim.exchange import Calls, exchange
from wkasim.sim.network import Network, Pipe, Port
from wkasim.sim.process import Process
from wkasim.transport.base import (
    AddressInUseError,
    AddressNotAvailableError,
    BindForbiddenError,
    ConnectError,
    ConnectionLostError,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostUnreachableError,
    Receiver,
    UnknownHostError,
)
from wkasim.web import Answer, WebRequest, WebResponse

__all__ = ["MemoryConnection", "MemoryTransport"]

_ERRORS: dict[str, type[ConnectError]] = {
    "silent": ConnectTimeoutError,
    "refused": ConnectRefusedError,
    "unreachable": HostUnreachableError,
}


class MemoryConnection:
    """An established connection of the simulated network, seen from the end that made it."""

    __slots__ = ("_network", "pipe")

    def __init__(self, network: Network, pipe: Pipe) -> None:
        self._network = network
        self.pipe = pipe

    @property
    def lost(self) -> bool:
        """Whether this end knows that the other end is gone."""
        return self.pipe.lost

    def send(self, message: ChannelMessage) -> None:
        """Hand a message to the network; raises ConnectionLostError.

        Quirk: Tribes reads from the connection after it has written, so it sees that an other end of which it knew
        nothing is gone: that host's reset is there at once.
        """
        pipe = self.pipe
        if not pipe.lost:
            self._network.send(pipe, message)
        if pipe.lost:
            raise self._lost()

    async def send_acknowledged(self, message: ChannelMessage) -> None:
        """Send and wait for the acknowledgement, for ever where packets vanish or nobody reads."""
        if not self.pipe.lost:
            ident = self._network.send(self.pipe, message)
            if await self._network.acknowledgement(self.pipe, ident):
                return
        raise self._lost()

    def _lost(self) -> ConnectionLostError:
        return ConnectionLostError(f"connection to {self.pipe.port.text} was closed by the other end")

    def close(self) -> None:
        """Close this end."""
        self.pipe.lost = True
        self._network.forget(self.pipe)


class MemoryTransport:
    """The transport of one process of the simulated world."""

    def __init__(self, network: Network, process: Process) -> None:
        self._network = network
        self._process = process

    def resolve(self, host: str) -> str:
        """The address of a host name; raises UnknownHostError."""
        ip = self._network.resolve(host)
        if ip is None:
            raise UnknownHostError(f"{host}: unknown host (not in the hosts table)")
        return ip

    async def listen(self, address: Address, receive: Receiver | None, purpose: str) -> Port:
        """Open a port; raises a BindError."""
        return self._open_port(address, purpose, receive, None)

    async def serve(self, address: Address, answer: Answer, purpose: str) -> Port:
        """Open a port that answers HTTP requests; raises a BindError."""
        return self._open_port(address, purpose, None, Calls(self._network, self._process, answer))

    def _open_port(self, address: Address, purpose: str, receive: Receiver | None, calls: Calls | None) -> Port:
        process, network = self._process, self._network
        if address.ip != process.ip:
            raise AddressNotAvailableError(f"{address}: this host has only {process.ip}")
        if address.port < 1024 and not process.privileged:
            raise BindForbiddenError(f"{address}: ports below 1024 are for root")
        port = network.open_port(process, address, purpose, receive, calls)
        if port is None:
            raise AddressInUseError(f"{address}: already in use")
        if purpose != "probe":
            network.journal.append(
                (network.loop.now_us, "socket", process.name, process.life, "opened", purpose, str(address))
            )
        return port

    async def connect(self, address: Address, timeout_s: float) -> MemoryConnection:
        """Connect within ``timeout_s``; raises a ConnectError."""
        port = await self._open(address, timeout_s)
        return MemoryConnection(self._network, self._network.pipe(self._process, port))

    async def fetch(self, address: Address, request: WebRequest, *, connect_s: float, answer_s: float) -> WebResponse:
        """Send one request and wait for its answer; raises ConnectError, ConnectionLostError, AnswerTimeoutError."""
        port = await self._open(address, connect_s)
        return await exchange(self._network, self._process, port, request, answer_s)

    async def probe(self, address: Address, timeout_s: float, *, test_member: Member | None = None) -> None:  # noqa: ARG002
        """Connect and close; raises a ConnectError. A test frame would make no difference to anybody here."""
        self._network.probes += 1
        await self._open(address, timeout_s)

    def probe_at_once(self, address: Address, timeout_s: float) -> bool | None:
        """Probe where nothing else can happen before the answer is there; None where it may, and nothing was done."""
        network = self._network
        connected = network.connect_at_once(self._process, address, timeout_s)
        if connected is None:
            return None
        network.probes += 1
        if connected[1] is None:
            self._note_failure(address, ConnectRefusedError.outcome)
        return connected[1] is not None

    async def _open(self, address: Address, timeout_s: float) -> Port:
        verdict, port = await self._network.connect(self._process, address, timeout_s)
        if port is not None:
            return port
        error = _ERRORS[verdict]
        self._note_failure(address, error.outcome)
        raise error(f"{address}: connection {error.outcome}")

    def _note_failure(self, address: Address, outcome: str) -> None:
        network, process = self._network, self._process
        network.journal.append((network.loop.now_us, "connect", process.name, process.life, str(address), outcome))
