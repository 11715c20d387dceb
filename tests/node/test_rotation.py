"""Round robin over lists that change: fair while they do not, and never to whom is suspended while others are not."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.node.front import member
from wkasim.node.rotation import Rotation, Suspensions

MEMBERS = [member(number) for number in range(1, 7)]
subsets = st.lists(st.sampled_from(MEMBERS), unique_by=lambda one: one.address, max_size=6)


@given(subsets.filter(bool), st.integers(1, 5), st.integers(0, 20))
def test_rotation_over_a_list_that_stays_gives_everybody_the_same(members: list, rounds: int, before: int) -> None:
    rotation = Rotation(Suspensions(lambda: 0))
    for _ in range(before):
        rotation.next("host", MEMBERS)
    chosen = Counter(rotation.next("host", members) for _ in range(rounds * len(members)))
    assert chosen == dict.fromkeys(members, rounds)


@given(st.lists(st.tuples(subsets, subsets, st.integers(0, 15)), max_size=12))
def test_rotation_takes_a_suspended_member_only_if_all_are(course: list) -> None:
    now_ms = 0
    suspensions = Suspensions(lambda: now_ms)
    rotation = Rotation(suspensions)
    for members, refusing, seconds in course:
        now_ms += seconds * 1000
        for one in refusing:
            suspensions.suspend(one, 10.0)
        chosen = rotation.next("host", members)
        free = [one for one in members if not suspensions.is_suspended(one)]
        if free:
            assert chosen in free
        else:
            assert chosen in (members or [None])
