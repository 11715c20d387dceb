"""VirtualTimeLoop: an asyncio event loop whose clock jumps to the next thing that can happen.

Time is an integer of microseconds; seconds appear only at the edges (:meth:`VirtualTimeLoop.time` and whatever
asyncio hands in). The order of events is ``(deadline, sequence number)`` and nothing else, so equal deadlines run
first come, first served; stock asyncio does not promise that. When nothing can happen any more while somebody still
waits, the run ends at once and says who waits for what: a simulation never hangs.

An event is a tuple: a function, which is called with the event itself, and whatever that function wants to find in
it. The heap holds nothing but the times, which are compared twice as fast as tuples that begin with them; the event
of a time lies in a dictionary, or a queue of events where several have the same. A message delivery costs one push
and one pop. Everything that may be cancelled is a :class:`VirtualTimer`, whose cancelled remains are swept out when
there are half as many as other events.

Nothing that goes wrong is lost. An exception in a plain callback or in a delivery leaves the run at once. One in a
task that nobody has awaited by then leaves it at its end, in an ExceptionGroup; closing the loop is the last end.
"""

from __future__ import annotations

import asyncio
import math
import sys
import weakref
from asyncio import events
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterable
from contextvars import Context
from heapq import heappop, heappush
from itertools import repeat
from operator import length_hint
from types import TracebackType
from typing import Any, Final, NoReturn, TypeAlias, TypeVar, TypeVarTuple

from wkasim.errors import WkasimError
from wkasim.sim.absent import NothingOutside
from wkasim.sim.handles import StopRun, VirtualHandle, VirtualTimer
from wkasim.sim.waiting import who_waits

__all__ = ["BudgetExceededError", "DeadlockError", "Event", "VirtualTimeLoop"]

MICROSECONDS: Final = 1_000_000
DEFAULT_MAX_STEPS: Final = 2_000_000_000
_NEVER_US: Final = sys.maxsize
_SWEEP_AT_LEAST: Final = 64
_STEPS_TO_CLOSE: Final = 100_000
_SKIPS: Final = 1024

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Event: TypeAlias = tuple[Any, ...]
"""A function, which is called with the event itself, and what it wants to find there."""
_Context: TypeAlias = dict[str, Any]
_ExceptionHandler: TypeAlias = Callable[[asyncio.AbstractEventLoop, _Context], object]


class DeadlockError(WkasimError):
    """Nothing can happen any more and somebody still waits; the message says who waits for what."""


class BudgetExceededError(WkasimError):
    """The run needed more steps or more virtual time than it was allowed."""


