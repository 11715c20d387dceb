"""Rules on messages touch what they name, as often as they say, and let go in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim.small_world import SmallWorld, text_message
from wkasim.sim.rules import Rule


@pytest.fixture
def world() -> Iterator[SmallWorld]:
    world = SmallWorld()
    for name in "abc":
        world.process(name)
    yield world
    world.close()


def test_rule_drop_loses_matching_messages_with_a_reason(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(Rule("drop", "TEXT"))
    world.send(pipe, "lost")
    world.network.clear_rules()
    world.send(pipe, "passes")
    world.run_to(1)
    assert world.texts("b") == ["passes"]
    assert world.drops() == [(0, "lost", "dropped by rule")]


def test_rule_drop_with_a_count_touches_so_many(world: SmallWorld) -> None:
    world.network.add_rule(Rule("drop", count=2))
    world.send(world.pipe("a", "b"), "1", "2", "3", "4")
    world.run_to(1)
    assert world.texts("b") == ["3", "4"]


@pytest.mark.parametrize(
    ("rule", "arrives"),
    [
        (Rule("drop", "TEXT"), []),
        (Rule("drop", "TEXT reply"), ["request"]),
        (Rule("drop", "JOIN"), ["request", "reply"]),
        (Rule("drop", sender="a"), []),
        (Rule("drop", sender="c"), ["request", "reply"]),
        (Rule("drop", receiver="b"), []),
        (Rule("drop", receiver="a"), ["request", "reply"]),
        (Rule("drop", "TEXT", "a", "b"), []),
        (Rule("drop", "TEXT", "a", "c"), ["request", "reply"]),
        (Rule("drop", count=0), ["request", "reply"]),
    ],
)
def test_rule_matches_by_kind_sender_and_receiver(world: SmallWorld, rule: Rule, arrives: list[str]) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(rule)
    world.network.send(pipe, text_message("request"))
    world.network.send(pipe, text_message("reply", reply=True))
    world.run_to(1)
    assert world.texts("b") == arrives


def test_rule_delay_holds_up_what_comes_behind_on_the_connection_and_nothing_else(world: SmallWorld) -> None:
    one, other = world.pipe("a", "b"), world.pipe("a", "b")
    world.network.add_rule(Rule("delay", count=1, delay_us=2_000_000))
    world.send(one, "delayed", "behind it")
    world.send(other, "beside it")
    world.run_to(5)
    assert world.received["b"] == [(1000, "beside it"), (2_001_000, "delayed"), (2_001_000, "behind it")]


def test_rule_duplicate_delivers_twice_under_one_number(world: SmallWorld) -> None:
    world.network.add_rule(Rule("duplicate", count=1))
    world.send(world.pipe("a", "b"), "twice", "once")
    world.run_to(1)
    assert world.texts("b") == ["twice", "twice", "once"]
    assert [record[4] for record in world.journal.of_kind("deliver")] == [1, 1, 2]
    assert [record[4] for record in world.journal.of_kind("send")] == [1, 2]


def test_rule_hold_keeps_messages_until_released_in_the_order_of_sending(world: SmallWorld) -> None:
    b, c = world.pipe("a", "b"), world.pipe("a", "c")
    world.network.add_rule(Rule("hold", receiver="b"))
    world.network.add_rule(Rule("hold", receiver="c"))
    for pipe, text in ((b, "1"), (c, "2"), (b, "3"), (c, "4")):
        world.send(pipe, text)
    world.run_to(5)
    assert world.texts("b") == world.texts("c") == []
    world.network.release()
    world.run_to(6)
    assert [(record[2], record[4]) for record in world.journal.of_kind("deliver")] == [
        ("b", 1),
        ("c", 2),
        ("b", 3),
        ("c", 4),
    ]
    world.send(b, "not held any more")
    world.run_to(7)
    assert world.texts("b") == ["1", "3", "not held any more"]


def test_rule_hold_lets_later_messages_overtake(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(Rule("hold", count=1))
    world.send(pipe, "held", "free")
    world.run_to(1)
    world.network.release()
    world.run_to(2)
    assert world.texts("b") == ["free", "held"]


def test_release_of_one_kind_lets_go_of_it_from_every_rule(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(Rule("hold", "TEXT reply"))
    world.network.add_rule(Rule("hold"))
    world.network.send(pipe, text_message("request"))
    world.network.send(pipe, text_message("reply", reply=True))
    world.network.release("TEXT reply")
    world.run_to(1)
    assert world.texts("b") == ["reply"]
    world.network.send(pipe, text_message("another reply", reply=True))
    world.run_to(2)
    assert world.texts("b") == ["reply"], "the rule that holds everything goes on"
    world.network.release("TEXT")
    world.run_to(3)
    assert world.texts("b") == ["reply", "request", "another reply"]


def test_release_of_another_kind_changes_nothing(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(Rule("hold", "TEXT"))
    world.send(pipe, "1")
    world.network.release("JOIN")
    world.send(pipe, "2")
    world.run_to(1)
    assert world.texts("b") == []


def test_clear_rules_releases_what_is_held(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(Rule("hold"))
    world.send(pipe, "held")
    world.network.clear_rules()
    world.run_to(1)
    assert world.texts("b") == ["held"]
    assert not pipe.hindered


def test_release_to_a_receiver_that_is_gone_is_a_loss(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(Rule("hold"))
    world.send(pipe, "held")
    world.kill("b")
    world.network.release()
    world.run_to(1)
    assert world.drops() == [(0.001, "held", "receiver gone")]


def test_rule_made_first_is_applied_first(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.add_rule(Rule("drop", count=1))
    world.network.add_rule(Rule("duplicate"))
    world.send(pipe, "1", "2")
    world.run_to(1)
    assert world.texts("b") == ["2", "2"]
