"""Streams: the same name gives the same numbers, on every Python, and another name gives others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wkasim.sim.randomness import Streams


def test_stream_gives_these_numbers_for_ever() -> None:
    """Pinned: a change here changes every run that anybody has kept."""
    streams = Streams(7)
    assert streams.number("node", "127.1.0.206:4000/1", "pace") == 542417549138421036
    stream = streams.stream("spread", "127.1.0.206:4000", 1)
    assert [stream() for _ in range(2)] == [0.18146742078638078, 0.3792177912735285]


@given(st.integers(), st.lists(st.text(max_size=5), max_size=3), st.lists(st.text(max_size=5), max_size=3))
def test_stream_depends_on_seed_and_name_only(seed: int, name: list[str], other: list[str]) -> None:
    one, same = Streams(seed), Streams(seed)
    one.stream(*other)()
    assert one.stream(*name)() == same.stream(*name)()
    assert one.number(*name) != Streams(seed + 1).number(*name)
    if "/".join(name) != "/".join(other):
        assert one.number(*name) != one.number(*other)
