"""Strangers on a real socket: whatever they send, they lose their connection, with one line, and the node lives."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
import resource
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.loopback import fresh_address
from tests.transport.tcp.conftest import Host
from tests.transport.tribes.captured import FRAMES
from wkasim.members import Address
from wkasim.messages import USE_ACK, ChannelMessage, Join, RpcRequest
from wkasim.transport.base import ConnectError
from wkasim.transport.tcp import http
from wkasim.transport.tcp.listener import Limits, TcpListener
from wkasim.transport.tcp.mapping import WireMapping
from wkasim.transport.tribes import ChannelData, MemberDescriptor, encode_channel_data, encode_frame
from wkasim.web import WebRequest, WebResponse

MakeHost = Callable[..., Host]
Run = Callable[[Coroutine[Any, Any, None]], None]
NESTED = b"\xac\xed\x00\x05" + b"ur\x00\x13[Ljava.lang.Object;" + bytes(8) + b"\x02\x00\x00xp\x00\x00\x00\x01"


async def stranger(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*address)


async def loses_the_connection(address: Address, data: bytes, *, end: bool = False) -> None:
    reader, writer = await stranger(address)
    writer.write(data)
    if end:
        writer.write_eof()
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()


async def node_lives(host: MakeHost, node: Host) -> None:
    """Somebody decent is served as ever."""
    before = len(node.got)
    decent = host(fresh_address())
    message = ChannelMessage.of(decent.member, 1, USE_ACK, RpcRequest("d:rpc.membership.channel", "1", Join()))
    connection = await decent.transport.connect(node.address, 5)
    await connection.send_acknowledged(message)
    assert len(node.got) == before + 1


def good_frame(options: int = 0) -> bytes:
    sender = Host(Address("127.1.0.1", 4000), None, None).member  # type: ignore[arg-type]
    message = ChannelMessage.of(sender, 1, options, RpcRequest("d:rpc.membership.channel", "1", Join()))
    return WireMapping(1, b"x").frame(message, 1)


def frame_with(message: bytes) -> bytes:
    sender = MemberDescriptor(bytes([127, 1, 0, 1]), 4000)
    return encode_frame(encode_channel_data(ChannelData(0, 1, bytes(16), sender, message)))


@pytest.mark.parametrize(
    ("data", "end", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", False, "a frame begins with b'FLT2002', found b'GET / H'"),
        (bytes(100_000), False, "a frame begins with b'FLT2002', found"),
        (b"FLT2002" + struct.pack(">i", 1 << 30), False, "a frame of 1073741824 bytes; the limit is 1048576"),
        (b"FLT2002" + struct.pack(">i", -1), False, "a frame of -1 bytes; the limit is 1048576"),
        (b"FLT2002" + struct.pack(">i", 2) + b"abTLF2004", False, "a frame ends with b'TLF2003', found b'TLF2004'"),
        (b"FLT2002" + struct.pack(">i", 5000) + b"abc", True, "the connection ends inside a frame"),
        (encode_frame(b"no message at all"), False, "a message id of 1948279148 bytes; it has 16"),
        (frame_with(b"\xac\xed\x00\x05r"), False, ""),
        (frame_with(NESTED * 10_000), False, ""),
        (frame_with(b"\xac\xed\x00\x05q\x00\x7e\x00\x00"), False, ""),
    ],
    ids=["http", "zeros", "oversized", "negative", "trailer", "cut", "no message", "half a stream", "deep", "circular"],
)
def test_nonsense_costs_the_connection_and_one_line(
    host: MakeHost, run: Run, data: bytes, end: bool, reason: str
) -> None:
    node = host(fresh_address())

    async def talk() -> None:
        await node.transport.listen(node.address, node.got.append, "cluster")
        await loses_the_connection(node.address, good_frame() + data, end=end)
        await node_lives(host, node)

    run(talk())
    assert len(node.got) == 2
    [(event, told)] = node.lines()
    assert event == "keepalive_closed"
    assert reason in told


def test_sound_message_of_another_protocol_costs_a_line_only(host: MakeHost, run: Run) -> None:
    node = host(fresh_address())
    data = ChannelData(1, 1, bytes(16), MemberDescriptor(bytes([127, 1, 0, 1]), 4000), b"state of a session")

    async def talk() -> None:
        await node.transport.listen(node.address, node.got.append, "cluster")
        _, writer = await stranger(node.address)
        writer.write(encode_frame(encode_channel_data(data)) + good_frame())
        while not node.got:  # noqa: ASYNC110 - what is waited for comes out of a socket
            await asyncio.sleep(0.002)
        writer.close()

    run(talk())
    assert node.lines() == [("deserialization_failed", "a message of another kind: ByteMessage")]


@pytest.mark.parametrize("options", [USE_ACK | 1, USE_ACK | 4 | 1 | 512 | 2048])
def test_message_of_another_protocol_is_acknowledged_where_that_is_asked(
    host: MakeHost, run: Run, options: int
) -> None:
    node = host(fresh_address())
    data = ChannelData(options, 1, bytes(16), MemberDescriptor(bytes([127, 1, 0, 1]), 4000), b"state of a session1234")

    async def talk() -> None:
        await node.transport.listen(node.address, node.got.append, "cluster")
        reader, writer = await stranger(node.address)
        writer.write(encode_frame(encode_channel_data(data)))
        assert await reader.readexactly(21) == encode_frame(b"\x06\x02\x03")
        writer.close()

    run(talk())
    assert node.lines() == [("deserialization_failed", "a message of another kind: ByteMessage")]


def test_node_without_files_can_not_connect_and_lives(host: MakeHost, run: Run) -> None:
    node, other = host(fresh_address()), host(fresh_address())

    async def talk() -> None:
        await node.transport.listen(node.address, node.got.append, "cluster")
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            with pytest.raises(ConnectError, match=r"connection failed$"):
                await other.transport.connect(node.address, 1)
            with pytest.raises(ConnectError, match=r"connection failed$"):
                await other.transport.probe(node.address, 1, test_member=node.member)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        await node_lives(host, node)

    run(talk())


@pytest.mark.parametrize(("files", "connections"), [(256, 32), (1024, 128), (20_000, 1000), (-1, 1000), (4, 1)])
def test_strangers_never_get_all_the_files_of_a_node(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (files, files))
    assert Limits().connections == connections


async def answer(request: WebRequest) -> WebResponse:
    return WebResponse(200, (), str(len(request.body)).encode())


def test_crowd_at_a_port_for_requests_shuts_nobody_decent_out(host: MakeHost, run: Run) -> None:
    node = host(fresh_address(), limits=Limits(connections=20))

    async def talk() -> None:
        listener = await node.transport.serve(node.address, answer, "http")
        crowd = []
        for number in range(200):
            one = socket.socket()
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, node.address)
            if number % 2:
                one.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
            crowd.append(one)
        response = await node.transport.fetch(node.address, WebRequest("GET", "/", (), b""), connect_s=5, answer_s=5)
        assert (response.status, response.body) == (200, b"0")
        assert isinstance(listener, TcpListener)
        assert listener.open_connections <= 20
        for one in crowd:
            one.close()

    run(talk())


@pytest.mark.parametrize(
    ("data", "answered", "told"),
    [
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
            b"",
            "the connection ended inside a request",
        ),
        (b"GET / HTTP/1.1\r\nHost:", b"", "the connection ended inside a request"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"", "answered "),
        (b"\x00\xff garbage\r\n\r\n", b"HTTP/1.0 400 Bad Request", "answered 400: "),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 Bad Request", "answered 400: no path: *"),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.0 400 Bad Request", "answered 400: "),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 Bad Request", "answered 400: no path: "),
        (b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", b"HTTP/1.1 400 Bad Request", "answered 400: a header is no UTF-8"),
        (b"GET /" + b"x" * 100_000, b"HTTP/1.0 400 Bad Request", "answered 400: "),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + bytes(2_000_000),
            b"HTTP/1.1 413",  # in words that changed with Python 3.13
            "answered 413: a body has more than 1048576 bytes",
        ),
    ],
    ids=["half", "half a head", "chunk", "garbage", "star", "bytes", "connect", "header", "line", "large"],
)
def test_nonsense_at_a_port_for_requests_is_answered_and_told(
    host: MakeHost,
    run: Run,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    data: bytes,
    answered: bytes,
    told: str,
) -> None:
    node = host(fresh_address())

    async def talk() -> None:
        await node.transport.serve(node.address, answer, "http")
        reader, writer = await stranger(node.address)
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            if not answered:
                writer.write_eof()
            assert (await reader.readline()).startswith(answered)
        writer.close()
        response = await node.transport.fetch(node.address, WebRequest("GET", "/", (), b""), connect_s=5, answer_s=5)
        assert response.status == 200

    run(talk())
    assert capfd.readouterr().err == ""
    [sentence] = heard(caplog)
    assert sentence.startswith(f"HTTP at {node.address}: {told}")


def heard(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was told of strangers at ports for requests."""
    return [record.getMessage() for record in caplog.records if record.name == "wkasim.http"]


