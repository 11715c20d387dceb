"""Who told whom, who noticed first, who is being admitted: read out of the journal."""

from __future__ import annotations

from tests.view.runs import small_run
from wkasim.sim.journal import Record
from wkasim.view.run import ViewNode
from wkasim.view.story import Admission, story_of

A = ViewNode("a", address="127.1.0.1:4000")
B = ViewNode("b", address="127.1.0.2:4000")
C = ViewNode("c", address="127.1.0.3:4000")


def test_story_of_a_member_list_names_who_sent_it() -> None:
    records: list[Record] = [
        (1, "send", "a", 1, 7, "MEMBER_LIST", B.address, C.address),
        (2, "deliver", "b", 1, 7, "MEMBER_LIST", "a"),
        (3, "view", "b", 1, "added", C.address, "member_list"),
        (4, "view", "b", 1, "added", A.address, "member_joined"),
        (5, "view", "b", 1, "added", A.address, "static"),
    ]
    assert story_of(records, [A, B, C]).tellers == {2: ("a", 0)}


def test_story_of_a_member_that_names_itself_has_it_as_its_own_teller() -> None:
    records: list[Record] = [
        (1, "send", "a", 1, 7, "MEMBER_LIST reply", B.address, ""),
        (2, "deliver", "b", 1, 7, "MEMBER_LIST reply", "a"),
        (3, "view", "b", 1, "added", A.address, "member_list"),
    ]
    assert story_of(records, [A, B]).tellers == {2: ("a", 0)}


def test_story_of_a_death_counts_who_noticed_and_after_how_long() -> None:
    records: list[Record] = [
        (100, "view", "a", 1, "removed", C.address, "event"),
        (1000, "state", "c", 1, "stopped", "killed"),
        (3000, "view", "b", 1, "removed", C.address, "event"),
        (4000, "view", "a", 1, "removed", C.address, "event"),
        (5000, "state", "c", 2, "starting", ""),
        (6000, "view", "a", 1, "removed", C.address, "event"),
    ]
    assert story_of(records, [A, B, C]).noticed == {2: (1, 2000), 3: (2, 3000)}


def test_story_of_an_admission_lasts_from_joining_the_group_to_its_outcome() -> None:
    def joined(address: str) -> tuple[str, ...]:
        return ("joined_group", "MembershipManager", "INFO", ("member", f"{address}(d)", "domain", "d"))  # type: ignore[return-value]

    records: list[Record] = [
        (1, "log", "a", 1, *joined(B.address)),
        (2, "log", "a", 1, *joined(C.address)),
        (3, "group", "a", 1, "admitted", B.address, "d", ""),
        (4, "view", "a", 1, "removed", C.address, "event"),
        (5, "log", "a", 1, *joined(C.address)),
        (6, "state", "a", 1, "stopped", "killed"),
        (7, "log", "a", 2, *joined(C.address)),
    ]
    assert story_of(records, [A, B, C]).admissions == [
        Admission("a", B.address, 0, 2, "admitted"),
        Admission("a", C.address, 1, 3, "left"),
        Admission("a", C.address, 4, 5, "left"),
        Admission("a", C.address, 6, None, "waiting"),
    ]


def test_story_of_a_real_run_has_each_member_admitted_and_one_first_to_notice() -> None:
    run = small_run()
    story = story_of(run.records, run.nodes)
    assert [(a.node, a.outcome) for a in story.admissions] == [("elb", "admitted")] * 3
    assert sorted(place for place, _ in story.noticed.values()) == [1, 2, 3]
