"""A process of the simulated world: what runs in it can be stopped dead, or frozen and thawed.

A frozen process (SIGSTOP) takes no step, whatever comes due: every task of it runs behind a gate that holds back the
next step until the process goes on. A killed one takes no step ever again. Node code knows nothing of either.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

__all__ = ["Process"]

T = TypeVar("T")


class Process:
    """The tasks of one life of one node.

    ``key`` names the process in random streams (configured address and life number).
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, life: int, ip: str, key: str) -> None:
        self.loop = loop
        self.name = name
        self.life = life
        self.ip = ip
        self.key = key
        self.privileged = True
        self.alive = True
        self.frozen = False
        self.inbox: deque[Callable[[], None]] = deque()
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._thaw: asyncio.Future[None] | None = None

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run the coroutine as a thread of this process."""
        if not self.alive:
            coroutine.close()
            raise asyncio.CancelledError
        task: asyncio.Task[T] = self.loop.create_task(self._gated(coroutine), name=f"{self.name}.{name}")
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    def kill(self) -> None:
        """Take no step ever again."""
        self.alive = False
        self.frozen = False
        self.inbox.clear()
        if self._thaw is not None:
            self._thaw.cancel()
            self._thaw = None
        current = asyncio.current_task(self.loop) if self.loop.is_running() else None
        for task in list(self._tasks):
            if task is not current:
                task.cancel()

    def freeze(self) -> None:
        """Take no step until :meth:`thaw`."""
        self.frozen = True

    def thaw(self) -> None:
        """Go on: first what waits in the sockets, then the tasks."""
        self.frozen = False
        if self._thaw is not None:
            self._thaw.set_result(None)
            self._thaw = None
        while self.inbox and self.alive and not self.frozen:
            self.inbox.popleft()()

    @types.coroutine
    def _gated(self, coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Drive the coroutine; while the process is frozen, hold back its next step.

        A cancellation that comes while frozen (a time-out that ran off) is delivered when the process goes on.
        """
        error: BaseException | None = None
        while True:
            while self.frozen:
                if self._thaw is None:
                    self._thaw = self.loop.create_future()
                try:
                    yield from asyncio.shield(self._thaw)
                except asyncio.CancelledError as cancelled:
                    error = error or cancelled
            try:
                waited = coroutine.send(None) if error is None else coroutine.throw(error)
            except StopIteration as stop:
                result: T = stop.value
                return result
            error = None
            try:
                yield waited
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as raised:
                error = raised
