"""The documentation site: it builds without a warning, and every question's command is two clicks away at most."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
QUESTIONS = {
    "wkasim doctor": "guides/check-your-configuration.html",
    "wkasim check": "guides/check-your-logs.html",
    "wkasim diagnose": "guides/read-real-logs.html",
    "wkasim explore": "guides/property-testing.html",
    "wkasim lesson": "lessons/README.html",
}


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    built = build(DOCS, target)
    assert built.returncode == 0, built.stderr
    return target


def test_every_document_is_a_page_of_the_menu_and_why_comes_first(site: Path) -> None:
    menu = re.findall(r'class="reference internal" href="([^"#]+)"', (site / "index.html").read_text())
    pages = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}
    assert pages - {"index.html"} <= set(menu)
    assert menu[0] == "why.html"


def test_no_page_needs_the_network_to_be_read(site: Path) -> None:
    fetched = {
        f"{page.relative_to(site)}: {address}"
        for page in site.rglob("*.html")
        for address in re.findall(
            r'<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="((?:https?:)?//[^"]+)"', page.read_text()
        )
    }
    assert not fetched


def words(page: Path) -> str:
    return re.sub(r"<[^>]+>", "", page.read_text())


@pytest.mark.parametrize(("command", "page"), QUESTIONS.items())
def test_a_question_leads_to_its_command_in_one_click(site: Path, command: str, page: str) -> None:
    assert command in words(site / "index.html")
    assert f'href="{page}"' in (site / "index.html").read_text()
    assert command in words(site / page)


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text((DOCS / "conf.py").read_text())
    (source / "index.md").write_text("# Site\n\nSee [this](nowhere.md#at-all).\n")
    built = build(source, tmp_path / "site")
    assert built.returncode == 1
    assert "nowhere.md" in built.stderr
