"""``wkasim scenarios``: what is shipped."""

from __future__ import annotations

import json
import sys
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
    from wkasim.scenario.reader import load_scenario
    from wkasim.scenario.shipped import shipped_scenarios

    loaded = [(name, path, load_scenario(path)) for name, path in shipped_scenarios().items()]
    if json_:
        told = [
            {"name": name, "title": scenario.title, "profile": scenario.profile, "file": str(path)}
            for name, path, scenario in loaded
        ]
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return
    width = max((len(name) for name, _, _ in loaded), default=0)
    sys.stdout.writelines(f"{name:<{width}}  {scenario.title}\n" for name, _, scenario in loaded)
