"""Telling people of what was dropped at the ports for requests, where the product's own log has no line for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["strangers_told"]

_MOST: Final = 20
_AGAIN_S: Final = 60.0


class _Teller(logging.Handler):
    """Hands on :data:`_MOST` sentences in :data:`_AGAIN_S`, so that a flood of strangers fills no disk."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._note = note
        self._told = 0
        self._begun = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one thing that was dropped."""
        now = time.monotonic()
        if now - self._begun > _AGAIN_S:
            if self._told > _MOST:
                self._note(f"HTTP: {self._told - _MOST} more were dropped meanwhile")
            self._told, self._begun = 0, now
        self._told += 1
        if self._told <= _MOST:
            self._note(record.getMessage())
        if self._told == _MOST:
            self._note(f"HTTP: what else is dropped within {_AGAIN_S:g} s is only counted")


@contextmanager
def strangers_told(note: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile ``note`` gets a sentence for whatever is dropped at ports for requests, within reason."""
    logger = logging.getLogger("wkasim.http")
    teller = _Teller(note)
    logger.addHandler(teller)
    try:
        yield
    finally:
        logger.removeHandler(teller)
