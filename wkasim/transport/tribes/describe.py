"""Captured messages in words: a record as plain data for JSON, and as lines for people.

What a peer put into a message is shown in printable ASCII only, whatever it was.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from attrs import define, field

from wkasim.errors import ProtocolError
from wkasim.transport.tribes import commands
from wkasim.transport.tribes.capture import CapturedFrame, ConnectionEvent
from wkasim.transport.tribes.channel_data import ChannelData, option_names
from wkasim.transport.tribes.coordination import CoordinationMessage
from wkasim.transport.tribes.descriptor import MemberDescriptor
from wkasim.transport.tribes.frames import FRAME_OVERHEAD
from wkasim.transport.tribes.message import ByteMessage, Message, Signal
from wkasim.transport.tribes.rpc import ForeignMessage, NoRpcChannelReply, RpcMessage

__all__ = ["Describer", "Description", "Fact", "describe_member", "describe_message"]

Fact: TypeAlias = "str | int | bool | list[Fact] | dict[str, Fact] | None"
Description: TypeAlias = dict[str, Fact]
"""Plain data, ready for JSON."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_REQUESTS: Final = 4096
_INDENT: Final = " " * 17
_PAYLOAD_LABELS: Final = {
    commands.JoinGroupCommand: "JOIN",
    commands.MemberListCommand: "MEMBER_LIST",
    commands.MemberJoinedCommand: "MEMBER_JOINED",
    commands.GetConfigurationCommand: "GET_CONFIGURATION",
    commands.GetConfigurationResponseCommand: "GET_CONFIGURATION_RESPONSE",
    commands.GetStateCommand: "GET_STATE",
    commands.GetStateResponseCommand: "GET_STATE_RESPONSE",
    str: "TEXT",
    type(None): "EMPTY",
}


def describe_member(member: MemberDescriptor) -> Description:
    """A member descriptor, field by field; bytes that are not text in hexadecimal."""
    try:
        host = str(member.address.ip)
    except ProtocolError:
        host = member.host.hex()
    return {
        "host": host,
        "port": member.port,
        "domain": member.domain_text,
        "alive_ms": member.alive_ms,
        "secure_port": member.secure_port,
        "udp_port": member.udp_port,
        "command": member.command.hex(),
        "unique_id": member.unique_id.hex(),
        "payload": member.payload.decode("latin-1"),
        "properties": _properties(member),
        "static": member.is_static,
    }


def describe_message(message: Message) -> Description:
    """What a message says: its kind, its label, and what belongs to the kind."""
    match message:
        case Signal():
            return {"kind": "signal", "label": message.name}
        case CoordinationMessage(leader, source, members, view_id, message_type):
            return {
                "kind": "coordination",
                "label": f"COORDINATION_{message_type.name}",
                "leader": describe_member(leader),
                "source": describe_member(source),
                "members": [describe_member(member) for member in members],
                "view_id": view_id.hex(),
            }
        case RpcMessage(reply, rpc_id, channel, payload):
            rpc: Description = {
                "kind": "rpc",
                "label": _label(payload),
                "reply": reply,
                "rpc_id": rpc_id.hex(),
                "channel": channel.decode("latin-1"),
            }
            return rpc | _describe_payload(payload)
        case NoRpcChannelReply(rpc_id, channel):
            return {
                "kind": "rpc",
                "label": "NO_RPC_CHANNEL",
                "reply": True,
                "rpc_id": rpc_id.hex(),
                "channel": channel.decode("latin-1"),
            }
        case ForeignMessage(class_name):
            return {"kind": "object", "label": "OBJECT", "class": class_name}
        case ByteMessage(data):
            return {"kind": "bytes", "label": "BYTES", "size": len(data)}


def _label(payload: commands.Payload) -> str:
    return _PAYLOAD_LABELS.get(type(payload), "OBJECT")


def _describe_payload(payload: commands.Payload) -> Description:
    match payload:
        case str():
            return {"text": payload}
        case commands.MemberListCommand(members):
            return {"members": [describe_member(member) for member in members]}
        case commands.MemberJoinedCommand(member):
            return {"members": [describe_member(member)]}
        case commands.GetConfigurationResponseCommand(groups) if groups is not None:
            return {"service_groups": list(groups)}
        case commands.GetStateResponseCommand(classes) if classes is not None:
            return {"classes": list(classes)}
        case commands.ForeignObject(class_name):
            return {"class": class_name}
    return {}


def _properties(member: MemberDescriptor) -> Fact:
    try:
        properties = member.to_member().properties
    except ProtocolError:
        return None
    return None if properties is None else dict(properties)


