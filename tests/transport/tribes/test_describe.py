"""Captured messages in words."""

from __future__ import annotations

import json

import pytest

from tests.transport.tribes.captured import CAPTURES
from wkasim.transport.tribes.capture import CapturedFrame, ConnectionEvent, read_capture
from wkasim.transport.tribes.channel_data import ChannelData
from wkasim.transport.tribes.commands import (
    ForeignObject,
    GetConfigurationResponseCommand,
    GetStateResponseCommand,
    MemberJoinedCommand,
)
from wkasim.transport.tribes.describe import Describer, describe_member, describe_message
from wkasim.transport.tribes.descriptor import MemberDescriptor
from wkasim.transport.tribes.frames import ACKNOWLEDGEMENT, NEGATIVE_ACKNOWLEDGEMENT, Frame
from wkasim.transport.tribes.message import ByteMessage, Message
from wkasim.transport.tribes.rpc import ForeignMessage, NoRpcChannelReply, RpcMessage

SENDER = MemberDescriptor(bytes((127, 1, 0, 206)), 4000, domain=b"wso2.esb.domain", payload=b"httpPort=8280\n")
ID = bytes(range(16))
CHANNEL = b"wso2.esb.domain:rpc.init.channel"


def captured(message: Message, *, options: int = 0, time_us: int | None = 3_723_000_004) -> CapturedFrame:
    data = ChannelData(options, 0, ID, SENDER, b"")
    return CapturedFrame(time_us, 1, "127.0.0.1:1", "127.0.0.1:2", Frame(0, bytes(100)), data, message)


def first_line(message: Message) -> str:
    return Describer().lines(captured(message))[0]


def test_captured_domain_mismatch_reads_as_it_happened() -> None:
    describer = Describer()
    with (CAPTURES / "domain-mismatch.pcap").open("rb") as file:
        lines = [
            line
            for record in read_capture(file)
            if isinstance(record, CapturedFrame)
            for line in describer.lines(record)
        ]
    assert lines[:14] == [
        "13:11:01.045125  #2   127.0.0.1:47454 -> 127.1.0.206:4000   PROBE, 217 bytes, options BYTE_MESSAGE",
        "                 about   127.1.0.206:4000(wso2.as.domain) ping",
        "13:11:01.056715  #3   127.0.0.1:47466 -> 127.1.0.206:4000   COORDINATION_REQUEST, 897 bytes, options USE_ACK",
        "                 sender  127.1.0.132:4000(wso2.as.domain) httpPort=8280 subDomain=worker httpsPort=8243",
        "                 leader  127.1.0.132:4000(wso2.as.domain) httpPort=8280 subDomain=worker httpsPort=8243",
        "                 source  127.1.0.132:4000(wso2.as.domain) httpPort=8280 subDomain=worker httpsPort=8243",
        "                 member  127.1.0.132:4000(wso2.as.domain) httpPort=8280 subDomain=worker httpsPort=8243",
        "                 member  127.1.0.206:4000(wso2.as.domain) ping",
        "13:11:01.059812  #3   127.1.0.206:4000 -> 127.0.0.1:47466   ACKNOWLEDGEMENT",
        (
            "13:11:01.065878  #3   127.0.0.1:47466 -> 127.1.0.206:4000   JOIN request 91f4c0f5 on "
            "wso2.as.domain:rpc.membership.channel, 742 bytes, options ASYNCHRONOUS|MEMBERSHIP"
        ),
        "                 sender  127.1.0.132:4000(wso2.as.domain) httpPort=8280 subDomain=worker httpsPort=8243",
        (
            "13:11:01.090438  #4   127.0.0.1:39342 -> 127.1.0.132:4000   NO_RPC_CHANNEL reply to JOIN 91f4c0f5 on "
            "wso2.as.domain:rpc.membership.channel after 24.6 ms, 415 bytes, options ASYNCHRONOUS"
        ),
        "                 sender  127.1.0.206:4000(wso2.esb.domain) httpPort=8290 httpsPort=8253",
        "13:11:06.047342  #5   127.0.0.1:54698 -> 127.1.0.206:4000   PROBE, 217 bytes, options BYTE_MESSAGE",
    ]


def test_captured_run_is_plain_data_in_which_every_reply_has_its_request() -> None:
    describer = Describer()
    with (CAPTURES / "join.pcap").open("rb") as file:
        described = [describer.data(record) for record in read_capture(file) if isinstance(record, CapturedFrame)]
    assert json.loads(json.dumps(described)) == described
    replies = [(facts["label"], facts["answers"]) for facts in described if facts.get("reply")]
    assert replies == [
        ("TEXT", "MEMBER_LIST"),
        ("MEMBER_LIST", "JOIN"),
        ("GET_CONFIGURATION_RESPONSE", "GET_CONFIGURATION"),
        ("TEXT", "MEMBER_LIST"),
        ("MEMBER_LIST", "JOIN"),
        ("EMPTY", "MEMBER_JOINED"),
        ("EMPTY", "MEMBER_JOINED"),
        ("TEXT", "MEMBER_LIST"),
        ("MEMBER_LIST", "JOIN"),
        ("GET_CONFIGURATION_RESPONSE", "GET_CONFIGURATION"),
    ]


