"""Waiting without a turn of the loop: only where nothing else can happen meanwhile, and nobody can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkasim.members import Address
from wkasim.sim.cluster import Cluster
from wkasim.sim.loop import BudgetExceededError, VirtualTimeLoop
from wkasim.sim.process import Process

Sleep = Callable[[VirtualTimeLoop, float], Awaitable[None]]


@pytest.fixture
def loop() -> Iterator[VirtualTimeLoop]:
    loop = VirtualTimeLoop()
    yield loop
    loop.close()


def ask(loop: VirtualTimeLoop, when_us: int, before: Callable[[], object] = lambda: None) -> tuple[bool, int]:
    """Whether a task may skip to a time, and what time it is after that."""

    async def task() -> tuple[bool, int]:
        before()
        return loop.skip_to(when_us), loop.now_us

    return loop.run_until_complete(task())


def test_skip_moves_the_clock_where_nothing_else_can_happen(loop: VirtualTimeLoop) -> None:
    loop.call_later(1, lambda: None)
    assert ask(loop, 999_999) == (True, 999_999)


def test_skip_is_refused_where_an_event_is_due_by_then(loop: VirtualTimeLoop) -> None:
    loop.call_later(1, lambda: None)
    assert ask(loop, 1_000_000) == (False, 0)


def test_skip_is_refused_where_a_callback_waits(loop: VirtualTimeLoop) -> None:
    assert ask(loop, 5, lambda: loop.call_soon(lambda: None)) == (False, 0)


def test_skip_is_refused_outside_a_run(loop: VirtualTimeLoop) -> None:
    assert not loop.skip_to(5)
    loop.run_until_us(10)
    assert not loop.skip_to(15)


def test_skip_goes_no_further_than_the_run(loop: VirtualTimeLoop) -> None:
    seen: list[tuple[bool, int]] = []

    async def task() -> None:
        seen.extend((loop.skip_to(when_us), loop.now_us) for when_us in (101, 100))

    waiting = loop.create_task(task())
    loop.run_until_us(100)
    assert waiting.done()
    assert seen == [(False, 0), (True, 100)]


def test_task_that_only_skips_uses_up_the_budget() -> None:
    async def task(loop: VirtualTimeLoop) -> None:
        while True:
            if not loop.skip_to(loop.now_us + 1):
                await asyncio.sleep(0)

    with VirtualTimeLoop(max_steps=100) as loop, pytest.raises(BudgetExceededError):
        loop.run_until_complete(task(loop))


def test_task_that_only_connects_uses_up_the_budget() -> None:
    """Who is refused the short way must not find it open again on the long one."""
    with Cluster(seed=1) as cluster:
        process = Process(cluster.loop, "a", 1, "127.1.0.1", "127.1.0.1:4000")

        async def task() -> None:
            for _ in range(10_000_000):
                await cluster.network.connect(process, Address("127.1.0.9", 4000), 1)

        cluster.loop.max_steps = 100
        with pytest.raises(BudgetExceededError):
            cluster.loop.run_until_complete(task())


def test_skip_never_goes_back(loop: VirtualTimeLoop) -> None:
    loop.run_until_us(10)
    with pytest.raises(AssertionError, match="5 us is past at 10 us"):
        ask(loop, 5)


async def plain(_: VirtualTimeLoop, seconds: float) -> None:
    await asyncio.sleep(seconds)


async def skipping(loop: VirtualTimeLoop, seconds: float) -> None:
    if not loop.skip_to(loop.now_us + round(seconds * 1e6)):
        await asyncio.sleep(seconds)


def trace(programs: list[list[int]], sleep: Sleep) -> list[tuple[int, int]]:
    """Who went on when, where every task waits for its own times, in milliseconds, and wakes the next one."""
    seen: list[tuple[int, int]] = []
    with VirtualTimeLoop() as loop:
        woken = [asyncio.Event() for _ in programs]

        async def task(number: int) -> None:
            for pause_ms in programs[number]:
                await sleep(loop, pause_ms / 1000)
                seen.append((number, loop.now_us))
                woken[(number + 1) % len(programs)].set()
                if pause_ms == 3:
                    await woken[number].wait()

        tasks = [loop.create_task(task(number)) for number in range(len(programs))]
        loop.run_until_us(7_000)
        loop.run_until_us(1_000_000)
        for waiting in tasks:
            waiting.cancel()
    return seen


@given(st.lists(st.lists(st.integers(0, 6), max_size=5), min_size=1, max_size=4))
def test_skipping_and_sleeping_give_one_trace(programs: list[list[int]]) -> None:
    assert trace(programs, skipping) == trace(programs, plain)


@pytest.mark.parametrize("cut", [False, True], ids=["nothing hinders", "a cut elsewhere"])
def test_connection_takes_the_same_time_at_once_and_step_by_step(cut: bool) -> None:
    with Cluster(seed=1) as cluster:
        if cut:
            cluster.network.cut(["127.9.9.9"], ["127.9.9.8"])
        process = Process(cluster.loop, "a", 1, "127.1.0.1", "127.1.0.1:4000")
        verdict = cluster.loop.run_until_complete(cluster.network.connect(process, Address("127.1.0.9", 4000), 1))
        assert (verdict, cluster.loop.now_us) == (("refused", None), 406)
