"""The space of scenarios: what may be drawn, and how one scenario is drawn from it.

A drawn scenario is an ordinary :class:`~wkasim.scenario.model.Scenario`: nodes, starts, faults, and at the end a calm
in which the cluster must settle. Which kinds of faults occur at all is itself drawn, and so are scenarios found that
need one kind only, or a kind without its neighbours ("swarm testing").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random
from typing import Final, TypeVar

from attrs import evolve, field, frozen

from wkasim.errors import InputError
from wkasim.explore.course import settling_s
from wkasim.explore.schedules import FAULTS, STARTS, Plan, apart_s, draw_faults, draw_starts
from wkasim.explore.topologies import LAYOUTS, TOPOLOGIES, Chooser, draw_nodes
from wkasim.node.config import NodeConfig
from wkasim.profile import PROFILES, profile_named
from wkasim.scenario.model import Scenario, Step, Wait, WaitUntil
from wkasim.sim import faults
from wkasim.sim.network import LAN, Link

__all__ = ["MOST_NODES", "SeededChooser", "Space", "draw_scenario", "draw_variation", "unknown_names"]

T = TypeVar("T")

MOST_NODES: Final = 50
_FAULTS_AT_MOST: Final = 6
_LINKS: Final = (LAN, Link(1_000, 4_000), Link(20_000, 60_000), Link(100, 200, 0.02))


@frozen(kw_only=True)
class Space:
    """Which scenarios may be drawn.

    ``nodes`` are the least and the most. ``length_s`` is the virtual length of a run; what is left of it after the
    time that a cluster takes to settle is where starts and faults lie. Without ``length_s`` it is 90 s, or as long as
    the profile needs. With ``running`` no fault begins before every node has started. Raises InputError listing every
    name that is unknown and every range that is impossible.
    """

    nodes: tuple[int, int] = (2, 7)
    profiles: tuple[str, ...] = tuple(PROFILES)
    faults: tuple[str, ...] = tuple(FAULTS)
    topologies: tuple[str, ...] = tuple(TOPOLOGIES)
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    starts: tuple[str, ...] = STARTS
    length_s: float | None = field(default=None)
    running: bool = False

    def __attrs_post_init__(self) -> None:
        problems: list[str] = []
        least, most = self.nodes
        if not 2 <= least <= most <= MOST_NODES:
            problems.append(f"nodes {least}-{most} is no range; write LEAST-MOST, from 2 to {MOST_NODES}")
        for what, names, known in (
            ("profile", self.profiles, PROFILES),
            ("fault", self.faults, FAULTS),
            ("topology", self.topologies, TOPOLOGIES),
            ("layout", self.layouts, LAYOUTS),
            ("manner of starting", self.starts, STARTS),
        ):
            problems += unknown_names(what, names, known)
            if not names and what != "fault":
                problems.append(f"at least one {what} is needed (known: {', '.join(known)})")
        if not problems and self.length_s is not None:
            needed = max(settling_s(profile_named(name), most) for name in self.profiles) + 10
            if self.length_s < needed:
                problems.append(
                    f"a length of {self.length_s:g} s is too short: a cluster of {most} nodes may take "
                    f"{needed - 10:g} s to settle after the last fault; give it {needed:g} s or fewer nodes"
                )
        if problems:
            raise InputError(*problems)

    def length_for(self, profile: str, nodes: int) -> tuple[float, float]:
        """Until when things may happen, and how long the cluster is then left alone, in seconds."""
        calm_s = settling_s(profile_named(profile), nodes)
        return max(self.length_s - calm_s if self.length_s is not None else 90.0 - calm_s, 20.0), calm_s


def unknown_names(what: str, names: Sequence[str], known: Collection[str]) -> list[str]:
    """A sentence for each of the names that is not known."""
    return [f"unknown {what} {name!r} (known: {', '.join(known)})" for name in names if name not in known]


def draw_scenario(choose: Chooser, space: Space) -> Scenario:
    """One scenario of the space."""
    profile = choose.pick(space.profiles)
    count = choose.integer(*space.nodes)
    topology, layout, manner = choose.pick(space.topologies), choose.pick(space.layouts), choose.pick(space.starts)
    balancer = choose.pick((True, False))  # every cluster of the guides has one, so with it is the simple case
    nodes = draw_nodes(choose, count, layout, topology, balancer=balancer)
    end_s, calm_s = space.length_for(profile, count)
    plan = draw_starts(choose, nodes, manner, end_s, apart_s(profile_named(profile)))
    if space.running:
        plan.wait_for_starts()
    # Half of all scenarios have no fault but the way in which nodes start; most defects need no other.
    kinds = choose.some(space.faults) if choose.pick((False, True)) else ()
    draw_faults(choose, plan, kinds, _FAULTS_AT_MOST)
    steps = plan.ordered()
    return Scenario(
        profile=profile,
        seed=choose.integer(0, 9999),
        link=choose.pick(_LINKS),
        nodes=nodes,
        steps=(*steps, _calm(steps, calm_s)),
        name="drawn",
    )


def draw_variation(choose: Chooser, base: Scenario, space: Space) -> Scenario:
    """The scenario with another seed, and with faults after its own steps; what it expected is left out.

    No stranger takes a port then, for the nodes have them.
    """
    nodes = _running_at_the_end(base)
    end_s, calm_s = space.length_for(base.profile, len(base.nodes))
    plan = Plan(nodes, {node.name: 0.0 for node in nodes}, [], end_s)
    if len(nodes) > 1:
        kinds = choose.some([kind for kind in space.faults if kind != "stranger"])
        draw_faults(choose, plan, kinds, _FAULTS_AT_MOST)
    struck = plan.ordered()
    after: list[Step] = []
    now_s = 0.0
    for step in struck:
        at_s = step.at_s or 0.0
        if at_s > now_s:
            after.append(Step(action=Wait(for_s=at_s - now_s)))
        after.append(Step(action=step.action))
        now_s = at_s
    before = (*base.steps, *after)
    steps = (*before, _calm(before, calm_s))
    return evolve(base, seed=choose.integer(0, 9999), steps=steps, expectations=(), expect_violation=())


def _running_at_the_end(base: Scenario) -> list[NodeConfig]:
    """The nodes that run after the scenario's own steps, if nothing goes wrong with them."""
    nodes = base.all_nodes()
    running: list[str] = []
    for step in base.steps:
        match step.action:
            case faults.Start(nodes=names):
                running += [name for name in names if name not in running]
            case faults.Restart(node=name) if name not in running:
                running.append(name)
            case faults.Kill(node=name) | faults.Terminate(node=name):
                running = [other for other in running if other != name]
            case faults.HostDown(host=host):
                address = base.hosts.get(host, host)
                running = [name for name in running if base.hosts.get(nodes[name].host, nodes[name].host) != address]
    return [node for name, node in nodes.items() if name in running]


