"""``wkasim replay``: a recording of the real system, simulated, and how alike the two are."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.profile import Profile

__all__ = ["register", "replay"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(replay)


def replay(
    recording: Annotated[
        Path, typer.Argument(metavar="RECORDING_DIR", help="A folder with timeline.txt and a log for each node.")
    ],
    *,
    profile: Annotated[
        str | None, typer.Option(help="Which revision of the real code; without it, the parent folder's name.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100_000, metavar="K", help="How many seeds: 0 to K-1.")] = 20,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the best seed's run there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write even if that folder is not empty.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, metavar="X", help="Exit with 1 if the mean score is below X.")
    ] = None,
) -> None:
    """Do on a simulated cluster what was done to a real one, and compare the logs.

    Only the timeline and the time of each log's first line are used for simulating. Exits with 0 whatever the
    score is, unless --fail-under says otherwise, and with 2 if the recording cannot be read.
    """
    mean = _replay(recording, profile, seeds, out, force=force, as_json=json_)
    if fail_under is not None and mean < fail_under:
        sys.stderr.write(f"the mean score {mean:.4f} is below {fail_under:g}\n")
        raise typer.Exit(1)


def _replay(folder: Path, named: str | None, count: int, out: Path | None, *, force: bool, as_json: bool) -> float:
    """Replay, write and print; the mean score."""
    from wkasim.replay.output import refuse_recording, write_run
    from wkasim.replay.recording import amiss, read_recording
    from wkasim.replay.report import as_data, as_lines
    from wkasim.replay.score import replay as replay_recording
    from wkasim.replay.simulation import simulate
    from wkasim.scenario.output import check_folder

    recording = read_recording(folder)
    profile = _profile(folder, named)
    sys.stderr.writelines(f"{problem}\n" for problem in amiss(recording))
    if out is not None:
        refuse_recording(out)
        check_folder(out, force=force)
    score = replay_recording(recording, profile, range(count), progress=_progress(count))
    name = folder.resolve().name
    data = as_data(name, profile.name, score)
    if out is not None:
        write_run(out, simulate(recording, profile, score.best.seed), data)
        sys.stderr.write(f"written to {out}\n")
    lines = [json.dumps(data, indent=2)] if as_json else as_lines(name, profile.name, score)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return score.mean


def _profile(folder: Path, named: str | None) -> Profile:
    """The profile that is named, else the one that the parent folder is named after; raises InputError."""
    from wkasim.profile import PROFILES, profile_named

    if named is not None:
        return profile_named(named)
    parent = folder.resolve().parent.name
    if parent not in PROFILES:
        raise InputError(
            f"{folder}: which profile? {parent!r} is none; say --profile with one of {', '.join(PROFILES)}"
        )
    return PROFILES[parent]


def _progress(count: int) -> Callable[[int], None]:
    """Says on stderr how far it is, at most once a second; on a terminal in one line that goes at the end."""
    begun = last = time.monotonic()
    terminal = sys.stderr.isatty()

    def show(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done < count and now - last >= 1.0:
            sys.stderr.write(f"{chr(13) if terminal else ''}{done} of {count} seeds" + ("" if terminal else "\n"))
            sys.stderr.flush()
            last = now
        elif done == count and terminal and last > begun:
            sys.stderr.write("\r\x1b[K")

    return show
