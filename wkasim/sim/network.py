"""The simulated network: hosts, ports, links, and what TCP does when something is wrong.

Connections behave as TCP's do. A port on which nobody listens refuses at once. Where packets vanish, a connection
attempt sends its first packet again after 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 seconds and gives up after 131, as
Linux does by default, so an attempt that began in a partition may succeed after it; what was written to a connection
that is already open waits and arrives after the network heals. A frozen process still accepts connections until its
backlog is full, for its operating system does that. Delivery is in order per connection.

Faults are always checked: a path between two processes keeps a cached verdict, made anew when a fault changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Final, Literal

from attrs import define, field, frozen

from wkasim.errors import InputError
from wkasim.members import Address
from wkasim.messages import ChannelMessage
from wkasim.sim.journal import Journal
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams

__all__ = ["LAN", "SYN_RETRIES_S", "Link", "Network", "Path", "Rule"]

SYN_RETRIES_S: Final = (1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 11.0, 19.0, 35.0, 67.0)
"""When Linux sends the first packet of a connection again (tcp_syn_retries 6, tcp_syn_linear_timeouts 4)."""
SYN_TIMEOUT_S: Final = 131.0
"""When it gives up."""
RETRANSMISSION_S: Final = 0.2
"""The first retransmission of data on an open connection; it doubles each time."""
BACKLOG: Final = 50
"""How many connections the operating system accepts for a process that does not (Java's default)."""

Verdict = Literal["open", "silent", "refused", "unreachable"]


@frozen(slots=True)
class Link:
    """What a packet meets on its way: a delay of ``latency_us`` to ``latency_us + jitter_us``, and loss.

    ``loss`` is the probability that a packet is lost; TCP sends it again, so loss shows as delay.
    """

    latency_us: int = 100
    jitter_us: int = 200
    loss: float = 0.0


LAN: Final = Link()
"""The default: a switched local network, 0.1 to 0.3 ms one way."""


@frozen(slots=True)
class Rule:
    """Something done to the messages that match: ``drop``, ``delay``, ``duplicate`` or ``hold``.

    ``message``, ``sender`` and ``receiver`` match everything when None; sender and receiver are node names.
    ``count`` limits how many messages the rule touches.
    """

    action: Literal["drop", "delay", "duplicate", "hold"]
    message: str | None = None
    sender: str | None = None
    receiver: str | None = None
    count: int | None = None
    delay_us: int = 0


@define(slots=True, eq=False)
class _ActiveRule:
    rule: Rule
    left: int | None
    held: list[tuple[Pipe, ChannelMessage, int]] = field(factory=list)

    def matches(self, sender: str, receiver: str, message: ChannelMessage) -> bool:
        rule = self.rule
        return (
            self.left != 0
            and rule.sender in (None, sender)
            and rule.receiver in (None, receiver)
            and (rule.message is None or message.label.split(" ")[0] == rule.message)
        )


@define(slots=True, eq=False)
class Port:
    """A listening socket."""

    process: Process
    address: Address
    purpose: str
    receive: Callable[[ChannelMessage], None] | None
    network: Network
    waiting: int = 0  # connections that the operating system has accepted for a frozen process

    def close(self) -> None:
        """Stop listening."""
        self.network.close_port(self)


@define(slots=True, eq=False)
class Path:
    """The way from one process to another: verdict of the faults, delays, random stream."""

    source: Process
    target_ip: str
    target_name: str
    verdict: Verdict
    latency_us: int
    jitter_us: int
    loss: float
    random: Callable[[], float]

    def delay_us(self) -> int:
        """The delay of one packet, losses included."""
        delay = self.latency_us + int(self.random() * self.jitter_us)
        retransmission = round(RETRANSMISSION_S * 1e6)
        while self.loss and self.random() < self.loss and retransmission < 60_000_000:
            delay += retransmission
            retransmission *= 2
        return delay


class Pipe:
    """One direction of an established connection, in order; the sending half of :class:`MemoryConnection`."""

    __slots__ = ("from_text", "last_us", "lost", "network", "path", "port", "source", "stuck", "target", "to_text")

    def __init__(self, network: Network, source: Process, port: Port, path: Path) -> None:
        self.network = network
        self.source = source
        self.port = port
        self.target = port.process
        self.path = path
        self.lost = False
        self.last_us = 0
        self.stuck: list[tuple[ChannelMessage, int]] = []
        self.to_text = str(port.address)
        self.from_text = ""


class Network:
    """Every host, port and path of one simulated world."""

    def __init__(
        self,
        loop: VirtualTimeLoop,
        journal: Journal,
        streams: Streams,
        *,
        hosts: Mapping[str, str] | None = None,
        link: Link = LAN,
    ) -> None:
        self.loop = loop
        self.journal = journal
        self.streams = streams
        self.hosts: dict[str, str] = dict(hosts or {})
        self.default_link = link
        self.deliveries = 0
        self.probes = 0
        self._messages = 0
        self._ports: dict[Address, Port] = {}
        self._paths: dict[tuple[str, str], Path] = {}
        self._pipes: dict[tuple[str, str], list[Pipe]] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._cuts: dict[tuple[str, str], Verdict] = {}
        self._down: dict[str, None] = {}
        self._rules: list[_ActiveRule] = []

    # Names and ports

    def resolve(self, host: str) -> str | None:
        """The address of a name in the hosts table, or of a dotted address; None if there is none."""
        if is_dotted(host):
            return host
        return self.hosts.get(host)

    def port_at(self, address: Address) -> Port | None:
        """Who listens there."""
        return self._ports.get(address)

    def open_port(
        self, process: Process, address: Address, purpose: str, receive: Callable[[ChannelMessage], None] | None
    ) -> Port | None:
        """Open a port; None if it is taken."""
        if address in self._ports:
            return None
        port = Port(process, address, purpose, receive, self)
        self._ports[address] = port
        return port

    def close_port(self, port: Port) -> None:
        """Close a port if it is still open."""
        if self._ports.get(port.address) is port:
            del self._ports[port.address]

    def drop_process(self, process: Process) -> None:
        """The process is gone: its ports close, and whoever is connected hears of it if packets pass."""
        for address, port in list(self._ports.items()):
            if port.process is process:
                del self._ports[address]
        for pipes in self._pipes.values():
            for pipe in pipes:
                if pipe.target is process and self._verdict(process, pipe.source.ip, pipe.source.name) == "open":
                    pipe.lost = True
        for key in [key for key in self._pipes if key[0] == process.key]:
            del self._pipes[key]

    # Paths and faults

    def path(self, source: Process, target_ip: str, target_name: str) -> Path:
        """The path from a process to an address, made on first use."""
        key = (source.key, f"{target_ip}/{target_name}")
        path = self._paths.get(key)
        if path is None:
            link = self._link(source, target_ip, target_name)
            stream = self.streams.stream("link", source.key, target_ip)
            verdict = self._verdict(source, target_ip, target_name)
            path = Path(
                source, target_ip, target_name, verdict, link.latency_us, link.jitter_us, link.loss, stream.random
            )
            self._paths[key] = path
        return path

    def _link(self, source: Process, target_ip: str, target_name: str) -> Link:
        for left in (source.name, source.ip):
            for right in (target_name, target_ip):
                if (link := self._links.get((left, right))) is not None:
                    return link
        return self.default_link

    def _verdict(self, source: Process, target_ip: str, target_name: str) -> Verdict:
        if source.ip in self._down or target_ip in self._down:
            return "silent"
        for left in (source.name, source.ip):
            for right in (target_name, target_ip):
                if (cut := self._cuts.get((left, right))) is not None:
                    return cut
        return "open"

    def set_link(self, left: str, right: str, link: Link, *, both_ways: bool = True) -> None:
        """Set latency, jitter and loss between two nodes (by name) or hosts (by address)."""
        self._links[left, right] = link
        if both_ways:
            self._links[right, left] = link
        self._changed()

    def cut(
        self, left: Iterable[str], right: Iterable[str], verdict: Verdict = "silent", *, both_ways: bool = True
    ) -> None:
        """Let nothing pass from the left to the right side; names of nodes or addresses of hosts."""
        pairs = [(a, b) for a in left for b in right]
        for a, b in pairs:
            self._cuts[a, b] = verdict
            if both_ways:
                self._cuts[b, a] = verdict
        self._changed()

    def heal(self, left: Iterable[str] | None = None, right: Iterable[str] | None = None) -> None:
        """Undo cuts: all, or those between the two sides, both ways."""
        if left is None or right is None:
            self._cuts.clear()
        else:
            rights = list(right)
            for a in left:
                for b in rights:
                    self._cuts.pop((a, b), None)
                    self._cuts.pop((b, a), None)
        self._changed()

    def host_down(self, ip: str) -> None:
        """The host is off: packets to and from it vanish."""
        self._down[ip] = None
        self._changed()

    def host_up(self, ip: str) -> None:
        """The host is on the network again."""
        self._down.pop(ip, None)
        self._changed()

    def _changed(self) -> None:
        for path in self._paths.values():
            link = self._link(path.source, path.target_ip, path.target_name)
            path.latency_us, path.jitter_us, path.loss = link.latency_us, link.jitter_us, link.loss
            path.verdict = self._verdict(path.source, path.target_ip, path.target_name)
        for pipes in self._pipes.values():
            for pipe in pipes:
                if pipe.path.verdict == "open" and pipe.stuck:
                    self._flush(pipe)
                if pipe.path.verdict == "open" and not pipe.target.alive:
                    pipe.lost = True

    def _flush(self, pipe: Pipe) -> None:
        """The network healed: TCP's next retransmission brings what waited."""
        stuck, pipe.stuck = pipe.stuck, []
        wait = round((0.5 + pipe.path.random()) * 1e6)
        for message, ident in stuck:
            self._put(pipe, message, ident, wait)

    # Rules on messages

    def add_rule(self, rule: Rule) -> None:
        """Begin to drop, delay, duplicate or hold messages."""
        self._rules.append(_ActiveRule(rule, rule.count))

    def release(self, message: str | None = None) -> None:
        """Let go what is held, in the order in which it was sent, and hold no more.

        With ``message``, only the rules that hold messages of that kind.
        """
        for active in list(self._rules):
            if active.rule.action == "hold" and message in (None, active.rule.message):
                self._rules.remove(active)
                for pipe, held, ident in active.held:
                    self._put(pipe, held, ident, 0)

    def clear_rules(self) -> None:
        """No rule from now on; what is held is released."""
        self.release()
        self._rules.clear()

    # Connecting

    async def connect(self, process: Process, address: Address, timeout_s: float) -> tuple[Verdict, Port | None]:
        """Try to connect, as TCP does; the verdict after the time it takes.

        "silent" means that the time ran out. The port is None unless the verdict is "open".
        """
        loop = self.loop
        began = loop.now_us
        deadline = began + round(min(timeout_s, SYN_TIMEOUT_S) * 1e6)
        for resend_s in (0.0, *SYN_RETRIES_S):
            at = began + round(resend_s * 1e6)
            if at >= deadline:
                break
            if at > loop.now_us:
                await _sleep_us(loop, at - loop.now_us)
            verdict, port = self.try_connect(process, address)
            if verdict != "silent":
                path = self.path(process, address.ip, port.process.name if port else "")
                if verdict != "unreachable":
                    await _sleep_us(loop, path.delay_us() + path.delay_us())
                if port is not None and self._ports.get(address) is not port:
                    return "refused", None
                return verdict, port
        await _sleep_us(loop, deadline - loop.now_us)
        return "silent", None

    def try_connect(self, process: Process, address: Address) -> tuple[Verdict, Port | None]:
        """What one connection packet would meet right now."""
        port = self._ports.get(address)
        target = port.process.name if port else ""
        verdict = self.path(process, address.ip, target).verdict
        if verdict != "open":
            return verdict, None
        back = self._verdict_back(process, address.ip, target)
        if back != "open":
            return "silent", None
        if port is None:
            return "refused", None
        if port.process.frozen:
            if port.waiting >= BACKLOG:
                return "silent", None
            port.waiting += 1
        else:
            port.waiting = 0
        return "open", port

    def _verdict_back(self, process: Process, target_ip: str, target_name: str) -> Verdict:
        """The answer must come back as well: a one-way cut looks like silence to the caller."""
        for left in (target_name, target_ip):
            for right in (process.name, process.ip):
                if left and (left, right) in self._cuts:
                    return "silent"
        return "open"

    def pipe(self, process: Process, port: Port) -> Pipe:
        """The sending half of a new connection from the process to the port."""
        pipe = Pipe(self, process, port, self.path(process, port.address.ip, port.process.name))
        self._pipes.setdefault((process.key, port.process.key), []).append(pipe)
        return pipe

    def forget(self, pipe: Pipe) -> None:
        """The connection was closed at this end."""
        pipes = self._pipes.get((pipe.source.key, pipe.target.key), [])
        if pipe in pipes:
            pipes.remove(pipe)

    # Messages

    def send(self, pipe: Pipe, message: ChannelMessage) -> int:
        """Send a message down a pipe; returns the delay after which it will arrive, -1 when it may never."""
        self._messages += 1
        ident = self._messages
        source = pipe.source
        loop = self.loop
        now = loop.now_us
        self.journal.append((now, "send", source.name, source.life, ident, message.label, pipe.to_text, message.detail))
        path = pipe.path
        if self._rules and self._apply_rules(pipe, message, ident):
            return -1
        if path.verdict != "open":
            pipe.stuck.append((message, ident))
            return -1
        at = now + path.latency_us + int(path.random() * path.jitter_us) if not path.loss else now + path.delay_us()
        if at < pipe.last_us:
            at = pipe.last_us
        pipe.last_us = at
        loop.deliver_at(at, self._deliver, (pipe, message, ident))
        return at - now

    def _apply_rules(self, pipe: Pipe, message: ChannelMessage, ident: int) -> bool:
        """Apply the first rule that matches; say whether the message is dealt with."""
        for active in self._rules:
            if not active.matches(pipe.source.name, pipe.target.name, message):
                continue
            if active.left is not None:
                active.left -= 1
            match active.rule.action:
                case "drop":
                    self._lost(pipe, message, ident, "dropped by rule")
                    return True
                case "hold":
                    active.held.append((pipe, message, ident))
                    return True
                case "delay":
                    self._put(pipe, message, ident, active.rule.delay_us)
                    return True
                case "duplicate":
                    self._put(pipe, message, ident, 0)
                    return False
        return False

    def _put(self, pipe: Pipe, message: ChannelMessage, ident: int, extra_us: int) -> None:
        at = max(pipe.last_us, self.loop.now_us + pipe.path.delay_us() + extra_us)
        pipe.last_us = at
        self.loop.deliver_at(at, self._deliver, (pipe, message, ident))

    def _deliver(self, packet: tuple[Pipe, ChannelMessage, int]) -> None:
        pipe, message, ident = packet
        target = pipe.target
        if target.frozen:
            target.inbox.append(lambda: self._deliver(packet))
            return
        if pipe.path.verdict != "open":
            pipe.stuck.append((message, ident))
            return
        receive = pipe.port.receive
        if not target.alive or receive is None:
            self._lost(pipe, message, ident, "receiver gone")
            return
        self.deliveries += 1
        self.journal.append(
            (self.loop.now_us, "deliver", target.name, target.life, ident, message.label, pipe.from_text)
        )
        receive(message)

    def _lost(self, pipe: Pipe, message: ChannelMessage, ident: int, reason: str) -> None:
        self.journal.append(
            (self.loop.now_us, "drop", pipe.source.name, pipe.source.life, ident, message.label, pipe.to_text, reason)
        )


async def _sleep_us(loop: VirtualTimeLoop, us: int) -> None:
    future = loop.create_future()
    loop.deliver_at(loop.now_us + max(0, us), _wake, future)
    await future


def _wake(future: object) -> None:
    if not future.done():  # type: ignore[attr-defined]
        future.set_result(None)  # type: ignore[attr-defined]


def is_dotted(host: str) -> bool:
    """Whether the text is a dotted IPv4 address."""
    octets = host.split(".")
    return len(octets) == 4 and all(octet.isdigit() and int(octet) < 256 for octet in octets)


def hosts_table(lines: Iterable[str], name: str) -> dict[str, str]:
    """Read a table in the form of /etc/hosts; the first entry of a name wins, as the resolver has it."""
    table: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        words = line.split("#", 1)[0].split()
        if words and not is_dotted(words[0]):
            problems.append(f"{name}:{number}: {words[0]!r} is not an IPv4 address")
        else:
            for alias in words[1:]:
                table.setdefault(alias, words[0])
    if problems:
        raise InputError(*problems)
    return table


def link_stream(streams: Streams, *name: object) -> Random:
    """The stream of a link."""
    return streams.stream("link", *name)