def test_member_is_described_field_by_field() -> None:
    assert describe_member(SENDER) == {
        "host": "127.1.0.206",
        "port": 4000,
        "domain": "wso2.esb.domain",
        "alive_ms": 0,
        "secure_port": -1,
        "udp_port": -1,
        "command": "",
        "unique_id": "00" * 16,
        "payload": "httpPort=8280\n",
        "properties": {"httpPort": "8280"},
        "static": False,
    }


def test_member_that_is_none_of_ours_is_described_all_the_same() -> None:
    odd = describe_member(MemberDescriptor(bytes(16), 70000, payload=b"\\u"))
    assert (odd["host"], odd["port"], odd["properties"]) == ("00" * 16, 70000, None)
    unreadable = describe_member(MemberDescriptor(bytes(4), 1, payload=b"\\u"))
    assert (unreadable["host"], unreadable["payload"], unreadable["properties"]) == ("0.0.0.0", "\\u", None)


@pytest.mark.parametrize(
    ("message", "title"),
    [
        (ByteMessage(b"abc"), "BYTES"),
        (ForeignMessage("org.example.State"), "OBJECT org.example.State"),
        (RpcMessage(False, ID, CHANNEL, ForeignObject("A")), f"OBJECT A request 00010203 on {CHANNEL.decode()}"),
        (RpcMessage(True, ID, CHANNEL, "done"), f'TEXT "done" reply 00010203 on {CHANNEL.decode()}'),
        (
            RpcMessage(True, ID, CHANNEL, GetConfigurationResponseCommand(("echo", "version"))),
            f"GET_CONFIGURATION_RESPONSE [echo, version] reply 00010203 on {CHANNEL.decode()}",
        ),
        (
            RpcMessage(True, ID, CHANNEL, GetStateResponseCommand(("A",))),
            f"GET_STATE_RESPONSE [A] reply 00010203 on {CHANNEL.decode()}",
        ),
        (NoRpcChannelReply(ID, b"x"), "NO_RPC_CHANNEL reply 00010203 on x"),
    ],
)
def test_message_is_titled(message: Message, title: str) -> None:
    assert first_line(message) == f"01:02:03.000004  #1   {'127.0.0.1:1 -> 127.0.0.1:2':<36}  {title}, 118 bytes"


def test_text_of_a_peer_does_nothing_to_a_terminal() -> None:
    line = first_line(RpcMessage(True, ID, b"\x1b[2J\x07", "\x1b[31mred\ud800é\n"))
    assert line.isascii()
    assert line.isprintable()
    assert r'TEXT "\x1b[31mred\ud800\xe9\n" reply 00010203 on \x1b[2J\x07' in line


def test_record_without_time_shows_its_offset() -> None:
    record = CapturedFrame(None, 0, "", "", Frame(218, NEGATIVE_ACKNOWLEDGEMENT), None, None)
    assert Describer().lines(record) == ["offset 218       NEGATIVE ACKNOWLEDGEMENT"]
    assert Describer().data(record) == {
        "time_us": None,
        "connection": 0,
        "from": "",
        "to": "",
        "offset": 218,
        "bytes": 21,
        "frame": "negative acknowledgement",
    }
    assert Describer().data(CapturedFrame(None, 0, "", "", Frame(0, ACKNOWLEDGEMENT), None, None))["frame"] == (
        "acknowledgement"
    )


def test_event_of_a_connection_is_shown() -> None:
    event = ConnectionEvent(1, 4, "127.0.0.1:1", "127.0.0.1:2", "refused")
    assert Describer().lines(event) == [f"00:00:00.000001  #4   {'127.0.0.1:1 -> 127.0.0.1:2':<36}  refused"]
    assert Describer().data(event)["event"] == "refused"


def test_requests_remembered_are_bounded() -> None:
    describer = Describer()
    for index in range(5000):
        describer.data(captured(RpcMessage(False, index.to_bytes(16, "big"), CHANNEL, MemberJoinedCommand(SENDER))))
    assert len(describer._requests) == 4096
    last = describer.data(captured(RpcMessage(True, (4999).to_bytes(16, "big"), CHANNEL, None)))
    first = describer.data(captured(RpcMessage(True, bytes(16), CHANNEL, None)))
    assert (last["answers"], last["after_us"]) == ("MEMBER_JOINED", 0)
    assert (first["answers"], first["after_us"]) == (None, None)


def test_every_kind_of_message_has_a_label() -> None:
    assert describe_message(ByteMessage(b"abc")) == {"kind": "bytes", "label": "BYTES", "size": 3}
