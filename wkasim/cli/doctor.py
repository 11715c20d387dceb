"""``wkasim doctor``: will this configuration form a cluster? Before anything is started."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from wkasim.cli.completion import profile_names
from wkasim.errors import InputError

__all__ = ["doctor", "register"]

_FORMATS: Final = ("text", "json", "sarif")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(doctor)


def doctor(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="One directory a node, or a parent of several.")
    ],
    *,
    hosts: Annotated[Path | None, typer.Option(metavar="FILE", help="The hosts file of the machines.")] = None,
    cluster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A cluster.yaml elsewhere than in the directory.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="P", autocompletion=profile_names, help="The profile to simulate with.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", metavar="F", help="text, json or sarif.")] = "text",
    origins: Annotated[bool, typer.Option("--origins", help="Show where each value comes from.")] = False,
) -> None:
    """Read the configuration files of all nodes together, find what is wrong, and simulate what comes of it.

    Exits with 1 if there is a finding of severity error, with 2 if a directory cannot be used.
    """
    from wkasim.cli.progress import ProgressLine
    from wkasim.cli.screen import make_console, plain_text
    from wkasim.config.data import as_data, as_sarif
    from wkasim.config.examination import examine
    from wkasim.config.report import report_lines
    from wkasim.version import __version__

    if format_ not in _FORMATS:
        raise InputError(f"unknown format {format_!r} (known: {', '.join(_FORMATS)})")
    watched = ProgressLine()
    try:
        examination = examine(directories, hosts=hosts, declaration=cluster, profile=profile, progress=watched.tell)
    finally:
        watched.end()
    if format_ == "text":
        console = make_console()
        width = console.width if console.is_terminal else None
        for line, style in report_lines(examination, origins=origins, width=width):
            console.print(plain_text(line, style), soft_wrap=True)
    else:
        data = as_data(examination) if format_ == "json" else as_sarif(examination, __version__)
        sys.stdout.write(json.dumps(data, indent=2) + "\n")
    if not examination.clean:
        raise typer.Exit(1)
