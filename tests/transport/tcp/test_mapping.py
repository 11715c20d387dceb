from __future__ import annotations

import pytest

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
from wkasim.transport.tcp.mapping import ForeignContentError, WireMapping, probe_frame
from wkasim.transport.tribes import (
    ByteMessage,
    ChannelData,
    FrameDecoder,
    MemberDescriptor,
    encode_channel_data,
    encode_frame,
    encode_message,
)

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
    assert decoded(probe_frame(Address("127.1.0.132", 4000), NOW_MS), WireMapping(NOW_MS, b"")) is None


def test_bytes_for_others_are_foreign() -> None:
    sender = MemberDescriptor.from_member(ELB)
    data = ChannelData(1, NOW_MS, bytes(16), sender, encode_message(ByteMessage(b"state")))
    with pytest.raises(ForeignContentError, match=r"^a message of another kind: ByteMessage$"):
        decoded(encode_frame(encode_channel_data(data)), WireMapping(NOW_MS, b""))
