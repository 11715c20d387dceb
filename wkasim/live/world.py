"""What a node on real sockets is handed: real time, or a multiple of it, and TCP instead of a simulated network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from wkasim.errors import ThreadDeathError
from wkasim.live.clock import LiveLoop
from wkasim.live.network import LiveNetwork, LiveProcess
from wkasim.node.database import Database
from wkasim.profile import Profile
from wkasim.sim.journal import Journal
from wkasim.sim.randomness import Streams
from wkasim.sim.world import journal_logger
from wkasim.transport.tcp import TcpTransport

__all__ = ["LiveWorld"]

T = TypeVar("T")


class LiveWorld:
    """The environment of one life of one node on real sockets.

    ``failed`` gets what ended a thread of the node and should not have: a defect, which must come to light.
    """

    def __init__(
        self,
        process: LiveProcess,
        loop: LiveLoop,
        network: LiveNetwork,
        journal: Journal,
        streams: Streams,
        profile: Profile,
        database: Database | None,
        *,
        debug: bool,
        changed: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.profile = profile
        self.life = process.life
        self.database = database
        self.debug = debug
        self._process = process
        self._loop = loop
        self._journal = journal
        self._streams = streams
        self._changed = changed
        self._failed = failed
        self.log = journal_logger(journal, lambda: loop.now_us, process.name, process.life, debug=debug)
        self.transport = TcpTransport(
            ip=process.ip,
            hosts=network.hosts,
            book=network.book,
            log=self.log,
            wall_ms=self.wall_ms,
            spawn=self.spawn,
            record=self.record,
            privileged=process.privileged,
            origin=streams.number("origin", process.key).to_bytes(8, "big"),
            numbers=network.numbers,
            loop=loop,
        )
        process.transport = self.transport

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run a coroutine as a thread; an error that ends only the thread is not passed on unless awaited."""
        task = self._process.spawn(coroutine, name)
        task.add_done_callback(self._bury)
        return task

    def _bury(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, ThreadDeathError):
            self._failed(error)

    def wall_ms(self) -> int:
        """The wall clock in milliseconds; where the loop's clock is faster, so is this one."""
        return self._loop.origin_ns // 1_000_000 + self._loop.now_us // 1000

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def random(self, purpose: str) -> Callable[[], float]:
        """A stream of this node's life."""
        return self._streams.stream("node", self._process.key, purpose)

    def record(self, kind: str, *fields: object) -> None:
        """Put a record into the journal."""
        process = self._process
        self._journal.append((self._loop.now_us, kind, process.name, process.life, *fields))
        if kind in ("state", "view", "group"):
            self._changed()
