"""`wkasim logs`, `diagnose` and `explain`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from tests.config.variants import CONFIGS
from wkasim.cli import diagnose, explain, logs
from wkasim.errors import InputError

RECORDINGS = Path(__file__).parents[1] / "conformance" / "recordings" / "axis2-1.7"


def run(module: object, *arguments: object) -> Result:
    app = typer.Typer()
    module.register(app)  # type: ignore[attr-defined]
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_diagnose_fault_exits_with_one_and_shows_evidence() -> None:
    folder = RECORDINGS / "s09_domain_mismatch"
    result = run(diagnose, folder)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("the domain differs: w1 is in 'wso2.as.domain'")
    assert f"   {folder}/w1.log:2: Cluster domain: wso2.as.domain" in lines
    assert "   Look: Write the same domain in all axis2.xml files." in lines


def test_diagnose_without_fault_exits_with_zero() -> None:
    result = run(diagnose, RECORDINGS / "s06_mgr_restart")
    assert result.exit_code == 0
    assert "Nothing points at a fault of the configuration." in result.stdout


def test_diagnose_with_configuration_shows_the_line_that_is_wrong() -> None:
    conf = CONFIGS / "domain-differs"
    result = run(diagnose, RECORDINGS / "s09_domain_mismatch", "--conf", conf)
    place = f"{conf}/worker1/repository/conf/axis2/axis2.xml:12"
    assert (
        f"   {place}: WKA105 worker1 is in 'wso2.as.domain', while elb is in 'wso2.esb.domain'"
        in result.stdout.splitlines()
    )


def test_diagnose_json_has_the_reasons() -> None:
    data = json.loads(run(diagnose, RECORDINGS / "s01g_http_never", "--json").stdout)
    assert [reason["kind"] for reason in data["reasons"]] == ["http_never_opens"]


def test_logs_json_is_one_event_a_line() -> None:
    result = run(logs, RECORDINGS / "s08_no_wka_then_elb", "--json")
    first = json.loads(result.stdout.splitlines()[0])
    assert (first["node"], first["event"], first["line"]) == ("w1", "initializing_cluster", 1)


def test_logs_without_clustering_lines_says_so(tmp_path: Path) -> None:
    file = tmp_path / "other.log"
    file.write_text("INFO - Other hello\n")
    result = run(logs, file)
    assert result.stdout == "No line of the clustering code was found in these logs.\n"


def test_logs_missing_file_and_unknown_view(tmp_path: Path) -> None:
    error = run(logs, tmp_path / "none.log").exception
    assert isinstance(error, InputError)
    assert error.problems == (f"{tmp_path / 'none.log'}: there is no such file",)
    error = run(logs, RECORDINGS, "--view", "all").exception
    assert isinstance(error, InputError)
    assert error.problems == ("unknown view 'all' (known: lives, members, timeline)",)


def test_explain_prints_meaning_and_causes() -> None:
    result = run(explain, "INFO - WkaBasedMembershipScheme No responses received from WKA members")
    assert result.exit_code == 0
    assert "  - the well-known members are in another domain" in result.stdout.splitlines()


def test_explain_unknown_line_is_refused() -> None:
    error = run(explain, "hello").exception
    assert isinstance(error, InputError)
    assert str(error).startswith("'hello' is no line of the clustering code")
