"""``wkasim scenarios``, ``profiles`` and ``schema``: what is there."""

from __future__ import annotations

import json

import attrs

from tests.cli.conftest import Invoke
from wkasim.profile import PROFILES, Profile, differences
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.schema import scenario_schema
from wkasim.scenario.shipped import shipped_scenarios


def test_scenarios_are_listed_a_line_each(wkasim: Invoke) -> None:
    result = wkasim("scenarios")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_scenarios())
    for line, name in zip(lines, shipped_scenarios(), strict=True):
        assert line.endswith(f"  {load_scenario(name).title}")


def test_scenarios_json_has_names_titles_and_files(wkasim: Invoke) -> None:
    told = json.loads(wkasim("scenarios", "--json").stdout)
    assert {item["name"]: item["file"] for item in told} == {n: str(p) for n, p in shipped_scenarios().items()}
    for item in told:
        assert item["profile"] == load_scenario(item["name"]).profile


def test_schema_is_printed_as_json(wkasim: Invoke) -> None:
    assert json.loads(wkasim("schema").stdout) == scenario_schema()


def test_profiles_are_listed_with_every_difference(wkasim: Invoke) -> None:
    output = wkasim("profiles").stdout
    for name in PROFILES:
        assert name in output
    for field, _, _, _ in differences():
        assert field in output
    assert max(map(len, output.splitlines())) <= 80


def test_profiles_of_one_name_shows_all_its_fields(wkasim: Invoke) -> None:
    output = wkasim("profiles", "documented").stdout
    for field in attrs.fields(Profile):
        if field.name not in ("name", "revision"):
            assert field.name in output


def test_profiles_json_has_values_and_sources(wkasim: Invoke) -> None:
    told = json.loads(wkasim("profiles", "--json").stdout)
    assert [profile["name"] for profile in told["profiles"]] == list(PROFILES)
    assert told["profiles"][0]["fields"]["port_probes"] == {
        "value": 2,
        "what": "how many times the port is probed before the receiver opens",
        "source": "bind-port feature",
    }
    assert [item["field"] for item in told["differences"]] == [name for name, *_ in differences()]
    assert json.loads(wkasim("profiles", "wso2-1.6.1", "--json").stdout)["name"] == "wso2-1.6.1"


def test_profiles_unknown_name_suggests_the_nearest(wkasim: Invoke) -> None:
    result = wkasim("profiles", "documentd")
    assert result.exit_code == 2
    assert result.stderr.startswith("unknown profile 'documentd'; did you mean 'documented'?")
