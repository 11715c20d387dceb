"""A network with a few bare processes, for tests of what lies below nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from wkasim.members import Address, Member
from wkasim.messages import ChannelMessage, RpcReply, RpcRequest, Text
from wkasim.sim.journal import Journal
from wkasim.sim.links import Link, Verdict
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.network import Network
from wkasim.sim.pipes import Pipe, Port
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams

T = TypeVar("T")

MILLISECOND = 1000
SECOND = 1_000_000
STEADY = Link(latency_us=1000, jitter_us=0)
"""One millisecond there and one back, always."""


def text_message(text: str, *, reply: bool = False) -> ChannelMessage:
    """A message whose detail is the text; its kind is TEXT."""
    sender = Member(Address("127.1.0.1", 4000), "domain", {})
    content = (RpcReply if reply else RpcRequest)("channel", "1", Text(text))
    return ChannelMessage.of(sender, 0, 0, content)


class SmallWorld:
    """Loop, journal and network, and processes a, b, c ... on 127.1.0.1, 127.1.0.2, 127.1.0.3 ..."""

    def __init__(self, link: Link = STEADY, seed: int = 0) -> None:
        self.loop = VirtualTimeLoop()
        self.journal = Journal()
        self.network = Network(self.loop, self.journal, Streams(seed), link=link)
        self.processes: dict[str, Process] = {}
        self.received: dict[str, list[tuple[int, str]]] = {}
        self._lives: dict[str, int] = {}

    def process(self, name: str) -> Process:
        """A new life of the process of that name, listening on port 4000; what it receives is kept."""
        life = self._lives[name] = self._lives.get(name, 0) + 1
        ip = self.ip(name)
        process = Process(self.loop, name, life, ip, f"{ip}:4000")
        self.processes[name] = process
        received = self.received.setdefault(name, [])
        port = self.network.open_port(
            process, self.address(name), "cluster", lambda message: received.append((self.loop.now_us, message.detail))
        )
        assert port is not None
        return process

    def ip(self, name: str) -> str:
        """The address of the host of that process."""
        return f"127.1.0.{ord(name) - ord('a') + 1}"

    def address(self, name: str) -> Address:
        """Where the process of that name listens."""
        return Address(self.ip(name), 4000)

    def port(self, name: str) -> Port:
        """The port of the process of that name."""
        port = self.network.port_at(self.address(name))
        assert port is not None
        return port

    def pipe(self, source: str, target: str) -> Pipe:
        """A connection that is there already."""
        return self.network.pipe(self.processes[source], self.port(target))

    def send(self, pipe: Pipe, *texts: str) -> None:
        """Send a message for each text."""
        for text in texts:
            self.network.send(pipe, text_message(text))

    def texts(self, name: str) -> list[str]:
        """What the process has received."""
        return [text for _, text in self.received[name]]

    def at(self, seconds: float, function: object, *arguments: Any) -> None:
        """Plan something."""
        self.loop.call_at(seconds, function, *arguments)  # type: ignore[arg-type]

    def run_to(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until_us(round(seconds * SECOND))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let time pass until the coroutine is done."""
        return self.loop.run_until_complete(coroutine)

    def connect(self, source: str, target: str, timeout_s: float) -> tuple[Verdict, float]:
        """Try to connect now; the verdict, and the seconds that it took."""
        began = self.loop.now_us
        verdict, port = self.run(self.network.connect(self.processes[source], self.address(target), timeout_s))
        assert (port is not None) == (verdict == "open")
        return verdict, (self.loop.now_us - began) / SECOND

    def kill(self, name: str, *, silently: bool = False) -> None:
        """End the process as a cluster does."""
        self.network.drop_process(self.processes[name], silently=silently)
        self.processes[name].kill()

    def drops(self) -> list[tuple[float, str, str]]:
        """The lost messages: when, what was in them by their send record, and why."""
        sent = {record[4]: record[7] for record in self.journal.of_kind("send")}
        return [(record[0] / SECOND, sent[record[4]], record[7]) for record in self.journal.of_kind("drop")]

    def close(self) -> None:
        """End everything."""
        self.loop.close()


async def forever() -> None:
    """Wait for nothing."""
    await asyncio.get_running_loop().create_future()
