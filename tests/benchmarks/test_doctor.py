"""A large cluster is examined in a time that somebody waits for."""

from __future__ import annotations

import os

import pytest

from tests.benchmarks.doctor import HEADER, measure

MOST_TIMES_PARSING = 40
MOST_TIMES_HALF = 40


def test_200_nodes_are_read_and_checked_at_a_fixed_multiple_of_parsing_their_files() -> None:
    cost = measure(200, simulated=False)
    print("", HEADER, cost.row, sep="\n")
    assert cost.times <= MOST_TIMES_PARSING


@pytest.mark.nightly
@pytest.mark.skipif("WKASIM_NIGHTLY" not in os.environ, reason="takes half a minute")
def test_200_nodes_are_simulated_at_a_bounded_multiple_of_100() -> None:
    # The messages of a start grow with the square; a member listed twice makes the doctor wait for a convergence that
    # does not come.
    costs = [measure(nodes) for nodes in (100, 200)]
    print("", HEADER, *(cost.row for cost in costs), sep="\n")
    assert costs[1].whole_s <= MOST_TIMES_HALF * costs[0].whole_s
