"""What is written to a connection arrives in order, late if need be, or is lost with a reason in the journal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sim.small_world import MILLISECOND, SECOND, STEADY, SmallWorld, text_message
from wkasim.members import Address
from wkasim.sim.links import LAN, RETRANSMISSIONS, Link, delays_of, retransmission_us
from wkasim.sim.process import Process


@pytest.fixture
def world() -> Iterator[SmallWorld]:
    world = SmallWorld()
    for name in "abc":
        world.process(name)
    yield world
    world.close()


# The plain way


def test_send_on_an_open_connection_arrives_after_the_latency_and_is_journalled(world: SmallWorld) -> None:
    world.send(world.pipe("a", "b"), "hello")
    world.run_to(1)
    assert world.received["b"] == [(MILLISECOND, "hello")]
    assert world.journal.records == [
        (0, "send", "a", 1, 1, "TEXT", "127.1.0.2:4000", "hello"),
        (1000, "deliver", "b", 1, 1, "TEXT", "a"),
    ]
    assert world.network.deliveries == 1


def test_send_default_network_takes_a_tenth_to_three_tenths_of_a_millisecond() -> None:
    world = SmallWorld(LAN)
    world.process("a")
    world.process("b")
    pipe = world.pipe("a", "b")
    for number in range(500):
        world.at(number / 100, world.send, pipe, str(number))
    world.run_to(10)
    delays = [at - number * 10_000 for number, (at, _) in enumerate(world.received["b"])]
    assert (min(delays), max(delays)) == pytest.approx((100, 299), abs=3)
    assert len(set(delays)) > 120
    world.close()


def test_delays_are_spread_evenly_over_the_jitter() -> None:
    delays = delays_of(100, 200)
    assert (min(delays), max(delays), len(delays)) == (100, 299, 1021)
    assert sum(delays) / len(delays) == pytest.approx(199.5, abs=0.5)
    assert all(4 <= delays.count(value) <= 6 for value in set(delays))
    assert list(delays) != sorted(delays)
    assert set(delays_of(500, 0)) == {500}


def test_delay_is_a_matter_of_seed_link_and_moment_only() -> None:
    def arrivals(seed: int, others: int) -> list[int]:
        world = SmallWorld(LAN, seed=seed)
        for name in "abc":
            world.process(name)
        pipe, other, same = world.pipe("a", "b"), world.pipe("a", "c"), world.pipe("a", "b")
        for number in range(50):
            for _ in range(others):
                world.at(number / 10, world.send, other, "other link")
                world.at(number / 10 + 0.05, world.send, same, "same link")
            world.at(number / 10, world.send, pipe, "message")
        world.run_to(10)
        world.close()
        return [at for at, text in world.received["b"] if text == "message"]

    assert arrivals(1, 0) == arrivals(1, 3)
    assert arrivals(1, 0) != arrivals(2, 0)


def test_delay_differs_from_link_to_link_and_from_life_to_life() -> None:
    world = SmallWorld(LAN)
    for name in "abc":
        world.process(name)
    paths = [world.network.path(world.processes[s], world.address(t)) for s, t in ("ab", "ba", "ac")]
    world.kill("a")
    paths.append(world.network.path(world.process("a"), world.address("b")))
    delays = [tuple(path.latency_us(now) for now in range(0, 100_000, 1000)) for path in paths]
    assert len(set(delays)) == len(paths)
    world.close()


def test_send_between_nodes_configured_with_one_address_keeps_them_apart(world: SmallWorld) -> None:
    """Two nodes with one address share it in their names for random streams; nothing else may mix them up."""
    twin = Process(world.loop, "a twin", 1, "127.1.0.1", "127.1.0.1:4000")
    port = world.network.open_port(twin, Address("127.1.0.1", 4001), "cluster", lambda _: None)
    assert port is not None
    theirs = world.network.pipe(twin, world.port("b"))
    world.network.cut(["a"], ["b"])
    world.send(world.pipe("a", "b"), "cut off")
    world.send(theirs, "passes")
    world.run_to(1)
    assert world.texts("b") == ["passes"]
    world.kill("a")
    world.send(theirs, "passes still")
    world.run_to(2)
    assert world.texts("b") == ["passes", "passes still"]


# A cut under an open connection


@pytest.mark.parametrize(
    ("sent_s", "healed_s", "arrives_s"),
    # Sent again 0.2, 0.6, 1.4, 3.0, 6.2, 12.6, 25.4, 51.0 .. s after it was sent.
    [(1, 1.1, 1.2), (1, 2, 2.4), (1, 5, 7.2), (1, 14, 26.4), (2, 41, 53), (0, 1000, None)],
)
def test_send_in_a_partition_arrives_with_the_first_retransmission_after_it(
    world: SmallWorld, sent_s: float, healed_s: float, arrives_s: float | None
) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.at(sent_s, world.send, pipe, "first", "second")
    world.at(healed_s, world.network.heal)
    world.run_to(2000)
    if arrives_s is None:
        assert world.received["b"] == []
        # 0.2 s doubling up to 102.4 s, then 120 s each time.
        assert world.drops() == [(924.6, "first", "connection timed out"), (924.6, "second", "connection timed out")]
        assert pipe.lost
    else:
        at = round(arrives_s * SECOND) + MILLISECOND
        assert world.received["b"] == [(at, "first"), (at, "second")]
        assert not pipe.lost


def test_retransmission_gives_up_after_a_quarter_of_an_hour() -> None:
    assert sum(retransmission_us(number) for number in range(RETRANSMISSIONS + 1)) == 924_600_000


def test_send_in_flight_when_the_cut_comes_arrives_after_it(world: SmallWorld) -> None:
    world.send(world.pipe("a", "b"), "in flight")
    world.at(0.0005, world.network.cut, ["a"], ["b"])
    world.at(3, world.network.heal)
    world.run_to(30)
    # It is met by the cut at 0.001 s and sent again 6.2 s after that.
    assert world.received["b"] == [(3_002_000, "in flight")]


def test_send_after_healing_waits_behind_what_is_stuck(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.send(pipe, "stuck")
    world.at(7, world.network.heal)
    world.at(8, world.send, pipe, "after healing")
    world.run_to(30)
    assert world.received["b"] == [(12_601_000, "stuck"), (12_601_000, "after healing")]


def test_send_stays_in_order_when_the_network_is_cut_again_before_the_retransmission(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.send(pipe, "one")
    world.at(7, world.network.heal)
    world.at(8, world.send, pipe, "two")
    world.at(9, world.network.cut, ["a"], ["b"])
    world.at(9.5, world.send, pipe, "three")
    world.at(20, world.network.heal)
    world.run_to(60)
    assert world.texts("b") == ["one", "two", "three"]


def test_send_other_way_of_a_one_way_cut_passes(world: SmallWorld) -> None:
    world.network.cut(["a"], ["b"], both_ways=False)
    world.send(world.pipe("a", "b"), "cut")
    world.send(world.pipe("b", "a"), "passes")
    world.run_to(1)
    assert (world.texts("a"), world.texts("b")) == (["passes"], [])


def test_send_where_packets_are_refused_resets_the_connection(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"], "refused")
    world.send(pipe, "refused")
    assert world.drops() == [(0, "refused", "connection reset")]
    assert pipe.lost


def test_send_without_a_route_waits_like_silence(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"], "unreachable")
    world.send(pipe, "waits")
    world.at(1, world.network.heal)
    world.run_to(5)
    assert world.texts("b") == ["waits"]


def test_send_over_a_lossy_link_is_late_and_in_order(world: SmallWorld) -> None:
    world.network.set_link("a", "b", Link(latency_us=1000, jitter_us=0, loss=0.4))
    pipe = world.pipe("a", "b")
    for number in range(100):
        world.at(number * 2, world.send, pipe, str(number))
    world.run_to(300)
    assert world.texts("b") == [str(number) for number in range(100)]
    late = [at - number * 2 * SECOND - 1000 for number, (at, _) in enumerate(world.received["b"])]
    assert 40 < late.count(0) < 75
    assert late.count(200_000) > 10
    assert any(delay >= 600_000 for delay in late)


def test_send_on_a_slower_link_from_now_on_and_fast_again_keeps_the_order(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.set_link("a", "b", Link(latency_us=500_000, jitter_us=0))
    world.send(pipe, "slow")
    world.at(0.1, world.network.set_link, "a", "b", STEADY)
    world.at(0.2, world.send, pipe, "fast")
    world.run_to(1)
    assert world.received["b"] == [(500_000, "slow"), (500_000, "fast")]


# Processes that end, freeze and begin again


def test_send_to_a_killed_process_is_known_at_once_to_be_in_vain(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.send(pipe, "in flight")
    world.kill("b")
    assert pipe.lost
    world.run_to(1)
    assert world.drops() == [(0.001, "in flight", "receiver gone")]


def test_send_never_reaches_the_next_life_of_the_receiver(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.send(pipe, "for the first life")
    world.kill("b")
    world.process("b")
    world.at(1, world.network.heal)
    world.run_to(5)
    assert world.texts("b") == []
    assert world.drops() == [(1.401, "for the first life", "receiver gone")]
    world.send(world.pipe("a", "b"), "for the second")
    world.run_to(6)
    assert world.texts("b") == ["for the second"]


def test_end_of_a_peer_behind_a_cut_is_known_when_its_goodbye_passes(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.kill("b")
    world.at(1, world.network.heal)
    world.run_to(1.39)
    assert not pipe.lost
    world.run_to(1.4)
    assert pipe.lost


def test_end_of_a_peer_behind_a_cut_is_never_known_when_its_system_has_given_up(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.kill("b")
    world.at(300, world.network.heal)
    world.run_to(400)
    assert not pipe.lost
    world.send(pipe, "found out by this")
    world.run_to(500)
    assert world.drops() == [(400.0, "found out by this", "connection reset")]
    assert pipe.lost


def test_end_of_a_peer_whose_answers_vanish_is_known_when_they_pass_again(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["b"], ["a"], both_ways=False)
    world.kill("b")
    world.run_to(300)  # Its system has given up.
    world.send(pipe, "no answer to this")
    world.run_to(400)
    assert world.drops() == [(300.001, "no answer to this", "receiver gone")]
    assert not pipe.lost
    world.network.heal()
    world.send(pipe, "but to this")
    assert pipe.lost


def test_host_that_goes_down_and_up_is_found_out_by_sending(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.host_down("127.1.0.2")
    world.kill("b", silently=True)
    world.run_to(10)
    assert not pipe.lost
    world.network.host_up("127.1.0.2")
    assert not pipe.lost
    world.send(pipe, "who are you?")
    world.run_to(11)
    assert world.drops() == [(10.0, "who are you?", "connection reset")]
    assert pipe.lost


def test_sender_killed_loses_what_is_stuck_but_not_what_is_in_flight(world: SmallWorld) -> None:
    flying, stuck = world.pipe("a", "b"), world.pipe("a", "c")
    world.network.cut(["a"], ["c"])
    world.send(flying, "in flight")
    world.send(stuck, "stuck")
    world.kill("a")
    world.run_to(10)
    assert world.texts("b") == ["in flight"]
    assert world.drops() == [(0, "stuck", "sender gone")]


def test_sender_killed_loses_what_is_in_flight_when_the_cut_comes(world: SmallWorld) -> None:
    world.send(world.pipe("a", "b"), "in flight")
    world.kill("a")
    world.network.cut(["a"], ["b"])
    world.run_to(10)
    assert world.drops() == [(0.001, "in flight", "sender gone")]


def test_frozen_receiver_reads_everything_when_it_goes_on_whatever_was_cut_since(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.processes["b"].freeze()
    world.send(pipe, "one", "two")
    world.at(1, world.network.cut, ["a"], ["b"])
    world.at(5, world.processes["b"].thaw)
    world.run_to(10)
    assert world.received["b"] == [(5_000_000, "one"), (5_000_000, "two")]


def test_frozen_receiver_that_is_killed_never_reads(world: SmallWorld) -> None:
    world.processes["b"].freeze()
    world.send(world.pipe("a", "b"), "unread")
    world.run_to(1)
    world.kill("b")
    assert world.drops() == [(1, "unread", "receiver gone")]


def test_frozen_sender_has_its_system_send_again(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.send(pipe, "stuck")
    world.processes["a"].freeze()
    world.at(1, world.network.heal)
    world.run_to(5)
    assert world.texts("b") == ["stuck"]


def test_port_that_nobody_reads_swallows_messages_and_says_so(world: SmallWorld) -> None:
    stranger = Process(world.loop, "stranger", 1, "127.1.0.9", "stranger")
    port = world.network.open_port(stranger, Address("127.1.0.9", 4000), "stranger", None)
    assert port is not None
    pipe = world.network.pipe(world.processes["a"], port)
    world.send(pipe, "anybody?")
    world.run_to(1)
    assert world.drops() == [(0.001, "anybody?", "never read")]
    assert not pipe.lost


def test_connection_closed_by_its_owner_still_delivers_what_was_written(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    world.send(pipe, "stuck")
    world.network.forget(pipe)
    other = world.pipe("a", "c")
    world.send(other, "in flight")
    world.network.forget(other)
    world.network.cut(["a"], ["c"])
    world.at(1, world.network.heal)
    world.run_to(5)
    assert (world.texts("b"), world.texts("c")) == (["stuck"], ["in flight"])


def test_network_forgets_the_lives_that_ended() -> None:
    world = SmallWorld()
    names = "abcde"
    for name in names:
        world.process(name)
    for _ in range(20):
        for name in names:
            world.kill(name)
            world.process(name)
            for other in names.replace(name, ""):
                world.send(world.pipe(name, other), "hello")
                world.send(world.pipe(other, name), "hello")
        world.run_to(world.loop.time() + 1)
    ties = world.network._ties
    assert list(ties) == list(world.processes.values()) or set(ties) == set(world.processes.values())
    for tie in ties.values():
        assert len(tie.paths) <= 2 * len(names)
        assert all(pipe.source.alive and pipe.target.alive for pipe in tie.pipes_into)
    world.close()


# Acknowledgements


def acknowledged(world: SmallWorld, source: str = "a", target: str = "b") -> tuple[bool | None, float]:
    """Send and wait for the acknowledgement, at most 10 s."""
    pipe = world.pipe(source, target)
    future = world.network.acknowledgement(pipe, world.network.send(pipe, text_message("ack me")))
    began, ended = world.loop.time(), []
    future.add_done_callback(lambda _: ended.append(world.loop.time() - began))
    world.run_to(began + 10)
    return (future.result(), round(ended[0], 6)) if ended else (None, 10)


def test_acknowledgement_comes_after_a_round_trip(world: SmallWorld) -> None:
    assert acknowledged(world) == (True, 0.002)
    assert acknowledged(world) == (True, 0.002)


def test_acknowledgement_of_a_frozen_process_comes_when_it_goes_on(world: SmallWorld) -> None:
    world.processes["b"].freeze()
    world.at(4, world.processes["b"].thaw)
    assert acknowledged(world) == (True, 4.001)


def test_acknowledgement_is_not_to_be_had_from_the_dead(world: SmallWorld) -> None:
    world.at(0.0005, world.kill, "b")
    assert acknowledged(world) == (False, 0.0005)
    world.process("b")
    pipe = world.pipe("a", "b")
    world.kill("b")
    assert world.network.acknowledgement(pipe, 99).result() is False


def test_acknowledgement_does_not_come_back_through_a_one_way_cut(world: SmallWorld) -> None:
    world.network.cut(["b"], ["a"], both_ways=False)
    assert acknowledged(world) == (None, 10)
    assert world.texts("b") == ["ack me"]


def test_acknowledgement_waits_while_packets_vanish(world: SmallWorld) -> None:
    pipe = world.pipe("a", "b")
    world.network.cut(["a"], ["b"])
    future = world.network.acknowledgement(pipe, world.network.send(pipe, text_message("ack me")))
    world.at(2, world.network.heal)
    world.run_to(3.0)
    assert not future.done()
    world.run_to(3.003)
    assert future.result() is True
    world.send(pipe, "and the usual way again")
    assert not pipe.hindered


# In order, whatever happens

ACTIONS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["cut", "heal", "one way", "freeze", "thaw", "slow", "lossy", "usual"]), st.just(0)),
)
STORIES = st.lists(st.tuples(st.floats(0, 20), ACTIONS), min_size=1, max_size=25)


@given(STORIES, st.integers(0, 3))
def test_messages_of_a_connection_arrive_once_and_in_order(
    story: list[tuple[float, tuple[str, int]]], seed: int
) -> None:
    world = SmallWorld(LAN, seed=seed)
    world.process("a")
    target = world.process("b")
    pipe = world.pipe("a", "b")
    network = world.network
    count = 0
    for pause_s, (what, number) in story:
        world.run_to(world.loop.time() + pause_s)
        match what:
            case "send":
                for _ in range(number):
                    world.send(pipe, str(count))
                    count += 1
            case "cut":
                network.cut(["a"], ["b"])
            case "one way":
                network.cut(["a"], ["b"], both_ways=False)
            case "heal":
                network.heal()
            case "freeze":
                target.freeze()
            case "thaw":
                target.thaw()
            case "slow":
                network.set_link("a", "b", Link(latency_us=3_000_000, jitter_us=2_000_000))
            case "lossy":
                network.set_link("a", "b", Link(loss=0.5))
            case "usual":
                network.set_link("a", "b", LAN)
    network.heal()
    target.thaw()
    network.set_link("a", "b", LAN)
    world.run_to(world.loop.time() + 2000)
    assert world.texts("b") == [str(number) for number in range(count)]
    assert not pipe.lost
    assert not pipe.hindered
    world.close()
