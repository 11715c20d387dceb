"""VirtualTimeLoop: an asyncio event loop whose clock jumps to the next thing that can happen.

Time is an integer of microseconds; seconds appear only at the edges (:meth:`VirtualTimeLoop.time` and whatever
asyncio hands in). The order of events is ``(deadline, sequence number)`` and nothing else, so equal deadlines run
first come, first served; stock asyncio does not promise that. When nothing can happen any more while a task still
waits, the run ends at once and says who waits for what: a simulation never hangs.

The heap holds plain tuples ``(when_us, sequence, function, argument)``. A message delivery goes in through
:meth:`VirtualTimeLoop.deliver_at` and costs one push and one pop; everything that may be cancelled is a
:class:`VirtualTimer`, whose cancelled remains are swept out when they are more than half of the heap.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import inspect
import sys
from asyncio import events
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from types import TracebackType
from typing import Any, Final, NoReturn, TypeVar

from wkasim.errors import WkasimError

__all__ = ["BudgetExceededError", "DeadlockError", "VirtualTimeLoop", "VirtualTimer"]

MICROSECONDS: Final = 1_000_000
DEFAULT_MAX_STEPS: Final = 2_000_000_000
_SWEEP_AT_LEAST: Final = 64

T = TypeVar("T")


class DeadlockError(WkasimError):
    """Nothing can happen any more and a task still waits; the message says who waits for what."""


class BudgetExceededError(WkasimError):
    """The run used more steps or more virtual time than it was allowed."""


class _StopRun(BaseException):
    """Raised inside the loop to leave it; never seen outside."""


class VirtualHandle(asyncio.Handle):
    """A callback that runs as soon as possible."""

    __slots__ = ()

    def _run(self) -> None:
        run_callback(self)

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], loop: VirtualTimeLoop, context: contextvars.Context | None
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = context if context is not None else contextvars.copy_context()
        self._loop = loop
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class VirtualTimer(asyncio.TimerHandle):
    """A callback that runs at a virtual time; cancelling it is cheap and leaves nothing behind for long."""

    __slots__ = ()

    def _run(self) -> None:
        run_callback(self)

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: VirtualTimeLoop,
        context: contextvars.Context | None,
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = context if context is not None else contextvars.copy_context()
        self._loop = loop
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = True

    def cancel(self) -> None:
        """Make sure the callback does not run."""
        if not self._cancelled:
            self._cancelled = True
            self._callback = _nothing
            self._args = ()
            if self._scheduled:
                self._loop._timer_handle_cancelled(self)  # type: ignore[attr-defined]


def run_callback(handle: asyncio.Handle) -> None:
    """Run one callback; what it raises goes to the loop, except what is meant to end the run."""
    try:
        handle._context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]
    except (SystemExit, KeyboardInterrupt, _StopRun):
        raise
    except BaseException as error:
        context = {"message": f"exception in callback {handle._callback!r}", "exception": error}  # type: ignore[attr-defined]
        handle._loop.call_exception_handler(context)  # type: ignore[attr-defined]


def _nothing() -> None:
    """Stands where a cancelled callback stood, so that what it held is freed at once."""


def _stop(_: object) -> NoReturn:
    raise _StopRun


class VirtualTimeLoop(asyncio.AbstractEventLoop):
    """An asyncio event loop on virtual time; ``asyncio.Runner(loop_factory=VirtualTimeLoop)`` works.

    ``max_steps`` bounds how many callbacks one loop may run, ``max_time_s`` how far its clock may go; both raise
    :class:`BudgetExceededError`. An exception in a task that nobody awaited, or in a plain callback, ends the run
    as an ExceptionGroup: it is never lost. There are no threads and no sockets here.
    """

    def __init__(self, *, max_steps: int = DEFAULT_MAX_STEPS, max_time_s: float | None = None) -> None:
        self.now_us: int = 0
        self.steps: int = 0
        self.max_steps = max_steps
        self._limit_us = None if max_time_s is None else round(max_time_s * MICROSECONDS)
        self._ready: deque[asyncio.Handle] = deque()
        self._heap: list[tuple[int, int, Callable[[Any], object], Any]] = []
        self._sequence = 0
        self._cancelled_timers = 0
        self._running = False
        self._closed = False
        self._debug = False
        self._handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None
        self._task_factory: Any = None
        self._failures: list[BaseException] = []
        self._ended_badly: list[asyncio.Task[Any]] = []
        self._asyncgens: list[AsyncGenerator[Any, Any]] = []

    # Time and timers

    def time(self) -> float:
        """Virtual time in seconds since the loop was made."""
        return self.now_us / MICROSECONDS

    def deliver_at(self, when_us: int, function: Callable[[Any], object], argument: Any) -> None:  # noqa: ANN401
        """Call ``function(argument)`` at ``when_us``; the fast path, which cannot be cancelled.

        An exception of the function ends the run at once.
        """
        self._sequence += 1
        heapq.heappush(self._heap, (when_us, self._sequence, function, argument))

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Run the callback before the clock moves again, after what is already waiting."""
        handle = VirtualHandle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """The same as :meth:`call_soon`: there are no other threads here."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback ``delay`` seconds from now; a delay below zero counts as zero."""
        return self._call_at_us(self.now_us + max(0, round(delay * MICROSECONDS)), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback at virtual time ``when`` in seconds; a time that is past counts as now."""
        return self._call_at_us(max(self.now_us, round(when * MICROSECONDS)), callback, args, context)

    def _call_at_us(
        self, when_us: int, callback: Callable[..., object], args: tuple[Any, ...], context: contextvars.Context | None
    ) -> VirtualTimer:
        timer = VirtualTimer(when_us / MICROSECONDS, callback, args, self, context)
        self._sequence += 1
        heapq.heappush(self._heap, (when_us, self._sequence, self._fire, timer))
        return timer

    def _fire(self, timer: VirtualTimer) -> None:
        timer._scheduled = False
        if timer._cancelled:
            self._cancelled_timers -= 1
        else:
            timer._run()  # type: ignore[attr-defined]

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._cancelled_timers += 1
        if self._cancelled_timers > _SWEEP_AT_LEAST and 2 * self._cancelled_timers > len(self._heap):
            # In place: the running loop holds on to this very list.
            self._heap[:] = [entry for entry in self._heap if not _is_cancelled(entry[3])]
            heapq.heapify(self._heap)
            self._cancelled_timers = 0

    @property
    def pending(self) -> int:
        """How many events wait in the heap, cancelled ones included until they are swept out."""
        return len(self._heap)

    # Running

    def run_until_complete(self, future: Any) -> Any:  # noqa: ANN401
        """Run until the future is done and return its result.

        Raises DeadlockError when nothing can happen any more before that.
        """
        self._check_usable()
        task: asyncio.Future[Any] = (
            future if asyncio.isfuture(future) else self.create_task(future, name="main")
        )
        task.add_done_callback(_stop_on_done)
        try:
            self._run(task, None)
        finally:
            task.remove_done_callback(_stop_on_done)
        if task in self._ended_badly:
            self._ended_badly.remove(task)  # type: ignore[arg-type]
        try:
            return task.result()
        finally:
            if sys.exc_info()[1] is None:
                self.raise_failures()

    def run_until_us(self, when_us: int) -> None:
        """Run everything due up to and including ``when_us``, then set the clock there."""
        self._check_usable()
        self._sequence += 1
        # The largest sequence number sorts the stop behind everything due at the same time.
        heapq.heappush(self._heap, (when_us, sys.maxsize, _stop, None))
        self._run(None, when_us)
        self.raise_failures()

    def run_forever(self) -> None:
        """Run until :meth:`stop` is called or nothing can happen any more."""
        self._check_usable()
        self._run(None, None)
        self.raise_failures()

    def _run(self, until: asyncio.Future[Any] | None, limit_us: int | None) -> None:
        self._running = True
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._asyncgens.append)
        previous = events._get_running_loop()
        events._set_running_loop(self)
        try:
            self._spin(until, limit_us)
        except _StopRun:
            pass
        finally:
            events._set_running_loop(previous)
            sys.set_asyncgen_hooks(*hooks)
            self._running = False

    def _spin(self, until: asyncio.Future[Any] | None, limit_us: int | None) -> None:
        ready, heap, pop = self._ready, self._heap, heapq.heappop
        limit = self._limit_us
        steps = 0
        try:
            for steps in range(self.max_steps - self.steps):
                if ready:
                    handle = ready.popleft()
                    if not handle._cancelled:
                        handle._run()
                elif heap:
                    when, _, function, argument = pop(heap)
                    if limit is not None and when > limit:
                        self._exceeded(f"virtual time ran past the budget of {limit / MICROSECONDS:g} s")
                    self.now_us = when
                    function(argument)
                elif until is not None:
                    raise DeadlockError(self._who_waits())
                else:
                    return
            self._exceeded(f"more than {self.max_steps} steps were needed by {self.time():.6f} s of virtual time")
        finally:
            self.steps += steps + 1

    def _exceeded(self, why: str) -> NoReturn:
        raise BudgetExceededError(f"{why}; waiting tasks:\n{self._who_waits()}")

    def stop(self) -> None:
        """Leave the running loop before its next step."""
        self._ready.appendleft(VirtualHandle(_stop, (None,), self, None))

    def is_running(self) -> bool:
        """Whether the loop runs right now."""
        return self._running

    def is_closed(self) -> bool:
        """Whether the loop was closed."""
        return self._closed

    def close(self) -> None:
        """Forget everything that was planned; the loop cannot be used any more."""
        if self._running:
            raise RuntimeError("cannot close a running loop")
        self._closed = True
        self._ready.clear()
        self._heap.clear()

    def _check_usable(self) -> None:
        if self._closed:
            raise RuntimeError("the loop is closed")
        if self._running:
            raise RuntimeError("the loop is already running")

    # Futures, tasks and their failures

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: contextvars.Context | None = None, **_: Any
    ) -> asyncio.Task[Any]:
        """Start the coroutine; its exception ends the run unless somebody awaits the task."""
        if self._task_factory is not None:
            task: asyncio.Task[Any] = self._task_factory(self, coro, context=context)
            if name is not None:
                task.set_name(name)
        else:
            task = asyncio.Task(coro, loop=self, name=name, context=context)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[Any]) -> None:
        # The flag says, without setting it, whether an exception waits to be retrieved.
        if not task.cancelled() and task._log_traceback:  # type: ignore[attr-defined]
            self._ended_badly.append(task)

    def raise_failures(self) -> None:
        """Raise what failed in the background as one ExceptionGroup; nothing if nothing did."""
        lost = [task for task in self._ended_badly if task._log_traceback]  # type: ignore[attr-defined]
        self._ended_badly.clear()
        failures = self._failures + [e for task in lost if (e := task.exception()) is not None]
        self._failures = []
        if failures:
            raise BaseExceptionGroup("exceptions that nobody awaited", failures)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep the exception for :meth:`raise_failures`, or hand it to the handler that was set."""
        if self._handler is not None:
            self._handler(self, context)
        elif isinstance(exception := context.get("exception"), BaseException):
            if not (isinstance(task := context.get("task"), asyncio.Task) and task in self._ended_badly):
                self._failures.append(exception)
        elif "message" in context and "future" in context:
            self._failures.append(WkasimError(str(context["message"])))

    default_exception_handler = call_exception_handler

    def set_exception_handler(
        self, handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None
    ) -> None:
        """As asyncio has it."""
        self._handler = handler

    def get_exception_handler(self) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None:
        """As asyncio has it."""
        return self._handler

    def set_task_factory(self, factory: Any) -> None:  # noqa: ANN401
        """As asyncio has it."""
        self._task_factory = factory

    def get_task_factory(self) -> Any:  # noqa: ANN401
        """As asyncio has it."""
        return self._task_factory

    def get_debug(self) -> bool:
        """Debug mode changes nothing here."""
        return self._debug

    def set_debug(self, enabled: bool) -> None:
        """Debug mode changes nothing here."""
        self._debug = enabled

    # Shutting down, as asyncio.Runner does it

    async def shutdown_asyncgens(self) -> None:
        """Close the asynchronous generators that were begun on this loop."""
        generators, self._asyncgens[:] = list(self._asyncgens), []
        for generator in generators:
            await generator.aclose()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is no executor here."""

    def _who_waits(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        lines = [f"  {_describe_wait(task)}" for task in tasks if not task.done()]
        return "nothing can happen any more, but these tasks wait:\n" + "\n".join(lines or ["  (none)"])

    def __enter__(self) -> VirtualTimeLoop:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if not self._closed:
            self.close()


def _stop_on_done(_: asyncio.Future[Any]) -> NoReturn:
    raise _StopRun


def _is_cancelled(argument: object) -> bool:
    return isinstance(argument, VirtualTimer) and argument._cancelled


def _describe_wait(task: asyncio.Task[Any]) -> str:
    """Name the task, the place where it stands and the thing it waits for."""
    frames: list[str] = []
    awaited: object = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            where = frame.f_code.co_filename.rsplit("/", 1)[-1]
            frames.append(f"{frame.f_code.co_qualname} ({where}:{frame.f_lineno})")
        following = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
        if following is None and inspect.isgenerator(awaited) and frame is not None:
            following = frame.f_locals.get("coroutine")
        awaited = following
    return f"{task.get_name()}: {' > '.join(frames) or 'not begun'}"
