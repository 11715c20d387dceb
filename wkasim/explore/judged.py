"""One run of a drawn scenario, judged by invariants; nothing else of a run is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve, frozen

from wkasim.errors import InputError
from wkasim.explore.course import settling_s
from wkasim.explore.coverage import Coverage
from wkasim.explore.invariants import Eventually, Invariant
from wkasim.explore.verdict import Violation, Watch
from wkasim.scenario.model import Scenario, Wait
from wkasim.scenario.runner import ScenarioRun

__all__ = ["Judged", "judge_scenario", "with_time_for"]

_FOREVER_S = 1e9


@frozen(kw_only=True)
class Judged:
    """What came of a run: the telling violations, its virtual length, and why it could not be done, if so.

    ``late`` are the steps, by number from 0, that waited in vain.
    """

    violations: tuple[Violation, ...]
    length_s: float
    problem: str = ""
    late: tuple[int, ...] = ()


def with_time_for(scenario: Scenario, invariants: Sequence[Invariant]) -> Scenario:
    """The scenario, with a wait at its end as long as invariants need that name a time of their own.

    Without it they would never be due: scenarios are drawn with the time in which a cluster settles.
    """
    settling = settling_s(scenario.profile_value(), len(scenario.all_nodes()))
    times = [when.within_s for one in invariants if isinstance(when := one.when, Eventually) and when.within_s]
    more_s = max(times, default=0.0) - settling
    if more_s <= 0 or not scenario.steps or not isinstance(wait := scenario.steps[-1].action, Wait):
        return scenario
    longer = evolve(scenario.steps[-1], action=Wait(for_s=wait.for_s + more_s))
    return evolve(scenario, steps=(*scenario.steps[:-1], longer))


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
        return Judged(violations=tuple(watch.telling()), length_s=run.now_s, late=tuple(run.late))
    finally:
        run.cluster.close()
