"""From text to log lines: reads what :mod:`wkasim.logs.formats` writes, and what real servers write.

The format is recognised line by line, so a file may change it in its middle. Understood beside the four
formats are the variants of Carbon 4.4 (without the class repeated at the end, with or without ``TID``), and
logs whose lines end with the name of a thread. A line that is none of these is kept as unknown: it has no
level.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, Final, TextIO

from attrs import define, field

from wkasim.errors import InputError
from wkasim.logs.catalogue import ENTRIES, match
from wkasim.logs.line import NO_PARAMS, LogLine

__all__ = [
    "MAX_LINE",
    "UNREADABLE",
    "LogLine",
    "open_log",
    "parse_lines",
    "read_log",
    "unreadable",
    "unwrapped",
    "without_colours",
    "without_thread",
]

MAX_LINE: Final = 65536
"""Characters of a line that are kept; a longer line is cut off here and is unknown."""

UNREADABLE: Final = (OSError, EOFError, zlib.error)
"""What reading a log raises where the file is missing or damaged."""

_GZIP: Final = b"\x1f\x8b"
_LEVEL_NAMES: Final = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_LEVELS: Final = "|".join(_LEVEL_NAMES)
_PLAIN: Final = re.compile(rf"\s*(?:\[([^\]]{{1,40}})\]\s*)?({_LEVELS})\s+-\s+(\S+)(?:\s(.*))?", re.DOTALL)
_CARBON: Final = re.compile(
    r"\s*(TID:\s*\[[^\]]{0,40}\]\s*\[[^\]]{0,80}\]\s*)?\[([^\]]{1,40})\]\s{0,20}"
    # A tenant may stand before the level: user@domain [1] [ESB].
    rf"(?:[^{{}}]{{0,200}}?\s)?({_LEVELS})\s+\{{([^{{}}\s]+)\}}\s+-\s(.*)",
    re.DOTALL,
)
_CONTAINER: Final = '{"log":"'
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,20}[mK]")
_THREAD: Final = re.compile(r"\{[A-Za-z][\w.-]*\}")


@define
class _Pending:
    """A line whose header has been read and whose message may go on."""

    number: int
    time: str | None
    level: str
    name: str
    message: str
    carbon: bool
    tid: bool = False
    missing: int = 0
    rows: list[str] = field(factory=list)

    def finish(self, file: str) -> LogLine:
        component = self.name.rpartition(".")[2]
        message = "\n".join((self.message, *self.rows))
        message = self._without_class(message) if self.carbon else without_thread(message)
        found = match(component, message)
        return LogLine(
            self.number,
            message,
            self.level,
            component,
            self.name if "." in self.name else None,
            _moment(self.time),
            found[0].event if found else None,
            found[1] if found else NO_PARAMS,
            file,
        )

    def _without_class(self, message: str) -> str:
        """Carbon's file repeats the class at the end, or leaves one blank there."""
        message = message.removeprefix(" ")
        repeated = f" {{{self.name}}}"
        if message.endswith(repeated):
            return message.removesuffix(repeated)
        return message.removesuffix(" ") if self.tid else message


def read_log(path: Path, name: str | None = None) -> Iterator[LogLine]:
    """The lines of a log file, one after another, in bounded memory; ``name`` stands in them as the file.

    Raises InputError if the file cannot be read; bytes that are no text are replaced.
    """
    try:
        with open_log(path) as file:
            yield from parse_lines(_bounded(file), name or str(path))
    except UNREADABLE as error:
        raise unreadable(path, error) from None


