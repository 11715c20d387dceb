"""``wkasim ps``: the processes of the nodes, and what the nodes say of themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from wkasim.live.rundir import RunDirectory

__all__ = ["ps", "register"]

_HEADINGS: Final = ("node", "pid", "life", "state", "address", "members")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(ps)


def ps(
    *,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="The run directory.")] = Path(".wkasim"),
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the nodes that wkasim up started: process, life, state, and whom each lists."""
    from wkasim.live.rundir import RunDirectory

    run = RunDirectory(run_dir)
    run.settings()
    rows = [_row(run, name) for name in run.names()]
    if json_:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    from wkasim.cli.screen import make_console, print_columns

    print_columns(make_console(), [_HEADINGS, *_cells(rows)])


def _cells(rows: list[dict[str, object]]) -> Iterator[tuple[str, ...]]:
    """The rows for people: members by name, or by address where no node says that it has that one."""
    names = {row["address"]: str(row["node"]) for row in rows if row["address"] is not None}
    for row in rows:
        listed = row["members"] if isinstance(row["members"], list) else []
        members = " ".join(names.get(member, str(member)) for member in listed)
        yield *(str(row[heading] or "-") for heading in _HEADINGS[:-1]), members or "-"


def _row(run: RunDirectory, name: str) -> dict[str, object]:
    """One node; what a dead process said of itself counts no more, unless it said why it could not start."""
    record = run.record(name)
    status = run.status(name)
    process = "gone" if record is None else record.process.state
    alive = process != "gone" and record is not None
    said = status.get("state", "starting")
    state = said if process == "running" or said == "failed" else "paused" if process == "paused" else "stopped"
    return {
        "node": name,
        "pid": record.process.pid if record is not None and alive else None,
        "life": record.life if record is not None else 0,
        "state": state,
        "address": status.get("address") if alive else None,
        "members": status.get("members", []) if alive else [],
        "groups": status.get("groups", {}) if alive else {},
    }
