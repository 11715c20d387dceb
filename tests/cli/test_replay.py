"""`wkasim replay`: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.replay.folders import CONFORMANCE, FIRST_LINE, NODE, OTHER, recorded
from wkasim.cli.main import app
from wkasim.logs.compare import comparable_lines, compare

RECORDING = CONFORMANCE / "axis2-1.7" / "s05_restart_killed"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["replay", *(str(argument) for argument in arguments)])


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return recorded(
        tmp_path / "small",
        f"0 START a {NODE}",
        f"2 START b {OTHER}",
        "20 DUMP",
        "21 END",
        a=FIRST_LINE,
        b=(
            "[2026-11-22 12:00:02,600]  INFO - TribesClusteringAgent Initializing cluster...\n"
            "[2026-11-22 12:00:20,100]  INFO - Driver STATE local=x members=[127.1.0.9:4000(D)]"
        ),
    )


def test_replay_prints_every_seed_mean_best_lines_and_member_lists() -> None:
    result = run(RECORDING, "--seeds", 3)
    lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines[0] == "s05_restart_killed in profile axis2-1.7, 3 seeds"
    assert [line.split()[0] for line in lines[3:8]] == ["0", "1", "2", "mean", "best"]
    scores = [float(line.split()[1]) for line in lines[3:8]]
    assert scores[3] == pytest.approx(sum(scores[:3]) / 3, abs=0.001)
    assert scores[4] == max(scores[:3])
    assert [line.split()[0] for line in lines if line.endswith("127.1.0.206:4001 127.1.0.206:4002")] == [
        "elb",
        "w1",
        "w3",
    ]


def test_replay_json_is_one_document_with_the_same_figures() -> None:
    result = run(RECORDING, "--seeds", 3, "--json")
    data = json.loads(result.stdout)
    assert (data["recording"], data["profile"]) == ("s05_restart_killed", "axis2-1.7")
    assert [one["seed"] for one in data["seeds"]] == [0, 1, 2]
    assert data["best"]["score"] == max(one["score"] for one in data["seeds"])
    assert list(data["best"]["nodes"]) == ["elb", "mgr", "w1", "w2", "w2.2", "w3"]
    assert data["best"]["views"]["mgr"]["equal"] is True


def test_replay_out_writes_a_run_that_scores_as_was_said(tmp_path: Path) -> None:
    data = json.loads(run(RECORDING, "--seeds", 3, "--json", "--out", tmp_path / "run").stdout)
    written = sorted(path.name for path in (tmp_path / "run").iterdir())
    logs = ["elb.log", "mgr.log", "w1.log", "w2.2.log", "w2.log", "w3.log"]
    assert written == sorted([*logs, "journal.jsonl", "result.json"])
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8")) == data
    sides = [
        {path.stem: comparable_lines(path.read_text(encoding="utf-8")) for path in folder.glob("*.log")}
        for folder in (RECORDING, tmp_path / "run")
    ]
    assert compare(*sides).score == data["best"]["score"]


def test_replay_out_into_a_folder_with_something_is_refused_unless_forced(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("old.log", "journal.jsonl"):
        (out / name).write_text("old", encoding="utf-8")
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    arguments = (small, "--profile", "documented", "--seeds", 1, "--out", out)
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"{out}: the folder is not empty; name another one, or overwrite runs in it with --force\n"
    )
    assert run(*arguments, "--force").exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.log", "b.log", "journal.jsonl", "mine.txt", "result.json"]


def test_replay_out_never_writes_into_a_recording(small: Path) -> None:
    refused = run(small, "--profile", "documented", "--seeds", 1, "--out", small, "--force")
    assert refused.exit_code == 2
    assert refused.stderr == f"{small}: this is a recording, it is not written into; name another folder\n"
    assert FIRST_LINE in (small / "a.log").read_text(encoding="utf-8")


def test_replay_without_profile_in_a_folder_of_another_name_lists_the_profiles(small: Path) -> None:
    result = run(small)
    assert result.exit_code == 2
    assert result.stderr == (
        f"{small}: which profile? {small.parent.name!r} is none; "
        "say --profile with one of documented, axis2-1.7, wso2-1.6.1\n"
    )


def test_replay_unknown_profile_exits_with_two(small: Path) -> None:
    result = run(small, "--profile", "axis2-1.8")
    assert result.exit_code == 2
    assert result.stderr == (
        "unknown profile 'axis2-1.8'; did you mean 'axis2-1.7'? (known: documented, axis2-1.7, wso2-1.6.1)\n"
    )


def test_replay_bad_timeline_names_file_and_line(small: Path) -> None:
    path = small / "timeline.txt"
    path.write_text(f"{path.read_text(encoding='utf-8')}what?\n", encoding="utf-8")
    result = run(small, "--profile", "documented")
    assert result.exit_code == 2
    assert result.stderr == (
        f"{path}:5: not a line of a timeline: 'what?'; one begins with a clock and a time, as 12:25:25.614 t+ 0.002\n"
    )


def test_replay_member_lists_that_differ_are_shown_beside_each_other(small: Path) -> None:
    result = run(small, "--profile", "documented", "--seeds", 1)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-3:] == [
        "final member lists (seed 0)",
        "b     differ  recorded   127.1.0.9:4000",
        "              simulated  127.1.0.1:4000",
    ]


def test_replay_says_which_logs_are_missing_and_which_are_strangers(small: Path) -> None:
    (small / "a.log").unlink()
    (small / "z.log").write_text(FIRST_LINE, encoding="utf-8")
    result = run(small, "--profile", "documented", "--seeds", 1)
    assert result.exit_code == 0
    assert result.stderr == (
        f"{small}/a.log is not there; all lines of the simulated log count as extra\n"
        f"{small}/z.log is no log of a node that is started; all its lines count as missing\n"
    )


def test_replay_without_any_log_exits_with_two(tmp_path: Path) -> None:
    folder = recorded(tmp_path, f"0 START a {NODE}", "5 END")
    result = run(folder, "--profile", "documented", "--seeds", 1)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(f"{folder}: there is no NAME.log in it, so there is nothing to compare with\n")


def test_replay_does_not_call_member_lists_equal_that_were_not_recorded(tmp_path: Path) -> None:
    folder = recorded(tmp_path, f"0 START a {NODE}", "5 END", a=FIRST_LINE)
    arguments = (folder, "--profile", "documented", "--seeds", 1)
    assert run(*arguments).stdout.splitlines()[3].endswith("  none recorded")
    assert json.loads(run(*arguments, "--json").stdout)["seeds"][0]["views_equal"] is None


def test_replay_fail_under_compares_the_mean(small: Path) -> None:
    arguments = (small, "--profile", "documented", "--seeds", 2, "--fail-under")
    assert run(*arguments, 0).exit_code == 0
    failed = run(*arguments, 1)
    assert failed.exit_code == 1
    assert failed.stderr.startswith("the mean score 0.")
    assert failed.stderr.endswith(" is below 1\n")


def test_replay_depends_on_no_name(tmp_path: Path) -> None:
    shutil.copytree(RECORDING, tmp_path / "x")
    there = json.loads(run(tmp_path / "x", "--profile", "axis2-1.7", "--seeds", 2, "--json").stdout)
    here = json.loads(run(RECORDING, "--seeds", 2, "--json").stdout)
    assert {**there, "recording": ""} == {**here, "recording": ""}
