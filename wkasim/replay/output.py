"""A simulated run of a recording as a folder: a log per life, ``journal.jsonl`` and ``result.json``.

The logs have the names of the recorded ones (``w2.log``, ``w2.2.log`` for a second life): both lie side by side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wkasim.errors import InputError
from wkasim.files import write_whole
from wkasim.replay.score import simulated_logs
from wkasim.replay.simulation import SimulatedRun

__all__ = ["JOURNAL_FILE", "RESULT_FILE", "refuse_recording", "write_run"]

JOURNAL_FILE: Final = "journal.jsonl"
RESULT_FILE: Final = "result.json"


def refuse_recording(folder: Path) -> None:
    """Make sure that a folder is no recording, whose logs a run would replace; raises InputError."""
    if (folder / "timeline.txt").exists():
        raise InputError(f"{folder}: this is a recording, it is not written into; name another folder")


def write_run(folder: Path, run: SimulatedRun, result: Mapping[str, object]) -> None:
    """Write the run; logs and results of an earlier one in the folder go first. Raises InputError."""
    refuse_recording(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / JOURNAL_FILE).exists():
            for old in sorted(folder.glob("*.log")):
                old.unlink()
        for name, text in simulated_logs(run).items():
            write_whole(folder / f"{name}.log", text)
        write_whole(folder / JOURNAL_FILE, "".join(f"{line}\n" for line in run.journal.lines()))
        write_whole(folder / RESULT_FILE, json.dumps(result, indent=2) + "\n")
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot be written: {error.strerror or error}") from None