def test_great_heads_without_end_stay_within_the_memory_allowed(
    host: MakeHost, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http, "HELD_LIMIT", 200_000)
    node = host(fresh_address())

    async def talk() -> None:
        await node.transport.serve(node.address, answer, "http")
        crowd = [await stranger(node.address) for _ in range(10)]
        for _, writer in crowd:
            writer.write(b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 50_000 + b"\r\n")
        refused = [asyncio.ensure_future(reader.readline()) for reader, _ in crowd]
        await asyncio.wait(refused, timeout=0.5)
        assert [one.result() for one in refused if one.done()] == [b"HTTP/1.1 503 Service Unavailable\r\n"] * 7
        for one in refused:
            one.cancel()
        for _, writer in crowd:
            writer.transport.abort()
        await asyncio.sleep(0.05)
        response = await node.transport.fetch(node.address, WebRequest("GET", "/", (), b""), connect_s=5, answer_s=5)
        assert response.status == 200

    run(talk())
    told = f"HTTP at {node.address}: answered 503: all requests together hold more than 200000 bytes"
    assert heard(caplog).count(told) == 7


def test_great_head_behind_a_request_that_waits_is_counted_too(
    host: MakeHost, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http, "HELD_LIMIT", 200_000)
    node = host(fresh_address())

    async def wait(_request: WebRequest) -> WebResponse:
        await asyncio.sleep(0.3)
        return WebResponse(200, (), b"")

    async def talk() -> None:
        await node.transport.serve(node.address, wait, "http")
        for size, answered in ((1000, b"HTTP/1.1 200 OK\r\n"), (400_000, b"")):
            reader, writer = await stranger(node.address)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.05)
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 980 + b"\r\n") * (size // 1000))
                await writer.drain()
                assert await reader.readline() == answered
            writer.close()

    run(talk())
    assert heard(caplog) == [
        f"HTTP at {node.address}: the connection ended inside a request",
        f"HTTP at {node.address}: closed a connection: all requests together hold more than 200000 bytes",
    ]


def test_slow_request_is_cut_off_and_a_silent_connection_is_not(
    host: MakeHost, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    node = host(fresh_address(), limits=Limits(frame_s=0.2))

    async def talk() -> None:
        await node.transport.serve(node.address, answer, "http")
        silent_reader, silent = await stranger(node.address)
        reader, slow = await stranger(node.address)
        for byte in b"GET / HTTP/1.1\r\nHost: somebody\r\nX: very slow\r\n\r\n":
            if reader.at_eof():
                break
            slow.write(bytes([byte]))
            await asyncio.sleep(0.01)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        silent.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await silent_reader.readline()).strip() == b"HTTP/1.1 200 OK"
        for writer in (silent, slow):
            writer.close()

    run(talk())
    assert heard(caplog) == [f"HTTP at {node.address}: closed a connection: a request took longer than 0.2 s"]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://esb.example/a?b=http://c/d", "/a?b=http://c/d"),
        ("http://esb.example", "/"),
        ("HTTP://someone@esb.example:99?x", "/?x"),
        ("//evil.example/a", "//evil.example/a"),
    ],
)
def test_request_for_a_whole_url_is_for_its_path(host: MakeHost, run: Run, target: str, path: str) -> None:
    """Whatever stands in the first line, a load balancer asks the node that it chose, and nobody else."""
    front, behind = host(fresh_address()), host(fresh_address())
    asked = []

    async def keep(request: WebRequest) -> WebResponse:
        asked.append(request.path)
        return WebResponse(200, (), b"")

    async def forward(request: WebRequest) -> WebResponse:
        return await front.transport.fetch(behind.address, request, connect_s=5, answer_s=5)

    async def talk() -> None:
        await behind.transport.serve(behind.address, keep, "http")
        await front.transport.serve(front.address, forward, "http")
        reader, writer = await stranger(front.address)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: esb.example\r\n\r\n".encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.close()

    run(talk())
    assert asked == [path]


