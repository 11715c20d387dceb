"""Named streams of random numbers, all derived from one seed.

A stream is named by what it is for and by configured addresses and life numbers, never by the order of calls or the
name of a node. So one more draw in one place shifts nothing elsewhere, and renaming a node changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

__all__ = ["TWO_64", "Streams", "mixed"]

TWO_64: Final = 2.0**64
_BITS: Final = 2**64 - 1
_STEP: Final = 0x9E3779B97F4A7C15


class Streams:
    """Makes independent streams of random numbers from a seed and a name.

    They are SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). A node needs
    dozens of streams and takes a few numbers out of each, so what counts is how cheap a stream is to make: Python's own
    generator fills 2.5 kB first, which took a fifth of a short run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, *name: object) -> Callable[[], float]:
        """A fresh stream: what it is called for is at least 0 and below 1. The same name gives the same numbers."""
        return _Stream(self.number(*name)).next

    def number(self, *name: object) -> int:
        """One number of 64 bits; the same name gives the same number."""
        text = "/".join(map(str, (self.seed, *name)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class _Stream:
    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed

    def next(self) -> float:
        number = mixed(self._state)
        self._state = self._state + _STEP & _BITS
        return (number >> 11) / 2**53


def mixed(number: int) -> int:
    """64 bits that look random, of a number of at most 64 bits; another number has others."""
    number = number + _STEP & _BITS
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _BITS
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _BITS
    return number ^ number >> 31
