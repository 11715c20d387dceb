"""Whether the ports of a cluster are free, before any of it is started.

A node that finds its port taken takes another one without a word, as the product does (:mod:`wkasim.node.ports`), and
joins whoever holds it if that is a cluster of the same domain. So two clusters on one machine would silently be one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from wkasim.errors import InputError
from wkasim.live.cluster import addresses_of, book_for
from wkasim.live.rundir import RunDirectory
from wkasim.members import Address
from wkasim.node.config import NodeConfig
from wkasim.scenario.reader import load_scenario
from wkasim.transport.tcp import AddressBook
from wkasim.transport.tcp.listener import open_socket

__all__ = ["refuse_taken"]

_TAKEN: Final = "is taken"
_NAMED: Final = 3
"""How many of the taken ports are named; a second cluster takes all of the first one's."""


def refuse_taken(
    nodes: Iterable[NodeConfig],
    hosts: Mapping[str, str],
    book: AddressBook,
    front: Address | None = None,
    *,
    can_move: bool = False,
) -> None:
    """Raise InputError if somebody listens where these nodes, or the ``front`` of one, want to.

    ``can_move`` says that the command has an option that gives the cluster other addresses.
    """
    taken = {address: name for address, name in _wanted(nodes, hosts, book).items() if _is_taken(address)}
    problems = []
    if taken:
        named = [f"{address} ({name})" for address, name in taken.items()]
        more = f" and {len(taken) - _NAMED} more" if len(taken) > _NAMED else ""
        problems.append(f"ports of this scenario are taken: {', '.join(named[:_NAMED])}{more}")
        problems += [
            f"a cluster is running in {folder}; end it with: wkasim down --run-dir {folder}"
            for folder in _run_directories()
            if not taken.keys().isdisjoint(_wanted_there(folder))
        ]
        if can_move:
            problems.append("or give this one addresses of its own, with: --network 127.77")
    if front is not None and (why := _why_not(front)):
        problems.append(f"the front {front} {why}; choose another with --front HOST:PORT, or none with --no-front")
    if problems:
        raise InputError(*problems)


def _wanted(nodes: Iterable[NodeConfig], hosts: Mapping[str, str], book: AddressBook) -> dict[Address, str]:
    """Where on this machine the nodes want to listen, and which of them."""
    return {book.real(address): node.name for node in nodes for address in addresses_of(node, hosts)}


def _wanted_there(folder: str) -> Iterable[Address]:
    """The same for the cluster of a run directory."""
    try:
        settings = RunDirectory(Path(folder)).settings()
        scenario = load_scenario(settings.scenario)
        nodes = scenario.all_nodes().values()
        book, _ = book_for(nodes, scenario.hosts, network=settings.network)
    except InputError:
        return ()
    return _wanted(nodes, scenario.hosts, book)


def _is_taken(real: Address) -> bool:
    return _why_not(real) == _TAKEN


def _why_not(real: Address) -> str:
    """Why nobody can listen there; nothing if somebody can."""
    try:
        open_socket(real).close()
    except OSError as error:
        return _TAKEN if error.errno == errno.EADDRINUSE else f"cannot be opened: {error.strerror}"
    except OverflowError:
        return "is no port"
    return ""


def _run_directories() -> list[str]:
    """The run directories of the nodes that run on this machine, as far as this user may see them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if words[1:4] == ["-m", "wkasim", "node"] and "--run-dir" in words[:-1]:
            found.append(words[words.index("--run-dir") + 1])
    return sorted(set(found))
