"""Findings: violations of one cause, the smallest scenario that shows it, and how often it occurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve, frozen

from wkasim.explore.invariants import Invariant
from wkasim.explore.judged import judge_scenario
from wkasim.explore.shrink import shrink
from wkasim.explore.verdict import Violation
from wkasim.scenario.model import Expectation, InvariantClaim, Scenario, Wait
from wkasim.sim import faults

__all__ = ["Finding", "Key", "explains", "make_finding", "tell"]

Key = tuple[str, str, str]
"""Profile, invariant, and cause: what makes two violations alike before anything has been shrunk."""

_TRIED_SEEDS = 20


@frozen(kw_only=True)
class Finding:
    """One distinct failure.

    ``scenario`` is shrunk and claims the invariant that it violates. ``seeds_failing`` of ``seeds_tried`` seeds show
    it. ``verbs`` are the faults that it needs.
    """

    violation: Violation
    scenario: Scenario
    seeds_failing: int
    seeds_tried: int
    shrunk_from: Scenario

    @property
    def key(self) -> Key:
        """Profile, invariant and cause."""
        return self.scenario.profile, self.violation.invariant, self.violation.cause

    @property
    def verbs(self) -> frozenset[str]:
        """The faults without which it does not happen; starts and waits are none."""
        return _verbs(self.scenario)


def make_finding(
    scenario: Scenario,
    violation: Violation,
    invariants: Sequence[Invariant],
    *,
    keep_going: Callable[[], bool] = lambda: True,
) -> Finding:
    """Shrink what violated the invariant, and count how many seeds show it.

    As far as ``keep_going`` lets it; Ctrl-C leaves the smallest scenario found so far.
    """
    chosen = [invariant for invariant in invariants if invariant.name == violation.invariant]

    def found(candidate: Scenario) -> Violation | None:
        judged = judge_scenario(candidate, chosen)
        return next((found for found in judged.violations if found.cause == violation.cause), None)

    smallest = shrink(scenario, lambda candidate: found(candidate) is not None, keep_going=keep_going)
    last = found(smallest) or violation
    failing = sum(found(evolve(smallest, seed=seed)) is not None for seed in range(_TRIED_SEEDS))
    return Finding(
        violation=last,
        scenario=_described(smallest, last),
        seeds_failing=failing,
        seeds_tried=_TRIED_SEEDS,
        shrunk_from=scenario,
    )


def explains(finding: Finding, key: Key, scenario: Scenario) -> bool:
    """Whether a violation is the finding again: alike, in a scenario that has all the faults that the finding needs."""
    return finding.key == key and finding.verbs <= _verbs(scenario)


def tell(finding: Finding, times: int, runs: int) -> str:
    """The story of a finding, some lines of plain text."""
    scenario = finding.scenario
    seeds = f"{finding.seeds_failing} of {finding.seeds_tried} seeds of this scenario show it"
    story = [
        f"{finding.violation.invariant} is violated: {finding.violation.cause}.",
        f"{finding.violation.reason} (at {finding.violation.at_s:g} s, seed {scenario.seed}).",
        *_events(scenario),
        f"{seeds}; the search met it in {times} of {runs} runs.",
    ]
    return "\n".join(story)


def _described(scenario: Scenario, violation: Violation) -> Scenario:
    claim = Expectation(claim=InvariantClaim(name=violation.invariant))
    title = f"{violation.invariant}: {violation.cause} ({scenario.profile})"
    return evolve(scenario, title=title, expectations=(claim,))


def _verbs(scenario: Scenario) -> frozenset[str]:
    return frozenset(step.action.verb for step in scenario.steps) - {"start", "wait"}


def _events(scenario: Scenario) -> list[str]:
    """What happens, a line for each step."""
    told = []
    for step in scenario.steps:
        when = "" if step.at_s is None else f"At {step.at_s:g} s "
        match step.action:
            case faults.Start(nodes=names, spread_s=spread_s):
                how = "together" if not spread_s else f"within {spread_s:g} s"
                told.append(f"{when}{', '.join(names)} start{'s' if len(names) == 1 else f' {how}'}.")
            case Wait(for_s=for_s):
                told.append(f"Then nothing happens for {for_s:g} s.")
            case action:
                params = faults.action_params(action)  # type: ignore[arg-type]  # every other step is an action
                facts = ", ".join(f"{key} {value}" for key, value in zip(params[::2], params[1::2], strict=True))
                told.append(f"{when}{action.verb}{': ' + facts if facts else ''}.")
    return told
