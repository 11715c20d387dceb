"""The guide's cluster: its five transcripts, seed after seed, and the one race that can spoil the third."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import attrs
import pytest

from wkasim.logs.transcript import Transcript
from wkasim.scenario.model import Anchor, Scenario, Step, TranscriptClaim, Wait
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import RunResult, run_scenario
from wkasim.sim import faults

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts").glob("*.log"))
GUIDE = load_scenario("esb-cluster")
CLAIMS = [e.claim for e in GUIDE.expectations if isinstance(e.claim, TranscriptClaim)]
SEEDS = range(100)


@cache
def run(seed: int) -> RunResult:
    return run_scenario(GUIDE, seed=seed)


def failed_transcripts(result: RunResult) -> list[str]:
    return [o.title for o in result.outcomes if o.verb == "transcript" and o.verdict == "failed"]


@pytest.mark.parametrize(("claim", "file"), list(zip(CLAIMS, TRANSCRIPTS, strict=True)))
def test_guide_transcripts_are_the_documented_ones_line_by_line(claim: TranscriptClaim, file: Path) -> None:
    expected = Transcript.parse(file.read_text(encoding="utf-8"), "guide")
    found = Transcript.parse(claim.excerpt.text, "guide")
    assert [line.text for line in found.lines] == [line.text for line in expected.lines]
    assert found.gaps == expected.gaps


def test_guide_transcripts_are_looked_for_on_the_right_node_from_the_right_moment() -> None:
    assert [(claim.node, str(claim.since), claim.match) for claim in CLAIMS] == [
        ("elb", "beginning", "excerpt"),
        ("manager", "beginning", "excerpt"),
        ("elb", "start of manager", "excerpt"),
        ("worker1", "beginning", "excerpt"),
        ("elb", "start of worker1", "excerpt"),
    ]


def test_guide_deployment_is_the_documented_one() -> None:
    facts = {
        name: (node.role, node.host, node.port, node.port_offset, node.advertised_properties())
        for name, node in GUIDE.all_nodes().items()
    }
    worker = {"subDomain": "worker"}
    assert facts == {
        "elb": ("elb", "127.1.0.206", 4000, 0, {"httpPort": "80", "httpsPort": "443"}),
        "manager": ("manager", "127.1.0.206", 4001, 1, {"httpPort": "8280", "httpsPort": "8243"}),
        "worker1": ("worker", "127.1.0.132", 4000, 0, {"httpPort": "8280", "httpsPort": "8243", **worker}),
        "worker2": ("worker", "127.1.0.206", 4002, 2, {"httpPort": "8282", "httpsPort": "8245", **worker}),
        "worker3": ("worker", "127.1.0.132", 4001, 1, {"httpPort": "8281", "httpsPort": "8244", **worker}),
        "worker4": ("worker", "127.1.0.184", 4000, 0, {"httpPort": "8280", "httpsPort": "8243", **worker}),
    }
    assert {node.domain for node in GUIDE.all_nodes().values()} == {"wso2.esb.domain"}


def test_guide_passes_in_whole_with_its_own_seed() -> None:
    result = run(GUIDE.seed)
    assert {o.title: o.verdict for o in result.outcomes} == dict.fromkeys((o.title for o in result.outcomes), "passed")
    assert len(result.outcomes) == len(GUIDE.expectations)


def test_guide_transcripts_pass_for_nearly_every_seed_and_else_a_race_shows() -> None:
    spoilt = [seed for seed in SEEDS if failed_transcripts(run(seed))]
    assert len(spoilt) <= 6
    for seed in spoilt:
        result = run(seed)
        if failed_transcripts(result) == ["3 the ELB sees the manager"]:
            assert is_poisoned(result), f"seed {seed} fails for another reason than the race"
        else:
            # The ELB that lists the manager twice is silent for as long as it tells it of worker1 (defect D18).
            assert failed_transcripts(result) == ["4 worker1 starts"]
            assert has_doubled(result), f"seed {seed} fails for another reason than the race"


def test_guide_other_expectations_fail_rarely_and_only_by_doubled_members() -> None:
    # Two threads of the real code can both add a member that neither has seen yet (defect D18): it is listed twice,
    # and when it goes one entry stays. Nothing synchronises the list, so this is no error of the model.
    others = Counter[str]()
    for seed in SEEDS:
        result = run(seed)
        bad = [o for o in result.outcomes if o.verdict == "failed" and o.verb != "transcript"]
        if bad and not is_poisoned(result):
            assert has_doubled(result), f"seed {seed}: {bad[0].message}"
            others["doubled"] += 1
    assert others["doubled"] <= 10


def has_doubled(result: RunResult) -> bool:
    """Whether a node ever listed an address twice at a time, or the ELB's group took one in twice; nobody returns."""
    listed: Counter[tuple[str, str]] = Counter()
    for record in result.journal.of_kind("view"):
        listed[record[2], record[5]] += 1 if record[4] == "added" else -1
        if listed[record[2], record[5]] > 1:
            return True
    joined = Counter(record[7] for record in result.journal.of_kind("log") if record[4] == "joined_group")
    return max(joined.values()) > 1


