"""Each kind of claim passes where it is true, fails where it is not, and says what stands in its place."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import attrs
import pytest

from wkasim.scenario.evidence import LogEvidence
from wkasim.scenario.judge import Outcome, judge
from wkasim.scenario.model import Scenario
from wkasim.scenario.output import write_run
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.runner import RunResult, run_scenario

SETTING = """\
hosts: {elb.wso2.com: 127.1.0.206, carbondb.mysql-wso2.com: 127.1.0.206}
database: {created: true}
nodes:
  elb: {role: elb, host: 127.1.0.206, domain: d, groups: [d]}
  w1: {host: 127.1.0.132, domain: d, well_known_members: ["elb.wso2.com:4000"], http_port: 8280}
  w2: {host: 127.1.0.133, domain: d, well_known_members: ["elb.wso2.com:4000"], http_port: 8280, driver_present: false}
  w3: {host: 127.1.0.134, domain: d}
steps:
  - start: elb
  - wait_until: {ready: elb}
  - start: w1
  - wait_until: {ready: w1}
  - start: w2
  - wait: 20s
  - name: the end of w1
    kill: w1
  - wait: 10s
  - restart: {node: w1, after: 1s}
  - wait: 20s
"""


JOINED = "INFO - RpcMembershipRequestHandler Received JOIN message from 127.1.0.132:4000(d)"


@cache
def scenario(expect: str) -> Scenario:
    return parse_scenario(f"{SETTING}expect:\n  - {expect}\n")


@cache
def run(expect: str) -> RunResult:
    return run_scenario(scenario(expect))


def outcome(expect: str) -> Outcome:
    [found] = run(expect).outcomes
    return found


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("members: {of: elb, are: [w1]}", "w1"),
        ('members: {of: elb, are: ["127.1.0.132:4000"]}', "w1"),
        ("members: {of: w1, are: [elb]}", "elb"),
        ("group: {of: elb, are: [w1]}", "w1"),
        ("state: {of: w1, is: initialised}", "initialised"),
        ("state: {of: w3, is: not started}", "not started"),
        (
            "state: {of: w2, is: failed, because: JDBC driver}",
            "failed: the JDBC driver com.mysql.jdbc.Driver is not in repository/components/lib",
        ),
        ("no_line: {on: [elb, w1], event: no_join_response}", "not there"),
        ("no_line: {on: elb, event: join_received, within: 1s}", "not there"),
    ],
)
def test_claim_that_is_true_passes(expect: str, message: str) -> None:
    assert (outcome(expect).verdict, outcome(expect).message) == ("passed", message)


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("members: {of: elb, are: [w1, w2]}", "elb does not list w2"),
        ("members: {of: elb, are: []}", "elb lists w1, who should not be there"),
        ("members: {of: elb, are: [w3]}", "elb does not list w3, and lists w1, who should not be there"),
        ("members: {of: w3, are: []}", "w3 is not started at the end and lists nobody"),
        ("group: {of: elb, are: []}", "elb has admitted w1, who should not be there"),
        ("state: {of: w1, is: stopped}", "w1 is initialised"),
        (
            "state: {of: w2, is: failed, because: money}",
            (
                "w2 is failed, but the reason is another one: the JDBC driver com.mysql.jdbc.Driver is not in "
                "repository/components/lib"
            ),
        ),
        (
            "line: {on: elb, event: no_join_response}",
            "elb has no such line (WkaBasedMembershipScheme No responses received from WKA members)",
        ),
        (
            "line: {on: elb, event: join_received, with: {member: w3}}",
            f"elb has no such line; nearest: {JOINED}",
        ),
        ("line: {on: elb, event: join_received, times: 1}", "elb has it twice instead of once"),
        ("line: {on: w1, text: Initializing cluster, times: 3}", "w1 has it twice instead of 3 times"),
        ("line: {on: w2, text: Initializing cluster, times: 1}", "w2 has it never instead of once"),
        ("line: {on: w2, text: Initializing cluster}", "w2 has no such line"),
        (
            "no_line: {on: elb, event: no_members}",
            "elb has it, 0.9 s after the beginning: INFO - TribesUtil No members in current cluster",
        ),
        ("converged: {within: 5s}", "not converged by the end, 52.7 s later"),
    ],
)
def test_claim_that_is_not_true_fails_and_says_what_is(expect: str, message: str) -> None:
    found = outcome(expect)
    assert found.verdict == "failed"
    assert comparable(found.message) == comparable(message)


def comparable(message: str) -> str:
    """The durations of a run change with what the model's steps cost; everything else does not."""
    return re.sub(r"\d+\.\d+ s", "T s", message)


@pytest.mark.parametrize(
    ("expect", "pattern"),
    [
        ("line: {on: elb, event: join_received, with: {member: w1}}", r"elb at \d+\.\d s"),
        (
            "line: {on: elb, event: member_left, with: {member: w1}, from: step the end of w1, within: 10s, times: 1}",
            r"elb \d\.\d s after the step the end of w1",
        ),
        (
            "line: {on: elb, event: application_member_left, with: {axis2: w1}, from: stop of w1}",
            r"elb \d\.\d s after the stop of w1",
        ),
        (
            "line: {on: [elb, w1], event: member_list_received, from: restart of w1}",
            r"elb has no such line.*",
        ),
    ],
)
def test_line_says_when_it_came_and_from_which_moment(expect: str, pattern: str) -> None:
    assert re.fullmatch(pattern, outcome(expect).message), outcome(expect).message


