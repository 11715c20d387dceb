"""Java's monitors as the node code needs them: a lock that its holder may take again, and wait with notify.

Who holds a lock matters to the protocol: a thread that waits 15 seconds for a coordination message while it holds the
failure detector's lock stops every other check of that node (docs/protocol.md, defects D14 and D15).

Quirk: a monitor is not fair. Who arrives while it is taken is put on a stack; when it is released and nobody is left in
the line of those who are next, the stack becomes that line, most recent first. So of four members that join a load
balancer while it admits a fifth, the last comes next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Final

__all__ = ["Monitor"]


class _Done:
    """What to await where there is nothing to wait for; a coroutine would cost more than all the rest."""

    def __await__(self) -> Any:  # noqa: ANN401  # A generator by the book; any iterator will do.
        return _AT_END


_AT_END: Final[Any] = iter(())
_DONE: Final = _Done()


class Monitor:
    """A reentrant lock with the hand-over order of the HotSpot JVM, and :meth:`wait` and :meth:`notify_all`."""

    def __init__(self, wake: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        self._wake = wake  # what it costs to wake a thread that waited
        self._owner: asyncio.Task[object] | None = None
        self._depth = 0
        self._arrived: list[asyncio.Future[None]] = []
        self._next: deque[asyncio.Future[None]] = deque()
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._owner is not None

    def __aenter__(self) -> Awaitable[None]:
        me = asyncio.current_task()
        if self._owner is None:
            self._owner = me
            self._depth = 1
        elif self._owner is me:
            self._depth += 1
        else:
            return self._acquire(me, 1)
        return _DONE

    def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> Awaitable[None]:
        self._depth -= 1
        if self._depth == 0:
            self._release()
        return _DONE

    async def _acquire(self, me: asyncio.Task[object] | None, depth: int) -> None:
        while self._owner is not None:
            turn = asyncio.get_running_loop().create_future()
            self._arrived.append(turn)
            await turn
            if self._wake is not None:
                await self._wake()
        self._owner = me
        self._depth = depth

    def _release(self) -> None:
        self._owner = None
        if not self._next:
            self._next.extend(reversed(self._arrived))
            self._arrived.clear()
        while self._next:
            turn = self._next.popleft()
            if not turn.done():
                turn.set_result(None)
                break

    async def wait(self, timeout_s: float) -> bool:
        """Let go of the lock until notified or until the time is over, then take it again; say whether notified."""
        depth, self._depth = self._depth, 0
        self._release()
        notified = asyncio.get_running_loop().create_future()
        self._waiting.append(notified)
        try:
            async with asyncio.timeout(timeout_s):
                await notified
        except TimeoutError:
            self._waiting = [future for future in self._waiting if future is not notified]
            result = False
        else:
            result = True
        await self._acquire(asyncio.current_task(), depth)
        return result

    def notify_all(self) -> None:
        """Wake everybody who waits."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
