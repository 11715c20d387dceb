"""Shapes of values in a scenario file: each reads what was written, writes it back, and gives its JSON Schema.

Because reading, writing and the published schema come from the same shape, they cannot disagree. What a whole file
looks like is put together from shapes in :mod:`wkasim.scenario.form`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from attrs import field, frozen

from wkasim.scenario.written import BadValueError, Problems, Written, nearest

__all__ = [
    "Choice",
    "Duration",
    "Flag",
    "IPv4",
    "ListOf",
    "MapOf",
    "Number",
    "OneOrMany",
    "OrNone",
    "Plain",
    "Range",
    "Schema",
    "Shape",
    "Text",
    "Whole",
    "duration_text",
    "parse_duration",
]

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""What YAML is written from."""

Schema: TypeAlias = "dict[str, Plain]"

T = TypeVar("T")

_UNITS_US: Final[Mapping[str, int]] = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_DURATION: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:us|ms|s|m|h))+")
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h)")
_LONGEST_S: Final = 366 * 86_400.0


class Shape(Protocol[T]):
    """How values of one type are written in a scenario file."""

    def read(self, written: Written, problems: Problems) -> T:
        """The value; raises BadValueError after the problem was noted."""

    def write(self, value: T) -> Plain:
        """The value as plain data."""

    def schema(self) -> Schema:
        """The JSON Schema of what may be written."""


def parse_duration(text: str) -> float | None:
    """Seconds in ``10s``, ``200ms``, ``1m30s`` or a plain number of seconds; None if it is none of them."""
    text = text.strip()
    if _DURATION.fullmatch(text):
        total_us = sum(float(number) * _UNITS_US[unit] for number, unit in _PART.findall(text))
    elif re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text):
        total_us = float(text) * 1e6
    else:
        return None
    return round(total_us) / 1e6 if total_us <= _LONGEST_S * 1e6 else None


def duration_text(seconds: float) -> str:
    """The shortest exact way to write a time: ``10s``, ``200ms``, ``2m``."""
    us = round(seconds * 1e6)
    for unit in ("m", "s", "ms"):
        if us and us % _UNITS_US[unit] == 0 and (unit != "m" or us % _UNITS_US["h"] == 0 or us < 600_000_000):
            return f"{us // _UNITS_US[unit]}{unit}"
    return f"{us}us" if us else "0s"


@frozen
class Text:
    """A text; a number where a text is meant is taken as it stands only if ``numbers`` says so.

    ``refers`` names the kind of thing that must exist under that name. ``pattern`` must match the whole text, and
    ``what`` says what it should be.
    """

    what: str = "a text"
    pattern: str | None = None
    refers: str | None = None
    numbers: bool = False
    may_be_empty: bool = False

    def read(self, written: Written, problems: Problems) -> str:
        value = written.value
        if self.numbers and isinstance(value, bool | int | float):
            value = str(value).lower() if isinstance(value, bool) else str(value)
        if not isinstance(value, str):
            raise problems.refuse(written.line, f"{written.kind()} is not {self.what}")
        if not value and not self.may_be_empty:
            raise problems.refuse(written.line, f"an empty text is not {self.what}")
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise problems.refuse(written.line, f"{written.kind()} is not {self.what}")
        if self.refers is not None:
            problems.refer(self.refers, value, written.line)
        return value

    def write(self, value: str) -> Plain:
        return value

    def schema(self) -> Schema:
        schema: Schema = {"type": ["string", "number", "boolean"] if self.numbers else "string"}
        if self.pattern is not None:
            schema["pattern"] = f"^(?:{self.pattern})$"
        elif not self.may_be_empty and not self.numbers:
            schema["minLength"] = 1
        return schema


