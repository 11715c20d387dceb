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

    ``place`` is the node's configured address, ``key`` that and the life number; both name random streams. ``inbox``
    keeps what came out of the network while the process was frozen, ``freezes`` counts how often it was, and
    ``stopped`` says that it is frozen or dead; ``on_change`` is called when that changes.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, life: int, ip: str, place: str) -> None:
        self.loop = loop
        self.name = name
        self.life = life
        self.ip = ip
        self.place = place
        self.key = f"{place}/{life}"
        self.privileged = True
        self.alive = True
        self.frozen = False
        self.stopped = False
        self.on_change: Callable[[], None] | None = None
        self.freezes = 0
        self.inbox: deque[Callable[[], None]] = deque()
        self._tasks: dict[asyncio.Task[Any], Coroutine[Any, Any, Any]] = {}
        self._gates: list[asyncio.Future[None]] = []

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run the coroutine as a thread of this process."""
        if not self.alive:
            coroutine.close()
            raise asyncio.CancelledError
        task: asyncio.Task[T] = self.loop.create_task(self._run(coroutine), name=f"{self.name}.{name}")
        self._tasks[task] = coroutine
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        # Without this a coroutine that was killed before its first step would complain that nobody awaited it.
        self._tasks.pop(task).close()

    def die(self) -> None:
        """Be dead to the world; the tasks end with :meth:`kill`."""
        self.alive = False
        self.frozen = False
        self._stop(True)

    def _stop(self, stopped: bool) -> None:
        self.stopped = stopped
        if self.on_change is not None:
            self.on_change()

    def kill(self) -> None:
        """Take no step ever again; the step that called this, if it is one of this process, is its last."""
        self.die()
        self.inbox.clear()
        current = asyncio.current_task(self.loop)
        for task in list(self._tasks):
            if task is not current:
                task.cancel()

    def freeze(self) -> None:
        """Take no step until :meth:`thaw`."""
        if not self.stopped:
            self.frozen = True
            self.freezes += 1
            self._stop(True)

    def thaw(self) -> None:
        """Go on: first what waits in the sockets, then the tasks, in the order in which they wanted to."""
        if not self.frozen:
            return
        self.frozen = False
        self._stop(False)
        gates, self._gates = self._gates, []
        for gate in gates:
            if not gate.done():
                gate.set_result(None)
        while self.inbox and self.alive and not self.frozen:
            self.inbox.popleft()()

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return await self._gated(coroutine)

    @types.coroutine
    def _gated(self, driven_coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Drive the coroutine; hold back its next step while the process is frozen, end it when it is dead.

        A cancellation that comes while frozen (a time-out that ran off) is delivered when the process goes on.
        """
        error: BaseException | None = None
        try:
            while True:
                while self.frozen:
                    gate = self.loop.create_future()
                    self._gates.append(gate)
                    try:
                        yield from gate
                    except asyncio.CancelledError as cancelled:
                        error = error or cancelled
                if not self.alive:
                    raise asyncio.CancelledError
                try:
                    waited = driven_coroutine.send(None) if error is None else driven_coroutine.throw(error)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                if not self.alive:
                    raise asyncio.CancelledError
                error = None
                try:
                    yield waited
                except GeneratorExit:
                    raise
                except BaseException as raised:
                    error = raised
        finally:
            driven_coroutine.close()
