"""Random programs on the virtual loop do what a model of forty lines says, and do it twice."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from wkasim.sim.loop import DeadlockError, VirtualTimeLoop

Operation: TypeAlias = tuple[str, int]
Program: TypeAlias = list[list[Operation]]
Trace: TypeAlias = list[tuple[int, int, int]]
"""Time in microseconds, number of the thread, number of the operation that it has finished."""

DELAYS = st.sampled_from([0, 1, 2, 5, 1000, 1_000_000])
EVENTS = st.integers(0, 2)
OPERATIONS = st.one_of(
    st.tuples(st.just("sleep"), DELAYS),
    st.tuples(st.just("set"), EVENTS),
    st.tuples(st.just("wait"), EVENTS),
)
PROGRAMS = st.lists(st.lists(OPERATIONS, min_size=1, max_size=6), min_size=1, max_size=6)


def run(program: Program, *, litter: int = 0) -> Trace:
    """What the loop makes of the program; ``litter`` timers are planned and cancelled beside it."""
    trace: Trace = []
    events = [asyncio.Event() for _ in range(3)]

    async def thread(number: int, operations: list[Operation]) -> None:
        for index, (what, value) in enumerate(operations):
            match what:
                case "sleep":
                    await asyncio.sleep(value / 1_000_000)
                case "set":
                    events[value].set()
                case _:
                    await events[value].wait()
            trace.append((loop.now_us, number, index))

    with VirtualTimeLoop() as loop:
        for number, operations in enumerate(program):
            loop.create_task(thread(number, operations))
        for timer in [loop.call_later(number / 1000, print) for number in range(litter)]:
            timer.cancel()
        loop.run_forever()
    return trace


def model(program: Program) -> Trace:
    """The same by a scheduler that has nothing but the rule: what is ready first, then (deadline, sequence)."""
    trace: Trace = []
    waiting: dict[int, list[int]] = {0: [], 1: [], 2: []}
    happened: set[int] = set()
    ready = deque(range(len(program)))
    heap: list[tuple[int, int, int]] = []
    position = [0] * len(program)
    suspended = [False] * len(program)
    now = sequence = 0
    while ready or heap:
        if ready:
            number = ready.popleft()
        else:
            now, _, number = heapq.heappop(heap)
        while position[number] < len(program[number]):
            what, value = program[number][position[number]]
            if not suspended[number] and (what == "sleep" or (what == "wait" and value not in happened)):
                suspended[number] = True
                if what == "wait":
                    waiting[value].append(number)
                elif value == 0:
                    ready.append(number)
                else:
                    sequence += 1
                    heapq.heappush(heap, (now + value, sequence, number))
                break
            suspended[number] = False
            if what == "set" and value not in happened:
                happened.add(value)
                ready.extend(waiting[value])
            trace.append((now, number, position[number]))
            position[number] += 1
    return trace


@given(PROGRAMS)
def test_program_obeys_deadline_and_sequence(program: Program) -> None:
    assert run(program) == model(program)


@given(PROGRAMS, st.integers(0, 300))
def test_program_does_the_same_twice_whatever_is_cancelled_beside_it(program: Program, litter: int) -> None:
    assert run(program) == run(program, litter=litter)


@given(PROGRAMS)
def test_program_that_cannot_end_is_a_deadlock(program: Program) -> None:
    """A thread waits for an event that is never set if and only if waiting for all of them is a deadlock."""

    async def thread(operations: list[Operation]) -> None:
        for what, value in operations:
            if what == "sleep":
                await asyncio.sleep(value / 1_000_000)
            elif what == "set":
                events[value].set()
            else:
                await events[value].wait()

    events = [asyncio.Event() for _ in range(3)]
    finished = len(model(program)) == sum(map(len, program))
    with VirtualTimeLoop() as loop:

        async def main() -> bool:
            await asyncio.gather(*map(thread, program))
            return True

        try:
            ended = loop.run_until_complete(main())
        except DeadlockError:
            ended = False
    assert ended == finished