@frozen
class IPv4:
    """A dotted IPv4 address."""

    what: str = "an IPv4 address such as 127.1.0.206"

    def read(self, written: Written, problems: Problems) -> str:
        value = written.value
        octets = value.split(".") if isinstance(value, str) else []
        if len(octets) != 4 or not all(o.isascii() and o.isdigit() and len(o) < 4 and int(o) < 256 for o in octets):
            raise problems.refuse(written.line, f"{written.kind()} is not {self.what}")
        return str(value)

    def write(self, value: str) -> Plain:
        return value

    def schema(self) -> Schema:
        return {"type": "string", "format": "ipv4"}


@frozen
class Whole:
    """A whole number between two bounds."""

    least: int
    most: int
    what: str = "a whole number"

    def read(self, written: Written, problems: Problems) -> int:
        value = written.value
        if isinstance(value, bool) or not isinstance(value, int):
            raise problems.refuse(written.line, f"{written.kind()} is not {self.what} from {self.least} to {self.most}")
        if not self.least <= value <= self.most:
            bounds = f"{self.what} goes from {self.least} to {self.most}"
            raise problems.refuse(written.line, f"{value} is out of range: {bounds}")
        return value

    def write(self, value: int) -> Plain:
        return value

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@frozen
class Number:
    """A number between two bounds, both allowed."""

    least: float
    most: float

    def read(self, written: Written, problems: Problems) -> float:
        value = written.value
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not self.least <= value <= self.most:  # type: ignore[operator]
            bounds = f"from {self.least:g} to {self.most:g}"
            raise problems.refuse(written.line, f"{written.kind()} is not a number {bounds}")
        return float(value)  # type: ignore[arg-type]

    def write(self, value: float) -> Plain:
        return int(value) if value == int(value) else value

    def schema(self) -> Schema:
        return {"type": "number", "minimum": self.least, "maximum": self.most}


@frozen
class Flag:
    """true or false."""

    def read(self, written: Written, problems: Problems) -> bool:
        if not isinstance(written.value, bool):
            raise problems.refuse(written.line, f"{written.kind()} is neither true nor false")
        return written.value

    def write(self, value: bool) -> Plain:
        return value

    def schema(self) -> Schema:
        return {"type": "boolean"}


@frozen
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    what: str = "word"

    def read(self, written: Written, problems: Problems) -> str:
        value = written.value
        if not isinstance(value, str):
            raise problems.refuse(written.line, f"{written.kind()} is not one of {', '.join(self.words)}")
        if value not in self.words:
            raise problems.refuse(written.line, f'unknown {self.what} "{value}"{nearest(value, self.words)}')
        return value

    def write(self, value: str) -> Plain:
        return value

    def schema(self) -> Schema:
        return {"enum": list(self.words)}


@frozen
class Duration:
    """A time: ``10s``, ``200ms``, ``1m``, or a plain number of seconds; in units of ``unit_s`` seconds in Python."""

    unit_s: float = 1.0

    def read(self, written: Written, problems: Problems) -> float:
        value = written.value
        seconds: float | None = None
        if isinstance(value, str):
            seconds = parse_duration(value)
        elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST_S:
            seconds = round(value * 1e6) / 1e6
        if seconds is None:
            raise problems.refuse(written.line, f"{written.kind()} is not a time; write 10s, 200ms or 1m30s")
        return seconds if self.unit_s == 1.0 else round(seconds * 1e6) / round(self.unit_s * 1e6)

    def write(self, value: float) -> Plain:
        return duration_text(value * self.unit_s)

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/duration"}


@frozen
class Range:
    """A time, or two times ``[least, most]`` from which the seed draws; milliseconds in Python."""

    def read(self, written: Written, problems: Problems) -> tuple[float, float]:
        duration = Duration(unit_s=0.001)
        if not isinstance(written.value, list):
            least = duration.read(written, problems)
            return least, least
        if len(written.value) != 2:
            raise problems.refuse(written.line, "a range has two times, the least and the most: [100us, 300us]")
        least, most = (duration.read(item, problems) for item in written.value)
        if least > most:
            wrong = f"{duration.write(least)} is more than {duration.write(most)}"
            raise problems.refuse(written.line, f"{wrong}; the least comes first")
        return least, most

    def write(self, value: tuple[float, float]) -> Plain:
        duration = Duration(unit_s=0.001)
        least, most = (duration.write(item) for item in value)
        return least if least == most else [least, most]

    def schema(self) -> Schema:
        pair: Schema = {"type": "array", "items": Duration().schema(), "minItems": 2, "maxItems": 2}
        return {"anyOf": [Duration().schema(), pair]}


