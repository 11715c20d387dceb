"""The run as text: lanes, arrows, member lists and log for one moment."""

from __future__ import annotations

from tests.view.runs import faulty_run, small_run
from wkasim.view.terminal import TextView

VIEW = TextView(small_run())


def row_of(view: TextView, words: str) -> int:
    return next(row for row in range(len(view.rows)) if words in view.now(row))


def test_lanes_show_an_arrow_from_sender_to_receiver() -> None:
    row = row_of(VIEW, "JOIN to elb")
    line = next(line for line in VIEW.lanes(row, 10, 100) if line.startswith(">"))
    assert "┃◀──" in line
    assert " JOIN " in line


def test_lanes_show_a_lost_message_as_lost() -> None:
    view = TextView(faulty_run())
    row = row_of(view, "is lost")
    line = next(line for line in view.lanes(row, 10, 100) if line.startswith(">"))
    assert "LOST" in line


def test_lanes_fit_the_width_and_name_all_nodes() -> None:
    assert VIEW.header(100).split() == ["elb", "manager", "worker1", "worker2"]
    assert len(VIEW.lanes(50, 20, 100)) == 20


def test_members_mark_what_the_row_changes() -> None:
    row = row_of(VIEW, "worker1 + manager")
    lines = VIEW.members(row)
    assert lines[2] == "worker1      starting     elb manager   <- + manager (told by elb)"
    assert lines[3] == "worker2      stopped      -"


def test_log_ends_at_the_row() -> None:
    row = row_of(VIEW, "No members in current cluster")
    assert VIEW.log(row, 2)[-1].endswith("elb        INFO - TribesUtil No members in current cluster")
    assert len(VIEW.log(row, 2)) == 2


def test_next_of_a_kind_stays_where_there_is_none() -> None:
    first = VIEW.next_of(0, ("send",))
    assert "JOIN" in VIEW.now(first)
    assert VIEW.next_of(first, ("send",), -1) == first
    assert VIEW.next_of(len(VIEW.rows) - 1, ("send",)) == len(VIEW.rows) - 1


def test_row_at_a_time_is_the_last_one_until_then() -> None:
    assert VIEW.now(VIEW.row_at(10_000_000)).startswith("10.000000 s")
    assert VIEW.row_at(-1) == 0
