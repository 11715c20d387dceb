"""Process: what is frozen takes no step until it is thawed, what is dead takes none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.sim.small_world import SECOND, forever
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.process import Process


@pytest.fixture
def loop() -> Iterator[VirtualTimeLoop]:
    with VirtualTimeLoop() as loop:
        yield loop


@pytest.fixture
def process(loop: VirtualTimeLoop) -> Process:
    return Process(loop, "node", 1, "127.1.0.1", "127.1.0.1:4000")


def test_process_spawn_runs_a_coroutine_under_the_name_of_both(loop: VirtualTimeLoop, process: Process) -> None:
    task = process.spawn(asyncio.sleep(2, "slept"), "main")
    assert loop.run_until_complete(task) == "slept"
    assert (task.get_name(), loop.time()) == ("node.main", 2)


def test_process_passes_on_what_a_coroutine_raises(loop: VirtualTimeLoop, process: Process) -> None:
    async def fail() -> None:
        await asyncio.sleep(1)
        raise ValueError("in the thread")

    with pytest.raises(ValueError, match=r"^in the thread$"):
        loop.run_until_complete(process.spawn(fail(), "main"))


def test_process_shows_where_its_threads_stand_when_nothing_can_happen(loop: VirtualTimeLoop, process: Process) -> None:
    from wkasim.sim.waiting import who_waits

    async def main() -> None:
        await asyncio.Event().wait()

    task = process.spawn(main(), "main")
    loop.run_until_us(0)
    report = who_waits([task])
    assert report.startswith("  node.main: Process._run (process.py:")
    assert "<locals>.main (test_process.py:" in report
    assert report.endswith("), waits for a future")


# Frozen


def test_process_frozen_takes_no_step_until_thawed(loop: VirtualTimeLoop, process: Process) -> None:
    seen: list[int] = []

    async def tick() -> None:
        while len(seen) < 6:
            await asyncio.sleep(1)
            seen.append(loop.now_us // SECOND)

    task = process.spawn(tick(), "ticker")
    loop.call_at(2.5, process.freeze)
    loop.call_at(10, process.thaw)
    loop.run_until_complete(task)
    assert seen == [1, 2, 10, 11, 12, 13]


def test_process_frozen_before_a_thread_begins_holds_back_its_first_step(
    loop: VirtualTimeLoop, process: Process
) -> None:
    process.freeze()
    task = process.spawn(asyncio.sleep(1), "main")
    loop.run_until_us(5 * SECOND)
    assert not task.done()
    process.thaw()
    loop.run_until_complete(task)
    assert loop.time() == 6


def test_process_time_out_that_ran_off_while_frozen_is_met_when_thawed(loop: VirtualTimeLoop, process: Process) -> None:
    seen: list[float] = []

    async def wait() -> None:
        try:
            async with asyncio.timeout(3):
                await forever()
        except TimeoutError:
            seen.append(loop.time())
        await asyncio.sleep(1)
        seen.append(loop.time())

    task = process.spawn(wait(), "main")
    loop.call_at(1, process.freeze)
    loop.call_at(20, process.thaw)
    loop.run_until_complete(task)
    assert seen == [20, 21]


def test_process_time_out_wins_over_a_result_that_came_after_it_while_frozen(
    loop: VirtualTimeLoop, process: Process
) -> None:
    future: asyncio.Future[str] = loop.create_future()

    async def wait() -> str:
        try:
            async with asyncio.timeout(3):
                return await future
        except TimeoutError:
            return "timed out"

    task = process.spawn(wait(), "main")
    loop.run_until_us(0)
    process.freeze()
    loop.call_at(5, lambda: future.done() or future.set_result("came"))
    loop.call_at(9, process.thaw)
    assert loop.run_until_complete(task) == "timed out"


def test_process_result_that_came_in_time_while_frozen_wins_if_the_time_is_not_over(
    loop: VirtualTimeLoop, process: Process
) -> None:
    future: asyncio.Future[str] = loop.create_future()

    async def wait() -> str:
        async with asyncio.timeout(30):
            return await future

    task = process.spawn(wait(), "main")
    loop.run_until_us(0)
    process.freeze()
    loop.call_at(5, future.set_result, "came")
    loop.call_at(9, process.thaw)
    assert loop.run_until_complete(task) == "came"
    assert loop.time() == 9


def test_process_thaw_hands_over_what_waits_before_any_thread_steps(loop: VirtualTimeLoop, process: Process) -> None:
    seen: list[str] = []

    async def thread() -> None:
        await asyncio.sleep(1)
        seen.append("thread")

    task = process.spawn(thread(), "main")
    loop.run_until_us(0)
    process.freeze()
    loop.run_until_us(5 * SECOND)
    process.inbox.append(lambda: seen.append("first"))
    process.inbox.append(lambda: seen.append("second"))
    process.thaw()
    assert seen == ["first", "second"]
    loop.run_until_complete(task)
    assert seen == ["first", "second", "thread"]


def test_process_frozen_again_by_what_it_is_handed_keeps_the_rest(loop: VirtualTimeLoop, process: Process) -> None:
    seen: list[str] = []
    task = process.spawn(asyncio.sleep(1), "main")
    process.freeze()
    process.inbox.extend([process.freeze, lambda: seen.append("later")])
    process.thaw()
    loop.run_until_us(5 * SECOND)
    assert (seen, task.done(), process.freezes) == ([], False, 2)
    process.thaw()
    loop.run_until_complete(task)
    assert seen == ["later"]


def test_process_frozen_and_thawed_twice_means_once(process: Process) -> None:
    process.thaw()
    process.freeze()
    process.freeze()
    assert (process.frozen, process.stopped, process.freezes) == (True, True, 1)
    process.thaw()
    process.thaw()
    assert (process.frozen, process.stopped) == (False, False)


# Dead


def test_process_killed_takes_no_step_whatever_its_threads_catch(loop: VirtualTimeLoop, process: Process) -> None:
    seen: list[str] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                seen.append("caught")
            seen.append("step")

    task = process.spawn(stubborn(), "stubborn")
    loop.call_at(2.5, process.kill)
    loop.run_until_us(10 * SECOND)
    assert seen == ["step", "step"]
    assert task.cancelled()
    assert not process.alive


def test_process_killed_while_frozen_stays_dead(loop: VirtualTimeLoop, process: Process) -> None:
    seen: list[str] = []

    async def thread() -> None:
        await asyncio.sleep(1)
        seen.append("step")

    tasks = [process.spawn(thread(), "begun")]
    loop.run_until_us(0)
    process.freeze()
    tasks.append(process.spawn(thread(), "not begun"))
    loop.run_until_us(5 * SECOND)
    process.inbox.append(lambda: seen.append("message"))
    process.kill()
    process.thaw()
    loop.run_until_us(9 * SECOND)
    assert seen == []
    assert all(task.cancelled() for task in tasks)
    assert (process.frozen, process.stopped) == (False, True)


def test_process_that_kills_itself_ends_its_step_and_nothing_more(loop: VirtualTimeLoop, process: Process) -> None:
    seen: list[str] = []

    async def suicide() -> None:
        await asyncio.sleep(1)
        process.kill()
        seen.append("the rest of the step")
        await asyncio.sleep(0)
        seen.append("another step")

    other = process.spawn(forever(), "other")
    task = process.spawn(suicide(), "main")
    loop.run_until_us(5 * SECOND)
    assert seen == ["the rest of the step"]
    assert task.cancelled()
    assert other.cancelled()


def test_process_that_kills_itself_in_its_last_step_returns(loop: VirtualTimeLoop, process: Process) -> None:
    async def last() -> str:
        process.kill()
        return "returned"

    assert loop.run_until_complete(process.spawn(last(), "main")) == "returned"


def test_process_killed_before_a_thread_begins_leaves_no_warning(loop: VirtualTimeLoop, process: Process) -> None:
    async def thread() -> None:
        raise AssertionError("begun")

    task = process.spawn(thread(), "main")
    process.kill()
    loop.run_until_us(1)
    assert task.cancelled()


def test_process_killed_in_a_clean_up_that_waits_is_a_defect_that_shows(
    loop: VirtualTimeLoop, process: Process
) -> None:
    async def untidy() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(1)

    process.spawn(untidy(), "main")
    loop.run_until_us(0)
    process.kill()
    with pytest.raises(ExceptionGroup) as caught:
        loop.run_until_us(1)
    assert [repr(error) for error in caught.value.exceptions] == ["RuntimeError('coroutine ignored GeneratorExit')"]


def test_process_dead_begins_no_thread(loop: VirtualTimeLoop, process: Process) -> None:
    process.kill()
    coroutine = forever()
    with pytest.raises(asyncio.CancelledError):
        process.spawn(coroutine, "main")
    process.freeze()
    assert not process.frozen
    loop.run_until_us(1)


def test_process_says_when_it_stops_and_when_it_goes_on(process: Process) -> None:
    seen: list[bool] = []
    process.on_change = lambda: seen.append(process.stopped)
    process.freeze()
    process.thaw()
    process.kill()
    assert seen == [True, False, True]
