"""``wkasim view``: a run as one HTML file to look at, as a drawing, or for ShiViz."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wkasim.cli.completion import profile_names, scenario_names
from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.view.run import Run

__all__ = ["register", "view"]

LIMIT: Final = 500_000
"""Records that a page may hold; a browser opens 100,000 within a second or two."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(view)


def view(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO|RUN_DIR", autocompletion=scenario_names, help="A scenario, or what run --out has written."
        ),
    ],
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The page; NAME.html if left out.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write a drawing for documents.")] = None,
    shiviz: Annotated[Path | None, typer.Option("--shiviz", metavar="FILE", help="Write a log for ShiViz.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**53, metavar="N", help="Another seed than its own.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="P", autocompletion=profile_names, help="Another profile than its own.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="The most records that the page may hold.")] = LIMIT,
) -> None:
    """Write a run as one HTML file that works from disk: no server, no network.

    With --svg or --shiviz alone no page is written; name one with -o to have both. Exits with 2 if scenario or run
    cannot be used.
    """
    from wkasim.view.page import html_page
    from wkasim.view.shiviz import shiviz_lines
    from wkasim.view.svg import svg_page

    run, name = _run(what, seed, profile)
    run = run.at_most(limit)
    page = output
    if page is None and (open_ or (svg is None and shiviz is None)):
        page = Path(f"{name}.html")
    if page is not None:
        _write(page, html_page(run))
    if svg is not None:
        _write(svg, svg_page(run))
    if shiviz is not None:
        _write(shiviz, "".join(f"{line}\n" for line in shiviz_lines(run)))
    if open_ and page is not None:
        import webbrowser

        if not webbrowser.open(page.resolve().as_uri()):
            sys.stderr.write(f"no browser could be started; open {page} yourself\n")


def _run(what: str, seed: int | None, profile: str | None) -> tuple[Run, str]:
    """The run to show and a name for its file: from a directory, or by running a scenario now."""
    from wkasim.scenario.output import JOURNAL_FILE, RESULT_FILE
    from wkasim.scenario.reader import load_scenario
    from wkasim.scenario.runner import run_scenario
    from wkasim.view.played import run_of
    from wkasim.view.source import read_run

    folder = Path(what)
    if folder.name in (JOURNAL_FILE, RESULT_FILE) and folder.is_file():
        folder = folder.parent
    if folder.is_dir():
        if seed is not None or profile is not None:
            raise InputError(f"{what}: a run that is over keeps its seed and profile; leave --seed and --profile out")
        return read_run(folder), folder.resolve().name or "run"
    scenario = load_scenario(what)
    return run_of(run_scenario(scenario, seed=seed, profile=profile)), scenario.name


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    sys.stdout.write(f"written: {path} ({len(text.encode(errors='backslashreplace')):,} bytes)\n")
