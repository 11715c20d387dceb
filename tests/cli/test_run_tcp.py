"""``wkasim run --transport tcp``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.loopback import fresh_ip
from wkasim.cli.main import main
from wkasim.live.run import on_sockets
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario

SCENARIO = """
nodes:
  elb: {{role: elb, host: {elb}, domain: d, groups: [d]}}
  worker1: {{role: worker, host: {one}, domain: d, well_known_members: ["{elb}:4000"], http_port: 8280}}
steps:
  - start: elb
  - wait_until: {{ready: elb}}
  - start: worker1
  - wait_until: {{converged: true}}
expect:
  - members: {{of: elb, are: [worker1]}}
"""


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["run", *arguments])
    assert isinstance(caught.value.code, int | None)
    return caught.value.code or 0


def test_run_over_sockets_checks_the_same_expectations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(SCENARIO.format(elb=fresh_ip(), one=fresh_ip()))
    assert run(str(file), "--transport", "tcp", "--speed", "20", "--json") == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert [outcome["verdict"] for outcome in json.loads(told.out)["expectations"]] == ["passed"]


def test_run_over_sockets_may_end_before_its_last_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its nodes are in the middle of things then, and the task of the steps is cancelled while the loop is ended."""
    file = tmp_path / "two.yaml"
    file.write_text(SCENARIO.format(elb=fresh_ip(), one=fresh_ip()))
    assert run(str(file), "--transport", "tcp", "--speed", "20", "--until", "1s", "--json") == 0
    told = capsys.readouterr()
    assert (told.err, json.loads(told.out)["stopped"]) == ("", "until")


def test_run_over_sockets_may_be_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(SCENARIO.format(elb=fresh_ip(), one=fresh_ip()))
    scenario = load_scenario(file)
    make_cluster, _ = on_sockets(scenario, speed=20)
    result = run_scenario(scenario, keep_going=lambda now_s: now_s < 1, slice_s=0.5, make_cluster=make_cluster)
    assert result.stopped == "interrupted"
    assert 1 <= result.end_s < 10


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--transport", "pigeon"], "--transport pigeon: this is no transport; write memory or tcp\n"),
        (
            ["--transport", "tcp", "--twice"],
            "--twice: real sockets never do the same twice; leave it out, or --transport tcp\n",
        ),
        (
            ["--transport", "tcp", "--speed", "2000"],
            "a speed of 2000 makes no sense; it is above 0 and at most 1000\n",
        ),
    ],
    ids=["unknown", "twice", "too fast"],
)
def test_run_over_sockets_refuses_what_makes_no_sense(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("elb-alone", *arguments) == 2
    assert capsys.readouterr().err == problem


def test_run_over_sockets_refuses_what_sockets_cannot_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("partition-heals", "--transport", "tcp") == 2
    first = capsys.readouterr().err.splitlines()[0]
    assert first.endswith(": partition needs the simulated network: nobody but root can cut the network of a machine")
