"""A headless Chromium that opens pages from disk; every test also proves that the console stayed empty."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from wkasim.view.page import html_page
from wkasim.view.run import Run

webdriver = pytest.importorskip("selenium.webdriver", reason="browser tests need selenium (pip install '.[test]')")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDE = (1500, 950)
MISSING = "browser tests need Debian's packages chromium and chromium-driver"


@frozen
class Page:
    """The page in the browser: what is shown, and what a person would do."""

    driver: object

    def js(self, script: str, *arguments: object) -> object:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        found = self.js("return document.querySelector(arguments[0])?.textContent.toWellFormed() ?? null", selector)
        assert found is not None, f"nothing is {selector}"
        return str(found)

    def texts(self, selector: str) -> list[str]:
        return self.js(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.toWellFormed())", selector
        )

    def count(self, selector: str) -> int:
        return self.js("return document.querySelectorAll(arguments[0]).length", selector)

    def click(self, selector: str) -> None:
        self.driver.find_element("css selector", selector).click()

    def keys(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def place(self) -> int:
        """The row of the cursor, from 1, as the page says it."""
        return int(self.text("#place").split(" of ")[0])

    def rows(self) -> int:
        return int(self.text("#place").split(" of ")[1].split(" ")[0])

    def time(self) -> float:
        return float(self.text("#now-time").removesuffix(" s"))

    def visible(self, selector: str) -> bool:
        return bool(self.driver.find_element("css selector", selector).is_displayed())

    def step_until(self, words: str) -> str:
        """Press Next until the sentence has these words; the sentence."""
        while words not in self.text("#sentence"):
            before = self.place()
            self.keys("n")
            assert self.place() > before, f"never said: {words}"
        return self.text("#sentence")

    def click_line(self, words: str) -> str:
        """Click the first log line with these words, also where the list is drawn anew meanwhile; its text."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        def click(driver: object) -> str:
            for line in driver.find_elements("css selector", "#log-lines .line"):
                if words in (shown := line.text):
                    line.click()
                    return shown
            return ""

        return WebDriverWait(self.driver, 10, ignored_exceptions=[StaleElementReferenceException]).until(click)

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield running
    running.quit()


@pytest.fixture
def open_page(browser: object, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens a run at a window size; afterwards the console must be empty."""
    page = Page(browser)

    def opened(run: Run, size: tuple[int, int] = WIDE) -> Page:
        file = tmp_path / "run.html"
        file.write_text(html_page(run), encoding="utf-8", errors="backslashreplace")
        browser.set_window_size(*size)
        browser.get(file.as_uri())
        assert page.js("return document.documentElement.dataset.ready") == "true"
        return page

    yield opened
    assert page.console() == []
