"""Runs a second of a property test beside Hypothesis alone: `python -m tests.benchmarks.exploration`.

Five nodes of the documented profile, a minute of virtual time each, and more where an outage has to be repaired first.
Hypothesis draws the same scenarios twice: once they are run and judged by all invariants, once nothing is done with
them. The difference is the simulator's own share.

The machine's speed swings, so the two take turns, what counts is the ratio of CPU times within one round, and of the
rounds the median.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

from attrs import frozen
from hypothesis import HealthCheck, Phase, given, settings

from wkasim.explore.invariants import known_invariants
from wkasim.explore.judged import judge_scenario
from wkasim.scenario.model import Scenario
from wkasim.testing import scenarios

__all__ = ["Figures", "measure"]

EXAMPLES: Final = 100
ROUNDS: Final = 7
LENGTH_S: Final = 60.0
LAYOUTS: Final = ("apart", "signed", "one_host")


@frozen(kw_only=True)
class Figures:
    """Medians over the rounds: milliseconds of CPU time for one example, and virtual seconds of one run."""

    drawing_ms: float
    whole_ms: float
    virtual_s: float
    share: float

    @property
    def runs_per_s(self) -> float:
        """Whole examples a second a core."""
        return 1000 / self.whole_ms

    @property
    def minutes_per_s(self) -> float:
        """What the simulator alone does: runs of 60 virtual seconds a second a core."""
        return 1000 / ((self.whole_ms - self.drawing_ms) * 60 / self.virtual_s)


def cpu_ms(examples: int, act: Callable[[Scenario], None]) -> float:
    """CPU time for one example that Hypothesis draws and hands to ``act``."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(nodes=(5, 5), profiles=("documented",), layouts=LAYOUTS, length_s=LENGTH_S))
    def examine(scenario: Scenario) -> None:
        act(scenario)

    began = time.process_time()
    examine()
    return (time.process_time() - began) * 1000 / examples


def measure(rounds: int = ROUNDS, examples: int = EXAMPLES) -> Figures:
    """Both in turn, so many rounds of so many examples."""
    invariants = known_invariants()
    lengths: list[float] = []

    def judge(scenario: Scenario) -> None:
        lengths.append(judge_scenario(scenario, invariants).length_s)

    def nothing(_: Scenario) -> None:
        pass

    cpu_ms(5, judge)
    drawing, whole, shares = [], [], []
    for _ in range(rounds):
        drawing.append(cpu_ms(examples, nothing))
        whole.append(cpu_ms(examples, judge))
        shares.append((whole[-1] - drawing[-1]) / drawing[-1])
    return Figures(
        drawing_ms=statistics.median(drawing),
        whole_ms=statistics.median(whole),
        virtual_s=statistics.mean(lengths),
        share=statistics.median(shares),
    )


def main() -> None:
    figures = measure()
    print(f"Hypothesis alone                  {1000 / figures.drawing_ms:6.0f} scenarios a second a core")
    print(
        f"drawn, run and judged             {figures.runs_per_s:6.0f} a second a core, {figures.virtual_s:.0f} s each"
    )
    print(f"the simulator alone               {figures.minutes_per_s:6.0f} runs of 60 virtual seconds a second a core")
    print(f"the simulator's share             {figures.share:6.1f} times that of the drawing")


if __name__ == "__main__":
    main()
