"""The stepper, driven by keys as a person would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.view.runs import small_result

pytest.importorskip("textual", reason="the stepper needs the extra step")

from textual.widgets import Static

from wkasim.view.stepper import Stepper


def driven(walk: Callable[[Stepper, Callable[..., Awaitable[None]]], Awaitable[None]]) -> Stepper:
    """Run the application without a terminal while ``walk`` presses keys."""
    app = Stepper(small_result())

    async def main() -> None:
        async with app.run_test(size=(150, 45)) as pilot:

            async def press(*keys: str) -> None:
                await pilot.press(*keys)
                await pilot.pause()

            await pilot.pause()
            await walk(app, press)

    asyncio.run(main())
    return app


def shown(app: Stepper, name: str) -> str:
    return str(app.query_one(f"#{name}", Static).content)


def test_stepper_goes_forward_back_and_to_the_ends() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        assert app.row == 0
        assert shown(app, "now") == "0.000000 s: start elb"
        await press("right", "n", "p")
        assert app.row == 1
        await press("end")
        assert app.row == len(app.view.rows) - 1
        await press("home", "left")
        assert app.row == 0

    driven(walk)


def test_stepper_goes_to_the_next_event_of_a_kind() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("m")
        assert "manager JOIN to elb" in shown(app, "now")
        await press("s", "S")
        assert "start manager" in shown(app, "now")
        await press("v", "v")
        assert "+ manager" in shown(app, "now")
        assert "<- + manager" in shown(app, "members")
        assert "> " in shown(app, "lanes").replace(">   ", "> ")

    driven(walk)


def test_stepper_injects_a_fault_and_keeps_both_futures() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("s", "s", "s")
        row = app.row
        await press("i", *"kill", "space", *"manager", "enter")
        assert len(app.futures) == 2
        assert "future 2 of 2: kill manager at 40.000 s" in shown(app, "head")
        assert abs(app.row - row) <= 3
        await press("c")
        assert "they part at record" in shown(app, "now")
        await press("tab")
        assert "future 1 of 2: as it was" in shown(app, "head")

    driven(walk)


def test_stepper_says_what_cannot_be_injected() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("i", *"explode", "enter")
        assert '"explode" is no action' in shown(app, "now")
        await press("i", *"kill", "space", *"manager", "enter")
        assert "manager is not running" in shown(app, "now")
        await press("c")
        assert "There is one future only" in shown(app, "now")
        assert len(app.futures) == 1

    driven(walk)
