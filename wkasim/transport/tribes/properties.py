"""The text form of ``java.util.Properties``, which is what a member's payload holds.

A real node writes its payload with ``Properties.store``: a comment line ``#``, a comment line with the date,
then ``key=value`` lines in ISO-8859-1 with backslash escapes. Order and comments mean nothing to a reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from wkasim.errors import ProtocolError

__all__ = ["decode_properties", "encode_properties"]

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPES: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"} | {mark: f"\\{mark}" for mark in "\\=:#!"}
_UNESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_BLANK: Final = " \t\f"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_KEY: Final = re.compile(r"(?:[^\\=: \t\f]|\\.)*", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|u|.|$)", re.DOTALL)


def encode_properties(properties: Mapping[str, str], *, stored_ms: int | None = None) -> bytes:
    """The payload of a member; with ``stored_ms`` (epoch milliseconds) it has Java's comment lines."""
    lines = [] if stored_ms is None else ["#", f"#{_java_date(stored_ms)}"]
    for key, value in properties.items():
        escaped_key = _escaped(key).replace(" ", "\\ ")
        leading = "\\" if value.startswith(" ") else ""
        lines.append(f"{escaped_key}={leading}{_escaped(value)}")
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def decode_properties(payload: bytes) -> dict[str, str]:
    """The properties in a payload; a key that comes twice keeps its last value, as in Java.

    Raises ProtocolError for an escape ``\\u`` without four hexadecimal digits, the one thing that Java
    refuses too.
    """
    properties: dict[str, str] = {}
    for line in _logical_lines(payload.decode("latin-1")):
        key = _KEY.match(line)
        assert key is not None, "an empty key matches"
        separator = _SEPARATOR.match(line, key.end())
        assert separator is not None, "an empty separator matches"
        properties[_unescaped(key.group())] = _unescaped(line[separator.end() :])
    return properties


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without comments and blanks; one that ends in a backslash goes on in the next."""
    parts: list[str] = []
    for line in _LINE_END.split(text):
        stripped = line.lstrip(_BLANK)
        if not parts and (not stripped or stripped[0] in "#!"):
            continue
        continued = (len(stripped) - len(stripped.rstrip("\\"))) % 2 == 1
        parts.append(stripped[:-1] if continued else stripped)
        if not continued:
            yield from filter(None, ("".join(parts),))
            parts = []
    yield from filter(None, ("".join(parts),))


def _escaped(text: str) -> str:
    """Escapes as ``Properties.store`` writes them; a blank is left alone here."""
    return "".join(
        _ESCAPES.get(unit) or (unit if " " <= unit <= "~" else f"\\u{ord(unit):04X}") for unit in _utf16_units(text)
    )


def _utf16_units(text: str) -> Iterator[str]:
    """Java's chars: what lies beyond the basic plane counts as two."""
    for character in text:
        code = ord(character)
        if code > 0xFFFF:
            yield chr(0xD800 + ((code - 0x10000) >> 10))
            yield chr(0xDC00 + ((code - 0x10000) & 0x3FF))
        else:
            yield character


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    joined = _ESCAPE.sub(_unescape, text)
    return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _unescape(match: re.Match[str]) -> str:
    escape = match.group(1)
    if escape == "u":
        raise ProtocolError("a member's payload has an escape \\u without four hexadecimal digits")
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    return _UNESCAPES.get(escape, escape)


def _java_date(stored_ms: int) -> str:
    """What ``new Date().toString()`` gives in UTC; strftime would speak the language of the machine."""
    moment = datetime.fromtimestamp(stored_ms // 1000, tz=UTC)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:02d} {moment:%H:%M:%S} UTC {moment.year}"
