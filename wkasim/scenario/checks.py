"""What must hold in a scenario beyond its form: names exist, moments come, steps can be done in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wkasim.node.config import NodeConfig
from wkasim.scenario.model import (
    Anchor,
    AnsweredClaim,
    ConvergedClaim,
    Expectation,
    GroupClaim,
    LineClaim,
    NoLineClaim,
    Scenario,
    TranscriptClaim,
    WaitUntil,
)
from wkasim.scenario.written import Problems, Written, nearest
from wkasim.sim import faults
from wkasim.sim.network import is_dotted

__all__ = ["check_references", "check_scenario"]

_STOPPING: Final = (faults.Terminate, faults.Kill, faults.Restart)


# Names


def check_references(written: Written, problems: Problems) -> None:
    """Every name in the file that means something must mean something that is there.

    Works on what was written, so that names are checked even where other things are wrong.
    """
    nodes, hosts, steps = list(_node_names(written)), list(_keys(written, "hosts")), list(_step_names(written))
    known = {"node": nodes, "place": [*nodes, *hosts], "host": hosts, "member": nodes, "step": steps}
    what = {
        "node": "node {} is not defined",
        "place": "{} is neither a node nor a host",
        "host": "host {} is not in the hosts table",
        "member": "{} is neither a node nor an address such as 127.1.0.206:4000",
        "step": "no step has the name {}",
    }
    for reference in problems.references:
        name, kind = reference.name, reference.kind
        if name in known[kind] or (kind in ("place", "host") and is_dotted(name)):
            continue
        if kind == "member" and is_dotted(name.rpartition(":")[0]) and name.rpartition(":")[2].isdigit():
            continue
        sentence = what[kind].format(f'"{name}"')
        problems.add(reference.line, f"{sentence}{_suggestion(name, known[kind])}")


def _suggestion(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return f"{near if near.startswith(';') else ''} (defined: {shown or 'none'})"


def _keys(written: Written, key: str) -> Iterator[str]:
    if isinstance(written.value, dict) and key in written.value:
        inner = written.value[key].value
        if isinstance(inner, dict):
            yield from inner


def _steps(written: Written) -> Iterator[dict[str, Written]]:
    if isinstance(written.value, dict) and "steps" in written.value:
        steps = written.value["steps"].value
        if isinstance(steps, list):
            yield from (step.value for step in steps if isinstance(step.value, dict))


def _node_names(written: Written) -> Iterator[str]:
    yield from _keys(written, "nodes")
    for step in _steps(written):
        added = step.get("add_node")
        if added is not None and isinstance(added.value, dict) and "name" in added.value:
            yield str(added.value["name"].value)


def _step_names(written: Written) -> Iterator[str]:
    return (str(step["name"].value) for step in _steps(written) if "name" in step)


# Order and sense


def check_scenario(scenario: Scenario, problems: Problems) -> None:
    """Note what cannot work although each part is well formed."""
    _check_steps(scenario, problems)
    for expectation in scenario.expectations:
        _check_expectation(scenario, expectation, problems)


def _check_steps(scenario: Scenario, problems: Problems) -> None:
    nodes: dict[str, NodeConfig] = {node.name: node for node in scenario.nodes}
    names: dict[str, int] = {}
    latest_s = 0.0
    for step in scenario.steps:
        action, line = step.action, step.line
        if step.at_s is not None:
            if step.at_s < latest_s:
                problems.add(line, f"this step is to be at {step.at_s:g} s, but one before it is at {latest_s:g} s")
            latest_s = max(latest_s, step.at_s)
        if step.name in names and step.name:
            problems.add(line, f'a step named "{step.name}" is in line {names[step.name]} already; names must differ')
        names.setdefault(step.name, line)
        if isinstance(action, faults.AddNode):
            if action.config.name in nodes:
                problems.add(line, f'two nodes are named "{action.config.name}"; names must differ')
            nodes[action.config.name] = action.config
            continue
        for name in _nodes_of(action):
            if name not in nodes and name in scenario.all_nodes():
                problems.add(line, f'node "{name}" is added by a later step; add it before this one')
        if isinstance(action, faults.ChangeDatabase) and scenario.database is None:
            problems.add(line, 'this scenario has no database; give it one with "database: {}"')
        if isinstance(action, faults.Request) and action.to in nodes:
            _check_request(action, nodes[action.to], line, problems)
        if isinstance(action, WaitUntil):
            _check_answered(action.answered, scenario, line, problems)
        if isinstance(action, faults.Start) and len(set(action.nodes)) < len(action.nodes):
            problems.add(line, "a node is named twice here; it can be started once at a time")


def _check_request(request: faults.Request, node: NodeConfig, line: int, problems: Problems) -> None:
    if (node.https_port if request.https else node.http_port) is None:
        key = "https_port" if request.https else "http_port"
        problems.add(line, f'node "{node.name}" has no {key}, so it can be asked nothing; give it one')


def _check_answered(names: tuple[str, ...], scenario: Scenario, line: int, problems: Problems) -> None:
    requests = list(scenario.requests())
    for name in names:
        if name not in requests and any(step.name == name for step in scenario.steps):
            problems.add(line, f'the step "{name}" sends no requests (steps that do: {", ".join(requests) or "none"})')


def _nodes_of(action: object) -> tuple[str, ...]:
    if isinstance(action, faults.Request):
        return (action.to,)
    if isinstance(action, faults.Start):
        return action.nodes
    if isinstance(action, WaitUntil):
        return action.ready
    name = getattr(action, "node", None)
    return (name,) if isinstance(name, str) else ()


def _check_expectation(scenario: Scenario, expectation: Expectation, problems: Problems) -> None:
    claim, line = expectation.claim, expectation.line
    if isinstance(claim, TranscriptClaim | ConvergedClaim | LineClaim | NoLineClaim):
        _check_anchor(scenario, claim.since, line, problems)
    if isinstance(claim, AnsweredClaim):
        _check_answered((claim.request,), scenario, line, problems)
    if isinstance(claim, GroupClaim):
        groups = scenario.all_nodes()[claim.node].groups if claim.node in scenario.all_nodes() else ()
        fitting = [
            group
            for group in groups
            if claim.domain in (None, group.domain) and claim.sub_domain in (None, group.sub_domain)
        ]
        shown = ", ".join(f"{group.domain}/{group.sub_domain}" for group in groups) or "none"
        if len(fitting) != 1:
            which = "no such group" if not fitting else f"{len(fitting)} such groups; say domain and sub_domain"
            problems.add(line, f'"{claim.node}" manages {which} (it manages: {shown})')


def _check_anchor(scenario: Scenario, anchor: Anchor, line: int, problems: Problems) -> None:
    """The moment must come in the run."""
    actions = [step.action for step in scenario.steps]
    name = anchor.name
    match anchor.kind:
        case "start":
            comes = any(isinstance(action, faults.Start) and name in action.nodes for action in actions)
        case "restart":
            starts = [action for action in actions if isinstance(action, faults.Start) and name in action.nodes]
            restarts = [action for action in actions if isinstance(action, faults.Restart) and action.node == name]
            comes = bool(restarts) or len(starts) > 1
        case "stop":
            ends = any(isinstance(action, _STOPPING) and action.node == name for action in actions)
            comes = ends or any(isinstance(action, faults.HostDown) for action in actions)
        case _:
            return
    if not comes and name in scenario.all_nodes():
        verb = {"start": "starts", "restart": "restarts", "stop": "stops"}[anchor.kind]
        problems.add(line, f'the moment "{anchor}" never comes: no step {verb} "{name}"')
