"""Every frame that real nodes were seen to send decodes, says what is known of it, and encodes to the same bytes."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.transport.tribes.captured import FRAMES, MESSAGES, frames
from wkasim.transport.tribes.channel_data import decode_channel_data, encode_channel_data
from wkasim.transport.tribes.commands import (
    PROCESSED_MEMBER_LIST,
    GetConfigurationCommand,
    GetConfigurationResponseCommand,
    JoinGroupCommand,
    MemberJoinedCommand,
    MemberListCommand,
)
from wkasim.transport.tribes.coordination import CoordinationMessage, CoordinationType
from wkasim.transport.tribes.descriptor import MemberDescriptor
from wkasim.transport.tribes.frames import FrameDecoder, encode_frame
from wkasim.transport.tribes.message import Signal, decode_message, encode_message
from wkasim.transport.tribes.rpc import NoRpcChannelReply, RpcMessage


@pytest.mark.parametrize("index", range(len(FRAMES)))
def test_captured_frame_encodes_to_its_own_bytes(index: int) -> None:
    decoder = FrameDecoder()
    decoder.receive(FRAMES[index])
    frame = decoder.next_frame()
    assert frame is not None
    assert encode_frame(frame.data) == FRAMES[index]
    if frame.is_acknowledgement:
        return
    data = decode_channel_data(frame.data)
    assert encode_channel_data(data) == frame.data
    message = decode_message(data)
    assert encode_message(message) == data.message
    assert repr(message).count("Foreign") == 0


def test_captured_messages_are_of_the_known_kinds() -> None:
    found = Counter()
    for data in MESSAGES:
        message = decode_message(decode_channel_data(data))
        found[type(message.payload if isinstance(message, RpcMessage) else message)] += 1
    assert found == {
        Signal: 6,
        CoordinationMessage: 9,
        NoRpcChannelReply: 3,
        JoinGroupCommand: 6,
        MemberListCommand: 6,
        MemberJoinedCommand: 2,
        GetConfigurationCommand: 2,
        GetConfigurationResponseCommand: 2,
        str: 3,
        type(None): 2,
    }


def messages(name: str, payload: type) -> list[RpcMessage]:
    found = []
    for frame in frames(name):
        if len(frame) > 100:
            message = decode_message(decode_channel_data(frame[11:-7]))
            if isinstance(message, RpcMessage) and isinstance(message.payload, payload):
                found.append(message)
    return found


def test_captured_join_says_who_asks_on_which_channel() -> None:
    data = next(each for each in map(decode_channel_data, MESSAGES) if b"JoinGroupCommand" in each.message)
    assert data.options == 0x408
    assert str(data.sender.to_member()) == "127.1.0.206:4001(wso2.esb.domain)"
    assert data.sender.to_member().properties == {"httpPort": "8280", "httpsPort": "8243"}
    message = decode_message(data)
    assert isinstance(message, RpcMessage)
    assert (message.reply, message.channel) == (False, b"wso2.esb.domain:rpc.membership.channel")
    assert message.payload == JoinGroupCommand()


def test_captured_lists_have_members_of_both_classes() -> None:
    listed = [
        [(str(member.to_member()), member.is_static) for member in message.payload.members]
        for message in messages("join", MemberListCommand)
        if isinstance(message.payload, MemberListCommand)
    ]
    elb, manager, worker = (
        "127.1.0.206:4000(wso2.esb.domain)",
        "127.1.0.206:4001(wso2.esb.domain)",
        "127.1.0.132:4000(wso2.esb.domain)",
    )
    assert listed == [
        [(manager, False)],
        [(manager, False)],
        [(elb, True)],
        [(elb, True), (worker, False)],
        [(manager, False), (worker, False)],
        [(manager, False), (worker, False)],
    ]


def test_captured_replies_answer_requests_of_the_same_id() -> None:
    asked = {message.id for message in messages("join", JoinGroupCommand)}
    answered = {message.id for message in messages("join", MemberListCommand) if message.reply}
    assert asked == answered
    texts = messages("join", str)
    assert [message.payload for message in texts] == [PROCESSED_MEMBER_LIST] * 3
    pushed = {message.id for message in messages("join", MemberListCommand) if not message.reply}
    assert {message.id for message in texts} == pushed


def test_captured_no_rpc_channel_reply_names_the_channel() -> None:
    replies = [decode_message(decode_channel_data(frame[11:-7])) for frame in frames("domain-mismatch")[4:5]]
    assert [type(reply) for reply in replies] == [NoRpcChannelReply]
    assert isinstance(replies[0], NoRpcChannelReply)
    assert replies[0].channel == b"wso2.as.domain:rpc.membership.channel"


def test_captured_coordination_holds_the_view() -> None:
    found = [decode_message(decode_channel_data(data)) for data in MESSAGES]
    first = next(message for message in found if isinstance(message, CoordinationMessage))
    assert first.type is CoordinationType.REQUEST
    assert first.leader == first.source == first.members[0]
    assert [str(member.address) for member in first.members] == ["127.1.0.206:4000", "127.1.0.206:4001"]
    assert first.members[1].payload == b"ping"


def test_captured_probe_names_its_target_as_the_sender() -> None:
    data = decode_channel_data(MESSAGES[0])
    assert decode_message(data) is Signal.PROBE
    assert isinstance(data.sender, MemberDescriptor)
    assert (data.options, str(data.sender.address), data.sender.payload) == (1, "127.1.0.206:4000", b"ping")
