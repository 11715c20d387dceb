"""Findings: violations of one cause, the smallest scenario that shows it, and how often it occurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from attrs import evolve, frozen

from wkasim.errors import InputError
from wkasim.explore.invariants import Invariant
from wkasim.explore.judged import Judged, judge_scenario
from wkasim.explore.narration import narrate
from wkasim.explore.shrink import shrink
from wkasim.explore.verdict import Violation
from wkasim.scenario.model import Expectation, InvariantClaim, Scenario, Wait, WaitUntil
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.writer import write_scenario

__all__ = ["Finding", "Key", "explains", "make_finding", "tell"]

Key = tuple[str, str, str]
"""Profile, invariant, and cause: what makes two violations alike before anything has been shrunk."""

_TRIED_SEEDS: Final = 20


@frozen(kw_only=True)
class Finding:
    """One distinct failure.

    ``scenario`` claims the invariant that it violates, and is as small as it could be made until shrinking ``ended``:
    because there was no more to try, or before, for want of time or by Ctrl-C. ``seeds_failing`` of ``seeds_tried``
    seeds show it, its own among them. ``verbs`` are the faults that it needs.
    """

    violation: Violation
    scenario: Scenario
    seeds_failing: int
    seeds_tried: int
    ended: Literal["done", "time", "interrupted"] = "done"

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

    As far as ``keep_going`` lets it, and until Ctrl-C; both leave the smallest scenario so far.
    """
    chosen = [invariant for invariant in invariants if invariant.name == violation.invariant]
    last = violation

    def judged(candidate: Scenario) -> Judged:
        try:
            return judge_scenario(candidate, chosen)
        except Exception:
            # A defect of the simulator on the way must not cost the finding; the candidate is none.
            return Judged(violations=(), length_s=0.0)

    def again(candidate: Scenario) -> Violation | None:
        return next((found for found in judged(candidate).violations if found.cause == violation.cause), None)

    smallest = scenario
    if late := judged(scenario).late:
        plain = _without_vain_waits(scenario, late)
        smallest = scenario = plain if again(plain) else scenario

    def still_fails(candidate: Scenario) -> bool:
        nonlocal last
        came = judged(candidate)
        found = next((one for one in came.violations if one.cause == violation.cause), None)
        # A wait in vain fails the run, and it would fail with the violation pinned too.
        if found is None or came.late or not _readable(candidate):
            return False
        last = found
        return True

    failing = tried = 1
    ended: Literal["done", "time", "interrupted"] = "done"
    try:
        for smallest in shrink(scenario, still_fails, keep_going=keep_going):  # noqa: B007 - the last one is used
            pass
        others = [seed for seed in range(_TRIED_SEEDS) if seed != smallest.seed]
        for seed in others[: _TRIED_SEEDS - 1]:
            if not keep_going():
                ended = "time"
                break
            failing += again(evolve(smallest, seed=seed)) is not None
            tried += 1
    except KeyboardInterrupt:
        ended = "interrupted"
    return Finding(
        violation=last, scenario=_described(smallest, last), seeds_failing=failing, seeds_tried=tried, ended=ended
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
        *narrate(scenario),
        f"{seeds}; the search met it in {times} of {runs} runs.",
    ]
    if finding.ended != "done":
        story.append("The search ended before this was as small as it can be.")
    return "\n".join(story)


def _readable(scenario: Scenario) -> bool:
    """Whether the scenario can be a file: a step may name what shrinking has taken away, a host or a port."""
    try:
        parse_scenario(write_scenario(scenario))
    except InputError:
        return False
    return True


def _without_vain_waits(scenario: Scenario, late: Sequence[int]) -> Scenario:
    """The scenario with what waited in vain as waits for as long; only the invariant is to fail when it is run."""
    steps = list(scenario.steps)
    for number in late:
        action = steps[number].action
        if isinstance(action, WaitUntil):
            steps[number] = evolve(steps[number], action=Wait(for_s=action.timeout_s))
    return evolve(scenario, steps=tuple(steps))


def _described(scenario: Scenario, violation: Violation) -> Scenario:
    """With the claim, and without words about what has been shrunk away."""
    claim = Expectation(claim=InvariantClaim(name=violation.invariant))
    title = f"{violation.invariant}: {violation.cause} ({scenario.profile})"
    steps = tuple(evolve(step, explain="", question=None) for step in scenario.steps)
    return evolve(scenario, title=title, description="", steps=steps, expectations=(claim,))


def _verbs(scenario: Scenario) -> frozenset[str]:
    return frozenset(step.action.verb for step in scenario.steps) - {"start", "wait"}
