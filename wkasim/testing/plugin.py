"""The pytest plugin: clusters under virtual time as a fixture, scenario files as tests, and logs where a test fails.

    def test_manager_joins(wka_cluster):
        wka_cluster.add_node(...)

    @pytest.mark.wka_scenario("esb-cluster")
    async def test_guide(wka_cluster):
        await wka_cluster.elapse(10)

A coroutine that takes the fixture runs on the cluster's own virtual clock, whatever mode pytest-asyncio is in; it needs
no marker. Everything of wkasim is imported when it is first used, so that the plugin costs a session nothing that does
not use it.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from wkasim.explore.coverage import Coverage
    from wkasim.scenario.runner import RunResult
    from wkasim.sim.cluster import Cluster
    from wkasim.sim.journal import Journal

__all__ = ["wka_cluster"]

_FIXTURE: Final = "wka_cluster"
_LAST_LINES: Final = 8
_SUFFIXES: Final = (".yaml", ".yml")
_JOURNAL: pytest.StashKey[Journal] = pytest.StashKey()
_COVERAGE: pytest.StashKey[Coverage] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("wkasim").addoption(
        "--wka-scenarios",
        action="append",
        default=[],
        metavar="DIR",
        help="collect the scenario files in this folder as tests; may be repeated",
    )
    parser.getgroup("wkasim").addoption(
        "--wka-coverage",
        action="store_true",
        help="say at the end which log lines, messages and faults occurred in the tests' clusters, and which never",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and the folders of scenarios part of what is collected."""
    config.addinivalue_line(
        "markers",
        "wka_scenario(file, profile=None, seed=None, steps=True): wka_cluster is the cluster of this scenario, "
        "after its steps",
    )
    if config.getoption("--wka-coverage"):
        from wkasim.testing.covering import begin

        config.stash[_COVERAGE] = begin()
    for folder in config.getoption("--wka-scenarios"):
        if not Path(folder).is_dir():
            raise pytest.UsageError(f"--wka-scenarios {folder}: there is no such folder")
        if folder not in config.args:
            config.args.append(folder)


# The fixture


@pytest.fixture
def wka_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster under virtual time; that of a scenario after its steps with the marker ``wka_scenario``.

    The marker's file is looked for beside the test, then as ``wkasim run`` does. Its ``profile`` and ``seed`` count
    without a file too. ``steps=False`` leaves the steps to the test.
    """
    from wkasim.errors import InputError

    marker = request.node.get_closest_marker("wka_scenario")
    try:
        cluster = _make_cluster(request.path.parent, *marker.args, **marker.kwargs) if marker else _plain_cluster()
    except InputError as error:
        pytest.fail(f"wka_scenario: {error}", pytrace=False)
    except TypeError:
        if marker is None or _fits(marker):
            raise
        pytest.fail("wka_scenario takes (file, profile=..., seed=..., steps=...)", pytrace=False)
    request.node.stash[_JOURNAL] = cluster.journal
    with cluster:
        yield cluster
    _cover(request.config, cluster.profile.name, cluster.journal)


def _plain_cluster(profile: str | None = None, seed: int | None = None) -> Cluster:
    from wkasim.sim.cluster import Cluster

    return Cluster(profile=profile or "documented", seed=seed or 0)


def _make_cluster(
    folder: Path, file: str | None = None, *, profile: str | None = None, seed: int | None = None, steps: bool = True
) -> Cluster:
    from attrs import evolve

    from wkasim.errors import InputError
    from wkasim.scenario.reader import load_scenario
    from wkasim.scenario.runner import ScenarioRun

    if file is None:
        return _plain_cluster(profile, seed)
    beside = folder / file
    scenario = load_scenario(str(beside) if beside.is_file() else file)
    run = ScenarioRun(scenario if steps else evolve(scenario, steps=()), seed=seed, profile=profile)
    run.advance_to(1e9)
    if run.problem:
        raise InputError(f"the scenario cannot be run: {run.problem}")
    return run.cluster


def _fits(marker: pytest.Mark) -> bool:
    """Whether the marker has the arguments that it should have."""
    try:
        inspect.signature(_make_cluster).bind(None, *marker.args, **marker.kwargs)
    except TypeError:
        return False
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    """Let a coroutine that takes the fixture run on the cluster's clock, before anybody else takes it for his own."""
    function = getattr(obj, "__func__", obj)  # static and class methods come as they stand in the class
    # Python 3.12 takes its own module inspect for a coroutine function, and test files import that.
    if not callable(function) or not inspect.iscoroutinefunction(function):
        return
    if _FIXTURE not in inspect.signature(function).parameters:
        return
    if isinstance(collector, pytest.Class | pytest.Module):
        owner = collector.obj if isinstance(collector, pytest.Module) else _defining_class(collector.obj, name)
        setattr(owner, name, _on_virtual_time(inspect.getattr_static(owner, name)))


def _defining_class(obj: object, name: str) -> type:
    cls = obj if isinstance(obj, type) else type(obj)
    return next(base for base in cls.__mro__ if name in vars(base))


