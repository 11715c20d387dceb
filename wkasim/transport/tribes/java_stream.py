"""Reads Java object streams: the part of the grammar that cluster messages need, within limits.

::

    stream   ac ed 00 05 content
    content  TC_NULL | TC_REFERENCE | TC_STRING | TC_LONGSTRING | TC_OBJECT | TC_ARRAY | TC_ENUM | TC_CLASS
             | TC_BLOCKDATA ...  (only inside an object that writes itself)

Everything that a stream writes gets a number, counted from 0x7e0000, by which it may refer back. Resets,
exceptions and dynamic proxies are refused: no message has them. The result is values
(:mod:`~wkasim.transport.tribes.java_values`); no class is looked up by its name, nothing is instantiated, and
there is no way from a stream to code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import evolve, frozen

from wkasim.transport.tribes.cursor import Cursor
from wkasim.transport.tribes.java_codes import (
    BASE_HANDLE,
    PRIMITIVES,
    SC_BLOCK_DATA,
    SC_ENUM,
    SC_EXTERNALIZABLE,
    SC_SERIALIZABLE,
    SC_WRITE_METHOD,
    STREAM_MAGIC,
    TC_ARRAY,
    TC_BLOCKDATA,
    TC_BLOCKDATALONG,
    TC_CLASS,
    TC_CLASSDESC,
    TC_ENDBLOCKDATA,
    TC_ENUM,
    TC_LONGSTRING,
    TC_NULL,
    TC_OBJECT,
    TC_REFERENCE,
    TC_STRING,
)
from wkasim.transport.tribes.java_values import (
    BlockData,
    ClassDescription,
    ClassObject,
    Content,
    EnumConstant,
    FieldDescription,
    FieldValue,
    JavaArray,
    JavaObject,
    Part,
    Reference,
)
from wkasim.transport.tribes.modified_utf8 import decode_modified_utf8

__all__ = ["DEFAULT_LIMITS", "DecodedStream", "StreamLimits", "decode_stream"]

_REFUSED: Final = {0x79: "TC_RESET", 0x7B: "TC_EXCEPTION", 0x7D: "TC_PROXYCLASSDESC"}
_KNOWN_FLAGS: Final = SC_WRITE_METHOD | SC_SERIALIZABLE | SC_EXTERNALIZABLE | SC_BLOCK_DATA | SC_ENUM


@frozen(slots=True)
class StreamLimits:
    """How much a stream may ask for; its bytes are bounded by the frame that it came in."""

    depth: int = 32
    """How deep values may be nested."""
    handles: int = 16384
    """How many objects, strings, arrays and class descriptions there may be."""
    values: int = 65536
    """How many fields, elements and blocks there may be; the elements of a byte array are one."""
    fields: int = 128
    """How many fields a class may have."""
    superclasses: int = 16
    """How long a class's line of superclasses may be, itself included."""


DEFAULT_LIMITS: Final = StreamLimits()

_Handled: TypeAlias = Content | ClassDescription


@frozen(slots=True)
class DecodedStream:
    """The one object of a stream, and what its references stand for."""

    root: Content
    handles: tuple[Content | ClassDescription, ...]

    def resolve(self, value: FieldValue) -> FieldValue:
        """The value itself, or what it refers to."""
        if not isinstance(value, Reference):
            return value
        target = self.handles[value.handle - BASE_HANDLE]
        return ClassObject(target) if isinstance(target, ClassDescription) else target


def decode_stream(data: bytes, *, base: int = 0, limits: StreamLimits = DEFAULT_LIMITS) -> DecodedStream:
    """Read a stream of one object; raises WireFormatError counting from ``base``."""
    reader = _Reader(Cursor(data, base=base), limits)
    reader.cursor.expect(STREAM_MAGIC, "the beginning of an object stream")
    root = reader.content(reader.cursor.byte("an object"))
    reader.cursor.finish("the object")
    return DecodedStream(root, tuple(None if isinstance(value, _Unfinished) else value for value in reader.handles))


class _Unfinished:
    """Holds the number of what is still being read."""


_UNFINISHED: Final = _Unfinished()


