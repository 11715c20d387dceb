from __future__ import annotations

import re

import pytest
from attrs import evolve

from tests.transport.tribes.captured import MESSAGES
from wkasim.members import Address, Member
from wkasim.messages import (
    MEMBERSHIP_MESSAGE,
    ChannelMessage,
    Content,
    Coordination,
    GetConfiguration,
    GetConfigurationResponse,
    GetState,
    GetStateResponse,
    Join,
    MemberJoined,
    MemberListMessage,
    NoRpcChannelReply,
    Payload,
    RpcReply,
    RpcRequest,
    Text,
)
from wkasim.transport.tcp.mapping import ForeignContentError, WireMapping
from wkasim.transport.tribes import (
    ByteMessage,
    ChannelData,
    FrameDecoder,
    MemberDescriptor,
    decode_channel_data,
    decode_message,
    encode_channel_data,
    encode_frame,
    encode_message,
)
from wkasim.transport.tribes.commands import JoinGroupCommand, MemberJoinedCommand, MemberListCommand
from wkasim.transport.tribes.coordination import CoordinationMessage
from wkasim.transport.tribes.rpc import RpcMessage

NOW_MS = 1_371_723_072_123
CHANNEL = "wso2.esb.domain:rpc.membership.channel"
ELB = Member(Address("127.1.0.206", 4000), "wso2.esb.domain", {"httpPort": "80"}, built_locally=True)
WORKER = Member(Address("127.1.0.132", 4000), "wso2.esb.domain", {"subDomain": "worker", "httpPort": "8280"})
STATIC = Member(Address("127.1.0.206", 4001), "wso2.esb.domain")


def decoded(frame: bytes, mapping: WireMapping) -> tuple[ChannelMessage, int] | None:
    decoder = FrameDecoder()
    decoder.receive(frame)
    received = decoder.next_frame()
    assert received is not None
    assert decoder.next_frame() is None
    return mapping.message(received)


def sent(content: Content, mapping: WireMapping, number: int = 7) -> bytes:
    return mapping.frame(ChannelMessage.of(ELB, NOW_MS, MEMBERSHIP_MESSAGE, content), number)


def through(content: Content) -> ChannelMessage:
    received = decoded(sent(content, WireMapping(NOW_MS, b"elb")), WireMapping(NOW_MS, b"other"))
    assert received is not None
    return received[0]


def facts(member: Member) -> tuple[object, ...]:
    return member.address, member.domain, dict(member.properties or {}), member.properties is None


@pytest.mark.parametrize(
    "payload",
    [
        Join(),
        GetConfiguration(),
        GetConfigurationResponse(("echo", "version")),
        GetState(),
        GetStateResponse(),
        Text("Processed MEMBER_LIST message"),
        None,
    ],
    ids=lambda payload: type(payload).__name__,
)
def test_request_and_reply_come_back_as_they_were_sent(payload: Payload) -> None:
    for kind in (RpcRequest, RpcReply):
        content = through(kind(CHANNEL, "a" * 32, payload)).content
        assert isinstance(content, kind)
        assert (content.channel, content.id, content.payload) == (CHANNEL, "a" * 32, payload)


def test_envelope_keeps_sender_options_time_and_number() -> None:
    received = decoded(sent(RpcRequest(CHANNEL, "x", Join()), WireMapping(NOW_MS, b"elb"), 99), WireMapping(0, b""))
    assert received is not None
    message, number = received
    assert number == 99
    assert facts(message.sender) == facts(ELB)
    assert not message.sender.built_locally
    assert (message.options, message.sent_ms, message.label) == (MEMBERSHIP_MESSAGE, NOW_MS, "JOIN")


def test_member_list_carries_members_in_order_with_the_encoders_clock() -> None:
    content = through(RpcRequest(CHANNEL, "x", MemberListMessage((WORKER, STATIC, ELB), NOW_MS))).content
    assert isinstance(content, RpcRequest)
    assert isinstance(content.payload, MemberListMessage)
    assert [facts(member) for member in content.payload.members] == [facts(m) for m in (WORKER, STATIC, ELB)]
    assert content.payload.encoded_ms == NOW_MS


def test_member_joined_carries_the_member() -> None:
    content = through(RpcRequest(CHANNEL, "x", MemberJoined(WORKER, NOW_MS))).content
    assert isinstance(content, RpcRequest)
    assert isinstance(content.payload, MemberJoined)
    assert facts(content.payload.member) == facts(WORKER)
    assert content.payload.encoded_ms == NOW_MS


@pytest.mark.parametrize("confirmed", [False, True])
def test_token_of_the_election_comes_back(confirmed: bool) -> None:
    content = through(Coordination(ELB, WORKER, (ELB, WORKER), "b" * 32, confirmed)).content
    assert isinstance(content, Coordination)
    assert (content.leader, content.source, content.view) == (ELB, WORKER, (ELB, WORKER))
    assert (content.id, content.confirmed) == ("b" * 32, confirmed)


