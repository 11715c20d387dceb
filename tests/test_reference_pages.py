"""The reference is that of this code: commands, the scenario file, the public Python names and their signatures."""

from __future__ import annotations

import ast
import re
from types import ModuleType

import pytest

import wkasim
import wkasim.testing
from tests.reference_pages import FOLDER, PAGES, signature
from wkasim.cli.main import COMMANDS


@pytest.mark.parametrize("name", PAGES)
def test_page_made_from_the_code_is_up_to_date(name: str) -> None:
    shown = (FOLDER / name).read_text(encoding="utf-8")
    assert shown == PAGES[name](), (
        "python -m tests.reference_pages --write; a changed name or signature breaks programs"
    )


def test_signature_that_changes_is_another_text() -> None:
    before, after = (
        list(signature(ast.parse(source).body[0]))
        for source in ("def run(seed: int = 0) -> None: ...", "def run(seed: str = '0') -> None: ...")
    )
    assert before != after


@pytest.mark.parametrize("package", [wkasim, wkasim.testing], ids=lambda package: package.__name__)
def test_public_names_are_those_with_a_home(package: ModuleType) -> None:
    assert set(package.__all__) - {"__version__"} == set(package._HOMES)
    for name in package.__all__:
        assert getattr(package, name) is not None


def test_every_command_has_its_section() -> None:
    page = (FOLDER / "command-line.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", page, flags=re.MULTILINE) == list(COMMANDS)
