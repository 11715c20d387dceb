"""``wkasim scenarios``: what is shipped."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register", "scenarios"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(scenarios)


def scenarios(
    *,
    json_: Annotated[bool, typer.Option("--json", help="A JSON list of name, title, profile and file.")] = False,
) -> None:
    """List the scenarios that come with wkasim, a line each; run one with: wkasim run NAME"""
    from wkasim.cli.screen import make_console, print_columns
    from wkasim.scenario.shipped import shipped_scenarios

    loaded = [(name, path, *_heading(path)) for name, path in shipped_scenarios().items()]
    if json_:
        told = [
            {"name": name, "title": title, "profile": profile, "file": str(path)}
            for name, path, title, profile in loaded
        ]
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return
    print_columns(make_console(), [(name, title) for name, _, title, _ in loaded])


def _heading(path: Path) -> tuple[str, str]:
    """A scenario's title and profile; only these lines are looked at, for reading a whole file takes its time."""
    from ruamel.yaml import YAML

    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(("title:", "profile:"))]
    found = YAML(typ="safe", pure=True).load("\n".join(lines)) or {}
    return str(found.get("title", "")), str(found.get("profile", "documented"))
