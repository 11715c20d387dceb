"""Named streams of random numbers, all derived from one seed.

A stream is named by what it is for and by configured addresses and life numbers, never by the order of calls or the
name of a node. So one more draw in one place shifts nothing elsewhere, and renaming a node changes nothing.
"""

from __future__ import annotations

import hashlib
import random

__all__ = ["Streams"]


class Streams:
    """Makes independent ``random.Random`` objects from a seed and a name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, *name: object) -> random.Random:
        """A fresh stream; the same name gives the same numbers."""
        return random.Random(self.number(*name))

    def number(self, *name: object) -> int:
        """One number of 64 bits; the same name gives the same number."""
        text = "/".join([str(self.seed), *(str(part) for part in name)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
