"""``wkasim up``: starts a process for every node and follows their logs, until Ctrl-C or ``wkasim down``.

Nodes start in the order of the scenario, each when the one before it is ready, as the guide does it. However this
process ends, its nodes end with it: in good order if it can, and of themselves if it is killed, for each looks once a
second whether it is still there, and the kernel wakes those that are paused.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from attrs import define, field

from wkasim.live.control import end_all, launch, reap
from wkasim.live.processes import OsProcess
from wkasim.live.rundir import RunDirectory

__all__ = ["LogFollower", "Supervisor"]

_POLL_S: Final = 0.1
_READY_S: Final = 60.0
"""How long the next node waits for the one before it, in seconds of the nodes' clock."""


class LogFollower:
    """Reads what has been added to the logs of a run directory."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._read: dict[Path, int] = {}
        self._rest: dict[Path, str] = {}

    def news(self) -> Iterator[tuple[str, str]]:
        """Node and line of every line that is complete and new; logs first, then what nodes said to whoever started
        them.
        """
        for path in sorted(
            [*self._run.logs.glob("*.log"), *self._run.logs.glob("*.err")], key=lambda p: p.suffix != ".log"
        ):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                added = file.read()
            self._read[path] = self._read.get(path, 0) + len(added)
            *lines, self._rest[path] = (self._rest.get(path, "") + added.decode("utf-8", "replace")).split("\n")
            node = path.name.partition(".")[0]
            yield from ((node, line) for line in lines)


@define
class Supervisor:
    """Starts and follows the nodes ``names``. ``show`` gets node and line, ``note`` what happens to processes."""

    run: RunDirectory
    names: list[str]
    show: Callable[[str, str], None]
    note: Callable[[str], None]
    _interrupted: bool = field(default=False, init=False)
    _alive: dict[str, OsProcess] = field(factory=dict, init=False)

    def follow(self) -> bool:
        """Start all nodes and follow them until the run is over; False if it was ended by Ctrl-C or a signal."""
        follower = LogFollower(self.run)
        with self._signals():
            try:
                waiting = list(self.names)
                deadline = 0.0
                while not self._interrupted and self.run.going_on:
                    if waiting and (self._all_settled() or time.monotonic() > deadline):
                        with self.run.lock():
                            launch(self.run, waiting.pop(0))
                        deadline = time.monotonic() + _READY_S / self.run.settings().speed
                    for name in self.run.wanted():
                        with self.run.lock():
                            if not self.run.is_alive(name):
                                launch(self.run, name)
                    self._show_news(follower)
                    if not waiting and not self._alive:
                        self.note("no node is running any more")
                        break
                    time.sleep(_POLL_S)  # noqa: TID251 - logs are files, and files do not tell when they grow
            finally:
                ended = end_all(self.run)
                self._show_news(follower)
        if self._interrupted:
            self.note(f"ended: {', '.join(ended) or 'nothing was running'}")
        return not self._interrupted

    def _all_settled(self) -> bool:
        started = self.run.names()
        return all(self.run.status(name).get("state") != "starting" or not self.run.is_alive(name) for name in started)

    def _show_news(self, follower: LogFollower) -> None:
        reap()
        ended = []
        for name in self.run.names():
            record = self.run.record(name)
            if record is None:
                continue
            before = self._alive.get(name)
            if before is not None and (before != record.process or before.state == "gone"):
                ended.append(name)
                del self._alive[name]
            if record.process.state != "gone" and name not in self._alive:
                self._alive[name] = record.process
                self.note(f"{name}: process {record.process.pid}, life {record.life}")
        for node, line in follower.news():
            self.show(node, line)
        for name in ended:
            self.note(f"{name}: its process has ended")

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first signal ends the run in order; a terminal that goes is no reason after ``nohup``."""

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            self._interrupted = True

        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, interrupt) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
