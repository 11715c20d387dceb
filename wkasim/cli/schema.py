"""``wkasim schema``: the JSON Schema of scenario files."""

from __future__ import annotations

import json
import sys

import typer

__all__ = ["register", "schema"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(schema)


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check them.

    It checks the form. What goes beyond, such as whether a node exists, is checked by wkasim run.
    """
    from wkasim.scenario.schema import scenario_schema

    sys.stdout.write(json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n")
