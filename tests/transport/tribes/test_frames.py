"""Frames out of a byte stream, whatever pieces it comes in, and what is no frame."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.tribes.captured import FRAMES
from wkasim.transport.tribes.cursor import WireFormatError
from wkasim.transport.tribes.frames import (
    ACKNOWLEDGEMENT,
    FRAME_OVERHEAD,
    NEGATIVE_ACKNOWLEDGEMENT,
    Frame,
    FrameDecoder,
    encode_frame,
)


def drain(decoder: FrameDecoder) -> list[Frame]:
    return list(iter(decoder.next_frame, None))


def refusal(data: bytes, limit: int = 1000) -> WireFormatError:
    decoder = FrameDecoder(limit)
    decoder.receive(data)
    with pytest.raises(WireFormatError) as caught:
        drain(decoder)
    return caught.value


def test_encode_frame_of_acknowledgement_equals_captured_bytes() -> None:
    assert encode_frame(ACKNOWLEDGEMENT) == bytes.fromhex("464c543230303200000003060203544c4632303033")
    assert encode_frame(ACKNOWLEDGEMENT) in FRAMES


@given(st.lists(st.binary(max_size=200), max_size=5), st.data())
def test_frames_in_any_pieces_come_out_whole(contents: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(encode_frame, contents))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = FrameDecoder()
    found: list[Frame] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        decoder.receive(stream[start:end])
        found += drain(decoder)
    decoder.finish()
    assert [frame.data for frame in found] == contents
    offsets = [sum(len(each) + FRAME_OVERHEAD for each in contents[:count]) for count in range(len(contents))]
    assert [frame.offset for frame in found] == offsets
    assert decoder.offset == len(stream)


def test_frame_byte_by_byte_holds_back_no_more_than_itself() -> None:
    frame = encode_frame(bytes(5000))
    decoder = FrameDecoder()
    for count, byte in enumerate(frame[:-1], 1):
        decoder.receive(bytes((byte,)))
        assert decoder.next_frame() is None
        assert decoder.pending == count
    decoder.receive(frame[-1:])
    assert drain(decoder) == [Frame(0, bytes(5000))]
    assert decoder.pending == 0


def test_acknowledgements_are_told_apart() -> None:
    assert Frame(0, ACKNOWLEDGEMENT).is_acknowledgement
    assert not Frame(0, ACKNOWLEDGEMENT).is_negative_acknowledgement
    assert Frame(0, NEGATIVE_ACKNOWLEDGEMENT).is_negative_acknowledgement


def test_garbage_is_refused_at_its_first_wrong_byte() -> None:
    error = refusal(b"FLX")
    assert str(error) == "offset 0: a frame begins with b'FLT2002', found b'FLX'"


def test_garbage_behind_frames_is_refused_after_they_were_given() -> None:
    decoder = FrameDecoder()
    decoder.receive(encode_frame(b"one") + b"GET / HTTP/1.1\r\n")
    assert decoder.next_frame() == Frame(0, b"one")
    with pytest.raises(WireFormatError, match=r"^offset 21: a frame begins with b'FLT2002', found b'GET / H'$"):
        decoder.next_frame()


@pytest.mark.parametrize(("length", "shown"), [(1001, "1001"), (2**31 - 1, "2147483647"), (2**32 - 1, "-1")])
def test_frame_beyond_limit_is_refused_before_it_comes(length: int, shown: str) -> None:
    error = refusal(b"FLT2002" + length.to_bytes(4, "big"))
    assert str(error) == f"offset 7: a frame of {shown} bytes; the limit is 1000"


def test_frame_at_limit_is_taken() -> None:
    decoder = FrameDecoder(1000)
    decoder.receive(encode_frame(bytes(1000)))
    assert drain(decoder) == [Frame(0, bytes(1000))]


@pytest.mark.parametrize("trailer", [b"TLF2004", b"X"])
def test_wrong_trailer_is_refused(trailer: bytes) -> None:
    error = refusal(b"FLT2002\x00\x00\x00\x02ab" + trailer)
    assert str(error) == f"offset 13: a frame ends with b'TLF2003', found {trailer!r}"


def test_connection_that_ends_inside_a_frame_is_refused() -> None:
    decoder = FrameDecoder()
    decoder.receive(encode_frame(b"one") + b"FLT20")
    drain(decoder)
    with pytest.raises(WireFormatError) as caught:
        decoder.finish()
    assert str(caught.value) == "offset 21: the connection ends inside a frame, 5 bytes of it have come"


def test_decoder_after_an_error_is_done_and_holds_nothing() -> None:
    decoder = FrameDecoder()
    decoder.receive(b"garbage")
    for _ in range(2):
        with pytest.raises(WireFormatError, match=r"^offset 0: "):
            decoder.next_frame()
    with pytest.raises(WireFormatError, match=r"^offset 0: "):
        decoder.receive(encode_frame(b"one"))
    with pytest.raises(WireFormatError, match=r"^offset 0: "):
        decoder.finish()
    assert decoder.pending == 0


@given(cuts=st.lists(st.integers(0, 400), max_size=6))
def test_whole_frames_come_out_of_pieces_of_any_size(cuts: list[int]) -> None:
    stream = b"".join(encode_frame(bytes([number]) * (number * 10)) for number in range(9))
    edges = [0, *sorted(cuts), len(stream)]
    decoder, plain = FrameDecoder(), FrameDecoder()
    found: list[Frame] = []
    wanted: list[Frame] = []
    for start, end in pairwise(edges):
        found += decoder.receive_whole(stream[start:end])
        plain.receive(stream[start:end])
        for source, into in ((decoder, found), (plain, wanted)):
            while (frame := source.next_frame()) is not None:
                into.append(frame)
    assert found == wanted
    assert len(found) == 9
    assert (decoder.pending, decoder.offset) == (0, len(stream))


def test_damage_between_whole_frames_has_its_place() -> None:
    good = encode_frame(b"abc")
    decoder = FrameDecoder()
    assert [frame.data for frame in decoder.receive_whole(good + b"garbage!" + good)] == [b"abc"]
    with pytest.raises(WireFormatError) as caught:
        decoder.next_frame()
    assert caught.value.offset == len(good)
