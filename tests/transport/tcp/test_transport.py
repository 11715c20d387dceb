from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from tests.loopback import fresh_address
from tests.transport.tcp.conftest import Host, Run
from wkasim.members import Address
from wkasim.messages import USE_ACK, ChannelMessage, Join, RpcRequest
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
from wkasim.web import WebRequest, WebResponse

MakeHost = Callable[..., Host]
CHANNEL = "d:rpc.membership.channel"


def message(host: Host, options: int = 0, ident: str = "1") -> ChannelMessage:
    return ChannelMessage.of(host.member, 1_371_723_072_000, options, RpcRequest(CHANNEL, ident, Join()))


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for comes out of a socket
        await asyncio.sleep(0.002)


async def opened(host: Host) -> None:
    await host.transport.listen(host.address, host.got.append, "cluster")


def test_message_arrives_at_whoever_listens(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        await opened(b)
        connection = await a.transport.connect(b.address, 1)
        for number in range(300):
            connection.send(message(a, ident=f"{number:032x}"))
        await until(lambda: len(b.got) == 300)

    run(talk())
    assert [m.content.id for m in b.got] == [f"{number:032x}" for number in range(300)]  # type: ignore[union-attr]
    assert b.got[0].sender.name == a.member.name
    assert [record[4:6] for record in a.journal.of_kind("send")][:1] == [(1, "JOIN")]
    assert [record[4:] for record in b.journal.of_kind("deliver")][:1] == [(1, "JOIN", str(a.address))]


def test_acknowledged_message_is_confirmed(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        await opened(b)
        connection = await a.transport.connect(b.address, 1)
        await connection.send_acknowledged(message(a, USE_ACK))

    run(talk())
    assert len(b.got) == 1


def test_acknowledgement_ends_with_the_connection(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        await b.transport.listen(b.address, None, "cluster")  # It accepts and never answers.
        connection = await a.transport.connect(b.address, 1)
        waiting = asyncio.ensure_future(connection.send_acknowledged(message(a, USE_ACK)))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        b.transport.abort()
        with pytest.raises(ConnectionLostError, match=rf"^connection to {b.address} was closed$"):
            await waiting
        assert connection.lost
        with pytest.raises(ConnectionLostError, match=rf"^connection to {b.address} was closed by the other end$"):
            connection.send(message(a))

    run(talk())


def test_closing_sends_what_was_handed_over_before(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        await opened(b)
        connection = await a.transport.connect(b.address, 1)
        connection.send(message(a))
        connection.close()
        await until(lambda: b.got)

    run(talk())
    assert b.lines() == []


def test_listener_that_closed_refuses_and_keeps_what_is_open(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        listener = await b.transport.listen(b.address, b.got.append, "cluster")
        connection = await a.transport.connect(b.address, 1)
        await connection.send_acknowledged(message(a, USE_ACK))
        listener.close()
        with pytest.raises(ConnectRefusedError, match=rf"^{b.address}: connection refused$"):
            await a.transport.probe(b.address, 1)
        await connection.send_acknowledged(message(a, USE_ACK))

    run(talk())
    assert len(b.got) == 2
    assert [record[4:] for record in a.journal.of_kind("connect")] == [(str(b.address), "refused")]


@pytest.mark.parametrize("with_frame", [False, True])
def test_probe_passes_where_somebody_listens_and_says_nothing(host: MakeHost, run: Run[None], with_frame: bool) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        await opened(b)
        await a.transport.probe(b.address, 1, test_member=b.member if with_frame else None)
        await asyncio.sleep(0.02)

    run(talk())
    assert (b.got, b.lines()) == ([], [])


def test_frozen_process_accepts_and_reads_later(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        await opened(b)
        early = await a.transport.connect(b.address, 1)
        await early.send_acknowledged(message(a, USE_ACK))
        b.transport.freeze()
        late = await a.transport.connect(b.address, 1)
        for connection in (early, late):
            connection.send(message(a))
        await a.transport.probe(b.address, 1, test_member=b.member)
        await asyncio.sleep(0.05)
        assert len(b.got) == 1
        b.transport.thaw()
        await until(lambda: len(b.got) == 3)

    run(talk())


def test_connecting_to_a_full_backlog_times_out(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), fresh_address()
    with socket.socket() as listening:
        listening.bind(b)
        listening.listen(0)
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(b)

        async def talk() -> None:
            with pytest.raises(ConnectTimeoutError, match=rf"^{b}: connection timed out$"):
                await a.transport.connect(b, 0.1)

        run(talk())
        for one in crowd:
            one.close()


def test_address_outside_the_machine_is_unreachable(host: MakeHost, run: Run[None]) -> None:
    a = host(fresh_address())

    async def talk() -> None:
        for reach in (a.transport.connect, a.transport.probe):
            with pytest.raises(HostUnreachableError):
                await reach(Address("10.9.9.9", 4000), 1)
        with pytest.raises(ConnectError):
            await a.transport.probe(Address(a.address.ip, 70000), 1)

    run(talk())


def test_port_that_is_taken_cannot_be_opened(host: MakeHost, run: Run[None]) -> None:
    a = host(fresh_address())
    twin = host(a.address)

    async def talk() -> None:
        await opened(a)
        with pytest.raises(AddressInUseError, match=rf"^{a.address}: Address already in use$"):
            await opened(twin)

    run(talk())


def test_port_of_another_host_and_port_for_root_are_refused(host: MakeHost, run: Run[None]) -> None:
    a = host(fresh_address(), privileged=False)

    async def talk() -> None:
        with pytest.raises(AddressNotAvailableError, match=rf"^127.1.0.1:4000: this host has only {a.address.ip}$"):
            await a.transport.listen(Address("127.1.0.1", 4000), None, "probe")
        with pytest.raises(BindForbiddenError, match=r":80: ports below 1024 are for root$"):
            await a.transport.listen(Address(a.address.ip, 80), None, "http")

    run(talk())


def test_name_is_looked_up_in_the_hosts_table_only(host: MakeHost) -> None:
    a = host(fresh_address())
    assert a.transport.resolve("elb.wso2.com") == "127.1.0.206"
    assert a.transport.resolve("127.5.5.5") == "127.5.5.5"
    with pytest.raises(UnknownHostError, match=r"^localhost: unknown host \(not in the hosts table\)$"):
        a.transport.resolve("localhost")


# HTTP


async def echo(request: WebRequest) -> WebResponse:
    return WebResponse(201, (("X-Path", request.path), ("X-Host", request.host)), request.body + b"!")


def test_request_is_answered(host: MakeHost, run: Run[WebResponse]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def talk() -> WebResponse:
        await b.transport.serve(b.address, echo, "http")
        request = WebRequest("POST", "/services/echo?x=%41", (("Host", "esb.cloud-test.wso2.com"),), b"hello")
        return await a.transport.fetch(b.address, request, connect_s=1, answer_s=5)

    response = run(talk())
    assert (response.status, response.body) == (201, b"hello!")
    assert dict(response.headers)["X-Path"] == "/services/echo?x=%41"
    assert dict(response.headers)["X-Host"] == "esb.cloud-test.wso2.com"


def test_request_to_a_closed_port_is_refused(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), fresh_address()

    async def talk() -> None:
        with pytest.raises(ConnectRefusedError, match=rf"^{b}: connection refused$"):
            await a.transport.fetch(b, WebRequest(), connect_s=1, answer_s=1)

    run(talk())


def test_request_that_nobody_answers_in_time_ends(host: MakeHost, run: Run[None]) -> None:
    from wkasim.transport.base import AnswerTimeoutError

    a, b = host(fresh_address()), host(fresh_address())

    async def never(_request: WebRequest) -> WebResponse:
        await asyncio.sleep(3600)
        return WebResponse()

    async def talk() -> None:
        await b.transport.serve(b.address, never, "http")
        with pytest.raises(AnswerTimeoutError, match=r"^no answer within 0\.1 s$"):
            await a.transport.fetch(b.address, WebRequest(), connect_s=1, answer_s=0.1)
        b.transport.abort()
        await asyncio.sleep(0.05)

    run(talk())


def test_request_is_lost_with_its_server(host: MakeHost, run: Run[None]) -> None:
    a, b = host(fresh_address()), host(fresh_address())

    async def dying(_request: WebRequest) -> WebResponse:
        b.transport.abort()
        await asyncio.sleep(3600)
        return WebResponse()

    async def talk() -> None:
        await b.transport.serve(b.address, dying, "http")
        with pytest.raises(ConnectionLostError, match=r"^the connection was lost before the answer$"):
            await a.transport.fetch(b.address, WebRequest(), connect_s=1, answer_s=5)

    run(talk())
