"""The page is one file: nothing is fetched, and nothing in a run can become markup or script."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from tests.view.runs import MALICE, faulty_run, hostile_run, small_run
from wkasim.view.document import page_data, text_of
from wkasim.view.page import html_page


def data_in(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_page_fetches_nothing() -> None:
    page = html_page(small_run())
    assert re.findall(r"(?:src|href)\s*=|@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(", page) == []


def test_page_allows_only_its_own_script_and_style_by_their_hashes() -> None:
    page = html_page(small_run())
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    style = page.partition("<style>")[2].partition("</style>")[0]
    for text, directive in ((script, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} &#x27;sha256-{digest}&#x27;" in page
    assert "default-src &#x27;none&#x27;" in page
    assert "unsafe" not in page.partition("<title>")[0]


def test_page_of_hostile_texts_has_the_elements_of_any_page() -> None:
    def elements(page: str) -> list[str]:
        return re.findall(
            r"<\s*[/!]?\s*[a-zA-Z-]+", re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
        )

    assert elements(html_page(hostile_run())) == elements(html_page(small_run()))
    assert data_in(html_page(hostile_run()))["title"] == MALICE


def test_page_data_keeps_every_record_in_its_place() -> None:
    run = small_run()
    rows = page_data(run)["records"]
    assert len(rows) == len(run.records) + len(run.notes)
    kept = [row for row in rows if row[1] != "note"]
    names = [node.name for node in run.nodes]
    for record, row in zip(run.records, kept, strict=True):
        assert row[:2] == list(record[:2])
        assert (names[row[2]] if row[2] >= 0 else "") == record[2]


def test_page_data_puts_notes_before_and_missing_lines_after_their_time() -> None:
    data = page_data(faulty_run())
    kinds = [row[1] for row in data["records"]]
    note, ghost = kinds.index("note"), kinds.index("ghost")
    assert data["records"][note + 1][1] == "step"
    assert data["records"][ghost - 1][0] <= data["records"][ghost][0]
    assert data["notes"][0]["question"]["answer"] == 1


def test_text_of_a_line_that_nobody_knows_says_so() -> None:
    assert text_of((1, "log", "a", 1, "no_such_event", "X", "INFO", ("k", "v"))) == "(unknown line) no_such_event k=v"
    assert text_of((1, "log", "a", 1, "cluster_domain", "X", "INFO", ())) == "(unknown line) cluster_domain"


def test_run_longer_than_the_limit_says_what_is_left_out() -> None:
    run = small_run().at_most(10)
    assert len(run.records) == 10
    assert run.warnings[-1].startswith("only the first 10 of ")
    assert small_run().at_most(10**6).warnings == ()
