"""Named streams of random numbers, all derived from one seed.

A stream is named by what it is for and by configured addresses and life numbers, never by the order of calls or the
name of a node. So one more draw in one place shifts nothing elsewhere, and renaming a node changes nothing.
"""

from __future__ import annotations

import hashlib
import random
from typing import Final

__all__ = ["TWO_64", "Streams", "mixed"]

TWO_64: Final = 2.0**64
_BITS: Final = 2**64 - 1


class Streams:
    """Makes independent ``random.Random`` objects from a seed and a name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, *name: object) -> random.Random:
        """A fresh stream; the same name gives the same numbers."""
        return random.Random(self.number(*name))

    def number(self, *name: object) -> int:
        """One number of 64 bits; the same name gives the same number."""
        text = "/".join(map(str, (self.seed, *name)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def mixed(number: int) -> int:
    """64 bits that look random, of a number of at most 64 bits; another number has others.

    For chances that are asked for by the thousand, where a generator for each would cost ten times as much. This is
    the last step of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
    """
    number = number + 0x9E3779B97F4A7C15 & _BITS
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _BITS
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _BITS
    return number ^ number >> 31
