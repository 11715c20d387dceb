"""What a simulated node is handed: its process, its transport, its log, its randomness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from itertools import chain
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


def journal_logger(
    journal: Journal,
    now_us: Callable[[], int],
    node: str,
    life: int,
    *,
    debug: bool,
    changed: Callable[[], None] = lambda: None,
) -> FilteringBoundLogger:
    """A structlog logger that writes journal records; text is made only when somebody wants it.

    ``changed`` is called after each. With ``debug`` the lines of that level are kept as well.
    """

    def write(level: str, event: str, context: Mapping[str, Any], params: dict[str, Any]) -> None:
        flat = tuple(chain.from_iterable(params.items()))
        journal.append((now_us(), "log", node, life, event, context.get("component", ""), level, flat))
        changed()

    logger = structlog.wrap_logger(write, wrapper_class=_DebugLogger if debug else _JournalLogger)
    # Bound to nothing yet, but no longer a proxy that reads the configuration at each binding.
    return cast(FilteringBoundLogger, logger.bind())


class _JournalLogger(structlog.BoundLoggerBase):
    """Levels and :meth:`bind`, and no processors in between: a tenth of a run's time would go there."""

    def debug(self, event: str, **params: Any) -> None:
        """Not kept."""

    def info(self, event: str, **params: Any) -> None:
        """What the consoles show."""
        self._logger("INFO", event, self._context, params)

    def warning(self, event: str, **params: Any) -> None:
        """What somebody should look at."""
        self._logger("WARN", event, self._context, params)

    def error(self, event: str, **params: Any) -> None:
        """What went wrong."""
        self._logger("ERROR", event, self._context, params)

    def critical(self, event: str, **params: Any) -> None:
        """What ends a start."""
        self._logger("FATAL", event, self._context, params)


class _DebugLogger(_JournalLogger):
    """The same with the lines of level DEBUG."""

    def debug(self, event: str, **params: Any) -> None:
        """What only developers want to see."""
        self._logger("DEBUG", event, self._context, params)


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
        loop = network.loop
        self.log = journal_logger(
            network.journal, lambda: loop.now_us, process.name, process.life, debug=debug, changed=changed
        )

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run a coroutine as a thread; an error that ends only the thread is not passed on unless awaited."""
        task = self._process.spawn(coroutine, name)
        task.add_done_callback(_bury)
        return task

    def wall_ms(self) -> int:
        """The wall clock in milliseconds."""
        return EPOCH_MS + self._loop.now_us // 1000

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Let virtual time pass."""
        loop = self._loop
        return loop.sleep_until_us(loop.now_us + round(seconds * 1e6))

    def random(self, purpose: str) -> Callable[[], float]:
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
