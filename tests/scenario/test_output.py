"""A run on disk has one layout, is complete, and is not written over anything by accident."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wkasim import __version__
from wkasim.errors import InputError
from wkasim.logs.parser import read_log
from wkasim.scenario.output import check_folder, result_as_dict, write_run
from wkasim.scenario.reader import load_scenario, parse_scenario
from wkasim.scenario.runner import RunResult, run_scenario
from wkasim.sim.journal import read_journal


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run_scenario(load_scenario("kill-and-restart"))


def test_write_run_has_a_log_for_each_life_the_journal_and_the_result(result: RunResult, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    write_run(result, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "elb.log", "journal.jsonl", "manager.log", "result.json", "worker1.2.log", "worker1.log",
    ]  # fmt: skip


def test_write_run_logs_are_consoles_that_are_read_back(result: RunResult, tmp_path: Path) -> None:
    write_run(result, tmp_path)
    for name in ("elb.log", "worker1.log", "worker1.2.log"):
        lines = list(read_log(tmp_path / name))
        assert all(line.known and line.event and line.time for line in lines)
        assert lines[-1].time is not None
    first = (tmp_path / "worker1.2.log").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("[2013-06-20 10:")
    assert first.endswith("]  INFO - TribesClusteringAgent Initializing cluster...")


def test_write_run_journal_is_read_back_the_same(result: RunResult, tmp_path: Path) -> None:
    write_run(result, tmp_path)
    with (tmp_path / "journal.jsonl").open(encoding="utf-8") as file:
        assert read_journal(file).records == result.journal.records


def test_write_run_result_tells_what_the_table_tells(result: RunResult, tmp_path: Path) -> None:
    write_run(result, tmp_path)
    told = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(result_as_dict(result)))
    assert (told["wkasim"], told["scenario"], told["passed"]) == (__version__, "kill-and-restart", True)
    assert told["fingerprint"] == result.fingerprint
    assert told["nodes"]["worker1"]["lives"] == 2
    assert told["nodes"]["elb"]["member_names"] == ["manager", "worker1"]
    assert told["nodes"]["elb"]["groups"] == {"wso2.esb.domain/__$default": ["127.1.0.206:4001", "127.1.0.132:4000"]}
    assert [item["verdict"] for item in told["expectations"]] == ["passed"] * len(result.outcomes)
    assert [step["step"] for step in told["steps"]] == [step.action.verb for step in result.scenario.steps]


def test_write_run_node_that_never_logged_has_an_empty_log(tmp_path: Path) -> None:
    scenario = parse_scenario("nodes: {a: {}, b: {}}\nsteps:\n  - start: {nodes: [a], spread: 0s}\n  - wait: 1ms\n")
    write_run(run_scenario(scenario), tmp_path)
    assert (tmp_path / "a.log").read_text(encoding="utf-8") == ""
    assert not (tmp_path / "b.log").exists()


def test_write_run_over_an_earlier_run_leaves_nothing_of_it(result: RunResult, tmp_path: Path) -> None:
    write_run(result, tmp_path)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    write_run(run_scenario(load_scenario("kill-and-restart"), until=20.0), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "elb.log", "journal.jsonl", "manager.log", "notes.txt", "result.json", "worker1.log",
    ]  # fmt: skip


def test_write_run_does_not_touch_logs_that_are_no_run(result: RunResult, tmp_path: Path) -> None:
    (tmp_path / "elb.9.log").write_text("precious", encoding="utf-8")
    write_run(result, tmp_path)
    assert (tmp_path / "elb.9.log").read_text(encoding="utf-8") == "precious"


def test_write_run_to_a_place_that_cannot_be_written_says_so(result: RunResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"file/run: cannot be written: Not a directory"):
        write_run(result, tmp_path / "file" / "run")


def test_check_folder_refuses_what_is_in_the_way(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "deeper")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        check_folder(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: the folder is not empty; name another one, or overwrite runs in it with --force"
    )
    check_folder(tmp_path, force=True)
    with pytest.raises(InputError) as caught:
        check_folder(tmp_path / "file", force=True)
    assert str(caught.value) == f"{tmp_path / 'file'}: this is a file; name a folder"


def test_run_written_over_an_earlier_one_leaves_logs_of_others_alone(tmp_path: Path) -> None:
    result = run_scenario(load_scenario("elb-alone"))
    write_run(result, tmp_path)
    for name in ("elb.2.log", "elb-production.log", "other.log"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    write_run(result, tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.log")) == ["elb-production.log", "elb.log", "other.log"]
