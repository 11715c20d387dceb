"""carbon.xml: the port offset and the host names of a server."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from wkasim.config.places import Problem, Sourced
from wkasim.config.templates import is_template
from wkasim.config.values import whole
from wkasim.config.xml import Document, read_xml

__all__ = ["CarbonFile", "read_carbon"]


@frozen(kw_only=True)
class CarbonFile:
    """What carbon.xml says about ports and names; names that were never filled in are None."""

    file: str
    offset: Sourced[int] | None = None
    host_name: Sourced[str] | None = None
    management_host_name: Sourced[str] | None = None
    server_name: Sourced[str] | None = None
    problems: tuple[Problem, ...] = ()


def read_carbon(path: Path, name: str | None = None) -> CarbonFile:
    """Read carbon.xml; whatever is wrong with it becomes a problem."""
    document = read_xml(path, name)
    problems = list(document.problems)
    if document.root is None:
        return CarbonFile(file=document.file, problems=tuple(problems))
    ports = document.root.first("Ports")
    offset = ports.first("Offset") if ports is not None else None
    return CarbonFile(
        file=document.file,
        offset=None
        if offset is None
        else whole(offset.text or "0", "Ports/Offset", document.place(offset), problems, 0, 50000),
        host_name=_text(document, "HostName", problems),
        management_host_name=_text(document, "MgtHostName", problems),
        server_name=_text(document, "Name", problems),
        problems=tuple(problems),
    )


def _text(document: Document, name: str, problems: list[Problem]) -> Sourced[str] | None:
    assert document.root is not None
    element = document.root.first(name)
    if element is None or not element.text.strip():
        return None
    if is_template(element.text):
        problems.append(Problem("template", document.place(element), element.text.strip()[:60]))
        return None
    return Sourced(element.text.strip(), document.place(element))
