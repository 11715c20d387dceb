"""``wkasim pause``: freeze a node."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wkasim.errors import ClusterError, InputError

__all__ = ["pause", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(pause)


def pause(
    node: Annotated[str, typer.Argument(metavar="NODE", help="The node's name in the scenario.")],
    *,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="The run directory.")] = Path(".wkasim"),
) -> None:
    """Freeze a node (SIGSTOP): its operating system goes on accepting connections."""
    from wkasim.live import control
    from wkasim.live.rundir import RunDirectory

    try:
        control.pause(RunDirectory(run_dir), node)
    except ClusterError as error:
        raise InputError(str(error)) from None
    sys.stdout.write(f"{node} is paused\n")
