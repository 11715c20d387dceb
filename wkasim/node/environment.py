"""What a node is handed from outside: a transport, a clock, randomness, a log, and threads to run on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from structlog.typing import FilteringBoundLogger

from wkasim.profile import Pace, Profile
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
    def transport(self) -> Transport:
        """The network."""

    @property
    def database(self) -> Database | None:
        """The central database, if there is one."""

    @property
    def log(self) -> FilteringBoundLogger:
        """A structlog logger, bound to the node; bind ``component`` and log catalogue events."""

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run a coroutine as a thread of the node."""

    def wall_ms(self) -> int:
        """The node's wall clock in milliseconds."""

    def random(self, purpose: str) -> Random:
        """A stream of random numbers of this node and life."""

    def record(self, kind: str, *fields: object) -> None:
        """Put a record other than a log line into the journal."""


class Pacer:
    """Takes the time that a step of the Java code takes."""

    def __init__(self, random: Random) -> None:
        self._random = random.random

    async def take(self, pace: Pace) -> None:
        """Wait for a time drawn from the range; times near its lower end are likelier, as they are in recordings."""
        least, most = pace
        share = self._random()
        await asyncio.sleep((least + share * share * (most - least)) / 1000)
