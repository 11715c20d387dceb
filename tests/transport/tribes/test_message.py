"""Messages of every kind: what is written is read, and what is not quite one is refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.transport.tribes import strategies
from wkasim.errors import ProtocolError
from wkasim.transport.tribes import java_classes as classes
from wkasim.transport.tribes.channel_data import ChannelData, Option
from wkasim.transport.tribes.commands import (
    ForeignObject,
    GetConfigurationCommand,
    GetConfigurationResponseCommand,
    GetStateCommand,
    GetStateResponseCommand,
    JoinGroupCommand,
    MemberJoinedCommand,
    MemberListCommand,
)
from wkasim.transport.tribes.coordination import ALIVE, PING, PROBE, CoordinationMessage
from wkasim.transport.tribes.cursor import WireFormatError
from wkasim.transport.tribes.descriptor import MemberDescriptor, encode_descriptor
from wkasim.transport.tribes.java_values import (
    BlockData,
    ClassDescription,
    Content,
    FieldDescription,
    JavaArray,
    JavaObject,
    Part,
    Reference,
)
from wkasim.transport.tribes.java_writer import encode_stream
from wkasim.transport.tribes.message import ByteMessage, Message, Signal, decode_message, encode_message
from wkasim.transport.tribes.rpc import ForeignMessage, NoRpcChannelReply, RpcMessage

SENDER = MemberDescriptor(bytes((127, 1, 0, 206)), 4000)
CHANNEL = b"wso2.esb.domain:rpc.membership.channel"


def received(message: bytes, options: int = 0) -> Message:
    return decode_message(ChannelData(options, 0, bytes(16), SENDER, message))


def rpc(payload: Content) -> bytes:
    """The stream of a request without id and channel that carries this object."""
    return encode_stream(JavaObject(classes.RPC_MESSAGE, external=(BlockData(bytes(9)), payload)))


def carried(payload: Content) -> object:
    message = received(rpc(payload))
    assert isinstance(message, RpcMessage)
    return message.payload


@given(strategies.messages)
def test_message_survives_the_wire(message: Message) -> None:
    options = int(Option.BYTE_MESSAGE) if isinstance(message, ByteMessage) else 0
    written = encode_message(message)
    assert received(written, options) == message
    assert received(written, options) == message, "from memory as well as anew"


@given(strategies.coordination_messages)
def test_coordination_message_with_order_number_is_the_same(message: CoordinationMessage) -> None:
    written = encode_message(message) + b"\0\0\0\7"
    assert received(written, int(Option.MESSAGE_ORDER)) == message


def test_signals_are_sixty_four_bytes_and_differ() -> None:
    assert {len(PROBE), len(PING), len(ALIVE)} == {64}
    assert len({PROBE, PING, ALIVE}) == 3
    assert [
        received(text) for text in (b"Local StaticMember Notification Data", b"Local StaticMember Shutdown Data")
    ] == [
        Signal.MEMBER_START,
        Signal.MEMBER_STOP,
    ]
    assert [received(signal, 1) for signal in (PROBE, PING, ALIVE)] == [Signal.PROBE, Signal.PING, Signal.ALIVE]


def test_payload_larger_than_what_is_remembered_is_written_and_read() -> None:
    members = tuple(MemberDescriptor(bytes(4), port, payload=bytes(500)) for port in range(40))
    message = RpcMessage(True, bytes(16), CHANNEL, MemberListCommand(members))
    assert received(encode_message(message)) == message
    large = MemberDescriptor(bytes(4), 1, payload=bytes(5000))
    assert received(encode_message(RpcMessage(False, b"", b"", MemberJoinedCommand(large)))) == RpcMessage(
        False, b"", b"", MemberJoinedCommand(large)
    )


def test_join_without_logger_writes_null() -> None:
    written = encode_message(RpcMessage(False, bytes(16), CHANNEL, JoinGroupCommand(has_logger=False)))
    assert b"Jdk14Logger" not in written
    assert received(written) == RpcMessage(False, bytes(16), CHANNEL, JoinGroupCommand(has_logger=False))


def test_join_with_another_logger_is_understood() -> None:
    log4j = ClassDescription("org.apache.commons.logging.impl.Log4JLogger", 5160705895411730424, 2)
    join = JavaObject(classes.JOIN_GROUP, (Part(), Part(), Part((JavaObject(log4j, (Part(),)),))))
    assert carried(join) == JoinGroupCommand()


def test_join_of_another_version_without_fields_is_understood() -> None:
    older = ClassDescription(classes.JOIN_GROUP.name, 1, 2, (), classes.CONTROL_COMMAND)
    assert carried(JavaObject(older, (Part(), Part(), Part()))) == JoinGroupCommand(has_logger=False)


def test_fields_in_another_order_and_unknown_fields_are_understood() -> None:
    fields = (
        FieldDescription("I", "added"),
        FieldDescription("[", "members", "[Lorg/apache/catalina/tribes/Member;"),
    )
    newer = ClassDescription(classes.MEMBER_LIST.name, 1, 2, fields)
    assert carried(JavaObject(newer, (Part((7, JavaArray(classes.MEMBER_ARRAY, ()))),))) == MemberListCommand(())


def test_member_written_twice_by_reference_is_two_members() -> None:
    block = encode_descriptor(SENDER)
    member = JavaObject(classes.MEMBER_IMPL, external=(BlockData(len(block).to_bytes(4, "big") + block),))
    # RpcMessage, its object, MEMBER_LIST and its type name, two superclasses, the object, the array's class, the
    # array, MemberImpl: the member itself is the eleventh thing in the stream.
    members = JavaArray(classes.MEMBER_ARRAY, (member, Reference(0x7E000A)))
    assert carried(JavaObject(classes.MEMBER_LIST, (Part(), Part(), Part((members,))))) == MemberListCommand(
        (SENDER, SENDER)
    )


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (JavaObject(classes.MEMBER_LIST, (Part(), Part(), Part((None,)))), MemberListCommand(())),
        (JavaObject(classes.GET_CONFIGURATION, (Part(), Part(), Part((None,)))), GetConfigurationCommand(None)),
        (
            JavaObject(
                classes.GET_CONFIGURATION_RESPONSE,
                (Part(), Part(), Part((JavaArray(classes.STRING_ARRAY, ("echo", "version")),))),
            ),
            GetConfigurationResponseCommand(("echo", "version")),
        ),
        (JavaObject(classes.GET_STATE, (Part(), Part(), Part((None,)))), GetStateCommand()),
        (
            JavaObject(
                classes.GET_STATE_RESPONSE,
                (
                    Part(),
                    Part(),
                    Part(
                        (
                            JavaArray(
                                classes.STATE_ARRAY, (JavaObject(ClassDescription("State", 1, 2), (Part(),)), None)
                            ),
                        )
                    ),
                ),
            ),
            GetStateResponseCommand(("State", "null")),
        ),
        (JavaObject(ClassDescription("org.example.Command", 1, 2), (Part(),)), ForeignObject("org.example.Command")),
        (JavaArray(classes.STRING_ARRAY, ()), ForeignObject("[Ljava.lang.String;")),
    ],
)
def test_payload_is_understood(payload: Content, expected: object) -> None:
    assert carried(payload) == expected


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (
            JavaObject(ClassDescription(classes.MEMBER_LIST.name, 1, 2), (Part(),)),
            "org.apache.axis2.clustering.control.wka.MemberListCommand has no field 'members'",
        ),
        (
            JavaObject(classes.MEMBER_LIST, (Part(), Part(), Part(("text",)))),
            "'members' of org.apache.axis2.clustering.control.wka.MemberListCommand is not an array of objects",
        ),
        (
            JavaObject(classes.MEMBER_LIST, (Part(), Part(), Part((JavaArray(classes.MEMBER_ARRAY, (None,)),)))),
            "a member is expected, found NoneType",
        ),
        (
            JavaObject(
                classes.MEMBER_JOINED,
                (Part(), Part(), Part((JavaObject(classes.GET_STATE, (Part(), Part(), Part((None,)))),))),
            ),
            "a member is expected, found org.apache.axis2.clustering.control.GetStateCommand",
        ),
        (
            JavaObject(classes.MEMBER_JOINED, (Part(), Part(), Part((JavaObject(classes.MEMBER_IMPL),)))),
            "a org.apache.catalina.tribes.membership.MemberImpl does not consist of a length and that many bytes",
        ),
        (
            JavaObject(
                classes.MEMBER_JOINED,
                (Part(), Part(), Part((JavaObject(classes.MEMBER_IMPL, external=(BlockData(b"\0\0\0\1X"),)),))),
            ),
            "the beginning of a member should have 10 bytes, 1 are left (byte 0 of a member in a command)",
        ),
        (
            JavaObject(
                classes.GET_CONFIGURATION_RESPONSE,
                (Part(), Part(), Part((JavaArray(classes.STRING_ARRAY, (None,)),))),
            ),
            (
                "'serviceGroups' of org.apache.axis2.clustering.control.GetConfigurationResponseCommand "
                "does not hold strings only"
            ),
        ),
    ],
)
def test_payload_of_the_wrong_shape_is_refused(payload: Content, complaint: str) -> None:
    with pytest.raises(WireFormatError) as caught:
        received(rpc(payload))
    assert str(caught.value) == f"offset 0: {complaint}"


@pytest.mark.parametrize(
    ("external", "complaint"),
    [
        ((), "that does not consist of its fields and its payload"),
        ((None,), "that does not consist of its fields and its payload"),
        ((BlockData(bytes(9)),), "that does not consist of its fields and its payload"),
        ((BlockData(bytes(9)), None, None), "that does not consist of its fields and its payload"),
        ((BlockData(bytes(8)), None), "ends before the length of an RPC's channel (byte 5 of an RPC's fields)"),
        ((BlockData(bytes(10)), None), "1 bytes after the end of an RPC's channel (byte 9 of an RPC's fields)"),
    ],
)
def test_rpc_message_of_the_wrong_shape_is_refused(external: tuple[Content, ...], complaint: str) -> None:
    with pytest.raises(WireFormatError) as caught:
        received(encode_stream(JavaObject(classes.RPC_MESSAGE, external=external)))
    assert str(caught.value).endswith(complaint)


def test_rpc_that_carries_itself_is_refused() -> None:
    with pytest.raises(WireFormatError) as caught:
        received(rpc(Reference(0x7E0000)))
    assert str(caught.value) == "offset 0: an RPC carries ClassObject, which is no payload"
    # The reference to the message itself resolves to an object of a class that is no command.
    assert carried(Reference(0x7E0001)) == ForeignObject(classes.RPC_MESSAGE.name)


@pytest.mark.parametrize("stream", [encode_stream("text"), encode_stream(None)])
def test_object_that_is_no_message_is_refused(stream: bytes) -> None:
    with pytest.raises(WireFormatError) as caught:
        received(stream)
    assert str(caught.value) == "offset 0: the object on the channel is no message"


def test_object_of_an_unknown_class_is_named_and_cannot_be_sent() -> None:
    message = received(encode_stream(JavaObject(ClassDescription("org.example.State", 1, 2), (Part(),))))
    assert message == ForeignMessage("org.example.State")
    with pytest.raises(ProtocolError) as caught:
        encode_message(message)
    assert (
        str(caught.value)
        == "ForeignMessage(class_name='org.example.State') was only named when it was received; it cannot be sent"
    )


@pytest.mark.parametrize("payload", [ForeignObject("A"), GetStateResponseCommand(("A",))])
def test_payload_that_was_only_named_cannot_be_sent(payload: ForeignObject | GetStateResponseCommand) -> None:
    with pytest.raises(ProtocolError, match=r"was only named when it was received; it cannot be sent$"):
        encode_message(RpcMessage(True, bytes(16), CHANNEL, payload))


def test_bytes_are_not_read_as_an_object() -> None:
    stream = encode_stream("text")
    assert received(stream, int(Option.BYTE_MESSAGE)) == ByteMessage(stream)


@pytest.mark.parametrize(
    ("tail", "complaint"),
    [
        (b"", "offset 23: ends before the length of the leader"),
        (b"\0\0\0\1X", "offset 27: the beginning of a member should have 10 bytes, 1 are left"),
    ],
)
def test_damaged_coordination_message_is_refused(tail: bytes, complaint: str) -> None:
    data = ChannelData(2, 0, bytes(16), SENDER, bytes.fromhex("aa26dee39e5a413faf86fa9263ca0d3f") + tail)
    with pytest.raises(WireFormatError) as caught:
        decode_message(data, base=7)
    assert str(caught.value) == complaint


@given(strategies.coordination_messages)
def test_coordination_message_of_unknown_type_or_count_is_refused(message: CoordinationMessage) -> None:
    written = encode_message(message)
    with pytest.raises(WireFormatError, match=rf"no type of a coordination message is {'00' * 16}$"):
        received(written[:-16] + bytes(16))
    with pytest.raises(WireFormatError, match=r"1 bytes after the end of a coordination message$"):
        received(written + b"X")
    count_at = 16 + 8 + len(encode_descriptor(message.leader)) + len(encode_descriptor(message.source))
    with pytest.raises(WireFormatError, match=rf"^offset {count_at}: a view of -1 members, "):
        received(written[:count_at] + b"\xff\xff\xff\xff" + written[count_at + 4 :])
    with pytest.raises(WireFormatError):
        received(written[:count_at] + b"\x00\xff\xff\xff" + written[count_at + 4 :])


def test_no_rpc_channel_reply_survives_the_wire() -> None:
    message = NoRpcChannelReply(bytes(range(16)), CHANNEL)
    assert received(encode_message(message)) == message
