"""One scenario and one seed give one journal: twice, on every Python, under other names, and beside idle nodes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given

from wkasim.node.config import NodeConfig
from wkasim.scenario.model import Scenario
from wkasim.scenario.runner import ScenarioRun, first_difference
from wkasim.sim import faults
from wkasim.sim.journal import Journal
from wkasim.sim.network import Link
from wkasim.testing import scenarios

ROOT = Path(__file__).parents[2]
SMALL = {"nodes": (2, 4), "profiles": ("documented", "axis2-1.7", "wso2-1.6.1")}


def journal_of(scenario: Scenario) -> Journal:
    run = ScenarioRun(scenario)
    run.advance_to(1e9)
    assert run.problem == ""
    run.cluster.close()
    return run.cluster.journal


@given(scenario=scenarios(**SMALL))  # type: ignore[arg-type]
def test_same_scenario_twice_gives_one_journal(scenario: Scenario) -> None:
    first, second = journal_of(scenario), journal_of(scenario)
    assert first_difference(first, second) is None
    assert first.fingerprint() == second.fingerprint()


@given(scenario=scenarios(**SMALL))  # type: ignore[arg-type]
def test_renaming_nodes_changes_names_and_nothing_else(scenario: Scenario) -> None:
    # The new names sort the other way round, so that an order by name would show.
    names = {node.name: f"x{99 - number}" for number, node in enumerate(scenario.nodes)}
    renamed = journal_of(rename(scenario, names))
    back = {new: old for old, new in names.items()}
    assert [record[:2] for record in renamed] == [record[:2] for record in journal_of(scenario)]
    assert [(back.get(record[2], record[2]), *record[3:5]) for record in renamed] == [
        record[2:5] for record in journal_of(scenario)
    ]


def rename(scenario: Scenario, names: dict[str, str]) -> Scenario:
    nodes = tuple(evolve(node, name=names[node.name]) for node in scenario.nodes)
    steps = tuple(evolve(step, action=rename_action(step.action, names)) for step in scenario.steps)
    return evolve(scenario, nodes=nodes, steps=steps)


def rename_action(action: object, names: dict[str, str]) -> object:
    changes: dict[str, object] = {}
    for key in ("node", "sender", "receiver"):
        if hasattr(action, key) and getattr(action, key) is not None:
            changes[key] = names[getattr(action, key)]
    for key in ("nodes", "between"):
        if hasattr(action, key):
            changes[key] = tuple(names[name] for name in getattr(action, key))
    if isinstance(action, faults.Partition):
        changes["sides"] = tuple(tuple(names[name] for name in side) for side in action.sides)
    return evolve(action, **changes) if changes else action  # type: ignore[type-var]


@given(scenario=scenarios(**SMALL))  # type: ignore[arg-type]
def test_node_that_never_starts_and_that_nobody_lists_changes_nothing(scenario: Scenario) -> None:
    idle = NodeConfig(name="idle", host="127.1.0.222", port=4000)
    crowded = evolve(scenario, nodes=(idle, *scenario.nodes))
    assert journal_of(crowded).fingerprint() == journal_of(scenario).fingerprint()


@given(scenario=scenarios(**SMALL))  # type: ignore[arg-type]
def test_journal_is_a_legal_history(scenario: Scenario) -> None:
    sent: dict[int, tuple[object, ...]] = {}
    last_us = 0
    for record in journal_of(scenario):
        assert record[0] >= last_us, f"time runs back: {record}"
        last_us = record[0]
        if record[1] == "send":
            sent.setdefault(record[4], record)
        elif record[1] in ("deliver", "drop"):
            assert record[4] in sent, f"{record[1]} without a send: {record}"
            assert sent[record[4]][5] == record[5], f"another message was delivered than sent: {record}"
            if record[1] == "deliver":
                assert record[6] == sent[record[4]][2], f"it was sent by somebody else: {record}"


@given(scenario=scenarios(nodes=(2, 4), faults=("kill", "restart", "pause"), layouts=("apart",)))
def test_messages_of_one_connection_keep_their_order(scenario: Scenario) -> None:
    # Where every packet takes equally long, nothing can overtake anything between two lives, on whatever connection.
    order: dict[tuple[object, ...], int] = {}
    senders: dict[int, tuple[str, int]] = {}
    for record in journal_of(evolve(scenario, link=Link(200, 0))):
        if record[1] == "send":
            senders[record[4]] = (record[2], record[3])
        elif record[1] == "deliver":
            path = (*senders[record[4]], record[2], record[3])
            assert order.get(path, -1) < record[4], f"overtaken: {record}"
            order[path] = record[4]


# Other Pythons

SCRIPT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from wkasim.explore.space import SeededChooser, Space, draw_scenario
from wkasim.scenario.runner import ScenarioRun
prints = []
for number in range(9):
    run = ScenarioRun(draw_scenario(SeededChooser("versions", number), Space(nodes=(2, 4))))
    run.advance_to(1e9)
    run.cluster.close()
    prints.append(run.cluster.journal.fingerprint())
print(json.dumps(prints))
"""


def interpreter(version: str) -> str | None:
    """An interpreter of that version: this one, pyenv's, or the one on the path."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(pyenv.glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else shutil.which(f"python{version}")


def pure_packages() -> Iterator[str]:
    """Where this interpreter has the packages that the simulator needs; none of them is compiled."""
    import attr
    import structlog

    yield str(ROOT)
    yield from dict.fromkeys(str(Path(package.__file__).parents[1]) for package in (attr, structlog))


def fingerprints(python: str) -> list[str]:
    done = subprocess.run(
        [python, "-I", "-c", SCRIPT, json.dumps(list(pure_packages()))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_fingerprints_are_the_same_on_every_supported_python(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"PYTHON {version} IS MISSING HERE: that it gives the same journals was NOT tested")
    if python == sys.executable:
        # Under another hash seed, which -I makes random.
        assert fingerprints(python) == fingerprints(python)
    else:
        assert fingerprints(python) == fingerprints(sys.executable)
