"""The commands explore and sweep, as somebody types them."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

import pytest
from attrs import evolve

from wkasim.cli.main import main
from wkasim.cli.progress import ProgressLine, rate_text
from wkasim.cli.sweep import _check_workers, _progress
from wkasim.errors import InputError
from wkasim.explore.invariants import BUILT_IN
from wkasim.explore.schedules import FAULTS
from wkasim.explore.sweep import Table
from wkasim.files import write_whole
from wkasim.scenario.reader import load_scenario
from wkasim.version import __version__

QUICK = ("--profile", "documented", "--faults", "none", "--nodes", "3", "--invariant", "agreement", "--runs", "12")

SCENARIO = """
nodes:
  hub: {host: 127.1.0.1, uses_database: false}
  worker: {host: 127.1.0.2, uses_database: false, well_known_members: ["127.1.0.1:4000"]}
steps: [{start: hub}, {wait: 10}, {start: worker}, {wait: 30}]
"""


def wkasim(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_explore_writes_what_it_finds_and_run_names_the_invariant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wkasim("explore", *QUICK) == 1
    out = capsys.readouterr().out
    assert "agreement in documented: somebody not well known is not listed, after one started alone\n" in out
    assert "1 distinct failure in 12 runs (" in out
    (path,) = (tmp_path / "found").glob("*.yaml")
    assert path.read_text().startswith("# agreement is violated: ")
    assert wkasim("run", "--quiet", str(path)) == 1
    assert "agreement is violated at " in capsys.readouterr().out
    path.write_text(path.read_text() + "expect_violation: agreement\n")
    assert wkasim("run", "--quiet", str(path)) == 0


def test_explore_as_json_says_the_same_and_covers_the_protocol(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wkasim("explore", *QUICK, "--json", "--coverage", "--out", str(tmp_path)) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == 12
    (finding,) = told["findings"]
    assert (finding["invariant"], finding["profile"], finding["nodes"]) == ("agreement", "documented", 3)
    assert load_scenario(finding["file"]).title.startswith("agreement: ")
    assert "partition" in told["coverage"]["faults_never"]


def test_explore_without_a_finding_exits_with_0_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(SCENARIO)
    out = tmp_path / "found"
    assert wkasim("explore", str(base), "--faults", "none", "--runs", "4", "--out", str(out)) == 0
    assert capsys.readouterr().out.startswith("0 distinct failures in 4 runs (")
    assert not out.exists()


def test_explore_names_everything_that_is_wrong_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "file"
    out.write_text("")
    wrong = ("--nodes", "7-2", "--faults", "flood", "--invariant", "speed", "--time", "soon", "--out", str(out))
    assert wkasim("explore", *wrong) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"unknown invariant 'speed' (known: {', '.join(invariant.name for invariant in BUILT_IN)})",
        "nodes 7-2 is no range; write LEAST-MOST, from 2 to 50",
        f"unknown fault 'flood' (known: {', '.join(FAULTS)})",
        "--time soon: this is no time; write 90s, 1m30s or a number of seconds",
        f"--out {out}: this is a file; name a folder",
    ]


def test_explore_interrupted_keeps_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def interrupt(self: object) -> bool:
        asked.append(0)
        if len(asked) == 20:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(ProgressLine, "due", interrupt)
    assert wkasim("explore", *QUICK, "--out", str(tmp_path)) == 130
    told = capsys.readouterr().out
    assert "\n  the search ended before this was as small as it can be\n" in told
    assert "interrupted; 1 distinct failure in " in told
    (path,) = tmp_path.glob("*.yaml")
    assert "# The search ended before this was as small as it can be.\n" in path.read_text()
    monkeypatch.undo()
    assert wkasim("run", "--quiet", str(path)) == 1


def test_explore_leaves_a_pinned_finding_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert wkasim("explore", *QUICK, "--out", str(tmp_path)) == 1
    (path,) = tmp_path.glob("*.yaml")
    pinned = path.read_text() + "expect_violation: agreement\n"
    path.write_text(pinned)
    for _ in range(2):
        assert wkasim("explore", *QUICK, "--out", str(tmp_path)) == 1
        again = path.with_name(f"{path.stem}-2.yaml")
        assert sorted(tmp_path.iterdir()) == [again, path]
        assert path.read_text() == pinned
    assert str(again) in capsys.readouterr().out


def test_explore_tells_what_it_found_even_if_it_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wkasim.cli.explore.write_whole", full)
    assert wkasim("explore", *QUICK, "--out", str(tmp_path / "found")) == 2
    told = capsys.readouterr()
    assert "agreement in documented: " in told.out
    assert told.err.endswith(".yaml: cannot be written: No space left on device\n")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (
            ("--faults", "none,kill"),
            "--faults none,kill: name kinds of faults, such as kill,partition, or none by itself",
        ),
        (("--faults", ","), "--faults ,: name kinds of faults, such as kill,partition, or none by itself"),
        (("--nodes", "three"), "--nodes three: this is no range; write 5, or LEAST-MOST such as 2-7"),
        (("--nodes", "2-1000000"), "nodes 2-1000000 is no range; write LEAST-MOST, from 2 to 50"),
        (("--length", "0"), "--length 0: this is no time; write 90s, 1m30s or a number of seconds"),
        (("esb-cluster", "--nodes", "3"), "--nodes 3: esb-cluster has its own nodes; leave the option out"),
        (
            ("esb-cluster", "--profile", "documented", "--profile", "axis2-1.7"),
            "--profile documented, axis2-1.7: a scenario is varied in one profile; name one",
        ),
        (("--out", "pyproject.toml/found"), "--out pyproject.toml/found: pyproject.toml is a file; name a folder"),
    ],
)
def test_explore_refuses_what_makes_no_sense(
    wrong: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    assert wkasim("explore", *wrong, "--runs", "1") == 2
    assert capsys.readouterr().err == f"{problem}\n"


def test_explore_asks_for_the_length_that_its_scenario_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(SCENARIO)
    assert wkasim("explore", str(base), "--length", "20s", "--runs", "1") == 2
    assert "a cluster of 2 nodes may take 45 s to settle" in capsys.readouterr().err


def test_explore_of_a_scenario_that_cannot_be_run_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("nodes: {a: {}, b: {host: 127.1.0.2}}\nsteps: [{start: a}, {kill: b}, {wait: 60}]\n")
    assert wkasim("explore", str(base), "--runs", "3", "--out", str(tmp_path / "found")) == 2
    told = capsys.readouterr()
    assert told.out.startswith("0 distinct failures in 3 runs (")
    assert told.err == (
        f"3 runs could not be done: {base}:2: b is not running at 0 s\n"
        "no run could be done, so that says nothing about the cluster\n"
    )


def test_rate_has_a_digit_behind_the_point_where_it_would_be_nothing() -> None:
    assert [rate_text(rate) for rate in (0.04, 0.26, 1.0, 9.96, 12.3, 250)] == ["0", "0.3", "1", "10", "12", "250"]


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.yaml").write_text(SCENARIO)
    return "two.yaml"


def test_sweep_writes_csv_and_json_and_resumes(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert wkasim("sweep", scenario, "--vary", "nodes=2..3", "--seeds", "2", "--out", "t.csv") == 0
    shown = capsys.readouterr().out
    assert "nodes" in shown
    assert "split" in shown
    rows = list(csv.DictReader(Path("t.csv").read_text().splitlines()))
    assert [(row["nodes"], row["runs"]) for row in rows] == [("2", "2"), ("3", "2")]
    before = Path("t.csv.runs").read_text()
    assert wkasim("sweep", scenario, "--vary", "nodes=2..3", "--seeds", "3", "--out", "t.csv", "--json") == 0
    assert [row["runs"] for row in json.loads(capsys.readouterr().out)] == [3, 3]
    assert Path("t.csv.runs").read_text().startswith(before)


def test_sweep_prints_a_line_for_every_point_with_units_and_whole_messages(
    scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wkasim("sweep", scenario, "--vary", "nodes=3", "--vary", "loss=0,0.5", "--seeds", "2") == 0
    names, units, *lines = capsys.readouterr().out.splitlines()
    assert re.split(r"  +", names.strip()) == ["convergence (s)", "detection (s)", "messages"]
    assert units.split()[:4] == ["nodes", "loss", "runs", "split"]
    number = r"\d+(?:\.\d)?"
    three = f"{number} / {number} / {number}"
    for loss, line in zip(("0", "0.5"), lines, strict=True):
        assert re.fullmatch(rf" +3 +{loss} +2 +\d+% +(?:{three}|-) +(?:{three}|-) +\d+ / \d+ / \d+", line), line


def test_sweep_tells_what_it_measured_even_if_it_cannot_be_written(
    scenario: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wkasim.cli.sweep.write_whole", full)
    assert wkasim("sweep", scenario, "--seeds", "2", "--out", "t.csv") == 2
    told = capsys.readouterr()
    assert "50/95/99 %" in told.out
    assert told.err == "t.csv: cannot be written: No space left on device\n"


def test_sweep_prints_and_writes_what_was_done_before_the_disk_was_full(
    scenario: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Table.take

    def fills_up(table: Table, key: str, result: dict[str, float]) -> None:
        take(evolve(table, file=Path("/dev/full")) if len(table.results) == 3 else table, key, result)

    monkeypatch.setattr(Table, "take", fills_up)
    assert wkasim("sweep", scenario, "--seeds", "5", "--out", "t.csv", "--json") == 2
    told = capsys.readouterr()
    assert [row["runs"] for row in json.loads(told.out)] == [4]
    assert told.err == "/dev/full: cannot be written: No space left on device\nended after 4 of 5 runs\n"
    assert len(Path("t.csv").read_text().splitlines()) == 2

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wkasim.cli.sweep.write_whole", full)
    assert wkasim("sweep", scenario, "--seeds", "5", "--out", "t2.csv") == 2
    assert capsys.readouterr().err.splitlines() == [
        "/dev/full: cannot be written: No space left on device",
        "ended after 4 of 5 runs",
        "t2.csv: cannot be written: No space left on device",
    ]
    assert len(Path("t.csv.runs").read_text().splitlines()) == 4


def test_sweep_names_dask_workers_whose_results_would_be_others() -> None:
    def packages(version: str | None) -> dict[str, dict[str, str | None]]:
        return {"packages": {"wkasim": version}}

    _check_workers({"tcp://a": packages(__version__)})
    with pytest.raises(InputError) as caught:
        _check_workers({"tcp://c": packages(None), "tcp://a": packages(__version__), "tcp://b": packages("0.0.1")})
    assert caught.value.problems == (
        f"the Dask worker tcp://b has wkasim 0.0.1; install wkasim {__version__} there",
        f"the Dask worker tcp://c has no wkasim; install wkasim {__version__} there",
    )


def test_sweep_says_once_that_nobody_is_there_to_run_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wkasim.cli.sweep._PATIENCE_S", 0.0)
    show = _progress(ProgressLine(), 0, 0, 9, lambda: False)
    for done in (1, 1, 1, 2, 2):
        show(done)
    assert capsys.readouterr().err == 2 * "no worker is there; the sweep waits for one\n"
    busy = _progress(ProgressLine(), 0, 0, 9, lambda: True)
    for _ in range(3):
        busy(1)
    assert capsys.readouterr().err == ""


def test_sweep_that_goes_on_counts_only_the_runs_that_it_has_been_asked_for(
    scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wkasim("sweep", scenario, "--vary", "nodes=2..3", "--seeds", "3", "--out", "t.csv") == 0
    shown: list[str] = []
    monkeypatch.setattr(ProgressLine, "due", lambda self: True)
    monkeypatch.setattr(ProgressLine, "show", lambda self, text: shown.append(text))
    assert wkasim("sweep", scenario, "--vary", "nodes=3..4", "--seeds", "4", "--out", "t.csv") == 0
    assert [text.partition(",")[0] for text in shown] == [f"{done} of 8 runs" for done in range(4, 9)]


def test_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "there", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_sweep_goes_on_whatever_the_path_to_its_scenario_is_called(scenario: str) -> None:
    assert wkasim("sweep", scenario, "--seeds", "1", "--out", "t.csv") == 0
    before = Path("t.csv.runs").read_text()
    assert wkasim("sweep", str(Path(scenario).resolve()), "--seeds", "2", "--out", "t.csv") == 0
    assert Path("t.csv.runs").read_text().startswith(before)


def test_sweep_says_before_it_runs_where_nothing_can_be_written(
    scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder.csv").mkdir()
    assert wkasim("sweep", scenario, "--out", "folder.csv", "--plot", "nowhere/p.png") == 2
    assert capsys.readouterr().err.splitlines() == [
        "--out folder.csv: this is a folder; name a file in it",
        "--plot nowhere/p.png: there is no folder nowhere",
    ]


def test_sweep_draws_png_and_svg(scenario: str) -> None:
    pytest.importorskip("matplotlib")
    assert wkasim("sweep", scenario, "--vary", "loss=0,0.1", "--seeds", "2", "--plot", "p") == 0
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in Path("p.svg").read_text()


def test_sweep_without_matplotlib_says_what_to_install(
    scenario: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert wkasim("sweep", scenario, "--plot", "p.png") == 2
    assert capsys.readouterr().err == "a plot needs the package matplotlib: pip install 'wkasim[plot]'\n"


def test_sweep_without_dask_says_what_to_install(
    scenario: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert wkasim("sweep", scenario, "--executor", "dask://localhost:1") == 2
    assert capsys.readouterr().err == ("a Dask cluster needs the package distributed: pip install 'wkasim[dask]'\n")


def test_sweep_names_everything_that_is_wrong_at_once(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("--vary", "speed=1", "--vary", "nodes=5..2", "--out", "t.txt", "--plot", "p.gif", "--executor", "cloud")
    assert wkasim("sweep", "nosuch.yaml", *wrong) == 2
    assert capsys.readouterr().err.splitlines() == [
        "--vary speed=1: there is no axis 'speed' (known: nodes, loss, latency, profile, spread)",
        "--vary nodes=5..2: from 5 to 2 in steps of 1 is no range",
        "--out t.txt: name a .csv or a .json file",
        "--plot p.gif: name a .png or an .svg file, or neither for both",
        "--executor cloud: write local, or dask://HOST:PORT",
        'nosuch.yaml: there is no such file; "wkasim scenarios" lists what is shipped',
    ]
