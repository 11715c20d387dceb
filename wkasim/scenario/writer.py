"""Writes a scenario value as a file that reads back to the same value, with comments for whoever reads it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from wkasim.scenario.form import SCENARIO_FORM
from wkasim.scenario.model import Scenario
from wkasim.scenario.shapes import Plain

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

__all__ = ["write_scenario"]

_FLOW_WIDTH: Final = 80
_SECTIONS: Final = ("hosts", "database", "links", "nodes", "steps", "expect")
_UNSAFE_IN_BLOCK: Final = re.compile(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]|[ \t]+(\n|$)|\A\s|\n\Z(?<=\n\n)")
"""What a block text cannot hold, or not so that it is read back the same."""

_PLAIN_TEXT: Final = re.compile(r"[A-Za-z0-9_/(](?:[A-Za-z0-9 _./()$+=;,'-]|:(?=[A-Za-z0-9]))*(?<! )|")
"""What needs no quotes, whatever stands around it; ruamel quotes numbers and the like by itself."""


def write_scenario(scenario: Scenario, comment: str = "", step_comments: Mapping[int, str] | None = None) -> str:
    """The scenario as YAML.

    ``comment`` stands above everything, ``step_comments`` above single steps, by their number from 0. Transcripts that
    came from files stand in the text; the lines of the original file are not kept.
    """
    from ruamel.yaml import YAML

    document = _document(SCENARIO_FORM.write_keys(scenario))
    for section in _SECTIONS:
        if section in document:
            document.yaml_set_comment_before_after_key(section, before="\n")
    for number, text in (step_comments or {}).items():
        document["steps"].yaml_set_comment_before_after_key(number, before=_one_line_each(text), indent=2)
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 10_000  # ruamel leaves blanks at the ends of lines that it breaks
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(document, out)
    head = "".join(f"# {line}".rstrip() + "\n" for line in _one_line_each(comment).splitlines())
    return f"{head}\n{out.getvalue()}" if head else out.getvalue()


def _one_line_each(text: str) -> str:
    """A comment without control characters, which would end it."""
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in text.splitlines())


def _document(plain: Mapping[str, Plain]) -> CommentedMap:
    """The whole file: tables of names in blocks, whatever their length."""
    made = _block(plain)
    for key in ("hosts", "nodes"):
        if isinstance(table := plain.get(key), dict):
            made[key] = _block(table)
    return made


def _block(plain: Mapping[str, Plain]) -> CommentedMap:
    from ruamel.yaml.comments import CommentedMap

    made = CommentedMap()
    for key, value in plain.items():
        made[_text(key)] = _node(value)
    return made


def _node(value: Plain) -> object:
    """The value in the style that a person would choose: short things in one line, the rest in blocks."""
    match value:
        case dict():
            return _flow_map(value) if _is_short(value) else _block(value)
        case list():
            return _sequence(value)
        case str():
            return _text(value)
    return value


def _sequence(values: list[Plain]) -> CommentedSeq:
    from ruamel.yaml.comments import CommentedSeq

    made = CommentedSeq(_block(value) if isinstance(value, dict) else _node(value) for value in values)
    if not any(isinstance(value, dict) for value in values) and _length(values) < _FLOW_WIDTH:
        made.fa.set_flow_style()
    return made


def _flow_map(value: Mapping[str, Plain]) -> CommentedMap:
    made = _block(value)
    made.fa.set_flow_style()
    return made


def _is_short(value: Mapping[str, Plain]) -> bool:
    """Whether a mapping of plain values fits into a line."""
    flat = all(not isinstance(item, dict) and not (isinstance(item, str) and "\n" in item) for item in value.values())
    return flat and _length(value) < 60


def _length(value: object) -> int:
    return len(repr(value))


def _text(value: str) -> object:
    """A text in the plainest style in which it is surely read back the same."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if "\n" in value and not _UNSAFE_IN_BLOCK.search(value):
        return LiteralScalarString(value)
    # ruamel leaves some odd texts plain that YAML cannot read back, such as a colon alone in a line of braces.
    return value if _PLAIN_TEXT.fullmatch(value) else DoubleQuotedScalarString(value)
