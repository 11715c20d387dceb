"""The module map of docs/architecture.md, made from the first line of every module's docstring.

``python -m tests.module_map --write`` puts it there; without ``--write`` it is printed.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- module map: made by `python -m tests.module_map --write` -->\n"
END = "<!-- end of the module map -->\n"


def modules() -> Iterator[Path]:
    """The package's modules, a room's own file before the files in it."""
    yield from sorted((ROOT / "wkasim").rglob("*.py"), key=lambda path: (path.parent, path.name))


def purpose(path: Path) -> str:
    """The first line of a module's docstring as Markdown, without its full stop."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = docstring.partition("\n")[0].rstrip(".")
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", line).replace("``", "`").replace("|", "\\|")


def module_map() -> str:
    """The map as a Markdown table."""
    rows = [f"| `{path.relative_to(ROOT).as_posix()}` | {purpose(path)} |" for path in modules()]
    return "\n".join(["| module | purpose |", "| --- | --- |", *rows]) + "\n"


def shown_map(text: str) -> str:
    """The map that stands in the document."""
    return text.partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    if "--write" not in sys.argv[1:]:
        print(module_map(), end="")
        return
    before, marker, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    if not marker or END not in rest:
        sys.exit(f"{DOCUMENT}: the module map's marker lines are missing: {BEGIN.strip()} {END.strip()}")
    DOCUMENT.write_text(before + BEGIN + module_map() + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
