"""The ends of a connection: the port that listens, and the pipe down which the other side sends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import define, field

from wkasim.members import Address
from wkasim.sim.journal import Record
from wkasim.sim.links import BACKLOG, Path
from wkasim.sim.process import Process

if TYPE_CHECKING:
    from wkasim.sim.network import Network

__all__ = ["Message", "Packet", "Pipe", "Port", "Receive", "Stuck"]


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

    ``answer`` takes the requests where HTTP is spoken. ``text`` is the address as the journal has it. While the port is
    ``held``, what comes stays in ``unread``, and nobody acknowledges it.
    """

    process: Process
    address: Address
    purpose: str
    receive: Receive | None
    network: Network
    answer: Receive | None = None
    text: str = field(init=False)
    held: bool = field(default=False, init=False)
    unread: deque[Packet] = field(factory=deque, init=False)
    _waiting: int = field(default=0, init=False)
    _waiting_since: int = field(default=0, init=False)

    @text.default
    def _text(self) -> str:
        return str(self.address)

    def close(self) -> None:
        """Stop listening; connections that are open stay open."""
        self.network.close_port(self)

    def hold(self) -> None:
        """Read nothing until :meth:`go_on`."""
        self.held = True
        self.network.reads_otherwise(self)

    def go_on(self) -> None:
        """Read again, first what waits; one of these may hold the port anew."""
        self.held = False
        while self.unread and not self.held:
            self.network.hand_over(self.unread.popleft())
        self.network.reads_otherwise(self)

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

    ``lost`` says that the source knows of the connection's end. ``hindered`` is false only while nothing at all can
    come between a message and the target's host, so that one look suffices for almost every message; ``delays`` are
    then those of the path.

    A large cluster has a million pipes, each used now and then, and what a message has to fetch into the processor's
    cache is most of what it costs. So what is rarely there is None, and what can be found elsewhere is not kept.
    """

    __slots__ = (
        "delays",
        "hindered",
        "last_us",
        "lost",
        "path",
        "port",
        "receive",
        "salt",
        "source",
        "stuck",
        "unacknowledged",
    )

    def __init__(self, source: Process, port: Port, path: Path, receive: Receive | None) -> None:
        self.source = source
        self.port = port
        self.path = path
        self.receive = receive
        self.last_us = 0
        self.lost = False
        self.stuck: Stuck | None = None
        self.unacknowledged: dict[int, asyncio.Future[bool]] | None = None
        self.delays = path.conditions.delays
        self.salt = path.salt
        self.hindered = True

    def as_record(self, time_us: int, number: int, label: str, detail: str | None) -> Record:
        """The journal's record of a message sent, or delivered where ``detail`` is None."""
        source, target = self.source, self.port.process
        if detail is None:
            return (time_us, "deliver", target.name, target.life, number, label, source.name)
        return (time_us, "send", source.name, source.life, number, label, self.port.text, detail)

    @property
    def target(self) -> Process:
        """The process at the other end."""
        return self.port.process

    def break_off(self) -> None:
        """The source learns that the connection is gone, and so does whoever waits for an acknowledgement."""
        self.lost = True
        waiting, self.unacknowledged = self.unacknowledged, None
        for future in (waiting or {}).values():
            if not future.done():
                future.set_result(False)


@define(slots=True, eq=False)
class Stuck:
    """What TCP has not brought across a pipe yet, sorted by number, and how often it was sent again.

    It waits for the next retransmission, and everything later waits behind it.
    """

    packets: list[Packet] = field(factory=list)
    repeats: int = 0


Packet: TypeAlias = tuple[Callable[[Any], None], Pipe, Message, int]
"""A message on its way, as the event of its arrival: what is to be done then, and its number in the journal."""
