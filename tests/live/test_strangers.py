"""What is dropped at ports for requests is told, but a flood of strangers is counted only."""

from __future__ import annotations

import logging

import pytest

from wkasim.live import strangers
from wkasim.live.strangers import strangers_told


def test_flood_of_strangers_is_told_of_in_a_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(strangers.time, "monotonic", lambda: now)
    logger = logging.getLogger("wkasim.http")
    told: list[str] = []
    with strangers_told(told.append):
        for number in range(1000):
            logger.warning("one %s", number)
        now += 61
        logger.warning("another")
    logger.warning("nobody listens any more")
    assert told == [
        *(f"one {number}" for number in range(20)),
        "HTTP: what else is dropped within 60 s is only counted",
        "HTTP: 980 more were dropped meanwhile",
        "another",
    ]
