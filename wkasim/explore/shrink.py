"""Shrinking: the smallest scenario that still violates the same invariant for the same cause.

Candidates are tried from the boldest to the most timid until none is accepted any more: the default seed, fewer
steps, fewer nodes, one start instead of many, a plainer world and plainer nodes, rounder times. Which candidates there
are depends on nothing but the scenario, so the same finding shrinks to the same file on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import evolve

from wkasim.node.config import NodeConfig
from wkasim.scenario.model import Scenario, Step, Wait, WaitUntil
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
) -> Iterator[Scenario]:
    """Ever smaller scenarios for which ``still_fails`` is true, the smallest last; none if this one is the smallest.

    It is asked ``most_runs`` times at most, and as long as ``keep_going`` says so.
    """
    asked = 0
    changed = True
    while changed:
        changed = False
        for make in _PASSES:
            accepted = True
            while accepted:
                accepted = False
                for candidate in make(scenario):
                    if candidate == scenario:
                        continue
                    if asked == most_runs or not keep_going():
                        return
                    asked += 1
                    if still_fails(candidate):
                        scenario, accepted, changed = candidate, True, True
                        yield scenario
                        break


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
    """Without a run of steps, long runs first, then without any two; the calm at the end stays."""
    steps = scenario.steps
    count = len(steps) - isinstance(steps[-1].action, Wait)
    size = count
    while size >= 1:
        for begin in range(0, count, size):
            yield from _with_steps(scenario, steps[:begin] + steps[min(begin + size, count) :])
        size //= 2
    for first in range(count):
        for second in range(first + 1, count):
            kept = tuple(step for number, step in enumerate(steps) if number not in (first, second))
            yield from _with_steps(scenario, kept)


def _with_steps(scenario: Scenario, kept: tuple[Step, ...]) -> Iterator[Scenario]:
    """The scenario with these of its steps, if one of them starts somebody; who is not added any more is gone."""
    if not any(isinstance(step.action, faults.Start) for step in kept):
        return
    smaller = evolve(scenario, steps=kept)
    left = smaller.all_nodes()
    for name, node in scenario.all_nodes().items():
        if name not in left:
            smaller = without(smaller, node)
    yield _legal(smaller)


def _one_wait(scenario: Scenario) -> Iterator[Scenario]:
    """Two waits that follow each other as one."""
    steps = scenario.steps
    for index in range(len(steps) - 1):
        first, second = steps[index], steps[index + 1]
        if isinstance(first.action, Wait) and isinstance(second.action, Wait) and second.at_s is None:
            merged = evolve(first, action=Wait(for_s=first.action.for_s + second.action.for_s))
            yield evolve(scenario, steps=(*steps[:index], merged, *steps[index + 2 :]))


def _legal(scenario: Scenario) -> Scenario:
    """Without steps that make no sense any more: on nodes that do not run, or waits for what cannot come."""
    running: dict[str, str] = {}
    requests: list[str] = []
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
                nodes = scenario.all_nodes()
                host = _resolved(scenario, action.host)
                running = {
                    name: state for name, state in running.items() if _resolved(scenario, nodes[name].host) != host
                }
            case faults.Request():
                requests.append(step.name)
            case WaitUntil() if action.answered:
                answered = tuple(name for name in action.answered if name in requests)
                if not answered:
                    continue
                step = evolve(step, action=evolve(action, answered=answered))
            case WaitUntil() if action.ready:
                ready = tuple(name for name in action.ready if name in running)
                if not ready:
                    continue
                step = evolve(step, action=evolve(action, ready=ready))
        kept.append(step)
    return evolve(scenario, steps=tuple(kept))


def _resolved(scenario: Scenario, host: str) -> str:
    return scenario.hosts.get(host, host)


# Nodes


def _fewer_nodes(scenario: Scenario) -> Iterator[Scenario]:
    nodes = list(scenario.all_nodes().values())
    for node in reversed(nodes):
        if len(nodes) > 1:
            yield from _with_seeds(without(scenario, node))


def without(scenario: Scenario, gone: NodeConfig) -> Scenario:
    """The scenario without a node: nobody lists it, and no step names it."""

    def place(host: str, port: int | None) -> tuple[str, int]:
        return _resolved(scenario, host), 4000 if port is None else port

    lost = place(gone.host, gone.port)
    if any(place(node.host, node.port) == lost for node in scenario.all_nodes().values() if node.name != gone.name):
        lost = "", 0  # whoever lists it means the other one now

    def unlisted(node: NodeConfig) -> NodeConfig:
        return evolve(
            node, well_known_members=tuple(known for known in node.well_known_members if place(*known) != lost)
        )

    steps = []
    for step in scenario.steps:
        if (changed := _step_without(step, gone.name)) is not None:
            if isinstance(action := changed.action, faults.AddNode):
                changed = evolve(changed, action=evolve(action, config=unlisted(action.config)))
            steps.append(changed)
    smaller = evolve(
        scenario,
        nodes=tuple(unlisted(node) for node in scenario.nodes if node.name != gone.name),
        links=tuple(link for link in scenario.links if gone.name not in link.between),
        steps=tuple(steps),
    )
    return _legal(smaller)


def _step_without(step: Step, name: str) -> Step | None:
    action = step.action
    match action:
        case faults.Start():
            names = tuple(other for other in action.nodes if other != name)
            return evolve(step, action=evolve(action, nodes=names)) if names else None
        case faults.Partition():
            sides = tuple(tuple(other for other in side if other != name) for side in action.sides)
            return evolve(step, action=evolve(action, sides=sides)) if all(sides) else None
        case faults.SetLink() | faults.Heal():
            return None if name in action.between else step
        case faults.Cut() | faults.MessageRule():
            return None if name in (action.sender, action.receiver) else step
        case faults.AddNode():
            return None if action.config.name == name else step
        case faults.Request():
            return None if action.to == name else step
        case WaitUntil() if action.ready:
            ready = tuple(other for other in action.ready if other != name)
            return evolve(step, action=evolve(action, ready=ready)) if ready else None
    return None if getattr(action, "node", None) == name else step


def _plainer_world(scenario: Scenario) -> Iterator[Scenario]:
    """Without what the scenario brings along beside its nodes: the database, links, names of hosts."""
    if scenario.database is not None:
        nodes = tuple(evolve(node, uses_database=False, setup=False) for node in scenario.nodes)
        yield evolve(scenario, database=None, nodes=nodes)
    if scenario.links:
        yield evolve(scenario, links=())
    for host in scenario.hosts:
        yield evolve(scenario, hosts={name: address for name, address in scenario.hosts.items() if name != host})


def _plainer_nodes(scenario: Scenario) -> Iterator[Scenario]:
    """Nodes with less to them: no load balancer, no routes, no HTTP ports, a shorter list."""
    for index, node in enumerate(scenario.nodes):
        domain = next((other.domain for other in scenario.nodes if not other.groups), node.domain)
        known = node.well_known_members
        for plain in (
            evolve(node, role="worker", groups=(), routes=(), domain=domain),
            evolve(node, routes=()),
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
    """In the order of their times, those without one behind their neighbours, the calm at the end last."""
    end = len(steps) - isinstance(steps[-1].action, Wait)
    at_s, timed = 0.0, []
    for step in steps[:end]:
        at_s = at_s if step.at_s is None else step.at_s
        timed.append((at_s, step))
    ordered = [step for _, step in sorted(timed, key=lambda item: item[0])]
    return evolve(scenario, steps=(*ordered, *steps[end:]))


def _rounder(scenario: Scenario) -> Iterator[Scenario]:
    """Each time, duration and number as small and round as it can be."""
    if scenario.link != LAN:
        yield evolve(scenario, link=LAN)
    for index, step in enumerate(scenario.steps):
        for simpler in _rounder_step(step):
            yield _sorted(scenario, (*scenario.steps[:index], simpler, *scenario.steps[index + 1 :]))


def _rounder_step(step: Step) -> Iterator[Step]:
    if step.at_s:
        times_s = dict.fromkeys((0.0, *(step.at_s // unit * unit for unit in (20.0, 10.0, 5.0, 1.0))))
        yield from (evolve(step, at_s=at_s) for at_s in times_s if at_s < step.at_s)
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


_PASSES = (_seeds, _fewer_steps, _fewer_nodes, _one_wait, _one_start, _plainer_world, _plainer_nodes, _rounder)
