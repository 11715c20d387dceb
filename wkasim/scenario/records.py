"""Records: mappings with fixed keys that become attrs values, and mappings that begin with a verb.

They are shapes made of shapes (:mod:`wkasim.scenario.shapes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar, cast

import attrs
from attrs import field, frozen

from wkasim.scenario.shapes import Plain, Schema, Shape
from wkasim.scenario.written import BadValueError, Problems, Written, nearest

__all__ = ["Converted", "Field", "Form", "Record", "Verbs"]

T = TypeVar("T")
S = TypeVar("S")


@frozen
class Field:
    """One key of a record: what the file calls it, its shape, what it means, and the attribute it fills.

    The attribute has the key's name unless said otherwise. The default, and with it whether the key may be left out,
    is that of the attrs class, or what ``depends`` makes of the record's other values. A field that is not ``written``
    is only ever read: another one says the same.
    """

    key: str
    shape: Shape[Any]
    meaning: str
    fills: str | None = None
    depends: Callable[[Mapping[str, object]], object] | None = None
    written: bool = True

    @property
    def attribute(self) -> str:
        """The attribute of the value."""
        return self.fills or self.key

    def described(self) -> Schema:
        """The shape's schema with the meaning."""
        schema = self.shape.schema()
        return {**({"allOf": [schema]} if "$ref" in schema else schema), "description": self.meaning}


class Form(Shape[T], Protocol[T]):
    """A shape that stands under a verb."""

    @property
    def meaning(self) -> str:
        """What it is, in a sentence."""

    @property
    def alone(self) -> bool:
        """Whether the verb may stand without anything."""


@frozen
class Record(Generic[T]):
    """A mapping that becomes an attrs value.

    ``article`` names such a record in sentences. ``short`` is the key whose value may be written alone instead of the
    mapping. ``with_line`` is an attribute that is given the record's line. ``check`` looks at the finished value.
    """

    make: Callable[..., T]
    article: str
    fields: tuple[Field, ...]
    short: str | None = None
    with_line: str | None = None
    meaning: str = ""
    check: Callable[[T, Written, Problems], None] | None = None

    @property
    def alone(self) -> bool:
        """Whether no key has to be written."""
        return not self._needed()

    def _attributes(self) -> dict[str, attrs.Attribute[object]]:
        made = cast("type[attrs.AttrsInstance]", self.make)
        return {attribute.name: attribute for attribute in attrs.fields(made)}

    def _needed(self) -> dict[str, list[str]]:
        """The attributes that must be given, each with the keys that can give it."""
        attributes = self._attributes()
        keys: dict[str, list[str]] = {}
        for entry in self.fields:
            if entry.depends is None and attributes[entry.attribute].default is attrs.NOTHING:
                keys.setdefault(entry.attribute, []).append(entry.key)
        return keys

    def _required(self) -> list[str]:
        """The keys that must be written."""
        return [keys[0] for keys in self._needed().values() if len(keys) == 1]

    def read(self, written: Written, problems: Problems) -> T:
        """The value; raises BadValueError."""
        if isinstance(written.value, dict):
            return self.read_keys(written, problems)
        required = self._required()
        if written.value is None and not required:
            return self._made({}, written, problems)
        if written.value is None or self.short is None or any(key != self.short for key in required):
            keys = ", ".join(required or [entry.key for entry in self.fields]) or "nothing"
            raise problems.refuse(written.line, f"{written.kind()} is not {self.article}; write a mapping with {keys}")
        entry = next(entry for entry in self.fields if entry.key == self.short)
        return self._made({entry.attribute: entry.shape.read(written, problems)}, written, problems)

    def read_keys(self, written: Written, problems: Problems, **given: object) -> T:
        """Read the mapping; ``given`` are values that come from elsewhere."""
        assert isinstance(written.value, dict)
        entries = {entry.key: entry for entry in self.fields}
        values: dict[str, object] = dict(given)
        bad = False
        for key, item in written.value.items():
            entry = entries.get(key)
            if entry is None:
                problems.add(written.key_lines[key], f'unknown key "{key}" in {self.article}{nearest(key, entries)}')
                bad = True
                continue
            try:
                values[entry.attribute] = entry.shape.read(item, problems)
            except BadValueError:
                bad = True
        missing = [keys for keys in self._needed().values() if not any(key in written.value for key in keys)]
        if missing:
            needs = " and ".join(" or ".join(f'"{key}"' for key in keys) for keys in missing)
            problems.add(written.line, f"{self.article} needs {needs}")
            bad = True
        if bad:
            raise BadValueError
        return self._made(values, written, problems)

    def _made(self, values: dict[str, object], written: Written, problems: Problems) -> T:
        attributes = self._attributes()
        known = {**{name: _default(attribute) for name, attribute in attributes.items()}, **values}
        for entry in self.fields:
            if entry.depends is not None and entry.attribute not in values:
                values[entry.attribute] = entry.depends(known)
        if self.with_line is not None:
            values[self.with_line] = written.line
        made = self.make(**values)
        if self.check is not None:
            self.check(made, written, problems)
        return made

    def write(self, value: T) -> Plain:
        """The shortest way to write the value."""
        plain = self.write_keys(value)
        if self.short is not None and list(plain) == [self.short] and not isinstance(plain[self.short], dict):
            return plain[self.short]
        return plain

    def write_keys(self, value: T) -> dict[str, Plain]:
        """All keys whose values are not the default."""
        attributes = self._attributes()
        values = {name: getattr(value, name) for name in attributes}
        plain: dict[str, Plain] = {}
        for entry in self.fields:
            usual = entry.depends(values) if entry.depends else _default(attributes[entry.attribute])
            if entry.written and values[entry.attribute] != usual:
                plain[entry.key] = entry.shape.write(values[entry.attribute])
        return plain

    def schema(self) -> Schema:
        """What may be written: the mapping, or the one value alone."""
        full: Schema = {
            "type": "object",
            "properties": {entry.key: entry.described() for entry in self.fields},
            "additionalProperties": False,
        }
        if self.meaning:
            full["description"] = self.meaning
        required = self._required()
        if required:
            full["required"] = list(required)
        forms: list[Plain] = [full]
        short = next((entry for entry in self.fields if entry.key == self.short), None)
        if short is not None and all(key == short.key for key in required):
            forms.append(short.shape.schema())
        if not required:
            forms.append({"type": "null"})
        return full if len(forms) == 1 else {"anyOf": forms}