def test_expectation_of_a_client_is_not_handed_on(host: MakeHost, run: Run) -> None:
    """curl announces a large body; the load balancer waits for nothing before it sends that on."""
    front, behind = host(fresh_address()), host(fresh_address())

    async def forward(request: WebRequest) -> WebResponse:
        return await front.transport.fetch(behind.address, request, connect_s=5, answer_s=5)

    async def talk() -> None:
        await behind.transport.serve(behind.address, answer, "http")
        await front.transport.serve(front.address, forward, "http")
        reader, writer = await stranger(front.address)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        assert await reader.readuntil(b"\r\n\r\n4")
        writer.close()

    run(talk())


def test_packed_body_is_handed_on_packed(host: MakeHost, run: Run) -> None:
    """Small bytes that unpack to gigabytes are not unpacked, and whoever gets them reads what was sent."""
    node = host(fresh_address())
    body = gzip.compress(bytes(3_000_000))
    got = []

    async def keep(request: WebRequest) -> WebResponse:
        got.append(request.body)
        return WebResponse(200, (), b"")

    async def talk() -> None:
        await node.transport.serve(node.address, keep, "http")
        request = WebRequest("POST", "/", (("Content-Encoding", "gzip"),), body)
        response = await node.transport.fetch(node.address, request, connect_s=5, answer_s=5)
        assert response.status == 200

    run(talk())
    assert got == [body]


