"""Axes: what a sweep may vary in a scenario, and how."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import evolve, frozen

from wkasim.errors import InputError
from wkasim.explore.shrink import without
from wkasim.profile import PROFILES
from wkasim.scenario.model import Scenario
from wkasim.sim import faults
from wkasim.sim.network import Link

__all__ = ["AXES", "AxisKind", "vary"]

Value = int | float | str
_MOST_NODES: Final = 200


@frozen
class AxisKind:
    """One thing that can be varied: how its values are written, and what one does to a scenario."""

    what: str
    read: Callable[[str, str], Value]
    apply: Callable[[Scenario, Value], Scenario]


def vary(scenario: Scenario, axis: str, value: Value) -> Scenario:
    """The scenario with one thing otherwise; raises InputError if the value makes no sense in it."""
    return AXES[axis].apply(scenario, value)


def _whole(text: str, option: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise InputError(f"--vary {option}: {text!r} is not a whole number")
    return int(text)


def _number(text: str, option: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise InputError(f"--vary {option}: {text!r} is not a number from 0")
    return value + 0.0  # no -0


def _name(text: str, _: str) -> str:
    return text


def _nodes(scenario: Scenario, value: Value) -> Scenario:
    """So many nodes: the last ones are left out, or the last worker is copied to hosts of their own."""
    count = int(value)
    nodes = list(scenario.nodes)
    if not 1 <= count <= _MOST_NODES:
        raise InputError(f"nodes={count} is impossible; a sweep takes 1 to {_MOST_NODES}")
    if count < len(nodes):
        return _without(scenario, [node.name for node in nodes[count:]])
    if count == len(nodes):
        return scenario
    if nodes[-1].role != "worker":
        raise InputError(f"nodes={count}: the last node, {nodes[-1].name}, is no worker that could be copied")
    copies = tuple(
        evolve(nodes[-1], name=name, host=host)
        for name, host in itertools.islice(_places(scenario, nodes[-1].name), count - len(nodes))
    )
    names = tuple(copy.name for copy in copies)
    steps, started = [], False
    for step in scenario.steps:
        action = step.action
        if isinstance(action, faults.Start) and nodes[-1].name in action.nodes and not started:
            step, started = evolve(step, action=evolve(action, nodes=action.nodes + names)), True
        steps.append(step)
    if not started:
        raise InputError(f"nodes={count}: no step starts {nodes[-1].name}, so nothing would start its copies")
    return evolve(scenario, nodes=(*nodes, *copies), steps=tuple(steps), expectations=())


def _places(scenario: Scenario, name: str) -> Iterator[tuple[str, str]]:
    """Names and hosts for copies of a node, none of which the scenario has."""
    names, hosts = scenario.all_nodes(), {*scenario.hosts.values()}
    hosts.update(node.host for node in names.values())
    free_names = (new for number in itertools.count(1) if (new := f"{name}-{number}") not in names)
    free_hosts = (
        new for number in itertools.count() if (new := f"127.2.{number // 200}.{number % 200 + 1}") not in hosts
    )
    return zip(free_names, free_hosts, strict=False)


def _without(scenario: Scenario, names: list[str]) -> Scenario:
    for node in scenario.nodes:
        if node.name in names:
            scenario = without(scenario, node)
    return evolve(scenario, expectations=())


def _loss(scenario: Scenario, value: Value) -> Scenario:
    if not 0 <= float(value) < 1:
        raise InputError(f"loss={value} is impossible; it is a share, from 0 to below 1")
    return evolve(scenario, link=evolve(scenario.link, loss=float(value)))


def _latency(scenario: Scenario, value: Value) -> Scenario:
    return evolve(scenario, link=Link(round(float(value) * 1000), scenario.link.jitter_us, scenario.link.loss))


def _profile(scenario: Scenario, value: Value) -> Scenario:
    if value not in PROFILES:
        raise InputError(f"profile={value} is not known (known: {', '.join(PROFILES)})")
    return evolve(scenario, profile=str(value))


def _spread(scenario: Scenario, value: Value) -> Scenario:
    steps = []
    several = False
    for step in scenario.steps:
        if isinstance(step.action, faults.Start) and len(step.action.nodes) > 1:
            step, several = evolve(step, action=evolve(step.action, spread_s=float(value))), True
        steps.append(step)
    if not several and float(value):
        raise InputError(f"spread={value}: no step of this scenario starts several nodes")
    return evolve(scenario, steps=tuple(steps))


AXES: Final[Mapping[str, AxisKind]] = {
    "nodes": AxisKind("how many nodes; the last worker is copied, or the last nodes are left out", _whole, _nodes),
    "loss": AxisKind("the share of packets lost on every link", _number, _loss),
    "latency": AxisKind("milliseconds one way on every link, before jitter", _number, _latency),
    "profile": AxisKind("the profile", _name, _profile),
    "spread": AxisKind("seconds within which nodes that are started together start", _number, _spread),
}
"""What can be varied, by name."""