@frozen
class OrNone(Generic[T]):
    """A value, or a word that stands for None."""

    item: Shape[T]
    word: str

    def read(self, written: Written, problems: Problems) -> T | None:
        return None if written.value == self.word else self.item.read(written, problems)

    def write(self, value: T | None) -> Plain:
        return self.word if value is None else self.item.write(value)

    def schema(self) -> Schema:
        return {"anyOf": [self.item.schema(), {"const": self.word}]}


@frozen
class ListOf(Generic[T]):
    """A list of values of one shape."""

    item: Shape[T]
    least: int = 0
    most: int = 10_000

    def read(self, written: Written, problems: Problems) -> tuple[T, ...]:
        if not isinstance(written.value, list):
            raise problems.refuse(
                written.line, f"{written.kind()} is not a list; begin each entry with - or write [...]"
            )
        if not self.least <= len(written.value) <= self.most:
            bound = f"at least {self.least}" if len(written.value) < self.least else f"at most {self.most}"
            raise problems.refuse(written.line, f"the list needs {bound} entries, this one has {len(written.value)}")
        return tuple(_each(self.item, written.value, problems))

    def write(self, value: tuple[T, ...]) -> Plain:
        return [self.item.write(item) for item in value]

    def schema(self) -> Schema:
        schema: Schema = {"type": "array", "items": self.item.schema()}
        if self.least:
            schema["minItems"] = self.least
        if self.most < 10_000:
            schema["maxItems"] = self.most
        return schema


@frozen
class OneOrMany(Generic[T]):
    """A list of values, or one value alone."""

    item: Shape[T]
    least: int = 1

    def read(self, written: Written, problems: Problems) -> tuple[T, ...]:
        if isinstance(written.value, list):
            return ListOf(self.item, self.least).read(written, problems)
        return (self.item.read(written, problems),)

    def write(self, value: tuple[T, ...]) -> Plain:
        return self.item.write(value[0]) if len(value) == 1 else [self.item.write(item) for item in value]

    def schema(self) -> Schema:
        return {"anyOf": [self.item.schema(), ListOf(self.item, self.least).schema()]}


@frozen
class MapOf(Generic[T]):
    """A mapping from names to values of one shape."""

    item: Shape[T]
    what: str = "a mapping"
    key: Text = field(factory=Text)
    refers: str | None = None

    def read(self, written: Written, problems: Problems) -> dict[str, T]:
        if not isinstance(written.value, dict):
            raise problems.refuse(written.line, f"{written.kind()} is not {self.what}")
        values: dict[str, T] = {}
        bad = False
        for name, item in written.value.items():
            line = written.key_lines[name]
            try:
                self.key.read(Written(name, line), problems)
                values[name] = self.item.read(item, problems)
            except BadValueError:
                bad = True
        if bad:
            raise BadValueError
        return values

    def write(self, value: Mapping[str, T]) -> Plain:
        return {name: self.item.write(item) for name, item in value.items()}

    def schema(self) -> Schema:
        schema: Schema = {"type": "object", "additionalProperties": self.item.schema()}
        if self.key.pattern is not None:
            schema["propertyNames"] = self.key.schema()
        return schema


def _each(shape: Shape[T], items: Iterable[Written], problems: Problems) -> list[T]:
    values: list[T] = []
    bad = False
    for item in items:
        try:
            values.append(shape.read(item, problems))
        except BadValueError:
            bad = True
    if bad:
        raise BadValueError
    return values
