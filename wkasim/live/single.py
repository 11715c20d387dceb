"""One node as one operating-system process: ``wkasim node``.

SIGTERM, Ctrl-C and a terminal that goes stop it gracefully, as the product's own script does; kill -9 needs no help.
What it logs goes out within a twentieth of a second. It keeps nothing in memory but what a node keeps.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import define, field

from wkasim.errors import InputError
from wkasim.live.cluster import LiveCluster, book_for
from wkasim.live.strangers import strangers_told
from wkasim.logs.formats import LogFormat
from wkasim.members import Address
from wkasim.scenario.model import Scenario
from wkasim.transport.base import BindError
from wkasim.transport.tcp.transport import TcpTransport

if TYPE_CHECKING:
    from wkasim.sim.cluster import Node

__all__ = ["NodeProcess"]

_TICK_S: Final = 0.05


@define(eq=False)
class NodeProcess:
    """The node ``name`` of a scenario.

    ``write`` gets each line of its log, ``note`` what is worth a word to whoever started it. ``report`` gets the node's
    state and members whenever they change, ``orphaned`` is asked whether the process should end of itself.
    """

    scenario: Scenario
    name: str
    write: Callable[[str], None]
    note: Callable[[str], None]
    life: int = 1
    profile: str | None = None
    seed: int | None = None
    speed: float = 1.0
    origin_ns: int = 0
    format: str = "console"
    front: Address | None = None
    network: str | None = None
    database_file: Path | None = None
    report: Callable[[dict[str, object]], None] = lambda _status: None
    orphaned: Callable[[], bool] = lambda: False
    _interrupted: bool = field(default=False, init=False)
    _stopping: bool = field(default=False, init=False)
    _reported: dict[str, object] = field(factory=dict, init=False)

    def run(self) -> int:
        """Run until the node is stopped; the exit code: 0, 1 if it could not start, 130 after Ctrl-C.

        Raises InputError for a node that the scenario does not have.
        """
        scenario = self.scenario
        nodes = scenario.all_nodes()
        if self.name not in nodes:
            raise InputError(f"{scenario.file}: node {self.name!r} is not defined (defined: {', '.join(nodes)})")
        book, notes = book_for(nodes.values(), scenario.hosts, network=self.network)
        for note in notes:
            self.note(note)
        cluster = LiveCluster(
            profile=scenario.profile_value(self.profile),
            seed=scenario.seed if self.seed is None else self.seed,
            hosts=scenario.hosts,
            database=scenario.database,
            speed=self.speed,
            book=book,
            origin_ns=self.origin_ns,
            database_file=self.database_file,
        )
        try:
            with strangers_told(self.note):
                return self._run(cluster)
        finally:
            cluster.close()

    def _run(self, cluster: LiveCluster) -> int:
        loop = cluster.live_loop
        node = cluster.add_node(self.scenario.all_nodes()[self.name])
        node.life = self.life - 1
        begin = datetime.fromtimestamp(loop.origin_ns / 1e9)  # noqa: DTZ006 - logs of Carbon name no zone
        look = LogFormat(self.format, start=begin.replace(microsecond=0) + timedelta(microseconds=begin.microsecond))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # Somebody wants it to outlive the terminal: nohup.
            loop.add_signal_handler(number, partial(self._stop, cluster, number))
        cluster.start(self.name)
        while node.alive and node.failure is None and not cluster.defects:
            loop.run_until_us(loop.now_us + round(_TICK_S * self.speed * 1e6))
            self._tell(cluster, node, look)
            self._open_front(node)
            if not self._stopping and self.orphaned():
                self._stop(cluster, signal.SIGTERM)
        if node.failure is not None:
            self.note(f"{self.name} could not start: {node.failure}")
            return 1
        return 130 if self._interrupted else 0

    def _stop(self, cluster: LiveCluster, number: signal.Signals) -> None:
        self._interrupted = self._interrupted or number is signal.SIGINT
        if not self._stopping:
            self._stopping = True
            cluster.terminate(self.name)

    def _tell(self, cluster: LiveCluster, node: Node, look: LogFormat) -> None:
        """Write what was logged, forget it, and report what has changed."""
        records = cluster.journal.records
        for line in look.lines(records):
            self.write(line)
        records.clear()
        primary = node.agent.primary if node.agent is not None else None
        status = {
            "state": "failed" if node.failure is not None else node.state,
            "life": self.life,
            "address": str(primary.local.address) if primary is not None and primary.local is not None else None,
            "members": [str(member.address) for member in primary.members] if primary is not None else [],
            "groups": {key: list(found) for key, found in cluster.groups(self.name).items()},
        }
        if status != self._reported:
            self._reported = status
            self.report(status)

    def _open_front(self, node: Node) -> None:
        """Open a load balancer's additional port once the balancer is there."""
        if self.front is None or node.agent is None or not node.agent.ip:
            return
        front, self.front = self.front, None
        transport = node.agent.environment.transport
        assert isinstance(transport, TcpTransport)
        try:
            transport.open_front(front, partial(node.agent.service.answer, scheme="http"))
        except BindError as error:
            self.note(f"the front stays closed: {error}")
        else:
            self.note(f"the front of {self.name} is http://{front}/")
