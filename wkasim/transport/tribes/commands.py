"""The commands of Axis2's clustering, as values, and how they stand in a Java object stream.

==================================  ===================================================================
:class:`JoinGroupCommand`           JOIN
:class:`MemberListCommand`          MEMBER_LIST, as the reply to a JOIN or pushed
:class:`MemberJoinedCommand`        MEMBER_JOINED
:class:`GetConfigurationCommand`    asks a neighbour for its service groups, and the response to it
:class:`GetStateCommand`            asks a neighbour for its state, and the response to it
``str``                             the reply to a pushed MEMBER_LIST, ``Processed MEMBER_LIST message``
``None``                            the reply to MEMBER_JOINED, and of a neighbour that has nothing to give
:class:`ForeignObject`              anything else: its class is named, its content ignored
==================================  ===================================================================

Decoding goes by class names and field names and does not insist on versions or on the order of fields, so
other releases and other logging libraries are understood. Encoding writes what the captured nodes write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import frozen

from wkasim.errors import ProtocolError
from wkasim.transport.tribes import java_classes as classes
from wkasim.transport.tribes.cursor import WireFormatError
from wkasim.transport.tribes.descriptor import MemberDescriptor, decode_descriptor, encode_descriptor
from wkasim.transport.tribes.java_stream import DecodedStream
from wkasim.transport.tribes.java_values import (
    BlockData,
    ClassDescription,
    Content,
    FieldValue,
    JavaArray,
    JavaObject,
    Part,
)

__all__ = [
    "PROCESSED_MEMBER_LIST",
    "ForeignObject",
    "GetConfigurationCommand",
    "GetConfigurationResponseCommand",
    "GetStateCommand",
    "GetStateResponseCommand",
    "JoinGroupCommand",
    "MemberJoinedCommand",
    "MemberListCommand",
    "Payload",
    "payload_from_java",
    "payload_to_java",
]

PROCESSED_MEMBER_LIST: Final = "Processed MEMBER_LIST message"
"""The reply to a pushed MEMBER_LIST."""


@frozen(slots=True, cache_hash=True)
class JoinGroupCommand:
    """JOIN. ``has_logger`` writes the logger that real nodes send by mistake; without it the field is null.

    A receiver whose logging library is not the JDK's can read the command only without the logger (defect
    D17).
    """

    has_logger: bool = True


@frozen(slots=True, cache_hash=True)
class MemberListCommand:
    """MEMBER_LIST: what the sender knows, in its order; duplicates are possible (defect D18)."""

    members: tuple[MemberDescriptor, ...]


@frozen(slots=True, cache_hash=True)
class MemberJoinedCommand:
    """MEMBER_JOINED: one new member."""

    member: MemberDescriptor


@frozen(slots=True, cache_hash=True)
class GetConfigurationCommand:
    """Asks for the service groups; the field is null in every request."""

    service_group_names: tuple[str, ...] | None = None


@frozen(slots=True, cache_hash=True)
class GetConfigurationResponseCommand:
    """The service groups of the neighbour."""

    service_groups: tuple[str, ...] | None = ()


@frozen(slots=True, cache_hash=True)
class GetStateCommand:
    """Asks for the state; the field is null in every request."""


@frozen(slots=True, cache_hash=True)
class GetStateResponseCommand:
    """The state of the neighbour: the classes of its state commands, which are not read further.

    State replication is not part of the model, so only None and () can be sent.
    """

    command_classes: tuple[str, ...] | None = None


@frozen(slots=True, cache_hash=True)
class ForeignObject:
    """An object of a class that the protocol of membership does not know."""

    class_name: str


Payload: TypeAlias = (
    JoinGroupCommand
    | MemberListCommand
    | MemberJoinedCommand
    | GetConfigurationCommand
    | GetConfigurationResponseCommand
    | GetStateCommand
    | GetStateResponseCommand
    | ForeignObject
    | str
    | None
)
"""What an RPC carries."""


def payload_from_java(value: FieldValue, stream: DecodedStream) -> Payload:
    """The payload of an object in a stream; raises ProtocolError if a known class has the wrong shape."""
    value = stream.resolve(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, JavaObject):
        decoder = _DECODERS.get(value.class_name)
        return decoder(value, stream) if decoder else ForeignObject(value.class_name)
    if isinstance(value, JavaArray):
        return ForeignObject(value.description.name)
    raise ProtocolError(f"an RPC carries {type(value).__name__}, which is no payload")


def payload_to_java(payload: Payload) -> Content:
    """The object for a payload; raises ProtocolError for foreign objects and state commands."""
    match payload:
        case None | str():
            return payload
        case JoinGroupCommand(has_logger):
            return _command(classes.JOIN_GROUP, _logger() if has_logger else None)
        case MemberListCommand(members):
            elements = tuple(_member_to_java(member) for member in members)
            return _command(classes.MEMBER_LIST, JavaArray(classes.MEMBER_ARRAY, elements))
        case MemberJoinedCommand(member):
            return _command(classes.MEMBER_JOINED, _member_to_java(member))
        case GetConfigurationCommand(names):
            return _command(classes.GET_CONFIGURATION, _strings_to_java(names))
        case GetConfigurationResponseCommand(groups):
            return _command(classes.GET_CONFIGURATION_RESPONSE, _strings_to_java(groups))
        case GetStateCommand():
            return _command(classes.GET_STATE, None)
        case GetStateResponseCommand(None):
            return _command(classes.GET_STATE_RESPONSE, None)
        case GetStateResponseCommand(()):
            return _command(classes.GET_STATE_RESPONSE, JavaArray(classes.STATE_ARRAY, ()))
    raise ProtocolError(f"{payload} was only named when it was received; it cannot be sent")


def _command(description: ClassDescription, value: Content) -> JavaObject:
    """A command of one field; its two superclasses have none."""
    return JavaObject(description, (Part(), Part(), Part((value,))))


def _logger() -> JavaObject:
    return JavaObject(classes.JDK14_LOGGER, (Part((classes.JOIN_GROUP.name,)),))


def _strings_to_java(strings: tuple[str, ...] | None) -> JavaArray | None:
    return None if strings is None else JavaArray(classes.STRING_ARRAY, strings)


def _member_to_java(member: MemberDescriptor) -> JavaObject:
    block = encode_descriptor(member)
    description = classes.STATIC_MEMBER if member.is_static else classes.MEMBER_IMPL
    return JavaObject(description, external=(BlockData(len(block).to_bytes(4, "big") + block),))


def _member_from_java(value: FieldValue, stream: DecodedStream) -> MemberDescriptor:
    value = stream.resolve(value)
    if not isinstance(value, JavaObject) or value.class_name not in _MEMBER_CLASSES:
        found = value.class_name if isinstance(value, JavaObject) else type(value).__name__
        raise ProtocolError(f"a member is expected, found {found}")
    match value.external:
        case (BlockData(data),) if data[:4] == (len(data) - 4).to_bytes(4, "big", signed=True):
            return _descriptor(data[4:], value.class_name == classes.STATIC_MEMBER.name)
    raise ProtocolError(f"a {value.class_name} does not consist of a length and that many bytes")


def _descriptor(block: bytes, is_static: bool) -> MemberDescriptor:
    try:
        return decode_descriptor(block, is_static=is_static)
    except WireFormatError as error:
        raise ProtocolError(f"{error.reason} (byte {error.offset} of a member in a command)") from None


def _field(value: JavaObject, name: str, stream: DecodedStream) -> FieldValue:
    try:
        return stream.resolve(value.field(name))
    except KeyError:
        raise ProtocolError(f"{value.class_name} has no field {name!r}") from None


def _elements(value: JavaObject, name: str, stream: DecodedStream) -> tuple[FieldValue, ...] | None:
    array = _field(value, name, stream)
    if array is None:
        return None
    if not isinstance(array, JavaArray) or isinstance(array.elements, bytes):
        raise ProtocolError(f"{name!r} of {value.class_name} is not an array of objects")
    return tuple(stream.resolve(element) for element in array.elements)


def _strings(value: JavaObject, name: str, stream: DecodedStream) -> tuple[str, ...] | None:
    elements = _elements(value, name, stream)
    if elements is None:
        return None
    strings = tuple(element for element in elements if isinstance(element, str))
    if len(strings) != len(elements):
        raise ProtocolError(f"{name!r} of {value.class_name} does not hold strings only")
    return strings


def _join_group(value: JavaObject, stream: DecodedStream) -> JoinGroupCommand:
    log = _field(value, "log", stream) if value.description.fields else None
    return JoinGroupCommand(has_logger=log is not None)


def _member_list(value: JavaObject, stream: DecodedStream) -> MemberListCommand:
    elements = _elements(value, "members", stream) or ()
    return MemberListCommand(tuple(_member_from_java(element, stream) for element in elements))


def _member_joined(value: JavaObject, stream: DecodedStream) -> MemberJoinedCommand:
    return MemberJoinedCommand(_member_from_java(_field(value, "member", stream), stream))


def _get_configuration(value: JavaObject, stream: DecodedStream) -> GetConfigurationCommand:
    return GetConfigurationCommand(_strings(value, "serviceGroupNames", stream))


def _get_configuration_response(value: JavaObject, stream: DecodedStream) -> GetConfigurationResponseCommand:
    return GetConfigurationResponseCommand(_strings(value, "serviceGroups", stream))


def _get_state(_value: JavaObject, _stream: DecodedStream) -> GetStateCommand:
    return GetStateCommand()


def _get_state_response(value: JavaObject, stream: DecodedStream) -> GetStateResponseCommand:
    elements = _elements(value, "commands", stream)
    if elements is None:
        return GetStateResponseCommand(None)
    return GetStateResponseCommand(
        tuple(each.class_name if isinstance(each, JavaObject) else "null" for each in elements)
    )


_MEMBER_CLASSES: Final = (classes.MEMBER_IMPL.name, classes.STATIC_MEMBER.name)
_DECODERS: Final[dict[str, Callable[[JavaObject, DecodedStream], Payload]]] = {
    classes.JOIN_GROUP.name: _join_group,
    classes.MEMBER_LIST.name: _member_list,
    classes.MEMBER_JOINED.name: _member_joined,
    classes.GET_CONFIGURATION.name: _get_configuration,
    classes.GET_CONFIGURATION_RESPONSE.name: _get_configuration_response,
    classes.GET_STATE.name: _get_state,
    classes.GET_STATE_RESPONSE.name: _get_state_response,
}
