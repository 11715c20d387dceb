"""Java object streams: what is read, what is refused, and that neither costs more than its bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given

from tests.transport.tribes import strategies
from wkasim.transport.tribes.cursor import WireFormatError
from wkasim.transport.tribes.java_codes import BASE_HANDLE
from wkasim.transport.tribes.java_stream import StreamLimits, decode_stream
from wkasim.transport.tribes.java_values import (
    BlockData,
    ClassDescription,
    ClassObject,
    Content,
    EnumConstant,
    FieldDescription,
    JavaArray,
    JavaObject,
    Part,
    Reference,
)
from wkasim.transport.tribes.java_writer import encode_stream

MAGIC = b"\xac\xed\x00\x05"
NULL, REFERENCE, CLASSDESC, OBJECT, STRING, ARRAY, BLOCK, END = b"\x70\x71\x72\x73\x74\x75\x77\x78"
OBJECTS = ClassDescription("[Ljava.lang.Object;", 1, 0x02)


def one(byte: int) -> bytes:
    return bytes((byte,))


def utf(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def refer(index: int) -> bytes:
    return one(REFERENCE) + struct.pack(">i", BASE_HANDLE + index)


def described(name: str, flags: int = 2, fields: bytes = b"\0\0", superclass: bytes = one(NULL)) -> bytes:
    return one(CLASSDESC) + utf(name) + bytes(8) + one(flags) + fields + one(END) + superclass


def refusal(body: bytes, limits: StreamLimits | None = None) -> str:
    with pytest.raises(WireFormatError) as caught:
        decode_stream(MAGIC + body, limits=limits or StreamLimits())
    return str(caught.value)


@given(strategies.java_contents)
def test_stream_written_is_read_back(content: Content) -> None:
    stream = encode_stream(content)
    decoded = decode_stream(stream).root
    assert decoded == content
    assert encode_stream(decoded) == stream


@pytest.mark.parametrize(
    ("content", "stream"),
    [
        (None, "70"),
        ("a", "74 0001 61"),
        ("\0é\U0001f600", "74 000a c080 c3a9 eda0bd edb880"),
        (
            JavaArray(ClassDescription("[B", 1, 2), b"\x01\x02"),
            "75 72 0002 5b42 0000000000000001 02 0000 78 70 00000002 0102",
        ),
        (ClassObject(ClassDescription("A", 1, 2)), "76 72 0001 41 0000000000000001 02 0000 78 70"),
        (
            EnumConstant(ClassDescription("E", 0, 0x12), "ONE"),
            "7e 72 0001 45 0000000000000000 12 0000 78 70 74 0003 4f4e45",
        ),
    ],
)
def test_stream_is_what_java_writes(content: Content, stream: str) -> None:
    expected = MAGIC + bytes.fromhex(stream)
    assert encode_stream(content) == expected
    assert decode_stream(expected).root == content


def test_blocks_are_cut_at_javas_buffer_and_joined_again() -> None:
    writes_itself = ClassDescription("A", 1, 0x0C)
    data = bytes(range(256)) * 9
    stream = encode_stream(JavaObject(writes_itself, external=(BlockData(data),)))
    assert stream.count(b"\x7a\x00\x00\x04\x00") == 2
    assert b"\x7a\x00\x00\x01\x00" in stream
    assert decode_stream(stream).root == JavaObject(writes_itself, external=(BlockData(data),))


def test_class_written_twice_is_a_reference_the_second_time() -> None:
    description = ClassDescription("A", 1, 2)
    stream = encode_stream(JavaArray(OBJECTS, (JavaObject(description, (Part(),)),) * 2))
    assert stream.endswith(bytes.fromhex("73 71 007e0002"))
    decoded = decode_stream(stream).root
    assert decoded == JavaArray(OBJECTS, (JavaObject(description, (Part(),)),) * 2)


def test_type_name_written_twice_is_a_reference_the_second_time() -> None:
    description = ClassDescription("A", 1, 2, (FieldDescription("L", "a", "LT;"), FieldDescription("L", "b", "LT;")))
    content = JavaObject(description, (Part((None, None)),))
    stream = encode_stream(content)
    assert stream.count(b"LT;") == 1
    assert decode_stream(stream).root == content


def test_long_string_is_read_and_written() -> None:
    text = "x" * 70_000
    stream = encode_stream(text)
    assert stream[4:13] == b"\x7c" + (70_000).to_bytes(8, "big")
    assert decode_stream(stream).root == text


def test_object_met_again_stays_a_reference_that_resolves() -> None:
    body = one(ARRAY) + described("[LA;") + b"\0\0\0\3" + one(STRING) + utf("a") + refer(2) + refer(0)
    decoded = decode_stream(MAGIC + body)
    assert isinstance(decoded.root, JavaArray)
    first, again, itself = decoded.root.elements
    assert (first, again, itself) == ("a", Reference(BASE_HANDLE + 2), Reference(BASE_HANDLE))
    assert decoded.resolve(again) == "a"
    assert isinstance(decoded.resolve(itself), ClassObject)
    assert decoded.resolve(7) == 7
    assert encode_stream(decoded.root) == MAGIC + body


def test_object_that_holds_itself_is_a_reference_and_no_endless_tree() -> None:
    fields = b"\0\1L" + utf("me") + one(STRING) + utf("LA;")
    decoded = decode_stream(MAGIC + one(OBJECT) + described("A", fields=fields) + refer(2))
    assert isinstance(decoded.root, JavaObject)
    assert decoded.root.field("me") == Reference(BASE_HANDLE + 2)
    assert decoded.resolve(decoded.root.field("me")) is decoded.root


def test_field_of_subclass_hides_that_of_superclass() -> None:
    top = ClassDescription("Top", 1, 2, (FieldDescription("I", "a"), FieldDescription("I", "b")))
    sub = ClassDescription("Sub", 1, 2, (FieldDescription("I", "a"),), top)
    value = JavaObject(sub, (Part((1, 2)), Part((3,))))
    assert (value.field("a"), value.field("b")) == (3, 2)
    with pytest.raises(KeyError):
        value.field("c")
    with pytest.raises(KeyError):
        JavaObject(ClassDescription("E", 1, 0x0C, (FieldDescription("I", "a"),))).field("a")


def test_doubling_references_stay_as_small_as_their_bytes() -> None:
    # Each array holds the one before it twice; spelled out, the last would have 2 to the power of 200 elements.
    body = one(ARRAY) + described("[LA;") + struct.pack(">i", 201) + one(ARRAY) + refer(0) + b"\0\0\0\0"
    for index in range(2, 202):
        body += one(ARRAY) + refer(0) + b"\0\0\0\2" + refer(index) + refer(index)
    decoded = decode_stream(MAGIC + body)
    assert isinstance(decoded.root, JavaArray)
    assert len(decoded.root.elements) == 201
    assert encode_stream(decoded.root) == MAGIC + body


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "offset 4: ends before an object"),
        (b"\x00", "offset 4: 0x00 cannot stand where an object is expected"),
        (one(BLOCK) + b"\0", "offset 4: 0x77 cannot stand where an object is expected"),
        (b"\x79", "offset 4: TC_RESET cannot stand where an object is expected"),
        (b"\x7b", "offset 4: TC_EXCEPTION cannot stand where an object is expected"),
        (one(OBJECT) + b"\x7d", "offset 5: TC_PROXYCLASSDESC is no class description"),
        (one(OBJECT) + one(NULL), "offset 6: an object of a class that is not serializable"),
        (one(NULL) + b"x", "offset 5: 1 bytes after the end of the object"),
        (refer(0), "offset 5: a reference to 0x7e0000, which is not written yet"),
        (one(STRING) + b"\0\5ab", "offset 7: a string should have 5 bytes, 2 are left"),
        (one(STRING) + b"\0\1\xff", "offset 7: a string is not modified UTF-8"),
        (one(STRING) + b"\0\4\xf0\x9f\x98\x80", "offset 7: a string is not modified UTF-8"),
        (
            b"\x7c\x7f\xff\xff\xff\xff\xff\xff\xff",
            "offset 13: a string should have 9223372036854775807 bytes, 0 are left",
        ),
        (one(OBJECT) + described("A", 0), "offset 22: an object of a class that is not serializable"),
        (one(OBJECT) + described("A", 0x40), "offset 17: the flags of class 'A' are 0x40"),
        (one(OBJECT) + described("A", 0x06), "offset 17: the flags of class 'A' are 0x06"),
        (
            one(OBJECT) + described("A", 0x04),
            "offset 17: class 'A' writes itself without blocks; only itself could read that",
        ),
        (one(OBJECT) + described("A", fields=b"\0\1X"), "offset 20: a field of type 'X'"),
        (one(OBJECT) + described("A", fields=b"\xff\xff"), "offset 18: class 'A' has 65535 fields; the limit is 128"),
        (
            one(OBJECT) + described("A", fields=b"\0\1L" + utf("a") + one(NULL)),
            "offset 25: a type name has to be a string",
        ),
        (
            one(OBJECT) + described("A", superclass=refer(0)),
            "offset 22: a reference to a class description leads to something else, or to itself",
        ),
        (
            one(ARRAY) + described("[I") + b"\x7f\xff\xff\xff",
            "offset 23: an array of 2147483647 elements, 0 bytes are left",
        ),
        (one(ARRAY) + described("[I") + b"\xff\xff\xff\xff", "offset 23: an array of -1 elements, 0 bytes are left"),
        (one(ARRAY) + described("[?") + b"\0\0\0\0", "offset 23: an array of '?'"),
        (one(ARRAY) + described("A"), "offset 22: an array of a class that is not an array's"),
        (b"\x7e" + described("A"), "offset 22: a constant of a class that is no enumeration"),
        (b"\x7e" + described("A", 0x12) + one(NULL), "offset 23: the name of a constant has to be a string"),
    ],
)
def test_damaged_stream_is_refused_with_its_offset(body: bytes, complaint: str) -> None:
    assert refusal(body) == complaint


def test_stream_without_magic_is_refused() -> None:
    with pytest.raises(WireFormatError) as caught:
        decode_stream(b"\xac\xed\x00\x04\x70", base=50)
    assert str(caught.value) == "offset 50: the beginning of an object stream should be ac ed 00 05, found ac ed 00 04"


def test_nesting_beyond_the_limit_is_refused() -> None:
    array = one(ARRAY) + described("[LA;") + b"\0\0\0\1"
    again = one(ARRAY) + refer(0) + b"\0\0\0\1"
    assert decode_stream(MAGIC + array + again * 30 + one(ARRAY) + refer(0) + b"\0\0\0\0").root is not None
    assert refusal(array + again * 100_000) == "offset 339: objects nested more than 32 deep"


def test_nesting_in_class_annotations_is_refused_likewise() -> None:
    inner = one(OBJECT) + one(CLASSDESC) + utf("A") + bytes(8) + b"\x02\0\0"
    assert refusal(inner * 50_000) == "offset 516: objects nested more than 32 deep"


def test_more_objects_than_the_limit_are_refused() -> None:
    strings = (one(STRING) + utf("")) * 20_000
    body = one(ARRAY) + described("[LA;") + struct.pack(">i", 20_000) + strings
    assert refusal(body).endswith(": more than 16384 objects in a stream")


@pytest.mark.parametrize(
    "body",
    [
        one(ARRAY) + described("[LA;") + struct.pack(">i", 70_000) + one(NULL) * 70_000,
        one(ARRAY) + described("[Z") + struct.pack(">i", 70_000) + bytes(70_000),
        one(OBJECT) + described("A", 0x0C) + (one(BLOCK) + b"\1x") * 70_000 + one(END),
        one(ARRAY)
        + described("[LA;")
        + struct.pack(">i", 5000)
        + one(OBJECT)
        + described("A", superclass=b"") * 15
        + one(NULL)
        + (one(OBJECT) + refer(2)) * 4999,
    ],
    ids=["elements", "primitives", "blocks", "parts"],
)
def test_more_values_than_the_limit_are_refused(body: bytes) -> None:
    assert refusal(body).endswith(": more than 65536 values in a stream")


def test_byte_array_is_one_value_however_long() -> None:
    array = JavaArray(ClassDescription("[B", 1, 2), bytes(100_000))
    assert decode_stream(encode_stream(array)).root == array


def test_line_of_superclasses_beyond_the_limit_is_refused() -> None:
    chain = b"".join(described(f"A{index}", superclass=b"") for index in range(10))
    assert refusal(one(OBJECT) + chain * 3).endswith(": a class at the end of a line of more than 16 classes")
    # Nor can a line be made long by referring to another one.
    first = one(OBJECT) + chain + one(NULL)
    second = one(OBJECT) + chain + refer(2)
    body = one(ARRAY) + described("[LA;") + b"\0\0\0\2" + first + second
    assert refusal(body).endswith(": a class at the end of a line of more than 16 classes")