@contextmanager
def open_log(path: Path) -> Iterator[TextIO]:
    """A log as text: UTF-8, or UTF-16 where a mark at its beginning says so (PowerShell), unpacked if it is gzip.

    Opening and reading raise :data:`UNREADABLE`.
    """
    with ExitStack() as opened:
        file: BufferedReader | gzip.GzipFile = opened.enter_context(path.open("rb"))
        if path.suffix == ".gz" or file.peek(2)[:2] == _GZIP:
            file = opened.enter_context(gzip.GzipFile(fileobj=file))
        encoding = "utf-16" if file.peek(2)[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"
        yield opened.enter_context(TextIOWrapper(file, encoding=encoding, errors="replace"))


def unreadable(path: Path, error: Exception) -> InputError:
    """What is said of a log that cannot be opened or read."""
    reason = getattr(error, "strerror", None) or str(error) or "damaged"
    return InputError(f"{path}: cannot be read: {reason}")


def parse_lines(lines: Iterable[str], file: str = "log") -> Iterator[LogLine]:
    """The log lines in lines of text, with or without their line ends; nothing raises, nothing is dropped."""
    pending: _Pending | None = None
    for number, raw in enumerate(lines, 1):
        text = unwrapped(raw.rstrip("\r\n"))
        header = _header(number, text) if len(text) <= MAX_LINE else None
        if pending is not None:
            if header is None and not text.startswith("{") and len(text) <= MAX_LINE:
                pending.rows.append(text)
                pending.missing -= 1
                if not pending.missing:
                    yield pending.finish(file)
                    pending = None
                continue
            yield pending.finish(file)
            pending = None
        if header is None:
            yield _from_json(number, text, file) or LogLine(number, text[:MAX_LINE], file=file)
        elif header.missing:
            pending = header
        else:
            yield header.finish(file)
    if pending is not None:
        yield pending.finish(file)


def unwrapped(text: str) -> str:
    """The line without the colours of a terminal, and out of the JSON that containers put around their output."""
    if text.startswith(_CONTAINER) and len(text) <= MAX_LINE:
        try:
            told = json.loads(text)["log"]
        except (ValueError, RecursionError):
            return text
        text = told.rstrip("\r\n") if isinstance(told, str) else text
    return without_colours(text)


def without_colours(text: str) -> str:
    """The text without what sets the colours of a terminal."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


def without_thread(message: str) -> str:
    """The message without the thread that some logs name at its end, after two blanks: ``  {main}``."""
    if message.endswith("}"):
        head, _, name = message.rpartition("{")
        if head[-2:].isspace() and len(head) > 1 and _THREAD.fullmatch("{" + name):
            return head.rstrip()
    return message


def _header(number: int, text: str) -> _Pending | None:
    found = _PLAIN.fullmatch(text)
    if found:
        time, level, name, message = found.groups(default="")
        pending = _Pending(number, time, level, name, message, carbon=False)
    elif found := _CARBON.fullmatch(text):
        tid, time, level, name, message = found.groups(default="")
        pending = _Pending(number, time, level, name, message, carbon=True, tid=bool(tid))
    else:
        return None
    pending.missing = _continuations().get((pending.name.rpartition(".")[2], pending.message.strip()), 0)
    return pending


@cache
def _continuations() -> Mapping[tuple[str, str], int]:
    """How many lines follow the first line of a message that has several."""
    return {
        (entry.component, first.strip()): rest.count("\n") + 1
        for entry in ENTRIES.values()
        for first, more, rest in [entry.template.partition("\n")]
        if more
    }


def _from_json(number: int, text: str, file: str) -> LogLine | None:
    """A line of the json format; the event is looked up anew, so that a file cannot claim a wrong one."""
    if not text.startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    names = ("level", "component", "message", "logger", "time", "node")
    level, component, message, logger, time, node = (fields.get(name) for name in names)
    if level not in _LEVEL_NAMES or not isinstance(component, str) or not isinstance(message, str):
        return None
    found = match(component, message)
    return LogLine(
        number,
        message,
        level,
        component,
        logger if isinstance(logger, str) else None,
        _moment(time) if isinstance(time, str) else None,
        found[0].event if found else None,
        found[1] if found else NO_PARAMS,
        file,
        node if isinstance(node, str) else "",
    )


def _moment(text: str | None) -> datetime | None:
    """Date and time as written, by UTC if a zone is written too; None if there is none that makes sense."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo is not None else time
    except (ValueError, OverflowError):
        return None


def _bounded(file: IO[str]) -> Iterator[str]:
    """The lines of a file, the overlong ones cut off one character beyond the limit."""
    while piece := file.readline(MAX_LINE + 1):
        yield piece
        while len(piece) > MAX_LINE and not piece.endswith("\n"):
            piece = file.readline(MAX_LINE + 1)
