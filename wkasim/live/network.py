"""Real sockets in the place of the simulated network: which process has opened what, and what cannot be done to it.

Loopback has no latency to set and no cable to cut, and that without being root. So the faults of a simulated network
are refused with a sentence; what one process can do to itself, dying or freezing, is real.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import NoReturn

from wkasim.errors import ClusterError
from wkasim.sim.journal import Journal
from wkasim.sim.links import Link, Verdict
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.network import Network
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams
from wkasim.sim.rules import Rule
from wkasim.transport.tcp import AddressBook, TcpTransport

__all__ = ["LiveNetwork", "LiveProcess"]


class LiveProcess(Process):
    """One life of a node that shares this operating-system process with others; its sockets die and freeze with it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, life: int, ip: str, place: str) -> None:
        super().__init__(loop, name, life, ip, place)
        self.transport: TcpTransport | None = None

    def freeze(self) -> None:
        """Take no step and read nothing until thawed."""
        super().freeze()
        if self.transport is not None:
            self.transport.freeze()

    def thaw(self) -> None:
        """Go on: tasks first, then what waits in the sockets."""
        super().thaw()
        if self.transport is not None and self.alive:
            self.transport.thaw()


class LiveNetwork(Network):
    """The sockets of one machine, as a cluster sees them."""

    def __init__(self, journal: Journal, streams: Streams, hosts: Mapping[str, str], book: AddressBook) -> None:
        # Nothing is delivered by the simulated network that this takes the place of, so its clock stands still.
        super().__init__(VirtualTimeLoop(), journal, streams, hosts=hosts)
        self.book = book
        self.numbers: Iterator[int] = count(1)

    def drop_process(self, process: Process, *, silently: bool = False) -> None:  # noqa: ARG002
        """The process is gone: close all that it opened."""
        if isinstance(process, LiveProcess) and process.transport is not None:
            process.transport.abort()

    # What only a simulated network can do

    def set_link(self, left: str, right: str, link: Link, *, both_ways: bool = True) -> NoReturn:  # noqa: ARG002
        """Refused."""
        _refuse("setting a link's latency and loss")

    def cut(
        self,
        left: Iterable[str],  # noqa: ARG002
        right: Iterable[str],  # noqa: ARG002
        verdict: Verdict = "silent",  # noqa: ARG002
        *,
        both_ways: bool = True,  # noqa: ARG002
    ) -> NoReturn:
        """Refused."""
        _refuse("cutting the network")

    def heal(self, left: Iterable[str] | None = None, right: Iterable[str] | None = None) -> NoReturn:  # noqa: ARG002
        """Refused."""
        _refuse("healing the network")

    def host_down(self, ip: str) -> NoReturn:  # noqa: ARG002
        """Refused."""
        _refuse("switching a host off")

    def host_up(self, ip: str) -> NoReturn:  # noqa: ARG002
        """Refused."""
        _refuse("switching a host on")

    def add_rule(self, rule: Rule) -> NoReturn:  # noqa: ARG002
        """Refused."""
        _refuse("a rule on messages")

    def release(self, message: str | None = None) -> NoReturn:  # noqa: ARG002
        """Refused."""
        _refuse("releasing messages")

    def clear_rules(self) -> NoReturn:
        """Refused."""
        _refuse("a rule on messages")


def _refuse(what: str) -> NoReturn:
    raise ClusterError(f"{what} needs the simulated network; real sockets of one machine cannot do it")
