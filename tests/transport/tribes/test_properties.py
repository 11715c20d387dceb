"""The text form of java.util.Properties; the odd cases are what Java itself does with them."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.transport.tribes import strategies
from wkasim.errors import ProtocolError
from wkasim.transport.tribes.properties import decode_properties, encode_properties


def test_encode_properties_dated_equals_captured_payload() -> None:
    text = encode_properties({"httpPort": "8280", "httpsPort": "8243"}, stored_ms=1795350585010)
    assert text == b"#\n#Sun Nov 22 12:29:45 UTC 2026\nhttpPort=8280\nhttpsPort=8243\n"


@given(strategies.properties)
def test_properties_written_are_read_back(properties: dict[str, str]) -> None:
    written = encode_properties(properties, stored_ms=0)
    assert written.startswith(b"#\n#Thu Jan 01 00:00:00 UTC 1970\n")
    assert written.isascii()
    assert decode_properties(written) == properties


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("backendServerURL", "https://a:9443/services/", rb"backendServerURL=https\://a\:9443/services/"),
        ("a b", " c d", rb"a\ b=\ c d"),
        ("key", "  two blanks", rb"key=\  two blanks"),
        ("tab\t", "line\nfeed\\", rb"tab\t=line\nfeed\\"),
        ("#no", "!comment", rb"\#no=\!comment"),
        ("\u00e9", "\U0001f600", rb"\u00E9=\uD83D\uDE00"),
    ],
)
def test_encode_properties_escapes_as_java_does(key: str, value: str, line: bytes) -> None:
    assert encode_properties({key: value}) == line + b"\n"


@pytest.mark.parametrize(
    ("payload", "properties"),
    [
        (b"", {}),
        (b"ping", {"ping": ""}),
        (b"# a comment\n ! another\r\n\r\n  \t\n", {}),
        (b"a=1\rb:2\r\nc 3\nd = 4\ne\t:\t5\nf", {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": ""}),
        (b"a==1\nb= = 2", {"a": "=1", "b": "= 2"}),
        (b"a\\=b\\:c\\ d=1", {"a=b:c d": "1"}),
        (b"key=one\\\n   two\\\n", {"key": "onetwo"}),
        (b"key=one\\\\\nother=2", {"key": "one\\", "other": "2"}),
        (b"key=one\\\n# two", {"key": "one# two"}),
        (b"\\\n\nkey=1", {"key": "1"}),
        (b"key=1\\", {"key": "1"}),
        (b"key=trailing blanks  ", {"key": "trailing blanks  "}),
        (b"key=\\q\\u0041\\t", {"key": "qA\t"}),
        (b"key=\\ud83d\\ude00", {"key": "\U0001f600"}),
        (b"k\xe9y=\xfc", {"k\xe9y": "\xfc"}),
        (b"a=1\na=2", {"a": "2"}),
        (b"=1", {"": "1"}),
    ],
)
def test_decode_properties_reads_as_java_does(payload: bytes, properties: dict[str, str]) -> None:
    assert decode_properties(payload) == properties


@pytest.mark.parametrize("payload", [b"key=\\u12", b"\\uXYZW=1"])
def test_decode_properties_malformed_escape_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_properties(payload)
    assert str(caught.value) == "a member's payload has an escape \\u without four hexadecimal digits"
