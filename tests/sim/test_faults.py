"""Faults are data: each has a verb, prints what differs from its defaults, and is in the table."""

from __future__ import annotations

import inspect

import attrs
import pytest

from tests.node.clusters import plain
from wkasim.sim import faults
from wkasim.sim.faults import ACTIONS, action_params

CLASSES = [cls for _, cls in inspect.getmembers(faults, inspect.isclass) if hasattr(cls, "verb")]


def test_actions_table_has_every_action_under_its_own_verb() -> None:
    assert len(ACTIONS) == len(CLASSES) == len({cls.verb for cls in CLASSES})
    assert {verb: cls.verb for verb, cls in ACTIONS.items()} == {verb: verb for verb in ACTIONS}
    assert {cls.__name__ for cls in CLASSES} <= set(faults.__all__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.verb)
def test_action_is_a_documented_value(cls: type) -> None:
    assert cls.__doc__
    assert cls.__hash__ is not None
    assert all(field.on_setattr is not None or field.kw_only for field in attrs.fields(cls))


@pytest.mark.parametrize(
    ("action", "params"),
    [
        (faults.Start(nodes=("a", "b")), ("nodes", "a b")),
        (faults.Start(nodes=("a",), spread_s=2.5), ("nodes", "a", "spread_s", 2.5)),
        (faults.Kill(node="a"), ("node", "a")),
        (faults.Restart(node="a"), ("node", "a")),
        (faults.Restart(node="a", after_s=1.0, graceful=True), ("node", "a", "after_s", 1.0, "graceful", True)),
        (faults.Partition(sides=(("a", "b"), ("c",))), ("sides", "a b | c")),
        (faults.Partition(sides=(("a",), ("b",)), how="refused"), ("sides", "a | b", "how", "refused")),
        (faults.Heal(), ()),
        (faults.Heal(between=("a", "b")), ("between", "a b")),
        (
            faults.SetLink(between=("a", "b"), latency_ms=(1, 2), loss=0.1),
            ("between", "a b", "latency_ms", "1 2", "loss", 0.1),
        ),
        (faults.MessageRule(do="drop", message="JOIN", count=1), ("do", "drop", "message", "JOIN", "count", 1)),
        (faults.OccupyPort(host="h", port=4000), ("host", "h", "port", 4000)),
        (faults.MapHost(name="n", address="1.2.3.4"), ("name", "n", "address", "1.2.3.4")),
        (faults.AddNode(config=plain("c", "127.1.0.3")), ("config", "c")),
        (faults.ClearRules(), ()),
    ],
    ids=repr,
)
def test_action_params_are_what_differs_from_the_defaults(
    action: faults.Action, params: tuple[str | int | float, ...]
) -> None:
    assert action_params(action) == params
    assert attrs.evolve(action) == action
