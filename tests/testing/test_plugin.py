"""The pytest plugin, as a user's session sees it; every session here is one of its own."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# Installed, the plugin is there by its entry point; loading it twice would be refused.
INSTALLED = any(entry.name == "wkasim" for entry in importlib.metadata.entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "wkasim.testing.plugin")
ROOT = Path(__file__).parents[2]

NODES = """
from wkasim import NodeConfig

def two(cluster):
    cluster.add_node(NodeConfig(name="one", host="127.1.0.1"))
    cluster.add_node(NodeConfig(name="two", host="127.1.0.2", well_known_members=(("127.1.0.1", 4000),)))
    cluster.start("one")
"""


GOOD = """
nodes: {one: {host: 127.1.0.1, uses_database: false}}
steps: [{start: one}, {wait: 10}]
expect: [{state: {of: one, is: initialised}}]
"""


def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *arguments: str, alone: bool = False
) -> pytest.RunResult:
    """A session of its own; ``alone`` in a process of its own, which takes longer."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    start = pytester.runpytest_subprocess if alone else pytester.runpytest_inprocess
    return start(*PLUGIN, "-W", "error", "-o", "asyncio_default_fixture_loop_scope=function", *arguments)


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_fixture_serves_plain_and_coroutine_tests_in_both_asyncio_modes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    pytester.makepyfile(
        NODES
        + """
import asyncio, pytest

def test_plain(wka_cluster):
    two(wka_cluster)
    wka_cluster.run_for(10)
    wka_cluster.start("two")
    assert wka_cluster.run_until(wka_cluster.is_converged, timeout_s=30)

async def test_coroutine(wka_cluster):
    two(wka_cluster)
    await wka_cluster.elapse(3600)
    assert asyncio.get_running_loop().time() == wka_cluster.now_s == 3600

@pytest.mark.asyncio
async def test_marked(wka_cluster):
    await wka_cluster.elapse(3600)
    assert wka_cluster.now_s == 3600

@pytest.mark.asyncio
async def test_of_others():
    await asyncio.sleep(0)
    assert asyncio.get_running_loop().time() != 0

class TestInClass:
    @pytest.mark.parametrize("seconds", [1, 2])
    async def test_method(self, wka_cluster, seconds):
        await wka_cluster.elapse(seconds)
        assert wka_cluster.now_s == seconds

    @staticmethod
    async def test_static(wka_cluster):
        await wka_cluster.elapse(3600)
        assert wka_cluster.now_s == 3600

    @classmethod
    async def test_of_class(cls, wka_cluster):
        await wka_cluster.elapse(3600)
        assert issubclass(cls, TestInClass)
        assert wka_cluster.now_s == 3600

class TestDerived(TestInClass):
    pass
"""
    )
    run(pytester, monkeypatch, "-o", f"asyncio_mode={mode}").assert_outcomes(passed=12)


