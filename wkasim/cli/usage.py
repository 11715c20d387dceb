"""What commands share when they read their arguments: all problems at once, times, and the exit code of Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from wkasim.errors import InputError

__all__ = ["INTERRUPTED", "Usage", "duration"]

INTERRUPTED: Final = 130
"""The exit code of a command that Ctrl-C has ended."""

P = ParamSpec("P")
T = TypeVar("T")


class Usage:
    """Reads one argument after another, so that all that is wrong is told at once."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def read(self, reader: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | None:
        """What the reader makes of it; None if that cannot be used."""
        try:
            return reader(*arguments, **named)
        except InputError as error:
            self.problems += error.problems
            return None


def duration(option: str, text: str) -> float | None:
    """The seconds that an option says, None if it says nothing; raises InputError for what is no time, and for 0."""
    from wkasim.scenario.shapes import parse_duration

    if not text:
        return None
    seconds = parse_duration(text)
    if not seconds:
        raise InputError(f"{option} {text}: this is no time; write 90s, 1m30s or a number of seconds")
    return seconds
