"""An ordinary event loop whose clock may run faster than the one on the wall.

All timings of a node are sleeps and time-outs on its loop. So a loop that counts ten seconds while one passes divides
every timing by ten, and no node has to know. What real sockets take is not divided: it weighs ten times as much.

The stock selector waits in whole milliseconds. A step of the Java code that takes a tenth of one would take ten times
its time then, and steps that follow one another would come at once. Here waits are exact to some microseconds.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import time
from collections.abc import Callable
from typing import Any, Final

from wkasim.errors import InputError

__all__ = ["FASTEST", "LiveLoop", "check_speed"]

FASTEST: Final = 1000.0
"""The greatest speed; beyond it nothing is left of the order of things."""

_DRAIN_US: Final = 1000


def check_speed(speed: float) -> None:
    """Raise InputError for a speed that makes no sense."""
    if not 0 < speed <= FASTEST:
        raise InputError(f"a speed of {speed:g} makes no sense; it is above 0 and at most {FASTEST:g}")


class _ExactSelector(selectors.EpollSelector):
    """Waits for a time of the loop's clock, to the microsecond."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, after ``timeout`` seconds of the loop's clock at most."""
        if timeout is not None and timeout > 0:
            # An epoll object is itself a file that can be waited for, and this wait is exact.
            poll = self.fileno()
            select.select([poll], [], [], timeout / self._speed)
            timeout = 0
        return super().select(timeout)


class LiveLoop(asyncio.SelectorEventLoop):
    """An event loop at ``speed`` times the pace of the wall's clock; its time begins at 0.

    It has the face of :class:`wkasim.sim.loop.VirtualTimeLoop` that a cluster uses: its time in microseconds, calls at
    a time, and running until a time. ``origin_ns`` is when the first of several such loops in several processes was
    made (epoch nanoseconds), so that their calendars agree. Raises InputError for a speed that makes no sense.
    """

    _closed = True  # Until it is made; a loop that was never made has nothing to close.

    def __init__(self, speed: float = 1.0, origin_ns: int = 0) -> None:
        check_speed(speed)
        self.speed = speed
        self._origin = time.monotonic()
        now_ns = time.time_ns()  # noqa: TID251 - the node's calendar begins with the real one
        self.origin_ns = origin_ns + round((now_ns - origin_ns) * speed) if origin_ns else now_ns
        super().__init__(_ExactSelector(speed))

    def time(self) -> float:
        """Seconds since the loop was made, by its own clock."""
        return (time.monotonic() - self._origin) * self.speed

    @property
    def now_us(self) -> int:
        """The same in microseconds."""
        return round(self.time() * 1e6)

    def deliver_at(self, at_us: int, callback: Callable[[Any], object], item: Any) -> None:  # noqa: ANN401
        """Call back with the item at that time."""
        self.call_at(at_us / 1e6, callback, item)

    def run_until_us(self, target_us: int) -> None:
        """Run until that time of the loop's clock, or until the loop is stopped."""
        # A run that must not take time, such as the last one of a cluster, still lets what is ready happen.
        handle = self.call_at(max(target_us, self.now_us + _DRAIN_US) / 1e6, self.stop)
        try:
            self.run_forever()
        finally:
            handle.cancel()
