"""Coroutine tests run on virtual time under pytest-asyncio, in both of its modes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from wkasim.sim.loop import VirtualTimeLoop

CONFTEST = """
from wkasim.sim.loop import VirtualTimeLoop

def pytest_asyncio_loop_factories(config, item):
    return {"virtual time": VirtualTimeLoop}
"""

SETTINGS = "asyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"

TESTS = """
import asyncio
import pytest
import pytest_asyncio

@{fixture}
async def patient():
    await asyncio.sleep(1800)
    yield asyncio.get_running_loop()
    await asyncio.sleep(1800)

{mark}
async def test_hours_pass_in_no_time(patient):
    assert asyncio.get_running_loop() is patient
    async with asyncio.timeout(7200):
        await asyncio.sleep(3600)
    assert patient.time() == 5400

{mark}
async def test_each_test_begins_at_zero():
    assert asyncio.get_running_loop().time() == 0

{mark}
async def test_what_fails_in_the_background_fails_the_test():
    async def fail():
        raise ValueError("in the background")
    asyncio.create_task(fail())
    await asyncio.sleep(1)

{mark}
async def test_what_waits_for_ever_fails_at_once():
    await asyncio.Event().wait()
"""


@pytest.mark.parametrize(
    ("mode", "mark", "fixture"),
    [
        ("strict", "@pytest.mark.asyncio", "pytest_asyncio.fixture"),
        ("auto", "", "pytest.fixture"),
    ],
)
def test_loop_under_pytest_asyncio_carries_tests_and_fixtures(
    tmp_path: Path, mode: str, mark: str, fixture: str
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS.format(mark=mark, fixture=fixture))
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nasyncio_mode = {mode}\n{SETTINGS}")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:hypothesispytest"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    failed = sorted(line.split(" - ")[0] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))
    assert failed == [
        "FAILED test_it.py::test_what_fails_in_the_background_fails_the_test",
        "FAILED test_it.py::test_what_waits_for_ever_fails_at_once",
    ], done.stdout + done.stderr
    assert "DeadlockError: nothing can happen any more at 0 s, but these tasks wait:" in done.stdout
    assert "2 failed, 2 passed" in done.stdout


@pytest_asyncio.fixture
async def late() -> AsyncIterator[float]:
    await asyncio.sleep(100)
    yield asyncio.get_running_loop().time()


@pytest.mark.asyncio
async def test_loop_in_this_very_run_is_virtual(late: float) -> None:
    assert isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    await asyncio.sleep(1_000_000)
    assert (late, asyncio.get_running_loop().time()) == (100, 1_000_100)
