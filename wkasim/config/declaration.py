"""cluster.yaml: what the configuration files of the nodes do not say, written down by hand.

start: [elb, manager, worker1]      the order in which the nodes are started
hosts: hosts                        a hosts file, relative to this one
nodes:
  worker1: {role: worker, host: 192.168.1.132, flags: "-DworkerNode=true", directory: esb-worker1}
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, cast

from attrs import field, frozen

from wkasim.config.hosts import is_address
from wkasim.config.places import Place, Sourced, read_text
from wkasim.config.startscript import StartFlags, flags_of
from wkasim.errors import InputError
from wkasim.node.config import Role
from wkasim.scenario.written import Problems, Written, nearest, parse_yaml

__all__ = ["Declaration", "DeclaredNode", "read_declaration"]

_ROLES: Final = ("elb", "manager", "worker")
_NODE_KEYS: Final = ("role", "host", "flags", "directory")
_KEYS: Final = ("start", "hosts", "nodes", "profile")
_NAME: Final = re.compile(r"[\w.\-]{1,64}")


@frozen(kw_only=True)
class DeclaredNode:
    """What is declared of one node; ``host`` is the address of its machine."""

    role: Role | None = None
    host: Sourced[str] | None = None
    flags: StartFlags | None = None
    directory: str | None = None


@frozen(kw_only=True)
class Declaration:
    """A cluster.yaml; ``start`` is None if it gives no order, and has the place of each name if it does."""

    file: str
    start: tuple[Sourced[str], ...] | None = None
    hosts: str | None = None
    profile: str | None = None
    nodes: dict[str, DeclaredNode] = field(factory=dict)


def read_declaration(path: Path, name: str | None = None) -> Declaration:
    """Read cluster.yaml; raises InputError listing every problem, for this file is wkasim's own."""
    file = name or str(path)
    problems = Problems(file)
    written = parse_yaml(read_text(path), problems)
    declaration = _declaration(file, written, problems) if written is not None else Declaration(file=file)
    if problems.found:
        raise InputError(*problems.sentences())
    return declaration


def _declaration(file: str, written: Written, problems: Problems) -> Declaration:
    entries = _mapping(written, "cluster.yaml", _KEYS, problems)
    nodes_written = entries.get("nodes")
    nodes: dict[str, DeclaredNode] = {}
    if nodes_written is not None:
        for name, item in _mapping(nodes_written, "nodes", None, problems).items():
            if _NAME.fullmatch(name):
                nodes[name] = _node(file, item, problems)
            else:
                problems.add(item.line, f'"{name[:60]}" is no name of a node; use letters, digits, ".", "-" and "_"')
    return Declaration(
        file=file,
        start=_start(file, entries.get("start"), problems),
        hosts=_text(entries.get("hosts"), "hosts", problems),
        profile=_text(entries.get("profile"), "profile", problems),
        nodes=nodes,
    )


def _start(file: str, written: Written | None, problems: Problems) -> tuple[Sourced[str], ...] | None:
    if written is None:
        return None
    if not isinstance(written.value, list):
        problems.add(written.line, "start is a list of node names, in the order in which they are started")
        return None
    names: dict[str, Sourced[str]] = {}
    for item in written.value:
        name = _text(item, "a name in start", problems)
        if name is not None and name in names:
            problems.add(item.line, f'start names "{name}" twice')
        elif name is not None:
            names[name] = Sourced(name, Place(file, item.line))
    return tuple(names.values())


def _node(file: str, written: Written, problems: Problems) -> DeclaredNode:
    entries = _mapping(written, "a node", _NODE_KEYS, problems)
    role = _text(entries.get("role"), "role", problems)
    if role is not None and role not in _ROLES:
        problems.add(entries["role"].line, f'role "{role[:60]}" is unknown{nearest(role, _ROLES)}')
        role = None
    host = _text(entries.get("host"), "host", problems)
    if host is not None and not is_address(host):
        problems.add(entries["host"].line, f'host "{host[:60]}" is not the address of a machine, such as 192.168.1.206')
        host = None
    flags = _text(entries.get("flags"), "flags", problems)
    return DeclaredNode(
        role=cast("Role | None", role),
        host=None if host is None else Sourced(host, Place(file, entries["host"].line)),
        flags=None if flags is None else flags_of(flags, file, entries["flags"].line),
        directory=_text(entries.get("directory"), "directory", problems),
    )


def _mapping(written: Written, what: str, known: tuple[str, ...] | None, problems: Problems) -> dict[str, Written]:
    if written.value is None:
        return {}
    if not isinstance(written.value, dict):
        problems.add(written.line, f"{what} is a mapping, not {written.kind()}")
        return {}
    for key in written.value:
        if known is not None and key not in known:
            problems.add(written.key_lines[key], f'unknown key "{key[:60]}" in {what}{nearest(key, known)}')
    return written.value


def _text(written: Written | None, what: str, problems: Problems) -> str | None:
    if written is None or written.value is None:
        return None
    if not isinstance(written.value, str):
        problems.add(written.line, f"{what} is a text, not {written.kind()}")
        return None
    return written.value
