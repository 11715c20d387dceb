"""The published schema accepts what is shipped, refuses what the reader refuses, and says what everything means."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from tests.documents import blocks, documents
from wkasim.errors import InputError
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.schema import scenario_schema
from wkasim.scenario.shipped import shipped_scenarios

SCHEMA = scenario_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_schema_is_a_schema_of_the_draft_it_names() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    json.dumps(SCHEMA)


@pytest.mark.parametrize("path", shipped_scenarios().values(), ids=list(shipped_scenarios()))
def test_schema_accepts_every_shipped_scenario(path: Any) -> None:
    VALIDATOR.validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        "steps: []",
        "nodes: {}",
        "nodes: {a: {}}\nprofil: x",
        "nodes: {a: {port: 70000}}",
        "nodes: {'a b': {}}",
        "nodes: {a: {}}\nsteps: [{kil: a}]",
        "nodes: {a: {}}\nsteps: [{kill: a, pause: a}]",
        "nodes: {a: {}}\nsteps: [kill]",
        "nodes: {a: {}}\nsteps: [{wait: soon}]",
        "nodes: {a: {}}\nexpect: [{members: {of: a}}]",
        "nodes: {a: {}}\nexpect: [{converged: {within: 1s, from: later}}]",
        "nodes: {a: {}}\nswitches: {coordinater: true}",
        "nodes: {a: {}}\nhosts: {x: 5}",
    ],
)
def test_schema_refuses_what_is_not_well_formed(text: str) -> None:
    assert not VALIDATOR.is_valid(YAML(typ="safe", pure=True).load(text))


def test_schema_explains_every_key_and_every_verb() -> None:
    without = []
    for path, node in walk(SCHEMA, ""):
        if node.get("type") != "object" or "properties" not in node:
            continue
        verbs = node.get("required", []) if "/oneOf/" in path else []
        for key, shape in node["properties"].items():
            if not shape.get("description") and not (key in verbs and node.get("description")):
                without.append(f"{path}/{key}")
    assert without == []


def walk(node: Any, path: str) -> Any:
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from walk(value, f"{path}/{key}")
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from walk(value, f"{path}/{at}")


def documented_scenarios() -> list[Any]:
    """The scenarios that documents show in full."""
    return [
        pytest.param("\n".join(block.text), id=block.place)
        for path in documents()
        for block in blocks(path)
        if block.kind == "yaml" and any(line.startswith("nodes:") for line in block.text)
    ]


@pytest.mark.parametrize("text", documented_scenarios())
def test_schema_accepts_the_documented_scenarios_that_can_be_run(text: str) -> None:
    try:
        parse_scenario(text)
    except InputError:
        can_be_run = False
    else:
        can_be_run = True
    assert VALIDATOR.is_valid(YAML(typ="safe", pure=True).load(text)) is can_be_run
