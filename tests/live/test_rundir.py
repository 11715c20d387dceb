"""The run directory: what cannot be used or read is named, and a wish is told once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wkasim.errors import InputError
from wkasim.live.processes import OsProcess
from wkasim.live.rundir import RunDirectory, Settings


def begun(folder: Path) -> RunDirectory:
    run = RunDirectory(folder)
    me = OsProcess.of(os.getpid())
    assert me is not None
    run.begin(Settings(scenario="x"), me)
    return run


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = RunDirectory(tmp_path / "file" / "run")
    with (
        pytest.raises(InputError, match=r"file/run: cannot be used as the run directory: Not a directory$"),
        run.lock(),
    ):
        pass


@pytest.mark.parametrize("names", [["logs"], ["lock", "logs"], ["notes.txt"]])
def test_folder_of_somebody_else_is_left_alone(tmp_path: Path, names: list[str]) -> None:
    """What is in logs and nodes is removed when a run begins."""
    for name in names:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError) as raised:
        RunDirectory(tmp_path).check_own()
    assert str(raised.value) == (
        f"{tmp_path}: is no run directory and not empty (it holds {names[-1]}); name a new or an empty folder"
    )


def test_run_directory_that_was_used_may_be_used_again(tmp_path: Path) -> None:
    RunDirectory(tmp_path / "new").check_own()
    run = RunDirectory(tmp_path)
    run.check_own()
    with run.lock():
        begun(tmp_path).end()
    (tmp_path / "notes.txt").touch()
    run.check_own()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"settings": {"colour": 1}, "supervisor": {}}'])
def test_record_of_another_version_is_named(tmp_path: Path, text: str) -> None:
    run = begun(tmp_path)
    assert run.settings() == Settings(scenario="x")
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError) as raised:
        run.settings()
    assert str(raised.value) == f"{tmp_path}/run.json: cannot be read; remove it and start again"


def test_run_that_goes_on_is_not_begun_again(tmp_path: Path) -> None:
    run = begun(tmp_path)
    with pytest.raises(InputError, match=f"a cluster is running there \\(process {os.getpid()}\\)"):
        run.check_free()
    run.end()
    run.check_free()


def test_wish_for_a_node_is_told_once(tmp_path: Path) -> None:
    run = begun(tmp_path)
    run.want("worker2")
    run.want("elb")
    assert run.wanted() == ["elb", "worker2"]
    assert run.wanted() == []
    assert run.names() == []
