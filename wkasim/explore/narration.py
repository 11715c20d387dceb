"""Narration: what happens in a scenario, a sentence for each step, for the comment above a file that was found."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from wkasim.scenario.model import Scenario, Step, Wait, WaitUntil
from wkasim.sim import faults

__all__ = ["narrate"]

_NETWORK_SAYS = {
    "silent": "",
    "refused": "; connections are refused",
    "unreachable": "; the network says that it cannot be reached",
}
_DONE_TO_MESSAGES = {"drop": "lost", "delay": "late", "duplicate": "delivered twice", "hold": "held back"}
_DATABASE = {"up": "is up again", "down": "goes down", "denied": "denies access"}


def narrate(scenario: Scenario) -> list[str]:
    """What happens, a sentence for each step."""
    names = scenario.all_nodes()
    return [_sentence(step, names, last=step is scenario.steps[-1]) for step in scenario.steps]


def _sentence(step: Step, names: Collection[str], *, last: bool) -> str:
    if isinstance(step.action, Wait):
        span = f"{step.action.for_s:g} s"
        return f"Then nothing happens for {span}." if last else f"Then {span} pass."
    told = _told(step.action)
    if step.at_s is not None:
        return f"At {step.at_s:g} s {told}."
    # The name of a node stays as it is.
    return f"{told}." if re.split(r"[ ,]", told)[0] in names else f"{told[0].upper()}{told[1:]}."


def _told(action: faults.Action | WaitUntil | Wait) -> str:
    match action:
        case faults.Start(nodes=names, spread_s=spread_s):
            if len(names) == 1:
                return f"{names[0]} starts"
            return f"{_listed(names)} start {f'within {spread_s:g} s' if spread_s else 'together'}"
        case faults.Terminate():
            return f"{action.node} is stopped gracefully"
        case faults.Kill():
            return f"{action.node} is killed"
        case faults.Restart():
            end = "stopped gracefully" if action.graceful else "killed"
            when = f"{action.after_s:g} s later" if action.after_s else "at once"
            return f"{action.node} is {end}, and started again {when}"
        case faults.Pause():
            return f"{action.node} freezes"
        case faults.Resume():
            return f"{action.node} goes on"
        case faults.Partition():
            sides = " from ".join(_listed(side) for side in action.sides)
            return f"the network parts {sides}{_NETWORK_SAYS[action.how]}"
        case faults.Cut():
            return f"nothing passes from {action.sender} to {action.receiver}{_NETWORK_SAYS[action.how]}"
        case faults.Heal():
            between = f" between {' and '.join(action.between)}" if action.between else ""
            return f"the network is whole again{between}"
        case faults.HostDown():
            return f"the host {action.host} is switched off"
        case faults.HostUp():
            return f"the host {action.host} is switched on"
        case faults.SetLink():
            return _link(action)
        case faults.MessageRule():
            return _rule(action)
        case faults.Release():
            return f"the {action.message or ''} messages that were held back go on".replace("  ", " ")
        case faults.ClearRules():
            return "messages pass as usual again"
        case faults.OccupyPort():
            return f"a stranger takes port {action.port} of {action.host}"
        case faults.FreePort():
            return f"the stranger gives port {action.port} of {action.host} back"
        case faults.OpenHttp():
            return f"{action.node} opens its HTTP ports"
        case faults.CloseHttp():
            return f"{action.node} closes its HTTP ports"
        case faults.ChangeDatabase():
            return f"the database {_DATABASE[action.state]}"
        case faults.MapHost():
            return f"the name {action.name} means {action.address}"
        case faults.UnmapHost():
            return f"the name {action.name} is unknown"
        case faults.AddNode():
            return f"{action.config.name} is added, and does not run yet"
        case faults.Request():
            what = "a request is" if action.count == 1 else f"{action.count} requests are"
            return f"{what} sent to {action.to}"
        case WaitUntil():
            return f"until {_awaited(action)}, {action.timeout_s:g} s at most, nothing is done"
    return f"{action.for_s:g} s pass"


def _link(action: faults.SetLink) -> str:
    one, other = action.between
    least, most = action.latency_ms
    way = f"from {one} to {other}" if action.one_way else f"between {one} and {other}"
    lost = f", and {action.loss:.0%} are lost" if action.loss else ""
    return f"packets {way} take {least:g} to {most:g} ms{lost}"


def _rule(action: faults.MessageRule) -> str:
    what = f"{action.message} messages" if action.message else "messages"
    if action.count is not None:
        which = f"next {action.count} " if action.count != 1 else "next "
        what = f"the {which}{what if action.count != 1 else what.removesuffix('s')}"
    ends = (f" from {action.sender}" if action.sender else "") + (f" to {action.receiver}" if action.receiver else "")
    by = f" by {action.by_s:g} s" if action.by_s else ""
    return f"from now on {what}{ends} {'is' if action.count == 1 else 'are'} {_DONE_TO_MESSAGES[action.do]}{by}"


def _awaited(wait: WaitUntil) -> str:
    if wait.converged:
        return "the cluster has converged"
    if wait.answered:
        return f"{_listed(wait.answered)} {'is' if len(wait.answered) == 1 else 'are'} answered"
    return f"{_listed(wait.ready)} {'is' if len(wait.ready) == 1 else 'are'} ready"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
