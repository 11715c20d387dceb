"""The simulated network behind the transport interface: its errors, its words, its journal records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim.small_world import SmallWorld, text_message
from wkasim.members import Address
from wkasim.transport.base import (
    AddressInUseError,
    AddressNotAvailableError,
    BindForbiddenError,
    ConnectError,
    ConnectionLostError,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostUnreachableError,
    UnknownHostError,
)
from wkasim.transport.memory import MemoryTransport


@pytest.fixture
def world() -> Iterator[SmallWorld]:
    world = SmallWorld()
    world.process("a")
    world.process("b")
    yield world
    world.close()


@pytest.fixture
def transport(world: SmallWorld) -> MemoryTransport:
    return MemoryTransport(world.network, world.processes["a"])


def test_resolve_of_an_unknown_name_is_the_resolvers_error(world: SmallWorld, transport: MemoryTransport) -> None:
    world.network.hosts["elb.wso2.com"] = "127.1.0.206"
    assert transport.resolve("elb.wso2.com") == "127.1.0.206"
    with pytest.raises(UnknownHostError, match=r"^mgt\.wso2\.com: unknown host \(not in the hosts table\)$"):
        transport.resolve("mgt.wso2.com")


def test_listen_opens_a_port_and_journals_it(world: SmallWorld, transport: MemoryTransport) -> None:
    port = world.run(transport.listen(Address("127.1.0.1", 8280), None, "http"))
    assert port.address == Address("127.1.0.1", 8280)
    assert world.journal.records == [(0, "socket", "a", 1, "opened", "http", "127.1.0.1:8280")]
    port.close()
    assert world.network.port_at(port.address) is None


def test_listen_to_probe_a_port_leaves_no_record(world: SmallWorld, transport: MemoryTransport) -> None:
    world.run(transport.listen(Address("127.1.0.1", 8280), None, "probe"))
    assert world.journal.records == []


@pytest.mark.parametrize(
    ("address", "error", "text"),
    [
        (Address("127.1.0.1", 4000), AddressInUseError, "127.1.0.1:4000: already in use"),
        (Address("127.1.0.2", 4001), AddressNotAvailableError, "127.1.0.2:4001: this host has only 127.1.0.1"),
        (Address("127.1.0.1", 999), BindForbiddenError, "127.1.0.1:999: ports below 1024 are for root"),
    ],
)
def test_listen_where_it_is_not_possible_raises_why(
    world: SmallWorld, transport: MemoryTransport, address: Address, error: type[Exception], text: str
) -> None:
    world.processes["a"].privileged = False
    with pytest.raises(error) as caught:
        world.run(transport.listen(address, None, "cluster"))
    assert str(caught.value) == text


def test_listen_below_1024_is_for_root(world: SmallWorld, transport: MemoryTransport) -> None:
    assert world.run(transport.listen(Address("127.1.0.1", 999), None, "cluster")).address.port == 999


@pytest.mark.parametrize(
    ("cut", "error", "outcome", "took_s"),
    [
        ("silent", ConnectTimeoutError, "timed out", 0.5),
        ("refused", ConnectRefusedError, "refused", 0.002),
        ("unreachable", HostUnreachableError, "unreachable", 0),
    ],
)
@pytest.mark.parametrize("what", ["connect", "probe"])
def test_connect_that_fails_raises_and_journals_how(
    world: SmallWorld,
    transport: MemoryTransport,
    what: str,
    cut: str,
    error: type[ConnectError],
    outcome: str,
    took_s: float,
) -> None:
    world.network.cut(["a"], ["b"], cut)  # type: ignore[arg-type]
    with pytest.raises(error) as caught:
        world.run(getattr(transport, what)(world.address("b"), 0.5))
    assert str(caught.value) == f"127.1.0.2:4000: connection {outcome}"
    assert world.loop.time() == took_s
    assert [record[2:] for record in world.journal.of_kind("connect")] == [("a", 1, "127.1.0.2:4000", outcome)]


def test_probe_of_a_listener_is_counted_and_leaves_no_record(world: SmallWorld, transport: MemoryTransport) -> None:
    world.run(transport.probe(world.address("b"), 180))
    assert (world.network.probes, world.journal.records) == (1, [])


def test_connection_sends_and_loses(world: SmallWorld, transport: MemoryTransport) -> None:
    connection = world.run(transport.connect(world.address("b"), 3))
    connection.send(text_message("one"))
    world.run(connection.send_acknowledged(text_message("two")))
    assert world.texts("b") == ["one", "two"]
    world.kill("b")
    assert connection.lost
    lost = r"^connection to 127\.1\.0\.2:4000 was closed by the other end$"
    with pytest.raises(ConnectionLostError, match=lost):
        connection.send(text_message("three"))
    with pytest.raises(ConnectionLostError, match=lost):
        world.run(connection.send_acknowledged(text_message("three")))


def test_connection_that_breaks_while_waiting_for_the_acknowledgement_raises(
    world: SmallWorld, transport: MemoryTransport
) -> None:
    connection = world.run(transport.connect(world.address("b"), 3))
    world.at(world.loop.time() + 0.0005, world.kill, "b")
    with pytest.raises(ConnectionLostError):
        world.run(connection.send_acknowledged(text_message("never read")))


def test_connection_closed_sends_no_more(world: SmallWorld, transport: MemoryTransport) -> None:
    connection = world.run(transport.connect(world.address("b"), 3))
    connection.send(text_message("one"))
    connection.close()
    connection.close()
    with pytest.raises(ConnectionLostError):
        connection.send(text_message("two"))
    world.run_to(1)
    assert world.texts("b") == ["one"]
