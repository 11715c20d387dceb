"""`wkasim step` needs a terminal and its extra, and says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.view.runs import SMALL
from wkasim.cli.main import app


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return str(file)


def wkasim(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["step", *arguments])
    return done.exit_code, done.output


def test_step_in_a_pipe_names_what_to_use_there(scenario: str) -> None:
    pytest.importorskip("textual", reason="the stepper needs the extra step")
    assert wkasim(scenario) == (2, f"wkasim step needs a terminal; in a pipe use: wkasim run {scenario}\n")


def test_step_without_its_extra_says_how_to_install_it(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "wkasim.view.stepper" or name.partition(".")[0] == "textual"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual", None)
    assert wkasim(scenario) == (2, "wkasim step needs textual; install it with: pip install 'wkasim[step]'\n")


def test_step_of_what_is_no_scenario_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("nodes: 3\n", encoding="utf-8")
    code, output = wkasim(str(file))
    assert code == 2
    assert output.startswith(f"{file}:1: ")
