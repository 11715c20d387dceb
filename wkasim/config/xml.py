"""XML from people one does not know: read with lxml, without DTD, entities and network, and within limits.

The tree becomes plain values at once, so lxml is known to this module only. What is not well-formed is reported and
then read as far as it goes. Comments are kept, because in these files they hold the alternative that somebody left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from wkasim.config.places import Place, Problem, read_bytes
from wkasim.config.templates import comment_spans, first_mark, without_marks
from wkasim.errors import InputError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Comment", "Document", "Element", "parse_xml", "read_xml"]

_BOM: Final = b"\xef\xbb\xbf"
_DOCTYPE_REFUSED: Final = "has a DOCTYPE; it is not read, for safety"
_DOCTYPE: Final = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_HINTS: Final = {
    "xmlParseEntityRef": " (a bare & is written &amp;)",
    "Double hyphen within comment": " (a comment ends at the first -->; there is none inside another)",
    "Invalid bytes in character encoding": " (the first line names another encoding than the file has)",
    "not proper UTF-8": " (the first line names another encoding than the file has)",
}
"""What the words of libxml2 mean to who wrote the file."""
_MOST_ELEMENTS: Final = 200_000
_MOST_ATTRIBUTES: Final = 5000
_DEEPEST: Final = 200
_LONGEST_TAG: Final = 40
"""Lines that a start tag may take for its first one to be found."""


@frozen
class Comment:
    """A comment, the line on which it begins and the path of names that it stands under."""

    text: str
    line: int


@frozen
class Element:
    """An element; ``text`` is what stands before its first child, as written."""

    name: str
    line: int
    text: str = ""
    attributes: dict[str, str] = field(factory=dict)
    children: tuple[Element, ...] = ()
    comments: tuple[Comment, ...] = ()

    def named(self, *names: str) -> Iterator[Element]:
        """The children with one of these names."""
        return (child for child in self.children if child.name in names)

    def first(self, name: str) -> Element | None:
        """The first child of that name."""
        return next(self.named(name), None)

    def walk(self) -> Iterator[Element]:
        """The element and everything in it, in the order of the file."""
        pending = [self]
        while pending:
            element = pending.pop()
            yield element
            pending.extend(reversed(element.children))

    def all_comments(self) -> Iterator[Comment]:
        """The comments in the element, at any depth."""
        for element in self.walk():
            yield from element.comments


@frozen
class Document:
    """What could be read of a file; ``root`` is None if that was nothing."""

    file: str
    root: Element | None
    problems: tuple[Problem, ...] = ()

    def place(self, element: Element | Comment) -> Place:
        """Where an element stands."""
        return Place(self.file, element.line)


def _lxml() -> ModuleType:
    try:
        from lxml import etree  # type: ignore[import-untyped]
    except ImportError:
        raise InputError(
            "reading XML configuration needs the package lxml; install it with: pip install 'wkasim[config]'"
        ) from None
    return etree  # type: ignore[no-any-return]


def read_xml(path: Path, name: str | None = None) -> Document:
    """Read a file; ``name`` stands in places instead of its path. Raises InputError only where lxml is missing."""
    file = name or str(path)
    etree = _lxml()
    try:
        data = read_bytes(path)
    except InputError as error:
        return Document(file, None, (Problem("unreadable", Place(file), str(error).removeprefix(f"{path}: ")),))
    return _parsed(etree, data, file)


def parse_xml(data: bytes, file: str) -> Document:
    """Read XML from bytes; never raises for bad content."""
    return _parsed(_lxml(), data, file)


def _parsed(etree: ModuleType, data: bytes, file: str) -> Document:
    problems: list[Problem] = []
    data = data.removeprefix(_BOM)
    if not data.strip():
        return Document(file, None, (Problem("unreadable", Place(file), "the file is empty"),))
    if any(chunk.count(b"=") > _MOST_ATTRIBUTES for chunk in data.split(b"<") if not chunk.startswith(b"!--")):
        # The parser compares each attribute with all others.
        problem = Problem("unreadable", Place(file), f"an element with more than {_MOST_ATTRIBUTES} attributes")
        return Document(file, None, (problem,))
    # Blank lines before the declaration are not allowed, yet common; the offset keeps the line numbers right.
    stripped = data.lstrip()
    offset = data[: len(data) - len(stripped)].count(b"\n")
    text = stripped.decode("utf-8", errors="replace")
    mark = first_mark(text)
    if _has_doctype(text):
        problem = Problem("unreadable", Place(file, 1 + offset), _DOCTYPE_REFUSED)
        return Document(file, None, (problem,))
    if mark is not None:
        problems.append(Problem("template", Place(file, mark[0] + offset), mark[1]))
        stripped = re.sub(r"<\?xml[^>]*\?>", "", without_marks(text), count=1).encode()
    root, complaint = _tree(etree, stripped, recover=False)
    if root is None:
        if mark is None:
            line, words = complaint
            problems.append(Problem("unreadable", Place(file, line + offset), f"not well-formed XML: {words}"))
        root, _ = _tree(etree, stripped, recover=True)
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        # In another encoding the text above did not show it.
        problem = Problem("unreadable", Place(file, 1 + offset), _DOCTYPE_REFUSED)
        return Document(file, None, (problem,))
    lines = stripped.decode("utf-8", errors="replace").split("\n")
    element = None if root is None else _element(etree, root, lines, offset, problems, file)
    return Document(file, element, tuple(problems))


def _has_doctype(text: str) -> bool:
    """Whether the text has a document type anywhere outside of comments."""
    end = 0
    for begin, last in comment_spans(text):
        if _DOCTYPE.search(text, end, begin):
            return True
        end = last
    return _DOCTYPE.search(text, end) is not None


def _tree(etree: ModuleType, data: bytes, *, recover: bool) -> tuple[Any, tuple[int, str]]:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=recover,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser), (0, "")
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None) or 1
        words = str(getattr(error, "msg", None) or error)
        words = re.sub(r",? line \d+(?:, column \d+.*)?$", "", words.splitlines()[0] if words else "damaged")
        return None, (line, words + next((hint for part, hint in _HINTS.items() if part in words), ""))


def _element(
    etree: ModuleType,
    root: Any,  # noqa: ANN401
    lines: list[str],
    offset: int,
    problems: list[Problem],
    file: str,
) -> Element:
    left = [_MOST_ELEMENTS]

    def made(node: Any, depth: int) -> Element:  # noqa: ANN401
        children: list[Element] = []
        comments: list[Comment] = []
        text = [node.text or ""]
        for child in node:
            left[0] -= 1
            if left[0] < 0 or depth > _DEEPEST:
                break
            if child.tag is etree.Comment:
                words = child.text or ""
                # libxml2 counts to the end of a comment.
                comments.append(Comment(words, max(1, (child.sourceline or 1) - words.count("\n")) + offset))
                if not children:
                    text.append(child.tail or "")
            elif isinstance(child.tag, str):
                children.append(made(child, depth + 1))
        attributes = {_local(key): value for key, value in node.attrib.items()}
        line = _first_line(lines, node.sourceline or 1, node.tag) + offset
        return Element(_local(node.tag), line, "".join(text), attributes, tuple(children), tuple(comments))

    element = made(root, 0)
    if left[0] < 0:
        problems.append(Problem("unreadable", Place(file), f"more than {_MOST_ELEMENTS} elements; the rest is ignored"))
    return element


def _first_line(lines: list[str], last: int, tag: str) -> int:
    """The line on which a start tag begins; libxml2 says where it ends."""
    word = re.compile(rf"<(?:[\w.\-]+:)?{re.escape(_local(tag))}(?=[\s/>]|$)")
    for line in range(last, max(0, last - _LONGEST_TAG), -1):
        if line <= len(lines) and word.search(lines[line - 1]):
            return line
    return last


def _local(name: str) -> str:
    return name.rpartition("}")[2]
