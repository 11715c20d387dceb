"""Shipped scenarios are found by name and path, and a miss says what is near."""

from __future__ import annotations

from pathlib import Path

import pytest

from wkasim.errors import InputError
from wkasim.scenario import shipped
from wkasim.scenario.shipped import find_scenario, shipped_scenarios

ROOT = Path(__file__).parents[2]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small library in place of the shipped one, laid out as in an installed wheel."""
    package = tmp_path / "site-packages" / "wkasim"
    folder = package / "_scenarios"
    names = ("esb-cluster", "defects/split-view", "defects/alone", "lessons/alone", "configs/guide/cluster")
    for name in names:
        file = folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("title: one\n")
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    return folder


def error_of(name: str) -> str:
    with pytest.raises(InputError) as caught:
        find_scenario(name)
    return str(caught.value)


def test_shipped_scenarios_installed_are_sorted_and_leave_configuration_out(library: Path) -> None:
    assert list(shipped_scenarios()) == [
        "defects/alone",
        "defects/split-view",
        "esb-cluster",
        "lessons/alone",
    ]


def test_shipped_scenarios_in_a_checkout_are_the_folder_beside_the_package() -> None:
    files = {path.resolve() for path in (ROOT / "scenarios").rglob("*.yaml")}
    configs = {path for path in files if path.is_relative_to(ROOT / "scenarios" / "configs")}
    assert set(shipped_scenarios().values()) == files - configs


def test_shipped_scenarios_without_any_folder_say_so(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", library / "nowhere" / "wkasim")
    with pytest.raises(InputError) as caught:
        shipped_scenarios()
    nowhere = library / "nowhere"
    assert str(caught.value) == (
        "the shipped scenarios are missing from this installation "
        f"(looked in {nowhere / 'wkasim' / '_scenarios'} and {nowhere / 'scenarios'}); install wkasim again"
    )


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("esb-cluster", "esb-cluster.yaml"),
        ("defects/split-view", "defects/split-view.yaml"),
        ("split-view", "defects/split-view.yaml"),
        ("lessons/alone", "lessons/alone.yaml"),
    ],
)
def test_find_scenario_by_name_gives_the_shipped_file(library: Path, name: str, file: str) -> None:
    assert find_scenario(name) == library / file


def test_find_scenario_by_path_gives_that_path(library: Path) -> None:
    Path("mine.yaml").touch()
    Path("plain").touch()
    assert find_scenario("mine.yaml") == Path("mine.yaml")
    assert find_scenario("plain") == Path("plain")


def test_find_scenario_named_like_a_stray_file_prefers_the_shipped_one(library: Path) -> None:
    Path("esb-cluster").touch()
    assert find_scenario("esb-cluster") == library / "esb-cluster.yaml"


def test_find_scenario_with_several_of_that_name_lists_them(library: Path) -> None:
    assert error_of("alone") == ('scenario "alone" could be any of: defects/alone, lessons/alone; name it in full')


def test_find_scenario_misspelt_names_the_nearest(library: Path) -> None:
    assert error_of("esb-clutser") == (
        'there is no scenario "esb-clutser", neither a file nor a shipped one; shipped and near: esb-cluster'
    )
    assert error_of("split-veiw").endswith("; shipped and near: defects/split-view")


def test_find_scenario_far_from_everything_says_how_to_list(library: Path) -> None:
    assert error_of("zzz") == (
        'there is no scenario "zzz", neither a file nor a shipped one; "wkasim scenarios" lists what is shipped'
    )


def test_find_scenario_missing_file_names_the_shipped_one_of_that_name(library: Path) -> None:
    assert error_of("scenarios/esb-cluster.yaml") == (
        "scenarios/esb-cluster.yaml: there is no such file; shipped and near: esb-cluster"
    )


def test_find_scenario_on_a_folder_asks_for_a_file(library: Path) -> None:
    Path("somewhere").mkdir()
    assert error_of("somewhere") == (
        'somewhere: this is a folder; name a scenario file in it; "wkasim scenarios" lists what is shipped'
    )
