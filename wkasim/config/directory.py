"""Finding the files: one directory a node, in the layout of a product or flat, or a parent of several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from wkasim.errors import InputError

__all__ = ["NodeFiles", "find_nodes"]

KINDS: Final[Mapping[str, re.Pattern[str]]] = {
    "axis2": re.compile(r"axis2\.xml", re.IGNORECASE),
    "carbon": re.compile(r"carbon\.xml", re.IGNORECASE),
    "balancer": re.compile(r"loadbalancer\.conf", re.IGNORECASE),
    "datasources": re.compile(r"master-datasources.*\.xml", re.IGNORECASE),
    "hosts": re.compile(r"(?:^|[._-])hosts(?:\.txt)?$", re.IGNORECASE),
    "script": re.compile(r"(?:\.sh|\.bat)$", re.IGNORECASE),
}
"""How a file of a kind is recognised by its name; templates and copies have more around it."""

_EXACT: Final[Mapping[str, tuple[str, ...]]] = {
    "axis2": ("axis2.xml",),
    "carbon": ("carbon.xml",),
    "balancer": ("loadbalancer.conf",),
    "datasources": ("master-datasources.xml",),
    "hosts": ("hosts", "hosts.txt"),
    "script": ("wso2server.sh", "start.sh", "wso2server.bat"),
}
_CLIENT: Final = re.compile(r"client", re.IGNORECASE)
_FOLDERS: Final = (
    "repository/conf/axis2",
    "repository/conf",
    "repository/conf/datasources",
    "conf/axis2",
    "conf",
    "conf/datasources",
    "bin",
    "etc",
    "",
)
_MOST_ENTRIES: Final = 20_000


@frozen
class NodeFiles:
    """The files of one node, by kind."""

    name: str
    directory: Path
    files: Mapping[str, Path] = field(factory=dict)


def find_nodes(directories: Iterable[Path]) -> list[NodeFiles]:
    """The nodes in these directories, in their order; a directory without files of its own is a parent of nodes.

    A path of a file is a node of which only that file is known, or those files that are named of it. A directory that
    is named twice counts once. Raises InputError naming every directory that cannot
    be read or has no configuration in it.
    """
    nodes: list[NodeFiles] = []
    problems: list[str] = []
    for directory in _each_once(directories):
        try:
            found = list(_nodes_in(directory))
        except OSError as error:
            problems.append(f"{directory}: cannot be read: {error.strerror or error}")
            continue
        if not found:
            problems.append(
                f"{directory}: no configuration of a node in it; "
                "expected repository/conf/axis2/axis2.xml, or axis2.xml, here or one directory below"
            )
        for node in found:
            _add(nodes, node, one_file=not directory.is_dir())
    if problems:
        raise InputError(*problems)
    return list(_with_names_that_differ(nodes))


def _each_once(directories: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for directory in directories:
        if (place := directory.resolve()) not in seen:
            seen.add(place)
            yield directory


def _add(nodes: list[NodeFiles], node: NodeFiles, *, one_file: bool) -> None:
    """Add a node; one file of a node of which another file was named goes to that one."""
    for at, other in enumerate(nodes):
        alike = one_file and other.name == node.name and other.directory == node.directory
        if alike and not other.files.keys() & node.files.keys():
            nodes[at] = NodeFiles(other.name, other.directory, {**other.files, **node.files})
            return
    nodes.append(node)


def _nodes_in(directory: Path) -> Iterator[NodeFiles]:
    if directory.is_file():
        kind = _kind(directory.name)
        if kind is not None:
            home = _home(directory)
            stem = _stem(directory.name)
            name = (home.resolve().name if stem == directory.name else "") or stem
            yield NodeFiles(name, home, {kind: directory})
        return
    entries = _sorted(directory)
    flat = [path for path in entries if path.is_file()]
    several = [path for path in flat if _kind(path.name) == "axis2"]
    if len(several) > 1 and not any(path.name == "axis2.xml" for path in several):
        yield from _nodes_side_by_side(directory, flat)
        return
    files = _files(directory)
    if files.keys() & {"axis2", "carbon", "balancer", "datasources"}:
        yield NodeFiles(directory.resolve().name, directory, files)
        return
    for child in entries:
        if child.is_dir() and (files := _files(child)).keys() & {"axis2", "carbon", "balancer", "datasources"}:
            yield NodeFiles(child.name, child, files)


def _nodes_side_by_side(directory: Path, flat: list[Path]) -> Iterator[NodeFiles]:
    """Files of several nodes in one directory, told apart by what their names begin with."""
    by_prefix: dict[str, dict[str, Path]] = {}
    for path in flat:
        kind = _kind(path.name)
        if kind is not None and kind not in ("hosts", "script"):
            by_prefix.setdefault(_stem(path.name), {}).setdefault(kind, path)
    for prefix, files in by_prefix.items():
        yield NodeFiles(prefix, directory, files)


def _home(file: Path) -> Path:
    """The home of the product that a file lies in, or its directory."""
    for folder in _FOLDERS:
        parts = Path(folder).parts
        if parts and file.absolute().parent.parts[-len(parts) :] == parts:
            return file.parents[len(parts)] if len(file.parents) > len(parts) else file.absolute().parents[len(parts)]
    return file.parent


def _files(directory: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        place = directory / folder if folder else directory
        if not place.is_dir():
            continue
        names = [path for path in _sorted(place) if path.is_file()]
        for kind in KINDS:
            exact = [path for path in names if path.name.lower() in _EXACT[kind]]
            like = [path for path in names if _kind(path.name) == kind]
            if kind not in found and (exact or like):
                found[kind] = (exact or like)[0]
    return found


def _kind(name: str) -> str | None:
    if _CLIENT.search(name):
        return None
    return next((kind for kind, pattern in KINDS.items() if pattern.search(name)), None)


def _stem(name: str) -> str:
    for pattern in KINDS.values():
        if found := pattern.search(name):
            return re.sub(r"[^\w.\-]", "-", name[: found.start()]).strip("._-") or name
    return name


def _sorted(directory: Path) -> list[Path]:
    entries = []
    for path in directory.iterdir():
        entries.append(path)
        if len(entries) > _MOST_ENTRIES:
            raise InputError(f"{directory}: more than {_MOST_ENTRIES} entries; name the directories of the nodes")
    return sorted(entries)


def _with_names_that_differ(nodes: list[NodeFiles]) -> Iterator[NodeFiles]:
    seen: dict[str, int] = {}
    for node in nodes:
        seen[node.name] = seen.get(node.name, 0) + 1
        number = seen[node.name]
        yield node if number == 1 else NodeFiles(f"{node.name}-{number}", node.directory, node.files)