def test_bodies_together_stay_within_the_memory_allowed(
    host: MakeHost, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "HELD_LIMIT", 200_000)
    node = host(fresh_address())

    async def talk() -> None:
        await node.transport.serve(node.address, answer, "http")
        crowd = [await stranger(node.address) for _ in range(10)]
        for _, writer in crowd:
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + bytes(49_999))
        refused = {asyncio.ensure_future(reader.readline()) for reader, _ in crowd}
        done, waiting = await asyncio.wait(refused, return_when=asyncio.FIRST_COMPLETED)
        assert {one.result() for one in done} == {b"HTTP/1.1 503 Service Unavailable\r\n"}
        for one in waiting:
            one.cancel()
        for _, writer in crowd:
            writer.transport.abort()
        request = WebRequest("POST", "/", (), bytes(100_000))
        await asyncio.sleep(0.05)
        response = await node.transport.fetch(node.address, request, connect_s=5, answer_s=5)
        assert (response.status, response.body) == (200, b"100000")

    run(talk())


def test_slow_writer_is_cut_off_and_a_silent_one_is_not(host: MakeHost, run: Run) -> None:
    node = host(fresh_address(), limits=Limits(frame_s=0.2))

    async def talk() -> None:
        await node.transport.listen(node.address, node.got.append, "cluster")
        _, silent = await stranger(node.address)
        reader, slow = await stranger(node.address)
        for byte in good_frame():
            if reader.at_eof():
                break
            slow.write(bytes([byte]))
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        silent.write(good_frame())
        while not node.got:  # noqa: ASYNC110 - what is waited for comes out of a socket
            await asyncio.sleep(0.002)
        for writer in (silent, slow):
            writer.close()

    run(talk())
    assert node.lines() == [("keepalive_closed", "a frame took longer than 0.2 s")]


