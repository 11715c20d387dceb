"""``wkasim lesson``: the lessons, played in the terminal with their questions, and their exercises graded."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.view.lessons import Lesson

__all__ = ["lesson", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(lesson)


def lesson(
    number: Annotated[int | None, typer.Argument(metavar="N", help="Which lesson; without it all are listed.")] = None,
    *,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Grade this scenario as the answer to the exercise.")
    ] = None,
) -> None:
    """List the lessons, play one with its questions, or grade an answer to its exercise.

    A question is answered with the number of a choice; an empty line shows the answer. Exits with 1 if an answer to an
    exercise is not right yet, and with 2 if it cannot be run.
    """
    from wkasim.view.lessons import find_lesson, lessons

    if number is None:
        if check is not None:
            raise InputError(f"--check {check}: say of which lesson, such as: wkasim lesson 3 --check {check}")
        for one in lessons():
            sys.stdout.write(f"{one.number:>2} {one.title}\n")
        return
    chosen = find_lesson(number)
    if check is None:
        _play(chosen)
    else:
        _grade(chosen, check)


def _play(chosen: Lesson) -> None:
    from wkasim.view.lesson_play import play

    interactive = sys.stdin.isatty()

    def ask(prompt: str) -> str:
        sys.stdout.write(prompt)
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not interactive or not line.endswith("\n"):  # nobody's Enter has ended the line on the screen
            sys.stdout.write(line if line.endswith("\n") else f"{line}\n")
        return line.strip()

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for paragraph in play(chosen, ask, columns):
        sys.stdout.write(f"{paragraph}\n")


def _grade(chosen: Lesson, file: Path) -> None:
    from wkasim.scenario.reader import load_scenario
    from wkasim.view.exercises import grade

    missing = grade(chosen.number, load_scenario(file))
    if not missing:
        sys.stdout.write(f"exercise {chosen.number}: right\n")
        return
    sys.stdout.write(f"exercise {chosen.number}: not yet\n")
    sys.stdout.writelines(f"  {sentence}\n" for sentence in missing)
    raise typer.Exit(1)
