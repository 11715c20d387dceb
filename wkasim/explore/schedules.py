"""Schedules: when nodes start, and which faults strike them when, as steps of a scenario.

Every schedule is legal by construction: nobody is killed who does not run, and what is cut, frozen or slowed down is
whole again before the scenario lets the cluster settle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import define

from wkasim.explore.topologies import Chooser
from wkasim.node.config import NodeConfig
from wkasim.profile import Profile
from wkasim.scenario.model import Step
from wkasim.sim import faults

__all__ = ["FAULTS", "STARTS", "Plan", "apart_s", "draw_faults", "draw_starts"]

STARTS: Final = ("sequential", "together", "staggered", "spread")
"""How nodes start: one after the other with time to settle, at one moment, close to each other, within some seconds."""

_MESSAGES: Final = ("JOIN", "MEMBER_LIST", "MEMBER_JOINED", "GET_CONFIGURATION", "JOIN reply")


@define
class Plan:
    """Steps with their times, and until when every node and the network are busy: before, nothing may strike them."""

    nodes: Sequence[NodeConfig]
    free_s: dict[str, float]
    steps: list[tuple[float, faults.Action]]
    end_s: float
    quiet_until_s: float = 0.0

    def wait_for_starts(self) -> None:
        """Let nothing strike before the last node has had ten seconds for its start."""
        self.quiet_until_s = max(self.free_s.values(), default=0.0) + 10.0
        self.free_s = dict.fromkeys(self.free_s, self.quiet_until_s)

    def add(self, at_s: float, action: faults.Action) -> None:
        """Do the action at that time."""
        self.steps.append((at_s, action))

    def ordered(self) -> tuple[Step, ...]:
        """The steps in the order of their times."""
        return tuple(Step(action=action, at_s=at_s) for at_s, action in sorted(self.steps, key=lambda step: step[0]))


def apart_s(profile: Profile) -> float:
    """How far apart nodes start one after the other: each has joined and been admitted when the next one starts."""
    return 10.0 + profile.admission_pause_s + (profile.coordinator_wait_s if profile.coordinator else 0.0)


def draw_starts(choose: Chooser, nodes: Sequence[NodeConfig], manner: str, end_s: float, gap_s: float = 35.0) -> Plan:
    """Start all nodes in the given manner, the first node first unless they start together.

    ``gap_s`` lies between sequential starts.
    """
    plan = Plan(nodes, {}, [], end_s)
    at_s = 0.0
    match manner:
        case "together" | "spread":
            spread_s = float(choose.integer(1, 5)) if manner == "spread" else 0.0
            plan.add(0.0, faults.Start(nodes=tuple(node.name for node in nodes), spread_s=spread_s))
            plan.free_s = dict.fromkeys((node.name for node in nodes), spread_s + 3.0)
        case _:
            for node in nodes:
                plan.add(at_s, faults.Start(nodes=(node.name,)))
                plan.free_s[node.name] = at_s + 3.0
                at_s += gap_s if manner == "sequential" else choose.integer(0, 10) / 2
    return plan


def draw_faults(choose: Chooser, plan: Plan, kinds: Sequence[str], most: int) -> None:
    """Add up to ``most`` faults of these kinds; one that needs two nodes is left out where there is one only."""
    if not kinds or not plan.nodes:
        return
    for _ in range(choose.integer(0, most)):
        FAULTS[choose.pick(kinds)](choose, plan)


def _moment(choose: Chooser, plan: Plan, names: Sequence[str]) -> tuple[float, float] | None:
    """When a fault of these nodes begins and when it ends, in half seconds; None if there is no room for it."""
    least_s = max(plan.free_s[name] for name in names)
    room = int((plan.end_s - least_s) * 2) - 2
    if room < 2:
        return None
    begins = least_s + choose.integer(0, room - 2) / 2
    lasts = choose.integer(1, min(60, int((plan.end_s - begins) * 2))) / 2
    for name in names:
        plan.free_s[name] = begins + lasts + 3.0
    return begins, begins + lasts


def _one(choose: Chooser, plan: Plan) -> tuple[str, float, float] | None:
    """A node, and when something happens to it."""
    node = choose.pick(plan.nodes)
    moment = _moment(choose, plan, [node.name])
    return None if moment is None else (node.name, *moment)


def _kill(choose: Chooser, plan: Plan) -> None:
    if struck := _one(choose, plan):
        plan.add(struck[1], faults.Kill(node=struck[0]))
        plan.free_s[struck[0]] = plan.end_s


def _terminate(choose: Chooser, plan: Plan) -> None:
    if struck := _one(choose, plan):
        plan.add(struck[1], faults.Terminate(node=struck[0]))
        plan.free_s[struck[0]] = plan.end_s


def _restart(choose: Chooser, plan: Plan) -> None:
    if struck := _one(choose, plan):
        name, begins, ends = struck
        plan.add(begins, faults.Restart(node=name, after_s=ends - begins))


def _pause(choose: Chooser, plan: Plan) -> None:
    if struck := _one(choose, plan):
        name, begins, ends = struck
        plan.add(begins, faults.Pause(node=name))
        plan.add(ends, faults.Resume(node=name))


def _sides(choose: Chooser, plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    names = [node.name for node in plan.nodes]
    left = choose.some(names)
    right = tuple(name for name in names if name not in left)
    return (left, right) if left and right else None


def _partition(choose: Chooser, plan: Plan) -> None:
    sides = _sides(choose, plan)
    moment = _network_moment(choose, plan)
    if sides is not None and moment is not None:
        plan.add(moment[0], faults.Partition(sides=sides, how=choose.pick(("silent", "refused", "unreachable"))))
        plan.add(moment[1], faults.Heal())


def _cut(choose: Chooser, plan: Plan) -> None:
    pair = _two(choose, plan)
    moment = _network_moment(choose, plan)
    if pair is not None and moment is not None:
        plan.add(moment[0], faults.Cut(sender=pair[0], receiver=pair[1], how=choose.pick(("silent", "refused"))))
        plan.add(moment[1], faults.Heal())


def _link(choose: Chooser, plan: Plan) -> None:
    pair = _two(choose, plan)
    moment = _network_moment(choose, plan)
    if pair is not None and moment is not None:
        latency = choose.pick(((10.0, 50.0), (200.0, 400.0), (1000.0, 3000.0)))
        loss = choose.pick((0.0, 0.05, 0.3))
        plan.add(moment[0], faults.SetLink(between=pair, latency_ms=latency, loss=loss))
        plan.add(moment[1], faults.SetLink(between=pair))


def _two(choose: Chooser, plan: Plan) -> tuple[str, str] | None:
    names = [node.name for node in plan.nodes]
    if len(names) < 2:
        return None
    one = choose.pick(names)
    return one, choose.pick([name for name in names if name != one])


def _network_moment(choose: Chooser, plan: Plan) -> tuple[float, float] | None:
    """When something happens to the network: at any time that is allowed, and over before the end."""
    room = int(plan.end_s * 2)
    earliest = int(plan.quiet_until_s * 2)
    if room - 2 < earliest:
        return None
    begins = choose.integer(earliest, room - 2)
    return begins / 2, (begins + choose.integer(1, min(60, room - begins))) / 2


def _messages(do: str) -> Callable[[Chooser, Plan], None]:
    def touch(choose: Chooser, plan: Plan) -> None:
        moment = _network_moment(choose, plan)
        if moment is None:
            return
        rule = faults.MessageRule(
            do=do,  # type: ignore[arg-type]  # one of the four, see FAULTS
            message=choose.pick(_MESSAGES[:4]),
            receiver=choose.pick([None, *(node.name for node in plan.nodes)]),
            count=choose.integer(1, 3),
            by_s=choose.integer(1, 20) / 2 if do == "delay" else 0.0,
        )
        plan.add(moment[0], rule)
        plan.add(moment[1], faults.Release() if do == "hold" else faults.ClearRules())

    return touch


def _http(choose: Chooser, plan: Plan) -> None:
    with_ports = [node for node in plan.nodes if node.http_port is not None]
    if not with_ports:
        return
    name = choose.pick(with_ports).name
    if (moment := _moment(choose, plan, [name])) is not None:
        plan.add(moment[0], faults.CloseHttp(node=name))
        plan.add(moment[1], faults.OpenHttp(node=name))


def _host_down(choose: Chooser, plan: Plan) -> None:
    """A host is switched off with all nodes on it, and on again; the nodes stay down."""
    host = choose.pick(list(dict.fromkeys(node.host for node in plan.nodes)))
    names = [node.name for node in plan.nodes if node.host == host]
    if (moment := _moment(choose, plan, names)) is not None:
        plan.add(moment[0], faults.HostDown(host=host))
        plan.add(moment[1], faults.HostUp(host=host))
        plan.free_s.update(dict.fromkeys(names, plan.end_s))


def _stranger(choose: Chooser, plan: Plan) -> None:
    """A strange process holds a port near the nodes' own from the beginning; a running cluster has its ports."""
    if plan.quiet_until_s:
        return
    host = choose.pick(list(dict.fromkeys(node.host for node in plan.nodes)))
    action = faults.OccupyPort(host=host, port=choose.pick((4000, 4001, 4002)))
    if action not in [present for _, present in plan.steps]:
        plan.steps.insert(0, (0.0, action))


FAULTS: Final[Mapping[str, Callable[[Chooser, Plan], None]]] = {
    "kill": _kill,
    "terminate": _terminate,
    "restart": _restart,
    "pause": _pause,
    "partition": _partition,
    "cut": _cut,
    "link": _link,
    "drop": _messages("drop"),
    "delay": _messages("delay"),
    "duplicate": _messages("duplicate"),
    "hold": _messages("hold"),
    "http": _http,
    "host_down": _host_down,
    "stranger": _stranger,
}
"""Every kind of fault by its name, and what adds one to a plan."""
