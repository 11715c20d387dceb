"""Connecting over the simulated network takes the time that it takes with TCP, and ends as it ends there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.sim.small_world import SmallWorld
from wkasim.members import Address
from wkasim.sim.links import BACKLOG, Link, is_dotted, syn_moments
from wkasim.sim.process import Process

ROUND_TRIP = 0.002


@pytest.fixture
def world() -> Iterator[SmallWorld]:
    world = SmallWorld()
    world.process("a")
    world.process("b")
    yield world
    world.close()


def test_connect_to_a_listener_takes_a_round_trip(world: SmallWorld) -> None:
    assert world.connect("a", "b", 5) == ("open", ROUND_TRIP)


def test_connect_to_a_port_without_listener_is_refused_after_a_round_trip(world: SmallWorld) -> None:
    world.kill("b")
    assert world.connect("a", "b", 5) == ("refused", ROUND_TRIP)


@pytest.mark.parametrize(("timeout_s", "takes_s"), [(0.5, 0.5), (3, 3), (135, 135), (180, 135.168)])
def test_connect_where_packets_vanish_lasts_until_the_callers_or_the_systems_timeout(
    world: SmallWorld, timeout_s: float, takes_s: float
) -> None:
    world.network.cut(["a"], ["b"])
    assert world.connect("a", "b", timeout_s) == ("silent", takes_s)


@pytest.mark.parametrize(
    ("healed_s", "answered_s"),
    [
        (0.5, 1.024),
        (2.5, 3.072),
        (5, 5.12),
        (5.2, 7.136),
        (8, 11.264),
        (12, 19.456),
        (30, 35.584),
        (40, 69.632),
        (69.6, 69.632),
    ],
)
def test_connect_begun_in_a_partition_succeeds_with_the_next_retry_after_it(
    world: SmallWorld, healed_s: float, answered_s: float
) -> None:
    world.network.cut(["a"], ["b"])
    world.at(healed_s, world.network.heal)
    assert world.connect("a", "b", 180) == ("open", pytest.approx(answered_s + ROUND_TRIP))


@pytest.mark.parametrize("others_wait", [False, True])
def test_connect_of_a_process_that_is_frozen_beyond_its_time_fails_when_that_goes_on(
    world: SmallWorld, *, others_wait: bool
) -> None:
    """The clock neither goes back to the time when the attempt should have ended, nor is that asked for."""
    world.network.cut(["a"], ["b"])
    process = world.processes["a"]

    async def attempt() -> tuple[str, float]:
        verdict, _ = await world.network.connect(process, world.address("b"), 1.5)
        return verdict, world.loop.time()

    attempted = process.spawn(attempt(), "attempt")
    if others_wait:
        process.spawn(asyncio.sleep(2), "other")
    world.at(0.5, process.freeze)
    world.at(30, process.thaw)
    world.loop.run_until_us(31_000_000)
    assert attempted.result() == ("silent", 30)


def test_connect_healed_after_the_last_retry_fails_all_the_same(world: SmallWorld) -> None:
    world.network.cut(["a"], ["b"])
    world.at(69.7, world.network.heal)
    assert world.connect("a", "b", 180) == ("silent", 135.168)


@pytest.mark.parametrize("began_us", range(0, 4_000_000, 37_000))
def test_retries_are_never_early_and_attempts_end_after_133_to_136_seconds(began_us: int) -> None:
    moments = [(moment - began_us) / 1e6 for moment in syn_moments(began_us)]
    for moment, least in zip(moments, (1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131), strict=True):
        assert least <= moment <= least * 1.05
    assert 133 < moments[-1] < 135.6


def test_attempt_that_follows_one_that_was_given_up_takes_the_recorded_time() -> None:
    # One lost peer after another was recorded at a distance of 135.15 and 135.16 s.
    first = syn_moments(12_345_678)[-1]
    assert syn_moments(first)[-1] - first == 135_168_000


@pytest.mark.parametrize("cut", [("a", "b"), ("b", "a")])
def test_connect_across_a_one_way_cut_is_silence_to_the_caller(world: SmallWorld, cut: tuple[str, str]) -> None:
    world.network.cut([cut[0]], [cut[1]], both_ways=False)
    assert world.connect("a", "b", 2) == ("silent", 2)


def test_connect_the_other_way_of_a_refusing_one_way_cut_passes(world: SmallWorld) -> None:
    world.network.cut(["a"], ["b"], "refused", both_ways=False)
    assert world.connect("a", "b", 2) == ("refused", ROUND_TRIP)
    assert world.connect("b", "a", 2) == ("open", ROUND_TRIP)


def test_connect_without_a_route_fails_at_once(world: SmallWorld) -> None:
    world.network.cut(["a"], ["b"], "unreachable")
    assert world.connect("a", "b", 2) == ("unreachable", 0)


def test_connect_answer_that_comes_after_the_timeout_does_not_count(world: SmallWorld) -> None:
    world.network.set_link("a", "b", Link(latency_us=300_000, jitter_us=0))
    assert world.connect("a", "b", 0.5) == ("silent", 0.5)
    assert world.connect("a", "b", 1) == ("open", 0.6)
    world.kill("b")
    assert world.connect("a", "b", 0.5) == ("silent", 0.5)


def test_connect_over_a_lossy_link_succeeds_with_a_retry(world: SmallWorld) -> None:
    world.network.set_link("a", "b", Link(latency_us=1000, jitter_us=0, loss=0.3))
    answered = []
    for _ in range(40):
        verdict, took = world.connect("a", "b", 180)
        assert verdict == "open"
        answered.append(round(took - ROUND_TRIP, 6))
        world.run_to(world.loop.time() + 0.0137)
    assert 10 < answered.count(0) < 35
    assert sum(0.9 < each < 1.1 for each in answered) > 2
    assert all(each == 0 or each > 0.9 for each in answered)


def test_connect_to_a_port_that_closes_meanwhile_is_refused(world: SmallWorld) -> None:
    world.at(0.001, world.port("b").close)
    assert world.connect("a", "b", 5) == ("refused", ROUND_TRIP)


def test_connect_to_a_port_that_changes_hands_meanwhile_is_refused(world: SmallWorld) -> None:
    def change_hands() -> None:
        world.kill("b")
        world.process("b")

    world.at(0.001, change_hands)
    assert world.connect("a", "b", 5) == ("refused", ROUND_TRIP)
    assert world.connect("a", "b", 5) == ("open", ROUND_TRIP)


# A frozen process, and a stranger's


def test_connect_to_a_frozen_process_succeeds_until_its_backlog_is_full(world: SmallWorld) -> None:
    world.processes["b"].freeze()
    for _ in range(BACKLOG):
        assert world.connect("a", "b", 1) == ("open", ROUND_TRIP)
    assert world.connect("a", "b", 1) == ("silent", 1)
    world.processes["b"].thaw()
    assert world.connect("a", "b", 1) == ("open", ROUND_TRIP)
    world.processes["b"].freeze()
    for _ in range(BACKLOG):
        assert world.connect("a", "b", 1) == ("open", ROUND_TRIP)
    assert world.connect("a", "b", 1) == ("silent", 1)


def test_connect_to_a_full_backlog_succeeds_when_the_process_goes_on(world: SmallWorld) -> None:
    world.processes["b"].freeze()
    for _ in range(BACKLOG):
        world.connect("a", "b", 1)
    began = world.loop.time()
    world.at(began + 6, world.processes["b"].thaw)
    assert world.connect("a", "b", 60) == ("open", pytest.approx(7, abs=0.2))


# Hosts and names


def test_connect_to_a_host_that_is_off_is_silence_and_refusal_when_it_is_on_again(world: SmallWorld) -> None:
    world.network.host_down("127.1.0.2")
    world.kill("b", silently=True)
    assert world.connect("a", "b", 180) == ("silent", 135.168)
    world.network.host_up("127.1.0.2")
    assert world.connect("a", "b", 180) == ("refused", ROUND_TRIP)


def test_connect_from_a_host_that_is_off_is_silence(world: SmallWorld) -> None:
    world.network.host_down("127.1.0.1")
    assert world.connect("a", "b", 2) == ("silent", 2)


@pytest.mark.parametrize("when", ["never started", "killed"])
def test_connect_to_a_node_cut_off_by_name_is_silence_even_if_nobody_listens(world: SmallWorld, when: str) -> None:
    if when == "killed":
        world.process("c")
        world.kill("c")
    else:
        world.network.claim(world.address("c"), "c")
    assert world.connect("a", "c", 2) == ("refused", ROUND_TRIP)
    world.network.cut(["a"], ["c"])
    assert world.connect("a", "c", 2) == ("silent", 2)


def test_cut_between_hosts_holds_for_every_process_on_them(world: SmallWorld) -> None:
    other = Process(world.loop, "b2", 1, "127.1.0.2", "127.1.0.2:4001")
    world.network.open_port(other, Address("127.1.0.2", 4001), "cluster", None)
    world.network.cut(["127.1.0.1"], ["127.1.0.2"])
    for address in (world.address("b"), Address("127.1.0.2", 4001), Address("127.1.0.2", 9999)):
        assert world.run(world.network.connect(world.processes["a"], address, 1)) == ("silent", None)


def test_cut_between_nodes_leaves_others_on_the_same_host_alone(world: SmallWorld) -> None:
    other = Process(world.loop, "b2", 1, "127.1.0.2", "127.1.0.2:4001")
    port = world.network.open_port(other, Address("127.1.0.2", 4001), "cluster", None)
    world.network.cut(["a"], ["b"])
    assert world.run(world.network.connect(world.processes["a"], Address("127.1.0.2", 4001), 1)) == ("open", port)


def test_heal_between_two_sides_leaves_other_cuts(world: SmallWorld) -> None:
    world.process("c")
    world.network.cut(["a"], ["b", "c"])
    world.network.heal(["a"], ["b"])
    assert world.connect("a", "b", 1)[0] == "open"
    assert world.connect("a", "c", 1)[0] == "silent"
    world.network.heal()
    assert world.connect("a", "c", 1)[0] == "open"


def test_link_set_one_way_holds_that_way_only(world: SmallWorld) -> None:
    world.network.set_link("a", "b", Link(latency_us=50_000, jitter_us=0), both_ways=False)
    assert world.connect("a", "b", 1) == ("open", 0.1)
    assert world.connect("b", "a", 1) == ("open", ROUND_TRIP)


def test_resolve_knows_names_of_the_table_and_dotted_addresses(world: SmallWorld) -> None:
    world.network.hosts["elb.wso2.com"] = "127.1.0.206"
    assert world.network.resolve("elb.wso2.com") == "127.1.0.206"
    assert world.network.resolve("10.0.0.1") == "10.0.0.1"
    assert world.network.resolve("unknown.wso2.com") is None


@pytest.mark.parametrize(
    ("text", "dotted"),
    [
        ("127.1.0.206", True),
        ("255.255.255.255", True),
        ("256.1.1.1", False),
        ("1.2.3", False),
        ("1.2.3.4.5", False),
        ("1.2.3.x", False),
        ("1.2..3", False),
        ("1.2.3.\u0664", False),
        ("1.2.3." + "0" * 5000 + "4", False),
        ("", False),
    ],
)
def test_is_dotted_means_four_numbers_below_256(text: str, dotted: bool) -> None:
    assert is_dotted(text) == dotted


# Ports


def test_open_port_that_is_taken_gives_none_whoever_asks(world: SmallWorld) -> None:
    stranger = Process(world.loop, "stranger", 1, "127.1.0.2", "stranger")
    assert world.network.open_port(stranger, world.address("b"), "stranger", None) is None
    world.port("b").close()
    port = world.network.open_port(stranger, world.address("b"), "stranger", None)
    assert world.network.port_at(world.address("b")) is port


def test_close_port_that_is_closed_already_leaves_its_successor_open(world: SmallWorld) -> None:
    old = world.port("b")
    world.kill("b")
    world.process("b")
    old.close()
    assert world.network.port_at(world.address("b")) is world.port("b")


@pytest.mark.asyncio
async def test_connect_given_up_by_its_caller_leaves_nothing_behind() -> None:
    world = SmallWorld()
    world.process("a")
    world.network.cut(["127.1.0.1"], ["127.1.0.2"])
    task = world.loop.create_task(world.network.connect(world.processes["a"], world.address("b"), 100))
    world.run_to(1.5)
    task.cancel()
    world.run_to(200)
    assert task.cancelled()
    assert isinstance(asyncio.get_running_loop(), type(world.loop))
    world.close()
