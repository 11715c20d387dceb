"""The course of a run: what its journal says about the cluster at one moment, kept up to date record by record.

Invariants look at this and at nothing else, so they judge a run that is over, one that goes on, and one that was read
from a file alike. Times are in integer microseconds inside and in seconds in names that end in ``_s``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import define, field

from wkasim.members import Address
from wkasim.node.config import DEFAULT_SUB_DOMAIN, Group, NodeConfig
from wkasim.profile import Profile
from wkasim.sim.faults import ACTIONS
from wkasim.sim.journal import Record

__all__ = ["Course", "Election", "Life"]

_SILENCE_S: Final = 140.0
"""How long a connection to a host that is gone without a word may take to fail, with what follows."""
_LOCAL_MEMBER: Final = re.compile(r"(\d+\.\d+\.\d+\.\d+):(\d+)\(")


@define(eq=False)
class Life:
    """One life of one node as the journal tells it.

    ``members`` are the addresses it lists, in order, twice if it lists them twice. ``address`` is the one that it calls
    its own; before it says so, the one that it is configured with. ``groups`` has the admitted members of a load
    balancer per group. ``ended`` says how it ended, "" while it lives.
    """

    config: NodeConfig
    number: int
    address: str
    begun_us: int
    state: str = "starting"
    detail: str = ""
    paused: bool = False
    ended: str = ""
    ended_us: int = 0
    members: list[str] = field(factory=list)
    groups: dict[Group, list[str]] = field(factory=dict)
    portless: list[str] = field(factory=list)
    said_address: bool = False
    joins_sent: int = 0
    joins_unanswered: int = 0

    @property
    def name(self) -> str:
        """The node's name."""
        return self.config.name

    @property
    def alive(self) -> bool:
        """Whether the process exists and is not frozen."""
        return not self.ended and not self.paused

    @property
    def initialised(self) -> bool:
        """Whether it is alive and its start is over and has succeeded."""
        return self.alive and self.state == "initialised"


@define
class Election:
    """One election: who began it, and how often and when last its token was handed on."""

    begun_by: str
    passes: int = 0
    last_pass_us: int = 0


