"""One run of a drawn scenario, judged by invariants; nothing else of a run is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from wkasim.errors import InputError
from wkasim.explore.coverage import Coverage
from wkasim.explore.invariants import Invariant
from wkasim.explore.verdict import Violation, Watch
from wkasim.scenario.model import Scenario
from wkasim.scenario.runner import ScenarioRun

__all__ = ["Judged", "judge_scenario"]

_FOREVER_S = 1e9


@frozen(kw_only=True)
class Judged:
    """What came of a run: the telling violations, its virtual length, and why it could not be done, if so."""

    violations: tuple[Violation, ...]
    length_s: float
    problem: str = ""


def judge_scenario(
    scenario: Scenario,
    invariants: Sequence[Invariant],
    *,
    coverage: Coverage | None = None,
    strict: bool = False,
    on_end: Callable[[ScenarioRun], None] | None = None,
) -> Judged:
    """Run a scenario to its end and say which invariants it violates.

    A run with a step that cannot be done violates nothing, and says so; with ``strict`` it raises InputError.
    ``on_end`` gets the run when it is over, with its cluster still there.
    """
    run = ScenarioRun(scenario)
    try:
        watch = Watch.over(run.cluster, invariants)
        run.advance_to(_FOREVER_S)
        if run.stopped in ("step", "budget"):
            if strict:
                raise InputError(run.problem)
            return Judged(violations=(), length_s=run.now_s, problem=run.problem)
        watch.look(run.cluster)
        if on_end is not None:
            on_end(run)
        if coverage is not None:
            coverage.add(run.profile.name, run.cluster.journal.records)
        return Judged(violations=tuple(watch.telling()), length_s=run.now_s)
    finally:
        run.cluster.close()
