"""Where a value stands: everything that is read from a configuration keeps its file and line."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Generic, TypeVar

from attrs import frozen

from wkasim.errors import InputError

__all__ = ["MAX_FILE_BYTES", "Place", "Problem", "Sourced", "read_bytes", "read_text"]

T_co = TypeVar("T_co", covariant=True)

MAX_FILE_BYTES = 8 * 1024 * 1024
"""Larger files are no configuration of a node and are not read."""


@frozen(order=True)
class Place:
    """A line of a file; line 0 means the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@frozen
class Sourced(Generic[T_co]):
    """A value and where it was written."""

    value: T_co
    place: Place


@frozen
class Problem:
    """Something in a file that could not be read as it stands; the reader went on without it.

    ``kind`` is ``unreadable`` (the file, or a part of it), ``template`` (it was never rendered) or ``value`` (a value
    that is not what it should be).
    """

    kind: str
    place: Place
    text: str


def read_bytes(path: Path) -> bytes:
    """The whole file; raises InputError if it cannot be read or is too large for a configuration."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB; this is no configuration file")
    return data


def read_text(path: Path) -> str:
    """The whole file as text, whatever its line ends; bytes that are not UTF-8 are replaced.

    Raises InputError as read_bytes does, and for UTF-16, which nothing on a server reads these files as.
    """
    data = read_bytes(path)
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise InputError(f"{path}: is UTF-16, as Windows calls Unicode; save it as UTF-8")
    text = data.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
