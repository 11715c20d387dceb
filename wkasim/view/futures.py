"""Another future: the same run up to a moment, then something that did not happen the first time.

A run is decided by scenario and seed, so nothing has to be stored in order to go back: the scenario is run again with
one step more. Up to that step both journals are the same, record by record.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve, frozen

from wkasim.errors import InputError
from wkasim.scenario.form_steps import STEP_FORM
from wkasim.scenario.model import Scenario, Step, Wait, WaitUntil
from wkasim.scenario.runner import RunResult, first_difference, run_scenario
from wkasim.scenario.written import BadValueError, Problems, parse_yaml
from wkasim.sim.faults import ACTIONS, Action

__all__ = ["Future", "compared", "fork", "parse_action"]

_AFTERMATH_S = 30.0
"""How long a future goes on after a step that was injected later than the scenario's own end."""


@frozen(eq=False)
class Future:
    """One course of events; ``name`` says what makes it differ from the first one."""

    name: str
    result: RunResult


def parse_action(text: str) -> Action:
    """The action that somebody typed: ``kill worker2``, ``heal``, ``restart: {node: elb, after: 5s}``.

    Raises InputError saying what would be right.
    """
    verb, _, rest = text.strip().partition(" ")
    verb = verb.removesuffix(":")
    if verb not in ACTIONS or verb == "add_node":
        known = ", ".join(known for known in ACTIONS if known != "add_node")
        raise InputError(f'"{verb}" is no action; write one such as "kill worker1" (known: {known})')
    problems = Problems("action")
    written = parse_yaml(f"{verb}: {rest}" if rest.strip() else verb, problems)
    try:
        step = STEP_FORM.read(written, problems) if written is not None else None
    except BadValueError:
        step = None
    if step is None or problems.found or isinstance(step.action, Wait | WaitUntil):
        raise InputError(*(problems.sentences() or [f"{text!r} is no action"]))
    return step.action


def fork(result: RunResult, time_us: int, action: Action) -> RunResult:
    """The run with one action more at a time; nothing before that time changes.

    Raises InputError if the action cannot be done then.
    """
    steps = tuple(_with(result, time_us / 1e6, Step(action=action)))
    other = run_scenario(evolve(result.scenario, steps=steps), seed=result.seed, profile=result.profile.name)
    if other.stopped == "step":
        raise InputError(other.problem.partition(": ")[2] or other.problem)
    return other


def _with(result: RunResult, time_s: float, extra: Step) -> Iterator[Step]:
    """The steps with another one among them; a step that was waiting at that time is cut in two."""
    scenario: Scenario = result.scenario
    times = [*result.step_times, result.end_s]
    done = False
    for place, step in enumerate(scenario.steps):
        begin = times[place] if place < len(times) else result.end_s
        end = times[place + 1] if place + 1 < len(times) else result.end_s
        if done or time_s >= end or not begin <= time_s:
            yield step
            continue
        done = True
        match step.action:
            case Wait():
                yield evolve(step, action=Wait(for_s=time_s - begin))
                yield extra
                yield Step(action=Wait(for_s=max(0.0, step.action.for_s - (time_s - begin))))
            case WaitUntil():
                yield evolve(step, action=Wait(for_s=time_s - begin))
                yield extra
                left = max(0.001, step.action.timeout_s - (time_s - begin))
                yield Step(action=evolve(step.action, timeout_s=left))
            case _:
                yield step
                yield extra
    if not done:
        yield Step(action=Wait(for_s=max(0.0, time_s - result.end_s)))
        yield extra
        yield Step(action=Wait(for_s=_AFTERMATH_S))


def compared(one: Future, other: Future) -> list[str]:
    """What differs between two futures, for people: where they part, and who lists whom at the end of each."""
    parted = first_difference(one.result.journal, other.result.journal)
    if parted is None:
        return ["both futures are the same"]
    number, left, right = parted
    lines = [
        f"they part at record {number}, {_moment(left, right)}",
        "",
        "at the end",
    ]
    room = max(len(one.name), len(other.name))
    for name in dict.fromkeys([*one.result.scenario.all_nodes(), *other.result.scenario.all_nodes()]):
        first, second = _end_of(one.result, name), _end_of(other.result, name)
        if first == second:
            lines.append(f"{name:<12} {first} (in both)")
        else:
            lines += [f"{name:<12} differs", f"  {one.name:<{room}}  {first}", f"  {other.name:<{room}}  {second}"]
    return lines


def _moment(left: tuple[object, ...] | None, right: tuple[object, ...] | None) -> str:
    times = [record[0] for record in (left, right) if record is not None]
    return f"{min(time for time in times if isinstance(time, int)) / 1e6:.6f} s"


def _end_of(result: RunResult, name: str) -> str:
    node = result.history.node(name)
    if not node.alive:
        return node.state
    names = result.history.names()
    return f"{node.state}: " + (" ".join(names.get(member, member) for member in node.members) or "nobody")
