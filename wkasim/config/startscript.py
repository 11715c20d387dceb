"""Start scripts and commands: the flags with which a server is started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from wkasim.config.places import Place, Problem, Sourced, read_text
from wkasim.errors import InputError

__all__ = ["StartFlags", "flags_of", "read_start_script"]

_FLAG: Final = re.compile(
    r"(?<![\w-])-D([A-Za-z][\w.\-]{0,80})(?:=(\"[^\"]{0,300}\"|'[^']{0,300}'|[^\s\"'\\;]{0,300}))?"
)
_COMMENT: Final = re.compile(r"^\s*(?:#|rem\s|::)", re.IGNORECASE)


@frozen
class StartFlags:
    """System properties given at the start; the last one of a name counts.

    ``known`` if there was a script at all; ``place`` is the line that starts the server."""

    properties: Mapping[str, Sourced[str]] = field(factory=dict)
    known: bool = False
    place: Place | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def worker(self) -> bool:
        """-DworkerNode=true"""
        found = self.properties.get("workerNode")
        return found is not None and found.value.lower() == "true"

    @property
    def setup(self) -> bool:
        """-Dsetup, with or without a value."""
        found = self.properties.get("setup")
        return found is not None and found.value.lower() != "false"

    def values(self) -> dict[str, str]:
        """The properties without their places."""
        return {name: value.value for name, value in self.properties.items()}


def read_start_script(path: Path, name: str | None = None) -> StartFlags:
    """The flags in a shell or batch script; comments do not count."""
    file = name or str(path)
    try:
        text = read_text(path)
    except InputError as error:
        return StartFlags(problems=(Problem("unreadable", Place(file), str(error).removeprefix(f"{path}: ")),))
    return flags_of(text, file)


def flags_of(text: str, file: str, first_line: int = 1) -> StartFlags:
    """The flags in the lines of a script or command."""
    found: dict[str, Sourced[str]] = {}
    place_line = first_line
    for number, line in enumerate(text.split("\n"), first_line):
        if _COMMENT.match(line):
            continue
        if "wso2server" in line or "java" in line:
            place_line = number
        for flag in _FLAG.finditer(line):
            value = (flag[2] or "").strip("\"'")
            # A script hands variables on ("$PORT"); what they hold is not known here.
            if "$" not in value and not value.startswith("%"):
                found[flag[1]] = Sourced(value, Place(file, number))
    return StartFlags(found, known=True, place=Place(file, place_line))
