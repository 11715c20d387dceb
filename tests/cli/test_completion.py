"""What a shell is told when somebody presses Tab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT


def completed(words: str, folder: Path) -> list[str]:
    """What the last of some words may become, by the protocol of typer's script for bash."""
    done = subprocess.run(
        [sys.executable, "-m", "wkasim"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_WKASIM_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("wkasim di", ["diagnose", "diff"]),
        ("wkasim run --pro", ["--profile"]),
        ("wkasim run esb-cluster --profile ", ["documented", "axis2-1.7", "wso2-1.6.1"]),
        ("wkasim view faults/f03", ["faults/f03-wrong-port-listed"]),
        ("wkasim run no-such-", []),
    ],
)
def test_completion_offers_what_can_stand_there(words: str, expected: list[str], tmp_path: Path) -> None:
    assert completed(words, tmp_path) == expected


def test_completion_script_names_the_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wkasim", "--show-completion", "bash"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "complete -o default -F _wkasim_completion wkasim" in done.stdout
