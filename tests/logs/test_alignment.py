"""Which line of a log is the counterpart of which line of a transcript."""

import random

import pytest

from wkasim.logs import alignment
from wkasim.logs.alignment import align, common_length


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ("abc", "abc", [0, 1, 2]),
        ("abc", "xaxbxc", [1, 3, 5]),
        ("aab", "axaab", [0, 2, 4]),
        ("abc", "", [None, None, None]),
        ("", "abc", []),
        # One is missing: all others find their counterpart, the earliest one.
        ("abc", "acc", [0, None, 1]),
        # Two are swapped: either could be said to be missing; the beginning without a hole wins.
        ("abcd", "acbd", [0, 2, None, 3]),
        # The counterpart that stands late costs the fewest others.
        ("abcd", "acdb", [0, None, 1, 2]),
    ],
)
def test_align_finds_what_a_person_would(expected: str, actual: str, found: list[int | None]) -> None:
    assert align(expected, actual) == found


def test_align_always_finds_as_many_as_possible_in_rising_order() -> None:
    draw = random.Random(3)
    for _ in range(500):
        expected, actual = ([draw.randrange(4) for _ in range(draw.randrange(12))] for _ in range(2))
        found = align(expected, actual)
        places = [place for place in found if place is not None]
        assert places == sorted(set(places))
        assert len(places) == common_length(expected, actual)
        assert all(at is None or actual[at] == item for at, item in zip(found, expected, strict=True))


def test_align_of_more_than_can_be_tabled_is_greedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "_MOST_CELLS", 5)
    assert align("abcd", "acdb") == [0, 3, None, None]
