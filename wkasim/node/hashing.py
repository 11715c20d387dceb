"""The order in which Java walks a hash map or set: it decides who answers a JOIN, and whom a waiting node tries first.

An entry's place is its hash code, its bits mixed, modulo the size of the table. How they are mixed, and at which end of
a place a later entry stands, changed with Java 8 (docs/protocol.md, defect D9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["hash_order", "string_hash"]

T = TypeVar("T")

_SMALLEST_TABLE = 16


def string_hash(text: str) -> int:
    """``String.hashCode``, as an unsigned number of 32 bits."""
    code = 0
    for character in text:
        code = (31 * code + ord(character)) & 0xFFFFFFFF
    return code


def hash_order(items: Iterable[T], code_of: Callable[[T], int], *, java_8: bool) -> list[T]:
    """The items, given in the order in which they were put in, as a hash map of Java walks them.

    ``code_of`` gives an item's hash code, unsigned; ``java_8`` says whether it is Java 8 or later, or Java 6 or 7.
    """
    entries = list(items)
    size = _SMALLEST_TABLE
    while len(entries) > size * 3 // 4:
        size *= 2
    if not java_8:
        entries.reverse()  # A later entry is put before the others of its place.
    mix = _mixed if java_8 else _mixed_before_java_8
    return sorted(entries, key=lambda entry: mix(code_of(entry)) & (size - 1))


def _mixed(code: int) -> int:
    return code ^ (code >> 16)


def _mixed_before_java_8(code: int) -> int:
    code ^= (code >> 20) ^ (code >> 12)
    return code ^ (code >> 7) ^ (code >> 4)
