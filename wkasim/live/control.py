"""What can be done to the nodes of a run directory: start, signal, end all. Each call is one command's work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from wkasim.errors import ClusterError, InputError
from wkasim.live.processes import OsProcess
from wkasim.live.rundir import NodeRecord, RunDirectory
from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import load_scenario

__all__ = ["end_all", "launch", "pause", "resume", "send", "start", "stop"]

GRACE_S: Final = 5.0
"""How long a node may take to stop before it is killed, in seconds of the wall's clock."""

_POLL_S: Final = 0.05


def start(run: RunDirectory, name: str) -> int:
    """Start a node again, or for the first time; its life. Raises InputError, ClusterError if it runs.

    It is started by the process that follows the logs, as the first time, so that it ends with that process.
    """
    scenario = load_scenario(run.settings().scenario)
    _check_name(scenario, name)
    with run.lock():
        if run.is_alive(name):
            raise ClusterError(f"{name} is running already")
        before = run.record(name)
        run.want(name)
    deadline = time.monotonic() + GRACE_S
    while (record := run.record(name)) is None or record == before:
        if run.supervisor().state != "running" or time.monotonic() > deadline:
            raise ClusterError(f"{name} was not started: the process of wkasim up does not answer; see wkasim ps")
        time.sleep(_POLL_S)  # noqa: TID251 - a file does not tell when it is replaced
    return record.life


def launch(run: RunDirectory, name: str) -> NodeRecord:
    """Start a process for the next life of a node; the lock is held by the caller."""
    before = run.record(name)
    life = 1 if before is None else before.life + 1
    run.write_status(name, {"state": "starting", "life": life, "address": None, "members": [], "groups": {}})
    settings = run.settings()
    command = [sys.executable, "-m", "wkasim", "node", name, "--scenario", settings.scenario]
    command += ["--run-dir", str(run.folder.resolve()), "--life", str(life)]
    package = Path(__file__).resolve().parents[2]
    search = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    with (run.logs / f"{name}.err").open("ab") as errors:
        # A group of its own: Ctrl-C in the terminal is for whoever follows the logs, who then ends the nodes. But their
        # session: when they are killed the kernel wakes the groups that this orphans, so that a paused node ends too.
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            process_group=0,
            env={**os.environ, "PYTHONPATH": search, "PYTHONUNBUFFERED": "1"},
        )
    _CHILDREN.append(child)
    process = OsProcess.of(child.pid)
    if process is None:
        raise ClusterError(f"{name}: its process ended at once; see {run.logs / f'{name}.err'}")
    record = NodeRecord(life=life, process=process)
    run.write_record(name, record)
    return record


_CHILDREN: Final[list[subprocess.Popen[bytes]]] = []
"""Processes started by this one, which has to reap them."""


def reap() -> None:
    """Let the operating system forget children that have ended."""
    _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]


def send(run: RunDirectory, name: str, number: signal.Signals) -> None:
    """Send a signal to a node; raises InputError for an unknown name, ClusterError if it does not run."""
    record = run.record(name)
    if record is None:
        run.settings()
        raise InputError(f"node {name!r} was never started here (started: {', '.join(run.names()) or 'none'})")
    if not record.process.signal(number):
        raise ClusterError(f"{name} is not running")


def stop(run: RunDirectory, name: str) -> None:
    """Stop a node gracefully and wait until it is gone, at most :data:`GRACE_S`; raises as :func:`send`."""
    send(run, name, signal.SIGTERM)
    record = run.record(name)
    assert record is not None
    if record.process.state == "paused":
        raise ClusterError(f"{name} is paused; it stops when it is resumed")
    if not record.process.wait_until_gone(GRACE_S):
        raise ClusterError(f"{name} has not stopped within {GRACE_S:g} s; end it with: wkasim kill -9 {name}")


def pause(run: RunDirectory, name: str) -> None:
    """Freeze a node (SIGSTOP); raises as :func:`send`."""
    send(run, name, signal.SIGSTOP)


def resume(run: RunDirectory, name: str) -> None:
    """Let a frozen node go on (SIGCONT); raises as :func:`send`."""
    send(run, name, signal.SIGCONT)


def end_all(run: RunDirectory) -> list[str]:
    """End every node, kill those that do not stop, and the run with them; the names of those that ran."""
    with run.lock():
        ended = [name for name in run.names() if run.is_alive(name)]
        processes = [record.process for name in ended if (record := run.record(name)) is not None]
        _signal_all(processes, signal.SIGTERM)
        _signal_all(processes, signal.SIGCONT)
        for process in processes:
            reap()
            if not process.wait_until_gone(GRACE_S):
                process.signal(signal.SIGKILL)
                process.wait_until_gone(GRACE_S)
        reap()
        run.end()
    return ended


def _signal_all(processes: Iterable[OsProcess], number: signal.Signals) -> None:
    for process in processes:
        process.signal(number)


def _check_name(scenario: Scenario, name: str) -> None:
    nodes = scenario.all_nodes()
    if name not in nodes:
        raise InputError(f"{scenario.file}: node {name!r} is not defined (defined: {', '.join(nodes)})")
