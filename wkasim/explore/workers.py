"""Worker processes of this machine: Ctrl-C is for the process that made them, and they end when it does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from ctypes import c_bool
from multiprocessing import get_context, parent_process
from multiprocessing.sharedctypes import RawValue
from typing import Final, ParamSpec, TypeVar

__all__ = ["LocalPool", "told_to_stop"]

P = ParamSpec("P")
T = TypeVar("T")


class LocalPool(ProcessPoolExecutor):
    """Processes that do jobs; :meth:`stop` asks them to end the job that they are at."""

    def __init__(self, jobs: int) -> None:
        # Without a lock: a worker that is killed must not keep one.
        self._stop = RawValue(c_bool, False)
        super().__init__(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._stop,))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As an executor does; what begins meanwhile is not interrupted."""
        with _uninterrupted():
            return super().submit(fn, *args, **kwargs)

    def stop(self) -> None:
        """Let jobs that ask :func:`told_to_stop` end, drop those that have not begun, and wait for the processes."""
        self._stop.value = True
        self.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back; a process that is started meanwhile never gets it, not even during its imports."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # when it starts, it lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# In the worker

_told: Final[list[c_bool]] = []


def told_to_stop() -> bool:
    """Whether the pool of this worker has been stopped; False in a process that is no worker."""
    return any(told.value for told in _told)


def _begin(stop: c_bool) -> None:
    # Ctrl-C reaches all processes of a terminal; the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _told.append(stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed tells its workers nothing; they would wait for the next job for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