class _Reader:
    __slots__ = ("cursor", "depth", "handles", "limits", "values")

    def __init__(self, cursor: Cursor, limits: StreamLimits) -> None:
        self.cursor = cursor
        self.limits = limits
        self.handles: list[_Handled | _Unfinished] = []
        self.depth = 0
        self.values = 0

    def content(self, code: int) -> Content:
        """One value, whose type code has been read."""
        cursor = self.cursor
        if code == TC_NULL:
            return None
        if code == TC_REFERENCE:
            return Reference(self.reference())
        if code in (TC_STRING, TC_LONGSTRING):
            return self.string(code)
        if code not in _NESTED:
            cursor.fail(f"{_REFUSED.get(code, f'{code:#04x}')} cannot stand where an object is expected", back=1)
        self.depth += 1
        if self.depth > self.limits.depth:
            cursor.fail(f"objects nested more than {self.limits.depth} deep", back=1)
        value = _NESTED[code](self)
        self.depth -= 1
        return value

    def new_handle(self, value: _Handled | _Unfinished = _UNFINISHED) -> int:
        if len(self.handles) >= self.limits.handles:
            self.cursor.fail(f"more than {self.limits.handles} objects in a stream")
        self.handles.append(value)
        return len(self.handles) - 1

    def spend(self, values: int) -> None:
        self.values += values
        if self.values > self.limits.values:
            self.cursor.fail(f"more than {self.limits.values} values in a stream")

    def reference(self) -> int:
        handle = self.cursor.int32("a reference")
        if not 0 <= handle - BASE_HANDLE < len(self.handles):
            self.cursor.fail(f"a reference to {handle:#x}, which is not written yet", back=4)
        return handle

    def referred(self) -> _Handled | _Unfinished:
        return self.handles[self.reference() - BASE_HANDLE]

    def utf(self, what: str) -> str:
        length = self.cursor.uint16(f"the length of {what}")
        at = self.cursor.base + self.cursor.position
        return decode_modified_utf8(self.cursor.take(length, what), at, what)

    def string(self, code: int) -> str:
        if code == TC_STRING:
            text = self.utf("a string")
        else:
            length = self.cursor.int64("the length of a string")
            at = self.cursor.base + self.cursor.position
            text = decode_modified_utf8(self.cursor.take(length, "a string"), at, "a string")
        self.new_handle(text)
        return text

    def type_name(self) -> str:
        code = self.cursor.byte("a type name")
        if code in (TC_STRING, TC_LONGSTRING):
            return self.string(code)
        name = self.referred() if code == TC_REFERENCE else None
        if not isinstance(name, str):
            self.cursor.fail("a type name has to be a string")
        return name

    def class_description(self) -> ClassDescription | None:
        """A description, with its superclasses read in a loop: a chain is long, not deep."""
        chain: list[tuple[int, ClassDescription]] = []
        while (code := self.cursor.byte("a class description")) == TC_CLASSDESC:
            chain.append(self.own_description())
            self.limit_chain(len(chain))
        superclass = self.end_of_chain(code)
        self.limit_chain(len(chain) + (len(superclass.lineage()) if superclass else 0))
        for index, partial in reversed(chain):
            superclass = evolve(partial, superclass=superclass)
            self.handles[index] = superclass
        return superclass

    def limit_chain(self, length: int) -> None:
        if length > self.limits.superclasses:
            self.cursor.fail(f"a class at the end of a line of more than {self.limits.superclasses} classes")

    def end_of_chain(self, code: int) -> ClassDescription | None:
        if code == TC_NULL:
            return None
        if code != TC_REFERENCE:
            self.cursor.fail(f"{_REFUSED.get(code, f'{code:#04x}')} is no class description", back=1)
        referred = self.referred()
        if not isinstance(referred, ClassDescription):
            self.cursor.fail("a reference to a class description leads to something else, or to itself", back=4)
        return referred

    def own_description(self) -> tuple[int, ClassDescription]:
        cursor = self.cursor
        name = self.utf("a class name")
        serial_version_uid = cursor.int64("a serialVersionUID")
        index = self.new_handle()
        flags = cursor.byte("the flags of a class")
        if flags & ~_KNOWN_FLAGS or (flags & SC_EXTERNALIZABLE and flags & SC_SERIALIZABLE):
            cursor.fail(f"the flags of class {name!r} are {flags:#04x}", back=1)
        if flags & SC_EXTERNALIZABLE and not flags & SC_BLOCK_DATA:
            cursor.fail(f"class {name!r} writes itself without blocks; only itself could read that", back=1)
        count = cursor.uint16("the number of fields")
        if count > self.limits.fields:
            cursor.fail(f"class {name!r} has {count} fields; the limit is {self.limits.fields}", back=2)
        fields = tuple(self.field_description() for _ in range(count))
        annotations = self.contents()
        return index, ClassDescription(name, serial_version_uid, flags, fields, None, annotations)

    def field_description(self) -> FieldDescription:
        code = chr(self.cursor.byte("a field's type"))
        if code in PRIMITIVES:
            return FieldDescription(code, self.utf("a field's name"))
        if code not in "L[":
            self.cursor.fail(f"a field of type {code!r}", back=1)
        return FieldDescription(code, self.utf("a field's name"), self.type_name())

    def contents(self) -> tuple[Content, ...]:
        """Blocks and objects up to the end mark, for what a class writes by itself."""
        found: list[Content] = []
        blocks: list[bytes] = []
        cursor = self.cursor
        while (code := cursor.byte("the end of a block")) != TC_ENDBLOCKDATA:
            self.spend(1)
            if code == TC_BLOCKDATA:
                blocks.append(cursor.take(cursor.byte("the length of a block"), "a block"))
            elif code == TC_BLOCKDATALONG:
                blocks.append(cursor.block("a block"))
            else:
                if blocks:
                    found.append(BlockData(b"".join(blocks)))
                    blocks = []
                found.append(self.content(code))
        if blocks:
            found.append(BlockData(b"".join(blocks)))
        return tuple(found)

    def object(self) -> JavaObject:
        description = self.class_description()
        if description is None or not description.flags & (SC_EXTERNALIZABLE | SC_SERIALIZABLE):
            self.cursor.fail("an object of a class that is not serializable")
        index = self.new_handle()
        if description.is_externalizable:
            value = JavaObject(description, external=self.contents())
        else:
            value = JavaObject(description, tuple(self.part(each) for each in description.lineage()))
        self.handles[index] = value
        return value

    def part(self, description: ClassDescription) -> Part:
        self.spend(1 + len(description.fields))
        values = tuple(self.value(described.type_code) for described in description.fields)
        return Part(values, self.contents() if description.has_write_method else ())

    def value(self, type_code: str) -> FieldValue:
        primitive = PRIMITIVES.get(type_code)
        if primitive is None:
            return self.content(self.cursor.byte("a value"))
        value: int | float | bool = primitive.unpack(self.cursor.take(primitive.size, "a value"))[0]
        return value

    def array(self) -> JavaArray:
        description = self.class_description()
        if description is None or not description.name.startswith("["):
            self.cursor.fail("an array of a class that is not an array's")
        index = self.new_handle()
        elements = self.elements(description.name[1:2])
        value = JavaArray(description, elements)
        self.handles[index] = value
        return value

    def elements(self, type_code: str) -> tuple[FieldValue, ...] | bytes:
        cursor = self.cursor
        count = cursor.int32("the length of an array")
        primitive = PRIMITIVES.get(type_code)
        if primitive is None and type_code not in ("L", "["):
            cursor.fail(f"an array of {type_code!r}", back=4)
        if not 0 <= count * (primitive.size if primitive else 1) <= cursor.remaining:
            cursor.fail(f"an array of {count} elements, {cursor.remaining} bytes are left", back=4)
        if type_code == "B":
            return cursor.take(count, "the elements of an array")
        self.spend(count)
        return tuple(self.value(type_code) for _ in range(count))

    def enum_constant(self) -> EnumConstant:
        description = self.class_description()
        if description is None or not description.flags & SC_ENUM:
            self.cursor.fail("a constant of a class that is no enumeration")
        index = self.new_handle()
        name = self.content(self.cursor.byte("the name of a constant"))
        if not isinstance(name, str | Reference):
            self.cursor.fail("the name of a constant has to be a string")
        value = EnumConstant(description, name)
        self.handles[index] = value
        return value

    def class_object(self) -> ClassObject:
        value = ClassObject(self.class_description())
        self.new_handle(value)
        return value


_NESTED: Final[dict[int, Callable[[_Reader], Content]]] = {
    TC_OBJECT: _Reader.object,
    TC_ARRAY: _Reader.array,
    TC_CLASS: _Reader.class_object,
    TC_ENUM: _Reader.enum_constant,
}
