"""`wkasim diff` and `wkasim check --role`: two runs aligned by event, and a start against the documented one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from wkasim.cli import check, diff
from wkasim.errors import InputError

RECORDINGS = Path(__file__).parents[1] / "conformance" / "recordings" / "axis2-1.7"


def run(*arguments: object) -> Result:
    app = typer.Typer()
    diff.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_diff_of_a_run_with_itself_is_equal() -> None:
    result = run(RECORDINGS / "s01_happy", RECORDINGS / "s01_happy")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "elb: equal, 32 lines",
        "mgr: equal, 28 lines",
        "w1: equal, 32 lines",
        "w2: equal, 34 lines",
        "w3: equal, 38 lines",
    ]


def test_diff_shows_the_first_divergence(tmp_path: Path) -> None:
    head = "INFO - TribesClusteringAgent Initializing cluster...\nINFO - TribesClusteringAgent Cluster domain: a\n"
    for name, rest in (("one", "INFO - TribesUtil No members in current cluster\n"), ("two", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "w1.log").write_text(head + rest)
    result = run(tmp_path / "one", tmp_path / "two")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "w1: 2 lines in common, 1 only in the first, 0 in the second",
        "      INFO - TribesClusteringAgent Initializing cluster...",
        "      INFO - TribesClusteringAgent Cluster domain: a",
        f"    - INFO - TribesUtil No members in current cluster  ({tmp_path}/one/w1.log:3)",
        "    + (ends here)",
    ]


def test_diff_names_nodes_that_one_side_lacks(tmp_path: Path) -> None:
    (tmp_path / "w9.log").write_text("INFO - TribesClusteringAgent Initializing cluster...\n")
    result = run(RECORDINGS / "s08_no_wka_then_elb", tmp_path, "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert (data["only_left"], data["only_right"]) == (["elb", "mgr", "w1"], ["w9"])


def test_diff_of_two_single_logs_pairs_them_whatever_their_names(tmp_path: Path) -> None:
    text = "INFO - TribesClusteringAgent Initializing cluster...\n"
    (tmp_path / "a.log").write_text(text)
    (tmp_path / "b.log").write_text(text * 2)
    result = run(tmp_path / "a.log", tmp_path / "b.log")
    assert (result.exit_code, result.stdout.splitlines()) == (
        1,
        [
            "a and b: equal, 1 line",
            "a and b, life 2: 0 lines in common, 0 only in the first, 1 in the second",
            "    - (ends here)",
            f"    + INFO - TribesClusteringAgent Initializing cluster...  ({tmp_path}/b.log:2)",
        ],
    )


def test_diff_with_a_log_without_clustering_lines_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("hello\n")
    error = run(RECORDINGS / "s01_happy", tmp_path / "a.log").exception
    assert isinstance(error, InputError)
    assert error.problems == (f"{tmp_path / 'a.log'}: no line of the clustering code was found",)


def test_check_role_of_an_elb_is_good_english() -> None:
    told = check_role("elb", RECORDINGS / "s01_happy" / "elb.log").stdout
    assert told == "elb: the start of an ELB, all 7 steps\n"


def check_role(role: str, *paths: Path) -> Result:
    app = typer.Typer()
    check.register(app)
    return CliRunner().invoke(app, ["--role", role, *map(str, paths)])


@pytest.mark.parametrize("profile", ["axis2-1.7", "wso2-1.6.1"])
@pytest.mark.parametrize(("node", "role"), [("elb", "elb"), ("mgr", "manager"), ("w1", "worker"), ("w3", "worker")])
def test_check_role_of_a_healthy_start_passes(profile: str, node: str, role: str) -> None:
    result = check_role(role, RECORDINGS.parent / profile / "s01_happy" / f"{node}.log")
    assert (result.exit_code, result.stdout.split(":")[0]) == (0, node)


def test_check_role_names_the_missing_step_and_what_stands_instead() -> None:
    file = RECORDINGS / "s09_domain_mismatch" / "w1.log"
    result = check_role("worker", file)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:4] == [
        "w1: missing in the start of a worker: a member is asked for the configuration",
        "  Trying to send initialization request to {member}",
        f"  it should follow {file}:19: Sending JOIN message to WKA members...",
        f"  instead {file}:21: No responses received from WKA members",
    ]


def test_check_role_unknown_is_refused() -> None:
    error = check_role("boss", RECORDINGS / "s01_happy" / "w1.log").exception
    assert str(error) == "unknown role 'boss' (known: elb, manager, worker)"