def is_poisoned(result: RunResult) -> bool:
    """Whether the ELB admitted the manager as its own list has it: without HTTP ports."""
    admitted = [r for r in result.journal.of_kind("log") if r[4] == "application_member_joined"]
    return any("Port: 4001, HTTP:-1, HTTPS:-1" in str(record[7]) for record in admitted)


# The race itself: the ELB's heartbeat comes while the manager's port is open and its JOIN is not there yet.


def race(scenario: Scenario, wait_s: float, spread_s: float) -> Scenario:
    """The manager starts at a moment around the ELB's heartbeat, instead of anywhere in its five seconds."""
    start = faults.Start(nodes=("manager",), spread_s=spread_s)
    nodes = tuple(attrs.evolve(node, start_delay_s=0.5) for node in scenario.nodes)
    steps = (scenario.steps[0], scenario.steps[1], Step(action=Wait(for_s=wait_s)), Step(action=start))
    return attrs.evolve(scenario, nodes=nodes, steps=(*steps, Step(action=Wait(for_s=25.0))))


def test_heartbeat_before_join_poisons_the_entry_in_some_starts_and_not_in_most() -> None:
    # From its start to its open port the manager needs some 0.8 s; the second heartbeat comes 10 s after the ELB's
    # channel has started.
    scenario = race(load_scenario("manager-joins"), wait_s=8.4, spread_s=1.2)
    results = [run_scenario(scenario, seed=seed) for seed in range(150)]
    poisoned = [is_poisoned(result) for result in results]
    assert 1 <= sum(poisoned) <= 50
    assert sum(map(has_doubled, results)) <= 5
    for result, bad in zip(results, poisoned, strict=True):
        if has_doubled(result):
            continue  # Both came at once, and each has its lines and its entry.
        joined = next(r[0] for r in result.journal.of_kind("log") if r[4] == "joined_group")
        received = next(r[0] for r in result.journal.of_kind("log") if r[2] == "elb" and r[4] == "join_received")
        assert bad == (joined < received), "the JOIN was late exactly where the entry has no ports"
        by_transcript = [o for o in result.outcomes if o.title == "the JOIN comes first"]
        assert [o.verdict for o in by_transcript] == ["failed" if bad else "passed"]


def test_the_race_away_from_a_heartbeat_does_not_happen() -> None:
    scenario = race(load_scenario("manager-joins"), wait_s=6.0, spread_s=1.2)
    assert not any(is_poisoned(run_scenario(scenario, seed=seed)) for seed in range(30))


def test_changed_expectation_fails_and_points_at_the_value() -> None:
    claim = CLAIMS[2]
    text = claim.excerpt.text.replace("HTTP:8280", "HTTP:8281")
    changed = attrs.evolve(claim, excerpt=attrs.evolve(claim.excerpt, text=text))
    expectation = attrs.evolve(GUIDE.expectations[2], claim=changed)
    result = run_scenario(attrs.evolve(GUIDE, expectations=(expectation,)))
    [outcome] = result.outcomes
    assert not result.passed
    assert outcome.message == "4 of 5 lines found, 1 other between"
    assert outcome.report is not None
    [missing] = outcome.report.missing
    assert [(d.name, d.expected, d.actual) for d in missing.differences] == [("axis2", "HTTP:8281,", "HTTP:8280,")]


def test_guide_from_the_start_of_a_node_that_comes_later_is_not_confused_by_earlier_lines() -> None:
    claim = attrs.evolve(CLAIMS[2], since=Anchor("start", "worker1"))
    result = run_scenario(attrs.evolve(GUIDE, expectations=(attrs.evolve(GUIDE.expectations[2], claim=claim),)))
    assert not result.passed
