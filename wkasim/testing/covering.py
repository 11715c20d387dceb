"""What of the protocol the tests of a session have made happen, counted while somebody wants to know."""

from __future__ import annotations

from collections.abc import Iterable

from wkasim.explore.coverage import Coverage
from wkasim.sim.journal import Record

__all__ = ["begin", "cover", "end", "wanted"]

_COUNTED: list[Coverage] = []
"""The one of the session; below it that of a session around it, if one tests the other."""


def begin() -> Coverage:
    """Count from now on, until :func:`end`."""
    _COUNTED.append(Coverage())
    return _COUNTED[-1]


def end() -> None:
    """Count no more."""
    _COUNTED.pop()


def wanted() -> Coverage | None:
    """Where to count; None if nobody wants to know."""
    return _COUNTED[-1] if _COUNTED else None


def cover(profile: str, records: Iterable[Record]) -> None:
    """Count what occurred in a run, if somebody wants to know."""
    if (coverage := wanted()) is not None:
        coverage.add(profile, records)
