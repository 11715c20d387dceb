"""The journal keeps what happened, in order; it is written, read back, and refused when it was damaged."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sim.small_world import SmallWorld
from wkasim.errors import InputError
from wkasim.sim.journal import FIELDS, Journal, Record, read_journal, record_as_dict

ATOMS = st.one_of(st.text(max_size=20), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False))


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """Records of all kinds, as their fields say, their times never running back."""
    times = sorted(draw(st.lists(st.integers(0, 10**12), max_size=12)))
    found: list[Record] = []
    for time_us in times:
        kind = draw(st.sampled_from(sorted(FIELDS)))
        fields = [
            tuple(draw(st.lists(ATOMS, max_size=4))) if name == "params" else draw(ATOMS) for name in FIELDS[kind]
        ]
        found.append((time_us, kind, draw(st.text(max_size=10)), draw(st.integers(0, 9)), *fields))
    return found


def journal_of(records: list[Record]) -> Journal:
    journal = Journal()
    for record in records:
        journal.append(record)
    return journal


def written(journal: Journal) -> list[str]:
    file = io.StringIO()
    journal.write(file)
    return file.getvalue().splitlines(keepends=True)


@given(records())
def test_journal_written_and_read_back_is_the_same(records: list[Record]) -> None:
    journal = journal_of(records)
    again = read_journal(written(journal))
    assert again.records == records
    assert again.fingerprint() == journal.fingerprint()


@given(records())
def test_journal_fingerprint_changes_with_every_record(records: list[Record]) -> None:
    prints = {journal_of(records[:count]).fingerprint() for count in range(len(records) + 1)}
    assert len(prints) == len(records) + 1


def test_journal_fingerprint_is_that_of_the_written_form() -> None:
    import hashlib

    journal = journal_of([(0, "timer", "a", 1, "heartbeat")])
    text = '{"wkasim_journal": 1}\n[0,"timer","a",1,"heartbeat"]\n'
    assert "".join(written(journal)) == text
    assert journal.fingerprint() == hashlib.sha256(text.encode()).hexdigest()


# Notes that become records when somebody reads


def test_journal_notes_and_records_keep_their_order() -> None:
    world = SmallWorld()
    world.process("a")
    world.process("b")
    pipe = world.pipe("a", "b")
    world.journal.append((0, "timer", "a", 1, "before"))
    world.send(pipe, "one")
    world.journal.append((0, "timer", "a", 1, "between"))
    world.send(pipe, "two")
    world.run_to(1)
    world.journal.append((world.loop.now_us, "timer", "a", 1, "after"))
    assert len(world.journal) == 7
    kinds = ["timer", "send", "timer", "send", "deliver", "deliver", "timer"]
    assert [record[1] for record in world.journal] == kinds
    assert [record[1] for record in world.journal.records] == kinds
    assert len(world.journal) == 7
    world.close()


def test_journal_read_in_between_gives_one_list_that_grows() -> None:
    world = SmallWorld()
    world.process("a")
    world.process("b")
    pipe = world.pipe("a", "b")
    world.send(pipe, "one")
    first = world.journal.records
    assert len(first) == 1
    world.send(pipe, "two")
    assert world.journal.records is first
    assert [record[7] for record in first] == ["one", "two"]
    assert first == list(world.journal)
    assert list(world.journal.of_kind("deliver", "drop")) == []
    world.close()


def test_journal_record_of_a_message_names_the_life_that_sent_it() -> None:
    world = SmallWorld()
    world.process("a")
    world.process("b")
    world.send(world.pipe("a", "b"), "from the first life")
    world.kill("a")
    world.process("a")
    world.send(world.pipe("a", "b"), "from the second")
    world.run_to(1)
    assert [record[2:4] for record in world.journal.of_kind("send")] == [("a", 1), ("a", 2)]
    world.close()


def test_record_as_dict_names_the_fields() -> None:
    assert record_as_dict((5, "connect", "worker1", 2, "127.1.0.206:4000", "refused")) == {
        "time_us": 5,
        "kind": "connect",
        "node": "worker1",
        "life": 2,
        "to": "127.1.0.206:4000",
        "outcome": "refused",
    }


# Refused


def error_of(lines: list[str]) -> str:
    with pytest.raises(InputError) as caught:
        read_journal(lines, "run.jsonl")
    return str(caught.value)


HEADER = '{"wkasim_journal": 1}\n'
TIMER = '[7,"timer","a",1,"heartbeat"]\n'


@pytest.mark.parametrize(
    "first", ["", "\n", "[]\n", "{}\n", "42\n", "not json\n", '["wkasim_journal"]\n', "[" * 100_000]
)
def test_read_journal_without_header_is_refused(first: str) -> None:
    assert error_of([first] if first else []) == (
        "run.jsonl:1: not a wkasim journal (its first line names the journal's version)"
    )


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_read_journal_of_another_version_is_refused_with_the_way_out(version: object) -> None:
    assert error_of([json.dumps({"wkasim_journal": version})]) == (
        f"run.jsonl:1: journal version {version!r}; this wkasim reads 1: run it again"
    )


@pytest.mark.parametrize("cut", range(1, len(TIMER) - 1))
def test_read_journal_cut_off_within_a_line_is_refused(cut: int) -> None:
    assert error_of([HEADER, TIMER, TIMER[:cut]]) == ("run.jsonl:3: not JSON; the journal is cut off or damaged here")


def test_read_journal_with_absurd_nesting_is_refused() -> None:
    assert error_of([HEADER, "[" * 100_000]) == "run.jsonl:2: not JSON; the journal is cut off or damaged here"


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "7",
        '"timer"',
        "[]",
        '[7,"timer"]',
        '["7","timer","a",1,"x"]',
        '[7,"tick","a",1,"x"]',
        '[7,["timer"],"a",1]',
    ],
)
def test_read_journal_with_something_else_than_a_record_is_refused(line: str) -> None:
    assert error_of([HEADER, line]) == f"run.jsonl:2: not a journal record: {line!r}"


def test_read_journal_with_a_field_too_few_or_too_many_is_refused() -> None:
    assert error_of([HEADER, '[7,"timer","a",1]']) == "run.jsonl:2: a 'timer' record has 1 fields, found 0"
    assert error_of([HEADER, '[7,"timer","a",1,"x",2]']) == "run.jsonl:2: a 'timer' record has 1 fields, found 2"


def test_read_journal_whose_time_runs_back_is_refused() -> None:
    assert error_of([HEADER, TIMER, TIMER.replace("7", "6")]) == (
        "run.jsonl:3: time runs back from 7 to 6 us; the file was edited"
    )
    assert error_of([HEADER, TIMER.replace("7", "-1")]) == (
        "run.jsonl:2: time runs back from 0 to -1 us; the file was edited"
    )
