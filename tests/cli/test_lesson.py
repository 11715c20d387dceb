"""`wkasim lesson` lists, plays and grades."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.view.answers import RIGHT, own_text
from wkasim.cli.main import app


def wkasim(*arguments: str, typed: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(app, ["lesson", *arguments], input=typed)
    return done.exit_code, done.output


def test_lesson_without_a_number_lists_one_a_line_beginning_with_its_number() -> None:
    code, output = wkasim()
    assert code == 0
    assert [int(line.split()[0]) for line in output.splitlines()] == list(range(1, 11))
    assert " 3 A manager joins, line by line\n" in output


def test_lesson_played_takes_answers_from_its_input() -> None:
    code, output = wkasim("2", typed="3\n1\n")
    assert code == 0
    assert "2 of 2 answered right." in output


def test_lesson_played_without_input_shows_the_answers() -> None:
    code, output = wkasim("2")
    assert code == 0
    assert "It is: It starts alone." in output


def test_lesson_checks_a_right_answer(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(own_text(3).replace(*RIGHT[3][0]), encoding="utf-8")
    assert wkasim("3", "--check", str(file)) == (0, "exercise 3: right\n")


def test_lesson_checks_a_wrong_answer_with_a_helpful_word(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(own_text(6), encoding="utf-8")
    assert wkasim("6", "--check", str(file)) == (
        1,
        "exercise 6: not yet\n  a node went unnoticed for 40 s; make it 60\n",
    )


def test_lesson_cannot_check_what_is_no_scenario(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("nodes: 3\n", encoding="utf-8")
    code, output = wkasim("6", "--check", str(file))
    assert code == 2
    assert output.startswith(f"{file}:1: ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("99",), 'there is no lesson 99; there are 1 to 10, "wkasim lesson" lists them\n'),
        (("--check", "x.yaml"), "--check x.yaml: say of which lesson, such as: wkasim lesson 3 --check x.yaml\n"),
    ],
)
def test_lesson_refuses_what_makes_no_sense(arguments: tuple[str, ...], problem: str) -> None:
    assert wkasim(*arguments) == (2, problem)
