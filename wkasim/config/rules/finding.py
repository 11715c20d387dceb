"""What a rule is, and what it finds."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from wkasim.config.places import Place

__all__ = ["Consequence", "Finding", "Rule", "Severity"]

Severity: TypeAlias = Literal["error", "warning", "note"]


@frozen
class Consequence:
    """What comes of a fault: a sentence, lines that will be logged, and lines of a healthy start that will not."""

    happens: str
    appear: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@frozen(kw_only=True)
class Rule:
    """One rule: its words for people, and the lines of the log by which its fault is known.

    ``fault`` is the number in the list of faults of docs/guides/check-your-configuration.md. ``appear`` are lines that
    will be logged, ``missing`` those of a healthy start that will not. ``wrong`` and ``right`` are a small example.
    ``scenario`` names the shipped scenario that shows the fault, if there is one.
    """

    id: str
    fault: str
    title: str
    severity: Severity
    why: str
    happens: str
    mend: str
    appear: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    wrong: str = ""
    right: str = ""
    scenario: str = ""

    @property
    def consequence(self) -> Consequence:
        """What comes of the fault as a rule; a finding may have its own."""
        return Consequence(self.happens, self.appear, self.missing)


@frozen(kw_only=True)
class Finding:
    """One fault found: the rule, where, whom it concerns, and a sentence on what is written there."""

    rule: Rule
    severity: Severity
    place: Place
    nodes: tuple[str, ...]
    text: str
    mend: str
    consequence: Consequence
    related: tuple[Place, ...] = ()
