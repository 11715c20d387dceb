"""``wkasim profiles``: which revisions of the real code there are, and in what they differ."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

if TYPE_CHECKING:
    from wkasim.profile import Profile

__all__ = ["profiles", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(profiles)


def profiles(
    name: Annotated[str | None, typer.Argument(help="A profile, to see all its fields.")] = None,
    *,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List the profiles and the fields in which they differ, or every field of one.

    A scenario can set any field otherwise, under "switches". Times are in seconds, ranges in milliseconds.
    """
    from wkasim.profile import PROFILES, differences, profile_named

    if name is not None:
        profile = profile_named(name)
        _print_json(_as_dict(profile)) if json_ else _print_profile(profile)
    elif json_:
        differing = [
            {"field": field, "what": what, "source": source, "values": dict(zip(PROFILES, values, strict=True))}
            for field, what, source, values in differences()
        ]
        _print_json({"profiles": [_as_dict(profile) for profile in PROFILES.values()], "differences": differing})
    else:
        _print_differences()


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _as_dict(profile: Profile) -> dict[str, object]:
    fields = {
        field.name: {
            "value": getattr(profile, field.name),
            "what": field.metadata["what"],
            "source": field.metadata["source"],
        }
        for field in attrs.fields(type(profile))
        if field.name not in ("name", "revision")
    }
    return {"name": profile.name, "revision": profile.revision, "fields": fields}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " to ".join(f"{item:g}" for item in value) + " ms"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _print_profile(profile: Profile) -> None:
    from rich.table import Table

    from wkasim.cli.screen import make_console, plain_text

    console = make_console()
    console.print(plain_text(f"{profile.name}: {profile.revision}", "bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    for field in attrs.fields(type(profile)):
        if field.name not in ("name", "revision"):
            what = f"{field.metadata['what']} ({field.metadata['source']})"
            cell = plain_text(f"{field.name}\n", "bold").append_text(plain_text(what, "dim"))
            table.add_row(cell, _shown(getattr(profile, field.name)))
    console.print(table)


def _print_differences() -> None:
    from rich.table import Table

    from wkasim.cli.screen import make_console, plain_text
    from wkasim.profile import PROFILES, differences

    console = make_console()
    grid = Table.grid(padding=(0, 2))
    for profile in PROFILES.values():
        grid.add_row(plain_text(profile.name, "bold"), plain_text(profile.revision))
    console.print(grid)
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("in what they differ")
    for name in PROFILES:
        table.add_column(name, no_wrap=True)
    for field, what, _, values in differences():
        cell = plain_text(f"{field}\n", "bold").append_text(plain_text(what, "dim"))
        table.add_row(cell, *(_shown(value) for value in values))
    console.print(table)
    console.print(plain_text("All fields of one: wkasim profiles NAME", "dim"))
