"""Requests of clients in a real browser: they come from the left edge, for clients have no lane."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import Page
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario
from wkasim.view.played import run_of


def test_page_draws_requests_of_clients_from_the_left_edge(open_page: Callable[..., Page]) -> None:
    page = open_page(run_of(run_scenario(load_scenario("routing/round-robin"))))
    page.keys("\ue010")  # the end, where the requests are
    assert page.count("g.message.kind-http line.arrow") > 0
    assert page.js("return document.querySelectorAll('line[x1=NaN], line[x2=NaN], line[x1=undefined]').length") == 0
