"""Callbacks that wait for their turn on virtual time: as soon as possible, or at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wkasim.sim.loop import VirtualTimeLoop

__all__ = ["StopRun", "VirtualHandle", "VirtualTimer"]


class StopRun(BaseException):
    """Raised inside a loop to leave it; never seen outside."""


def _nothing() -> None:
    """Stands where a cancelled callback stood, so that what it held is freed at once."""


class VirtualHandle(asyncio.Handle):
    """A callback that runs as soon as possible.

    The base class's constructor is not called: it would ask for a debug mode that is not there, at a third of the
    cost of a callback.
    """

    __slots__ = ()
    _callback: Callable[..., object]
    _args: tuple[Any, ...]
    _context: Context
    _loop: VirtualTimeLoop

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], loop: VirtualTimeLoop, context: Context | None
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._cancelled = False
        self._repr = None
        self._source_traceback = None

    def cancel(self) -> None:
        """Make sure the callback does not run."""
        self._cancelled = True
        self._callback = _nothing
        self._args = ()

    def _run(self) -> None:
        try:
            self._context.run(self._callback, *self._args)
        except (SystemExit, KeyboardInterrupt, StopRun):
            raise
        except BaseException as error:
            self._loop.callback_failed(self, error)


class VirtualTimer(asyncio.TimerHandle):
    """A callback that runs at a virtual time; cancelling it is cheap and leaves nothing behind for long."""

    __slots__ = ()
    _callback: Callable[..., object]
    _args: tuple[Any, ...]
    _context: Context
    _loop: VirtualTimeLoop
    _scheduled: bool

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: VirtualTimeLoop,
        context: Context | None,
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = False

    def cancel(self) -> None:
        """Make sure the callback does not run."""
        if not self._cancelled:
            self._cancelled = True
            self._callback = _nothing
            self._args = ()
            if self._scheduled:
                self._loop.timer_cancelled()

    def _run(self) -> None:
        try:
            self._context.run(self._callback, *self._args)
        except (SystemExit, KeyboardInterrupt, StopRun):
            raise
        except BaseException as error:
            self._loop.callback_failed(self, error)
