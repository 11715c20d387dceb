"""Java's "modified UTF-8": NUL takes two bytes, and what lies beyond the basic plane takes two surrogates."""

from __future__ import annotations

from wkasim.transport.tribes.cursor import WireFormatError

__all__ = ["decode_modified_utf8", "encode_modified_utf8"]


def decode_modified_utf8(data: bytes, offset: int, what: str) -> str:
    """The text of these bytes; lone surrogates, which Java allows, are kept."""
    if data.isascii():
        return data.decode("ascii")
    try:
        if max(data) >= 0xF0:
            raise ValueError
        units = data.replace(b"\xc0\x80", b"\x00").decode("utf-8", "surrogatepass")
    except ValueError:
        raise WireFormatError(offset, f"{what} is not modified UTF-8") from None
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def encode_modified_utf8(text: str) -> bytes:
    """The bytes of a text."""
    if text.isascii() and "\0" not in text:
        return text.encode("ascii")
    pairs = text.encode("utf-16-le", "surrogatepass")
    units = "".join(chr(pairs[at] | pairs[at + 1] << 8) for at in range(0, len(pairs), 2))
    return units.encode("utf-8", "surrogatepass").replace(b"\x00", b"\xc0\x80")
