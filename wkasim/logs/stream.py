"""Large logs as a stream: only the lines that the catalogue knows are taken apart, everything else is passed over.

Most lines of a server's log are about other things. Whether one may be known shows in the name of its class. These
names are searched in large blocks of text, so that a line without one is never even cut out of its block; only the
lines around a name go to :mod:`wkasim.logs.parser`. What mail and web pages do to logs is undone: quote marks, long
dashes, two records on one line, records broken over several; and so is what terminals and containers do to them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, TextIO

from attrs import define, evolve

from wkasim.logs.catalogue import ENTRIES
from wkasim.logs.line import LogLine
from wkasim.logs.parser import MAX_LINE, UNREADABLE, open_log, parse_lines, unreadable, unwrapped, without_colours

__all__ = ["Progress", "known_lines", "read_known"]

_QUOTED: Final = re.compile(r"^(?:[>|]\s?)+")
_GLUED: Final = re.compile(r"(?<=\S)\s*(?=(?:TID:\s*\[|\[\d{4}-\d\d-\d\d[ T]\d\d:))")
_CHUNK: Final = 1 << 18
_HEADER: Final = 320
"""Characters in which the class of a line must have been named."""

_MOST_CONTINUED: Final = 12
"""Rows over which one record may be broken."""

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
        with open_log(path) as file:
            blocks = _blocks(file) if on_progress is None else _reported(_blocks(file), on_progress)
            yield from _known(_near_names(blocks), name or str(path))
    except UNREADABLE as error:
        raise unreadable(path, error) from None


def _reported(blocks: Iterable[str], on_progress: Callable[[Progress], None]) -> Iterator[str]:
    progress = Progress()
    for block in blocks:
        yield block
        progress.lines += block.count("\n") + 1
        on_progress(progress)


def known_lines(lines: Iterable[str], file: str = "log") -> Iterator[LogLine]:
    """The lines of text that the catalogue knows, with their numbers."""
    return _known(_near_names(line.rstrip("\r\n") for line in lines), file)


def _blocks(file: TextIO) -> Iterator[str]:
    """The text in pieces of whole lines, without the last line's end; of an overlong line the beginning."""
    rest = ""
    while chunk := file.read(_CHUNK):
        lines, end, rest = (rest + chunk).rpartition("\n")
        # Cut at each turn, so that a file without line ends takes no more memory than this.
        rest = rest[: MAX_LINE + 1]
        if end:
            yield lines
    if rest:
        yield rest


def _near_names(blocks: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines that name a class of the catalogue, each with the rows that may belong to it, and their numbers."""
    number = 1
    owed = 0
    for block in map(without_colours, blocks):
        at = 0
        for spot in (*_spots(block), None):
            begin = len(block) + 1 if spot is None else block.rfind("\n", 0, spot) + 1
            while at < begin and owed:
                end = _line_end(block, at)
                yield number, block[at:end]
                at, number, owed = end + 1, number + 1, owed - 1
            if spot is None:
                # The end of the last line stands in no block.
                number += block.count("\n", at) + 1 if at < begin else 0
            elif at <= begin:  # Else it is a second name in the line that was given last.
                number += block.count("\n", at, begin)
                end = _line_end(block, begin)
                yield number, block[begin:end]
                at, number, owed = end + 1, number + 1, _MOST_CONTINUED


def _line_end(block: str, at: int) -> int:
    end = block.find("\n", at)
    return end if end >= 0 else len(block)


def _spots(block: str) -> list[int]:
    """Where in a block a class of the catalogue is named as the formats of logs name it, in order."""
    return sorted(found.start() for pattern in _patterns(block.isascii()) for found in pattern.finditer(block))


@cache
def _patterns(ascii_only: bool) -> tuple[re.Pattern[str], ...]:
    """How the formats name a class. Each begins with fixed characters, which makes the search for it fast.

    After these, the names are grouped by two or three letters, so that most are sorted out together.
    """
    dash = "-" if ascii_only else "[-\u2013\u2014]"
    begins, ends = defaultdict(list), defaultdict(list)
    for name in sorted(_components()):
        begins[name[:2]].append(name[2:])
        ends[name[-3:]].append(rf"(?<={name}\}} {dash})")
    names = "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in begins.items())
    behind = "|".join(rf"(?<={last}\}} {dash})(?:{'|'.join(whole)})" for last, whole in ends.items())
    return (
        re.compile(rf"{dash} +(?:{names})\s"),
        re.compile(rf"\}} {dash}(?:{behind})"),
        re.compile(rf'"(?:{names})"'),
    )


def _known(lines: Iterable[tuple[int, str]], file: str) -> Iterator[LogLine]:
    """Put rows that belong together to the parser."""
    components = _components()
    waiting: list[str] = []
    begun = 0
    for number, line in lines:
        clean = _clean(line)
        component = _component(clean)
        if component in components or clean[:1] == "{":
            if waiting:
                yield from _parsed(waiting, begun, file)
            waiting, begun = [line], number
        elif waiting:
            if len(waiting) < _MOST_CONTINUED and not (component and clean.lstrip().startswith(_BEGINS)):
                waiting.append(line)
            else:
                yield from _parsed(waiting, begun, file)
                waiting = []
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


def _clean(line: str) -> str:
    return _QUOTED.sub("", unwrapped(line)).replace("—", "-").replace("–", "-")


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
