"""The stepper, driven by keys as a person would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.view.runs import small_result

pytest.importorskip("textual", reason="the stepper needs the extra step")

from textual.widgets import Static

from wkasim.view.stepper import Stepper


def driven(
    walk: Callable[[Stepper, Callable[..., Awaitable[None]]], Awaitable[None]], size: tuple[int, int] = (150, 45)
) -> Stepper:
    """Run the application without a terminal while ``walk`` presses keys."""
    app = Stepper(small_result())

    async def main() -> None:
        async with app.run_test(size=size) as pilot:

            async def press(*keys: str) -> None:
                await pilot.press(*keys)
                await pilot.pause()

            await pilot.pause()
            await walk(app, press)

    asyncio.run(main())
    return app


def shown(app: Stepper, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Static).content)


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
        assert "they part at record" in shown(app, "sheet")
        await press("tab")
        assert app.shown == 1
        await press("escape", "tab")
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


def test_stepper_lists_its_keys_and_any_key_closes_the_list() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("question_mark")
        keys = shown(app, "sheet")
        for declared in Stepper.BINDINGS:
            for key in declared.key.split(","):
                assert key == "question_mark" or key.lower() in keys.split(), key
        await press("n")
        assert len(app.screen_stack) == 1
        assert app.row == 0

    driven(walk)


def test_stepper_leaves_the_line_for_an_action_without_doing_it() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("i", *"kill", "escape", "n")
        assert len(app.futures) == 1
        assert app.row == 1

    driven(walk)


def test_stepper_fits_a_small_terminal() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("end", *"vvvv", *"VV")
        for name in ("names", "lanes", "log"):
            part = app.query_one(f"#{name}", Static)
            lines = shown(app, name).split("\n")
            assert len(lines) <= part.size.height, name
            assert max(map(len, lines)) <= part.size.width, name
        assert app.query_one("#members", Static).size.height < 18  # names may wrap, but all are to be seen
        assert [line.split()[1].rstrip("<") for line in shown(app, "members").split("\n")] == [
            "elb", "manager", "worker1", "worker2",
        ]  # fmt: skip
        assert shown(app, "log").split("\n")[-1].startswith("   55.")

    driven(walk, (80, 24))


def test_stepper_ends_at_ctrl_c_wherever_the_cursor_is() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("i", "k", "ctrl+c")

    assert driven(walk).return_code == 130


def test_stepper_that_is_quit_has_not_failed() -> None:
    async def walk(app: Stepper, press: Callable[..., Awaitable[None]]) -> None:
        await press("n", "q")

    assert driven(walk).return_code == 0
