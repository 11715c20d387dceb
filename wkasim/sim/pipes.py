"""The ends of a connection: the port that listens, and the pipe down which the other side sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from attrs import define

from wkasim.members import Address
from wkasim.sim.links import BACKLOG, Path
from wkasim.sim.process import Process

if TYPE_CHECKING:
    from wkasim.sim.network import Network

__all__ = ["Message", "Packet", "Pipe", "Port", "Receive"]


class Message(Protocol):
    """What travels down a pipe: a channel message, or one of HTTP; the journal keeps its two texts."""

    @property
    def label(self) -> str:
        """What it is."""

    @property
    def detail(self) -> str:
        """What is in it."""


Receive: TypeAlias = Callable[..., None]
"""What takes the messages of a connection, all of them of the kind that it is for."""


@define(slots=True, eq=False)
class Port:
    """A listening socket; ``receive`` is None where connections are accepted and never read.

    ``answer`` takes the requests where HTTP is spoken.
    """

    process: Process
    address: Address
    purpose: str
    receive: Receive | None
    network: Network
    answer: Receive | None = None
    _waiting: int = 0
    _waiting_since: int = 0

    def close(self) -> None:
        """Stop listening; connections that are open stay open."""
        self.network.close_port(self)

    def accept(self) -> bool:
        """Let the operating system accept a connection; a frozen process takes none, so its queue fills up."""
        process = self.process
        if not process.frozen:
            return True
        if self._waiting_since != process.freezes:
            self._waiting, self._waiting_since = 0, process.freezes
        self._waiting += 1
        return self._waiting <= BACKLOG


class Pipe:
    """One direction of an established connection, in order; ``receive`` is what its other end does with messages.

    ``lost`` says that the source knows of the connection's end. ``stuck`` is what TCP has not brought across yet,
    sorted by number: it waits for the next of ``repeats`` retransmissions, and everything later waits behind it.
    """

    __slots__ = (
        "from_text",
        "last_us",
        "lost",
        "path",
        "port",
        "receive",
        "repeats",
        "source",
        "stuck",
        "target",
        "to_text",
        "unacknowledged",
    )

    def __init__(self, source: Process, port: Port, path: Path, receive: Receive | None) -> None:
        self.source = source
        self.port = port
        self.target = port.process
        self.path = path
        self.receive = receive
        self.from_text = source.name
        self.to_text = str(port.address)
        self.lost = False
        self.last_us = 0
        self.stuck: list[tuple[int, Message]] = []
        self.repeats = 0
        self.unacknowledged: dict[int, asyncio.Future[bool]] = {}

    def break_off(self) -> None:
        """The source learns that the connection is gone, and so does whoever waits for an acknowledgement."""
        self.lost = True
        for future in self.unacknowledged.values():
            if not future.done():
                future.set_result(False)
        self.unacknowledged.clear()


Packet: TypeAlias = tuple[Pipe, Message, int]
"""A message on its way, with its number in the journal."""
