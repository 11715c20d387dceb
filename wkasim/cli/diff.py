"""``wkasim diff``: two runs, or a real and a simulated one, and where they part."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wkasim.cli.screen import Screen
    from wkasim.logs.difference_of_runs import NodeDifference
    from wkasim.logs.line import LogLine

__all__ = ["diff", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(diff)


def diff(
    left: Annotated[Path, typer.Argument(metavar="RUN_A", help="A directory of logs, or one log.")],
    right: Annotated[
        Path,
        typer.Argument(metavar="RUN_B", help="Another one; nodes are paired by name, two single logs in any case."),
    ],
    *,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Compare the logs of two runs, node by node and event by event, and show the first divergence of each.

    Each may be the folder of a simulated run (wkasim run --out) or real logs. Exits with 1 if they differ, with 2 if a
    file cannot be read or holds no line of the clustering code.
    """
    from wkasim.cli.logs import load_lives
    from wkasim.cli.screen import make_console, plain_text
    from wkasim.logs.difference_of_runs import compare_stories

    found, only_left, only_right = compare_stories(load_lives([left]), load_lives([right]))
    if json_:
        data = {"nodes": [_as_data(one) for one in found], "only_left": only_left, "only_right": only_right}
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        console = make_console()
        for one in found:
            _print(console, one)
        for run, names in ((left, only_left), (right, only_right)):
            if names:
                console.print(plain_text(f"only in {run}: {', '.join(names)}", "yellow"), soft_wrap=True)
    if only_left or only_right or not found or not all(one.equal for one in found):
        raise typer.Exit(1)


def _print(console: Screen, one: NodeDifference) -> None:
    from wkasim.cli.screen import plain_text

    name = one.node if one.life == 1 else f"{one.node}, life {one.life}"
    if one.divergence is None:
        console.print(plain_text(f"{name}: equal, {_lines(one.matched)}", "green"))
        return
    counts = (
        f"{_lines(one.matched)} in common, {len(one.only_left)} only in the first, {len(one.only_right)} in the second"
    )
    console.print(plain_text(f"{name}: {counts}", "bold"), soft_wrap=True)
    for line in one.divergence.common:
        console.print(plain_text(f"      {line.text.splitlines()[0]}", "dim"), soft_wrap=True)
    for sign, next_, style in (("-", one.divergence.left, "red"), ("+", one.divergence.right, "green")):
        text = f"{next_.text.splitlines()[0]}  ({next_.place})" if next_ is not None else "(ends here)"
        console.print(plain_text(f"    {sign} {text}", style), soft_wrap=True)


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _as_data(one: NodeDifference) -> dict[str, object]:
    def told(line: LogLine | None) -> dict[str, str] | None:
        return None if line is None else {"place": line.place, "text": line.text}

    divergence = one.divergence
    return {
        "node": one.node,
        "life": one.life,
        "matched": one.matched,
        "only_left": [told(line) for line in one.only_left],
        "only_right": [told(line) for line in one.only_right],
        "divergence": None
        if divergence is None
        else {
            "common": [told(line) for line in divergence.common],
            "left": told(divergence.left),
            "right": told(divergence.right),
        },
    }