class Course:
    """The cluster as the records read so far tell it.

    ``nodes`` are the configurations, ``hosts`` the hosts table. :meth:`read` takes records in order.
    """

    def __init__(self, nodes: Iterable[NodeConfig], profile: Profile, hosts: Mapping[str, str] | None = None) -> None:
        self.profile = profile
        self.hosts = dict(hosts or {})
        self.nodes: dict[str, NodeConfig] = {}
        self.now_us = 0
        self.last_fault_us = 0
        self.records: list[Record] = []
        self.lives: dict[str, Life] = {}
        self.past: list[Life] = []
        self.ever: dict[str, str] = {}
        self.last_delivery: tuple[str, str, str] | None = None
        self.elections: dict[str, Election] = {}
        self._cuts: dict[tuple[str, str], int] = {}
        self._down: dict[str, int] = {}
        self._longest_outage_us = 0
        self._settling: tuple[int, float] = (-1, 0.0)
        for config in nodes:
            self.add_node(config)

    def add_node(self, config: NodeConfig) -> None:
        """Make a node known that was not there from the beginning."""
        self.nodes[config.name] = config

    # Questions

    @property
    def now_s(self) -> float:
        """The present moment in seconds."""
        return self.now_us / 1e6

    @property
    def calm_us(self) -> int:
        """From when on the cluster could settle: the last fault, and as long again as the longest silence lasted.

        TCP repeats its first packet ever more rarely, so that what waited for 20 s may wait for 20 s more.
        """
        return self.last_fault_us + self._longest_outage_us

    def living(self) -> list[Life]:
        """The lives that go on and are not frozen, in the order in which nodes were defined."""
        return [life for name in self.nodes if (life := self.lives.get(name)) is not None and life.alive]

    def initialised(self) -> list[Life]:
        """Those of them whose start is over."""
        return [life for life in self.living() if life.initialised]

    def views(self) -> dict[str, tuple[str, ...]]:
        """The member list of every living node, as addresses, in order."""
        return {life.name: tuple(life.members) for life in self.living()}

    def holders(self, address: str) -> list[Life]:
        """The living nodes that call this address their own; a frozen one counts."""
        return [life for life in self.lives.values() if not life.ended and life.address == address]

    def called(self, address: str) -> str:
        """The name of the node at an address, or the address where nobody ever was."""
        return self.ever.get(address, address)

    def connected(self, one: Life, other: Life) -> bool:
        """Whether no cut separates the two, in either direction."""
        left, right = self._places(one.config), self._places(other.config)
        return not any((a, b) in self._cuts or (b, a) in self._cuts for a in left for b in right)

    def introduced(self) -> dict[str, int]:
        """Which initialised nodes could know of each other: those with one number.

        A node can know whom it lists as a well-known member, who lists it, and whom any of these knows.
        """
        lives = self.initialised()
        number = {life.name: index for index, life in enumerate(lives)}
        at = {life.address: life.name for life in lives}
        for life in lives:
            for host, port in life.config.well_known_members:
                other = at.get(f"{self.resolve(host)}:{port}")
                if other is not None and number[other] != number[life.name]:
                    kept, merged = sorted((number[other], number[life.name]))
                    number.update({name: kept for name, group in number.items() if group == merged})
        return number

    def dead_for_us(self, address: str) -> tuple[int, str] | None:
        """For how long nobody has been at an address, and how its last holder ended; None if somebody is there."""
        if self.holders(address):
            return None
        ends = [(life.ended_us, life.ended) for life in self.past if life.address == address]
        if not ends:
            return None
        ended_us, how = max(ends)
        return self.now_us - ended_us, how

    def detection_bound_s(self, how: str) -> float:
        """Within what time a death is to be noticed; how long a killed or stopped process, or a lost host, takes."""
        rounds = self.profile.heartbeat_s + (self.profile.ping_s if self.profile.ping_thread else 0.0)
        return rounds + 5.0 if how != "host down" else _SILENCE_S * max(1, len(self.nodes) - 1)

    def settling_s(self) -> float:
        """Within what time after the last fault a healthy cluster of this profile and size has settled.

        The sum of what may come one after the other: an unanswered JOIN and its pause, a stalled election, both rounds
        of the failure detector, and admission, which one revision does one member at a time.
        """
        if self._settling[0] != len(self.nodes):
            self._settling = (len(self.nodes), settling_s(self.profile, len(self.nodes)))
        return self._settling[1]

    def _places(self, config: NodeConfig) -> tuple[str, ...]:
        return (config.name, config.host, self.resolve(config.host))

    def resolve(self, host: str) -> str:
        """The address of a host: the hosts table's, or the text itself."""
        return self.hosts.get(host, host)

    # Reading

    def read(self, record: Record) -> None:
        """Take the next record."""
        self.now_us = record[0]
        self.records.append(record)
        reader = _READERS.get(record[1])
        if reader is not None:
            reader(self, record)

    def _read_step(self, record: Record) -> None:
        verb, params = record[4], record[5]
        if verb in ACTIONS and verb != "request":
            self.last_fault_us = record[0]
        facts = dict(zip(params[::2], params[1::2], strict=True))
        match verb:
            case "partition":
                sides = [side.split(" ") for side in facts["sides"].split(" | ")]
                for index, side in enumerate(sides):
                    for other in sides[index + 1 :]:
                        self._cut((a, b) for a in side for b in other)
            case "cut":
                self._cut([(facts["sender"], facts["receiver"])])
            case "heal":
                self._heal(facts.get("between", "").split())
            case "host_up":
                self._outage_ends(self._down.pop(self.resolve(facts["host"]), record[0]))
            case "host_down":
                self._down[self.resolve(facts["host"])] = record[0]
            case "start" if record[2]:
                self._begin(record[2])
            case "start":
                for name in facts["nodes"].split(" "):
                    self._begin(name)

    def _begin(self, name: str) -> None:
        config = self.nodes[name]
        address = str(Address(self.resolve(config.host), config.port if config.port is not None else 4000))
        before = self.lives.get(name)
        self.lives[name] = Life(config, before.number + 1 if before else 1, address, self.now_us)
        self.ever.setdefault(address, name)

    def _cut(self, pairs: Iterable[tuple[str, str]]) -> None:
        for pair in pairs:
            self._cuts.setdefault(pair, self.now_us)

    def _heal(self, between: list[str]) -> None:
        for pair in list(self._cuts):
            if not between or set(pair) == set(between):
                self._outage_ends(self._cuts.pop(pair))

    def _outage_ends(self, since_us: int) -> None:
        self._longest_outage_us = max(self._longest_outage_us, self.now_us - since_us)

    def _read_state(self, record: Record) -> None:
        life = self._life(record)
        if life is None:
            return
        match record[4]:
            case "paused":
                life.paused = True
            case "resumed":
                life.paused = False
            case "stopped":
                life.ended, life.ended_us = record[5] or "stopped", record[0]
                self.past.append(life)
            case state:
                life.state, life.detail = state, record[5]

    def _life(self, record: Record) -> Life | None:
        life = self.lives.get(record[2])
        return life if life is not None and life.number == record[3] else None

    def _read_view(self, record: Record) -> None:
        life = self._life(record)
        if life is None:
            return
        if record[4] == "added":
            life.members.append(record[5])
        elif record[5] in life.members:
            life.members.remove(record[5])

    def _read_group(self, record: Record) -> None:
        life = self._life(record)
        if life is None:
            return
        members = life.groups.setdefault(Group(record[6], record[7]), [])
        if record[4] == "admitted":
            members.append(record[5])
        elif record[4] == "dismissed":
            members[:] = [member for member in members if member != record[5]]
            life.portless = [member for member in life.portless if member != record[5]]

    def _read_log(self, record: Record) -> None:
        life = self._life(record)
        if life is None:
            return
        event, params = record[4], record[7]
        match event:
            case "local_member":
                found = _LOCAL_MEMBER.match(params[1])
                if found:
                    life.address, life.said_address = f"{found[1]}:{found[2]}", True
                    self.ever.setdefault(life.address, life.name)
            case "sending_join":
                life.joins_sent += 1
            case "no_join_response":
                life.joins_unanswered += 1
            case "application_member_joined":
                if found := re.match(r"Host:([\d.]+),.* Port: (\d+), HTTP:-1, HTTPS:-1,", params[1]):
                    life.portless.append(f"{found[1]}:{found[2]}")

    def _read_send(self, record: Record) -> None:
        if record[5] == "COORDINATION_REQUEST":
            token = record[7].split(" ", 1)[0]
            election = self.elections.get(token)
            if election is None:
                election = self.elections[token] = Election(record[2])
            election.passes += 1
            election.last_pass_us = record[0]

    def _read_delivery(self, record: Record) -> None:
        self.last_delivery = (record[2], record[5], record[6])

    def _read_drop(self, record: Record) -> None:
        # A rule that still drops messages is a fault that still happens.
        if record[7] == "dropped by rule":
            self.last_fault_us = record[0]

    def admitted(self, life: Life) -> Iterator[tuple[Group, str]]:
        """Whom a load balancer has admitted, with the group."""
        for group, members in life.groups.items():
            for address in members:
                yield group, address

    def group_for(self, life: Life) -> Group:
        """The group in which a load balancer should have the member that this life is."""
        return Group(life.config.domain, life.config.sub_domain or DEFAULT_SUB_DOMAIN)


_READERS: Final = {
    "step": Course._read_step,
    "state": Course._read_state,
    "view": Course._read_view,
    "group": Course._read_group,
    "log": Course._read_log,
    "send": Course._read_send,
    "deliver": Course._read_delivery,
    "drop": Course._read_drop,
}


def settling_s(profile: Profile, nodes: int) -> float:
    """As :meth:`Course.settling_s`, without a course."""
    join = profile.rpc_timeout_s + profile.join_retry_s
    election = profile.coordinator_wait_s if profile.coordinator else 0.0
    detection = profile.heartbeat_s + (profile.ping_s if profile.ping_thread else 0.0)
    admissions = nodes - 1 if profile.blocking_admission else 1
    return join + election + detection + admissions * profile.admission_pause_s + 5.0
