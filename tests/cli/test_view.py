"""`wkasim view` writes what was asked for, and says so; what it cannot show it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.view.runs import SMALL, small_result
from wkasim.cli.main import app
from wkasim.scenario.output import write_run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def wkasim(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["view", *arguments])
    return done.exit_code, done.output


def test_view_of_a_scenario_writes_a_page_named_after_it(place: Path) -> None:
    code, output = wkasim("small.yaml")
    assert code == 0
    assert output.startswith("written: small.html (")
    assert "A small cluster" in Path("small.html").read_text(encoding="utf-8")


def test_view_of_a_run_directory_writes_the_same_run(place: Path) -> None:
    write_run(small_result(), Path("run"))
    code, output = wkasim("run", "-o", "page.html", "--svg", "drawing.svg", "--shiviz", "shiviz.txt")
    assert code == 0
    assert [line.split()[1] for line in output.splitlines()] == ["page.html", "drawing.svg", "shiviz.txt"]


@pytest.mark.parametrize("file", ["journal.jsonl", "result.json"])
def test_view_of_a_file_of_a_run_shows_that_run(place: Path, file: str) -> None:
    write_run(small_result(), Path("run"))
    assert wkasim(f"run/{file}", "-o", "page.html")[0] == 0
    assert "A small cluster" in Path("page.html").read_text(encoding="utf-8")


def test_view_as_a_drawing_alone_writes_no_page(place: Path) -> None:
    assert wkasim("small.yaml", "--svg", "drawing.svg")[0] == 0
    assert not Path("small.html").exists()


def test_view_of_a_run_that_is_over_takes_no_other_seed(place: Path) -> None:
    write_run(small_result(), Path("run"))
    assert wkasim("run", "--seed", "3") == (
        2,
        "run: a run that is over keeps its seed and profile; leave --seed and --profile out\n",
    )


def test_view_into_a_folder_that_is_not_there_says_so(place: Path) -> None:
    assert wkasim("small.yaml", "-o", "nowhere/page.html") == (
        2,
        "nowhere/page.html: cannot be written: No such file or directory\n",
    )


def test_view_limited_says_in_the_page_what_is_left_out(place: Path) -> None:
    assert wkasim("small.yaml", "--limit", "20")[0] == 0
    assert "only the first 20 of " in Path("small.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("started", [True, False])
def test_view_says_where_no_browser_can_be_started(place: Path, monkeypatch: pytest.MonkeyPatch, started: bool) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or started)
    code, output = wkasim("small.yaml", "--open")
    assert (code, opened) == (0, [(place / "small.html").as_uri()])
    assert output.endswith(" bytes)\n" if started else "no browser could be started; open small.html yourself\n")
