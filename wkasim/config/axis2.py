"""axis2.xml: the clustering section and the ports of the transports, as the real server understands them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from wkasim.config.places import Place, Problem, Sourced
from wkasim.config.templates import is_template
from wkasim.config.values import UNRESOLVED, flag, port
from wkasim.config.xml import Comment, Document, Element, read_xml

__all__ = ["Axis2File", "Clustering", "CommentedOut", "Duplicate", "ManagedDomain", "MemberEntry", "read_axis2"]

_PARAMETER_IN_COMMENT: Final = re.compile(
    r"<?(?:parameter|property)\s+name=\"(\w[\w.]{0,60})\"(?:\s+value=\"([^\"]{0,200})\"|[^>]{0,60}>([^<]{0,200}))"
)
_SECTION_IN_COMMENT: Final = re.compile(r"(?:<|\A\s*)clustering\s+(?:class|enable)")
_MEMBER_IN_COMMENT: Final = re.compile(r"(?:<|\A\s*)member\s*>\s*<hostName", re.IGNORECASE)
_MOST_MEMBERS: Final = 1000
_OFF: Final = -1
_TRANSPORTS: Final = ("http", "https")


@frozen
class MemberEntry:
    """One well-known member of the list; the port is None if it is no port."""

    host: Sourced[str]
    port: Sourced[int] | None
    port_text: str


@frozen
class ManagedDomain:
    """A domain that a node manages for load balancing, from groupManagement or from loadbalancer.conf."""

    domain: Sourced[str]
    sub_domain: Sourced[str] | None = None
    management_port: Sourced[int] | None = None


@frozen
class Duplicate:
    """A parameter written twice in one place: the last one counts."""

    name: str
    ignored: Place
    used: Place


@frozen
class CommentedOut:
    """A parameter or property that stands in a comment."""

    name: str
    value: str
    place: Place


@frozen(kw_only=True)
class Clustering:
    """The clustering section; parameters and properties by their names, as written, untrimmed."""

    place: Place
    agent_class: Sourced[str] | None = None
    enabled: Sourced[bool]
    empty: bool = False
    old_dialect: Place | None = None
    parameters: Mapping[str, Sourced[str]] = field(factory=dict)
    duplicates: tuple[Duplicate, ...] = ()
    properties: Mapping[str, Sourced[str]] = field(factory=dict)
    properties_place: Place | None = None
    misplaced: tuple[CommentedOut, ...] = ()
    members: tuple[MemberEntry, ...] = ()
    members_place: Place | None = None
    groups: tuple[ManagedDomain, ...] = ()
    node_manager: Sourced[bool] | None = None
    state_manager: Sourced[bool] | None = None
    others: tuple[Place, ...] = ()

    def text(self, name: str) -> Sourced[str] | None:
        """A parameter, trimmed as the real code does; None if absent or empty."""
        found = self.parameters.get(name)
        if found is None or not found.value.strip():
            return None
        return Sourced(found.value.strip(), found.place)


@frozen(kw_only=True)
class Axis2File:
    """What axis2.xml says about the cluster; ``clustering`` is None if there is no such section.

    ``stray_section`` is one that stands inside another element, where nobody looks for it.
    """

    file: str
    clustering: Clustering | None = None
    transports: Mapping[str, Sourced[int]] = field(factory=dict)
    has_transports: bool = False
    commented: tuple[CommentedOut, ...] = ()
    commented_section: Place | None = None
    commented_members: Place | None = None
    stray_section: Place | None = None
    problems: tuple[Problem, ...] = ()


def read_axis2(path: Path, name: str | None = None) -> Axis2File:
    """Read axis2.xml; whatever is wrong with it becomes a problem."""
    document = read_xml(path, name)
    problems = list(document.problems)
    if document.root is None:
        return Axis2File(file=document.file, problems=tuple(problems))
    sections, stray = _sections(document.root)
    if not sections and problems:
        sections, stray = stray, []  # What could be read of a damaged file may be nested in anything.
    section = next((element for element in sections if element.name == "clustering"), None)
    section = section or (sections[0] if sections else None)
    clustering = _clustering(document, section, sections, problems) if section is not None else None
    receivers = [element for element in document.root.walk() if element.name == "transportReceiver"]
    return Axis2File(
        file=document.file,
        clustering=clustering,
        transports=_transports(document, receivers, problems),
        has_transports=bool(receivers),
        commented=tuple(_commented_parameters(document, document.root)),
        commented_section=_commented(document, _SECTION_IN_COMMENT),
        commented_members=_commented(document, _MEMBER_IN_COMMENT),
        stray_section=document.place(stray[0]) if stray else None,
        problems=tuple(problems),
    )


def _sections(root: Element) -> tuple[list[Element], list[Element]]:
    """The clustering sections where the real code looks for them, of which the first counts, and those elsewhere."""
    names = ("clustering", "cluster")
    deeper = (element for child in root.children for element in child.walk() if element is not child)
    return list(root.named(*names)), [element for element in deeper if element.name in names]


def _clustering(document: Document, section: Element, sections: list[Element], problems: list[Problem]) -> Clustering:
    place = document.place(section)
    parameters, duplicates = _parameters(document, section)
    properties: dict[str, Sourced[str]] = {}
    properties_place = None
    for parameter in section.named("parameter"):
        if parameter.attributes.get("name", "").strip() == "properties":
            properties_place = document.place(parameter)
            for entry in parameter.named("property"):
                value = Sourced(entry.attributes.get("value", entry.text), document.place(entry))
                properties[entry.attributes.get("name", "").strip()] = value
    groups, managed = _groups(document, section, problems)
    members = section.first("members")
    agent = section.attributes.get("class", "").strip()
    old = "cluster" if section.name == "cluster" else None
    old = old or next((name for name in ("tcpListenHost", "tcpListenPort") if name in parameters), None)
    old_place = (parameters[old].place if old in parameters else place) if old else None
    return Clustering(
        place=place,
        agent_class=Sourced(agent, place) if agent else None,
        enabled=Sourced(flag(section.attributes.get("enable"), default=True), place),
        empty=not section.children,
        old_dialect=old_place,
        parameters=parameters,
        duplicates=tuple(duplicates),
        properties=properties,
        properties_place=properties_place,
        misplaced=tuple(_misplaced(document, section)),
        members=tuple(_members(document, members, problems)) if members is not None else (),
        members_place=document.place(members) if members is not None else None,
        groups=groups if managed else (),
        node_manager=_switch(document, section, "nodeManager", "configurationManager"),
        state_manager=_switch(document, section, "stateManager", "contextManager"),
        others=tuple(document.place(element) for element in sections if element is not section),
    )


def _parameters(document: Document, section: Element) -> tuple[dict[str, Sourced[str]], list[Duplicate]]:
    found: dict[str, Sourced[str]] = {}
    duplicates: list[Duplicate] = []
    for parameter in section.named("parameter"):
        name, place = parameter.attributes.get("name", "").strip(), document.place(parameter)
        if name in found:
            duplicates.append(Duplicate(name, found[name].place, place))
        found[name] = Sourced(parameter.text, place)
    found.pop("properties", None)
    return found, duplicates


def _misplaced(document: Document, section: Element) -> Iterator[CommentedOut]:
    """Properties that stand directly in the section, or in a wrong parameter, where nobody reads them."""
    for element in section.walk():
        if element.name == "parameter" and element.attributes.get("name", "").strip() == "properties":
            continue
        for entry in element.named("property"):
            if "name" in entry.attributes:
                name, value = entry.attributes["name"].strip(), entry.attributes.get("value", entry.text).strip()
                yield CommentedOut(name, value, document.place(entry))


def _members(document: Document, members: Element, problems: list[Problem]) -> Iterator[MemberEntry]:
    for count, member in enumerate(members.named("member")):
        if count == _MOST_MEMBERS:
            problems.append(Problem("value", document.place(member), f"more than {_MOST_MEMBERS} members; not read"))
            return
        host = member.first("hostName") or member.first("hostname")
        number = member.first("port")
        place = document.place(member)
        if host is None or not host.text.strip():
            problems.append(Problem("value", place, "a member without hostName"))
            continue
        if is_template(host.text):
            problems.append(Problem("template", document.place(host), host.text.strip()[:60]))
        text = number.text.strip() if number is not None else ""
        at = document.place(number) if number is not None else place
        found = None if UNRESOLVED.search(text) else port(text, "the port of a member", at, problems)
        yield MemberEntry(Sourced(host.text.strip(), document.place(host)), found, text)


def _groups(document: Document, section: Element, problems: list[Problem]) -> tuple[tuple[ManagedDomain, ...], bool]:
    management = section.first("groupManagement")
    if management is None:
        return (), False
    groups = []
    for entry in management.named("applicationDomain"):
        place, sub_domain = document.place(entry), entry.attributes.get("subDomain", "").strip()
        number = entry.attributes.get("port")
        groups.append(
            ManagedDomain(
                Sourced(entry.attributes.get("name", "").strip(), place),
                Sourced(sub_domain, place) if sub_domain else None,
                None if number is None else port(number, "the port of a group", place, problems),
            )
        )
    return tuple(groups), flag(management.attributes.get("enable"), default=True)


def _switch(document: Document, section: Element, *names: str) -> Sourced[bool] | None:
    for name in names:
        element = section.first(name)
        if element is not None:
            return Sourced(flag(element.attributes.get("enable"), default=True), document.place(element))
    return None


def _transports(document: Document, receivers: list[Element], problems: list[Problem]) -> dict[str, Sourced[int]]:
    """The ports of the HTTP and HTTPS listeners, before the offset; a negative one is switched off."""
    ports: dict[str, Sourced[int]] = {}
    for receiver in receivers:
        name = receiver.attributes.get("name", "").strip()
        for parameter in receiver.named("parameter"):
            if name not in _TRANSPORTS or parameter.attributes.get("name", "").strip() != "port":
                continue
            text, place = parameter.text.strip(), document.place(parameter)
            if text == str(_OFF):
                ports[name] = Sourced(_OFF, place)
            elif (found := port(text, f"the port of {name}", place, problems)) is not None:
                ports[name] = found
    return ports


def _commented_parameters(document: Document, root: Element) -> Iterator[CommentedOut]:
    for comment in root.all_comments():
        for found in _PARAMETER_IN_COMMENT.finditer(comment.text):
            value = (found[2] if found[2] is not None else found[3]).strip()
            yield CommentedOut(found[1], value, _inside(document, comment, found.start()))


def _commented(document: Document, beginning: re.Pattern[str]) -> Place | None:
    """Where in a comment something begins that would count outside of it."""
    for comment in document.root.all_comments() if document.root is not None else ():
        if found := beginning.search(comment.text):
            return _inside(document, comment, found.start())
    return None


def _inside(document: Document, comment: Comment, offset: int) -> Place:
    return Place(document.file, comment.line + comment.text.count("\n", 0, offset))
