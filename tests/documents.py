"""Commands that documents show: how they are found, run, and compared with the output shown under them.

A fenced block of kind ``console`` is run. Its lines that begin with ``$ `` are commands (a backslash at the
end goes on), the lines below each are its output, and a line ``...`` stands for any lines. The blocks of one
document run in order in one temporary folder that holds the shipped ``scenarios``, so that a document can
build on itself. Comments just above a block say more:

``<!-- exits: 1 -->``               the last command must end with this code; without it every one ends with 0
``<!-- not executed: reason -->``   the block is not run; the reason is not optional
``<!-- file: name -->``             the block, of any kind, is first written to that file
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import field, frozen

ROOT = Path(__file__).parents[1]
SHELL_KINDS = ("console", "bash", "sh", "shell", "shell-session", "zsh")
TIMEOUT_S = 120
ANY = "..."

_COMMENT = re.compile(r"<!--\s*(exits|not executed|file)\b:?\s*(.*?)\s*-->")


@frozen
class Shown:
    """One command, the output that the document shows for it, and the lines which that takes in the file."""

    command: str
    output: tuple[str, ...]
    first: int
    last: int


@frozen
class Block:
    """One fenced block, with what the comment lines above it say."""

    path: Path
    line: int
    kind: str
    text: tuple[str, ...]
    comments: dict[str, str] = field(factory=dict)

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path}:{self.line}"

    @property
    def executed(self) -> bool:
        return self.kind == "console" and "not executed" not in self.comments

    def shown(self) -> Iterator[Shown]:
        """The block's commands, each with its output."""
        index = 0
        while index < len(self.text):
            if not self.text[index].startswith("$ "):
                raise ValueError(f"{self.place}: a console block begins with a command, a line with $ in front")
            command = self.text[index][2:]
            while command.endswith("\\") and index + 1 < len(self.text):
                index += 1
                command = f"{command}\n{self.text[index]}"
            index += 1
            first = index
            while index < len(self.text) and not self.text[index].startswith("$ "):
                index += 1
            yield Shown(command, self.text[first:index], self.line + first, self.line + index)


def documents() -> list[Path]:
    """The documents whose commands are run."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[Block]:
    """All fenced blocks of a Markdown file; a block's line is the file line of its fence, from 1."""
    found = []
    comments: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    index = 0
    while index < len(lines):
        fence = re.match(r"(```+)\s*([\w-]*)", lines[index])
        if fence:
            end = index + 1
            while end < len(lines) and lines[end].rstrip() != fence[1]:
                end += 1
            found.append(Block(path, index + 1, fence[2], tuple(lines[index + 1 : end]), comments))
            comments = {}
            index = end
        elif comment := _COMMENT.fullmatch(lines[index].strip()):
            comments = {**comments, comment[1]: comment[2]}
        elif lines[index].strip():
            comments = {}
        index += 1
    return found


def matches(shown: tuple[str, ...], actual: tuple[str, ...]) -> bool:
    """Whether the output is as shown: line by line, ``...`` standing for any lines, trailing blanks aside."""
    head, *rest = _pieces(shown)
    lines = [line.rstrip() for line in actual]
    if lines[: len(head)] != head:
        return False
    if not rest:
        return len(lines) == len(head)
    start = len(head)
    for piece in rest[:-1]:
        places = range(start, len(lines) - len(piece) + 1)
        found = next((place for place in places if lines[place : place + len(piece)] == piece), None)
        if found is None:
            return False
        start = found + len(piece)
    tail = len(lines) - len(rest[-1])
    return tail >= start and lines[tail:] == rest[-1]


def renewed(shown: tuple[str, ...], actual: tuple[str, ...]) -> tuple[str, ...]:
    """What to show now: the old text if it still matches, else the new output, as much of it left out."""
    if matches(shown, actual):
        return shown
    head, *rest = _pieces(shown)
    if not rest:
        return actual
    return (*actual[: len(head)], ANY, *actual[max(len(head), len(actual) - len(rest[-1])) :])


def _pieces(shown: tuple[str, ...]) -> list[list[str]]:
    """The runs of lines between the ellipses."""
    pieces: list[list[str]] = [[]]
    for line in shown:
        if line.strip() == ANY:
            pieces.append([])
        else:
            pieces[-1].append(line.rstrip())
    return pieces


class Session:
    """Runs the blocks of one document in one folder, as a reader with a fresh checkout would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "reader"
        self.folder.mkdir(parents=True)
        (self.folder / "scenarios").symlink_to(ROOT / "scenarios")
        commands = folder / "bin"
        commands.mkdir()
        python = Path(sys.executable)
        if not (python.parent / "wkasim").exists():
            shim = commands / "wkasim"
            shim.write_text(f'#!/bin/sh\nexec "{python}" -m wkasim "$@"\n')
            shim.chmod(0o755)
        self.environment = {
            "PATH": os.pathsep.join([str(commands), str(python.parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "COLUMNS": "100",
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "TZ": "UTC",
        }

    def write(self, block: Block) -> None:
        """Write a block marked as a file."""
        target = self.folder / block.comments["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(f"{line}\n" for line in block.text), encoding="utf-8")

    def run(self, command: str) -> tuple[int, tuple[str, ...]]:
        """Exit code and output, both streams as a terminal would show them."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
        return done.returncode, tuple(done.stdout.decode("utf-8", "replace").splitlines())
