"""The cost of a message and of a probe must not grow with the cluster."""

from __future__ import annotations

import os

from tests.benchmarks.growth import HEADER, SIZES, join_cascade, measure

MOST_TIMES = 2


def test_growth_of_the_cluster_leaves_the_cost_of_an_event_nearly_alone() -> None:
    sizes = (*SIZES, 400, 1000) if os.environ.get("WKASIM_NIGHTLY") == "1" else SIZES
    costs = [measure(size, repeat=3 if size == SIZES[0] else 1) for size in sizes]
    print("", HEADER, *(cost.row for cost in costs), sep="\n")
    assert [cost.deliveries for cost in costs] == sorted(cost.deliveries for cost in costs)
    times = costs[-1].per_event_us / costs[0].per_event_us
    assert times <= MOST_TIMES, f"at {sizes[-1]} nodes an event costs {times:.1f} times what it costs at {sizes[0]}"


def test_growth_cascade_counts_probes_apart_from_deliveries() -> None:
    cost = join_cascade(10)
    # Each node tries both well-known members, once when it starts and once when its detector does.
    assert (cost.nodes, cost.probes) == (10, 2 * 2 * 10)
    assert cost.deliveries > 2 * 10 * 9
