"""Pages of docs/reference/ that are made from the code: ``python -m tests.reference_pages --write``.

The scenario file from its JSON Schema, and the public Python names with their signatures from the source. As the tests
compare the pages with the code, a name or a signature cannot change by accident.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import wkasim
import wkasim.testing
from wkasim.scenario.schema import scenario_schema

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "reference"
MADE: Final = "<!-- made by `python -m tests.reference_pages --write` -->"

SCENARIO_INTRODUCTION: Final = """\
A scenario is one YAML file. Every problem in it is told at once, with its line, before anything runs. How to write one:
[Write a scenario](../guides/write-a-scenario.md). `wkasim schema` prints the JSON Schema from which this page is made;
editors that know JSON Schema complete and check with it."""

PYTHON_INTRODUCTION: Final = """\
The names that other programs may rely on, each with its signature. How to use them:
[Use it from Python](../guides/use-from-python.md) and [property testing](../guides/property-testing.md)."""

TYPE_NAMES: Final = {"integer": "whole number", "object": "mapping", "array": "list", "string": "text"}


# -- the scenario file ------------------------------------------------------------------------------------------------


def scenario_page() -> str:
    schema = scenario_schema()
    required = schema["required"]
    node = next(form for form in schema["$defs"]["node"]["anyOf"] if "properties" in form)
    steps = schema["properties"]["steps"]["items"]["oneOf"]
    any_step = next(form for form in steps if "properties" in form)
    parts = [
        "# Scenario files",
        MADE,
        SCENARIO_INTRODUCTION,
        "## The file",
        table(schema["properties"], required),
        f"Times and moments: {schema['$defs']['duration']['description']} {schema['$defs']['moment']['description']}",
        "## A node",
        table(node["properties"], node.get("required", ())),
        *inner("An entry of `groups`", node["properties"]["groups"]["items"]),
        *inner("An entry of `routes`", node["properties"]["routes"]["items"]),
        "## The rest of the file",
        *inner("`database`", schema["properties"]["database"]),
        *inner("`link`", schema["properties"]["link"]),
        *inner("An entry of `links`", schema["properties"]["links"]["items"]),
        "`switches` has the fields of a profile: [Profiles](profiles.md).",
        "## Steps",
        *verbs(steps),
        *inner("The `question` of a step", any_step["properties"]["question"]),
        "## Expectations",
        *verbs(schema["properties"]["expect"]["items"]["oneOf"]),
    ]
    return "\n\n".join(parts) + "\n"


def verbs(forms: list[dict[str, Any]]) -> Iterator[str]:
    """What every step or expectation may have beside its verb; then for each verb what is written under it."""
    spoken = [form for form in forms if "properties" in form]
    verb, *_ = spoken[0]["required"]
    yield "Each has one of the keys below, and may have beside it:"
    yield table({key: value for key, value in spoken[0]["properties"].items() if key != verb}, ())
    for alone in (form for form in forms if "enum" in form):
        yield f"A word alone will do for {kind(alone)}."
    for form in spoken:
        (verb,) = form["required"]
        yield f"### `{verb}`"
        yield form["description"]
        shape = form["properties"][verb]
        inner = fields_of(shape)
        if inner is not None:
            yield table(inner["properties"], inner.get("required", ()))
        elif kind(shape) != "mapping":
            yield f"Its value: {kind(shape)}."


def inner(title: str, shape: Mapping[str, Any]) -> Iterator[str]:
    """The section of a mapping that stands inside another one."""
    fields = fields_of(shape)
    assert fields is not None, title
    yield f"### {title}"
    yield table(fields["properties"], fields.get("required", ()))


def fields_of(shape: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The part of a shape that is a mapping with fixed keys."""
    if "properties" in shape:
        return shape
    return next((form for form in shape.get("anyOf", ()) if form.get("properties")), None)


def table(properties: Mapping[str, Any], required: Any) -> str:
    rows = [
        f"| `{key}`{' (needed)' if key in required else ''} | {kind(shape)} | {said(shape)} |"
        for key, shape in properties.items()
    ]
    return "\n".join(["| key | value | meaning |", "| --- | --- | --- |", *rows])


def said(shape: Mapping[str, Any]) -> str:
    return str(shape.get("description", "")).replace("|", "\\|").replace("\n", " ")


def kind(shape: Mapping[str, Any]) -> str:
    """What may stand there, in a few words."""
    if "const" in shape:
        return f"`{shape['const']}`"
    if "enum" in shape:
        return ", ".join(f"`{value}`" for value in shape["enum"])
    if "$ref" in shape:
        return {"duration": "a time", "moment": "a moment", "node": "a node"}[shape["$ref"].rpartition("/")[2]]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in shape:
            return " or ".join(dict.fromkeys(kind(form) for form in shape[several]))
    named = shape.get("type", "any value")
    if isinstance(named, list):
        return " or ".join(TYPE_NAMES.get(name, name) for name in named)
    name = TYPE_NAMES.get(named, named)
    if name == "list" and "items" in shape:
        return f"list of {kind(shape['items'])}" if "oneOf" not in shape["items"] else "list, see below"
    if "minimum" in shape and "maximum" in shape:
        return f"{name}, {shape['minimum']} to {shape['maximum']}"
    return str(name)


# -- Python -----------------------------------------------------------------------------------------------------------


def python_page() -> str:
    parts = [
        "# Python API",
        MADE,
        PYTHON_INTRODUCTION,
    ]
    for package in (wkasim, wkasim.testing):
        parts.append(f"## {package.__name__}")
        parts += [
            "\n".join([f"### `{name}`", "", *described(name, home)]) for name, home in sorted(package._HOMES.items())
        ]
    return "\n\n".join(parts) + "\n"


def described(name: str, home: str) -> Iterator[str]:
    """One public name: its first sentence, its signature, and its public parts; all from the source."""
    path = ROOT / "wkasim" / f"{home.replace('.', '/')}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if named(node) != name:
            continue
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (sentence(ast.get_docstring(node)), "") if ast.get_docstring(node) else ()
        elif isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield from (sentence(str(after.value.value)), "")
        yield "```python"
        yield from signature(node)
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if named(part) == "__init__" or not (named(part) or "_").startswith("_"):
                    yield from (f"    {line}" for line in signature(part))
        yield "```"
        return
    raise LookupError(f"{path} has no {name}")


def named(node: ast.stmt) -> str | None:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if type(node).__name__ == "TypeAlias":
        return str(node.name.id)  # type: ignore[attr-defined]
    return None


def signature(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        yield f"class {node.name}({bases}):" if bases else f"class {node.name}:"
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for decorator in map(ast.unparse, node.decorator_list):
            if decorator in ("property", "classmethod", "staticmethod", "contextmanager", "overload"):
                yield f"@{decorator}"
        word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        yield f"{word} {node.name}({ast.unparse(node.args)}){returns}"
    elif isinstance(node, ast.AnnAssign):
        # A value may be long; that there is one is what matters to who makes such a thing.
        yield f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)}{' = ...' if node.value else ''}"
    else:
        yield f"{named(node)} = ..."


def sentence(docstring: str | None) -> str:
    text = " ".join((docstring or "").strip().partition("\n\n")[0].split())
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")


PAGES: Final = {"scenario-file.md": scenario_page, "python-api.md": python_page}


def main() -> None:
    for name, page in PAGES.items():
        if "--write" in sys.argv[1:]:
            (FOLDER / name).write_text(page(), encoding="utf-8")
        else:
            print(page(), end="")


if __name__ == "__main__":
    main()
