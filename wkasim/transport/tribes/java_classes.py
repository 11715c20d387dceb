"""The classes that cluster messages are made of, described as real nodes describe them.

Names, versions and fields are those of captured traffic (Axis2 trunk of 2012-08 on Tribes 7.0.8), except for
the two GetState commands, which no capture has: their versions are computed from the sources by the rule of
the Java Object Serialization Specification 4.6, which gives the captured number for each captured class whose
version is computed.
"""

from __future__ import annotations

from typing import Final

from wkasim.transport.tribes.java_values import (
    EXTERNALIZABLE,
    SERIALIZABLE,
    ClassDescription,
    FieldDescription,
    array_of,
)

__all__ = [
    "CLUSTERING_COMMAND",
    "CONTROL_COMMAND",
    "GET_CONFIGURATION",
    "GET_CONFIGURATION_RESPONSE",
    "GET_STATE",
    "GET_STATE_RESPONSE",
    "JDK14_LOGGER",
    "JOIN_GROUP",
    "MEMBER_ARRAY",
    "MEMBER_IMPL",
    "MEMBER_JOINED",
    "MEMBER_LIST",
    "NO_RPC_CHANNEL_REPLY",
    "RPC_MESSAGE",
    "STATE_ARRAY",
    "STATIC_MEMBER",
    "STRING_ARRAY",
]

_TRIBES: Final = "org.apache.catalina.tribes"
_CLUSTERING: Final = "org.apache.axis2.clustering"
_MEMBER: Final = f"{_TRIBES}.Member"
_STATE_COMMAND: Final = f"{_CLUSTERING}.state.StateClusteringCommand"
_STRING: Final = "java.lang.String"


def _signature(type_name: str) -> str:
    return f"L{type_name.replace('.', '/')};"


def _control(name: str, serial_version_uid: int, *fields: FieldDescription) -> ClassDescription:
    return ClassDescription(f"{_CLUSTERING}.control.{name}", serial_version_uid, SERIALIZABLE, fields, CONTROL_COMMAND)


def _object(name: str, type_name: str) -> FieldDescription:
    return FieldDescription("L", name, _signature(type_name))


def _array(name: str, type_name: str) -> FieldDescription:
    return FieldDescription("[", name, f"[{_signature(type_name)}")


RPC_MESSAGE: Final = ClassDescription(f"{_TRIBES}.group.RpcMessage", 8154458786660410633, EXTERNALIZABLE)
NO_RPC_CHANNEL_REPLY: Final = ClassDescription(
    f"{_TRIBES}.group.RpcMessage$NoRpcChannelReply",
    8911374288427899814,
    EXTERNALIZABLE,
    superclass=RPC_MESSAGE,
)
MEMBER_IMPL: Final = ClassDescription(f"{_TRIBES}.membership.MemberImpl", -3747696661765742913, EXTERNALIZABLE)
STATIC_MEMBER: Final = ClassDescription(
    f"{_TRIBES}.membership.StaticMember", -6690656311635953503, EXTERNALIZABLE, superclass=MEMBER_IMPL
)
MEMBER_ARRAY: Final = array_of(_MEMBER, 6828688949895838012)
STRING_ARRAY: Final = array_of(_STRING, -5921575005990323385)
STATE_ARRAY: Final = array_of(_STATE_COMMAND, -8008818882859007036)

CLUSTERING_COMMAND: Final = ClassDescription(f"{_CLUSTERING}.ClusteringCommand", 6718700600497168213, SERIALIZABLE)
CONTROL_COMMAND: Final = ClassDescription(
    f"{_CLUSTERING}.control.ControlCommand", -1752750465427515080, SERIALIZABLE, superclass=CLUSTERING_COMMAND
)
JOIN_GROUP: Final = _control(
    "wka.JoinGroupCommand", -1811493368515869247, _object("log", "org.apache.commons.logging.Log")
)
MEMBER_LIST: Final = _control("wka.MemberListCommand", 5687720124889269491, _array("members", _MEMBER))
MEMBER_JOINED: Final = _control("wka.MemberJoinedCommand", -6596472883950279349, _object("member", _MEMBER))
GET_CONFIGURATION: Final = _control(
    "GetConfigurationCommand", 8931231650732996832, _array("serviceGroupNames", _STRING)
)
GET_CONFIGURATION_RESPONSE: Final = _control(
    "GetConfigurationResponseCommand", -4412414404534368082, _array("serviceGroups", _STRING)
)
GET_STATE: Final = _control("GetStateCommand", -4672184607931422994, _array("commands", _STATE_COMMAND))
GET_STATE_RESPONSE: Final = _control(
    "GetStateResponseCommand", -6386279311401107461, _array("commands", _STATE_COMMAND)
)
JDK14_LOGGER: Final = ClassDescription(
    "org.apache.commons.logging.impl.Jdk14Logger",
    4784713551416303804,
    SERIALIZABLE,
    (_object("name", _STRING),),
)
"""The logger that stands in a JOIN. Quirk: the Java class forgot to make the field static, so a logger
travels with
every JOIN and a receiver that logs otherwise cannot read it (docs/protocol.md, defect D17)."""
