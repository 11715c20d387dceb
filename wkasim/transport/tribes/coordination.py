"""The coordinator's messages, probes and pings: what is no object and is known by its first bytes.

A coordination message of Tribes' NonBlockingCoordinator::

    header[16] | int32 n | leader[n] | int32 n | source[n] | int32 count | count x (int32 n | member[n])
               | view id[16] | type[16]

A probe says "are you there" and a ping "I am here". Both are constants of 64 bytes that nobody answers: the
failure detector is content when it could connect and write (docs/protocol.md, "Failure detection").
"""

from __future__ import annotations

import struct
from enum import Enum
from typing import Final

from attrs import frozen

from wkasim.transport.tribes.cursor import Cursor
from wkasim.transport.tribes.descriptor import (
    UNIQUE_ID_BYTES,
    MemberDescriptor,
    decode_descriptor,
    encode_descriptor,
)

__all__ = [
    "ALIVE",
    "COORDINATION_HEADER",
    "MEMBER_START",
    "MEMBER_STOP",
    "PING",
    "PROBE",
    "CoordinationMessage",
    "CoordinationType",
    "decode_coordination",
    "encode_coordination",
]

COORDINATION_HEADER: Final = bytes.fromhex("aa26dee39e5a413faf86fa9263ca0d3f")

PROBE: Final = bytes.fromhex(
    "4fa77348798243c99f6f8980a15b0714 7dd9525bebf1439ab77ebe8f81671eb6"
    "3715be87457e4ca8bf0a4d1353381532 55f694b73afa407891047dd77284c0d5"
)
"""What the failure detector sends to a member that it asks after, naming that member as the sender."""

PING: Final = bytes.fromhex(
    "4fa7734879df43c99f6f8980a15b0714 7dd9525bebdf439ab77ebe8f81671eb6"
    "3715be8745214ca8bf0a4d1353381532 55f694b73adf217891047dd77284c0d5"
)
"""What TcpPingInterceptor sends where there is no failure detector below it; never seen in this scheme."""

ALIVE: Final = bytes.fromhex(
    "4f87e7f1c505405eb37189a83472c8d2 ee660a2281f74773ba489b5848847f6f"
    "4a4c8c326f674103b333dd00777509e6 7732b5979a244f25bcac850fea936ac9"
)
"""What the coordinator would send to ask after a member; it only connects, so this is never seen either."""

MEMBER_START: Final = b"Local StaticMember Notification Data"
"""What the static membership of newer releases (7.0.109, 9.0) tells its members when it starts."""

MEMBER_STOP: Final = b"Local StaticMember Shutdown Data"
"""What the static membership of newer releases tells its members when it stops."""

_INT32: Final = struct.Struct(">i")


class CoordinationType(Enum):
    """What a coordination message asks for."""

    REQUEST = bytes.fromhex("68a1a4d672dc47edb1147a65ffd0cf1e")
    """Travels from member to member and collects the view."""
    CONFIRMATION = bytes.fromhex("43586baa45174cbaa5e9a9e783564b14")
    """The leader tells everybody the view that was agreed on."""


@frozen(slots=True, cache_hash=True)
class CoordinationMessage:
    """An election: who leads, who began it, the view so far, and the view's id."""

    leader: MemberDescriptor
    source: MemberDescriptor
    members: tuple[MemberDescriptor, ...]
    view_id: bytes
    type: CoordinationType


def encode_coordination(message: CoordinationMessage) -> bytes:
    """The message's bytes."""
    blocks = [_block(message.leader), _block(message.source), _INT32.pack(len(message.members))]
    blocks += (_block(member) for member in message.members)
    return b"".join((COORDINATION_HEADER, *blocks, message.view_id, message.type.value))


def decode_coordination(data: bytes, *, base: int = 0) -> CoordinationMessage:
    """Read a coordination message; errors count from ``base``."""
    cursor = Cursor(data, base=base)
    cursor.expect(COORDINATION_HEADER, "the header of a coordination message")
    leader, source = _member(cursor, "the leader"), _member(cursor, "the source")
    count = cursor.int32("the number of members")
    # A member takes a hundred bytes; the loop ends at the first that is not there.
    if not 0 <= count <= cursor.remaining:
        cursor.fail(f"a view of {count} members, {cursor.remaining} bytes are left", back=4)
    members = tuple(_member(cursor, "a member of the view") for _ in range(count))
    view_id = cursor.take(UNIQUE_ID_BYTES, "a view's id")
    kind = cursor.take(UNIQUE_ID_BYTES, "the type of a coordination message")
    try:
        message_type = CoordinationType(kind)
    except ValueError:
        cursor.fail(f"no type of a coordination message is {kind.hex()}", back=UNIQUE_ID_BYTES)
    cursor.finish("a coordination message")
    return CoordinationMessage(leader, source, members, view_id, message_type)


def _block(member: MemberDescriptor) -> bytes:
    block = encode_descriptor(member)
    return _INT32.pack(len(block)) + block


def _member(cursor: Cursor, what: str) -> MemberDescriptor:
    at = cursor.base + cursor.position + 4
    return decode_descriptor(cursor.block(what), base=at)