class VirtualTimeLoop(NothingOutside):
    """An asyncio event loop on virtual time; ``asyncio.Runner(loop_factory=VirtualTimeLoop)`` works.

    ``max_steps`` bounds how many callbacks one loop may run, ``max_time_s`` how far its clock may go; both raise
    :class:`BudgetExceededError`. It may run while another loop of the thread runs, as an ordinary synchronous call.
    """

    def __init__(self, *, max_steps: int = DEFAULT_MAX_STEPS, max_time_s: float | None = None) -> None:
        self.now_us: int = 0
        self.steps: int = 0
        self.max_steps = max_steps
        self._limit_us = _NEVER_US if max_time_s is None else round(max_time_s * MICROSECONDS)
        self._ready: deque[VirtualHandle] = deque()
        # Open to the network, which plans deliveries itself: a call for each would cost a twentieth of them.
        self.times: list[int] = []
        self.events: dict[int, Event] = {}
        self._cancelled_timers = 0
        self._sweep_above = _SWEEP_AT_LEAST
        self._running = False
        self._runs_until_us = -1
        self._skips = 0
        self._closed = False
        self._debug = False
        self._handler: _ExceptionHandler | None = None
        self._task_factory: Callable[..., Any] | None = None
        # Held fast: what the garbage collector does to a forgotten task, and when, would not be repeatable.
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._tasks_made = 0
        self._failures: list[BaseException] = []
        self._ended_badly: list[asyncio.Task[Any]] = []
        self._generators: dict[int, weakref.ref[AsyncGenerator[Any, Any]]] = {}
        self._generators_begun = 0

    # Time and timers

    def time(self) -> float:
        """Virtual time in seconds since the loop was made."""
        return self.now_us / MICROSECONDS

    def deliver_at(self, when_us: int, function: Callable[[T], object], argument: T) -> None:
        """Call ``function(argument)`` at ``when_us``, which must not be past; this cannot be cancelled."""
        self.plan(when_us, (_call, function, argument))

    def plan(self, when_us: int, event: Event) -> None:
        """Call ``event[0](event)`` at ``when_us``, which must not be past, after what is planned for then already."""
        assert when_us >= self.now_us, f"{when_us} us is past at {self.now_us} us"
        planned = self.events.get(when_us)
        if planned is None:
            self.events[when_us] = event
            heappush(self.times, when_us)
        elif planned[0] == self._next_of_several:
            planned[1].append(event)
        else:
            self.events[when_us] = (self._next_of_several, deque((planned, event)))

    def _next_of_several(self, several: Event) -> None:
        """Take the first of the events of this time, and leave the others planned, so that a run may end here."""
        queue: deque[Event] = several[1]
        event = queue.popleft()
        self.events[self.now_us] = several if len(queue) > 1 else queue[0]
        heappush(self.times, self.now_us)
        event[0](event)

    def skip_to(self, when_us: int) -> bool:
        """Move the clock to ``when_us`` at once if nothing else can happen up to then; otherwise False.

        For a task that would wait until then: where only it would wake, it goes on as if it had waited, without the
        future, the event and the turns of the loop, and no journal can tell the difference. After so many waits all
        are refused until one goes through the loop, so that what only ever waits still uses up the budget of steps.
        """
        assert when_us >= self.now_us, f"{when_us} us is past at {self.now_us} us"
        times = self.times
        if self._ready or (times and times[0] <= when_us) or when_us > self._runs_until_us or self._skips == _SKIPS:
            return False
        self._skips += 1
        self.now_us = when_us
        return True

    async def sleep_until_us(self, when_us: int) -> None:
        """Let the task wait until ``when_us``; the same as ``asyncio.sleep`` without a timer to cancel."""
        if not self.skip_to(when_us):
            self._skips = 0
            future = self.create_future()
            self.plan(when_us, (_wake, future))
            await future

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run the callback before the clock moves again, after what is already waiting."""
        if self._closed:
            raise RuntimeError("Event loop is closed")
        handle = VirtualHandle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """The same as :meth:`call_soon`: there are no other threads here."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback ``delay`` seconds from now; a delay below zero counts as zero, an infinite one as never."""
        return self._call_at_us(self.now_us + _in_us(delay), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback at virtual time ``when`` in seconds; a time that is past counts as now."""
        return self._call_at_us(max(self.now_us, _in_us(when)), callback, args, context)

    def _call_at_us(
        self, when_us: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> VirtualTimer:
        if self._closed:
            raise RuntimeError("Event loop is closed")
        timer = VirtualTimer(when_us / MICROSECONDS, callback, args, self, context)
        if when_us < _NEVER_US:
            timer._scheduled = True
            self.plan(when_us, (self._fire, timer))
        return timer

    def _fire(self, event: Event) -> None:
        timer: VirtualTimer = event[1]
        timer._scheduled = False
        if timer._cancelled:
            self._cancelled_timers -= 1
        else:
            timer._run()

    def timer_cancelled(self) -> None:
        """A planned timer was cancelled; sweep when they are half as many as events were left by the last sweep."""
        self._cancelled_timers += 1
        if self._cancelled_timers > self._sweep_above:
            self._sweep()

    def _sweep(self) -> None:
        kept = [(when, event) for when in sorted(self.events) for event in self._at(when) if not _is_cancelled(event)]
        self._cancelled_timers = 0
        self._sweep_above = max(_SWEEP_AT_LEAST, len(kept) // 2)
        # In place: the running loop holds on to these very objects.
        self.times.clear()
        self.events.clear()
        for when, event in kept:
            self.plan(when, event)

    def _at(self, when_us: int) -> Iterable[Event]:
        event = self.events[when_us]
        if event[0] == self._next_of_several:
            several: deque[Event] = event[1]
            return several
        return (event,)

    @property
    def pending(self) -> int:
        """How many events are planned, cancelled ones included until they are swept out."""
        return sum(1 for when in self.events for _ in self._at(when))

    # Running

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until the future is done and return its result.

        Raises DeadlockError when nothing can happen any more before that.
        """
        self._check_usable()
        task: asyncio.Future[T]
        if isinstance(future, asyncio.Future):
            task = future
        elif isinstance(future, Coroutine | Generator):
            task = self.create_task(future)
        else:
            task = self.create_task(_await(future))
        task.add_done_callback(_stop_on_done)
        try:
            self._run(until=task)
        finally:
            task.remove_done_callback(_stop_on_done)
            if task.done() and not task.cancelled():
                task.exception()  # It is the caller's from here on, not lost.
        if not task.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._raise_with_failures(error)
        result = task.result()
        self.raise_failures()
        return result

    def run_until_us(self, when_us: int) -> None:
        """Run everything due up to and including ``when_us``, then set the clock there.

        Raises ValueError for a time that is past.
        """
        self._check_usable()
        if when_us < self.now_us:
            raise ValueError(f"{when_us} us is past at {self.now_us} us")
        self._run(limit_us=when_us)
        self.raise_failures()

    def run_forever(self) -> None:
        """Run until :meth:`stop` is called or nothing can happen any more."""
        self._check_usable()
        self._run()
        self.raise_failures()

    def _run(self, until: asyncio.Future[Any] | None = None, limit_us: int = _NEVER_US) -> None:
        self._running = True
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._generator_begun, finalizer=self._generator_dropped)
        previous = events._get_running_loop()
        events._set_running_loop(self)
        try:
            self._spin(until, limit_us)
        except StopRun:
            pass
        except Exception as error:
            self._raise_with_failures(error)
        finally:
            events._set_running_loop(previous)
            sys.set_asyncgen_hooks(*hooks)
            self._running = False

    def _spin(self, until: asyncio.Future[Any] | None, limit_us: int) -> None:
        ready, times, next_time, take = self._ready, self.times, heappop, self.events.pop
        limit = min(limit_us, self._limit_us)
        self._runs_until_us = limit
        budget = repeat(None, max(0, self.max_steps - self.steps))
        try:
            for _ in budget:
                if ready:
                    handle = ready.popleft()
                    if not handle._cancelled:
                        handle._run()
                elif times:
                    when = next_time(times)
                    if when > limit:
                        heappush(times, when)
                        break
                    self.now_us = when
                    event = take(when)
                    event[0](event)
                elif until is not None:
                    raise DeadlockError(
                        f"nothing can happen any more at {self.time():g} s, but these tasks wait:\n"
                        f"{who_waits(self._tasks)}"
                    )
                else:
                    break
            else:
                raise self._exceeded(f"the budget of {self.max_steps} steps is used up at {self.time():g} s")
        finally:
            self._runs_until_us = -1
            # What is left of the budget is known without having counted.
            self.steps = self.max_steps - length_hint(budget)
        if limit_us > self._limit_us and (times or limit_us < _NEVER_US):
            raise self._exceeded(f"the budget of {limit / MICROSECONDS:g} s of virtual time is used up")
        if limit_us < _NEVER_US:
            self.now_us = limit_us

    def _exceeded(self, why: str) -> BudgetExceededError:
        return BudgetExceededError(f"{why}; these tasks wait:\n{who_waits(self._tasks)}")

    def stop(self) -> None:
        """Leave the run after what can happen before the clock moves again, or the next run at its beginning."""
        self.call_soon(_stop, None)

    def is_running(self) -> bool:
        """Whether the loop runs right now."""
        return self._running

    def is_closed(self) -> bool:
        """Whether the loop was closed."""
        return self._closed

    def close(self) -> None:
        """Cancel what still waits, let it end, and forget everything; the loop cannot be used any more.

        Raises what failed in the background and was not raised yet.
        """
        if self._running:
            raise RuntimeError("Cannot close a running event loop")
        if not self._closed:
            self._end_tasks()
            self._closed = True
            self._ready.clear()
            self.times.clear()
            self.events.clear()
            self._tasks.clear()
        self.raise_failures()

    def _end_tasks(self) -> None:
        self.times.clear()
        self.events.clear()
        for task in self._tasks:
            task.cancel()
        self.max_steps = self.steps + _STEPS_TO_CLOSE
        while self._ready:
            try:
                self._run()
            except BudgetExceededError:
                return  # Somebody refuses to end.
            except Exception as error:
                self._failures.append(error)

    def _check_usable(self) -> None:
        if self._closed:
            raise RuntimeError("Event loop is closed")
        if self._running:
            raise RuntimeError("This event loop is already running")

    # Futures, tasks and their failures

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **options: Any,
    ) -> asyncio.Task[T]:
        """Start the coroutine; if nobody awaits the task, its exception leaves the run at the run's end."""
        if self._closed:
            raise RuntimeError("Event loop is closed")
        self._tasks_made += 1
        # The number that asyncio would put into the name counts the tasks of all loops there ever were.
        name = name or f"Task-{self._tasks_made}"
        task: asyncio.Task[T]
        if self._task_factory is None:
            task = asyncio.Task(coro, loop=self, name=name, context=context, **options)
        else:
            if context is not None:
                options["context"] = context
            task = self._task_factory(self, coro, **options)
            task.set_name(name)
        self._tasks[task] = None
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        # The flag says, without setting it, whether an exception waits to be retrieved.
        if task._log_traceback:
            self._ended_badly.append(task)

    def callback_failed(self, handle: asyncio.Handle, error: BaseException) -> None:
        """A plain callback raised: leave the run with that, unless a handler was set, which then has it."""
        if self._handler is None:
            raise error
        self.call_exception_handler({"message": f"exception in {handle!r}", "exception": error, "handle": handle})

    def raise_failures(self) -> None:
        """Raise what failed in the background as one ExceptionGroup; nothing if nothing did."""
        if self._failures or self._ended_badly:
            failures = self._take_failures()
            if failures:
                raise BaseExceptionGroup("exceptions that nobody awaited", failures)

    def _raise_with_failures(self, error: Exception) -> NoReturn:
        """Raise what ended the run, together with what failed in the background."""
        failures = [failure for failure in self._take_failures() if failure is not error]
        if failures:
            raise BaseExceptionGroup("the run failed, and so did what nobody awaited", [error, *failures]) from None
        raise error

    def _take_failures(self) -> list[BaseException]:
        lost = [task for task in self._ended_badly if task._log_traceback]
        failures = self._failures + [error for task in lost if (error := task.exception()) is not None]
        self._ended_badly.clear()
        self._failures.clear()
        return failures

    def call_exception_handler(self, context: _Context) -> None:
        """Hand the context to the handler that was set; without one, keep it for :meth:`raise_failures`."""
        if self._handler is None:
            self.default_exception_handler(context)
        else:
            self._handler(self, context)

    def default_exception_handler(self, context: _Context) -> None:
        """Keep the exception of the context for :meth:`raise_failures`."""
        error = context.get("exception")
        if isinstance(error, BaseException) and not any(error is failure for failure in self._failures):
            self._failures.append(error)

    def set_exception_handler(self, handler: _ExceptionHandler | None) -> None:
        """As asyncio has it."""
        self._handler = handler

    def get_exception_handler(self) -> _ExceptionHandler | None:
        """As asyncio has it."""
        return self._handler

    def set_task_factory(self, factory: Callable[..., Any] | None) -> None:
        """As asyncio has it."""
        self._task_factory = factory

    def get_task_factory(self) -> Callable[..., Any] | None:
        """As asyncio has it."""
        return self._task_factory

    def get_debug(self) -> bool:
        """Debug mode changes nothing here."""
        return self._debug

    def set_debug(self, enabled: bool) -> None:
        """Debug mode changes nothing here."""
        self._debug = enabled

    # Asynchronous generators, and shutting down as asyncio.Runner does it

    def _generator_begun(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators_begun = number = self._generators_begun + 1
        self._generators[number] = weakref.ref(generator, lambda _: self._generators.pop(number, None))

    def _generator_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        """Nobody iterates any more: let the generator finish."""
        if not self._closed:
            self.create_task(_close(generator))

    async def shutdown_asyncgens(self) -> None:
        """Close the asynchronous generators that were begun on this loop, the oldest first."""
        for reference in list(self._generators.values()):
            if (generator := reference()) is not None:
                try:
                    await generator.aclose()
                except Exception as error:
                    self._failures.append(error)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is no executor here."""

    def __enter__(self) -> VirtualTimeLoop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _in_us(seconds: float) -> int:
    """Whole microseconds, from zero up to a number that means never."""
    if seconds <= 0:
        return 0
    return _NEVER_US if math.isinf(seconds) else round(seconds * MICROSECONDS)


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def _close(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()


def _call(event: Event) -> None:
    event[1](event[2])


def _wake(event: Event) -> None:
    future: asyncio.Future[None] = event[1]
    if not future.done():
        future.set_result(None)


def _stop(_: object) -> NoReturn:
    raise StopRun


def _stop_on_done(_: asyncio.Future[Any]) -> NoReturn:
    raise StopRun


def _is_cancelled(event: Event) -> bool:
    return isinstance(event[1], VirtualTimer) and event[1].cancelled()
