"""VirtualTimeLoop: order, time, budgets, deadlocks, and what becomes of exceptions."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest

from wkasim.sim.loop import BudgetExceededError, DeadlockError, VirtualTimeLoop


@pytest.fixture
def loop() -> Iterator[VirtualTimeLoop]:
    loop = VirtualTimeLoop()
    yield loop
    loop.close()


async def fail(after_s: float, text: str) -> None:
    await asyncio.sleep(after_s)
    raise ValueError(text)


def leaves(group: BaseExceptionGroup[BaseException]) -> list[str]:
    return [repr(error) for error in group.exceptions]


# Order


def test_loop_equal_deadlines_run_first_come_first_served(loop: VirtualTimeLoop) -> None:
    seen: list[str] = []
    for number in range(20):
        match number % 3:
            case 0:
                loop.call_later(0.5, seen.append, f"timer {number}")
            case 1:
                loop.call_at(0.5, seen.append, f"at {number}")
            case _:
                loop.deliver_at(500_000, seen.append, f"delivery {number}")
    loop.run_until_us(500_000)
    assert [int(text.split()[1]) for text in seen] == list(range(20))


def test_loop_other_timers_do_not_change_the_order_of_equal_deadlines(loop: VirtualTimeLoop) -> None:
    seen: list[int] = []
    loop.call_later(0.2, seen.append, 1)
    for _ in range(7):
        loop.call_later(0.1, lambda: None)
    loop.call_later(0.2, seen.append, 2)
    loop.call_later(0.3, lambda: None).cancel()
    loop.call_later(0.2, seen.append, 3)
    loop.run_until_us(1_000_000)
    assert seen == [1, 2, 3]


def test_loop_callbacks_soon_run_before_the_next_event_of_the_same_time(loop: VirtualTimeLoop) -> None:
    seen: list[str] = []

    def first() -> None:
        loop.call_soon(seen.append, "soon")
        seen.append("first")

    loop.call_later(1, first)
    loop.call_later(1, seen.append, "second")
    loop.run_until_us(1_000_000)
    assert seen == ["first", "soon", "second"]


def test_loop_time_moves_in_whole_microseconds(loop: VirtualTimeLoop) -> None:
    async def main() -> list[int]:
        times = []
        for delay in (0.0000014, 0.1, 0.2, 1e-7, -5):
            await asyncio.sleep(delay)
            times.append(loop.now_us)
        return times

    assert loop.run_until_complete(main()) == [1, 100_001, 300_001, 300_001, 300_001]
    assert loop.time() == 0.300001


def test_loop_past_deadline_counts_as_now(loop: VirtualTimeLoop) -> None:
    loop.run_until_us(2_000_000)
    seen: list[int] = []
    loop.call_at(1.0, lambda: seen.append(loop.now_us))
    loop.run_until_us(2_000_000)
    assert seen == [2_000_000]


def test_loop_delivery_in_the_past_is_a_defect_of_the_caller(loop: VirtualTimeLoop) -> None:
    loop.run_until_us(2)
    with pytest.raises(AssertionError, match=r"^1 us is past at 2 us"):
        loop.deliver_at(1, print, None)


# What asyncio offers


async def use_sleep() -> None:
    await asyncio.sleep(3600)


async def use_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await asyncio.sleep(100)


async def use_wait_for() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 2)
    assert await asyncio.wait_for(asyncio.sleep(1, "done"), 2) == "done"


async def use_gather() -> None:
    assert await asyncio.gather(asyncio.sleep(2, 2), asyncio.sleep(1, 1)) == [2, 1]


async def use_queue() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)

    async def produce() -> None:
        for number in range(5):
            await queue.put(number)
            await asyncio.sleep(1)

    producer = asyncio.create_task(produce())
    assert [await queue.get() for _ in range(5)] == list(range(5))
    await producer


async def use_event_condition_semaphore_and_lock() -> None:
    event, condition, semaphore, lock = asyncio.Event(), asyncio.Condition(), asyncio.Semaphore(2), asyncio.Lock()

    async def waiter() -> None:
        await event.wait()
        async with condition:
            condition.notify_all()

    task = asyncio.create_task(waiter())
    asyncio.get_running_loop().call_later(3, event.set)
    async with condition:
        await condition.wait()
    async with semaphore, lock:
        await task


async def use_task_group() -> None:
    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(10))
            group.create_task(fail(1, "one of the group"))

    with pytest.raises(ExceptionGroup) as caught:
        await together()
    assert leaves(caught.value) == ["ValueError('one of the group')"]


async def use_as_completed() -> None:
    results = [await future for future in asyncio.as_completed([asyncio.sleep(2, "b"), asyncio.sleep(1, "a")])]
    assert results == ["a", "b"]


async def use_shield() -> None:
    inner = asyncio.ensure_future(asyncio.sleep(2, "inner"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await asyncio.shield(inner)
    assert await inner == "inner"


@pytest.mark.parametrize(
    ("use", "seconds"),
    [
        (use_sleep, 3600),
        (use_timeout, 1.5),
        (use_wait_for, 3),
        (use_gather, 2),
        (use_queue, 5),
        (use_event_condition_semaphore_and_lock, 3),
        (use_task_group, 1),
        (use_as_completed, 2),
        (use_shield, 2),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_loop_carries_what_asyncio_offers(use: Callable[[], Awaitable[None]], seconds: float) -> None:
    async def main() -> float:
        await use()
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main()) == seconds


def test_loop_under_a_runner_keeps_its_time_from_run_to_run() -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(asyncio.sleep(5))
        runner.run(asyncio.sleep(5))
        assert runner.get_loop().time() == 10


def test_loop_runs_inside_a_running_loop_and_gives_it_back(loop: VirtualTimeLoop) -> None:
    async def main() -> tuple[float, bool]:
        outer = asyncio.get_running_loop()
        loop.run_until_us(3_600_000_000)
        return loop.time(), asyncio.get_running_loop() is outer

    assert asyncio.run(main()) == (3600, True)


def test_loop_infinite_delay_never_comes_due(loop: VirtualTimeLoop) -> None:
    async def main() -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.sleep(math.inf)
        return f"{loop.time()} {loop.pending}"

    assert loop.run_until_complete(main()) == "10.0 0"


def test_loop_names_tasks_by_its_own_count() -> None:
    async def names() -> list[str]:
        return [asyncio.create_task(asyncio.sleep(0)).get_name() for _ in range(2)]

    for _ in range(2):
        with VirtualTimeLoop() as loop:
            assert loop.run_until_complete(names()) == ["Task-2", "Task-3"]


def test_loop_task_factory_makes_the_tasks_and_their_failures_are_still_seen(loop: VirtualTimeLoop) -> None:
    made: list[str] = []

    def factory(of: asyncio.AbstractEventLoop, coroutine: object, **options: object) -> asyncio.Task[object]:
        made.append(getattr(coroutine, "__name__", "?"))
        return asyncio.Task(coroutine, loop=of, **options)  # type: ignore[arg-type, call-overload]

    loop.set_task_factory(factory)
    assert loop.get_task_factory() is factory
    loop.create_task(fail(1, "made by the factory"), name="named")
    with pytest.raises(ExceptionGroup, match="nobody awaited"):
        loop.run_until_us(1_000_000)
    assert made == ["fail"]


# Cancelled timers


def test_loop_cancelled_timers_do_not_pile_up(loop: VirtualTimeLoop) -> None:
    async def main() -> int:
        most = 0
        for _ in range(5000):
            async with asyncio.timeout(3600):
                await asyncio.sleep(0.001)
            most = max(most, loop.pending)
        return most

    assert loop.run_until_complete(main()) < 140


def test_loop_sweep_keeps_what_was_not_cancelled_in_order(loop: VirtualTimeLoop) -> None:
    seen: list[int] = []
    kept, cancelled = [], []
    for number in range(1000):
        timer = loop.call_later(1 + number % 7, seen.append, number)
        (kept if number % 5 == 0 else cancelled).append((1 + number % 7, number, timer))
    for _, _, timer in cancelled:
        timer.cancel()
    assert loop.pending < 500
    loop.run_until_us(10_000_000)
    assert seen == [number for _, number, _ in sorted(kept, key=lambda entry: entry[:2])]
    assert all(timer.cancelled() for _, _, timer in cancelled)


def test_loop_timer_cancelled_after_it_ran_is_not_counted(loop: VirtualTimeLoop) -> None:
    timers = [loop.call_later(0.001, lambda: None) for _ in range(500)]
    loop.run_until_us(2000)
    for timer in timers:
        timer.cancel()
        timer.cancel()
    kept = loop.call_later(1, lambda: None)
    assert loop.pending == 1
    assert kept.when() == 1.002


# Deadlock and budgets


def test_loop_nothing_can_happen_raises_who_waits_for_what(loop: VirtualTimeLoop) -> None:
    async def reader(queue: asyncio.Queue[int]) -> int:
        return await queue.get()

    async def main() -> None:
        await asyncio.sleep(2.5)
        queue: asyncio.Queue[int] = asyncio.Queue()
        first = asyncio.create_task(reader(queue), name="reader 2")
        second = asyncio.create_task(reader(queue), name="reader 10")
        await asyncio.gather(first, second)

    with pytest.raises(DeadlockError) as caught:
        loop.run_until_complete(main())
    text, *lines = str(caught.value).splitlines()
    assert text == "nothing can happen any more at 2.5 s, but these tasks wait:"
    starts = [line.split(" (")[0] for line in lines]
    assert starts == [
        "  Task-1: test_loop_nothing_can_happen_raises_who_waits_for_what.<locals>.main",
        "  reader 2: test_loop_nothing_can_happen_raises_who_waits_for_what.<locals>.reader",
        "  reader 10: test_loop_nothing_can_happen_raises_who_waits_for_what.<locals>.reader",
    ]
    assert lines[0].endswith(", waits for task reader 2 and task reader 10")
    assert " > Queue.get (queues.py:" in lines[1]
    assert lines[1].endswith("), waits for a future")


def test_loop_deadlock_report_is_short_however_many_wait(loop: VirtualTimeLoop) -> None:
    async def main() -> None:
        await loop.create_future()

    for number in range(200):
        loop.create_task(asyncio.Event().wait(), name=f"waiter {number}")
    with pytest.raises(DeadlockError) as caught:
        loop.run_until_complete(main())
    assert str(caught.value).splitlines()[-1] == "  and 151 more"
    assert len(str(caught.value).splitlines()) == 52


def test_loop_deadlock_after_a_background_failure_shows_both(loop: VirtualTimeLoop) -> None:
    event = asyncio.Event()

    async def main() -> None:
        task = asyncio.create_task(fail(1, "the one who would have set it"))
        await event.wait()
        await task

    with pytest.raises(ExceptionGroup, match="the run failed, and so did what nobody awaited") as caught:
        loop.run_until_complete(main())
    deadlock, cause = caught.value.exceptions
    assert isinstance(deadlock, DeadlockError)
    assert repr(cause) == "ValueError('the one who would have set it')"


def test_loop_budget_of_steps_ends_an_endless_run() -> None:
    async def main() -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    with VirtualTimeLoop(max_steps=1000) as loop:
        with pytest.raises(BudgetExceededError) as caught:
            loop.run_until_complete(main())
        assert str(caught.value).splitlines()[0] == ("the budget of 1000 steps is used up at 0 s; these tasks wait:")
        assert loop.steps == 1000
        with pytest.raises(BudgetExceededError):
            loop.run_until_us(0)


def test_loop_budget_of_time_ends_a_run_that_goes_on_for_ever() -> None:
    async def main() -> None:
        for _ in itertools.count():
            await asyncio.sleep(7)

    with VirtualTimeLoop(max_time_s=60) as loop:
        with pytest.raises(BudgetExceededError) as caught:
            loop.run_until_complete(main())
        assert str(caught.value).splitlines()[0] == ("the budget of 60 s of virtual time is used up; these tasks wait:")
        assert loop.time() == 56


def test_loop_budget_of_time_is_inclusive() -> None:
    with VirtualTimeLoop(max_time_s=60) as loop:
        loop.run_until_complete(asyncio.sleep(60))
        with pytest.raises(BudgetExceededError):
            loop.run_until_us(60_000_001)


# Exceptions


def test_loop_task_that_fails_unawaited_raises_at_the_end_of_the_run(loop: VirtualTimeLoop) -> None:
    loop.create_task(fail(1, "first"))
    loop.create_task(fail(2, "second"))
    with pytest.raises(ExceptionGroup, match="exceptions that nobody awaited") as caught:
        loop.run_until_us(3_000_000)
    assert leaves(caught.value) == ["ValueError('first')", "ValueError('second')"]
    assert loop.time() == 3
    loop.run_until_us(4_000_000)


def test_loop_task_that_fails_and_is_awaited_later_is_not_reported(loop: VirtualTimeLoop) -> None:
    async def main() -> str:
        task = asyncio.create_task(fail(1, "awaited"))
        await asyncio.sleep(5)
        with pytest.raises(ValueError, match="awaited"):
            await task
        return "fine"

    assert loop.run_until_complete(main()) == "fine"


def test_loop_main_and_background_failures_come_together(loop: VirtualTimeLoop) -> None:
    async def main() -> None:
        asyncio.create_task(fail(1, "background"))  # noqa: RUF006
        await fail(2, "main")

    with pytest.raises(ExceptionGroup, match="the run failed, and so did what nobody awaited") as caught:
        loop.run_until_complete(main())
    assert leaves(caught.value) == ["ValueError('main')", "ValueError('background')"]


def test_loop_main_failure_alone_is_raised_as_it_is(loop: VirtualTimeLoop) -> None:
    with pytest.raises(ValueError, match=r"^alone$"):
        loop.run_until_complete(fail(1, "alone"))
    loop.run_until_us(2_000_000)


def test_loop_callback_that_raises_leaves_the_run_at_once(loop: VirtualTimeLoop) -> None:
    for schedule in (loop.call_soon, lambda callback: loop.call_later(1, callback)):
        schedule(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            loop.run_until_us(loop.now_us + 5_000_000)
    assert loop.time() == 1
    loop.run_until_us(9_000_000)
    assert loop.time() == 9


def test_loop_delivery_that_raises_leaves_no_stop_behind(loop: VirtualTimeLoop) -> None:
    loop.deliver_at(1_000_000, lambda _: 1 / 0, None)
    with pytest.raises(ZeroDivisionError):
        loop.run_until_us(5_000_000)
    assert loop.pending == 0
    loop.run_until_complete(asyncio.sleep(10))
    assert loop.time() == 11


def test_loop_task_that_raises_while_it_is_cancelled_is_not_lost() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            raise ValueError("while being cancelled")

    async def main() -> None:
        asyncio.create_task(stubborn())  # noqa: RUF006
        await asyncio.sleep(1)

    runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
    runner.run(main())
    with pytest.raises(ExceptionGroup) as caught:
        runner.close()
    assert leaves(caught.value) == ["ValueError('while being cancelled')"]


def test_loop_close_raises_what_failed_since_the_last_run() -> None:
    loop = VirtualTimeLoop()
    loop.call_exception_handler({"message": "reported late", "exception": ValueError("late")})
    with pytest.raises(ExceptionGroup) as caught:
        loop.close()
    assert leaves(caught.value) == ["ValueError('late')"]
    assert loop.is_closed()


def test_loop_close_lets_tasks_end_and_reports_how() -> None:
    seen: list[str] = []

    async def tidy() -> None:
        try:
            await loop.create_future()
        finally:
            await asyncio.sleep(1)
            seen.append("tidied up")

    async def untidy() -> None:
        try:
            await loop.create_future()
        finally:
            raise ValueError("no")

    async def never_begun() -> None:
        seen.append("begun")

    loop = VirtualTimeLoop()
    loop.create_task(tidy())
    loop.create_task(untidy())
    loop.run_until_us(5)
    loop.create_task(never_begun())
    with pytest.raises(ExceptionGroup) as caught:
        loop.close()
    assert leaves(caught.value) == ["ValueError('no')"]
    assert seen == ["tidied up"]


def test_loop_close_ends_although_a_task_refuses_to() -> None:
    async def stubborn() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(1)

    loop = VirtualTimeLoop()
    loop.create_task(stubborn())
    loop.run_until_us(5)
    loop.close()
    assert loop.is_closed()


def test_loop_keyboard_interrupt_passes_through(loop: VirtualTimeLoop) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    loop.call_later(1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_us(2_000_000)
    assert not loop.is_running()


def test_loop_exception_handler_gets_what_callbacks_raise(loop: VirtualTimeLoop) -> None:
    contexts: list[dict[str, object]] = []

    def handler(of: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        contexts.append(context)
        of.default_exception_handler(context)

    loop.set_exception_handler(handler)
    assert loop.get_exception_handler() is handler
    loop.call_soon(lambda: 1 / 0)
    with pytest.raises(ExceptionGroup) as caught:
        loop.run_until_us(1_000_000)
    assert leaves(caught.value) == ["ZeroDivisionError('division by zero')"]
    assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError]


# Running, stopping, closing


def test_loop_run_until_includes_its_end_and_what_that_sets_off(loop: VirtualTimeLoop) -> None:
    seen: list[str] = []

    def at_the_end() -> None:
        seen.append("at the end")
        loop.call_later(0, seen.append, "set off by it")
        loop.call_later(0.000001, seen.append, "too late")

    loop.call_later(1, at_the_end)
    loop.run_until_us(1_000_000)
    assert seen == ["at the end", "set off by it"]
    loop.run_until_us(1_000_001)
    assert seen[2:] == ["too late"]


def test_loop_run_until_a_past_time_is_refused(loop: VirtualTimeLoop) -> None:
    loop.run_until_us(5)
    with pytest.raises(ValueError, match=r"^4 us is past at 5 us$"):
        loop.run_until_us(4)
    assert loop.now_us == 5


def test_loop_stop_lets_the_present_moment_finish(loop: VirtualTimeLoop) -> None:
    seen: list[str] = []
    loop.call_later(1, loop.stop)
    loop.call_later(2, seen.append, "later")
    loop.call_soon(seen.append, "now")
    loop.run_forever()
    assert (seen, loop.time()) == (["now"], 1)
    loop.run_forever()
    assert (seen, loop.time()) == (["now", "later"], 2)


def test_loop_stopped_before_the_main_future_is_done_raises(loop: VirtualTimeLoop) -> None:
    loop.call_later(1, loop.stop)
    task = loop.create_task(asyncio.sleep(5))
    with pytest.raises(RuntimeError, match=r"^Event loop stopped before Future completed.$"):
        loop.run_until_complete(task)
    loop.run_until_complete(task)
    assert loop.time() == 5


def test_loop_stopped_early_in_run_until_leaves_no_stop_behind(loop: VirtualTimeLoop) -> None:
    loop.call_later(1, loop.stop)
    loop.run_until_us(5_000_000)
    assert (loop.time(), loop.pending) == (1, 0)


def test_loop_started_inside_itself_is_refused(loop: VirtualTimeLoop) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"^This event loop is already running$"):
            loop.run_until_us(10)
        with pytest.raises(RuntimeError, match=r"^Cannot close a running event loop$"):
            loop.close()

    loop.run_until_complete(main())


def test_loop_closed_refuses_everything() -> None:
    loop = VirtualTimeLoop()
    loop.close()
    loop.close()
    for use in (
        lambda: loop.call_soon(print),
        lambda: loop.call_later(1, print),
        lambda: loop.run_until_us(10),
        loop.run_forever,
    ):
        with pytest.raises(RuntimeError, match=r"^Event loop is closed$"):
            use()
    coroutine = asyncio.sleep(1)
    with pytest.raises(RuntimeError, match=r"^Event loop is closed$"):
        loop.create_task(coroutine)
    coroutine.close()


@pytest.mark.parametrize(
    "name", ["run_in_executor", "add_reader", "create_connection", "subprocess_exec", "add_signal_handler"]
)
def test_loop_outside_world_is_absent_and_says_so(loop: VirtualTimeLoop, name: str) -> None:
    with pytest.raises(
        NotImplementedError, match=rf"^{name}: nothing outside the simulation can be reached on virtual time$"
    ):
        getattr(loop, name)(None, print)


# Asynchronous generators


async def numbers(seen: list[str]) -> object:
    try:
        for number in range(10):
            yield number
            await asyncio.sleep(1)
    finally:
        await asyncio.sleep(1)
        seen.append("closed")


def test_loop_shutdown_closes_generators_that_are_still_held() -> None:
    seen: list[str] = []
    generators = [numbers(seen) for _ in range(2)]

    async def main() -> None:
        for generator in generators:
            assert await anext(generator) == 0  # type: ignore[call-overload]

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
        assert seen == []
    assert seen == ["closed", "closed"]


def test_loop_generator_that_is_dropped_finishes_on_the_loop(loop: VirtualTimeLoop) -> None:
    seen: list[str] = []

    async def main() -> None:
        async for number in numbers(seen):  # type: ignore[attr-defined]
            if number == 2:
                break
        await asyncio.sleep(2)
        assert seen == ["closed"]

    loop.run_until_complete(main())
    assert loop.time() == 4


def test_loop_generator_that_fails_at_shutdown_is_not_lost(loop: VirtualTimeLoop) -> None:
    async def bad() -> object:
        try:
            yield 1
        finally:
            raise ValueError("in the generator's end")

    generator = bad()

    async def main() -> None:
        assert await anext(generator) == 1  # type: ignore[call-overload]

    loop.run_until_complete(main())
    with pytest.raises(ExceptionGroup) as caught:
        loop.run_until_complete(loop.shutdown_asyncgens())
    assert leaves(caught.value) == ['ValueError("in the generator\'s end")']
