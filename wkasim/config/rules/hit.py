"""What a check yields: a rule's id, where, whom it concerns, and a sentence; the rest stands in the rule."""

from __future__ import annotations

from attrs import frozen

from wkasim.config.places import Place
from wkasim.config.rules.finding import Consequence, Severity

__all__ = ["Hit"]


@frozen
class Hit:
    """One hit; ``mend``, ``severity`` and ``consequence`` replace what the rule says."""

    rule: str
    place: Place
    nodes: tuple[str, ...]
    text: str
    mend: str | None = None
    severity: Severity | None = None
    related: tuple[Place, ...] = ()
    consequence: Consequence | None = None
