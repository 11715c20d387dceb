"""Member descriptors: how Tribes 7.0 writes a ``MemberImpl`` as bytes.

::

    "TRIBES-B" 01 00 | int32 body length | body | "TRIBES-E" 01 00
    body: int64 alive | int32 port | int32 secure port | int32 UDP port | int8 n | host[n]
          | int32 n | command[n] | int32 n | domain[n] | unique id[16] | int32 n | payload[n]

The same bytes stand for the sender in every message, for members inside Java object streams and in
coordination messages. The UDP port came with Tribes 7; Tribes 6 (the axis2-1.5 and 1.6 lines) has no such
field and is not read.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from attrs import field, frozen

from wkasim.errors import ProtocolError
from wkasim.members import PING_PAYLOAD, Address, Member
from wkasim.transport.tribes.cursor import Cursor, WireFormatError
from wkasim.transport.tribes.properties import decode_properties, encode_properties

__all__ = ["UNIQUE_ID_BYTES", "MemberDescriptor", "decode_descriptor", "encode_descriptor"]

BEGIN: Final = b"TRIBES-B\x01\x00"
END: Final = b"TRIBES-E\x01\x00"
UNIQUE_ID_BYTES: Final = 16
"""How long Tribes' ids are: of a member, of a message, of a view, of an RPC."""

_PORTS: Final = struct.Struct(">qiii")
_INT32: Final = struct.Struct(">i")
_PING: Final = PING_PAYLOAD.encode("ascii")
_CACHED: Final = 512
_CACHED_BYTES: Final = 1024
"""So many descriptors up to this size are remembered: a sender's is the same, byte for byte, in all its messages."""


@frozen(slots=True, cache_hash=True)
class MemberDescriptor:
    """A member as it stands on the wire; every field as the peer sent it, so that it can be written again.

    ``alive_ms`` is called an age by Tribes and is the sender's wall clock in epoch milliseconds in this
    scheme, for nobody sets a start time (docs/protocol.md, defect D19). ``unique_id`` is all zeros in this
    scheme. ``is_static`` says which Java class carries it inside an object stream, StaticMember or
    MemberImpl; the descriptor's own bytes do not tell.
    """

    host: bytes
    port: int
    alive_ms: int = 0
    secure_port: int = -1
    udp_port: int = -1
    command: bytes = b""
    domain: bytes = b""
    unique_id: bytes = field(default=bytes(UNIQUE_ID_BYTES))
    payload: bytes = b""
    is_static: bool = False

    @classmethod
    def from_member(cls, member: Member, *, stored_ms: int | None = None, is_static: bool = False) -> MemberDescriptor:
        """A member's descriptor; ``stored_ms`` (epoch milliseconds) dates the payload's comment."""
        properties = member.properties
        return cls(
            host=bytes(int(octet) for octet in member.address.ip.split(".")),
            port=member.address.port,
            alive_ms=member.alive_ms,
            domain=member.domain.encode("utf-8"),
            payload=_PING if properties is None else encode_properties(properties, stored_ms=stored_ms),
            is_static=is_static,
        )

    def to_member(self) -> Member:
        """The member that this describes, known from the wire.

        Raises ProtocolError if it cannot be one of ours: not an IPv4 address, no TCP port, an unreadable
        payload.
        """
        return Member(
            address=self.address,
            domain=self.domain_text,
            properties=None if self.payload == _PING else decode_properties(self.payload),
            alive_ms=self.alive_ms,
        )

    @property
    def address(self) -> Address:
        """Where the member listens; raises ProtocolError if that is not an IPv4 address and a TCP port."""
        if len(self.host) != 4:
            raise ProtocolError(f"a member's host has {len(self.host)} bytes; an IPv4 address has 4")
        if not 0 <= self.port <= 65535:
            raise ProtocolError(f"a member's port is {self.port}; a TCP port is 0 to 65535")
        return Address(".".join(map(str, self.host)), self.port)

    @property
    def domain_text(self) -> str:
        """The domain as text: UTF-8 as today's Java writes it, else ISO-8859-1, which cannot fail."""
        try:
            return self.domain.decode("utf-8")
        except UnicodeDecodeError:
            return self.domain.decode("latin-1")


def decode_descriptor(block: bytes, *, base: int = 0, is_static: bool = False) -> MemberDescriptor:
    """Read a descriptor that fills ``block`` entirely; errors count from ``base``."""
    try:
        return (_remembered if len(block) <= _CACHED_BYTES else _decode)(block, is_static)
    except WireFormatError as error:
        raise WireFormatError(base + error.offset, error.reason) from None


def encode_descriptor(descriptor: MemberDescriptor) -> bytes:
    """The bytes of a descriptor, markers included."""
    written = _WRITTEN.get(descriptor)
    if written is None:
        written = _encode(descriptor)
        if len(written) <= _CACHED_BYTES:
            if len(_WRITTEN) >= _CACHED:
                _WRITTEN.clear()
            _WRITTEN[descriptor] = written
    return written


def _encode(descriptor: MemberDescriptor) -> bytes:
    body = b"".join(
        (
            _PORTS.pack(descriptor.alive_ms, descriptor.port, descriptor.secure_port, descriptor.udp_port),
            bytes((len(descriptor.host),)),
            descriptor.host,
            _INT32.pack(len(descriptor.command)),
            descriptor.command,
            _INT32.pack(len(descriptor.domain)),
            descriptor.domain,
            descriptor.unique_id,
            _INT32.pack(len(descriptor.payload)),
            descriptor.payload,
        )
    )
    return b"".join((BEGIN, _INT32.pack(len(body)), body, END))


_WRITTEN: Final[dict[MemberDescriptor, bytes]] = {}


@lru_cache(maxsize=_CACHED)
def _remembered(block: bytes, is_static: bool) -> MemberDescriptor:
    return _decode(block, is_static)


def _decode(block: bytes, is_static: bool) -> MemberDescriptor:
    cursor = Cursor(block)
    cursor.expect(BEGIN, "the beginning of a member")
    length = cursor.int32("the length of a member")
    if length != cursor.remaining - len(END):
        cursor.fail(f"a member of {length} bytes in a block with {cursor.remaining - len(END)}", back=4)
    alive_ms, port, secure_port, udp_port = _PORTS.unpack(cursor.take(_PORTS.size, "a member's ports"))
    host_length = cursor.byte("the length of a member's host")
    if host_length > 127:
        cursor.fail(f"a member's host of {host_length - 256} bytes", back=1)
    descriptor = MemberDescriptor(
        host=cursor.take(host_length, "a member's host"),
        port=port,
        alive_ms=alive_ms,
        secure_port=secure_port,
        udp_port=udp_port,
        command=cursor.block("a member's command"),
        domain=cursor.block("a member's domain"),
        unique_id=cursor.take(UNIQUE_ID_BYTES, "a member's unique id"),
        payload=cursor.block("a member's payload"),
        is_static=is_static,
    )
    cursor.expect(END, "the end of a member")
    cursor.finish("a member")
    return descriptor