def _calm(steps: Sequence[Step], calm_s: float) -> Step:
    """The wait at the end: as long as settling takes, and as long again as the longest silence lasted.

    It counts from the start of the last node that comes back, which is later than its restart's step.
    """
    now_s, back_s, longest_s = 0.0, 0.0, 0.0
    cut_s: float | None = None
    down_s: dict[str, float] = {}
    for step in steps:
        now_s = max(now_s, step.at_s or 0.0)
        match step.action:
            case Wait(for_s=for_s):
                now_s += for_s
            case WaitUntil(timeout_s=timeout_s):
                now_s += timeout_s  # At most.
            case faults.Restart(after_s=after_s):
                back_s = max(back_s, now_s + after_s)
            case faults.Partition() | faults.Cut():
                cut_s = now_s if cut_s is None else cut_s
            case faults.Heal(between=between):
                longest_s = max(longest_s, now_s - (now_s if cut_s is None else cut_s))
                cut_s = cut_s if between else None
            case faults.HostDown(host=host):
                down_s.setdefault(host, now_s)
            case faults.HostUp(host=host):
                longest_s = max(longest_s, now_s - down_s.pop(host, now_s))
    return Step(action=Wait(for_s=max(back_s - now_s, 0.0) + calm_s + longest_s + 1.0))


class SeededChooser:
    """Choices out of a seed; the same seed, the same choices."""

    def __init__(self, *key: int | str) -> None:
        self._random = Random("/".join(map(str, key)))

    def integer(self, least: int, most: int) -> int:
        """A whole number from least to most."""
        return least + int(self._random.random() * (most - least + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self._random.random() * len(options))]

    def some(self, options: Sequence[T]) -> tuple[T, ...]:
        """Some of the options, in their order."""
        return tuple(option for option in options if self._random.random() < 0.5)
