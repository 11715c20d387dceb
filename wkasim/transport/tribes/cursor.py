"""A place in some bytes, and the error that says where they stopped making sense.

Every decoder of this package reads through a :class:`Cursor`. It never reads past its end, never allocates
what a length field promises before the bytes are there, and raises nothing but :class:`WireFormatError`.
"""

from __future__ import annotations

import struct
from typing import Final, NoReturn

from wkasim.errors import ProtocolError

__all__ = ["Cursor", "WireFormatError"]

_U16: Final = struct.Struct(">H")
_I32: Final = struct.Struct(">i")
_I64: Final = struct.Struct(">q")


class WireFormatError(ProtocolError):
    """Bytes that the Tribes wire format does not allow: where, and why."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"offset {offset}: {reason}")
        self.offset = offset
        self.reason = reason


class Cursor:
    """Reads big-endian numbers and runs of bytes from ``data``, front to back.

    ``base`` is where ``data`` begins in whatever the user looks at (a connection, a file): errors count from
    there.
    """

    __slots__ = ("base", "data", "position")

    def __init__(self, data: bytes, *, base: int = 0, position: int = 0) -> None:
        self.data = data
        self.base = base
        self.position = position

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.position

    def fail(self, reason: str, *, back: int = 0) -> NoReturn:
        """Raise the error for the place ``back`` bytes before the present one."""
        raise WireFormatError(self.base + self.position - back, reason)

    def take(self, count: int, what: str) -> bytes:
        """The next ``count`` bytes."""
        start = self.position
        if not 0 <= count <= len(self.data) - start:
            self.fail(f"{what} should have {count} bytes, {len(self.data) - start} are left")
        self.position = start + count
        return self.data[start : start + count]

    def byte(self, what: str) -> int:
        """One byte, 0 to 255."""
        if self.position >= len(self.data):
            self.fail(f"ends before {what}")
        self.position += 1
        return self.data[self.position - 1]

    def uint16(self, what: str) -> int:
        """Two bytes, unsigned."""
        return int(_U16.unpack(self.take(2, what))[0])

    def int32(self, what: str) -> int:
        """Four bytes, signed, as a Java int."""
        return int(_I32.unpack(self.take(4, what))[0])

    def int64(self, what: str) -> int:
        """Eight bytes, signed, as a Java long."""
        return int(_I64.unpack(self.take(8, what))[0])

    def block(self, what: str) -> bytes:
        """A run of bytes behind its length of four bytes."""
        data, start = self.data, self.position + 4
        if start > len(data):
            self.fail(f"ends before the length of {what}")
        count: int = _I32.unpack_from(data, self.position)[0]
        if not 0 <= count <= len(data) - start:
            self.fail(f"{what} should have {count} bytes, {len(data) - start} are left")
        self.position = start + count
        return data[start : self.position]

    def expect(self, magic: bytes, what: str) -> None:
        """Step over bytes that must stand here."""
        found = self.take(len(magic), what)
        if found != magic:
            self.fail(f"{what} should be {magic.hex(' ')}, found {found.hex(' ')}", back=len(magic))

    def finish(self, what: str) -> None:
        """Nothing may be left."""
        if self.remaining:
            self.fail(f"{self.remaining} bytes after the end of {what}")
