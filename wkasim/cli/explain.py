"""``wkasim explain``: what one log line means."""

from __future__ import annotations

from typing import Annotated

import typer

from wkasim.errors import InputError

__all__ = ["explain", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(explain)


def explain(
    line: Annotated[str, typer.Argument(metavar="LINE", help="A log line in quotes, as the server printed it.")],
) -> None:
    """Explain a log line: what it means, what stands around it in a healthy start, and what usually causes it.

    Exits with 2 if the line is not one of the clustering code's.
    """
    from wkasim.cli.screen import make_console, plain_text
    from wkasim.logs.explain import explain as explained

    found = explained(line)
    if found is None:
        raise InputError(
            f"{line[:100]!r} is no line of the clustering code that is known; docs/log-catalogue.md lists all of them"
        )
    entry = found.entry
    console = make_console()
    console.print(plain_text(f"{entry.level} {entry.component}: {entry.template.splitlines()[0]}", "bold"))
    console.print(plain_text(entry.meaning))
    for name, value in found.line.params.items():
        console.print(plain_text(f"  {name}: {value}"), soft_wrap=True)
    rows = [("event", entry.event), ("shown on", str(entry.visibility)), ("profiles", ", ".join(entry.profiles))]
    if found.sequence:
        rows.append(("part of", found.sequence))
    if found.instead is not None:
        rows.append(("instead of", found.instead.template))
    if found.before is not None:
        rows.append(("comes after", found.before.template))
    if found.after is not None:
        rows.append(("followed by", found.after.template))
    console.print()
    for name, value in rows:
        console.print(plain_text(f"{name:<12} {value}"), soft_wrap=True)
    if found.causes:
        console.print()
        console.print(plain_text("Usual causes", "bold"))
        for cause in found.causes:
            console.print(plain_text(f"  - {cause}"), soft_wrap=True)
    if scenarios := _scenarios(entry.event):
        console.print()
        console.print(plain_text(f"See it in: {', '.join(f'wkasim run {name}' for name in scenarios)}"), soft_wrap=True)


def _scenarios(event: str) -> list[str]:
    """The shipped scenarios that expect the event, at most three."""
    from wkasim.scenario.shipped import shipped_scenarios

    found = [
        name
        for name, path in shipped_scenarios().items()
        if any(f" {event}{end}" in path.read_text(encoding="utf-8") for end in ("\n", ",", "}", " "))
    ]
    return found[:3]
