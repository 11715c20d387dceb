"""Which invariants a scenario or a cluster violates, and an assertion that shows the scenario as a file."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from wkasim.explore.invariants import BUILT_IN, Invariant, invariants_named, known_invariants
from wkasim.explore.judged import judge_scenario, with_time_for
from wkasim.explore.verdict import Violation, Watch
from wkasim.scenario.model import Expectation, InvariantClaim, Scenario
from wkasim.scenario.writer import write_scenario
from wkasim.sim.cluster import Cluster
from wkasim.testing.covering import wanted

__all__ = ["InvariantError", "assert_holds", "violations"]


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
    longer = with_time_for(subject, chosen)
    return list(judge_scenario(longer, chosen, strict=True, coverage=wanted()).violations)


class InvariantError(AssertionError):
    """Invariants that do not hold; ``scenario`` is what was run, with the claim that it breaks, None for a cluster."""

    def __init__(self, found: Sequence[Violation], scenario: Scenario | None = None) -> None:
        self.scenario = scenario
        self.found = tuple(found)
        told = "\n".join(map(str, found))
        super().__init__(told if scenario is None else f"{told}\n\n{write_scenario(scenario)}")

    def file(self) -> str:
        """The scenario as a file that ``wkasim run`` takes, "" for a cluster.

        What is violated is told above it; an invariant of one's own is no claim in it, for the command knows none.
        """
        if self.scenario is None:
            return ""
        own = {one.invariant for one in self.found} - {invariant.name for invariant in BUILT_IN}
        kept = [
            expectation
            for expectation in self.scenario.expectations
            if not isinstance(claim := expectation.claim, InvariantClaim) or claim.name not in own
        ]
        comment = "\n".join(map(str, self.found))
        return write_scenario(evolve(self.scenario, expectations=tuple(kept)), comment=comment)


def assert_holds(subject: Scenario | Cluster, *invariants: str | Invariant) -> None:
    """Fail, and say why, if one of the invariants is violated; a scenario is shown as the file it would be.

    Raises InvariantError, which is an AssertionError, and InputError as :func:`violations` does.
    """
    found = violations(subject, *invariants)
    if not found:
        return
    if isinstance(subject, Cluster):
        raise InvariantError(found)
    known = {invariant.name for invariant in known_invariants()}
    claims = [Expectation(claim=InvariantClaim(name=one.invariant)) for one in found if one.invariant in known]
    shown = evolve(with_time_for(subject, _chosen(invariants)), expectations=tuple(claims))
    raise InvariantError(found, shown)


def _chosen(invariants: Sequence[str | Invariant]) -> list[Invariant]:
    """The invariants in the order in which they were given; all known ones if there are none."""
    if not invariants:
        return list(known_invariants())
    names = [invariant for invariant in invariants if isinstance(invariant, str)]
    named = dict(zip(names, invariants_named(names), strict=True)) if names else {}
    return [named[invariant] if isinstance(invariant, str) else invariant for invariant in invariants]
