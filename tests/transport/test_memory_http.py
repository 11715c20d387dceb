"""HTTP over the simulated network: answers, and every way in which none comes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from wkasim.members import Address
from wkasim.sim.journal import Journal
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.network import Network
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams
from wkasim.transport.base import (
    AddressInUseError,
    AnswerTimeoutError,
    ConnectionLostError,
    ConnectRefusedError,
    ConnectTimeoutError,
)
from wkasim.transport.memory import MemoryTransport
from wkasim.web import WebRequest, WebResponse

T = TypeVar("T")

SHOP = Address("127.1.0.1", 8280)


class Town:
    """A network with a client and a server, whose answers take a while."""

    def __init__(self) -> None:
        self.loop = VirtualTimeLoop()
        self.network = Network(self.loop, Journal(), Streams(0))
        self.server = Process(self.loop, "server", 1, "127.1.0.1", "server")
        self.client = Process(self.loop, "client", 1, "127.1.0.2", "client")
        self.transport = MemoryTransport(self.network, self.client)
        self.answer_s = 1.0

    async def answer(self, request: WebRequest) -> WebResponse:
        await asyncio.sleep(self.answer_s)
        return WebResponse(200, (), f"{request.method} {request.path}".encode())

    def run(self, coroutine: Awaitable[T]) -> T:
        async def body() -> T:
            await MemoryTransport(self.network, self.server).serve(SHOP, self.answer, "http")
            return await coroutine

        return self.loop.run_until_complete(body())

    def fetch(self, address: Address = SHOP, path: str = "/") -> Awaitable[WebResponse]:
        return self.transport.fetch(address, WebRequest(path=path), connect_s=10, answer_s=60)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.loop.call_later(seconds, action)

    def end_server(self) -> None:
        self.server.alive = False
        self.network.drop_process(self.server)
        self.server.kill()


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    yield town
    town.server.kill()
    town.loop.close()


def test_fetch_from_a_server_brings_its_answer(town: Town) -> None:
    response = town.run(town.fetch(path="/services?x=1"))
    assert (response.status, response.body) == (200, b"GET /services?x=1")
    assert 1.0 < town.loop.time() < 1.002


def test_fetches_side_by_side_do_not_wait_for_each_other(town: Town) -> None:
    async def many() -> list[WebResponse]:
        return await asyncio.gather(*(town.fetch(path=f"/{number}") for number in range(5)))

    assert [response.body for response in town.run(many())] == [f"GET /{number}".encode() for number in range(5)]
    assert town.loop.time() < 1.002


def test_fetch_where_nobody_listens_is_refused_at_once(town: Town) -> None:
    with pytest.raises(ConnectRefusedError):
        town.run(town.fetch(Address("127.1.0.1", 81)))
    assert town.loop.time() < 0.01


def test_fetch_where_packets_vanish_gives_up_after_the_connect_time(town: Town) -> None:
    town.network.cut(["client"], ["server"])
    with pytest.raises(ConnectTimeoutError):
        town.run(town.fetch())
    assert town.loop.time() == 10


def test_fetch_with_a_one_way_cut_back_gives_up_too(town: Town) -> None:
    town.network.cut(["server"], ["client"], both_ways=False)
    with pytest.raises(ConnectTimeoutError):
        town.run(town.fetch())


def test_fetch_from_a_frozen_server_is_accepted_and_never_answered(town: Town) -> None:
    town.after(0, town.server.freeze)
    with pytest.raises(AnswerTimeoutError, match=r"127\.1\.0\.1:8280: no answer within 60 s"):
        town.run(town.fetch())


def test_fetch_from_a_server_that_thaws_is_answered_then(town: Town) -> None:
    town.after(0, town.server.freeze)
    town.after(20, town.server.thaw)
    assert town.run(town.fetch()).status == 200
    assert 21 < town.loop.time() < 21.01


def test_fetch_from_a_server_that_dies_while_answering_loses_the_connection(town: Town) -> None:
    town.after(0.5, town.end_server)
    with pytest.raises(ConnectionLostError, match="the connection was lost before the answer"):
        town.run(town.fetch())
    assert town.loop.time() < 0.51


def test_answer_in_a_partition_arrives_after_the_network_has_healed(town: Town) -> None:
    town.after(0.5, lambda: town.network.cut(["client"], ["server"]))
    town.after(5, town.network.heal)
    assert town.run(town.fetch()).status == 200
    assert 5 < town.loop.time() < 15


def test_fetch_from_a_port_that_speaks_something_else_is_not_answered(town: Town) -> None:
    async def ask() -> WebResponse:
        cluster = Address("127.1.0.1", 4000)
        await MemoryTransport(town.network, town.server).listen(cluster, lambda message: pytest.fail("read"), "cluster")
        return await town.fetch(cluster)

    with pytest.raises(AnswerTimeoutError):
        town.run(ask())


def test_serve_on_a_port_that_is_taken_is_refused(town: Town) -> None:
    async def twice() -> None:
        await MemoryTransport(town.network, town.server).serve(SHOP, town.answer, "http")

    with pytest.raises(AddressInUseError, match=r"127\.1\.0\.1:8280: already in use"):
        town.run(twice())


def test_exchange_leaves_nothing_tied_to_either_process(town: Town) -> None:
    town.run(town.fetch())
    assert [(len(ties.pipes_from), len(ties.pipes_into)) for ties in town.network._ties.values()] == [(0, 0), (0, 0)]


def test_exchange_stands_in_the_journal_as_messages(town: Town) -> None:
    town.run(town.fetch(path="/a"))
    shown = [(record[1], record[2], record[5]) for record in town.network.journal if record[1] in ("send", "deliver")]
    assert shown == [
        ("send", "client", "HTTP GET"),
        ("deliver", "server", "HTTP GET"),
        ("send", "server", "HTTP 200"),
        ("deliver", "client", "HTTP 200"),
    ]
