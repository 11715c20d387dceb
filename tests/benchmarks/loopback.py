"""Messages a second over loopback, between two processes, beside plain asyncio streams that carry the same bytes.

    python -m tests.benchmarks.loopback [--messages N] [--rounds N]

The sender makes a request with an id of its own for every message, as a load balancer does that tells everybody of one
MEMBER_JOINED, encodes and sends it; the receiver cuts frames, decodes them into messages and counts. The streams send
ready frames of the same size with a length in front and read them back, and do nothing else. Both are measured in turn
in the same run; the ratio is of the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import struct
import subprocess
import sys
import time
from itertools import count

from wkasim.members import Address, Member
from wkasim.messages import ChannelMessage, MemberJoined, RpcRequest
from wkasim.sim.journal import Journal
from wkasim.sim.world import journal_logger
from wkasim.transport.tcp import AddressBook, TcpTransport
from wkasim.transport.tcp.mapping import WireMapping

BATCH = 64
NOW_MS = 1_371_723_072_000
CHANNEL = "wso2.esb.domain:rpc.membership.channel"
LENGTH = struct.Struct(">i")


def member(address: Address) -> Member:
    return Member(address, "wso2.esb.domain", {"httpPort": "8280", "httpsPort": "8243", "subDomain": "worker"})


def request(sender: Member, number: int) -> ChannelMessage:
    return ChannelMessage.of(sender, NOW_MS, 1032, RpcRequest(CHANNEL, f"{number:032x}", JOINED))


JOINED = MemberJoined(member(Address("127.1.0.132", 4000)), NOW_MS)


def frame() -> bytes:
    """The frame that the streams carry: as long as ours."""
    return WireMapping(NOW_MS, b"x").frame(request(member(Address("127.1.0.1", 4000)), 1), 1)


def transport(ip: str) -> TcpTransport:
    journal = Journal()
    return TcpTransport(
        ip=ip,
        hosts={},
        book=AddressBook({}),
        log=journal_logger(journal, lambda: 0, "bench", 1, debug=False),
        wall_ms=lambda: NOW_MS,
        spawn=lambda coroutine, _name: asyncio.ensure_future(coroutine),
        numbers=count(1),
    )


# The receivers, each the main program of a process of its own


async def receive_messages(ip: str, messages: int) -> None:
    done = asyncio.Event()
    seen = 0

    def got(_message: ChannelMessage) -> None:
        nonlocal seen
        seen += 1
        if seen == messages:
            done.set()

    listener = await transport(ip).listen(Address(ip, 0), got, "cluster")
    say_port(listener.port)
    await done.wait()
    sys.stdout.write("done\n")
    sys.stdout.flush()


async def receive_streams(ip: str, messages: int) -> None:
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(messages):
            (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            await reader.readexactly(length)
        writer.close()
        done.set()

    server = await asyncio.start_server(serve, ip, 0)
    say_port(server.sockets[0].getsockname()[1])
    await done.wait()
    sys.stdout.write("done\n")
    sys.stdout.flush()


def say_port(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


# The senders


async def send_messages(address: Address, messages: int) -> None:
    sender = member(Address("127.1.0.1", 4000))
    connection = await transport("127.1.0.1").connect(address, 5)
    for number in range(messages):
        connection.send(request(sender, number))
        if number % BATCH == 0:
            await connection.drained()
    await connection.drained()
    connection.close()
    while connection.open:  # noqa: ASYNC110 - the measured interface has no way to wait for the last byte
        await asyncio.sleep(0.001)


async def send_streams(address: Address, messages: int) -> None:
    _, writer = await asyncio.open_connection(*address)
    data = frame()
    data = LENGTH.pack(len(data)) + data
    for number in range(messages):
        writer.write(data)
        if number % BATCH == 0:
            await writer.drain()
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def rate(kind: str, messages: int) -> float:
    """Messages a second from the first one sent to the last one received."""
    ip = "127.1.0.1"
    command = [sys.executable, "-m", "tests.benchmarks.loopback", "--receive", kind, "--messages", str(messages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        address = Address(ip, int(receiver.stdout.readline()))

        async def send() -> float:
            began = time.perf_counter()
            await (send_messages if kind == "messages" else send_streams)(address, messages)
            await asyncio.to_thread(receiver.stdout.readline)  # type: ignore[union-attr]
            return time.perf_counter() - began

        return messages / asyncio.run(send())


def measure(messages: int, rounds: int) -> tuple[float, float]:
    """The medians of both, measured in turn."""
    found: dict[str, list[float]] = {"messages": [], "streams": []}
    for _ in range(rounds):
        for kind, rates in found.items():
            rates.append(rate(kind, messages))
    return statistics.median(found["messages"]), statistics.median(found["streams"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Messages a second over loopback.")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--receive", choices=["messages", "streams"])
    given = parser.parse_args()
    if given.receive:
        asyncio.run((receive_messages if given.receive == "messages" else receive_streams)("127.1.0.1", given.messages))
        return
    ours, plain = measure(given.messages, given.rounds)
    print(f"frames of {len(frame())} bytes, {given.messages} of them, medians of {given.rounds} rounds")
    print(f"wkasim messages {ours:10.0f} a second")
    print(f"asyncio streams {plain:10.0f} a second")
    print(f"ratio           {ours / plain:10.2f}")


if __name__ == "__main__":
    main()
