"""Hypothesis strategies: what a cluster is made of, drawn at random, and whole scenarios.

What is drawn is a value. A failing example prints as the scenario that it is, and shrinks towards few nodes, few
faults, round times and the seed 0, because every choice has its simplest option first. The same code draws for
``wkasim explore``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

from wkasim.errors import InputError
from wkasim.explore.schedules import FAULTS, STARTS, Plan, draw_faults, draw_starts
from wkasim.explore.space import Space, draw_scenario, unknown_names
from wkasim.explore.topologies import LAYOUTS, TOPOLOGIES, draw_nodes
from wkasim.members import Address
from wkasim.node.config import NodeConfig
from wkasim.profile import PROFILES, Profile
from wkasim.scenario.model import Scenario, Step
from wkasim.sim.network import Link

__all__ = [
    "addresses",
    "fault_schedules",
    "latencies",
    "profiles",
    "scenarios",
    "start_schedules",
    "topologies",
]

T = TypeVar("T")


class HypothesisChooser:
    """Choices that Hypothesis makes, and can make smaller."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def integer(self, least: int, most: int) -> int:
        """A whole number, shrinking to the least."""
        return self._draw(_integers(least, most))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, shrinking to the first."""
        return options[self._draw(_integers(0, len(options) - 1))]

    def some(self, options: Sequence[T]) -> tuple[T, ...]:
        """Some of the options, shrinking to none."""
        chosen = self._draw(_integers(0, 2 ** len(options) - 1))
        return tuple(option for bit, option in enumerate(options) if chosen >> bit & 1)


_MADE: dict[tuple[int, int], st.SearchStrategy[int]] = {}


def _integers(least: int, most: int) -> st.SearchStrategy[int]:
    """Strategies are made once; making them costs more than drawing from them."""
    strategy = _MADE.get((least, most))
    if strategy is None:
        strategy = _MADE[least, most] = st.integers(least, most)
    return strategy


@st.composite
def addresses(draw: st.DrawFn, *, hosts: int = 250) -> Address:
    """A cluster address 127.1.0.H:P with a host number up to ``hosts`` and a port near 4000."""
    return Address(f"127.1.0.{draw(_integers(1, hosts))}", draw(_integers(4000, 4010)))


def profiles() -> st.SearchStrategy[Profile]:
    """One of the profiles."""
    return st.sampled_from(list(PROFILES.values()))


def latencies(*, most_ms: int = 500, loss: bool = False) -> st.SearchStrategy[Link]:
    """A link with a latency of up to ``most_ms``, some jitter, and with ``loss`` up to a tenth of packets lost."""
    milliseconds = st.integers(0, most_ms).map(lambda ms: ms * 1000)
    losses = st.integers(0, 10).map(lambda percent: percent / 100) if loss else st.just(0.0)
    return st.builds(
        lambda latency, jitter, lost: Link(100 + latency, jitter, lost), milliseconds, milliseconds, losses
    )


@st.composite
def topologies(
    draw: st.DrawFn,
    *,
    nodes: tuple[int, int] = (2, 7),
    kinds: Sequence[str] = tuple(TOPOLOGIES),
    layouts: Sequence[str] = tuple(LAYOUTS),
    balancer: bool | None = None,
) -> tuple[NodeConfig, ...]:
    """Nodes with their addresses and well-known members.

    ``kinds`` are well-known graphs (star, pair, chain, ring, one_way, partial, self_only), ``layouts`` say where the
    nodes stand (apart, signed, one_host, clashing). The first node is a load balancer if ``balancer`` says so, or
    may be one if it is None. Raises InputError for a name that is not known and for a range that is impossible.
    """
    _check(nodes=nodes, topology=kinds, layout=layouts)
    choose = HypothesisChooser(draw)
    count = choose.integer(*nodes)
    kind, layout = choose.pick(kinds), choose.pick(layouts)
    with_balancer = choose.pick((False, True)) if balancer is None else balancer
    return draw_nodes(choose, count, layout, kind, balancer=with_balancer)


@st.composite
def start_schedules(draw: st.DrawFn, nodes: Sequence[NodeConfig], *, kinds: Sequence[str] = STARTS) -> tuple[Step, ...]:
    """Steps that start the nodes: sequential, together, staggered or spread.

    Raises InputError for a kind that is not known.
    """
    _check(start=kinds)
    choose = HypothesisChooser(draw)
    return draw_starts(choose, nodes, choose.pick(kinds), 60.0).ordered()


@st.composite
def fault_schedules(
    draw: st.DrawFn,
    nodes: Sequence[NodeConfig],
    *,
    kinds: Sequence[str] = tuple(FAULTS),
    most: int = 6,
    within_s: float = 60.0,
) -> tuple[Step, ...]:
    """Steps that strike running nodes and the network, and undo what can be undone, within a time.

    Which of the ``kinds`` occur at all is drawn first. The nodes are taken to run from the beginning, so no stranger
    takes a port. Raises InputError for a kind that is not known.
    """
    _check(fault=kinds)
    choose = HypothesisChooser(draw)
    plan = Plan(nodes, {node.name: 0.0 for node in nodes}, [], within_s)
    draw_faults(choose, plan, choose.some([kind for kind in kinds if kind != "stranger"]), most)
    return plan.ordered()


def _check(*, nodes: tuple[int, int] = (1, 1), **names: Sequence[str]) -> None:
    """Raise InputError for a range that is none, and for every name that is not known, by what it is the name of."""
    known = {"topology": TOPOLOGIES, "layout": LAYOUTS, "start": STARTS, "fault": FAULTS}
    problems = (
        [] if 1 <= nodes[0] <= nodes[1] else [f"nodes {nodes[0]}-{nodes[1]} is no range; give the least and the most"]
    )
    for what, given in names.items():
        problems += unknown_names(what, given, known[what])
        if not given and what != "fault":
            problems.append(f"at least one {what} is needed (known: {', '.join(known[what])})")
    if problems:
        raise InputError(*problems)


@st.composite
def scenarios(
    draw: st.DrawFn,
    *,
    nodes: tuple[int, int] = (2, 7),
    profiles: Sequence[str] = tuple(PROFILES),
    faults: Sequence[str] = tuple(FAULTS),
    topologies: Sequence[str] = tuple(TOPOLOGIES),
    layouts: Sequence[str] = tuple(LAYOUTS),
    starts: Sequence[str] = STARTS,
    length_s: float | None = None,
    running: bool = False,
) -> Scenario:
    """A whole scenario: nodes start, faults strike, faults stop, and a calm follows in which the cluster must settle.

    Each argument narrows what may be drawn, by the names that :class:`wkasim.explore.space.Space` knows. Raises
    InputError for a name that is not known and for a range that is impossible.
    """
    space = _space(
        nodes, tuple(profiles), tuple(faults), tuple(topologies), tuple(layouts), tuple(starts), length_s, running
    )
    return draw_scenario(HypothesisChooser(draw), space)


_SPACES: dict[tuple[object, ...], Space] = {}


def _space(
    nodes: tuple[int, int],
    profiles: tuple[str, ...],
    faults: tuple[str, ...],
    topologies: tuple[str, ...],
    layouts: tuple[str, ...],
    starts: tuple[str, ...],
    length_s: float | None,
    running: bool,
) -> Space:
    """A space, checked once and not at every draw."""
    key = (nodes, profiles, faults, topologies, layouts, starts, length_s, running)
    if key not in _SPACES:
        _SPACES[key] = Space(
            nodes=nodes,
            profiles=profiles,
            faults=faults,
            topologies=topologies,
            layouts=layouts,
            starts=starts,
            length_s=length_s,
            running=running,
        )
    return _SPACES[key]