def _on_virtual_time(function: Any) -> Any:  # noqa: ANN401 - a function, or a static or class method around one
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_on_virtual_time(function.__func__))

    @functools.wraps(function)
    def run(*args: Any, **fixtures: Any) -> None:
        fixtures[_FIXTURE].loop.run_until_complete(function(*args, **fixtures))

    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name != "asyncio"]
    run.pytestmark = marks  # type: ignore[attr-defined]  # where pytest keeps marks
    return run


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a coroutine that would run on another clock than its cluster, where it would wait in real time."""
    function = getattr(item, "function", None)
    if inspect.iscoroutinefunction(function) and _FIXTURE in getattr(item, "fixturenames", ()):
        pytest.fail(
            f"{item.name} gets {_FIXTURE} by way of another fixture only, and would not run on the cluster's clock; "
            f"name {_FIXTURE} among its own arguments",
            pytrace=False,
        )


# Scenario files as tests


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """A scenario file in one of the folders asked for."""
    folders = [Path(folder).resolve() for folder in parent.config.getoption("--wka-scenarios")]
    if file_path.suffix not in _SUFFIXES or not any(folder in file_path.resolve().parents for folder in folders):
        return None
    made: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    return made


class ScenarioFile(pytest.File):
    """A file that holds one scenario."""

    def collect(self) -> Iterator[ScenarioItem]:
        """The scenario."""
        made: ScenarioItem = ScenarioItem.from_parent(self, name="scenario")
        yield made


class ScenarioFailedError(Exception):
    """What a scenario expects has not come."""


class ScenarioItem(pytest.Item):
    """One scenario: it is run, and what it expects must come."""

    def runtest(self) -> None:
        """Run it."""
        from wkasim.scenario.reader import load_scenario
        from wkasim.scenario.runner import run_scenario

        result = run_scenario(load_scenario(self.path))
        self.stash[_JOURNAL] = result.journal
        _cover(self.config, result.profile.name, result.journal)
        if not result.passed:
            raise ScenarioFailedError("\n".join(_failures(result)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401
        """What failed; no traceback, for it would show wkasim and not the scenario."""
        from wkasim.errors import WkasimError

        if isinstance(excinfo.value, ScenarioFailedError | WkasimError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file is the test."""
        return self.path, None, self.path.name


def _failures(result: RunResult) -> Iterator[str]:
    if result.problem:
        yield result.problem
    for outcome in result.outcomes:
        if outcome.verdict == "failed":
            yield f"{result.scenario.file}:{outcome.line}: {outcome.title}: {outcome.message}"


# Reports


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last lines of every node to the report of a test that failed; say where journal and scenario lie."""
    report = yield
    if report.when != "call" or not report.failed:
        return report
    journal = item.stash.get(_JOURNAL, None)
    if journal is not None and len(journal):
        report.sections.append(("wkasim: last lines of every node", _last_lines(journal)))
        report.sections.append(("wkasim: journal", str(_write(item, ".jsonl", "\n".join(journal.lines()) + "\n"))))
    if call.excinfo is not None and (text := _failing_scenario(call.excinfo.value)):
        report.sections.append(("wkasim: scenario", f"wkasim run {_write(item, '.yaml', text)}"))
    return report


def _failing_scenario(error: BaseException) -> str:
    """The scenario in which an invariant did not hold, as a file; nothing if it was something else that failed."""
    asserting = sys.modules.get("wkasim.testing.asserting")
    if asserting is None or not isinstance(error, asserting.InvariantError):
        return ""
    text: str = error.file()
    return text


def _last_lines(journal: Journal) -> str:
    from wkasim.logs.formats import LogFormat

    look = LogFormat("console")
    nodes: dict[str, list[str]] = {}
    for record in journal.of_kind("log"):
        if look.shows(record):
            nodes.setdefault(record[2], []).append(look.render(record))
    return "\n".join(
        "\n".join((f"{name}:", *(f"  {line}" for line in lines[-_LAST_LINES:]))) for name, lines in nodes.items()
    )


def _write(item: pytest.Item, suffix: str, text: str) -> Path:
    folder = item.config.rootpath / ".pytest_cache" / "wkasim"
    cache = getattr(item.config, "cache", None)
    if cache is not None:
        folder = cache.mkdir("wkasim")
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / (re.sub(r"[^A-Za-z0-9_.-]+", "-", item.nodeid).strip("-")[-150:] + suffix)
    path.write_text(text, encoding="utf-8")
    return path


# Coverage


def _cover(config: pytest.Config, profile: str, journal: Journal) -> None:
    if (coverage := config.stash.get(_COVERAGE, None)) is not None:
        coverage.add(profile, journal.records)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker of xdist has counted to whoever reports."""
    if _COVERAGE in session.config.stash and hasattr(session.config, "workeroutput"):
        session.config.workeroutput["wkasim_coverage"] = session.config.stash[_COVERAGE].as_plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - a class of xdist, which may not be there
    """Take what a worker of xdist has counted."""
    plain = getattr(node, "workeroutput", {}).get("wkasim_coverage")
    if plain is not None and (coverage := node.config.stash.get(_COVERAGE, None)) is not None:
        coverage.merge(type(coverage).from_plain(plain))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what of the protocol occurred."""
    if (coverage := config.stash.get(_COVERAGE, None)) is not None:
        terminalreporter.section("wkasim: coverage of the protocol")
        terminalreporter.line(coverage.text())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Count no more."""
    if _COVERAGE in config.stash:
        from wkasim.testing.covering import end

        end()
        del config.stash[_COVERAGE]
