"""The benchmark of exploration runs, and what it measures makes sense."""

from __future__ import annotations

from tests.benchmarks.exploration import measure


def test_exploration_benchmark_measures_drawing_and_the_simulator_apart() -> None:
    # Few examples: how fast it is on an idle machine is for the benchmark itself to say.
    figures = measure(rounds=1, examples=10)
    assert 0 < figures.drawing_ms < figures.whole_ms
    assert 50 < figures.virtual_s < 300
    assert figures.runs_per_s > 1
    assert figures.minutes_per_s > figures.runs_per_s * 0.5
