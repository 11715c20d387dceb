"""The envelope of a message."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.transport.tribes import strategies
from tests.transport.tribes.captured import MESSAGES
from wkasim.transport.tribes.channel_data import (
    ChannelData,
    Option,
    decode_channel_data,
    encode_channel_data,
    option_names,
)
from wkasim.transport.tribes.cursor import WireFormatError
from wkasim.transport.tribes.descriptor import MemberDescriptor

SENDER = MemberDescriptor(bytes((127, 1, 0, 206)), 4000)


@given(strategies.channel_data)
def test_channel_data_survives_the_wire(data: ChannelData) -> None:
    assert decode_channel_data(encode_channel_data(data)) == data


def test_order_number_is_told_apart_from_the_message() -> None:
    data = ChannelData(int(Option.MESSAGE_ORDER), 0, bytes(16), SENDER, b"message\x00\x00\x00\x07")
    assert (data.order_number, data.content) == (7, b"message")
    plain = ChannelData(0, 0, bytes(16), SENDER, b"message\x00\x00\x00\x07")
    assert (plain.order_number, plain.content) == (None, plain.message)
    short = ChannelData(int(Option.MESSAGE_ORDER), 0, bytes(16), SENDER, b"abc")
    assert (short.order_number, short.content) == (None, b"abc")


def test_wants_acknowledgement_goes_by_its_option() -> None:
    assert ChannelData(2, 0, bytes(16), SENDER, b"").wants_acknowledgement
    assert not ChannelData(0x408, 0, bytes(16), SENDER, b"").wants_acknowledgement


@pytest.mark.parametrize(
    ("options", "names"), [(0, ""), (0x408, "ASYNCHRONOUS|MEMBERSHIP"), (0x10001, "BYTE_MESSAGE|0x10000")]
)
def test_option_names(options: int, names: str) -> None:
    assert option_names(options) == names


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "offset 11: the head of a message should have 16 bytes, 0 are left"),
        (bytes(15) + b"\x11" + bytes(40), "offset 23: a message id of 17 bytes; it has 16"),
        (MESSAGES[0] + b"X", f"offset {11 + len(MESSAGES[0])}: 1 bytes after the end of the message"),
        (MESSAGES[0][:-1], "offset 143: the message should have 64 bytes, 63 are left"),
        (MESSAGES[0][:36] + b"X" + MESSAGES[0][37:], "offset 47: the beginning of a member should be"),
    ],
)
def test_damaged_envelope_is_refused_with_its_offset(data: bytes, complaint: str) -> None:
    with pytest.raises(WireFormatError) as caught:
        decode_channel_data(data, base=11)
    assert str(caught.value).startswith(complaint)
