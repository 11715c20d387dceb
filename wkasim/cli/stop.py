"""``wkasim stop``: stop a node gracefully, as its own script does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wkasim.errors import ClusterError, InputError

__all__ = ["register", "stop"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(stop)


def stop(
    node: Annotated[str, typer.Argument(metavar="NODE", help="The node's name in the scenario.")],
    *,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="The run directory.")] = Path(".wkasim"),
) -> None:
    """Stop a node gracefully, and wait until it is gone."""
    from wkasim.live import control
    from wkasim.live.rundir import RunDirectory

    try:
        control.stop(RunDirectory(run_dir), node)
    except ClusterError as error:
        raise InputError(str(error)) from None
    sys.stdout.write(f"{node} has stopped\n")
