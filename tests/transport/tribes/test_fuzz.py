"""Whatever a peer sends, nothing but ProtocolError comes out, and neither time nor memory runs away."""

from __future__ import annotations

import os
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tests.transport.tribes.captured import FRAMES
from wkasim.errors import ProtocolError
from wkasim.transport.tribes.channel_data import ChannelData, decode_channel_data, encode_channel_data
from wkasim.transport.tribes.commands import MemberJoinedCommand, MemberListCommand
from wkasim.transport.tribes.describe import describe_message
from wkasim.transport.tribes.frames import FrameDecoder, encode_frame
from wkasim.transport.tribes.java_stream import decode_stream
from wkasim.transport.tribes.java_writer import encode_stream
from wkasim.transport.tribes.message import decode_message
from wkasim.transport.tribes.rpc import RpcMessage

MUTATIONS = 1_000_000 if os.environ.get("WKASIM_NIGHTLY") == "1" else 20_000
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x77, 0x78, 0x7A, 0x7C, 0x7E)
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 0x7E0000, 0x7E0005, 65535)


def digest(stream: bytes) -> str:
    """Take a stream of frames apart to the last value; the name of what became of it."""
    decoder = FrameDecoder()
    outcome = "no frame"
    try:
        decoder.receive(stream)
        while (frame := decoder.next_frame()) is not None:
            if frame.is_acknowledgement or frame.is_negative_acknowledgement:
                outcome = "acknowledgement"
                continue
            message = decode_message(decode_channel_data(frame.data, base=frame.data_offset))
            describe_message(message)
            outcome = type(message).__name__
            if isinstance(message, RpcMessage) and isinstance(message.payload, MemberListCommand):
                [member.to_member() for member in message.payload.members]
            if isinstance(message, RpcMessage) and isinstance(message.payload, MemberJoinedCommand):
                message.payload.member.to_member()
        decoder.finish()
    except ProtocolError:
        return "refused"
    return outcome


def flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def put_edge(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.choice(EDGES)


def put_number(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at : at + 4] = rng.choice(NUMBERS).to_bytes(4, "big", signed=True)


def cut(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 40)]


def repeat(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 200)] * rng.randrange(1, 4)


def splice(data: bytearray, rng: random.Random) -> None:
    other = rng.choice(FRAMES)
    at = rng.randrange(len(other))
    where = rng.randrange(len(data))
    data[where : where + rng.randrange(80)] = other[at : at + rng.randrange(1, 200)]


def end(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip,
    flip,
    put_edge,
    put_edge,
    put_number,
    cut,
    repeat,
    splice,
    end,
)


def changed(data: bytes, rng: random.Random) -> bytes:
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        if result:
            rng.choice(CHANGES)(result, rng)
    return bytes(result)


def mutant(rng: random.Random) -> bytes:
    """A captured frame with damage to its bytes, or in what it carries with lengths that fit again."""
    frame = rng.choice(FRAMES)
    data = frame[11:-7]
    depth = rng.randrange(4)
    if depth == 0 or len(data) < 100:
        return changed(frame, rng)
    if depth == 1:
        return encode_frame(changed(data, rng))
    envelope = decode_channel_data(data)
    message = changed(envelope.message, rng)
    return encode_frame(
        encode_channel_data(ChannelData(envelope.options, 0, envelope.unique_id, envelope.sender, message))
    )


def test_mutated_captured_frames_raise_nothing_but_protocol_errors() -> None:
    rng = random.Random(2002)
    outcomes = Counter(digest(mutant(rng)) for _ in range(MUTATIONS))
    # The damage reaches every depth: much is refused, and some still says something.
    assert outcomes["refused"] > MUTATIONS // 4
    assert outcomes["RpcMessage"] > MUTATIONS // 50
    assert outcomes["CoordinationMessage"] > MUTATIONS // 100
    assert outcomes["ForeignMessage"] > 0


def test_mutated_captured_frames_leave_no_memory_behind() -> None:
    rng = random.Random(2003)
    mutants = [mutant(rng) for _ in range(3000)]
    for each in mutants:  # Fills what the decoders remember, which is bounded.
        digest(each)
    tracemalloc.start()
    try:
        for each in mutants:
            digest(each)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is remembered may be exchanged: twice 512 payloads and descriptors of some KiB at the very most.
    assert kept < 6 << 20
    assert peak < 8 << 20


def test_streams_that_promise_much_cost_what_they_are() -> None:
    promises = [
        b"\x74\xff\xff",
        b"\x7c" + (2**62).to_bytes(8, "big"),
        b"\x75\x72\x00\x02[J" + bytes(8) + b"\x02\x00\x00\x78\x70\x7f\xff\xff\xff",
        b"\x75\x72\x00\x02[B" + bytes(8) + b"\x02\x00\x00\x78\x70\x7f\xff\xff\xff",
        b"\x73\x72\x00\x01A" + bytes(8) + b"\x0c\x00\x00\x78\x70\x7a\x7f\xff\xff\xff",
    ]
    tracemalloc.start()
    try:
        for promise in promises:
            assert digest(encode_frame(bytes(16) + promise)) == "refused"
            assert refused(b"\xac\xed\x00\x05" + promise)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000


def refused(stream: bytes) -> bool:
    try:
        decode_stream(stream)
    except ProtocolError:
        return True
    return False


@given(st.binary(max_size=400))
def test_any_bytes_raise_nothing_but_protocol_errors(data: bytes) -> None:
    digest(data)
    digest(encode_frame(data))
    digest(encode_frame(encode_channel_data(ENVELOPE) + data))
    digest(encode_frame(encode_channel_data(ChannelData(0, 0, bytes(16), ENVELOPE.sender, data))))


@given(st.binary(max_size=400))
def test_any_object_stream_is_refused_or_encodes_to_something_that_reads_the_same(data: bytes) -> None:
    stream = b"\xac\xed\x00\x05" + data
    try:
        root = decode_stream(stream).root
    except ProtocolError:
        return
    again = encode_stream(root)
    assert encode_stream(decode_stream(again).root) == again


ENVELOPE = decode_channel_data(FRAMES[0][11:-7])
