"""A cluster whose nodes are in this process and whose messages go over real sockets.

Everything that a simulated cluster offers is here, on a loop in real time: the same steps, questions and records. What
only a simulated network can do is refused with a ClusterError (:mod:`wkasim.live.network`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from wkasim.errors import ClusterError
from wkasim.live.clock import LiveLoop
from wkasim.live.database import real_database
from wkasim.live.network import LiveNetwork, LiveProcess
from wkasim.live.world import LiveWorld
from wkasim.members import Address
from wkasim.node.config import NodeConfig
from wkasim.node.environment import Environment
from wkasim.node.ports import FALLBACK_PORT
from wkasim.profile import Profile
from wkasim.sim.cluster import Cluster
from wkasim.sim.database import DatabaseConfig, EmbeddedDatabase
from wkasim.sim.links import Link, is_dotted
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.network import Network
from wkasim.sim.process import Process
from wkasim.transport.base import BindError
from wkasim.transport.tcp import AddressBook, address_book
from wkasim.transport.tcp.http import require_http
from wkasim.transport.tcp.transport import TcpTransport

__all__ = ["LiveCluster", "addresses_of", "book_for", "first_free_port"]

_TURNS_TO_CLOSE = 3
"""How many turns of its loop a socket needs from being broken off to being closed."""


def first_free_port() -> int:
    """The first port that this process may open: 0 for root, 1024 for most others."""
    if os.geteuid() == 0:
        return 0
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024


def book_for(
    nodes: Iterable[NodeConfig], hosts: Mapping[str, str], *, network: str | None = None
) -> tuple[AddressBook, list[str]]:
    """Where the addresses of these nodes and hosts are on this machine, and what people should know about it.

    Raises InputError for what is no address.
    """
    known = list(nodes)
    named = [host for node in known for host in (node.host, *(host for host, _ in node.well_known_members))]
    ips = [host if is_dotted(host) else hosts[host] for host in named if is_dotted(host) or host in hosts]
    book = address_book([*ips, *hosts.values()], first_free_port=first_free_port(), network=network)
    return book, book.notes(address for node in known for address in addresses_of(node, hosts))


def addresses_of(node: NodeConfig, hosts: Mapping[str, str]) -> list[Address]:
    """The addresses that a node wants to open; none where the hosts table does not have its host."""
    ip = node.host if is_dotted(node.host) else hosts.get(node.host, "")
    if not is_dotted(ip):
        return []
    http = (node.http_port, node.https_port) if node.open_http != "never" else ()
    ports = [node.bind_port or node.port or FALLBACK_PORT, *(port + node.port_offset for port in http if port)]
    return [Address(ip, port) for port in ports]


def _allow_files() -> None:
    """Let this process open as many files as the system allows it, as a Java machine does when it starts."""
    _allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class LiveCluster(Cluster):
    """A cluster on real sockets.

    ``speed`` divides every timing; ``book`` says where the scenario's addresses are on this machine; ``origin_ns`` is
    what several such clusters count their calendar from. ``database_file`` keeps the data of a database that is no real
    server; without it they are gone with the cluster. Raises InputError where aiohttp is not installed.
    """

    def __init__(
        self,
        *,
        profile: Profile | str = "documented",
        seed: int = 0,
        hosts: Mapping[str, str] | None = None,
        database: DatabaseConfig | None = None,
        speed: float = 1.0,
        book: AddressBook | None = None,
        origin_ns: int = 0,
        database_file: Path | None = None,
        debug: bool = False,
    ) -> None:
        require_http()
        _allow_files()
        self.live_loop = LiveLoop(speed, origin_ns)
        self.live_loop.set_exception_handler(self._unhandled)
        self.defects: list[BaseException] = []
        self._book = book or AddressBook({}, first_free_port())
        # Of a loop the cluster uses the time, calls at a time and running until a time, which both kinds have.
        loop = cast(VirtualTimeLoop, self.live_loop)
        real = real_database(database, database_file)
        super().__init__(profile=profile, seed=seed, hosts=hosts, loop=loop, debug=debug)
        self.database = real if isinstance(real, EmbeddedDatabase) else None
        self._real_database = real

    def close(self) -> None:
        """End all processes and the loop; the journal stays. Raises the first defect that ended a node's thread."""
        if self._closed:
            return
        for stranger in self._strangers.values():
            self.network.drop_process(stranger)
        for node in self.nodes.values():
            if node.process is not None and node.process.alive:
                self.network.drop_process(node.process)
        super().close()
        self._end_tasks()
        self.live_loop.close()
        if self.defects:
            raise self.defects[0]

    def _end_tasks(self) -> None:
        loop = self.live_loop
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        for _ in range(_TURNS_TO_CLOSE):
            loop.run_until_complete(asyncio.sleep(0))

    def _failed(self, error: BaseException) -> None:
        self.defects.append(error)
        self.live_loop.stop()

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None:
            self._failed(error)

    # What it is made of

    def _make_network(self, hosts: Mapping[str, str], link: Link) -> Network:  # noqa: ARG002
        return LiveNetwork(self.journal, self._streams, hosts, self._book)

    def _make_process(self, name: str, life: int, ip: str, place: str) -> Process:
        return LiveProcess(self.live_loop, name, life, ip, place)

    def _make_world(self, process: Process) -> Environment:
        assert isinstance(process, LiveProcess)
        assert isinstance(self.network, LiveNetwork)
        return LiveWorld(
            process,
            self.live_loop,
            self.network,
            self.journal,
            self._streams,
            self.profile,
            self._real_database,
            debug=self._debug,
            changed=self._changed,
            failed=self._failed,
        )

    def _occupy(self, address: Address) -> None:
        process = self._make_process(f"stranger:{address.port}", 1, address.ip, f"stranger/{address}")
        world = self._make_world(process)
        assert isinstance(world.transport, TcpTransport)
        try:
            world.transport.open_port(address, None, "stranger")
        except BindError as error:
            raise ClusterError(f"{error} at {self.now_s:g} s") from None
        self._strangers[address] = process