@frozen
class Converted(Generic[T, S]):
    """A shape whose Python value is made from that of another one."""

    shape: Shape[S]
    to: Callable[[S], T]
    back: Callable[[T], S]
    meaning: str = ""
    alone: bool = False

    def read(self, written: Written, problems: Problems) -> T:
        """The value; raises BadValueError."""
        return self.to(self.shape.read(written, problems))

    def write(self, value: T) -> Plain:
        """As the other shape writes it."""
        return self.shape.write(self.back(value))

    def schema(self) -> Schema:
        """That of the other shape."""
        return self.shape.schema()


@frozen
class Verbs(Generic[T]):
    """A mapping with one verb out of a table, and beside it the keys that every such mapping may have.

    A verb that needs nothing may stand alone: ``- heal``. ``fills`` is the attribute that gets what the verb says.
    ``other_words`` are words that people try, each with what to write instead.
    """

    envelope: Record[T]
    forms: Mapping[str, Form[Any]]
    fills: str
    what: str
    other_words: Mapping[str, str] = field(factory=dict)

    def read(self, written: Written, problems: Problems) -> T:
        """The value; raises BadValueError."""
        if isinstance(written.value, str):
            line = written.line
            written = Written({written.value: Written(None, line)}, line, key_lines={written.value: line})
        if not isinstance(written.value, dict):
            raise problems.refuse(written.line, f"{written.kind()} is no {self.what}; write one as VERB: ...")
        verb = self._verb(written, problems)
        rest = {key: item for key, item in written.value.items() if key != verb}
        said: object = None
        bad = False
        try:
            said = self.forms[verb].read(written.value[verb], problems)
        except BadValueError:
            bad = True
        beside = Written(rest, written.line, key_lines=written.key_lines)
        made = self.envelope.read_keys(beside, problems, **{self.fills: said})
        if bad:
            raise BadValueError
        return made

    def _verb(self, written: Written, problems: Problems) -> str:
        """The one verb in the mapping; raises BadValueError for none, for two, and for a key that nobody knows."""
        assert isinstance(written.value, dict)
        beside = [entry.key for entry in self.envelope.fields]
        verbs = [key for key in written.value if key in self.forms]
        others = [key for key in written.value if key not in self.forms and key not in beside]
        for key in others:
            line = written.key_lines[key]
            instead = f"; write {self.other_words[key]}" if key in self.other_words else ""
            problems.add(line, f'unknown {self.what} "{key}"{instead or nearest(key, (*self.forms, *beside))}')
        if len(verbs) > 1:
            both = " and ".join(verbs)
            problems.add(written.line, f"one {self.what} says one thing, this one says {both}; make it {len(verbs)}")
        if not verbs and not others:
            problems.add(written.line, f"this {self.what} says nothing; it needs one of {', '.join(self.forms)}")
        if others or len(verbs) != 1:
            raise BadValueError
        return verbs[0]

    def write(self, value: T) -> Plain:
        """The verb alone, or a mapping: the name as a heading, then the verb, then the rest."""
        said = getattr(value, self.fills)
        plain = self.forms[said.verb].write(said)
        beside = self.envelope.write_keys(value)
        if plain == {} and not beside:
            return str(said.verb)
        first = {key: item for key, item in beside.items() if key in ("name", "at")}
        last = {key: item for key, item in beside.items() if key not in first}
        return {**first, said.verb: None if plain == {} else plain, **last}

    def schema(self) -> Schema:
        """One form for each verb."""
        beside: dict[str, Plain] = {entry.key: entry.described() for entry in self.envelope.fields}
        choices: list[Plain] = []
        for verb, form in self.forms.items():
            properties: dict[str, Plain] = {verb: form.schema(), **beside}
            choice: Schema = {"type": "object", "description": form.meaning, "properties": properties}
            choices.append({**choice, "required": [verb], "additionalProperties": False})
        alone: list[Plain] = [verb for verb, form in self.forms.items() if form.alone]
        return {"oneOf": [*choices, {"enum": alone}] if alone else choices}


def _default(attribute: attrs.Attribute[object]) -> object:
    make = getattr(attribute.default, "factory", None)
    return attribute.default if make is None else make()
