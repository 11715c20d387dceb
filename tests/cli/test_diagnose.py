"""`wkasim logs`, `diagnose` and `explain`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.cli.conftest import Invoke
from tests.config.variants import CONFIGS, GUIDE
from wkasim.cli import diagnose, explain, import_, logs
from wkasim.cli import run as run_command
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


def test_diagnose_with_configuration_tells_the_port_that_was_taken(tmp_path: Path) -> None:
    """Another process has the load balancer's port: the servers fall back, everybody looks where the lists say."""
    text = run(import_, GUIDE).stdout
    scenario = tmp_path / "taken.yaml"
    scenario.write_text(text.replace("steps:\n", "steps:\n  - occupy_port: {host: 192.168.1.206, port: 4000}\n", 1))
    run(run_command, scenario, "--quiet", "--out", tmp_path / "logs")
    result = run(diagnose, tmp_path / "logs", "--conf", GUIDE)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "elb has port 4001, while its configuration says 4000; "
        "by the configuration manager, worker1, worker2, worker3 look for it at 192.168.1.206:4000."
    )
    assert f"   {tmp_path}/logs/elb.log:6: Receiver Server Socket bound to:/192.168.1.206:4001" in lines
    assert f"   {GUIDE}/elb/repository/conf/axis2/axis2.xml:14: localMemberPort 4000" in lines
    assert f"   {GUIDE}/worker1/repository/conf/axis2/axis2.xml:21: worker1 lists elb.wso2.com:4000" in lines
    data = json.loads(run(diagnose, tmp_path / "logs", "--conf", GUIDE, "--json").stdout)
    assert data["reasons"][0]["configuration"][0] == {
        "rule": None,
        "place": f"{GUIDE}/elb/repository/conf/axis2/axis2.xml:14",
        "text": "localMemberPort 4000",
    }


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
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{file}: no line of the clustering code was found\n"


def test_diagnose_of_logs_without_clustering_lines_is_no_all_clear(tmp_path: Path) -> None:
    file = tmp_path / "other.log"
    file.write_text("[2013-06-20 10:11:12,345]  INFO - HazelcastClusteringAgent Cluster domain: d\n")
    error = run(diagnose, file).exception
    assert isinstance(error, InputError)
    hazelcast = "; its lines are those of Hazelcast, which is another protocol than Tribes"
    assert error.problems == (f"{file}: no line of the clustering code was found{hazelcast}",)


def test_hosts_file_without_a_configuration_is_refused(tmp_path: Path) -> None:
    error = run(diagnose, RECORDINGS / "s01_happy", "--hosts", tmp_path / "hosts").exception
    assert isinstance(error, InputError)
    assert error.problems == ("--hosts belongs to --conf; name the directories of the configuration with --conf DIR",)


def test_log_without_clustering_lines_beside_others_is_named(tmp_path: Path) -> None:
    for name, text in (("a", "INFO - ClusterBuilder Clustering has been disabled\n"), ("b", "hello\n")):
        (tmp_path / f"{name}.log").write_text(text)
    result = run(logs, tmp_path)
    assert result.stdout.endswith("a  no address  no domain  clustering is switched off; knows nobody\n")
    assert result.stderr == f"{tmp_path / 'b.log'}: no line of the clustering code was found\n"


def test_one_log_does_not_tell_that_the_members_came_later(tmp_path: Path) -> None:
    """Nobody knows from this log alone whether the member was not started, or could not be reached."""
    (tmp_path / "w1.log").write_text(
        "[2013-06-20 10:11:13,345]  INFO - TribesClusteringAgent Initializing cluster...\n"
        "[2013-06-20 10:11:13,947]  INFO - WkaBasedMembershipScheme Could not connect to member 10.0.0.1:4000(d)\n"
        "[2013-06-20 10:11:14,101]  INFO - TribesUtil No members in current cluster\n"
        "[2013-06-20 10:11:14,102]  INFO - TribesClusteringAgent Cluster initialization completed.\n"
    )
    text = "w1 reached none of its well-known members (10.0.0.1:4000(d)): it is alone to the end of its log"
    assert run(diagnose, tmp_path).stdout.startswith(text)


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


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("f01-loopback-address", "loopback"),
        ("f02-port-taken", "port_taken"),
        ("f03-wrong-port-listed", "listed_port"),
        ("f04-list-of-itself", "alone"),
        ("f05-domains-differ", "domain"),
        ("f06-unknown-host", "static_member_unresolved"),
        ("f08-http-port-closed", "http_never_opens"),
        ("f09-started-first", "alone"),
        ("f10-join-unanswered", "join_unanswered"),
        ("f14-all-well-known-down", "alone"),
    ],
)
def test_shipped_fault_is_the_first_reason_that_its_logs_give(
    wkasim: Invoke, tmp_path: Path, scenario: str, kind: str
) -> None:
    assert wkasim("run", f"faults/{scenario}", "--quiet", "--out", tmp_path / "run").exit_code == 0
    told = json.loads(run(diagnose, tmp_path / "run", "--json").stdout)
    assert told["reasons"][0]["kind"] == kind