def test_file_that_imports_inspect_is_collected(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """To Python 3.12, that module is a coroutine function."""
    pytester.makepyfile("import inspect\n\ndef test_plain(wka_cluster):\n    assert inspect\n")
    run(pytester, monkeypatch).assert_outcomes(passed=1)


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_coroutine_that_would_wait_in_real_time_is_refused(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    pytester.makepyfile(
        """
import pytest

@pytest.fixture
def mine(wka_cluster):
    return wka_cluster

def test_plain(mine):
    mine.run_for(3600)

async def test_coroutine(mine):
    await mine.elapse(3600)
"""
    )
    result = run(pytester, monkeypatch, "-o", f"asyncio_mode={mode}")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["test_coroutine gets wka_cluster by way of another fixture only, and would not run on *"]
    )


def test_marker_gives_the_cluster_of_a_scenario_after_its_steps(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
import pytest

@pytest.mark.wka_scenario("esb-cluster")
def test_guide(wka_cluster):
    assert wka_cluster.is_converged()
    assert "elb" in wka_cluster.nodes

@pytest.mark.wka_scenario("esb-cluster", profile="axis2-1.7", seed=3, steps=False)
def test_without_steps(wka_cluster):
    assert wka_cluster.profile.name == "axis2-1.7"
    assert wka_cluster.seed == 3
    assert not wka_cluster.views()

@pytest.mark.wka_scenario(profile="wso2-1.6.1")
def test_without_file(wka_cluster):
    assert wka_cluster.profile.name == "wso2-1.6.1"
"""
    )
    run(pytester, monkeypatch, "--strict-markers").assert_outcomes(passed=3)


def test_marker_finds_a_scenario_beside_the_test_wherever_the_session_began(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("deep")
    (folder / "near.yaml").write_text(GOOD)
    (folder / "test_near.py").write_text(
        "import pytest\n\n"
        '@pytest.mark.wka_scenario("near.yaml")\n'
        "def test_near(wka_cluster):\n    assert wka_cluster.views() == {'one': ()}\n"
    )
    run(pytester, monkeypatch).assert_outcomes(passed=1)


def test_marker_that_cannot_be_used_is_told_in_a_sentence(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.path / "twice.yaml").write_text("nodes: {a: {}}\nsteps: [{start: a}, {start: a}]\n")
    pytester.makepyfile(
        """
import pytest

@pytest.mark.wka_scenario("nosuch.yaml")
def test_no_file(wka_cluster): pass

@pytest.mark.wka_scenario("esb-cluster", sed=3)
def test_no_argument(wka_cluster): pass

@pytest.mark.wka_scenario(profile="wso3")
def test_no_profile(wka_cluster): pass

@pytest.mark.wka_scenario("twice.yaml")
def test_no_step(wka_cluster): pass
"""
    )
    result = run(pytester, monkeypatch)
    result.assert_outcomes(errors=4)
    result.stdout.fnmatch_lines(
        [
            "wka_scenario: nosuch.yaml: there is no such file; *",
            "wka_scenario takes (file, profile=..., seed=..., steps=...)",
            "wka_scenario: unknown profile 'wso3'* (known: documented, axis2-1.7, wso2-1.6.1)",
            "wka_scenario: *twice.yaml:2: *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*plugin.py:*")


def test_failure_shows_last_lines_and_writes_the_journal(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        NODES
        + """
def test_fails(wka_cluster):
    two(wka_cluster)
    wka_cluster.run_for(10)
    assert False
"""
    )
    result = run(pytester, monkeypatch)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*wkasim: last lines of every node*",
            "one:",
            "*INFO*TribesClusteringAgent*Cluster initialization completed.",
            "*wkasim: journal*",
        ]
    )
    journal = next(Path(line) for line in result.outlines if line.endswith("test_fails.jsonl"))
    assert json.loads(journal.read_text().splitlines()[0]) == {"wkasim_journal": 1}


def test_scenarios_are_collected_only_when_asked_for(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("cases")
    (folder / "good.yaml").write_text(GOOD)
    (folder / "bad.yaml").write_text(GOOD.replace("is: initialised", "is: failed"))
    (folder / "wrong.yaml").write_text("nodes: 3\n")
    (pytester.path / "other.yaml").write_text(GOOD)
    run(pytester, monkeypatch).assert_outcomes()
    result = run(pytester, monkeypatch, "--wka-scenarios", "cases")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*bad.yaml:4: one is failed: *",
            "*wrong.yaml:1: nodes is a mapping from names to nodes; at least one is needed",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_scenarios_are_run_once_each_under_xdist(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pytester.mkdir("cases")
    for number in range(4):
        (folder / f"case{number}.yaml").write_text(GOOD)
    pytester.makepyfile("def test_fixture(wka_cluster):\n    wka_cluster.run_for(1)\n")
    run(pytester, monkeypatch, "-n", "2", "--wka-scenarios", "cases", alone=True).assert_outcomes(passed=5)


def test_folder_that_is_not_there_is_told(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(pytester, monkeypatch, "--wka-scenarios", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--wka-scenarios nowhere: there is no such folder"])


COVERED = """
from hypothesis import given, settings
from wkasim.testing import ClusterMachine, scenarios, violations

@settings(deadline=None, max_examples=3, derandomize=True, database=None)
@given(scenarios(nodes=(2, 2), profiles=["documented"], starts=["sequential"], topologies=["star"], faults=[]))
def test_drawn(scenario):
    violations(scenario)

def test_fixture(wka_cluster):
    from wkasim import NodeConfig
    wka_cluster.add_node(NodeConfig(name="one"))
    wka_cluster.start("one")
    wka_cluster.run_for(5)
    wka_cluster.kill("one")

def test_machine():
    machine = ClusterMachine()
    machine.cluster = wka = __import__("wkasim").Cluster(profile="wso2-1.6.1")
    machine.watch = type("Watch", (), {"violated": True})()
    machine.teardown()
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_coverage_of_all_clusters_is_told_when_asked_for(
    workers: tuple[str, ...], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(COVERED)
    folder = pytester.mkdir("cases")
    (folder / "good.yaml").write_text(GOOD)
    result = run(pytester, monkeypatch, "--wka-scenarios", "cases", "--wka-coverage", *workers, alone=True)
    result.assert_outcomes(passed=4)
    told = "\n".join(result.outlines)
    runs = re.search(r"(\d+) runs\n", told)
    assert runs is not None
    assert int(runs[1]) == 6
    assert re.search(r"documented: \d+ of \d+ log lines occurred; never:\n", told)
    assert re.search(r"JOIN while waiting", told)
    assert re.search(r"2 of \d+ kinds of actions occurred; never:\n", told)
    told = "\n".join(run(pytester, monkeypatch, *workers, alone=True).outlines)
    assert "coverage of the protocol" not in told


def test_session_that_does_not_use_it_imports_nothing_of_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
import sys

def test_nothing():
    imported = sorted(name for name in sys.modules if name.split(".")[0] == "wkasim")
    assert imported == ["wkasim", "wkasim.testing", "wkasim.testing.plugin", "wkasim.version"]
    assert "hypothesis.strategies" not in sys.modules
"""
    )
    run(pytester, monkeypatch, "-p", "no:hypothesispytest", alone=True).assert_outcomes(passed=1)
