"""Large logs as a stream: only the lines that the catalogue knows are taken apart, everything else is passed over.

Most lines of a server's log are about other things. Whether one may be known shows in the name of its class, which is
found without a regular expression; only then the line goes to :mod:`wkasim.logs.parser`. What mail and web pages do to
logs is undone: quote marks, long dashes, two records on one line, records broken over several.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, TextIO

from attrs import define, evolve

from wkasim.errors import InputError
from wkasim.logs.catalogue import ENTRIES
from wkasim.logs.line import LogLine
from wkasim.logs.parser import MAX_LINE, parse_lines

__all__ = ["Progress", "known_lines", "read_known"]

_QUOTED: Final = re.compile(r"^(?:[>|]\s?)+")
_GLUED: Final = re.compile(r"(?<=\S)\s*(?=(?:TID:\s*\[|\[\d{4}-\d\d-\d\d[ T]\d\d:))")
_CHUNK: Final = 1 << 18
_HEADER: Final = 320
"""Characters in which the class of a line must have been named."""

_ODD: Final = ">|{ "
_MOST_CONTINUED: Final = 12
_BEGINS: Final = ("TID", "[", "INFO", "WARN", "ERRO", "DEBU", "FATA", "{")


@define
class Progress:
    """How far a reader has come."""

    lines: int = 0


def read_known(
    path: Path, name: str | None = None, on_progress: Callable[[Progress], None] | None = None
) -> Iterator[LogLine]:
    """The lines of a file that the catalogue knows, in bounded memory; a file that ends in ``.gz`` is unpacked.

    ``on_progress`` is called now and then. Raises InputError if the file cannot be read.
    """
    try:
        with _opened(path) as file:
            yield from _scan(_batches(file), name or str(path), on_progress)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error) or "damaged"
        raise InputError(f"{path}: cannot be read: {reason}") from None


def known_lines(lines: Iterable[str], file: str = "log") -> Iterator[LogLine]:
    """The lines of text that the catalogue knows, with their numbers."""
    return _scan(([line.rstrip("\r\n")] for line in lines), file, None)


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def _batches(file: TextIO) -> Iterator[list[str]]:
    """The lines, without their ends, many at a time; of an overlong one the beginning."""
    rest = file.read(1).removeprefix("\ufeff")
    while chunk := file.read(_CHUNK):
        lines = (rest + chunk).split("\n")
        # Cut at each turn, so that a file without line ends takes no more memory than this.
        rest = lines.pop()[: MAX_LINE + 1]
        yield lines
    if rest:
        yield [rest]


def _scan(batches: Iterable[list[str]], file: str, on_progress: Callable[[Progress], None] | None) -> Iterator[LogLine]:
    components = _components()
    progress = Progress()
    waiting: list[str] = []
    begun = number = 0
    for batch in batches:
        for line in batch:
            number += 1
            # The same as _component, without its call: this is done for every line of the log.
            at = line.find(" - ", 0, _HEADER)
            if at <= 0:
                component = ""
            elif line[at - 1] == "}":
                component = line[line.rfind(".", 0, at) + 1 : at - 1]
                if "{" in component:
                    component = component.rpartition("{")[2]
            else:
                component = line[at + 3 : line.find(" ", at + 4)].lstrip()
            if component in components:
                if waiting:
                    yield from _parsed(waiting, begun, file)
                waiting, begun = [line], number
            elif waiting:
                if len(waiting) < _MOST_CONTINUED and not _begins(line, component):
                    waiting.append(line)
                else:
                    yield from _parsed(waiting, begun, file)
                    waiting = []
            elif line and (not line.isascii() or (not component and line[0] in _ODD)):
                # Quoted, indented or JSON: worth a second look.
                clean = _clean(line)
                if clean[:1] == "{" or _component(clean) in components:
                    waiting, begun = [line], number
        if on_progress is not None:
            progress.lines = number
            on_progress(progress)
    if waiting:
        yield from _parsed(waiting, begun, file)


def _component(line: str) -> str:
    """The class of a log line, without its package; something else for a line that is none."""
    at = line.find(" - ", 0, _HEADER)
    if at < 0:
        return ""
    if line[at - 1] == "}":
        return line[line.rfind("{", 0, at) + 1 : at - 1].rpartition(".")[2]
    words = line[at + 3 : at + 120].split(None, 1)
    return words[0] if words else ""


@cache
def _components() -> frozenset[str]:
    """The classes that print lines of the catalogue."""
    return frozenset(
        logger.rpartition(".")[2] for entry in ENTRIES.values() for logger in (entry.logger, *entry.other_loggers)
    )


def _begins(line: str, component: str) -> bool:
    """Whether a line is a record of its own, of whatever class."""
    return bool(component) and line.lstrip("> |").startswith(_BEGINS)


def _clean(line: str) -> str:
    return _QUOTED.sub("", line).replace("—", "-").replace("–", "-")


def _parsed(rows: list[str], begun: int, file: str) -> Iterator[LogLine]:
    """The known lines in some rows that belong together; if the first is not known as it stands, it was broken."""
    found = [line for line in parse_lines(rows, file) if line.event is not None]
    if not found or len(_GLUED.split(rows[0])) > 1:
        found = list(_mended(rows, file)) or found
    for line in found:
        yield evolve(line, number=line.number + begun - 1)


def _mended(rows: list[str], file: str) -> Iterator[LogLine]:
    clean = [_clean(row).rstrip("\r\n") for row in rows]
    pieces = [piece for piece in _GLUED.split(clean[0]) if piece.strip()]
    for piece in pieces[:-1]:
        yield from (line for line in parse_lines([piece], file) if line.event is not None)
    last, rest = pieces[-1] if pieces else "", clean[1:]
    # A long message may be broken anywhere; take as few of the following rows as make sense.
    for taken in range(len(rest) + 1):
        joined = " ".join([last, *(row.strip() for row in rest[:taken])])
        known = [line for line in parse_lines([joined], file) if line.event is not None]
        if known:
            yield from known
            return
