"""``wkasim down``: end all nodes that ``wkasim up`` started."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["down", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(down)


def down(*, run_dir: Annotated[Path, typer.Option(metavar="DIR", help="The run directory.")] = Path(".wkasim")) -> None:
    """End all nodes: gracefully, and by force whoever does not stop within five seconds. Logs are kept."""
    from wkasim.live.control import end_all
    from wkasim.live.rundir import RunDirectory

    run = RunDirectory(run_dir)
    run.settings()
    ended = end_all(run)
    sys.stdout.write(f"ended: {', '.join(ended) or 'nothing was running'}\n")
