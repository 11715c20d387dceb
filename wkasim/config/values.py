"""Values as the files write them: ports, switches, and placeholders that only the running server replaces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from wkasim.config.places import Place, Problem, Sourced
from wkasim.config.templates import is_template

__all__ = ["UNRESOLVED", "digits", "flag", "port", "substituted", "whole"]

UNRESOLVED: Final = re.compile(r"\$\{([^${}]{0,200})\}")
"""A placeholder of the server: ``${name}``."""


def whole(text: str, what: str, place: Place, problems: list[Problem], least: int, most: int) -> Sourced[int] | None:
    """A whole number within limits; None, and a problem, for anything else."""
    word = text.strip()
    if is_template(word):
        problems.append(Problem("template", place, word[:60]))
    elif not re.fullmatch(r"[+-]?[0-9]{1,9}", word, re.ASCII):
        shown = f"{word[:40]!r} is no number" if word else "is empty"
        problems.append(Problem("value", place, f"{what}: {shown}"))
    elif not least <= int(word) <= most:
        problems.append(Problem("value", place, f"{what}: {int(word)} is out of range ({least} to {most})"))
    else:
        return Sourced(int(word), place)
    return None


def port(text: str, what: str, place: Place, problems: list[Problem]) -> Sourced[int] | None:
    """A TCP port."""
    return whole(text, what, place, problems, 1, 65535)


def digits(text: str, most: int = 5) -> int | None:
    """The number that a text of a few ASCII digits is; None for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= most else None


def flag(text: str | None, *, default: bool) -> bool:
    """A switch as Java reads it: ``true`` in any case, everything else is false; absent is the default."""
    return default if text is None else text.strip().lower() == "true"


def substituted(text: str, known: Mapping[str, str]) -> str:
    """The value with its first placeholder replaced, if that is known; the real code replaces only one."""
    found = UNRESOLVED.search(text)
    if found is None or found[1] not in known:
        return text
    return text[: found.start()] + known[found[1]] + text[found.end() :]
