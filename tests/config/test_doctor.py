"""The shipped configurations: the guide's is clean, each broken one has its one finding, and the simulation agrees."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.config.variants import CONFIGS, GUIDE, VARIANTS, Variant, all_folders
from wkasim.config.examination import Examination, examine
from wkasim.config.rules.table import RULES

ids = [variant.name for variant in VARIANTS]


@cache
def examined(name: str) -> Examination:
    return examine([CONFIGS / name], failures=False)


def expected_line(variant: Variant) -> int:
    if not variant.marker:
        return 0
    lines = (CONFIGS / variant.name / variant.file).read_text(encoding="utf-8").split("\n")
    having = [number for number, line in enumerate(lines, 1) if variant.marker in line]
    return having[variant.marker_number - 1]


def test_guide_is_clean_and_everybody_sees_everybody() -> None:
    examination = examine([GUIDE])
    assert examination.findings == ()
    verdict = examination.verdict
    assert verdict is not None
    assert verdict.complete
    assert verdict.routes["elb"]["wso2.esb.domain/worker"] == ("worker1", "worker2", "worker3")
    assert verdict.routes["elb"]["wso2.esb.domain/mgt"] == ("manager",)
    assert [(item.what, item.alone) for item in verdict.separations] == [
        ("elb is down", ("manager",)),
        ("manager is down", ("elb",)),
        ("machine 192.168.1.206 is down", ("worker1", "worker3")),
    ]


def test_guide_with_the_newer_fork_waits_for_ever_and_the_rule_says_so() -> None:
    examination = examine([GUIDE], profile="wso2-1.6.1", failures=False)
    assert [(found.rule.id, found.severity) for found in examination.findings] == [("WKA109", "error")]
    assert examination.verdict is not None
    assert {node.state for node in examination.verdict.nodes} == {"waiting"}


def test_broken_variants_are_many_and_cover_every_rule() -> None:
    assert len(VARIANTS) >= 25
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert {variant.rule for variant in VARIANTS} == set(RULES)


def test_shipped_folders_equal_what_the_generator_and_the_edits_make() -> None:
    wanted = {f"{folder}/{path}": text for folder, files in all_folders().items() for path, text in files.items()}
    found = {
        path.relative_to(CONFIGS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(CONFIGS.rglob("*"))
        if path.is_file() and path.parent != CONFIGS
    }
    assert found == wanted, "refresh them with: python -m tests.config.variants --write"


@pytest.mark.parametrize("variant", VARIANTS, ids=ids)
def test_variant_has_its_one_finding_at_its_line(variant: Variant) -> None:
    found = [
        (finding.rule.id, Path(finding.place.file).relative_to(CONFIGS / variant.name).as_posix(), finding.place.line)
        for finding in examined(variant.name).findings
    ]
    assert found == [(variant.rule, variant.file, expected_line(variant))]


@pytest.mark.parametrize("variant", VARIANTS, ids=ids)
def test_variant_simulated_agrees_with_its_rule(variant: Variant) -> None:
    verdict = examined(variant.name).verdict
    assert verdict is not None
    assert verdict.alone == variant.alone
    assert {node.name: node.state for node in verdict.nodes if node.state != "initialised"} == variant.states
    for name, lacking in variant.lacking.items():
        assert verdict.node(name).lacks == lacking
    assert verdict.unrouted == variant.unrouted
    assert tuple(verdict.unserved) == variant.unserved
    assert verdict.left_out == variant.left_out
    for name, address in variant.ports.items():
        assert verdict.node(name).advertised == address
    harmed = variant.alone or variant.states or variant.lacking or variant.unrouted
    assert verdict.complete or harmed


def test_simulation_says_what_it_is_at() -> None:
    told: list[str] = []
    examine([GUIDE], progress=told.append)
    assert told[0] == "simulating a cluster of 5"
    assert "simulating what happens while elb is down" in told


@pytest.mark.parametrize("profile", ["documented", "axis2-1.7"])
def test_right_cluster_comes_together_in_the_simulation_of_every_profile(profile: str) -> None:
    """Under wso2-1.6.1 the guide's cluster does not, which a rule foresees."""
    assert examine([GUIDE], profile=profile, failures=False).findings == ()
