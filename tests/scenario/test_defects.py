"""Every known defect that the model has shows itself, in the profiles that have it, whatever the seed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wkasim.scenario.judge import failed
from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "scenarios" / "defects").glob("*.yaml"))
NOT_MODELLED = ("D17",)
SEEDS = range(8)


def defect_of(path: Path) -> str:
    number = re.match(r"d(\d\d)(b?)-", path.name)
    assert number is not None
    return f"D{int(number[1])}{number[2]}"


def known_defects() -> list[str]:
    """The ids in the table of docs/protocol.md."""
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    table = text.partition("\n## Defects\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (D\d+b?) ", table, re.MULTILINE)


def profiles_of(scenario: Scenario) -> list[str]:
    """The scenario's own profile, and those of which its expectations speak."""
    return list(dict.fromkeys([scenario.profile, *(p for e in scenario.expectations for p in e.profiles)]))


def test_defects_each_have_one_scenario_but_those_not_modelled() -> None:
    assert sorted(map(defect_of, FILES)) == sorted(set(known_defects()) - set(NOT_MODELLED))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_defect_shows_in_its_profile_and_the_contrast_in_others_whatever_the_seed(path: Path) -> None:
    scenario = load_scenario(path)
    for profile in profiles_of(scenario):
        for seed in SEEDS:
            result = run_scenario(scenario, profile=profile, seed=seed)
            assert result.problem == "", (profile, seed)
            assert [(o.title, o.message) for o in failed(result.outcomes)] == [], (profile, seed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_defect_is_named_in_title_and_head(path: Path) -> None:
    defect = defect_of(path)
    assert load_scenario(path).title.startswith(f"{defect} ")
    assert path.read_text(encoding="utf-8").startswith(f"# Defect {defect}: ")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_defect_is_explained_in_the_documentation(path: Path) -> None:
    text = (ROOT / "docs" / "defects.md").read_text(encoding="utf-8")
    assert f"`defects/{path.stem}`" in text
    assert re.search(rf"^## {defect_of(path)}: ", text, re.MULTILINE)


def test_violation_that_is_known_of_one_profile_is_not_asked_of_another() -> None:
    scenario = load_scenario(ROOT / "scenarios" / "defects" / "d01-mutual-deadlock.yaml")
    own = {o.title: o.verdict for o in run_scenario(scenario).outcomes}
    other = {o.title: o.verdict for o in run_scenario(scenario, profile="documented").outcomes}
    assert (own["invariant start_ends"], own["elsewhere nobody waits"]) == ("passed", "skipped")
    assert "invariant start_ends" not in other
    assert other["elsewhere nobody waits"] == "passed"
