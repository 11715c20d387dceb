"""Frames of wkasim read by the real library, frames of the real library read by wkasim."""

from __future__ import annotations

from typing import cast

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.interop.real_tribes import Echo, RealTribes
from tests.transport.tribes import strategies
from tests.transport.tribes.captured import MESSAGES
from wkasim.transport.tribes.channel_data import ChannelData, decode_channel_data, encode_channel_data
from wkasim.transport.tribes.commands import (
    GetConfigurationCommand,
    GetConfigurationResponseCommand,
    GetStateCommand,
    GetStateResponseCommand,
    JoinGroupCommand,
    MemberJoinedCommand,
    MemberListCommand,
)
from wkasim.transport.tribes.coordination import (
    COORDINATION_HEADER,
    CoordinationMessage,
    CoordinationType,
)
from wkasim.transport.tribes.describe import Description, describe_member, describe_message
from wkasim.transport.tribes.descriptor import MemberDescriptor
from wkasim.transport.tribes.frames import (
    ACKNOWLEDGEMENT,
    NEGATIVE_ACKNOWLEDGEMENT,
    FrameDecoder,
    encode_frame,
)
from wkasim.transport.tribes.message import ByteMessage, Message, Signal, decode_message, encode_message
from wkasim.transport.tribes.rpc import NoRpcChannelReply, RpcMessage

# The version of MemberImpl, the only class whose number changed between Tribes 7.0.8 and 9.0.
OLD_MEMBER, NEW_MEMBER = bytes.fromhex("cbfd81be05891ebf"), (3323947316117794076).to_bytes(8, "big")

# What the library shows of a member has to be text and an IPv4 address; everything else is as it comes.
members = st.builds(
    lambda member, is_static, command, ports: MemberDescriptor(
        host=MemberDescriptor.from_member(member).host,
        port=member.address.port,
        alive_ms=member.alive_ms,
        secure_port=ports[0],
        udp_port=ports[1],
        command=command,
        domain=member.domain.encode(),
        payload=MemberDescriptor.from_member(member, stored_ms=0).payload,
        is_static=is_static,
    ),
    strategies.members,
    st.booleans(),
    st.binary(max_size=8),
    st.tuples(strategies.int32s, strategies.int32s),
)
plain_members = members.map(
    lambda each: MemberDescriptor(each.host, each.port, domain=each.domain, payload=each.payload)
)
# Java may hold equal texts as one, and then writes the second as a reference to the first.
names = st.none() | st.lists(strategies.strings, max_size=3, unique=True).map(tuple)
payloads = st.one_of(
    st.none(),
    strategies.strings,
    st.just(JoinGroupCommand()),
    st.just(JoinGroupCommand(has_logger=False)),
    st.builds(MemberListCommand, st.lists(members, max_size=5).map(tuple)),
    st.builds(MemberJoinedCommand, members),
    st.just(GetConfigurationCommand()),
    st.builds(GetConfigurationResponseCommand, names),
    st.just(GetStateCommand()),
    st.builds(GetStateResponseCommand, st.none() | st.just(())),
)
messages = st.one_of(
    st.builds(RpcMessage, st.booleans(), strategies.ids, st.binary(max_size=300), payloads),
    st.builds(NoRpcChannelReply, strategies.ids, st.binary(max_size=60)),
    st.builds(
        CoordinationMessage,
        plain_members,
        plain_members,
        st.lists(plain_members, max_size=5).map(tuple),
        strategies.ids,
        st.sampled_from(CoordinationType),
    ),
)


def expected(data: ChannelData, message: Message) -> Description:
    """What both sides should understand."""
    facts: Description = {
        "options": data.options,
        "timestamp_ms": data.timestamp_ms,
        "message_id": data.unique_id.hex(),
        "sender": describe_member(data.sender),
    }
    if isinstance(message, ByteMessage | Signal):
        return facts | {"kind": "bytes", "message": data.message.hex()}
    return facts | describe_message(message)


