"""What is written is read back the same, and fits the published schema: every key, every odd text."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from ruamel.yaml import YAML

from tests.scenario.drawing import scenarios
from wkasim.node.config import Group, NodeConfig
from wkasim.scenario.form import SCENARIO_FORM
from wkasim.scenario.model import ConvergedClaim, Excerpt, Expectation, Scenario, Step, TranscriptClaim, Wait
from wkasim.scenario.reader import load_scenario, parse_scenario
from wkasim.scenario.schema import scenario_schema
from wkasim.scenario.shipped import shipped_scenarios
from wkasim.scenario.writer import write_scenario
from wkasim.scenario.written import Problems, parse_yaml
from wkasim.sim import faults

VALIDATOR = jsonschema.Draft202012Validator(scenario_schema())


def plain(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def read_form(text: str) -> Scenario:
    """Read without asking whether names exist, which drawn scenarios do not care about."""
    problems = Problems("s.yaml")
    written = parse_yaml(text, problems)
    assert written is not None, problems.sentences()
    scenario = SCENARIO_FORM.read(written, problems)
    assert not problems.found
    return scenario


@given(scenarios())
def test_write_scenario_is_read_back_the_same_and_fits_the_schema(scenario: Scenario) -> None:
    text = write_scenario(scenario)
    assert read_form(text) == scenario
    VALIDATOR.validate(plain(text))


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_write_scenario_keeps_the_shipped_ones(name: str) -> None:
    scenario = load_scenario(name)
    assert parse_scenario(write_scenario(scenario)) == scenario


def test_write_scenario_looks_as_a_person_would_write_it() -> None:
    scenario = Scenario(
        title="Two nodes",
        seed=7,
        hosts={"elb.wso2.com": "127.1.0.1"},
        nodes=(
            NodeConfig(name="elb", role="elb", host="elb.wso2.com", domain="d", groups=(Group("d"),)),
            NodeConfig(name="w", host="127.1.0.2", port=4001, domain="d", well_known_members=(("elb.wso2.com", 4000),),
                       uses_database=True, worker=True),
        ),
        steps=(
            Step(action=faults.Start(nodes=("elb", "w"), spread_s=0.25), explain="Both at once."),
            Step(action=Wait(for_s=90.0), at_s=2.0),
            Step(action=faults.Partition(sides=(("elb",), ("w", "127.1.0.3")))),
            Step(action=faults.Heal(), name="mended"),
            Step(action=faults.Heal()),
        ),
        expectations=(
            Expectation(claim=ConvergedClaim(within_s=30.0)),
            Expectation(claim=TranscriptClaim(node="w", excerpt=Excerpt("INFO - A one\nINFO - B two\n")), name="x"),
        ),
    )  # fmt: skip
    assert (
        write_scenario(scenario, "A story\nin two lines.", {1: "why it waits"})
        == """\
# A story
# in two lines.

title: Two nodes
seed: 7

hosts:
  elb.wso2.com: 127.1.0.1

nodes:
  elb:
    role: elb
    host: elb.wso2.com
    domain: d
    groups: [d]
  w:
    host: 127.1.0.2
    port: 4001
    domain: d
    well_known_members: [elb.wso2.com:4000]

steps:
  - start: {nodes: [elb, w], spread: 250ms}
    explain: Both at once.
  # why it waits
  - at: 2s
    wait: 90s
  - partition: [elb, [w, 127.1.0.3]]
  - name: mended
    heal:
  - heal

expect:
  - converged: {within: 30s}
  - name: x
    transcript:
      node: w
      lines: |
        INFO - A one
        INFO - B two
"""
    )


def test_write_scenario_comments_cannot_become_content() -> None:
    scenario = Scenario(nodes=(NodeConfig(name="a", uses_database=True, worker=True),))
    text = write_scenario(scenario, "one\x85seed: 5\u2028seed: 6\rseed: 7\nseed: 8\x00")
    assert parse_scenario(text) == scenario
