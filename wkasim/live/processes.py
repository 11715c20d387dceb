"""Operating-system processes by more than their number: whoever else has the number now is never signalled.

A process is known by its number and the time of its start, as the kernel counts it. A signal goes through a file
descriptor of the process, which was checked after it was opened, so the number cannot change hands in between.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final, Literal

from attrs import frozen

__all__ = ["OsProcess", "ProcessState"]

ProcessState = Literal["running", "paused", "gone"]

_POLL_S: Final = 0.02
_STARTED: Final = 19
"""Where the start time stands in /proc/PID/stat, counted behind the name, which may contain anything."""


@frozen
class OsProcess:
    """One process; ``started`` is in the kernel's ticks since the machine booted."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> OsProcess | None:
        """The process that has this number now; None if there is none."""
        facts = _stat(pid)
        return None if facts is None else cls(pid, int(facts[_STARTED]))

    @property
    def state(self) -> ProcessState:
        """Whether it exists, and whether it is stopped by a signal; one that only waits to be reaped is gone."""
        facts = _stat(self.pid)
        if facts is None or int(facts[_STARTED]) != self.started or facts[0] in "ZX":
            return "gone"
        return "paused" if facts[0] in "Tt" else "running"

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal; say whether the process was there to get it."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if self.state == "gone":
                return False
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True

    def wait_until_gone(self, timeout_s: float) -> bool:
        """Wait until it is gone, ``timeout_s`` at most; say whether it is."""
        deadline = time.monotonic() + timeout_s
        while self.state != "gone":
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)  # noqa: TID251 - nothing tells when a process ends that is no child
        return True


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(") ")[2].split()
