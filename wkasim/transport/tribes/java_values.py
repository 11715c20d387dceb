"""What a Java object stream says, as plain values: nothing here is ever turned into an instance of anything.

A stream is a tree of these values, and stays one: where the stream refers back to something it has already
written, the tree holds a :class:`Reference`. So a tree is never larger than its bytes, a cycle is merely a
Reference, and a decoded tree encodes to the bytes that it came from. Only class descriptions and type names,
which cannot hide anything, are put in place of references to them.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import frozen

from wkasim.transport.tribes.java_codes import (
    SC_BLOCK_DATA,
    SC_EXTERNALIZABLE,
    SC_SERIALIZABLE,
    SC_WRITE_METHOD,
)

__all__ = [
    "EXTERNALIZABLE",
    "SERIALIZABLE",
    "BlockData",
    "ClassDescription",
    "ClassObject",
    "Content",
    "EnumConstant",
    "FieldDescription",
    "FieldValue",
    "JavaArray",
    "JavaObject",
    "Part",
    "Reference",
    "array_of",
]

SERIALIZABLE: Final = SC_SERIALIZABLE
"""Flags of a class whose fields are written one by one."""
EXTERNALIZABLE: Final = SC_EXTERNALIZABLE | SC_BLOCK_DATA
"""Flags of a class that writes itself, in blocks."""


@frozen(slots=True)
class FieldDescription:
    """A field: its type code, its name, and for objects and arrays (``L``, ``[``) the type's name."""

    type_code: str
    name: str
    type_name: str | None = None


@frozen(slots=True, cache_hash=True)
class ClassDescription:
    """A class as the stream describes it: name, version, flags, fields, superclass."""

    name: str
    serial_version_uid: int
    flags: int
    fields: tuple[FieldDescription, ...] = ()
    superclass: ClassDescription | None = None
    annotations: tuple[Content, ...] = ()

    @property
    def is_externalizable(self) -> bool:
        """Whether the class writes itself."""
        return bool(self.flags & SC_EXTERNALIZABLE)

    @property
    def has_write_method(self) -> bool:
        """Whether the class appends something of its own behind its fields."""
        return bool(self.flags & SC_WRITE_METHOD)

    def lineage(self) -> list[ClassDescription]:
        """This class and its superclasses, the topmost first."""
        chain: list[ClassDescription] = []
        description: ClassDescription | None = self
        while description is not None:
            chain.append(description)
            description = description.superclass
        return chain[::-1]


@frozen(slots=True)
class Reference:
    """Something that the stream has already written, by number; see ``DecodedStream.resolve``."""

    handle: int


@frozen(slots=True)
class BlockData:
    """Bytes that a class wrote by itself; adjacent blocks are one."""

    data: bytes


@frozen(slots=True)
class Part:
    """One class's share of an object: its fields' values, and what its write method appended."""

    values: tuple[FieldValue, ...] = ()
    annotations: tuple[Content, ...] = ()


@frozen(slots=True)
class JavaObject:
    """An object: a serializable one has a part a class, topmost first, an externalizable one ``external``."""

    description: ClassDescription
    parts: tuple[Part, ...] = ()
    external: tuple[Content, ...] = ()

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return self.description.name

    def field(self, name: str) -> FieldValue:
        """The value of a field, of the most derived class that has it; raises KeyError if none has."""
        lineage = self.description.lineage() if self.parts else []
        for description, part in zip(reversed(lineage), reversed(self.parts), strict=True):
            for described, value in zip(description.fields, part.values, strict=True):
                if described.name == name:
                    return value
        raise KeyError(name)


@frozen(slots=True)
class JavaArray:
    """An array; the elements of ``byte[]`` are bytes, of any other a tuple."""

    description: ClassDescription
    elements: tuple[FieldValue, ...] | bytes


@frozen(slots=True)
class EnumConstant:
    """A constant of an enumeration; its name may be a reference."""

    description: ClassDescription
    name: str | Reference


@frozen(slots=True)
class ClassObject:
    """A class itself, as a value."""

    description: ClassDescription | None


Content: TypeAlias = str | Reference | BlockData | JavaObject | JavaArray | EnumConstant | ClassObject | None
"""What can stand where an object is expected; None is null, str a string."""

FieldValue: TypeAlias = Content | int | float | bool
"""What a field or an element of an array can hold; a char is its number."""


def array_of(type_name: str, serial_version_uid: int) -> ClassDescription:
    """The class of an array of objects; ``type_name`` in Java's dotted form."""
    return ClassDescription(f"[L{type_name};", serial_version_uid, SC_SERIALIZABLE)
