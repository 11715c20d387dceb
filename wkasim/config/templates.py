"""Templates that were never rendered: ERB, Jinja, and placeholders that somebody was meant to replace."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["first_mark", "is_template", "without_marks"]

_MARKS: Final = re.compile(r"<%.{0,2000}?%>|\{%.{0,2000}?%\}|\{\{.{0,2000}?\}\}|@@\w{1,80}@@", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_CAPITALS: Final = re.compile(r"<?[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)+>?")
_STATEMENT: Final = re.compile(r"<%(?!=)[^>]{0,2000}?%>|\{%.{0,2000}?%\}", re.DOTALL)
_EXPRESSION: Final = re.compile(r"<%=?(.{0,2000}?)%>", re.DOTALL)


def is_template(value: str) -> bool:
    """Whether a value is something that a tool, or a reader of a guide, should have replaced."""
    return bool(_MARKS.search(value)) or bool(_CAPITALS.fullmatch(value.strip()))


def first_mark(text: str) -> tuple[int, str] | None:
    """The line and the text of the first template mark outside XML comments; None if there is none."""
    spans = [found.span() for found in _COMMENT.finditer(text)]
    at = 0
    for found in _MARKS.finditer(text):
        while at < len(spans) and spans[at][1] <= found.start():
            at += 1
        if at < len(spans) and spans[at][0] <= found.start():
            continue
        return text.count("\n", 0, found.start()) + 1, found[0][:60]
    return None


def without_marks(text: str) -> str:
    """The text with its marks made harmless for an XML parser; line numbers stay."""
    text = _STATEMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return _EXPRESSION.sub(lambda found: "{{" + _escaped(found[1]) + "}}", text)


def _escaped(text: str) -> str:
    return text.replace("&", " ").replace("<", " ").replace('"', "'")
