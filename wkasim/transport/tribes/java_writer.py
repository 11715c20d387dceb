"""Writes Java object streams, byte for byte as ``java.io.ObjectOutputStream`` does.

What the stream has already written is referred to by number: class descriptions and type names by what they
say, as Java interns them, other things only where the tree holds a Reference. Blocks are cut at 1024 bytes,
Java's buffer.
"""

from __future__ import annotations

import struct
from typing import Final

from wkasim.transport.tribes.java_codes import (
    BASE_HANDLE,
    PRIMITIVES,
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
from wkasim.transport.tribes.modified_utf8 import encode_modified_utf8

__all__ = ["encode_stream"]

_BLOCK: Final = 1024
_U16: Final = struct.Struct(">H")
_I32: Final = struct.Struct(">i")
_I64: Final = struct.Struct(">q")


def encode_stream(root: Content) -> bytes:
    """The stream of one object."""
    writer = _Writer()
    writer.content(root)
    return STREAM_MAGIC + bytes(writer.out)


class _Writer:
    __slots__ = ("classes", "next_handle", "out", "type_names")

    def __init__(self) -> None:
        self.out = bytearray()
        self.next_handle = BASE_HANDLE
        self.classes: dict[ClassDescription, int] = {}
        self.type_names: dict[str, int] = {}

    def take_handle(self) -> int:
        self.next_handle += 1
        return self.next_handle - 1

    def content(self, value: Content) -> None:
        match value:
            case None:
                self.out.append(TC_NULL)
            case str():
                self.string(value)
            case Reference(handle):
                self.reference(handle)
            case BlockData(data):
                self.blocks(data)
            case JavaObject():
                self.object(value)
            case JavaArray():
                self.array(value)
            case EnumConstant(description, name):
                self.out.append(TC_ENUM)
                self.class_description(description)
                self.take_handle()
                self.content(name)
            case ClassObject(described):
                self.out.append(TC_CLASS)
                self.class_description(described)
                self.take_handle()

    def reference(self, handle: int) -> None:
        self.out.append(TC_REFERENCE)
        self.out += _I32.pack(handle)

    def utf(self, text: str) -> None:
        encoded = encode_modified_utf8(text)
        self.out += _U16.pack(len(encoded))
        self.out += encoded

    def string(self, text: str) -> None:
        self.take_handle()
        encoded = encode_modified_utf8(text)
        if len(encoded) > 0xFFFF:
            self.out.append(TC_LONGSTRING)
            self.out += _I64.pack(len(encoded))
        else:
            self.out.append(TC_STRING)
            self.out += _U16.pack(len(encoded))
        self.out += encoded

    def blocks(self, data: bytes) -> None:
        for start in range(0, len(data), _BLOCK):
            block = data[start : start + _BLOCK]
            if len(block) > 0xFF:
                self.out.append(TC_BLOCKDATALONG)
                self.out += _I32.pack(len(block))
            else:
                self.out += bytes((TC_BLOCKDATA, len(block)))
            self.out += block

    def class_description(self, description: ClassDescription | None) -> None:
        while description is not None:
            known = self.classes.get(description)
            if known is not None:
                self.reference(known)
                return
            self.out.append(TC_CLASSDESC)
            self.utf(description.name)
            self.out += _I64.pack(description.serial_version_uid)
            self.classes[description] = self.take_handle()
            self.out.append(description.flags)
            self.out += _U16.pack(len(description.fields))
            for each in description.fields:
                self.field_description(each)
            self.contents(description.annotations)
            description = description.superclass
        self.out.append(TC_NULL)

    def field_description(self, described: FieldDescription) -> None:
        self.out += described.type_code.encode("ascii")
        self.utf(described.name)
        if described.type_name is None:
            return
        known = self.type_names.get(described.type_name)
        if known is not None:
            self.reference(known)
            return
        self.type_names[described.type_name] = self.next_handle
        self.string(described.type_name)

    def contents(self, contents: tuple[Content, ...]) -> None:
        for each in contents:
            self.content(each)
        self.out.append(TC_ENDBLOCKDATA)

    def object(self, value: JavaObject) -> None:
        self.out.append(TC_OBJECT)
        self.class_description(value.description)
        self.take_handle()
        if value.description.is_externalizable:
            self.contents(value.external)
            return
        for description, part in zip(value.description.lineage(), value.parts, strict=True):
            self.part(description, part)

    def part(self, description: ClassDescription, part: Part) -> None:
        for described, value in zip(description.fields, part.values, strict=True):
            self.value(described.type_code, value)
        if description.has_write_method:
            self.contents(part.annotations)

    def value(self, type_code: str, value: FieldValue) -> None:
        primitive = PRIMITIVES.get(type_code)
        if primitive is not None:
            self.out += primitive.pack(value)
        else:
            assert not isinstance(value, int | float), f"a value {value!r} where an object is expected"
            self.content(value)

    def array(self, value: JavaArray) -> None:
        self.out.append(TC_ARRAY)
        self.class_description(value.description)
        self.take_handle()
        self.out += _I32.pack(len(value.elements))
        if isinstance(value.elements, bytes):
            self.out += value.elements
            return
        for element in value.elements:
            self.value(value.description.name[1:2], element)
