"""Why is the cluster not as it should be? The reasons that the logs give, the surest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from attrs import evolve, frozen

from wkasim.logs.reason import Reason
from wkasim.logs.reasons_running import running_reasons
from wkasim.logs.reasons_start import LOOPBACK_WEIGHT, start_reasons
from wkasim.logs.story import Story

__all__ = ["Diagnosis", "diagnose"]

_CONSEQUENCES: Final = ("alone", "split_view", "admitted_without_ports")
_CONSEQUENCES_OF_LOOPBACK: Final = ("http_never_opens", "join_unanswered", "split_view")
_MOST_ALIKE: Final = 3


@frozen(kw_only=True)
class Diagnosis:
    """The reasons found, ranked; those that explain others come before what they explain."""

    reasons: tuple[Reason, ...]

    @property
    def faults(self) -> tuple[Reason, ...]:
        """The reasons by which something is wrong."""
        return tuple(reason for reason in self.reasons if reason.fault)

    @property
    def conclusion(self) -> str:
        """One sentence."""
        if self.faults:
            return self.faults[0].text
        if self.reasons:
            return f"{self.reasons[0].text}. Nothing points at a fault of the configuration"
        return "Nothing points at a fault: no reason was found in these logs"


def diagnose(story: Story) -> Diagnosis:
    """All reasons; each text once."""
    found = list({reason.text: reason for reason in (*start_reasons(story), *running_reasons(story))}.values())
    loopback = {node for reason in found if reason.kind == "loopback" for node in reason.nodes}
    found = [_behind_loopback(reason, loopback) for reason in found]
    together = next((reason for reason in found if reason.kind == "simultaneous"), None)
    if together is not None:
        found = [reason for reason in found if reason is not together]
        found = [_as_consequence(reason, together) for reason in found] + [_with_views(together, found)]
    return Diagnosis(reasons=tuple(_without_repetition(sorted(found, key=lambda reason: -reason.weight))))


def _behind_loopback(reason: Reason, loopback: set[str]) -> Reason:
    """Whoever tells a loopback address is looked for on the wrong machine; what comes of that ranks behind it."""
    if reason.kind in _CONSEQUENCES_OF_LOOPBACK and loopback & set(reason.nodes):
        return evolve(reason, weight=min(reason.weight, LOOPBACK_WEIGHT - 2))
    return reason


def _without_repetition(reasons: list[Reason]) -> Iterator[Reason]:
    """Of the reasons of one kind for the same nodes, such as one for each of many starts, the first few."""
    alike = Counter((reason.kind, reason.nodes) for reason in reasons)
    told: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for reason in reasons:
        key = reason.kind, reason.nodes
        told[key] += 1
        if told[key] == _MOST_ALIKE < alike[key]:
            yield evolve(reason, text=f"{reason.text}; the same {alike[key] - _MOST_ALIKE} more times")
        elif told[key] <= _MOST_ALIKE:
            yield reason


def _as_consequence(reason: Reason, together: Reason) -> Reason:
    """What befell a node of a simultaneous start ranks behind it."""
    if reason.kind in _CONSEQUENCES and set(reason.nodes) <= set(together.nodes):
        return evolve(reason, weight=min(reason.weight, together.weight - 2))
    return reason


def _with_views(together: Reason, found: list[Reason]) -> Reason:
    """A simultaneous start with what became of it: who misses whom in the end."""
    split = next((reason for reason in found if reason.kind == "split_view"), None)
    told = split.text if split is not None else "in the end nobody misses anybody"
    consequences = [reason for reason in found if reason.fault and reason.kind in _CONSEQUENCES]
    harm = any(set(reason.nodes) & set(together.nodes) for reason in consequences)
    return evolve(together, weight=95 if harm else together.weight, fault=harm, text=f"{together.text}; {told}")
