"""Message deliveries a second beside SimPy and a bare heap: `python -m tests.benchmarks.deliveries`.

A hundred endpoints; whoever gets a message sends it on to a random other one, 1 to 10 ms away. A hundred messages are
on their way at any time. wkasim does this through its network, with faults checked and the journal on, as a simulated
cluster does; SimPy as its documentation shows communication with latency (a Store as mailbox, a process for each
message on its way); the bare heap with a tuple and a method call for each delivery, and nothing else.

The machine's speed swings, so the engines take turns, what counts is the ratio of CPU times within one round, and of
the rounds the median.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Final, TypeAlias

import simpy
from attrs import frozen

from wkasim.members import Address, Member
from wkasim.messages import ChannelMessage, RpcRequest, Text
from wkasim.sim.journal import Journal
from wkasim.sim.links import Link
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.network import Network
from wkasim.sim.pipes import Pipe
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams

__all__ = ["ENGINES", "Figures", "measure"]

ENDPOINTS: Final = 100
DELIVERIES: Final = 30_000
ROUNDS: Final = 7
LEAST_US: Final = 1_000
SPREAD_US: Final = 9_000


def a_message() -> ChannelMessage:
    """The message that is handed round."""
    sender = Member(Address("127.1.0.1", 4000), "bench.domain", {})
    return ChannelMessage.of(sender, 0, 0, RpcRequest("bench.domain:rpc.membership.channel", "1", Text("hello")))


class NetworkEndpoint:
    """An endpoint on the simulated network."""

    def __init__(self, network: Network, number: int, limit: int) -> None:
        self.network = network
        self.limit = limit
        self.random = random.Random(number).random
        address = Address(f"127.1.0.{number + 1}", 4000)
        self.process = Process(network.loop, f"n{number}", 1, address.ip, str(address))
        port = network.open_port(self.process, address, "cluster", self.receive)
        assert port is not None
        self.port = port
        self.pipes: list[Pipe] = []

    def connect(self, endpoints: list[NetworkEndpoint]) -> None:
        """Open a connection to everybody else."""
        self.pipes = [self.network.pipe(self.process, other.port) for other in endpoints if other is not self]

    def receive(self, message: ChannelMessage) -> None:
        """Send the message on."""
        network = self.network
        if network.deliveries < self.limit:
            pipes = self.pipes
            network.send(pipes[int(self.random() * len(pipes))], message)


Run: TypeAlias = Callable[[], int]
"""What is timed; returns how many messages were delivered."""


def wkasim(limit: int) -> Run:
    """The network of wkasim with its default settings and its journal."""
    loop = VirtualTimeLoop()
    network = Network(loop, Journal(), Streams(1), link=Link(LEAST_US, SPREAD_US))
    endpoints = [NetworkEndpoint(network, number, limit) for number in range(ENDPOINTS)]
    for endpoint in endpoints:
        endpoint.connect(endpoints)
    message = a_message()
    for endpoint in endpoints:
        endpoint.receive(message)

    def run() -> int:
        loop.run_forever()
        assert len(network.journal) == 2 * network.deliveries
        return network.deliveries

    return run


class Cable:
    """SimPy's own example of latency between processes, its two parts joined to one mailbox."""

    def __init__(self, env: simpy.Environment, number: int) -> None:
        self.env = env
        self.random = random.Random(number + 1000).random
        self.store = simpy.Store(env)

    def latency(self, value: object) -> Iterator[simpy.Event]:
        """A message on its way."""
        yield self.env.timeout(LEAST_US + int(self.random() * SPREAD_US))
        self.store.put(value)

    def put(self, value: object) -> None:
        """Send."""
        self.env.process(self.latency(value))

    def get(self) -> simpy.Event:
        """Wait for a message."""
        return self.store.get()