def test_own_id_comes_back_from_a_peer_as_the_text_that_it_was() -> None:
    ours, theirs = WireMapping(NOW_MS, b"elb"), WireMapping(NOW_MS, b"worker")
    asked = decoded(sent(RpcRequest(CHANNEL, "127.1.0.206:4000/1", Join()), ours), theirs)
    assert asked is not None
    assert isinstance(asked[0].content, RpcRequest)
    assert asked[0].content.id != "127.1.0.206:4000/1"
    answered = decoded(sent(NoRpcChannelReply(CHANNEL, asked[0].content.id), theirs), ours)
    assert answered is not None
    assert isinstance(answered[0].content, NoRpcChannelReply)
    assert answered[0].content.id == "127.1.0.206:4000/1"


def test_own_ids_are_forgotten_when_many_others_have_come() -> None:
    mapping = WireMapping(NOW_MS, b"elb")
    first = sent(RpcRequest(CHANNEL, "first", None), mapping)
    for number in range(5000):
        sent(RpcRequest(CHANNEL, f"later {number}", None), mapping)
    received = decoded(first, mapping)
    assert received is not None
    assert isinstance(received[0].content, RpcRequest)
    assert received[0].content.id != "first"


def test_probe_is_no_message() -> None:
    probe = WireMapping(NOW_MS, b"").probe_frame(ELB, 1, NOW_MS)
    assert decoded(probe, WireMapping(NOW_MS, b"")) is None


def test_probe_is_that_of_a_real_node_byte_for_byte() -> None:
    captured = decode_channel_data(MESSAGES[0])
    origin, number = captured.unique_id[:8], int.from_bytes(captured.unique_id[8:], "big")
    made = WireMapping(NOW_MS, origin).probe_frame(captured.sender.to_member(), number, captured.sender.alive_ms)
    assert made == encode_frame(encode_channel_data(evolve(captured, timestamp_ms=captured.sender.alive_ms)))


@pytest.mark.parametrize("index", range(len(MESSAGES)))
def test_captured_message_that_is_said_again_is_the_same(index: int) -> None:
    """All but times, a payload's date, the message's own id, the logger of a JOIN (D17), who made a descriptor."""
    captured = encode_frame(MESSAGES[index])
    received = decoded(captured, WireMapping(NOW_MS, b""))
    if received is None:
        return  # A probe, see above.
    again = WireMapping(NOW_MS, b"").frame(*received)
    assert settled(again) == settled(captured)


def test_own_descriptor_in_a_list_is_a_static_member_as_real_nodes_write_it() -> None:
    frame = sent(RpcRequest(CHANNEL, "1", MemberListMessage((ELB, WORKER, STATIC), NOW_MS)), WireMapping(NOW_MS, b""))
    message = decode_message(decode_channel_data(frame[11:-7]))
    assert isinstance(message, RpcMessage)
    assert isinstance(message.payload, MemberListCommand)
    assert [member.is_static for member in message.payload.members] == [True, False, True]


def settled(frame: bytes) -> ChannelData:
    """A frame's message without what differs from one time to the next."""

    def member(found: MemberDescriptor) -> MemberDescriptor:
        payload = re.sub(rb"(?m)^#.*\n", b"", found.payload)
        lines = b"".join(sorted(payload.splitlines(keepends=True)))
        return evolve(found, alive_ms=0, payload=lines, is_static=False)

    data = decode_channel_data(frame[11:-7])
    message = decode_message(data)
    if isinstance(message, CoordinationMessage):
        message = evolve(
            message,
            leader=member(message.leader),
            source=member(message.source),
            members=tuple(map(member, message.members)),
        )
    elif isinstance(message, RpcMessage):
        match message.payload:
            case JoinGroupCommand():
                message = evolve(message, payload=JoinGroupCommand(has_logger=False))
            case MemberListCommand(members):
                message = evolve(message, payload=MemberListCommand(tuple(map(member, members))))
            case MemberJoinedCommand(joined):
                message = evolve(message, payload=MemberJoinedCommand(member(joined)))
    return ChannelData(data.options, 0, bytes(16), member(data.sender), encode_message(message))


def test_bytes_for_others_are_foreign() -> None:
    sender = MemberDescriptor.from_member(ELB)
    data = ChannelData(1, NOW_MS, bytes(16), sender, encode_message(ByteMessage(b"state")))
    with pytest.raises(ForeignContentError, match=r"^a message of another kind: ByteMessage$"):
        decoded(encode_frame(encode_channel_data(data)), WireMapping(NOW_MS, b""))
