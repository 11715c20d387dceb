"""Member descriptors: bytes and back, members and back."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given

from tests.transport.tribes import strategies
from wkasim.errors import ProtocolError
from wkasim.members import Address, Member
from wkasim.transport.tribes.cursor import WireFormatError
from wkasim.transport.tribes.descriptor import MemberDescriptor, decode_descriptor, encode_descriptor

MANAGER = bytes.fromhex(
    "5452494245532d420100 00000081 000001a2033bdeb2 00000fa1 ffffffff ffffffff 04 7f0100ce 00000000"
    "0000000f 77736f322e6573622e646f6d61696e 00000000000000000000000000000000 0000003d"
    "230a2353756e204e6f762032322031323a32393a34352055544320323032360a68747470506f72743d383238300a"
    "6874747073506f72743d383234330a 5452494245532d450100"
)
MEMBER = Member(
    Address("127.1.0.206", 4001), "wso2.esb.domain", {"httpPort": "8280", "httpsPort": "8243"}, alive_ms=1795350585010
)


def same(one: Member, other: Member) -> bool:
    """Members are equal when their addresses are; here everything counts."""
    return (one.address, one.domain, one.properties, one.alive_ms, one.built_locally) == (
        other.address,
        other.domain,
        other.properties,
        other.alive_ms,
        other.built_locally,
    )


def test_from_member_equals_captured_bytes() -> None:
    descriptor = MemberDescriptor.from_member(MEMBER, stored_ms=1795350585010)
    assert encode_descriptor(descriptor) == MANAGER


def test_to_member_of_captured_bytes_is_the_member() -> None:
    assert same(decode_descriptor(MANAGER).to_member(), MEMBER)


def test_member_without_properties_is_the_ping_of_the_configuration() -> None:
    member = Member(Address("127.1.0.206", 4000), "wso2.esb.domain")
    descriptor = MemberDescriptor.from_member(member, is_static=True)
    assert descriptor.payload == b"ping"
    assert descriptor.is_static
    assert descriptor.to_member().properties is None


def test_member_with_empty_payload_has_no_properties_but_is_no_ping() -> None:
    assert MemberDescriptor(b"\x7f\x00\x00\x01", 4000).to_member().properties == {}


@given(strategies.members)
def test_member_survives_the_wire(member: Member) -> None:
    block = encode_descriptor(MemberDescriptor.from_member(member, stored_ms=1795350585010))
    assert same(decode_descriptor(block).to_member(), member)


@given(strategies.descriptors)
def test_descriptor_survives_the_wire(descriptor: MemberDescriptor) -> None:
    block = encode_descriptor(descriptor)
    assert decode_descriptor(block, is_static=descriptor.is_static) == descriptor
    # Once from memory and once anew give the same.
    assert encode_descriptor(evolve(descriptor)) == block


@pytest.mark.parametrize(
    ("descriptor", "complaint"),
    [
        (MemberDescriptor(bytes(16), 4000), "a member's host has 16 bytes; an IPv4 address has 4"),
        (MemberDescriptor(bytes(4), 70000), "a member's port is 70000; a TCP port is 0 to 65535"),
        (MemberDescriptor(bytes(4), -1), "a member's port is -1; a TCP port is 0 to 65535"),
    ],
)
def test_to_member_of_what_is_none_of_ours_is_refused(descriptor: MemberDescriptor, complaint: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        descriptor.to_member()
    assert str(caught.value) == complaint


def test_domain_that_is_not_utf8_is_read_as_latin1() -> None:
    assert MemberDescriptor(bytes(4), 4000, domain=b"dom\xe4ne").domain_text == "dom\xe4ne"
    assert MemberDescriptor(bytes(4), 4000, domain="dom\xe4ne".encode()).domain_text == "dom\xe4ne"


def damaged(at: int, with_bytes: bytes) -> bytes:
    return MANAGER[:at] + with_bytes + MANAGER[at + len(with_bytes) :]


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        (b"", "offset 100: the beginning of a member should have 10 bytes, 0 are left"),
        (
            damaged(0, b"X"),
            (
                "offset 100: the beginning of a member should be 54 52 49 42 45 53 2d 42 01 00, "
                "found 58 52 49 42 45 53 2d 42 01 00"
            ),
        ),
        (MANAGER + b"X", "offset 110: a member of 129 bytes in a block with 130"),
        (MANAGER[:-1], "offset 110: a member of 129 bytes in a block with 128"),
        (damaged(34, b"\xff"), "offset 134: a member's host of -1 bytes"),
        (damaged(34, b"\x7f"), "offset 135: a member's host should have 127 bytes, 118 are left"),
        (damaged(39, b"\x7f"), "offset 139: a member's command should have 2130706432 bytes, 110 are left"),
        (damaged(43, b"\xff"), "offset 143: a member's domain should have -16777201 bytes, 106 are left"),
        (
            damaged(len(MANAGER) - 1, b"X"),
            (
                "offset 243: the end of a member should be 54 52 49 42 45 53 2d 45 01 00, "
                "found 54 52 49 42 45 53 2d 45 01 58"
            ),
        ),
    ],
)
def test_damaged_descriptor_is_refused_with_its_offset(block: bytes, complaint: str) -> None:
    with pytest.raises(WireFormatError) as caught:
        decode_descriptor(block, base=100)
    assert str(caught.value) == complaint