@define(slots=True)
class Describer:
    """Describes records in their order and remembers requests, so that a reply says what it answers."""

    _requests: dict[str, tuple[str, int | None]] = field(init=False, factory=dict)

    def data(self, record: CapturedFrame | ConnectionEvent) -> Description:
        """The record as plain data. Times are microseconds since 1970, sizes and offsets bytes."""
        facts: Description = {
            "time_us": record.time_us,
            "connection": record.connection,
            "from": record.source,
            "to": record.destination,
        }
        if isinstance(record, ConnectionEvent):
            return facts | {"frame": "none", "event": record.event}
        facts |= {"offset": record.frame.offset, "bytes": len(record.frame.data) + FRAME_OVERHEAD}
        if record.data is None or record.message is None:
            negative = record.frame.is_negative_acknowledgement
            return facts | {"frame": "negative acknowledgement" if negative else "acknowledgement"}
        facts |= {"frame": "message"} | _envelope(record.data)
        message = describe_message(record.message)
        return facts | message | self._answers(message, record.time_us)

    def lines(self, record: CapturedFrame | ConnectionEvent) -> list[str]:
        """The record as lines for people."""
        facts = self.data(record)
        if record.time_us is None:
            head = f"offset {facts['offset']:<8}"
        else:
            route = f"{record.source} -> {record.destination}"
            head = f"{_clock(record.time_us)}  #{record.connection:<4}{route:<36}"
        first, *rest = _body(facts)
        return [f"{head}  {first}"] + [_INDENT + line for line in rest]

    def _answers(self, message: Description, time_us: int | None) -> Description:
        """Remember a request, or find the request that a reply answers."""
        rpc_id, label = message.get("rpc_id"), message["label"]
        if not isinstance(rpc_id, str) or not isinstance(label, str):
            return {}
        if not message["reply"]:
            if len(self._requests) >= _MOST_REQUESTS:
                del self._requests[next(iter(self._requests))]
            self._requests[rpc_id] = (label, time_us)
            return {}
        asked, asked_us = self._requests.get(rpc_id, (None, None))
        after = None if time_us is None or asked_us is None else time_us - asked_us
        return {"answers": asked, "after_us": after}


def _envelope(data: ChannelData) -> Description:
    return {
        "options": data.options,
        "option_names": option_names(data.options),
        "timestamp_ms": data.timestamp_ms,
        "message_id": data.unique_id.hex(),
        "order": data.order_number,
        "sender": describe_member(data.sender),
    }


def _clock(time_us: int) -> str:
    """The time of day in UTC."""
    return f"{_EPOCH + timedelta(microseconds=time_us % 86_400_000_000):%H:%M:%S.%f}"


def _body(facts: Description) -> list[str]:
    """What happened, then whom it concerns; the first line without its head."""
    if facts["frame"] != "message":
        return [_plain(facts.get("event") or str(facts["frame"]).upper())]
    size = f"{facts['bytes']} bytes"
    options = f", options {facts['option_names']}" if facts["options"] else ""
    lines = [f"{_title(facts)}, {size}{options}", f"{_sender_word(facts)} {_member_line(facts['sender'])}"]
    lines += [f"{role:<7} {_member_line(facts[role])}" for role in ("leader", "source") if role in facts]
    members = facts.get("members")
    if isinstance(members, list):
        lines += [f"member  {_member_line(member)}" for member in members]
    return lines


def _sender_word(facts: Description) -> str:
    """A probe names its target as the sender."""
    return "about  " if facts["label"] == "PROBE" else "sender "


def _title(facts: Description) -> str:
    label = _plain(facts["label"])
    if "text" in facts:
        label += f' "{_plain(facts["text"])}"'
    if "class" in facts:
        label += f" {_plain(facts['class'])}"
    for many in ("service_groups", "classes"):
        names = facts.get(many)
        if isinstance(names, list):
            label += f" [{', '.join(map(_plain, names))}]"
    if facts["kind"] != "rpc":
        return label
    request = f"{_plain(facts['rpc_id'])[:8]} on {_plain(facts['channel'])}"
    if not facts["reply"]:
        return f"{label} request {request}"
    answered = f" to {facts['answers']}" if facts["answers"] else ""
    after = facts["after_us"]
    late = f" after {after / 1000:.1f} ms" if isinstance(after, int) else ""
    return f"{label} reply{answered} {request}{late}"


def _member_line(member: Fact) -> str:
    assert isinstance(member, dict), "members are described by describe_member"
    properties = member["properties"]
    if isinstance(properties, dict):
        said = " ".join(f"{_plain(key)}={_plain(value)}" for key, value in properties.items())
    else:
        said = _plain(member["payload"])
    static = " (static)" if member["static"] else ""
    return f"{_plain(member['host'])}:{member['port']}({_plain(member['domain'])}){static} {said}".rstrip()


def _plain(fact: Fact) -> str:
    """Text that does nothing to a terminal."""
    text = str(fact)
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
