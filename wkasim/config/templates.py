"""Templates that were never rendered: ERB, Jinja, and placeholders that somebody was meant to replace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["comment_spans", "first_mark", "is_template", "without_marks", "without_values"]

# A mark ends before the next one begins: so a text of openings without ends is searched in linear time.
_ERB: Final = r"(?:[^%<]|%(?!>)|<(?!%)){0,2000}?"
_JINJA: Final = r"(?:[^%{]|%(?!\})|\{(?!%)){0,2000}?"
_VALUE: Final = r"\{\{(?:[^{}]|\{(?!\{)|\}(?!\})){0,2000}?\}\}"
_MARKS: Final = re.compile(rf"<%{_ERB}%>|\{{%{_JINJA}%\}}|{_VALUE}|@@\w{{1,80}}@@")
_CAPITALS: Final = re.compile(r"<?[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)+>?")
_STATEMENT: Final = re.compile(rf"<%(?!=){_ERB}%>|\{{%{_JINJA}%\}}")
_EXPRESSION: Final = re.compile(rf"<%=?({_ERB})%>")


def is_template(value: str) -> bool:
    """Whether a value is something that a tool, or a reader of a guide, should have replaced."""
    return bool(_MARKS.search(value)) or bool(_CAPITALS.fullmatch(value.strip()))


def first_mark(text: str) -> tuple[int, str] | None:
    """The line and the text of the first template mark outside XML comments; None if there is none."""
    spans = list(comment_spans(text))
    at = 0
    for found in _MARKS.finditer(text):
        while at < len(spans) and spans[at][1] <= found.start():
            at += 1
        if at < len(spans) and spans[at][0] <= found.start():
            continue
        return text.count("\n", 0, found.start()) + 1, found[0][:60]
    return None


def comment_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the XML comments begin and end; one without an end is none."""
    end = 0
    while (begin := text.find("<!--", end)) >= 0 and (last := text.find("-->", begin + 4)) >= 0:
        end = last + 3
        yield begin, end


def without_values(text: str, word: str) -> str:
    """The text with a word in the place of each mark."""
    return _MARKS.sub(word, text)


def without_marks(text: str) -> str:
    """The text with its marks made harmless for an XML parser; line numbers stay."""
    text = _STATEMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return _EXPRESSION.sub(lambda found: "{{" + _escaped(found[1]) + "}}", text)


def _escaped(text: str) -> str:
    return text.replace("&", " ").replace("<", " ").replace('"', "'")
