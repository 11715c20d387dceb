"""Shrinking: the smallest scenario that still violates the same invariant for the same cause.

Candidates are tried from the boldest to the most timid until none is accepted any more: the default seed, fewer
steps, fewer nodes, plainer nodes, one start instead of many, rounder times. Which candidates there are depends on
nothing but the scenario, so the same finding shrinks to the same file on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import evolve

from wkasim.node.config import NodeConfig
from wkasim.scenario.model import Scenario, Step, Wait
from wkasim.sim import faults
from wkasim.sim.network import LAN

__all__ = ["shrink", "without"]

Holds = Callable[[Scenario], bool]


def shrink(
    scenario: Scenario,
    still_fails: Holds,
    *,
    most_runs: int = 400,
    keep_going: Callable[[], bool] = lambda: True,
) -> Scenario:
    """The smallest scenario found for which ``still_fails`` is true.

    It is asked ``most_runs`` times at most, and as long as ``keep_going`` says so.
    """
    left = most_runs
    changed = True
    while changed and left > 0:
        changed = False
        for make in _PASSES:
            accepted = True
            while accepted and left > 0:
                accepted = False
                for candidate in make(scenario):
                    if candidate == scenario:
                        continue
                    if left <= 0 or not keep_going():
                        return scenario
                    left -= 1
                    if still_fails(candidate):
                        scenario, accepted, changed = candidate, True, True
                        break
    return scenario


# Seeds


def _seeds(scenario: Scenario) -> Iterator[Scenario]:
    for seed in range(min(scenario.seed, 12)):
        yield evolve(scenario, seed=seed)


def _with_seeds(changed: Scenario) -> Iterator[Scenario]:
    """A bold change may need other luck: the same seed, and a few small ones."""
    yield changed
    for seed in range(4):
        if seed != changed.seed:
            yield evolve(changed, seed=seed)


# Steps


def _fewer_steps(scenario: Scenario) -> Iterator[Scenario]:
    """Without a run of steps, long runs first; a step that ends what another begins goes with it."""
    steps = scenario.steps
    count = sum(not isinstance(step.action, Wait) for step in steps)
    size = count
    while size >= 1:
        for begin in range(0, count, size):
            kept = steps[:begin] + steps[min(begin + size, count) :]
            if any(isinstance(step.action, faults.Start) for step in kept):
                yield _legal(evolve(scenario, steps=kept))
        size //= 2
    for first in range(count):
        for second in range(first + 1, count):
            kept = tuple(step for number, step in enumerate(steps) if number not in (first, second))
            if any(isinstance(step.action, faults.Start) for step in kept):
                yield _legal(evolve(scenario, steps=kept))


def _legal(scenario: Scenario) -> Scenario:
    """Without steps that make no sense any more: on nodes that are not there, or do not run."""
    running: dict[str, str] = {}
    kept: list[Step] = []
    for step in scenario.steps:
        action = step.action
        name = getattr(action, "node", "")
        match action:
            case faults.Start():
                names = tuple(name for name in action.nodes if name not in running)
                if not names:
                    continue
                step = evolve(step, action=evolve(action, nodes=names))
                running.update(dict.fromkeys(names, "up"))
            case faults.Kill() | faults.Terminate():
                if running.pop(name, None) is None:
                    continue
            case faults.Restart():
                if name not in running:
                    step = evolve(step, action=faults.Start(nodes=(name,)))
                running[name] = "up"
            case faults.Resume():
                if running.get(name) != "paused":
                    continue
                running[name] = "up"
            case faults.Pause():
                if running.get(name) != "up":
                    continue
                running[name] = "paused"
            case faults.OpenHttp() | faults.CloseHttp():
                if name not in running:
                    continue
            case faults.HostDown():
                hosts = {node.name: node.host for node in scenario.nodes}
                running = {name: state for name, state in running.items() if hosts[name] != action.host}
        kept.append(step)
    return evolve(scenario, steps=tuple(kept))


# Nodes


def _fewer_nodes(scenario: Scenario) -> Iterator[Scenario]:
    for node in reversed(scenario.nodes):
        if len(scenario.nodes) > 1:
            yield from _with_seeds(without(scenario, node))


def without(scenario: Scenario, gone: NodeConfig) -> Scenario:
    """The scenario without a node: nobody lists it, and no step names it."""
    others = [node for node in scenario.nodes if node.name != gone.name]
    places = [(node.host, node.port) for node in others]
    lost = (gone.host, gone.port) if (gone.host, gone.port) not in places else None
    nodes = tuple(
        evolve(node, well_known_members=tuple(known for known in node.well_known_members if known != lost))
        for node in others
    )
    steps = tuple(changed for step in scenario.steps if (changed := _step_without(step, gone.name)) is not None)
    return _legal(evolve(scenario, nodes=nodes, steps=steps))


def _step_without(step: Step, name: str) -> Step | None:
    action = step.action
    match action:
        case faults.Start():
            names = tuple(other for other in action.nodes if other != name)
            return evolve(step, action=evolve(action, nodes=names)) if names else None
        case faults.Partition():
            sides = tuple(tuple(other for other in side if other != name) for side in action.sides)
            return evolve(step, action=evolve(action, sides=sides)) if all(sides) else None
        case faults.SetLink():
            return None if name in action.between else step
        case faults.Cut() | faults.MessageRule():
            return None if name in (action.sender, action.receiver) else step
    return None if getattr(action, "node", None) == name else step


def _plainer_nodes(scenario: Scenario) -> Iterator[Scenario]:
    """Nodes with less to them: no load balancer, no HTTP ports, an empty list, a shorter one."""
    for index, node in enumerate(scenario.nodes):
        domain = next((other.domain for other in scenario.nodes if not other.groups), node.domain)
        known = node.well_known_members
        for plain in (
            evolve(node, role="worker", groups=(), domain=domain),
            evolve(node, domain=domain),
            evolve(node, http_port=None, https_port=None, port_offset=0),
            evolve(node, port_offset=0),
            *(evolve(node, well_known_members=known[:at] + known[at + 1 :]) for at in range(len(known))),
        ):
            if plain != node:
                yield from _with_seeds(
                    evolve(scenario, nodes=(*scenario.nodes[:index], plain, *scenario.nodes[index + 1 :]))
                )


# Times and numbers


def _one_start(scenario: Scenario) -> Iterator[Scenario]:
    """All nodes at once, or two starts at one moment."""
    starts = [step for step in scenario.steps if isinstance(step.action, faults.Start)]
    others = tuple(step for step in scenario.steps if not isinstance(step.action, faults.Start))
    if len(starts) < 2:
        return
    names = tuple(name for step in starts if isinstance(step.action, faults.Start) for name in step.action.nodes)
    if len(set(names)) == len(names):
        together = Step(action=faults.Start(nodes=names), at_s=starts[0].at_s)
        yield from _with_seeds(_sorted(scenario, (together, *others)))
    for index in range(len(starts) - 1):
        first, second = starts[index].action, starts[index + 1].action
        if isinstance(first, faults.Start) and isinstance(second, faults.Start):
            merged = evolve(starts[index], action=evolve(first, nodes=first.nodes + second.nodes))
            rest = (*starts[:index], merged, *starts[index + 2 :], *others)
            if not set(first.nodes) & set(second.nodes):
                yield from _with_seeds(_sorted(scenario, rest))


def _sorted(scenario: Scenario, steps: Sequence[Step]) -> Scenario:
    """In the order of their times, the wait at the end last."""
    return evolve(scenario, steps=tuple(sorted(steps, key=lambda step: 1e9 if step.at_s is None else step.at_s)))


def _rounder(scenario: Scenario) -> Iterator[Scenario]:
    """Each time, duration and number as small and round as it can be."""
    if scenario.link != LAN:
        yield evolve(scenario, link=LAN)
    for index, step in enumerate(scenario.steps):
        for simpler in _rounder_step(step):
            yield _sorted(scenario, (*scenario.steps[:index], simpler, *scenario.steps[index + 1 :]))


def _rounder_step(step: Step) -> Iterator[Step]:
    if step.at_s:
        for unit in (20.0, 10.0, 5.0, 1.0):
            if (rounder := step.at_s // unit * unit) < step.at_s:
                yield evolve(step, at_s=rounder)
    action = step.action
    match action:
        case faults.Start(spread_s=spread_s) if spread_s:
            yield evolve(step, action=evolve(action, spread_s=0.0))
        case faults.Restart(after_s=after_s):
            for rounder in (0.0, 1.0, 5.0, 10.0):
                if rounder < after_s:
                    yield evolve(step, action=evolve(action, after_s=rounder))
        case faults.MessageRule():
            if action.count is not None and action.count > 1:
                yield evolve(step, action=evolve(action, count=1))
            if action.receiver is not None:
                yield evolve(step, action=evolve(action, receiver=None))
        case faults.Partition() | faults.Cut() if action.how != "silent":
            yield evolve(step, action=evolve(action, how="silent"))
        case Wait(for_s=for_s):
            for unit in (60.0, 30.0, 10.0, 5.0, 1.0):
                if unit < for_s and (rounder := -(-for_s // unit) * unit - unit) >= unit:
                    yield evolve(step, action=Wait(for_s=rounder))


_PASSES = (_seeds, _fewer_steps, _fewer_nodes, _one_start, _plainer_nodes, _rounder)
