"""The numbers of Java object streams: what a byte stands for."""

from __future__ import annotations

import struct
from typing import Final

__all__ = [
    "BASE_HANDLE",
    "PRIMITIVES",
    "SC_BLOCK_DATA",
    "SC_ENUM",
    "SC_EXTERNALIZABLE",
    "SC_SERIALIZABLE",
    "SC_WRITE_METHOD",
    "STREAM_MAGIC",
    "TC_ARRAY",
    "TC_BLOCKDATA",
    "TC_BLOCKDATALONG",
    "TC_CLASS",
    "TC_CLASSDESC",
    "TC_ENDBLOCKDATA",
    "TC_ENUM",
    "TC_LONGSTRING",
    "TC_NULL",
    "TC_OBJECT",
    "TC_REFERENCE",
    "TC_STRING",
]

STREAM_MAGIC: Final = b"\xac\xed\x00\x05"
"""Magic and version with which every stream begins."""

SC_WRITE_METHOD: Final = 0x01
SC_SERIALIZABLE: Final = 0x02
SC_EXTERNALIZABLE: Final = 0x04
SC_BLOCK_DATA: Final = 0x08
SC_ENUM: Final = 0x10

TC_NULL: Final = 0x70
TC_REFERENCE: Final = 0x71
TC_CLASSDESC: Final = 0x72
TC_OBJECT: Final = 0x73
TC_STRING: Final = 0x74
TC_ARRAY: Final = 0x75
TC_CLASS: Final = 0x76
TC_BLOCKDATA: Final = 0x77
TC_ENDBLOCKDATA: Final = 0x78
TC_BLOCKDATALONG: Final = 0x7A
TC_LONGSTRING: Final = 0x7C
TC_ENUM: Final = 0x7E
BASE_HANDLE: Final = 0x7E0000

PRIMITIVES: Final = {code: struct.Struct(f">{letter}") for code, letter in zip("BCDFIJSZ", "bHdfiqh?", strict=True)}
"""How values of Java's primitive types are written."""
