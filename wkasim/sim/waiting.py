"""Who waits for what: the report about the tasks of a loop on which nothing can happen any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["who_waits"]

_SHOWN = 50


def who_waits(tasks: Iterable[asyncio.Task[Any]]) -> str:
    """One line for each task that is not done: its name, where it stands, and what it waits for."""
    waiting = [task for task in tasks if not task.done()]
    lines = [f"  {task.get_name()}: {_describe(task)}" for task in waiting[:_SHOWN]]
    if len(waiting) > _SHOWN:
        lines.append(f"  and {len(waiting) - _SHOWN} more")
    return "\n".join(lines or ["  (no task)"])


def _describe(task: asyncio.Task[Any]) -> str:
    frames = " > ".join(_frames(task.get_coro())) or "not begun"
    awaited = getattr(task, "_fut_waiter", None)
    return frames if awaited is None else f"{frames}, waits for {_what(awaited)}"


def _frames(coroutine: object) -> Iterator[str]:
    """The places in which a suspended coroutine stands, outermost first."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            file = frame.f_code.co_filename.rsplit("/", 1)[-1]
            yield f"{frame.f_code.co_qualname} ({file}:{frame.f_lineno})"
        following = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
        if following is None and frame is not None:
            # A driver of another coroutine says so by this name; wkasim.sim.process has one.
            following = frame.f_locals.get("driven_coroutine")
        coroutine = following


def _what(awaited: object) -> str:
    if isinstance(awaited, asyncio.Task):
        return f"task {awaited.get_name()}"
    children = getattr(awaited, "_children", None)
    if children:
        return " and ".join(_what(child) for child in children if not child.done())
    return "a future"
