"""A reason that a diagnosis gives, with its evidence."""

from __future__ import annotations

from attrs import frozen

from wkasim.logs.line import LogLine

__all__ = ["Reason", "Stated"]


@frozen
class Stated:
    """What a configuration says about a reason: ``file:line``, and the words for it."""

    place: str
    text: str


@frozen(kw_only=True)
class Reason:
    """One explanation of what the logs show.

    ``weight`` ranks it, from 100 (the logs leave no doubt) down. ``fault`` says whether something is wrong, or only
    happened. ``evidence`` are lines, ``stated`` what the configuration says if one was given, ``rules`` the rules of
    ``wkasim doctor`` that would find its cause there. ``or_else`` is what else fits the same evidence, ``next_look``
    what would tell them apart.
    """

    kind: str
    weight: int
    text: str
    nodes: tuple[str, ...]
    evidence: tuple[LogLine, ...] = ()
    stated: tuple[Stated, ...] = ()
    fault: bool = True
    or_else: str = ""
    next_look: str = ""
    rules: tuple[str, ...] = ()
    scenario: str = ""
