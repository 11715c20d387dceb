"""``wkasim kill``: send a node a signal."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from wkasim.errors import ClusterError, InputError

__all__ = ["kill", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(kill)


def kill(
    node: Annotated[str, typer.Argument(metavar="NODE", help="The node's name in the scenario.")],
    *,
    dead: Annotated[bool, typer.Option("-9", help="SIGKILL: the process is gone at once.")] = False,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="The run directory.")] = Path(".wkasim"),
) -> None:
    """Send a node SIGTERM, or with -9 end it without giving it a chance to do anything."""
    from wkasim.live import control
    from wkasim.live.rundir import RunDirectory

    try:
        control.send(RunDirectory(run_dir), node, signal.SIGKILL if dead else signal.SIGTERM)
    except ClusterError as error:
        raise InputError(str(error)) from None
    sys.stdout.write(f"{node} was sent {'SIGKILL' if dead else 'SIGTERM'}\n")
