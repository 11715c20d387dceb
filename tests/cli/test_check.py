"""``wkasim check``: log files against transcripts, and folders of them against scenarios."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
EXAMPLE = "write lines such as 'INFO - TribesUtil No members in current cluster'"
THIRD = TRANSCRIPTS / "3-elb-sees-manager.log"


@pytest.fixture
def run(wkasim: Invoke, tmp_path: Path) -> Path:
    """The guide's run on disk."""
    assert wkasim("run", "esb-cluster", "--quiet", "--out", tmp_path / "run").exit_code == 0
    return tmp_path / "run"


def test_check_log_that_holds_the_transcript_passes(wkasim: Invoke, run: Path) -> None:
    result = wkasim("check", "run/elb.log", "--transcript", THIRD)
    assert (result.exit_code, result.stderr) == (0, "")
    text = " ".join(result.stdout.split())
    assert text.startswith(f"run/elb.log: {THIRD} passed, 5 of 5 lines found (xxx.xxx.xxx is 127.1.0)")
    assert "Logged, not in the guide (1 line):" in text


def test_check_quiet_leaves_the_other_lines_out(wkasim: Invoke, run: Path) -> None:
    assert "Logged" not in wkasim("check", "run/elb.log", "--transcript", THIRD, "--quiet").stdout


def test_check_log_that_lacks_a_line_exits_1_and_says_where(wkasim: Invoke, run: Path) -> None:
    log = run / "elb.log"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(line for line in lines if "New member 127.1.0.206:4001" not in line), encoding="utf-8")
    result = wkasim("check", "run/elb.log", "--transcript", THIRD)
    assert result.exit_code == 1
    text = " ".join(result.stdout.split())
    assert "FAILED, 4 of 5 lines found" in text
    assert (
        "Line 3 of the transcript is missing in the log: INFO - TribesMembershipListener New member "
        "127.1.0.206:4001(wso2.esb.domain) joined cluster." in text
    )


def test_check_several_logs_against_several_transcripts_needs_all(wkasim: Invoke, run: Path) -> None:
    first, second = TRANSCRIPTS / "1-elb-starts.log", THIRD
    good = wkasim("check", "run/elb.log", "--transcript", first, "--transcript", second)
    assert good.exit_code == 0
    bad = wkasim("check", "run/elb.log", "run/manager.log", "--transcript", first, "--quiet")
    assert bad.exit_code == 1


def test_check_exact_does_not_allow_other_lines(wkasim: Invoke, run: Path) -> None:
    result = wkasim("check", "run/elb.log", "--transcript", THIRD, "--exact")
    assert result.exit_code == 1
    assert "that should not be there" in " ".join(result.stdout.split())


def test_check_json_has_a_report_for_each_pair(wkasim: Invoke, run: Path) -> None:
    result = wkasim("check", "run/elb.log", "--transcript", THIRD, "--json")
    [report] = json.loads(result.stdout)
    assert (report["log"], report["passed"], report["found"]) == ("run/elb.log", True, 5)


def test_check_folder_against_its_scenario_judges_what_logs_tell(wkasim: Invoke, run: Path) -> None:
    result = wkasim("check", "run", "--scenario", "esb-cluster", "--quiet")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "7 passed, 0 failed, 7 open"


def test_check_folder_with_a_missing_line_exits_1(wkasim: Invoke, run: Path) -> None:
    log = run / "worker1.log"
    text = log.read_text(encoding="utf-8")
    log.write_text(
        text.replace("Received configuration initialization message", "Received something"), encoding="utf-8"
    )
    result = wkasim("check", "run", "--scenario", "esb-cluster", "--quiet")
    assert result.exit_code == 1
    assert "FAILED   4 worker1 starts" in result.stdout


def test_check_folder_that_lacks_a_log_names_it(wkasim: Invoke, run: Path) -> None:
    (run / "worker3.log").unlink()
    result = wkasim("check", "run", "--scenario", "esb-cluster", "--quiet")
    assert result.stdout.splitlines()[0] == "no log of worker3"
    assert result.exit_code == 1


def test_check_folder_json_has_every_expectation(wkasim: Invoke, run: Path) -> None:
    told = json.loads(wkasim("check", "run", "--scenario", "esb-cluster", "--json").stdout)
    assert [item["verdict"] for item in told].count("passed") == 7


def test_check_role_passes_over_what_is_left_of_an_earlier_life(wkasim: Invoke, run: Path) -> None:
    log = run / "worker1.log"
    left = "INFO - TribesMembershipListener Member 127.1.0.132:4002(wso2.esb.domain) left cluster\n"
    log.write_text(left + log.read_text(encoding="utf-8"), encoding="utf-8")
    result = wkasim("check", "--role", "worker", "run/worker1.log")
    assert (result.exit_code, result.stdout) == (0, "worker1: the start of a worker, all 12 steps\n")
    log.write_text(left)
    result = wkasim("check", "--role", "worker", "run/worker1.log")
    assert result.exit_code == 2
    assert result.stderr == "run/worker1.log: the log begins in the middle; no start of a node is in it\n"


def test_check_log_that_is_too_long_for_a_transcript_is_refused(
    wkasim: Invoke, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wkasim.cli.check._MOST_LINES", 5)
    result = wkasim("check", "run/elb.log", "--transcript", THIRD)
    assert result.exit_code == 2
    assert result.stderr.startswith("run/elb.log: more than 5 log lines; cut out the start")


def test_check_folder_of_another_profile_skips_what_is_not_of_it(wkasim: Invoke, tmp_path: Path) -> None:
    wkasim("run", "wrong-well-known-port", "--quiet", "--out", "run")
    result = wkasim("check", "run", "--scenario", "wrong-well-known-port", "--quiet")
    assert result.exit_code == 0
    assert "skipped  the newer fork waits for ever" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["x.log"],
            "say against what: either --transcript FILE, or --scenario SCENARIO with a folder of logs, or --role ROLE",
        ),
        (
            ["x.log", "--transcript", THIRD, "--scenario", "esb-cluster"],
            "say against what: either --transcript FILE, or --scenario SCENARIO with a folder of logs, or --role ROLE",
        ),
        (["x.log", "--transcript", "t.log"], "t.log: cannot be read: No such file or directory"),
        (["x.log", "--transcript", THIRD], "x.log: cannot be read: No such file or directory"),
        (["notes.txt", "--transcript", THIRD], "notes.txt: there is no log line in this file"),
        (
            ["folder", "--transcript", THIRD],
            "folder: this is a folder; name log files, or check the folder with --scenario",
        ),
        (
            ["notes.txt", "--transcript", "empty.log"],
            f"empty.log:1: the transcript is empty; {EXAMPLE}",
        ),
        (
            ["notes.txt", "--scenario", "esb-cluster"],
            "with --scenario name one folder that holds <node>.log files, not notes.txt",
        ),
        (
            ["folder", "folder", "--scenario", "esb-cluster"],
            "with --scenario name one folder that holds <node>.log files, not folder folder",
        ),
        (
            ["folder", "--scenario", "esb-cluster"],
            "folder: there is no log of any node in this folder; looked for elb.log and so on",
        ),
        (
            ["folder", "--scenario", "nope"],
            'there is no scenario "nope", neither a file nor a shipped one; "wkasim scenarios" lists what is shipped',
        ),
    ],
)
def test_check_with_bad_input_exits_2(wkasim: Invoke, tmp_path: Path, arguments: list[object], message: str) -> None:
    (tmp_path / "notes.txt").write_text("hello\n", encoding="utf-8")
    (tmp_path / "empty.log").write_text("", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    result = wkasim("check", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{message}\n")
