"""Capture files, written by hand: one Ethernet packet a TCP segment."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from attrs import define

FIN, SYN, RST, ACK = 1, 2, 4, 16
CLIENT, SERVER = "127.0.0.1:50000", "127.1.0.206:4000"


def packet(source: str, destination: str, sequence: int, data: bytes = b"", flags: int = ACK) -> bytes:
    """An Ethernet packet with one TCP segment."""
    (source_ip, source_port), (ip, port) = source.split(":"), destination.split(":")
    tcp = struct.pack(">HHIIBBHHH", int(source_port), int(port), sequence % 2**32, 0, 0x50, flags, 65535, 0, 0) + data
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0)
    return bytes(12) + b"\x08\x00" + header + IPv4Address(source_ip).packed + IPv4Address(ip).packed + tcp


def pcap(packets: list[bytes], *, link: int = 1) -> bytes:
    """A capture; packet n was seen n milliseconds after 2026-11-22 12:29:45 UTC."""
    records = [
        struct.pack("<IIII", 1795350585, index * 1000, len(each), len(each)) + each
        for index, each in enumerate(packets)
    ]
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link) + b"".join(records)


@define
class Talk:
    """A connection from CLIENT to SERVER; ``packets`` are in the order of the calls."""

    packets: list[bytes]
    sequence: int = 0xFFFFFF00  # The numbers run over in the middle of the first frame.

    @classmethod
    def opened(cls) -> Talk:
        talk = cls([])
        talk.packets.append(packet(CLIENT, SERVER, talk.sequence, flags=SYN))
        talk.packets.append(packet(SERVER, CLIENT, 7, flags=SYN | ACK))
        talk.sequence += 1
        return talk

    def says(self, data: bytes) -> None:
        self.packets.append(self.segment(data))

    def segment(self, data: bytes) -> bytes:
        segment = packet(CLIENT, SERVER, self.sequence, data)
        self.sequence += len(data)
        return segment

    def ends(self) -> None:
        self.packets.append(packet(CLIENT, SERVER, self.sequence, flags=FIN | ACK))
        self.packets.append(packet(SERVER, CLIENT, 8, flags=FIN | ACK))
        self.packets.append(packet(CLIENT, SERVER, self.sequence + 1))
