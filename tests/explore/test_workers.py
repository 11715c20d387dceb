"""Worker processes: deaf to Ctrl-C from their first moment, quick to stop, and gone when their parent is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from wkasim.explore.workers import LocalPool, told_to_stop

ROOT = Path(__file__).parents[2]

ORPHANS = """
import os, signal
from wkasim.explore.workers import LocalPool

if __name__ == "__main__":
    pool = LocalPool(2)
    assert pool.submit(os.getpid).result() != os.getpid()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def wait_until_told(limit_s: float) -> bool:
    """Whether it was told before the time was up; a worker's job."""
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends:
        if told_to_stop():
            return True
    return False


def test_worker_is_deaf_to_an_interrupt_before_it_has_imported_anything() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    pool = LocalPool(1)
    try:
        # What it holds back now it was started with: nothing in it touches the mask.
        assert signal.SIGINT in pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
        assert pool.submit(signal.getsignal, signal.SIGINT).result() is signal.SIG_IGN
    finally:
        pool.stop()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert signal.SIGINT not in before


def test_stopped_pool_ends_the_job_that_it_is_at_and_begins_no_other() -> None:
    pool = LocalPool(1)
    assert not pool.submit(told_to_stop).result()
    jobs = [pool.submit(wait_until_told, 60) for _ in range(5)]
    while not jobs[0].running():
        time.sleep(0.01)
    pool.stop()
    assert jobs[0].result()
    assert all(job.done() for job in jobs)
    assert jobs[-1].cancelled()
    assert not told_to_stop()


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    killed = subprocess.Popen(
        [sys.executable, script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        # The workers have the output too, so it ends when they do.
        assert b"Traceback" not in killed.communicate(timeout=30)[0]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(killed.pid, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
