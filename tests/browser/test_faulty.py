"""A run full of faults, a run full of malice and a large one in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import Page
from tests.browser.test_small import END, HOME
from tests.view.runs import MALICE, faulty_run, hostile_run, large_run


def test_question_hides_the_future_until_it_is_answered(open_page: Callable[..., Page]) -> None:
    page = open_page(faulty_run())
    page.keys(END)
    assert page.place() < page.rows()
    assert page.visible("#veil")
    assert "gets lost" not in page.text("#note")
    assert "Will worker1 know the manager" in page.text("#question")
    hidden = page.place()
    page.keys("n")
    assert page.place() == hidden
    page.click("[data-choice='0']")
    assert page.text(".because").startswith("Not so. Nobody but the lost list")
    assert page.text(".choice.right") == "✓ No, nobody tells it"
    assert "gets lost" in page.text("#note")
    page.keys(END)
    assert page.place() == page.rows()
    assert not page.visible("#veil")


def test_questions_can_be_skipped(open_page: Callable[..., Page]) -> None:
    page = open_page(faulty_run())
    page.keys(END)
    page.click("#skip")
    page.keys(END)
    assert page.place() == page.rows()


def test_faults_are_marked_in_diagram_and_lists(open_page: Callable[..., Page]) -> None:
    page = open_page(faulty_run())
    page.keys(END)
    page.click("[data-choice='1']")
    assert page.text(".because").startswith("Right. ")
    page.step_until("The guide shows this line on worker1, but the run does not have it")
    assert page.count("#drawing .mark.ghost") == 1
    page.step_until("Lost: ")
    assert page.count("#drawing .message .lost") >= 1
    assert "1 of 2 lines found" in page.text("#warnings")
    page.step_until("manager is frozen")
    assert page.count("#drawing .state-paused") == 1
    page.step_until("kill elb")
    page.keys("n")
    assert page.texts("#matrix .state-of-stopped th")[0].startswith("elb")
    assert page.count("#matrix td.stale") >= 1


def test_hostile_texts_are_shown_as_they_are_and_never_run(open_page: Callable[..., Page]) -> None:
    page = open_page(hostile_run())
    shown = MALICE.replace("\ud800", "\ufffd")
    assert page.text("#title") == shown
    for _ in range(page.rows()):
        page.keys("n")
        assert page.count("img") == 0
    assert page.js("const side = document.getElementById('side'); return side.scrollWidth - side.clientWidth") <= 0
    page.keys("?")
    assert page.js("return window.hacked ?? null") is None
    assert page.count("script") == 2


def test_large_run_opens_at_once_and_draws_only_what_is_near(open_page: Callable[..., Page]) -> None:
    page = open_page(large_run())
    took_ms = page.js(
        "const [t] = performance.getEntriesByType('navigation'); return t.domContentLoadedEventEnd - t.responseEnd"
    )
    assert took_ms < 8000
    assert page.rows() > 70_000
    assert page.count("#drawing *") < 8000
    assert "lanes too narrow" in page.text("#omitted")
    page.keys(END)
    assert page.place() == page.rows()
    assert page.count("#drawing *") < 8000
    assert page.count("#matrix td.missing") == 50 * 48
    assert page.text("#agreement") == "2400 disagree"
    page.keys(HOME, "m")
    assert "asks" in page.text("#sentence")
    assert page.count("#log-lines .line") < 100


def test_large_run_steps_and_scrolls_within_a_frame_or_few(open_page: Callable[..., Page]) -> None:
    page = open_page(large_run())
    page.keys(END)
    step_ms = page.js(
        "const begin = performance.now(); for (let k = 0; k < 10; k += 1) document.getElementById('previous').click();"
        "return (performance.now() - begin) / 10"
    )
    assert step_ms < 300
    scroll_ms = page.driver.execute_async_script(
        "const done = arguments[0]; const box = document.getElementById('diagram'); const begin = performance.now();"
        "let k = 0; const on = () => { k += 1; if (k > 20) return done((performance.now() - begin) / 20);"
        "box.scrollTop -= 700; requestAnimationFrame(on); }; on();"
    )
    assert scroll_ms < 300
