"""The pictures of the documents are of this version; `wkasim view NAME --svg docs/pictures/NAME.svg` makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from wkasim.cli.main import app

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


@pytest.mark.parametrize("name", sorted(path.stem for path in PICTURES.glob("*.svg")))
def test_picture_is_what_the_run_looks_like(name: str, tmp_path: Path) -> None:
    made = tmp_path / f"{name}.svg"
    done = CliRunner().invoke(app, ["view", name, "--svg", str(made)])
    assert done.exit_code == 0, done.output
    assert made.read_text(encoding="utf-8") == (PICTURES / f"{name}.svg").read_text(encoding="utf-8")


def test_documents_show_every_picture() -> None:
    root = PICTURES.parents[1]
    shown = "".join(path.read_text(encoding="utf-8") for path in (root / "README.md", *root.glob("docs/**/*.md")))
    assert sorted(PICTURES.glob("*.svg"))
    assert all(f"pictures/{path.name})" in shown for path in PICTURES.glob("*.svg"))
