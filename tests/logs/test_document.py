"""The page about the log lines is the one that the catalogue makes."""

from pathlib import Path

from wkasim.logs.catalogue import ENTRIES
from wkasim.logs.document import catalogue_page

PAGE = Path(__file__).parents[2] / "docs" / "log-catalogue.md"


def test_page_is_up_to_date() -> None:
    told = "run: python -m wkasim.logs.document > docs/log-catalogue.md"
    assert PAGE.read_text(encoding="utf-8") == catalogue_page(), told


def test_page_has_a_row_for_every_entry() -> None:
    rows = [line for line in catalogue_page().split("\n") if line.startswith("| `")]
    assert len(rows) == len(ENTRIES)
    assert all(row.count(" | ") == 3 for row in rows)


def test_page_tells_profiles_and_visibility() -> None:
    page = catalogue_page()
    assert "`INFO - TribesUtil No members in current cluster`<br>no_members | Nobody else is known" in page
    assert "| axis2-1.6 and later | console (ELB), file (Carbon) |" in page
    assert "| all; DEBUG in documented, wso2-1.6.1 | consoles |" in page
    assert "| axis2-1.7, wso2-1.6.1 | hidden |" in page
