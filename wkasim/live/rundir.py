"""The run directory: what ``wkasim up`` and the commands beside it know of each other.

    run.json              the scenario, the settings, and the process that follows the logs
    nodes/NAME.json       the node's present process and life
    nodes/NAME.status     what the node says of itself: its state, its address, and whom it lists
    nodes/NAME.wanted     somebody asks the process that follows the logs to start the node
    database.sqlite       the central database, if the scenario names no real server
    logs/NAME.log         its log; NAME.2.log in its second life

Files are replaced whole, so a reader never sees half of one; whoever changes something holds the lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import asdict, define, frozen

from wkasim.errors import InputError
from wkasim.live.processes import OsProcess

__all__ = ["DEFAULT_FOLDER", "NodeRecord", "RunDirectory", "Settings"]

DEFAULT_FOLDER = Path(".wkasim")


@frozen(kw_only=True)
class Settings:
    """How a cluster of processes was started. ``origin_ns`` is when, from which faster clocks count."""

    scenario: str
    profile: str | None = None
    seed: int | None = None
    speed: float = 1.0
    front: str | None = None
    network: str | None = None
    format: str = "console"
    origin_ns: int = 0


@frozen(kw_only=True)
class NodeRecord:
    """One node's latest process."""

    life: int
    process: OsProcess


@define
class RunDirectory:
    """One run directory."""

    folder: Path = DEFAULT_FOLDER

    # The run

    def check_own(self) -> None:
        """Raise InputError if the folder is somebody else's: a run begins by removing old logs and records in it."""
        try:
            found = {path.name for path in self.folder.iterdir()}
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be used as the run directory: {error.strerror}") from None
        if not (found <= {"lock"} or found >= {"lock", "logs", "nodes"}):
            first = min(found - {"lock"})
            raise InputError(
                f"{self.folder}: is no run directory and not empty (it holds {first}); name a new or an empty folder"
            )

    def check_free(self) -> None:
        """Raise InputError if a run is going on here."""
        running = [name for name in self.names() if self.is_alive(name)]
        owner = self.supervisor() if self._run_file.exists() else None
        if running or (owner is not None and owner.state != "gone"):
            who = ", ".join(running) or f"process {owner.pid if owner else 0}"
            raise InputError(f"{self.folder}: a cluster is running there ({who}); end it with: wkasim down{self.hint}")

    def begin(self, settings: Settings, supervisor: OsProcess) -> None:
        """Begin a run here, where none is going on; raises InputError if the folder cannot be used."""
        try:
            for folder in (self.nodes, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
                for old in folder.iterdir():
                    old.unlink()
            self.database.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be used as the run directory: {error.strerror}") from None
        _replace(self._run_file, {"settings": asdict(settings), "supervisor": asdict(supervisor)})

    @property
    def hint(self) -> str:
        """What must be added to a command to reach this folder."""
        return "" if self.folder == DEFAULT_FOLDER else f" --run-dir {self.folder}"

    def settings(self) -> Settings:
        """How the run was started; raises InputError if none is going on."""
        return self._run()[0]

    def supervisor(self) -> OsProcess:
        """The process that follows the logs; raises InputError."""
        return self._run()[1]

    def _run(self) -> tuple[Settings, OsProcess]:
        try:
            found = json.loads(self._run_file.read_text(encoding="utf-8"))
            return Settings(**found["settings"]), OsProcess(**found["supervisor"])
        except FileNotFoundError:
            raise InputError(
                f"{self.folder}: no cluster is running there; start one with: wkasim up SCENARIO"
            ) from None
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(f"{self._run_file}: cannot be read; remove it and start again") from None

    @property
    def going_on(self) -> bool:
        """Whether the run has not been ended."""
        return self._run_file.exists()

    def end(self) -> None:
        """The run is over; logs stay."""
        self._run_file.unlink(missing_ok=True)

    @property
    def _run_file(self) -> Path:
        return self.folder / "run.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Nobody else starts or ends nodes meanwhile."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("a")
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be used as the run directory: {error.strerror}") from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # Nodes

    @property
    def nodes(self) -> Path:
        """Where the records of the nodes are."""
        return self.folder / "nodes"

    @property
    def database(self) -> Path:
        """The central database, if the scenario names no real server; every run begins with an empty one."""
        return self.folder / "database.sqlite"

    @property
    def logs(self) -> Path:
        """Where their logs are."""
        return self.folder / "logs"

    def names(self) -> list[str]:
        """The nodes that were ever started, by name."""
        return sorted(path.stem for path in self.nodes.glob("*.json"))

    def record(self, name: str) -> NodeRecord | None:
        """The node's latest process; None if it was never started."""
        try:
            found = json.loads((self.nodes / f"{name}.json").read_text(encoding="utf-8"))
            return NodeRecord(life=found["life"], process=OsProcess(found["pid"], found["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_alive(self, name: str) -> bool:
        """Whether the node's process exists."""
        record = self.record(name)
        return record is not None and record.process.state != "gone"

    def write_record(self, name: str, record: NodeRecord) -> None:
        """Remember the node's process."""
        process = record.process
        _replace(self.nodes / f"{name}.json", {"life": record.life, "pid": process.pid, "started": process.started})

    def want(self, name: str) -> None:
        """Ask the process that follows the logs to start the node."""
        (self.nodes / f"{name}.wanted").touch()

    def wanted(self) -> list[str]:
        """The nodes that are to be started, each told once."""
        found = sorted(self.nodes.glob("*.wanted"))
        for path in found:
            path.unlink(missing_ok=True)
        return [path.stem for path in found]

    def log(self, name: str, life: int) -> Path:
        """The log of one life."""
        return self.logs / (f"{name}.log" if life == 1 else f"{name}.{life}.log")

    def status(self, name: str) -> dict[str, object]:
        """What the node said of itself last; empty if it has said nothing."""
        try:
            found = json.loads((self.nodes / f"{name}.status").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_status(self, name: str, status: Mapping[str, object]) -> None:
        """What the node says of itself."""
        _replace(self.nodes / f"{name}.status", status)


def _replace(path: Path, content: Mapping[str, object]) -> None:
    """Write a file so that readers see the old one or the new one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)