def in_simpy(limit: int) -> Run:
    """The same in SimPy, as documented."""
    env = simpy.Environment()
    deliveries = 0
    cables = [Cable(env, number) for number in range(ENDPOINTS)]

    def endpoint(number: int) -> Iterator[simpy.Event]:
        nonlocal deliveries
        draw = random.Random(number).random
        own = cables[number]
        others = [cable for cable in cables if cable is not own]
        while True:
            message = yield own.get()
            deliveries += 1
            if deliveries < limit:
                others[int(draw() * len(others))].put(message)

    message = a_message()
    for number, cable in enumerate(cables):
        env.process(endpoint(number))
        cable.put(message)

    def run() -> int:
        env.run()
        return deliveries

    return run


class HeapWorld:
    """A heap of (time, sequence number, method, message), and the counters."""

    __slots__ = ("deliveries", "heap", "limit", "now", "sequence")

    def __init__(self, limit: int) -> None:
        self.heap: list[tuple[int, int, Callable[[ChannelMessage], None], ChannelMessage]] = []
        self.limit = limit
        self.now = self.sequence = self.deliveries = 0


class HeapEndpoint:
    """An endpoint on a bare heap."""

    __slots__ = ("others", "random", "world")

    def __init__(self, world: HeapWorld, number: int) -> None:
        self.world = world
        self.random = random.Random(number).random
        self.others: list[HeapEndpoint] = []

    def receive(self, message: ChannelMessage) -> None:
        """Send the message on."""
        world = self.world
        world.deliveries += 1
        if world.deliveries < world.limit:
            others, draw = self.others, self.random
            world.sequence = sequence = world.sequence + 1
            target = others[int(draw() * len(others))]
            heappush(world.heap, (world.now + LEAST_US + int(draw() * SPREAD_US), sequence, target.receive, message))


def on_a_heap(limit: int) -> Run:
    """The same on a heap of tuples."""
    world = HeapWorld(limit)
    endpoints = [HeapEndpoint(world, number) for number in range(ENDPOINTS)]
    for endpoint in endpoints:
        endpoint.others = [other for other in endpoints if other is not endpoint]
    message = a_message()
    for number, endpoint in enumerate(endpoints):
        heappush(world.heap, (LEAST_US + number, number - ENDPOINTS, endpoint.receive, message))

    def run() -> int:
        heap = world.heap
        while heap:
            world.now, _, receive, argument = heappop(heap)
            receive(argument)
        return world.deliveries

    return run


ENGINES: Final[dict[str, Callable[[int], Run]]] = {"wkasim": wkasim, "SimPy": in_simpy, "bare heap": on_a_heap}


@frozen(kw_only=True)
class Figures:
    """CPU seconds of each engine in each round, for so many deliveries."""

    deliveries: int
    seconds: dict[str, list[float]]

    def per_second(self, engine: str) -> float:
        """Deliveries in a CPU second: the median round."""
        return self.deliveries / statistics.median(self.seconds[engine])

    def ratio_to(self, engine: str) -> float:
        """How many times as fast as another engine wkasim is: the median of the rounds' ratios."""
        rounds = zip(self.seconds[engine], self.seconds["wkasim"], strict=True)
        return statistics.median(other / own for other, own in rounds)

    def table(self) -> str:
        """For people."""
        lines = [f"{'engine':<12}{'deliveries/s':>14}{'wkasim is':>14}"]
        for engine in self.seconds:
            ratio = "" if engine == "wkasim" else f"{self.ratio_to(engine):.2f} x"
            lines.append(f"{engine:<12}{self.per_second(engine):>14,.0f}{ratio:>14}")
        return "\n".join(lines)


def measure(deliveries: int = DELIVERIES, rounds: int = ROUNDS) -> Figures:
    """Let the engines take turns."""
    seconds: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    for _ in range(rounds):
        for engine, prepare in ENGINES.items():
            run = prepare(deliveries)
            gc.collect()
            began = time.process_time()
            delivered = run()
            seconds[engine].append(time.process_time() - began)
            assert deliveries <= delivered <= deliveries + ENDPOINTS, (engine, delivered)
    return Figures(deliveries=deliveries, seconds=seconds)


if __name__ == "__main__":
    print(measure(100_000).table())