def test_crowd_of_connections_stays_within_the_limit_and_shuts_nobody_decent_out(host: MakeHost, run: Run) -> None:
    node = host(fresh_address(), limits=Limits(connections=40))

    async def talk() -> None:
        listener = await node.transport.listen(node.address, node.got.append, "cluster")
        decent = host(fresh_address())
        connection = await decent.transport.connect(node.address, 5)
        message = ChannelMessage.of(decent.member, 1, USE_ACK, RpcRequest("d:rpc.membership.channel", "1", Join()))
        await connection.send_acknowledged(message)
        crowd = []
        for _ in range(300):
            one = socket.socket()
            one.setblocking(False)
            await asyncio.get_running_loop().sock_connect(one, node.address)
            crowd.append(one)
            assert isinstance(listener, TcpListener)
            assert len(listener.connections) <= 40
        await connection.send_acknowledged(message)
        await node_lives(host, node)
        for one in crowd:
            one.close()

    run(talk())
    assert {line[1] for line in node.lines()} == {"40 connections are open, and this one has said nothing"}


def test_half_frames_of_many_connections_stay_within_the_memory_allowed(host: MakeHost, run: Run) -> None:
    node = host(fresh_address(), limits=Limits(held_bytes=200_000))

    async def talk() -> None:
        listener = await node.transport.listen(node.address, node.got.append, "cluster")
        assert isinstance(listener, TcpListener)
        writers = []
        for _ in range(30):
            _, writer = await stranger(node.address)
            writer.write(b"FLT2002" + struct.pack(">i", 1 << 20) + bytes(20_000))
            await asyncio.sleep(0.005)
            assert listener.held_bytes <= 200_000
            writers.append(writer)
        await node_lives(host, node)
        for writer in writers:
            writer.close()

    run(talk())
    lines = node.lines()
    assert lines
    assert set(lines) == {("keepalive_closed", "all connections together hold more than 200000 bytes")}


def test_sender_without_end_waits_while_the_node_takes_nothing(host: MakeHost, run: Run) -> None:
    node = host(fresh_address(), limits=Limits(frame_s=0.2))
    frame = good_frame(USE_ACK)

    async def talk() -> None:
        listener = await node.transport.listen(node.address, node.got.append, "cluster")
        early, first = await stranger(node.address)
        first.write(frame + frame[:20])
        assert await early.readexactly(1)
        listener.hold()
        first.write(frame[20:])
        late, second = await stranger(node.address)
        second.write(frame * (8_000_000 // len(frame)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):  # longer than a frame may take; nobody reads, so that does not count
                await second.drain()
        assert len(node.got) == 1
        listener.go_on()
        assert await late.readexactly(1)
        await asyncio.sleep(0.05)
        assert len(node.got) > 100
        first.close()
        second.transport.abort()

    run(talk())
    assert ("keepalive_closed", "a frame took longer than 0.2 s") not in node.lines()


@pytest.mark.nightly
def test_peer_that_reads_no_acknowledgements_is_cut_off(host: MakeHost, run: Run) -> None:
    node = host(fresh_address(), limits=Limits(unread_bytes=2000))

    async def talk() -> None:
        await node.transport.listen(node.address, node.got.append, "cluster")
        rude = socket.socket()
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        rude.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(rude, node.address)
        many = good_frame(USE_ACK) * 500
        try:
            while not node.lines():
                await loop.sock_sendall(rude, many)
                node.got.clear()
        except ConnectionError:
            pass
        rude.close()
        await node_lives(host, node)

    run(talk())
    assert node.lines() == [("keepalive_closed", "acknowledgements are not read")]


def test_damaged_frames_of_real_nodes_never_end_the_node(host: MakeHost, run: Run) -> None:
    node = host(fresh_address())
    dice = random.Random(2012)

    def damaged() -> bytes:
        data = bytearray(dice.choice(FRAMES))
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        return bytes(data[: dice.randint(1, len(data))] if dice.random() < 0.2 else data)

    async def talk() -> None:
        await node.transport.listen(node.address, node.got.append, "cluster")
        for _ in range(300):
            _, writer = await stranger(node.address)
            writer.write(damaged())
            writer.close()
        await node_lives(host, node)

    run(talk())
    assert {line[0] for line in node.lines()} <= {"keepalive_closed", "deserialization_failed"}
