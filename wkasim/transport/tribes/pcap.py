"""TCP segments out of a capture file, read with dpkt; everything else in the file is passed over.

The file is untrusted: a record that claims more than :data:`LARGEST_READ` bytes ends the reading, and a
packet that dpkt cannot take apart is skipped, as a packet of another protocol is.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from types import ModuleType
from typing import Any, BinaryIO, Final, Protocol, TypeAlias

from attrs import frozen

from wkasim.errors import InputError
from wkasim.transport.tribes.cursor import WireFormatError

__all__ = ["LARGEST_READ", "Segment", "is_capture", "read_segments"]

LARGEST_READ: Final = 1 << 20
"""The largest record in bytes that is read from a capture file; a packet has 64 KiB at most."""

_MAGICS: Final = ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a")
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10


class _Packet(Protocol):
    """What dpkt makes of bytes; it has no types of its own."""

    data: Any


_Parser: TypeAlias = Callable[[bytes], _Packet]


@frozen(slots=True)
class Segment:
    """One TCP segment; the time in microseconds since 1970, addresses as ``ip:port``."""

    time_us: int
    source: str
    destination: str
    sequence: int
    data: bytes
    opens: bool
    accepts: bool
    ends: bool
    resets: bool


def is_capture(beginning: bytes) -> bool:
    """Whether a file that begins so is a pcap or pcapng file."""
    return beginning[:4].hex() in _MAGICS


def read_segments(file: BinaryIO) -> Iterator[Segment]:
    """The TCP segments of a capture, in its order.

    Raises InputError if dpkt is not installed, and WireFormatError naming the offset in the file where it is
    damaged.
    """
    dpkt = _dpkt()
    bounded = _BoundedFile(file)
    try:
        reader = dpkt.pcap.UniversalReader(bounded)
        link = _link_layer(dpkt, reader.datalink())
        for time_s, packet in reader:
            segment = _segment(dpkt, link, round(time_s * 1_000_000), packet)
            if segment is not None:
                yield segment
    except (dpkt.Error, ValueError) as error:
        raise WireFormatError(bounded.last, f"the capture is damaged: {error or type(error).__name__}") from None


def _dpkt() -> ModuleType:
    try:
        return importlib.import_module("dpkt")
    except ImportError:
        raise InputError("reading a capture needs dpkt, which is not installed: pip install 'wkasim[tcp]'") from None


class _BoundedFile:
    """A file that refuses to read what would not be a packet, and knows where its last read began."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.name = "capture"
        self.last = 0

    def read(self, count: int) -> bytes:
        self.last = self._file.tell()
        if not 0 <= count <= LARGEST_READ:
            raise ValueError(f"a record of {count} bytes")
        found = self._file.read(count)
        if found and len(found) < count:
            raise ValueError(f"a record of {count} bytes, {len(found)} are left")
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return -1


def _link_layer(dpkt: ModuleType, link: int) -> _Parser:
    layers: dict[int, _Parser] = {
        0: dpkt.loopback.Loopback,
        1: dpkt.ethernet.Ethernet,
        12: dpkt.ip.IP,
        101: dpkt.ip.IP,
        108: dpkt.loopback.Loopback,
        113: dpkt.sll.SLL,
        228: dpkt.ip.IP,
        229: dpkt.ip6.IP6,
        276: dpkt.sll2.SLL2,
    }
    if link not in layers:
        raise ValueError(f"its packets are of link type {link}; known are {', '.join(map(str, layers))}")
    return layers[link]


def _segment(dpkt: ModuleType, link: _Parser, time_us: int, packet: bytes) -> Segment | None:
    try:
        frame = link(packet)
        network = frame if isinstance(frame, dpkt.ip.IP | dpkt.ip6.IP6) else frame.data
        tcp = network.data
        if not isinstance(network, dpkt.ip.IP | dpkt.ip6.IP6) or not isinstance(tcp, dpkt.tcp.TCP):
            return None
        return Segment(
            time_us,
            f"{ip_address(network.src)}:{tcp.sport}",
            f"{ip_address(network.dst)}:{tcp.dport}",
            tcp.seq,
            bytes(tcp.data),
            opens=bool(tcp.flags & _SYN and not tcp.flags & _ACK),
            accepts=bool(tcp.flags & _SYN and tcp.flags & _ACK),
            ends=bool(tcp.flags & _FIN),
            resets=bool(tcp.flags & _RST),
        )
    except Exception:
        # dpkt promises its own errors and raises many others for packets that lie about their lengths.
        return None
