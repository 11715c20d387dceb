"""A simulated run of a recording as a folder: a log per life, ``journal.jsonl`` and ``result.json``.

The logs have the names of the recorded ones (``w2.log``, ``w2.2.log`` for a second life): both lie side by side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wkasim.errors import InputError
from wkasim.replay.score import simulated_logs
from wkasim.replay.simulation import SimulatedRun

__all__ = ["check_folder", "write_run"]

_OURS: Final = ("journal.jsonl", "result.json")


def check_folder(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, unless forced; always refuse a recording. Raises InputError."""
    try:
        entries = list(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; name a folder to write into") from None
    if any(entry.name == "timeline.txt" for entry in entries):
        raise InputError(f"{folder}: this is a recording, it is not written into; name another folder")
    if entries and not force:
        raise InputError(f"{folder}: the folder is not empty; name another one, or say --force to replace a run")


def write_run(folder: Path, run: SimulatedRun, result: Mapping[str, object], *, force: bool) -> None:
    """Write the run; with ``force`` the files of an earlier run go first. Raises InputError."""
    check_folder(folder, force=force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in (*sorted(folder.glob("*.log")), *(folder / name for name in _OURS)):
            old.unlink(missing_ok=True)
        for name, text in simulated_logs(run).items():
            (folder / f"{name}.log").write_text(text, encoding="utf-8")
        with (folder / "journal.jsonl").open("w", encoding="utf-8") as file:
            run.journal.write(file)
        (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{error.filename or folder}: {error.strerror}; the run could not be written") from None
