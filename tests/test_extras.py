"""Each extra is needed for what it is for and for nothing else; where it is missing, a sentence says how to get it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT

MODULES = {
    "config": ("lxml",),
    "dask": ("dask", "distributed"),
    "mysql": ("pymysql", "sqlalchemy"),
    "plot": ("matplotlib",),
    "step": ("textual",),
    "tcp": ("aiohttp", "dpkt", "yarl"),
    "testing": ("hypothesis", "pytest"),
}
"""What an extra brings, as Python imports it."""

PARTS = {
    "config": ("wkasim.config.xml",),
    "dask": ("wkasim.cli.sweep", "distributed"),
    "mysql": ("wkasim.live.database", "sqlalchemy"),
    "plot": ("wkasim.explore.plot", "matplotlib"),
    "step": ("wkasim.view.stepper",),
    "tcp": ("aiohttp", "wkasim.live.run", "wkasim.transport.tribes.pcap"),
    "testing": ("wkasim.testing.strategies", "wkasim.testing.machine", "wkasim.testing.plugin"),
}
"""The modules that use an extra."""

WITHOUT = """
import sys
from importlib.machinery import PathFinder

hidden = set(sys.argv[1].split(","))


class Rest:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in hidden else PathFinder.find_spec(name, path, target)


sys.meta_path[:] = [Rest if finder is PathFinder else finder for finder in sys.meta_path]
"""
"""Python in which some packages are not installed."""

COMMAND_LINE = f"{WITHOUT}\nfrom wkasim.cli.main import main\nmain(sys.argv[2:])"

NEED = [
    ("config", ["doctor", "conf"]),
    ("config", ["import", "conf"]),
    ("dask", ["sweep", "elb-alone", "--seeds", "2", "--executor", "dask://127.0.0.1:9"]),
    ("mysql", ["run", "database.yaml", "--transport", "tcp"]),
    ("plot", ["sweep", "elb-alone", "--seeds", "2", "--plot", "plot.png"]),
    ("step", ["step", "elb-alone"]),
    ("tcp", ["up", "elb-alone"]),
    ("tcp", ["run", "elb-alone", "--transport", "tcp"]),
    ("tcp", ["node", "elb", "--scenario", "elb-alone"]),
    ("tcp", ["decode", str(ROOT / "tests/captures/join.pcap")]),
]
DATABASE = """
database:
  url: mysql+pymysql://wkasim@127.0.0.1:9/carbondb
nodes:
  manager: {role: manager, host: 127.1.0.206, port: 4001}
steps:
  - start: manager
"""


def without(extras: list[str], code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    hidden = [module for extra in extras for module in MODULES[extra]]
    return subprocess.run(
        [sys.executable, "-c", code, ",".join(hidden), *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(("extra", "arguments"), NEED, ids=[" ".join(words[:1]) + f"-{e}" for e, words in NEED])
def test_command_whose_extra_is_missing_says_how_to_install_it(
    extra: str, arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "database.yaml").write_text(DATABASE, encoding="utf-8")
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "axis2.xml").write_text('<axisconfig><clustering enable="true"/></axisconfig>', encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))

    refused = without([extra], COMMAND_LINE, *arguments, cwd=tmp_path)

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert refused.stdout == ""
    assert f"pip install 'wkasim[{extra}]'" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["scenarios", "ClusterMachine"])
def test_strategies_without_hypothesis_say_how_to_install_it(name: str, tmp_path: Path) -> None:
    refused = without(["testing"], f"{WITHOUT}\nfrom wkasim.testing import {name}", cwd=tmp_path)
    assert refused.returncode == 1
    assert "pip install 'wkasim[testing]'" in refused.stderr.splitlines()[-1]


def test_main_job_needs_no_extra(tmp_path: Path) -> None:
    ran = without(list(MODULES), COMMAND_LINE, "run", "elb-alone", "--quiet", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("extra", MODULES)
def test_extra_needs_no_other_extra(extra: str, tmp_path: Path) -> None:
    others = [other for other in MODULES if other != extra]
    imported = without(others, f"{WITHOUT}\nimport {', '.join(PARTS[extra])}", cwd=tmp_path)
    assert imported.returncode == 0, imported.stderr
