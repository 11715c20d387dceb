"""What a simulated node is handed: its process, its transport, its log, its randomness."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, MutableMapping
from random import Random
from typing import Any, TypeVar, cast

import structlog
from structlog.typing import FilteringBoundLogger

from wkasim.errors import ThreadDeathError
from wkasim.node.database import Database
from wkasim.profile import Profile
from wkasim.sim.journal import Journal
from wkasim.sim.network import Network
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams
from wkasim.transport.memory import MemoryTransport

__all__ = ["EPOCH_MS", "NodeWorld", "journal_logger"]

T = TypeVar("T")

EPOCH_MS = 1_371_723_072_000
"""The wall clock at virtual time zero: 2013-06-20 10:11:12 UTC, the days of the guide."""

_LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARN", "error": "ERROR", "critical": "FATAL"}


def journal_logger(
    journal: Journal, now_us: Callable[[], int], node: str, life: int, *, debug: bool
) -> FilteringBoundLogger:
    """A structlog logger whose last processor writes a journal record; text is made only when somebody wants it."""

    def to_record(_: object, method: str, event: MutableMapping[str, Any]) -> tuple[tuple[()], dict[str, Any]]:
        name = event.pop("event")
        component = event.pop("component", "")
        params = tuple(item for pair in event.items() for item in pair)
        journal.append((now_us(), "log", node, life, name, component, _LEVELS[method], params))
        return (), {}

    logger = structlog.wrap_logger(
        _Sink(),
        processors=[to_record],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
    )
    return cast(FilteringBoundLogger, logger)


class _Sink:
    """Where structlog hands over what the processor has already written down."""

    def info(self) -> None:
        """Nothing is left to do."""

    debug = warning = error = critical = info


class NodeWorld:
    """The environment of one life of one node in the simulated world."""

    def __init__(
        self,
        process: Process,
        network: Network,
        streams: Streams,
        profile: Profile,
        database: Database | None,
        *,
        debug: bool,
        changed: Callable[[], None],
    ) -> None:
        self.profile = profile
        self.life = process.life
        self.database = database
        self.debug = debug
        self.transport = MemoryTransport(network, process)
        self._process = process
        self._loop = network.loop
        self._append = network.journal.append
        self._streams = streams
        self._changed = changed
        self.log = journal_logger(network.journal, lambda: self._loop.now_us, process.name, process.life, debug=debug)

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run a coroutine as a thread; an error that ends only the thread is not passed on unless awaited."""
        task = self._process.spawn(coroutine, name)
        task.add_done_callback(_bury)
        return task

    def wall_ms(self) -> int:
        """The wall clock in milliseconds."""
        return EPOCH_MS + self._loop.now_us // 1000

    def random(self, purpose: str) -> Random:
        """A stream of this node's life."""
        return self._streams.stream("node", self._process.key, purpose)

    def record(self, kind: str, *fields: object) -> None:
        """Put a record into the journal."""
        process = self._process
        self._append((self._loop.now_us, kind, process.name, process.life, *fields))
        if kind != "timer":
            self._changed()


def _bury(task: asyncio.Task[Any]) -> None:
    """Mark as seen what ended only its thread."""
    if not task.cancelled() and isinstance(error := task.exception(), ThreadDeathError):
        del error
    elif not task.cancelled() and task.exception() is not None:
        # Anything else is a defect of wkasim itself and must come to light.
        raise cast(BaseException, task.exception())
