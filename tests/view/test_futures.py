"""Other futures share their past with the first one, and can be compared with it."""

from __future__ import annotations

import pytest

from tests.view.runs import SMALL, small_result
from wkasim.errors import InputError
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.runner import first_difference, run_scenario
from wkasim.sim.faults import Heal, Kill, Restart
from wkasim.view.futures import Future, compared, fork, parse_action


@pytest.mark.parametrize("time_us", [0, 12_345_678, 25_000_000, 69_999_999])
def test_fork_changes_nothing_before_its_time(time_us: int) -> None:
    first = small_result()
    other = fork(first, time_us, Kill(node="elb"))
    parted = first_difference(first.journal, other.journal)
    assert parted is not None
    number, _, right = parted
    assert right is not None
    assert right[:3] == (max(time_us, 0), "step", "elb")
    assert list(first.journal)[: number - 1] == list(other.journal)[: number - 1]


def test_fork_after_the_end_goes_on_from_there() -> None:
    other = fork(small_result(), 90_000_000, Kill(node="elb"))
    assert other.end_s == 120
    assert other.history.node("elb").stopped_us == [90_000_000]


def test_fork_while_waiting_for_something_goes_on_waiting() -> None:
    text = SMALL.replace("  - wait: 10s\n  - start: manager", "  - wait_until: {ready: elb}\n  - start: manager")
    first = run_scenario(parse_scenario(text))
    other = fork(first, 500_000, Kill(node="elb"))
    assert other.history.node("elb").life == 1
    assert "not within" in other.outcomes[0].message


def test_fork_that_cannot_be_done_says_why() -> None:
    with pytest.raises(InputError) as caught:
        fork(small_result(), 80_000_000, Kill(node="worker2"))
    assert str(caught.value).endswith("worker2 is not running at 80 s")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("kill worker1", Kill(node="worker1")),
        ("  kill: worker1 ", Kill(node="worker1")),
        ("heal", Heal()),
        ("restart {node: elb, after: 5s}", Restart(node="elb", after_s=5.0)),
    ],
)
def test_action_typed_is_what_a_scenario_would_say(text: str, action: object) -> None:
    assert parse_action(text) == action


@pytest.mark.parametrize("text", ["", "explode elb", "wait 5s", "kill {a: b}", "kill [", "add_node x", "kill"])
def test_action_that_is_none_is_refused_with_a_word(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_action(text)
    assert str(caught.value)


def test_futures_compared_say_where_they_part_and_how_they_end() -> None:
    first = Future("as it was", small_result())
    other = Future("kill elb", fork(first.result, 45_000_000, Kill(node="elb")))
    lines = compared(first, other)
    assert lines[0].endswith(", 45.000000 s")
    elb = lines.index("elb          differs")
    assert lines[elb + 1].startswith("  as it was  initialised: manager worker1")
    assert lines[elb + 2] == "  kill elb   stopped"
    assert lines[-1] == "worker2      stopped (in both)"
    assert max(map(len, lines)) < 80
    assert compared(first, first) == ["both futures are the same"]
