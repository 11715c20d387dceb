"""A process is known by more than its number, and a stranger with that number is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from attrs import evolve

from wkasim.live.processes import OsProcess


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield made
    made.kill()
    made.wait()


def known(child: subprocess.Popen[bytes]) -> OsProcess:
    process = OsProcess.of(child.pid)
    assert process is not None
    return process


def test_process_runs_is_paused_and_goes(child: subprocess.Popen[bytes]) -> None:
    process = known(child)
    assert process.state == "running"
    assert process.signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    assert process.state == "paused"
    assert not process.wait_until_gone(0.01)
    assert process.signal(signal.SIGKILL)
    # Its parent has not asked for it yet; it is gone all the same.
    assert process.wait_until_gone(5)
    assert process.state == "gone"


def test_stranger_with_the_same_number_is_not_signalled(child: subprocess.Popen[bytes]) -> None:
    former = evolve(known(child), started=known(child).started - 1)
    assert former.state == "gone"
    assert not former.signal(signal.SIGKILL)
    assert former.wait_until_gone(0)
    assert child.poll() is None


def test_number_that_nobody_has_is_gone(child: subprocess.Popen[bytes]) -> None:
    process = known(child)
    child.kill()
    child.wait()
    assert OsProcess.of(child.pid) is None
    assert process.state == "gone"
    assert not process.signal(signal.SIGTERM)
