"""Times are read and written exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkasim.scenario.shapes import duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10.0),
        ("200ms", 0.2),
        ("1m", 60.0),
        ("1m30s", 90.0),
        ("2h", 7200.0),
        ("1.5s", 1.5),
        ("150us", 0.00015),
        ("0", 0.0),
        ("12.5", 12.5),
        (" 5s ", 5.0),
    ],
)
def test_parse_duration_reads_units_and_plain_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 s", "5 minutes", "1d", "1e3", "١s", "10s5", "nan", "400000000s"])
def test_parse_duration_refuses_what_is_no_time(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (10.0, "10s"), (0.2, "200ms"), (60.0, "1m"), (90.0, "90s"), (0.00015, "150us"), (7200.0, "120m")],
)
def test_duration_text_takes_the_roundest_unit(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.integers(0, 10**13))
def test_duration_text_is_read_back_to_the_microsecond(us: int) -> None:
    assert parse_duration(duration_text(us / 1e6)) == us / 1e6
