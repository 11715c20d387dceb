"""``wkasim step``: a run in the terminal, step by step, forward and back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from wkasim.cli.completion import profile_names, scenario_names
from wkasim.errors import InputError

__all__ = ["register", "step"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(step)


def step(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", autocompletion=scenario_names, help="A scenario file, or the name of a shipped one."
        ),
    ],
    *,
    seed: Annotated[int | None, typer.Option(min=0, max=2**53, metavar="N", help="Another seed than its own.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="P", autocompletion=profile_names, help="Another profile than its own.")
    ] = None,
) -> None:
    """Step through a run in the terminal: lanes, member lists, log; inject a fault and see another future.

    The key ? lists all keys. Needs the extra "step": pip install 'wkasim[step]'.
    """
    from wkasim.scenario.reader import load_scenario
    from wkasim.scenario.runner import run_scenario

    try:
        from wkasim.view.stepper import Stepper
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "textual":
            raise
        raise InputError("wkasim step needs textual; install it with: pip install 'wkasim[step]'") from None

    loaded = load_scenario(scenario)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(f"wkasim step needs a terminal; in a pipe use: wkasim run {scenario}")
    result = run_scenario(loaded, seed=seed, profile=profile)
    if not result.journal.records:
        raise InputError(f"{scenario}: nothing happens in this scenario; give it steps")
    stepper = Stepper(result)
    stepper.run()
    if stepper.return_code:
        raise typer.Exit(stepper.return_code)
