"""How far a long command has come: one line on stderr that is written over on a terminal, nothing in a pipe."""

from __future__ import annotations

import os
import sys
import time
from typing import Final

__all__ = ["ProgressLine", "rate_text"]

_EVERY_S: Final = 0.25


class ProgressLine:
    """One line on stderr; ``began`` is the moment at which the work began, by the monotonic clock in seconds."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._live = sys.stderr.isatty()
        self._shown = 0.0

    @property
    def took_s(self) -> float:
        """How long the work has taken so far; never zero, so that something can be divided by it."""
        return max(time.monotonic() - self.began, 0.001)

    def due(self) -> bool:
        """Whether somebody watches, and the last line is old enough."""
        return self._live and time.monotonic() - self._shown >= _EVERY_S

    def tell(self, text: str) -> None:
        """Show what begins now, if somebody watches; what takes no time is passed over."""
        if self.due():
            self.show(text)

    def show(self, text: str) -> None:
        """Write the line over, cut to the width of the terminal."""
        self._shown = time.monotonic()
        sys.stderr.write(f"\r\x1b[K{text[: _columns() - 1]}")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def rate_text(a_second: float) -> str:
    """How many a second, with a digit behind the point where there are few."""
    return f"{a_second:.0f}" if a_second >= 10 else f"{a_second:.1f}".removesuffix(".0")


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80
