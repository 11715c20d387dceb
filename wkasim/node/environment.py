"""What a node is handed from outside: a transport, a clock, randomness, a log, and threads to run on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from structlog.typing import FilteringBoundLogger

from wkasim.profile import Profile
from wkasim.transport.base import Transport

if TYPE_CHECKING:
    from wkasim.node.database import Database

__all__ = ["Environment", "Pacer"]

T = TypeVar("T")


class Environment(Protocol):
    """The world as one life of one node sees it."""

    @property
    def profile(self) -> Profile:
        """How this revision behaves."""

    @property
    def life(self) -> int:
        """Which run of the node's process this is, counted from 1."""

    @property
    def transport(self) -> Transport:
        """The network."""

    @property
    def database(self) -> Database | None:
        """The central database, if there is one."""

    @property
    def log(self) -> FilteringBoundLogger:
        """A structlog logger, bound to the node; bind ``component`` and log catalogue events."""

    @property
    def debug(self) -> bool:
        """Whether lines at DEBUG are kept; those whose values are dear to make are not made otherwise."""

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run a coroutine as a thread of the node."""

    def wall_ms(self) -> int:
        """The node's wall clock in milliseconds."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass; ``asyncio.sleep`` would be dearer under virtual time."""

    def random(self, purpose: str) -> Callable[[], float]:
        """A stream of random numbers of this node and life, each at least 0 and below 1."""

    def record(self, kind: str, *fields: object) -> None:
        """Put a record other than a log line into the journal."""


class Pacer:
    """Takes the time that a step of the Java code takes.

    Every kind of step draws from a stream of its own, so one step more of one kind moves no other.
    """

    def __init__(self, environment: Environment, slowness: float = 1.0) -> None:
        self._environment = environment
        self._slowness = slowness
        self._streams: dict[str, Callable[[], float]] = {}
        self._once: dict[str, asyncio.Future[None]] = {}

    async def take(self, step: str) -> None:
        """Wait for a time drawn from the profile's range ``pace_<step>``, in which short times are likelier."""
        await self._environment.sleep(self._draw(step))

    async def take_at_start(self, step: str) -> None:
        """The same for a step before the node is in the cluster, in which a loaded machine shows most."""
        await self._environment.sleep(self._draw(step) * self._slowness)

    def _draw(self, step: str) -> float:
        draw = self._streams.get(step)
        if draw is None:
            draw = self._streams[step] = self._environment.random(f"pace/{step}")
        least, most = getattr(self._environment.profile, f"pace_{step}")
        share = draw()
        return (least + share * share * (most - least)) / 1000  # type: ignore[no-any-return]

    async def take_once(self, step: str) -> None:
        """The same for a step that takes its time once in a process's life, such as loading classes; others wait."""
        taken = self._once.get(step)
        if taken is None:
            taken = self._once[step] = asyncio.get_running_loop().create_future()
            await self.take(step)
            taken.set_result(None)
        elif not taken.done():
            await taken
