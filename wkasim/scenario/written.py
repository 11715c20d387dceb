"""YAML text as a tree of plain values, each with the line on which it was written.

Only what a scenario needs is accepted: mappings with text keys, lists, texts, numbers, true and false, and nothing.
Tags, merge keys and recursive aliases are refused; size, depth and the number of values are bounded, so that no text
can exhaust memory. Every problem is collected with its line; reading goes on behind it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, TypeAlias

from attrs import define, evolve, field, frozen
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

__all__ = ["MAX_CHARACTERS", "BadValueError", "Problems", "Reference", "Scalar", "Written", "nearest", "parse_yaml"]

MAX_CHARACTERS: Final = 1_000_000
MAX_VALUES: Final = 200_000
MAX_DEPTH: Final = 40
MAX_TOLD: Final = 100

Scalar: TypeAlias = str | int | float | bool | None

_PLAIN_TAGS: Final = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value")
_PREFIX: Final = "tag:yaml.org,2002:"
_WHOLE: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")


class BadValueError(Exception):
    """A value cannot be used; the problem has been noted already."""


@frozen
class Reference:
    """Somewhere a node, a place or a step is named: what kind of thing, its name, and the line."""

    kind: str
    name: str
    line: int


@define
class Problems:
    """Everything that is wrong with one file, and the names in it that must exist."""

    file: str
    found: list[tuple[int, str]] = field(factory=list)
    references: list[Reference] = field(factory=list)

    def add(self, line: int, sentence: str) -> None:
        """Note a problem."""
        self.found.append((line, sentence))

    def refuse(self, line: int, sentence: str) -> BadValueError:
        """Note a problem; the caller raises what is returned."""
        self.add(line, sentence)
        return BadValueError(sentence)

    def refer(self, kind: str, name: str, line: int) -> None:
        """Note a name that must turn out to exist."""
        self.references.append(Reference(kind, name, line))

    def sentences(self) -> tuple[str, ...]:
        """``file:line: sentence``, in the order of the lines, each once; of very many the first ones."""
        ordered = list(dict.fromkeys(sorted(self.found, key=lambda problem: problem[0])))
        told = [f"{self.file}:{line}: {sentence}" for line, sentence in ordered[:MAX_TOLD]]
        left = len(ordered) - len(told)
        return (*told, f"{self.file}: and {left} more") if left else tuple(told)


@frozen
class Written:
    """A value and its line; in a mapping ``key_lines`` has the lines of the keys.

    ``text_line`` is the line on which the content of a text begins: for a block text the one below its mark.
    """

    value: Scalar | dict[str, Written] | list[Written]
    line: int
    text_line: int = 0
    key_lines: Mapping[str, int] = field(factory=dict)

    def kind(self) -> str:
        """What this is, in words."""
        match self.value:
            case dict():
                return "a mapping"
            case list():
                return "a list"
            case None:
                return "nothing"
            case bool():
                return "true" if self.value else "false"
            case str():
                return f'the text "{_cut(self.value)}"'
            case _:
                return f"the number {self.value}"


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` if something is near, else which names are known."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f" (known: {', '.join(names)})" if names else ""


def parse_yaml(text: str, problems: Problems) -> Written | None:
    """The tree of a YAML document; None if there is none, and then the problems say why."""
    if len(text) > MAX_CHARACTERS:
        problems.add(1, f"the file has more than {MAX_CHARACTERS} characters; this is no scenario")
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ruamel warns of an anchor that is used twice; the later one counts
            node = YAML(typ="safe", pure=True).compose(text)
        if node is None:
            problems.add(1, 'the file is empty; a scenario begins with "nodes:"')
            return None
        return _Builder(problems).build(node, 0)
    except YAMLError as error:
        problems.add(*_yaml_problem(error))
    except RecursionError:
        problems.add(1, f"values are nested more than {MAX_DEPTH} deep")
    except ValueError as error:
        # ruamel lets through what Python's own conversions say of odd characters and numbers.
        problems.add(1, f"this is no YAML: {_cut(str(error))}")
    except BadValueError:
        pass
    return None


class _Builder:
    """Turns composed YAML nodes into :class:`Written`, within limits."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._left = MAX_VALUES

    def build(self, node: Node, depth: int) -> Written:
        line = node.start_mark.line + 1
        self._left -= 1
        if self._left < 0:
            raise self._problems.refuse(line, f"the file has more than {MAX_VALUES} values, aliases counted in full")
        if depth > MAX_DEPTH:
            raise self._problems.refuse(line, f"values are nested more than {MAX_DEPTH} deep, or an alias holds itself")
        tag = str(node.tag)
        if not tag.startswith(_PREFIX) or tag.removeprefix(_PREFIX) not in _PLAIN_TAGS:
            raise self._problems.refuse(line, f"the tag {_cut(tag)!r} is not allowed here; write a plain value")
        match node:
            case MappingNode():
                return self._mapping(node, line, depth)
            case SequenceNode():
                return Written([self.build(item, depth + 1) for item in node.value], line)
        return self._scalar(node, line)

    def _mapping(self, node: MappingNode, line: int, depth: int) -> Written:
        values: dict[str, Written] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            at = key.start_mark.line + 1
            if not isinstance(key, ScalarNode) or str(key.tag).endswith(":merge"):
                self._problems.add(at, "a key is a plain word; merge keys (<<) are not supported, write the keys out")
                continue
            name = str(key.value)
            if name in values:
                first = f"the first is in line {lines[name]}"
                self._problems.add(at, f'"{_cut(name)}" stands here a second time ({first}); names must differ')
                continue
            lines[name] = at
            made = self.build(value, depth + 1)
            # Nothing stands nowhere: its place is that of its key.
            values[name] = made if made.value is not None else evolve(made, line=at)
        return Written(values, line, key_lines=lines)

    def _scalar(self, node: Node, line: int) -> Written:
        kind = str(node.tag).removeprefix(_PREFIX)
        text = str(node.value)
        if getattr(node, "style", None) in ("|", ">"):
            return Written(text, line, text_line=line + 1)
        match kind:
            case "null":
                return Written(None, line)
            case "bool":
                return Written(text.lower() == "true", line)
            case "int" if _WHOLE.fullmatch(text) and len(text) < 20:
                return Written(int(text), line)
            case "float" if _is_number(text):
                return Written(float(text), line)
        return Written(text, line, text_line=line)


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e18
    except ValueError:
        return False


def _yaml_problem(error: Exception) -> tuple[int, str]:
    """The line and the sentence of what the YAML parser did not like."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else 1
    what = str(getattr(error, "problem", None) or error).strip().splitlines()[0]
    context = str(getattr(error, "context", None) or "").strip()
    return line, f"this is no YAML: {_cut(what)}{f' {_cut(context)}' if context else ''}"


def _cut(text: str) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
