"""A run directory is shown as far as it can be trusted, and refused beyond that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.view.runs import small_result
from wkasim.errors import InputError
from wkasim.scenario.output import write_run
from wkasim.view.source import read_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(small_result(), tmp_path / "run")
    return tmp_path / "run"


def error_of(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_run(folder)
    return str(caught.value).replace(f"{folder}", "RUN")


def lines_of(folder: Path) -> list[str]:
    return (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)


def write(folder: Path, lines: list[str]) -> None:
    (folder / "journal.jsonl").write_text("".join(lines), encoding="utf-8")


def test_run_directory_gives_the_run_with_its_facts(folder: Path) -> None:
    run = read_run(folder)
    assert (run.title, run.profile, run.seed, run.warnings) == ("A small cluster", "documented", 7, ())
    assert list(run.records) == small_result().journal.records
    assert [(node.name, node.address, node.host, node.domain) for node in run.nodes] == [
        ("elb", "127.1.0.206:4000", "127.1.0.206", "wso2.esb.domain"),
        ("manager", "127.1.0.206:4001", "127.1.0.206", "wso2.esb.domain"),
        ("worker1", "127.1.0.132:4000", "127.1.0.132", "wso2.esb.domain"),
        ("worker2", "127.1.0.132:4002", "127.1.0.132", "wso2.esb.domain"),
    ]


def test_run_without_a_journal_is_refused(tmp_path: Path) -> None:
    assert error_of(tmp_path) == "RUN: holds no journal.jsonl; make one with: wkasim run SCENARIO --out RUN"


def test_run_cut_off_in_a_line_is_shown_up_to_there_and_says_so(folder: Path) -> None:
    lines = lines_of(folder)[:100]
    write(folder, [*lines[:-1], lines[-1][:20]])
    run = read_run(folder)
    assert len(run.records) == 98
    assert len(run.warnings) == 1
    assert run.warnings[0].startswith("the journal is cut off in line 100 (")
    assert run.warnings[0].endswith("): what happened after that is not shown")


def test_run_cut_off_between_lines_says_that_it_is_not_the_described_one(folder: Path) -> None:
    write(folder, lines_of(folder)[:100])
    assert read_run(folder).warnings == (
        (
            "the journal is not the one that result.json describes: it was edited, lines are missing, or it comes from "
            "another run; what is shown is what stands in the journal"
        ),
    )


def test_run_edited_without_breaking_it_says_so(folder: Path) -> None:
    lines = lines_of(folder)
    write(folder, [line.replace("wso2.esb.domain", "my.own.domain") for line in lines])
    assert read_run(folder).warnings[0].startswith("the journal is not the one that result.json describes")


def test_run_without_its_result_is_shown_and_says_what_is_unknown(folder: Path) -> None:
    (folder / "result.json").unlink()
    run = read_run(folder)
    assert run.title == "run"
    assert run.warnings == (f"{folder / 'result.json'} is missing: title, profile and seed of this run are unknown",)


def test_run_of_another_version_is_refused(folder: Path) -> None:
    write(folder, ['{"wkasim_journal": 99}\n', *lines_of(folder)[1:]])
    assert error_of(folder) == "RUN/journal.jsonl:1: journal version 99; this wkasim reads 1: run it again"


def test_run_whose_time_runs_back_is_refused(folder: Path) -> None:
    lines = lines_of(folder)
    write(folder, [*lines[:50], '[1,"timer","elb",1,"heartbeat"]\n', *lines[50:]])
    assert error_of(folder).startswith("RUN/journal.jsonl:51: time runs back from ")
    assert error_of(folder).endswith("; the file was edited")


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ([-1, "timer", "elb", 1, "heartbeat"], "time runs back from 0 to -1 us; the file was edited"),
        ([1, ["timer"], "elb", 1, "heartbeat"], "not a journal record: "),
        ([True, "timer", "elb", 1, "heartbeat"], "a time of True us is none"),
        ([1, "timer", 5, 1, "heartbeat"], "node 5 and life 1 must be a name and a whole number"),
        ([1, "timer", "elb", "x", "heartbeat"], "node 'elb' and life 'x' must be a name and a whole number"),
        ([1, "timer", "elb", 1, {"a": 1}], "'timer' of a 'timer' record cannot be \"{'a': 1}\""),
        ([1, "send", "elb", 1, "one", "JOIN", "x", ""], "'id' of a 'send' record cannot be 'one'"),
        ([1, "step", "elb", 1, "kill", ["a"]], "the params of a 'step' record must be names and values in turn"),
        ([1, "step", "elb", 1, "kill", 7], "the params of a 'step' record must be names and values in turn"),
        ([1, "step", "elb", 1, "kill", ["a", None]], "the params of a 'step' record must be names and values in turn"),
    ],
)
def test_run_with_a_record_that_cannot_be_is_refused(folder: Path, record: list[object], problem: str) -> None:
    write(folder, ['{"wkasim_journal": 1}\n', json.dumps(record) + "\n"])
    assert error_of(folder).startswith(f"RUN/journal.jsonl:2: {problem}")


def test_run_with_a_line_nested_too_deeply_is_refused(folder: Path) -> None:
    write(folder, ['{"wkasim_journal": 1}\n', "[" * 100_000 + "\n"])
    assert error_of(folder) == "RUN/journal.jsonl:2: not JSON; the journal is cut off or damaged here"


def test_run_without_records_is_refused(folder: Path) -> None:
    write(folder, ['{"wkasim_journal": 1}\n'])
    assert error_of(folder) == "RUN/journal.jsonl: holds no records, only its first line; run the scenario again"


def test_run_of_bytes_that_are_no_text_is_refused(folder: Path) -> None:
    (folder / "journal.jsonl").write_bytes(b"\xff\xfe\x00")
    assert error_of(folder) == "RUN/journal.jsonl: not UTF-8 text (invalid start byte); this is no journal of wkasim"


def test_run_with_an_endless_line_is_refused(folder: Path) -> None:
    (folder / "journal.jsonl").write_text("[" * 1_000_002)
    assert error_of(folder) == ("RUN/journal.jsonl:1: a line longer than 1,000,000 characters; this is no journal")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "not JSON; run the scenario again, or remove the file to see the journal"),
        ("[]", "not a result of wkasim; remove the file to see the journal alone"),
        ("[" * 100_000, "not JSON; run the scenario again, or remove the file to see the journal"),
    ],
)
def test_run_with_a_damaged_result_is_refused(folder: Path, text: str, problem: str) -> None:
    (folder / "result.json").write_text(text)
    assert error_of(folder) == f"RUN/result.json: {problem}"


def test_run_with_a_result_of_wrong_types_is_shown_without_them(folder: Path) -> None:
    (folder / "result.json").write_text('{"title": 7, "seed": "x", "profile": null}')
    run = read_run(folder)
    assert (run.title, run.seed, run.profile) == ("run", None, "")
