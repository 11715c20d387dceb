"""The house is built as docs/architecture.md says: its module map and its arrows are held to the code."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.module_map import DOCUMENT, ROOT, module_map, modules, purpose, shown_map

# What a node must be handed instead of taking it: time, randomness, files, sockets, threads.
OUTSIDE_WORLD = {"datetime", "io", "os", "pathlib", "secrets", "select", "selectors", "shutil", "signal"} | {
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uuid",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def known_modules() -> dict[str, Path]:
    return {module_name(path): path for path in modules()}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that a tree imports, wherever the statement stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known_modules() else node.module


@cache
def imports_of(name: str) -> frozenset[str]:
    return frozenset(imported(ast.parse(known_modules()[name].read_text(encoding="utf-8"))))


@cache
def imports_at_start_of(name: str) -> frozenset[str]:
    """What a module imports when it is itself imported: not inside functions, not for the type checker."""
    tree = ast.parse(known_modules()[name].read_text(encoding="utf-8"))
    found: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found.update(imported(statement))
    return frozenset(found)


@cache
def rooms() -> dict[str, tuple[tuple[str, ...], frozenset[str]]]:
    """The table of rooms in the document: what belongs to a room, and from which rooms it may import."""
    text = DOCUMENT.read_text(encoding="utf-8")
    table = re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    return {
        room: (tuple(re.findall(r"`([\w.*]+)`", belongs)), frozenset(re.findall(r"\w+", below)) - {"nothing"})
        for room, belongs, below in table
        if room not in ("room", "module")
    }


def room_of(name: str) -> str | None:
    """The room with the longest matching pattern; ``x.*`` is a package and all in it."""
    local = name.removeprefix("wkasim").removeprefix(".") or "__init__"
    matching = [
        (len(pattern), room)
        for room, (patterns, _) in rooms().items()
        for pattern in patterns
        if fnmatchcase(local, pattern) or local == pattern.removesuffix(".*")
    ]
    return max(matching)[1] if matching else None


def test_module_map_in_the_document_equals_the_code() -> None:
    shown = shown_map(DOCUMENT.read_text(encoding="utf-8"))
    assert shown == module_map(), "refresh it with: python -m tests.module_map --write"


@pytest.mark.parametrize("path", list(modules()), ids=module_name)
def test_module_begins_with_one_sentence_of_purpose(path: Path) -> None:
    sentence = purpose(path)
    assert len(sentence) >= 10
    assert not sentence.startswith("This module")


def test_every_folder_of_the_package_is_a_package() -> None:
    without = {path.parent for path in modules() if not (path.parent / "__init__.py").exists()}
    assert not without, f"an __init__.py with a sentence of purpose is missing in {sorted(map(str, without))}"


def test_rooms_table_is_ordered_so_that_arrows_point_down_only() -> None:
    above: set[str] = set()
    for room, (_, below) in rooms().items():
        above.add(room)
        assert below <= above - {room}, f"{room} may only import from rooms listed before it"


@pytest.mark.parametrize("name", list(known_modules()))
def test_module_imports_only_from_rooms_below(name: str) -> None:
    room = room_of(name)
    assert room is not None, f"docs/architecture.md names no room for {name}"
    allowed = rooms()[room][1] | {room}
    wrong = {
        other: room_of(other)
        for other in imports_of(name)
        if other.split(".")[0] == "wkasim" and room_of(other) not in allowed
    }
    assert not wrong, f"{name} is in room {room}, which imports from {sorted(allowed)} only"


def test_modules_import_each_other_without_cycles() -> None:
    graph = {name: imports_at_start_of(name) & known_modules().keys() for name in known_modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("name", [name for name in known_modules() if room_of(name) == "node"])
def test_node_code_takes_nothing_from_the_outside_world(name: str) -> None:
    taken = {other.split(".")[0] for other in imports_of(name)} & OUTSIDE_WORLD
    assert not taken, f"{name} must be handed what it takes from {sorted(taken)}"


def test_packages_imported_are_declared_in_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for name, lines in project["optional-dependencies"].items() if name != "test" for line in lines]
    declared = {re.split(r"[\[<>=~! ]", line)[0].lower() for line in project["dependencies"] + extras}
    distributions = importlib.metadata.packages_distributions()
    undeclared = {}
    for name in known_modules():
        for package in {other.split(".")[0] for other in imports_of(name)}:
            if package in sys.stdlib_module_names or package == "wkasim":
                continue
            makers = {maker.lower() for maker in distributions.get(package, [package])}
            if not makers & declared:
                undeclared[package] = name
    assert undeclared == {}
