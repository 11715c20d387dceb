"""``wkasim ps``: the processes of the nodes, and what the nodes say of themselves."""

from __future__ import annotations

import json
import sys
import textwrap
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
    _print_table([_HEADINGS, *_cells(rows)])


def _cells(rows: list[dict[str, object]]) -> Iterator[tuple[str, ...]]:
    """The rows for people: members by name, or by address where no node says that it has that one."""
    names = {row["address"]: str(row["node"]) for row in rows if row["address"] is not None}
    for row in rows:
        listed = row["members"] if isinstance(row["members"], list) else []
        members = " ".join(names.get(member, str(member)) for member in listed)
        yield *(str(row[heading] or "-") for heading in _HEADINGS[:-1]), members or "-"


def _print_table(lines: list[tuple[str, ...]]) -> None:
    """Columns; on a terminal the last one is folded under itself, in a pipe a node has one line."""
    from wkasim.cli.screen import make_console, plain_text

    console = make_console()
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS) - 1)]
    indent = sum(widths) + 2 * len(widths)
    room = max(20, console.width - indent) if console.is_terminal else sys.maxsize
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        members = ("\n" + " " * indent).join(textwrap.wrap(line[-1], room, break_on_hyphens=False))
        console.print(plain_text("  ".join([*cells, members])), soft_wrap=True)


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
