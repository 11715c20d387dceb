"""Every shipped scenario passes, in each profile that it speaks of, and says in its head what it shows."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from wkasim.scenario.judge import failed
from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario
from wkasim.scenario.shipped import shipped_scenarios

ROOT = Path(__file__).parents[2]
NAMES = list(shipped_scenarios())


def profiles_of(scenario: Scenario) -> list[str]:
    return list(dict.fromkeys([scenario.profile, *(p for e in scenario.expectations for p in e.profiles)]))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_scenario_passes_with_its_own_seed(name: str) -> None:
    scenario = load_scenario(name)
    for profile in profiles_of(scenario):
        result = run_scenario(scenario, profile=profile)
        assert (result.stopped, result.problem) == ("done", "")
        assert [(o.title, o.message) for o in failed(result.outcomes)] == [], profile


@pytest.mark.parametrize("name", NAMES)
def test_shipped_scenario_begins_with_what_it_shows(name: str) -> None:
    path = shipped_scenarios()[name]
    scenario = load_scenario(path)
    assert path.read_text(encoding="utf-8").startswith("# ") or scenario.description
    assert 10 <= len(scenario.title) <= 75, "the title is a line of wkasim scenarios"
    assert scenario.expectations or scenario.expect_violation


@pytest.mark.parametrize("name", NAMES)
def test_shipped_scenario_lines_fit_a_screen(name: str) -> None:
    for line in shipped_scenarios()[name].read_text(encoding="utf-8").splitlines():
        assert len(line) <= 140 or " - " in line, "only log lines are longer than 140 columns"


# A race that the seed decides may go either way; these small ones have none.
ALWAYS = (
    "database-down", "elb-alone", "found-before-join", "port-conflict", "unmapped-host", "worker-before-manager",
    "wrong-domain", "wrong-well-known-port",
)  # fmt: skip
# In these a JOIN and a heartbeat can meet at the ELB, for one seed in a hundred: a member is listed twice (defect D18).
NEARLY_ALWAYS = ("kill-and-restart", "partition-heals")


@pytest.mark.parametrize("name", ALWAYS)
def test_small_scenario_passes_whatever_the_seed(name: str) -> None:
    scenario = load_scenario(name)
    for seed in range(1, 25):
        outcomes = run_scenario(scenario, seed=seed).outcomes
        assert [(o.title, o.message) for o in failed(outcomes)] == [], f"seed {seed}"


@pytest.mark.parametrize("name", NEARLY_ALWAYS)
def test_small_scenario_with_one_race_fails_rarely(name: str) -> None:
    scenario = load_scenario(name)
    bad = [seed for seed in range(1, 61) if failed(run_scenario(scenario, seed=seed).outcomes)]
    assert len(bad) <= 4
    for seed in bad:
        records = run_scenario(scenario, seed=seed).journal.of_kind("log")
        offered = [record[0] for record in records if record[4] == "joined_group"]
        assert any(later - earlier < 10_000 for earlier, later in pairwise(offered)), f"seed {seed}: another reason"


def fingerprint_under(hash_seed: str) -> str:
    code = (
        "from wkasim import load_scenario, run_scenario\n"
        "print(run_scenario(load_scenario('esb-cluster'), seed=3).fingerprint)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_run_is_the_same_under_every_hash_seed() -> None:
    found = {fingerprint_under(hash_seed) for hash_seed in ("0", "1", "4242")}
    assert found == {run_scenario(load_scenario("esb-cluster"), seed=3).fingerprint}