def test_line_outside_its_time_says_when_it_came_instead() -> None:
    text = "INFO - TribesMembershipListener Member 127.1.0.132:4000(d) left cluster"
    late = outcome("line: {on: elb, event: member_left, from: stop of w1, within: 10ms}")
    assert late.verdict == "failed"
    assert comparable(late.message) == f"elb has no such line in that time, but T s after the stop of w1: {text}"
    early = outcome("line: {on: elb, event: member_left, from: restart of w1}")
    assert comparable(early.message) == f"elb has no such line in that time, but T s before the restart of w1: {text}"


@pytest.mark.parametrize(
    ("expect", "title"),
    [
        ("members: {of: elb, are: []}", "members of elb"),
        ("group: {of: elb, are: []}", "group of elb"),
        ("state: {of: w1, is: failed}", "w1 is failed"),
        ("converged: {within: 5s}", "converged"),
        ("converged: {within: 5s, from: start of w1}", "converged from start of w1"),
        ("line: {on: [elb, w1], event: no_members}", "no_members on elb, w1"),
        ("no_line: {on: elb, text: x y}", 'no "x y" on elb'),
        ("{name: my own, state: {of: w1, is: failed}}", "my own"),
    ],
)
def test_expectation_without_name_is_called_what_it_says(expect: str, title: str) -> None:
    assert outcome(expect).title == title


def test_transcript_report_numbers_its_own_lines_and_names_the_log() -> None:
    found = outcome("transcript: {node: elb, lines: INFO - TribesUtil No members in current cluster}")
    assert found.verdict == "passed"
    assert found.message == "1 of 1 line found"
    assert found.report is not None
    assert (found.report.log, found.report.transcript.name) == ("elb.log", "transcript of elb")


def test_transcript_that_must_be_exact_fails_by_other_lines() -> None:
    text = "transcript: {node: elb, match: exact, lines: INFO - TribesUtil No members in current cluster}"
    found = outcome(text)
    assert found.verdict == "failed"
    assert "lines that should not be there" in found.message


def test_expectation_of_another_profile_is_skipped() -> None:
    found = outcome("{profiles: [wso2-1.6.1], members: {of: elb, are: [w2]}}")
    assert (found.verdict, found.message) == ("skipped", "only in profile wso2-1.6.1")
    assert run("{profiles: [wso2-1.6.1], members: {of: elb, are: [w2]}}").passed


def test_expectation_that_has_not_come_when_a_run_is_cut_short_is_open() -> None:
    text = "line: {on: elb, event: member_left}"
    result = run_scenario(scenario(text), until=10.0)
    [found] = result.outcomes
    assert (found.verdict, result.stopped, result.passed) == ("open", "until", True)
    assert found.message.startswith("the run was cut short: elb has no such line")


def test_expectation_that_is_broken_when_a_run_is_cut_short_has_failed() -> None:
    result = run_scenario(scenario("no_line: {on: elb, event: no_members}"), until=10.0)
    assert [o.verdict for o in result.outcomes] == ["failed"]


def test_moment_that_never_came_fails_and_is_open_in_a_run_cut_short() -> None:
    text = "line: {on: elb, event: join_received, from: restart of w1}"
    [found] = run_scenario(scenario(text), until=5.0).outcomes
    assert (found.verdict, found.message) == (
        "open",
        'the run was cut short: the moment "restart of w1" has not come',
    )
    without = attrs.evolve(scenario(text), steps=scenario(text).steps[:4])
    [found] = run_scenario(without).outcomes
    assert (found.verdict, found.message) == ("failed", 'the moment "restart of w1" has not come')


# Logs without a run


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    write_run(run("members: {of: elb, are: [w1]}"), folder / "run")
    return folder / "run"


@pytest.mark.parametrize(
    ("expect", "verdict", "message"),
    [
        (
            "transcript: {node: elb, lines: INFO - TribesUtil No members in current cluster}",
            "passed",
            "1 of 1 line found",
        ),
        ("line: {on: elb, event: join_received, times: 2}", "passed", None),
        ("line: {on: elb, event: join_received, from: restart of w1, times: 1}", "passed", None),
        ("line: {on: elb, event: join_received, from: start of w1, within: 5s, times: 1}", "passed", None),
        ("line: {on: elb, event: member_left, with: {member: w1}, from: stop of w1}", "passed", None),
        ("no_line: {on: elb, event: no_members}", "failed", None),
        (
            "line: {on: elb, event: member_left, from: step the end of w1}",
            "open",
            "logs do not say when the step the end of w1 was",
        ),
        (
            "line: {on: elb, event: member_left, from: start of w3}",
            "open",
            'the moment "start of w3" cannot be told: w3 has no such log',
        ),
        ("members: {of: elb, are: []}", "open", "not told by logs alone"),
        ("state: {of: elb, is: failed}", "open", "not told by logs alone"),
        ("converged: {within: 5s}", "open", "not told by logs alone"),
    ],
)
def test_logs_alone_tell_of_lines_and_transcripts(logs: Path, expect: str, verdict: str, message: str | None) -> None:
    text = f"{SETTING}  - start: w3\nexpect:\n  - {expect}\n"
    made = parse_scenario(text)
    [found] = judge(made, LogEvidence(made, logs), profile="documented")
    assert (found.verdict, message or found.message) == (verdict, found.message)


def test_logs_without_times_are_checked_from_their_beginning(tmp_path: Path) -> None:
    (tmp_path / "elb.log").write_text("INFO - TribesUtil No members in current cluster\n", encoding="utf-8")
    (tmp_path / "w1.log").write_text("INFO - TribesUtil No members in current cluster\n", encoding="utf-8")
    made = scenario("line: {on: elb, event: no_members, from: start of w1, within: 1s}")
    [found] = judge(made, LogEvidence(made, tmp_path), profile="documented")
    assert (found.verdict, found.message) == ("passed", "elb line 1 after the start of w1")
