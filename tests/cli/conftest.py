"""What the tests of the command line share: the commands in this process, and as real programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wkasim.cli.main import app

ROOT = Path(__file__).parents[2]

Invoke = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def wkasim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Run a command in this process, in an empty folder, at eighty columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def program(tmp_path: Path) -> Start:
    """Start ``python -m wkasim`` as a program of its own, in an empty folder."""

    def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
        ours = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONUNBUFFERED")
        plain = {key: value for key, value in os.environ.items() if key not in ours}
        return subprocess.Popen(
            [sys.executable, "-m", "wkasim", *(str(argument) for argument in arguments)],
            cwd=tmp_path,
            env={**plain, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
