"""Who takes part: addresses, members, and the ways in which a member prints itself.

Identity in Tribes is address and port and nothing else (docs/protocol.md, "Identity"): two descriptors of one
address are one member, whatever domain or payload each carries. That is why :class:`Member` compares by address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from attrs import field, frozen

__all__ = ["Address", "Member", "MemberList", "absolute_order", "axis2_text", "tribes_text"]

PING_PAYLOAD = "ping"
"""What the configuration's entry of a well-known member carries instead of properties."""


class Address(NamedTuple):
    """An IPv4 address in dotted form and a TCP port."""

    ip: str
    port: int

    def __str__(self) -> str:
        return f"{self.ip}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``ip:port``; raises ValueError for anything else."""
        ip, colon, port = text.rpartition(":")
        octets = ip.split(".")
        if not colon or len(octets) != 4 or not all(o.isdigit() and int(o) < 256 for o in octets):
            raise ValueError(f"{text!r} is not an address such as 127.1.0.206:4000")
        return cls(ip, int(port))


@lru_cache(maxsize=65536)
def absolute_order(address: Address) -> tuple[int, ...]:
    """Sort key of Tribes' AbsoluteOrder: the address bytes, then the port.

    Quirk: Java bytes are signed, so 127.1.0.132 (-124) sorts before 127.1.0.206 (-50) and before 127.1.0.1.
    """
    octets = (int(octet) for octet in address.ip.split("."))
    return (*(octet - 256 if octet > 127 else octet for octet in octets), address.port)


@frozen(eq=False, slots=True)
class Member:
    """One descriptor of a cluster member; what is known about an address by whoever holds it.

    ``alive_ms`` is what Tribes calls the member's alive time. For a descriptor that came over the wire it is the
    sender's wall clock in milliseconds at encoding, for one built from the configuration it is 0, so "longest
    living" really means "encoded last" (docs/protocol.md, defect D19). ``properties`` is None for an entry that
    was built from the configuration of a peer: its payload is the word "ping" (defect D12).
    ``built_locally`` decides how Tribes prints the host.
    """

    address: Address
    domain: str
    properties: Mapping[str, str] | None = None
    alive_ms: int = 0
    built_locally: bool = False
    name: str = field(init=False)

    @name.default
    def _name(self) -> str:
        return f"{self.address.ip}:{self.address.port}({self.domain})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __str__(self) -> str:
        return self.name

    def port_property(self, key: str) -> int:
        """The HTTP or HTTPS port that the member advertises, -1 where it advertises none."""
        value = (self.properties or {}).get(key, "").strip()
        return int(value) if value.lstrip("-").isdigit() else -1


class MemberList:
    """An ordered list of members, as Java's ArrayList keeps it: duplicates are possible, order is arrival.

    Quirk: nothing synchronises the real list, so a check and a later addition can enclose somebody else's
    addition; that leaves a duplicate (defect D18). The list allows it, and `contains` stays fast.
    """

    __slots__ = ("_count", "_members")

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self._members: list[Member] = []
        self._count: dict[Address, int] = {}
        for member in members:
            self.add(member)

    def __contains__(self, member: Member) -> bool:
        return member.address in self._count

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, index: int) -> Member:
        return self._members[index]

    def add(self, member: Member) -> None:
        """Append, whether or not the address is there already."""
        self._members.append(member)
        self._count[member.address] = self._count.get(member.address, 0) + 1

    def remove(self, member: Member) -> bool:
        """Take out the first entry with this address; say whether there was one."""
        left = self._count.get(member.address, 0)
        if not left:
            return False
        for index, entry in enumerate(self._members):
            if entry.address == member.address:
                del self._members[index]
                break
        if left == 1:
            del self._count[member.address]
        else:
            self._count[member.address] = left - 1
        return True

    def clear(self) -> None:
        """Forget everybody."""
        self._members.clear()
        self._count.clear()

    def snapshot(self) -> tuple[Member, ...]:
        """The members as they are now."""
        return tuple(self._members)


def axis2_text(member: Member, *, remote_host: bool) -> str:
    """How Axis2 prints a member of a load-balanced group; the newer fork adds a remote host."""
    properties = member.properties or {}
    remote = f" Remote Host:{properties.get('remoteHost', 'null')}," if remote_host else ""
    active = properties.get("isActive", "true")
    return (
        f"Host:{member.address.ip},{remote} Port: {member.address.port}, "
        f"HTTP:{member.port_property('httpPort')}, HTTPS:{member.port_property('httpsPort')}, "
        f"Domain: {member.domain}, Sub-domain:{properties.get('subDomain', 'null')}, Active:{active}"
    )


def tribes_host(member: Member) -> str:
    """The host as Tribes prints it: dotted if built here, bytes in braces if it came over the wire."""
    if member.built_locally:
        return member.address.ip
    return "{" + ", ".join(member.address.ip.split(".")) + "}"


def tribes_text(member: Member) -> str:
    """How Tribes prints a member descriptor, payload and domain as lists of bytes."""
    host, port = tribes_host(member), member.address.port
    zeros = "0 " * 16
    return (
        f"org.apache.catalina.tribes.membership.MemberImpl[tcp://{host}:{port},{host},{port}, "
        f"alive={member.alive_ms}, securePort=-1, UDP Port=-1, id={{{zeros}}}, "
        f"payload={_bytes_text(payload_bytes(member))}, command={{}}, domain={_bytes_text(member.domain.encode())}, ]"
    )


def payload_bytes(member: Member) -> bytes:
    """The payload: the word "ping", or the properties in the form of java.util.Properties."""
    if member.properties is None:
        return PING_PAYLOAD.encode()
    return "".join(f"{key}={value}\n" for key, value in member.properties.items()).encode()


def _bytes_text(data: bytes) -> str:
    shown = " ".join(str(byte - 256 if byte > 127 else byte) for byte in data[:9])
    tail = f" ...({len(data)})" if len(data) > 9 else " "
    return "{" + shown + tail + "}"
