"""Which invariants a scenario or a cluster violates, and an assertion that shows the scenario as a file."""

from __future__ import annotations

from collections.abc import Sequence

from wkasim.explore.invariants import Invariant, invariants_named, known_invariants
from wkasim.explore.judged import judge_scenario, with_time_for
from wkasim.explore.verdict import Violation, Watch
from wkasim.scenario.model import Scenario
from wkasim.scenario.writer import write_scenario
from wkasim.sim.cluster import Cluster

__all__ = ["assert_holds", "violations"]


def violations(subject: Scenario | Cluster, *invariants: str | Invariant) -> list[Violation]:
    """The violated invariants of a scenario, which is run to its end, or of a cluster up to now.

    ``invariants`` are names or invariants of one's own; without any, all known ones. Those that another violation
    explains are left out. The wait at the end of a scenario is made as long as invariants of one's own ask. Raises
    InputError for a name that is not known, and for a scenario with a step that cannot be done.
    """
    chosen = _chosen(invariants)
    if isinstance(subject, Cluster):
        watch = Watch.over(subject, chosen)
        watch.look(subject)
        return watch.telling()
    return list(judge_scenario(with_time_for(subject, chosen), chosen, strict=True).violations)


def assert_holds(subject: Scenario | Cluster, *invariants: str | Invariant) -> None:
    """Fail, and say why, if one of the invariants is violated; a scenario is shown as the file it would be."""
    found = violations(subject, *invariants)
    if found:
        told = "\n".join(str(violation) for violation in found)
        if isinstance(subject, Scenario):
            told += f"\n\n{write_scenario(with_time_for(subject, _chosen(invariants)))}"
        raise AssertionError(told)


def _chosen(invariants: Sequence[str | Invariant]) -> list[Invariant]:
    """The invariants in the order in which they were given; all known ones if there are none."""
    if not invariants:
        return list(known_invariants())
    names = [invariant for invariant in invariants if isinstance(invariant, str)]
    named = dict(zip(names, invariants_named(names), strict=True)) if names else {}
    return [named[invariant] if isinstance(invariant, str) else invariant for invariant in invariants]