def told(facts: dict[str, object]) -> tuple[dict[str, object], bytes]:
    """What the library understood, and the frame that it wrote, as its older version would have written it."""
    frame = bytes.fromhex(cast(str, facts["frame"]))
    said = {key: value for key, value in facts.items() if key != "frame"}
    return said, frame.replace(NEW_MEMBER, OLD_MEMBER)


def read(frame: bytes) -> tuple[ChannelData, Message]:
    decoder = FrameDecoder()
    decoder.receive(frame)
    found = decoder.next_frame()
    assert found is not None
    decoder.finish()
    data = decode_channel_data(found.data)
    return data, decode_message(data)


def written(data: ChannelData, message: Message) -> bytes:
    return encode_frame(encode_channel_data(evolve(data, message=encode_message(message))))


def ageless(message: Message) -> Message:
    """The message with all its members of age nought: the library writes the present time there."""
    if not isinstance(message, RpcMessage):
        return message
    match message.payload:
        case MemberListCommand(members):
            young = MemberListCommand(tuple(evolve(member, alive_ms=0) for member in members))
            return evolve(message, payload=young)
        case MemberJoinedCommand(member):
            return evolve(message, payload=MemberJoinedCommand(evolve(member, alive_ms=0)))
    return message


def assert_written_alike(frame: bytes, again: bytes) -> None:
    """The library's frame is ours but for ages, and is the one that we would write for what it says."""
    data, message = read(frame)
    data_again, message_again = read(again)
    assert written(data, ageless(message)) == written(data_again, ageless(message_again))
    assert written(data_again, message_again) == again


def test_constants_are_those_of_the_library(real_tribes: RealTribes) -> None:
    (constants,) = real_tribes.lines("constants")
    assert constants == {
        "acknowledgement": encode_frame(ACKNOWLEDGEMENT).hex(),
        "negative acknowledgement": encode_frame(NEGATIVE_ACKNOWLEDGEMENT).hex(),
        **{signal.name: signal.value.hex() for signal in Signal},
        "coordination": COORDINATION_HEADER.hex(),
        **{kind.name: kind.value.hex() for kind in CoordinationType},
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages, members, strategies.ids, strategies.int64s, st.integers(0, 2**31 - 1))
def test_frame_of_ours_is_understood_by_the_library_and_written_alike(
    echo: Echo, message: Message, sender: MemberDescriptor, unique_id: bytes, timestamp_ms: int, options: int
) -> None:
    sender = MemberDescriptor(sender.host, sender.port, sender.alive_ms, domain=sender.domain, payload=sender.payload)
    # Bit 1 would make it bytes, bit 512 its last four bytes a number.
    data = ChannelData(options & ~0x201, timestamp_ms, unique_id, sender, encode_message(message))
    frame = encode_frame(encode_channel_data(data))
    said, again = told(echo(frame))
    assert said == expected(data, message)
    assert_written_alike(frame, again)


@pytest.mark.parametrize("index", range(len(MESSAGES)))
def test_captured_frame_is_understood_by_the_library_as_by_us(echo: Echo, index: int) -> None:
    frame = encode_frame(MESSAGES[index])
    data, message = read(frame)
    said, again = told(echo(frame))
    assert said == expected(data, message)
    assert_written_alike(frame, again)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_frames_of_the_library_are_understood_by_us_and_written_alike(real_tribes: RealTribes, seed: int) -> None:
    samples = real_tribes.lines("samples", "240", str(seed))
    assert len(samples) == 240
    labels = set()
    for sample in samples:
        said, frame = told(sample)
        data, message = read(frame)
        assert expected(data, message) == said
        assert written(data, message) == frame
        labels.add(said.get("label", said["kind"]))
    assert labels == {
        "bytes",
        "COORDINATION_REQUEST",
        "COORDINATION_CONFIRMATION",
        "NO_RPC_CHANNEL",
        "TEXT",
        "JOIN",
        "MEMBER_LIST",
        "MEMBER_JOINED",
        "GET_CONFIGURATION",
        "GET_CONFIGURATION_RESPONSE",
        "GET_STATE",
        "GET_STATE_RESPONSE",
        "EMPTY",
    }
