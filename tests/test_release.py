"""What is released: a wheel and an sdist that give the same, installed into an environment that holds nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def shell(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command, away from the checkout's own packages."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def must(*words: str | Path, cwd: Path) -> str:
    done = shell(*words, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Release:
    """A wheel made from an sdist made from this checkout, installed without any extra."""

    def __init__(self, folder: Path) -> None:
        self.empty = folder / "empty"
        self.empty.mkdir()
        builder = "from hatchling.build import build_sdist, build_wheel; import sys; print(%s(sys.argv[1]))"
        tools, self.environment = folder / "tools", folder / "environment"
        for environment in (tools, self.environment):
            must(sys.executable, "-m", "venv", environment, cwd=folder)
        must(tools / "bin" / "pip", "install", "-q", "hatchling>=1.24", cwd=folder)
        python = tools / "bin" / "python"
        self.direct = folder / must(python, "-c", builder % "build_wheel", folder, cwd=ROOT).strip()
        sdist = folder / must(python, "-c", builder % "build_sdist", folder, cwd=ROOT).strip()
        with tarfile.open(sdist) as archive:
            archive.extractall(folder / "source", filter="data")
        (source,) = (folder / "source").iterdir()
        (folder / "again").mkdir()
        self.wheel = (
            folder / "again" / must(python, "-c", builder % "build_wheel", folder / "again", cwd=source).strip()
        )
        must(self.environment / "bin" / "pip", "install", "-q", self.wheel, cwd=self.empty)

    def wkasim(self, *words: str) -> subprocess.CompletedProcess[str]:
        return shell(self.environment / "bin" / "wkasim", *words, cwd=self.empty)

    def python(self, code: str) -> str:
        return must(self.environment / "bin" / "python", "-c", code, cwd=self.empty)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return Release(tmp_path_factory.mktemp("release"))


def contents(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.CRC for info in archive.infolist()}


# One test, since the environment is made once for a process of the tests, and these run one after another anyway.
def test_wheel_in_an_empty_environment_does_the_main_jobs(release: Release) -> None:
    assert contents(release.wheel) == contents(release.direct)
    assert release.wkasim("--version").stdout == f"wkasim {release.wheel.name.split('-')[1]}\n"

    run = release.wkasim("run", "esb-cluster", "--quiet")
    assert (run.returncode, "14 passed, 0 failed" in run.stdout) == (0, True), run.stdout + run.stderr
    assert json.loads(release.wkasim("schema").stdout)["$schema"]
    listed = release.wkasim("scenarios").stdout.splitlines()
    assert len(listed) > 50

    assert release.wkasim("view", "esb-cluster", "-o", "x.html").returncode == 0
    assert (release.empty / "x.html").read_text(encoding="utf-8").startswith("<!")
    assert release.wkasim("lesson", "1").returncode == 0
    assert release.wkasim("explore", "--time", "5s", "--out", "found").returncode in (0, 1)

    assert release.wkasim("init", "--hosts", "2", "--workers", "3", "-o", "conf").returncode == 0
    # tests/test_extras.py asks this of every command that needs an extra.
    refused = release.wkasim("doctor", "conf")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "pip install 'wkasim[config]'" in refused.stderr

    must(release.environment / "bin" / "pip", "install", "-q", f"{release.wheel}[config]", cwd=release.empty)
    doctor = release.wkasim("doctor", "conf")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert release.python("import wkasim; print(all(hasattr(wkasim, name) for name in wkasim.__all__))") == "True\n"
