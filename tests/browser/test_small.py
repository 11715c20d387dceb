"""A small run in a real browser: moving, filtering, searching, and the story that the page tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import Page
from tests.view.runs import small_run

HOME, END, LEFT, RIGHT, UP, DOWN = "\ue011", "\ue010", "\ue012", "\ue014", "\ue013", "\ue015"
ENTER, ESCAPE = "\ue007", "\ue00c"


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page(small_run())


def test_page_opens_paused_at_the_first_event(page: Page) -> None:
    assert page.text("#title") == "A small cluster"
    assert page.place() == 1
    assert page.text("#sentence") == "The scenario does its next step: start elb."
    assert page.js("return document.getElementById('play').getAttribute('aria-pressed')") in (None, "false")
    assert "4 nodes" in page.text("#facts")
    assert page.texts(".host-name") == ["127.1.0.206", "127.1.0.132"]


def test_next_and_previous_move_by_one_event(page: Page) -> None:
    page.click("#next")
    assert page.place() == 2
    assert page.text("#sentence") == "elb begins to start."
    page.click("#next")
    page.click("#previous")
    assert page.place() == 2
    page.click("#previous")
    page.click("#previous")
    assert page.place() == 1


def test_play_moves_on_by_itself_and_pauses(page: Page) -> None:
    page.js("const s = document.getElementById('speed'); s.value = '16'; s.dispatchEvent(new Event('change'))")
    page.keys(" ")
    moved = page.driver.execute_async_script(
        "const done = arguments[0]; const place = document.getElementById('place');"
        "new MutationObserver((_, it) => { if (parseInt(place.textContent) > 3) { it.disconnect(); done(true); } })"
        ".observe(place, {childList: true, characterData: true, subtree: true});"
    )
    assert moved
    page.keys(" ")
    assert "Play" in page.text("#play")


def test_keyboard_reaches_beginning_end_messages_steps_and_lines(page: Page) -> None:
    page.keys(END)
    assert page.place() == page.rows()
    page.keys(HOME)
    assert page.place() == 1
    page.keys("m")
    assert page.text("#sentence") == "manager asks elb to take it into the cluster (JOIN)."
    page.keys("s")
    assert page.text("#sentence") == "The scenario does its next step: start worker1."
    page.keys("S")
    assert page.text("#sentence") == "The scenario does its next step: start manager."
    page.keys("l")
    assert page.text("#sentence") == "manager writes to its log: “Initializing cluster...”"
    page.keys(RIGHT, LEFT)
    assert "Initializing" in page.text("#sentence")
    before = page.place()
    page.keys(DOWN)
    assert page.place() == before + 10
    page.keys(UP)
    assert page.place() == before


def test_slider_moves_the_cursor_of_diagram_lists_and_log(page: Page) -> None:
    last = page.rows() - 1
    page.js(
        "const s = document.getElementById('slider'); s.value = arguments[0]; s.dispatchEvent(new Event('input'))", last
    )
    assert page.place() == page.rows()
    assert page.texts("#matrix tr.state-of-stopped th")[0].startswith("worker2")
    top = page.js("return parseFloat(document.getElementById('now-line').style.top)")
    assert top > 1000
    assert page.count("#log-lines .line.current") == 1


def test_help_lists_every_key_and_closes(page: Page) -> None:
    page.keys("?")
    assert page.visible("#help")
    assert {"Space", "→ or n", "/", "[ ]", "?"} <= set(page.texts("#help dt"))
    page.keys(ESCAPE)
    assert not page.visible("#help")


def test_filter_of_a_message_kind_takes_its_arrows_away(page: Page) -> None:
    page.keys("m")
    rows = page.rows()
    assert page.count("#drawing .message.kind-join") > 0
    page.click("[data-filter=join]")
    assert page.count("#drawing .message.kind-join") == 0
    assert page.rows() < rows
    page.click("[data-filter=join]")
    assert page.count("#drawing .message.kind-join") > 0
    assert page.rows() == rows


def test_filter_of_a_node_takes_its_lane_and_lines_away(page: Page) -> None:
    page.click(".nodes summary")
    page.click("[data-node=manager]")
    assert [name for name in page.texts(".lane-name") if name.startswith("manager")] == []
    page.keys(END)
    assert all("manager" not in who for who in page.texts("#log-lines .who"))


def test_search_finds_words_and_times(page: Page) -> None:
    page.keys("/", "worker1", ENTER)
    assert "worker1" in page.text("#sentence")
    assert page.text("#found").startswith("1 of ")
    first = page.place()
    page.keys(ENTER)
    assert page.text("#found").startswith("2 of ")
    assert page.place() > first
    page.js("document.getElementById('search').value = ''")
    page.keys("@26.5", ENTER)
    assert 25 <= page.time() <= 26.5
    page.js("document.getElementById('search').value = ''")
    page.keys("nowhere to be found", ENTER)
    assert page.text("#found") == "not found"


def test_log_line_clicked_moves_the_cursor_there(page: Page) -> None:
    page.keys(END)
    page.keys("2")
    assert page.js("return document.getElementById('log-node').selectedOptions[0].textContent") == "manager"
    shown = page.click_line("Received MEMBER_JOINED")
    assert page.text("#sentence").startswith("manager writes to its log: “Received MEMBER_JOINED message")
    assert shown.startswith(f"{page.time():.3f}")


def test_arrow_pointed_at_and_clicked_shows_its_content(page: Page) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    page.step_until("sends worker1 the members that it knows")
    number = page.js("return [...document.querySelectorAll('#details dd')][2].textContent.split('#')[1]")
    arrow = page.driver.find_element("css selector", f"#drawing .message[data-message='{number}'] .head")
    page.keys("p", "p", "p")
    ActionChains(page.driver).move_to_element(arrow).perform()
    assert page.visible("#tip")
    assert "MEMBER_LIST: 127.1.0.206:4001 127.1.0.132:4000" in page.text("#tip")
    arrow.click()
    assert page.text("#sentence").startswith("elb sends worker1 the members that it knows: manager, worker1")
    assert "127.1.0.206:4001 127.1.0.132:4000" in page.text("#details")


def test_zoom_makes_rows_taller_and_says_what_it_leaves_out(page: Page) -> None:
    height = page.js("return document.getElementById('canvas').offsetHeight")
    page.keys("+")
    assert page.js("return document.getElementById('canvas').offsetHeight") > height
    page.keys("0", "-", "-", "-")
    assert page.js("return document.getElementById('canvas').offsetHeight") < height
    assert "texts (zoomed out)" in page.text("#omitted")


def test_theme_changes_by_key(page: Page) -> None:
    before = page.js("return getComputedStyle(document.body).backgroundColor")
    page.keys("d")
    assert page.js("return getComputedStyle(document.body).backgroundColor") != before


def test_story_says_who_told_whom_why_the_elb_waits_and_who_noticed_first(page: Page) -> None:
    told = page.step_until("worker1 learns of manager")
    assert told == "worker1 learns of manager: elb told it (MEMBER_LIST)."
    page.step_until("worker1 has finished its start")
    assert "no requests yet" in page.text("#routes .waiting")
    admitted = page.step_until("elb sends requests to worker1")
    assert "10.0 s after it joined" in admitted
    assert "finish its start before it gets traffic" in admitted
    assert page.count("#routes .waiting") == 0
    noticed = page.step_until("It is the first to notice")
    first = noticed.split(" takes worker2 off")[0]
    assert page.text("#agreement") == "2 disagree"
    page.keys(END)
    assert page.text("#agreement") == "all agree"
    removals = [text for text in page.texts("#drawing .mark.removed text") if "first to notice" in text]
    assert len(removals) == 1
    assert first in ("elb", "manager", "worker1")


def test_page_on_a_narrow_window_scrolls_inside_and_not_as_a_whole(open_page: Callable[..., Page]) -> None:
    page = open_page(small_run(), (520, 900))
    assert page.js("return document.documentElement.scrollWidth <= window.innerWidth")
    assert page.visible("#play")
    page.keys(END)
    assert page.place() == page.rows()


def test_page_prints_the_diagram(page: Page) -> None:
    printed = page.driver.execute_cdp_cmd("Page.printToPDF", {})
    assert len(printed["data"]) > 10_000
    page.keys("n")
    assert page.place() == 2


def test_printed_page_is_light_even_if_the_screen_is_dark(page: Page) -> None:
    page.js("document.documentElement.dataset.theme = 'dark'")
    dark = page.js("return getComputedStyle(document.querySelector('.band')).fill")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert page.js("return getComputedStyle(document.querySelector('.band')).fill") == "rgb(227, 240, 250)" != dark
        assert page.js("return getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert not page.visible("#transport")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_labels_of_arrows_keep_clear_of_their_arrows(page: Page) -> None:
    page.step_until("sends worker1 the members that it knows")
    gaps = page.js(
        "return [...document.querySelectorAll('#drawing .message-text')].map((label) => {"
        "  const line = document.querySelector(`#drawing .message[data-i='${label.dataset.i}'] .arrow`);"
        "  const [x1, y1, x2, y2] = ['x1', 'y1', 'x2', 'y2'].map((name) => Number(line.getAttribute(name)));"
        "  const x = Number(label.getAttribute('x'));"
        "  return [y1 + (y2 - y1) * (x - x1) / (x2 - x1) - Number(label.getAttribute('y')),"
        "    Math.abs(x2 - x1) - label.getComputedTextLength()]; })"
    )
    assert len(gaps) > 5
    assert all(above > 4 and room > 0 for above, room in gaps)
