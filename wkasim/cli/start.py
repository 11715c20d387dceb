"""``wkasim start``: start a node that was stopped or killed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wkasim.errors import ClusterError, InputError

__all__ = ["register", "start"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(start)


def start(
    node: Annotated[str, typer.Argument(metavar="NODE", help="The node's name in the scenario.")],
    *,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="The run directory.")] = Path(".wkasim"),
) -> None:
    """Start a node that was stopped or killed, as a new life."""
    from wkasim.live import control
    from wkasim.live.rundir import RunDirectory

    try:
        life = control.start(RunDirectory(run_dir), node)
    except ClusterError as error:
        raise InputError(str(error)) from None
    sys.stdout.write(f"{node} is starting, life {life}\n")
