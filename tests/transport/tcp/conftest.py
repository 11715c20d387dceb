"""Real sockets for tests: a loop in real time, and transports whose log and journal are lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from attrs import define, field

from wkasim.live.clock import LiveLoop
from wkasim.members import Address, Member
from wkasim.messages import ChannelMessage
from wkasim.sim.journal import Journal
from wkasim.sim.world import journal_logger
from wkasim.transport.tcp import AddressBook, TcpTransport
from wkasim.transport.tcp.listener import Limits
from wkasim.web import WebResponse

T = TypeVar("T")


@define
class Host:
    """One transport and what it said and got."""

    address: Address
    transport: TcpTransport
    journal: Journal
    got: list[ChannelMessage] = field(factory=list)

    @property
    def member(self) -> Member:
        return Member(self.address, "wso2.esb.domain", {"httpPort": "8280"}, built_locally=True)

    def lines(self) -> list[tuple[str, ...]]:
        """Events and values of the log."""
        return [(record[4], *record[7][1::2]) for record in self.journal.of_kind("log")]


Run = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture
def loop() -> Iterator[LiveLoop]:
    made = LiveLoop()
    yield made
    made.close()


@pytest.fixture
def run(loop: LiveLoop) -> Callable[[Coroutine[Any, Any, T]], T]:
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(20):
                return await coroutine

        return loop.run_until_complete(bounded())

    return run


@pytest.fixture
def host(loop: LiveLoop) -> Iterator[Callable[..., Host]]:
    """Makes hosts; what they opened is closed after the test."""
    made: list[Host] = []

    def spawn(coroutine: Coroutine[Any, Any, WebResponse], name: str) -> Awaitable[WebResponse]:
        return loop.create_task(coroutine, name=name)

    def make(address: Address, *, limits: Limits | None = None, **settings: Any) -> Host:
        journal = Journal()
        transport = TcpTransport(
            ip=address.ip,
            hosts={"elb.wso2.com": "127.1.0.206"},
            book=AddressBook({}),
            log=journal_logger(journal, lambda: loop.now_us, "node", 1, debug=False),
            wall_ms=lambda: 1_371_723_072_000,
            record=lambda kind, *fields: journal.append((loop.now_us, kind, "node", 1, *fields)),
            spawn=spawn,
            limits=limits,
            **settings,
        )
        made.append(Host(address, transport, journal))
        return made[-1]

    yield make

    async def settle() -> None:
        for one in made:
            one.transport.abort()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.sleep(0.01)

    loop.run_until_complete(settle())
