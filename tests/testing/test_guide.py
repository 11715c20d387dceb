"""The guide to property tests does what it says: its Python is run as tests."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

import wkasim.testing.asserting  # noqa: F401 - a session within this one would forget it, and the next one load another
from wkasim.explore.invariants import BUILT_IN
from wkasim.explore.schedules import FAULTS, STARTS
from wkasim.explore.search import Search, explore
from wkasim.explore.space import Space
from wkasim.explore.topologies import LAYOUTS, TOPOLOGIES
from wkasim.profile import PROFILES
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "property-testing.md").read_text(encoding="utf-8")
INVARIANTS = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\w+\.py) -->\n```python\n(.*?)```", GUIDE, re.DOTALL))
PLUGIN = (
    ()
    if any(entry.name == "wkasim" for entry in importlib.metadata.entry_points(group="pytest11"))
    else ("-p", "wkasim.testing.plugin")
)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(
        *PLUGIN,
        "-W",
        "error",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
        "-p",
        "no:cacheprovider",
        *arguments,
    )


@pytest.fixture(autouse=True)
def few_examples(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
from hypothesis import HealthCheck, settings
settings.register_profile("guide", max_examples=10, deadline=None, derandomize=True, database=None,
                          suppress_health_check=list(HealthCheck))
settings.load_profile("guide")
"""
    )


def test_every_test_of_the_guide_passes(pytester: pytest.Pytester) -> None:
    for name, text in FILES.items():
        (pytester.path / name).write_text(text)
    run(pytester).assert_outcomes(passed=len(FILES))
    assert len(FILES) == 5


def test_first_convergence_test_is_shorter_than_twenty_lines() -> None:
    assert len(FILES["test_convergence.py"].splitlines()) < 20


def test_convergence_test_without_the_promise_fails_as_the_guide_says(pytester: pytest.Pytester) -> None:
    loose = FILES["test_convergence.py"].replace('starts=["sequential"], ', "")
    pytester.makepyfile(test_loose=loose)
    pytester.makeconftest(
        "from hypothesis import Phase, settings\n"
        'settings.register_profile("g", max_examples=60, deadline=None, derandomize=True, database=None,'
        " phases=[Phase.generate])\n"
        'settings.load_profile("g")\n'
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    told = result.stdout.str()
    assert "agreement is violated at " in told
    assert "well_known_members: [127.1.0.1:4000]" in told
    assert 'scenario=parse_scenario("""' in told
    command = next(line for line in result.outlines if line.startswith("wkasim run "))
    failing = load_scenario(command.removeprefix("wkasim run "))
    assert [outcome.verdict for outcome in run_scenario(failing).outcomes] == ["failed"]
    report = explore(Search(space=Space(faults=(), profiles=("documented",)), base=failing), runs=20)
    assert min(len(finding.scenario.nodes) for finding in report.findings) == 3 <= len(failing.nodes)


def test_names_in_the_guide_are_those_of_the_code() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", GUIDE, re.MULTILINE))
    for argument, known in (
        ("profiles", PROFILES),
        ("topologies", TOPOLOGIES),
        ("layouts", LAYOUTS),
        ("starts", STARTS),
        ("faults", FAULTS),
    ):
        assert re.findall(r"`([\w.-]+)`", table[argument]) == list(known)


def test_invariants_document_has_every_invariant_and_when_it_holds() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (always|eventually) \|$", INVARIANTS, re.MULTILINE)
    assert rows == [(invariant.name, str(invariant.when)) for invariant in BUILT_IN]


def test_invariants_document_explains_every_pinned_scenario() -> None:
    rows = dict(re.findall(r"^\| `found/([\w-]+)` \| ([^|]+) \|", INVARIANTS, re.MULTILINE))
    found = sorted((ROOT / "scenarios" / "found").glob("*.yaml"))
    assert sorted(rows) == [path.stem for path in found]
    for path in found:
        scenario = load_scenario(path)
        assert tuple(re.findall(r"`(\w+)`", rows[path.stem])) == scenario.expect_violation
