"""`wkasim decode`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.transport.tribes.captured import CAPTURES, FRAMES
from wkasim.cli import decode
from wkasim.errors import InputError
from wkasim.transport.tribes import capture

JOIN = CAPTURES / "domain-mismatch.pcap"


def run(*arguments: object) -> Result:
    app = typer.Typer()
    decode.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_decode_capture_prints_messages_and_exits_with_zero() -> None:
    result = run(JOIN)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count(" JOIN request ") == 3
    assert "opened" not in result.stdout


def test_decode_with_connections_shows_them() -> None:
    result = run(JOIN, "--connections")
    assert result.stdout.splitlines()[0] == ("13:11:01.001136  #1   127.0.0.1:47440 -> 127.1.0.206:4000   opened")


def test_decode_json_prints_one_object_a_line() -> None:
    result = run(CAPTURES / "join.bin", "--json")
    assert result.exit_code == 0
    described = [json.loads(line) for line in result.stdout.splitlines()]
    assert [facts["label"] for facts in described[:3]] == ["PROBE", "JOIN", "MEMBER_LIST"]
    assert described[1]["sender"]["properties"] == {"httpPort": "8280", "httpsPort": "8243"}


def test_decode_damaged_file_prints_the_rest_and_exits_with_two(tmp_path: Path) -> None:
    file = tmp_path / "frames.bin"
    file.write_bytes(FRAMES[0] + b"garbage")
    result = run(file)
    assert result.exit_code == 2
    assert result.stdout.splitlines()[0] == "offset 0         PROBE, 218 bytes, options BYTE_MESSAGE"
    assert result.stderr == f"{file}: offset 218: a frame begins with b'FLT2002', found b'garbage'\n"


def test_decode_frame_beyond_limit_exits_with_two() -> None:
    result = run(CAPTURES / "join.bin", "--limit", 300)
    assert result.exit_code == 2
    assert result.stderr == f"{CAPTURES / 'join.bin'}: offset 225: a frame of 709 bytes; the limit is 300\n"


def test_decode_missing_file_exits_with_two(tmp_path: Path) -> None:
    result = run(tmp_path / "none.pcap")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{tmp_path / 'none.pcap'}: No such file or directory\n"


def test_decode_folder_exits_with_two(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.exit_code, result.stderr) == (2, f"{tmp_path}: Is a directory\n")


def test_decode_without_dpkt_exits_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise InputError("no dpkt")

    monkeypatch.setattr(capture, "read_capture", missing)
    result = run(JOIN)
    assert (result.exit_code, result.stderr) == (2, f"{JOIN}: no dpkt\n")
