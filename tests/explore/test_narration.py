"""The sentences above a file that was found: every step of every kind, in words."""

from __future__ import annotations

from typing import get_args

import pytest

from wkasim.explore.narration import narrate
from wkasim.node.config import NodeConfig
from wkasim.scenario.model import Scenario, Step, Wait, WaitUntil
from wkasim.sim import faults

A, B, C = "one", "two", "three"

SENTENCES = [
    (faults.Start(nodes=(A,)), "one starts."),
    (faults.Start(nodes=(A, B)), "one, two start together."),
    (faults.Start(nodes=(A, B), spread_s=2.5), "one, two start within 2.5 s."),
    (faults.Terminate(node=A), "one is stopped gracefully."),
    (faults.Kill(node=A), "one is killed."),
    (faults.Restart(node=A), "one is killed, and started again at once."),
    (faults.Restart(node=A, after_s=5, graceful=True), "one is stopped gracefully, and started again 5 s later."),
    (faults.Pause(node=A), "one freezes."),
    (faults.Resume(node=A), "one goes on."),
    (faults.Partition(sides=((A,), (B, C))), "The network parts one from two, three."),
    (faults.Partition(sides=((A,), (B,)), how="refused"), "The network parts one from two; connections are refused."),
    (faults.Cut(sender=A, receiver=B), "Nothing passes from one to two."),
    (faults.Heal(), "The network is whole again."),
    (faults.Heal(between=(A, B)), "The network is whole again between one and two."),
    (faults.HostDown(host="127.1.0.1"), "The host 127.1.0.1 is switched off."),
    (faults.HostUp(host="127.1.0.1"), "The host 127.1.0.1 is switched on."),
    (
        faults.SetLink(between=(A, B), latency_ms=(200, 400), loss=0.3),
        "Packets between one and two take 200 to 400 ms, and 30% are lost.",
    ),
    (faults.SetLink(between=(A, B), one_way=True), "Packets from one to two take 0.1 to 0.3 ms."),
    (faults.MessageRule(do="drop"), "From now on messages are lost."),
    (
        faults.MessageRule(do="delay", message="JOIN", receiver=B, count=2, by_s=3),
        "From now on the next 2 JOIN messages to two are late by 3 s.",
    ),
    (
        faults.MessageRule(do="hold", message="JOIN", sender=A, count=1),
        "From now on the next JOIN message from one is held back.",
    ),
    (faults.MessageRule(do="duplicate", message="JOIN"), "From now on JOIN messages are delivered twice."),
    (faults.Release(), "The messages that were held back go on."),
    (faults.Release(message="JOIN"), "The JOIN messages that were held back go on."),
    (faults.ClearRules(), "Messages pass as usual again."),
    (faults.OccupyPort(host="127.1.0.1", port=4001), "A stranger takes port 4001 of 127.1.0.1."),
    (faults.FreePort(host="127.1.0.1", port=4001), "The stranger gives port 4001 of 127.1.0.1 back."),
    (faults.OpenHttp(node=A), "one opens its HTTP ports."),
    (faults.CloseHttp(node=A), "one closes its HTTP ports."),
    (faults.ChangeDatabase(state="down"), "The database goes down."),
    (faults.MapHost(name="x.example", address="127.1.0.1"), "The name x.example means 127.1.0.1."),
    (faults.UnmapHost(name="x.example"), "The name x.example is unknown."),
    (faults.AddNode(config=NodeConfig(name="late")), "late is added, and does not run yet."),
    (faults.Request(to=A), "A request is sent to one."),
    (faults.Request(to=A, count=3), "3 requests are sent to one."),
    (WaitUntil(ready=(A,)), "Until one is ready, 60 s at most, nothing is done."),
    (WaitUntil(answered=("x", "y")), "Until x, y are answered, 60 s at most, nothing is done."),
    (WaitUntil(converged=True, timeout_s=5), "Until the cluster has converged, 5 s at most, nothing is done."),
    (Wait(for_s=3), "Then 3 s pass."),
]


def story(*steps: Step) -> list[str]:
    return narrate(Scenario(nodes=tuple(NodeConfig(name=name) for name in (A, B, C)), steps=steps))


@pytest.mark.parametrize(("action", "sentence"), SENTENCES, ids=[sentence for _, sentence in SENTENCES])
def test_step_is_told_in_a_sentence(action: faults.Action | Wait | WaitUntil, sentence: str) -> None:
    assert story(Step(action=action), Step(action=Wait(for_s=60)))[0] == sentence


def test_every_kind_of_step_has_a_sentence() -> None:
    kinds = {*get_args(faults.Action), Wait, WaitUntil}
    assert {type(action) for action, _ in SENTENCES} == kinds


def test_time_stands_before_what_happens_and_the_calm_comes_last() -> None:
    told = story(
        Step(action=faults.Start(nodes=(A,)), at_s=0.0),
        Step(action=faults.Partition(sides=((A,), (B,)), how="unreachable"), at_s=2.5),
        Step(action=Wait(for_s=45.0)),
    )
    assert told == [
        "At 0 s one starts.",
        "At 2.5 s the network parts one from two; the network says that it cannot be reached.",
        "Then nothing happens for 45 s.",
    ]
