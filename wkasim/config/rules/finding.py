"""What a rule is, and what it finds."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from wkasim.config.places import Place

__all__ = ["Finding", "Rule", "Severity"]

Severity: TypeAlias = Literal["error", "warning", "note"]


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


@frozen(kw_only=True)
class Finding:
    """One fault found: the rule, where, whom it concerns, and a sentence on what is written there."""

    rule: Rule
    severity: Severity
    place: Place
    nodes: tuple[str, ...]
    text: str
    mend: str
    related: tuple[Place, ...] = ()
