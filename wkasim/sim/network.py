"""The simulated network: hosts, ports, connections, and what TCP does when something is wrong.

Connections behave as TCP's do. A port on which nobody listens refuses at once. Where packets vanish, a connection
attempt is repeated until it gives up, so one that began in a partition may succeed after it; what was written to a
connection that is already open waits, is sent again at TCP's growing pauses, and arrives after the network has healed.
A frozen process still accepts connections until its backlog is full, for its operating system does that. Delivery is
in order per connection, whatever happens to it.

Faults are always checked: a path from a process to an address keeps a cached verdict, made anew when a fault changes.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Iterable, Mapping
from functools import partial
from heapq import heappush
from typing import Final

from attrs import define, field

from wkasim.members import Address
from wkasim.sim.journal import Journal
from wkasim.sim.links import (
    DIE_BITS,
    DIE_MODULUS,
    DIE_MULTIPLIER,
    LAN,
    RETRANSMISSIONS,
    SYN_RETRIES_S,
    SYN_TIMEOUT_S,
    Link,
    Path,
    Verdict,
    is_dotted,
    retransmission_us,
)
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.pipes import Message, Packet, Pipe, Port, Receive
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams
from wkasim.sim.rules import Rule, RuleBook

__all__ = ["LAN", "Link", "Network", "Path", "Pipe", "Port", "Rule", "Verdict", "is_dotted"]

_FIN_RETRIES: Final = 9
"""How often an operating system repeats the end of a connection for a process that is gone (tcp_orphan_retries)."""


@define(slots=True, eq=False)
class _Ties:
    """What connects one process with others: its paths, the pipes from it and those into it."""

    paths: dict[tuple[Address, str], Path] = field(factory=dict)
    pipes_from: dict[Pipe, None] = field(factory=dict)
    pipes_into: dict[Pipe, None] = field(factory=dict)


class Network:
    """Every host, port and connection of one simulated world.

    ``deliveries`` counts messages that arrived, ``probes`` the connections of failure detectors and admissions.
    """

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
        self.hosts: dict[str, str] = dict(hosts or {})
        self.default_link = link
        self.deliveries = 0
        self.probes = 0
        self._streams = streams
        self._record = journal.append
        self._arriving = self._arrive
        self._messages = 0
        self._ports: dict[Address, Port] = {}
        self._owners: dict[Address, str] = {}
        self._ties: dict[Process, _Ties] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._cuts: dict[tuple[str, str], Verdict] = {}
        self._down: dict[str, None] = {}
        self._rules = RuleBook()

    # Names and ports

    def resolve(self, host: str) -> str | None:
        """The address of a name in the hosts table, or of a dotted address; None if there is none."""
        if is_dotted(host):
            return host
        return self.hosts.get(host)

    def claim(self, address: Address, name: str) -> None:
        """Say which node an address belongs to before that node opens it, so that cuts by name reach it."""
        self._owners.setdefault(address, name)

    def port_at(self, address: Address) -> Port | None:
        """Who listens there."""
        return self._ports.get(address)

    def open_port(
        self,
        process: Process,
        address: Address,
        purpose: str,
        receive: Receive | None,
        answer: Receive | None = None,
    ) -> Port | None:
        """Open a port; None if it is taken."""
        if address in self._ports:
            return None
        port = Port(process, address, purpose, receive, self, answer)
        self._ports[address] = port
        self._owners[address] = process.name
        return port

    def close_port(self, port: Port) -> None:
        """Close a port if it is still open."""
        if self._ports.get(port.address) is port:
            del self._ports[port.address]

    def drop_process(self, process: Process, *, silently: bool = False) -> None:
        """The process, already marked as dead, is gone: its operating system closes its ports and connections.

        ``silently`` where the whole host is gone, so that nobody closes anything.
        """
        for address in [address for address, port in self._ports.items() if port.process is process]:
            del self._ports[address]
        ties = self._ties.pop(process, None)
        if ties is not None:
            for pipe in ties.pipes_from:
                self._tie(pipe.target).pipes_into.pop(pipe, None)
                self._give_up(pipe, "sender gone")
            for pipe in ties.pipes_into:
                if not silently:
                    self._finish((pipe, 0))
        while process.inbox:
            process.inbox.popleft()()

    def _tie(self, process: Process) -> _Ties:
        ties = self._ties.get(process)
        if ties is None:
            ties = _Ties()
            if process.alive:
                self._ties[process] = ties
        return ties

    def _finish(self, end: tuple[Pipe, int]) -> None:
        """Tell the source that its peer has closed the connection, again and again until a packet passes."""
        pipe, number = end
        if self._verdict_back(pipe.source, pipe.path.target_ip, pipe.path.target_name) == "open":
            pipe.break_off()
        elif number < _FIN_RETRIES:
            self.loop.deliver_at(self.loop.now_us + retransmission_us(number), self._finish, (pipe, number + 1))

    # Paths and faults

    def path(self, source: Process, target: Address, name: str | None = None) -> Path:
        """The path from a process to an address, made on first use; ``name`` is the target's if it is known."""
        if name is None:
            name = self._owners.get(target, "")
        paths = self._tie(source).paths
        path = paths.get((target, name))
        if path is None:
            link = self._link(source, target.ip, name)
            die = self._streams.number("link", source.key, target) % (DIE_MODULUS - 1) + 1
            verdict = self._verdict(source, target.ip, name)
            path = Path(source, target.ip, name, die)
            path.set(link, verdict)
            paths[target, name] = path
        return path

    def _link(self, source: Process, target_ip: str, target_name: str) -> Link:
        for left in (source.name, source.ip):
            for right in (target_name, target_ip):
                if (link := self._links.get((left, right))) is not None:
                    return link
        return self.default_link

    def _verdict(self, source: Process, target_ip: str, target_name: str) -> Verdict:
        if self._down and (source.ip in self._down or target_ip in self._down):
            return "silent"
        if self._cuts:
            for left in (source.name, source.ip):
                for right in (target_name, target_ip):
                    if (cut := self._cuts.get((left, right))) is not None:
                        return cut
        return "open"

    def _verdict_back(self, source: Process, target_ip: str, target_name: str) -> Verdict:
        """The answer must come back as well: a one-way cut looks like silence to the caller."""
        if self._down and (source.ip in self._down or target_ip in self._down):
            return "silent"
        if self._cuts:
            for left in (target_name, target_ip):
                for right in (source.name, source.ip):
                    if (left, right) in self._cuts:
                        return "silent"
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
        for ties in self._ties.values():
            for path in ties.paths.values():
                link = self._link(path.source, path.target_ip, path.target_name)
                path.set(link, self._verdict(path.source, path.target_ip, path.target_name))

    # Rules on messages

    def add_rule(self, rule: Rule) -> None:
        """Begin to drop, delay, duplicate or hold messages."""
        self._rules.add(rule)

    def release(self, message: str | None = None) -> None:
        """Let go what is held, all or of one kind, in the order in which it was sent, and hold no more of it."""
        for packet in self._rules.release(message):
            self._put(packet, 0)

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
                await _sleep_until(loop, at)
            verdict, port = self.try_connect(process, address)
            if verdict == "silent":
                continue
            if verdict == "unreachable":
                return verdict, None
            answer = loop.now_us + self.path(process, address).round_trip_us()
            if answer > deadline:
                break
            await _sleep_until(loop, answer)
            if port is not None and self._ports.get(address) is not port:
                return "refused", None
            return verdict, port
        await _sleep_until(loop, deadline)
        return "silent", None

    def try_connect(self, process: Process, address: Address) -> tuple[Verdict, Port | None]:
        """What one connection packet would meet right now."""
        path = self.path(process, address)
        if path.verdict != "open":
            return path.verdict, None
        if self._verdict_back(process, address.ip, path.target_name) != "open":
            return "silent", None
        port = self._ports.get(address)
        if port is None:
            return "refused", None
        return ("open", port) if port.accept() else ("silent", None)

    def pipe(self, process: Process, port: Port, *, web: bool = False) -> Pipe:
        """The sending half of a new connection from the process to the port, for channel messages or for HTTP."""
        path = self.path(process, port.address, port.process.name)
        pipe = Pipe(process, port, path, port.answer if web else port.receive)
        self._tie(process).pipes_from[pipe] = None
        self._tie(port.process).pipes_into[pipe] = None
        return pipe

    def forget(self, pipe: Pipe) -> None:
        """The connection was closed at this end; what was written to it before still goes its way."""
        self._tie(pipe.source).pipes_from.pop(pipe, None)
        self._tie(pipe.target).pipes_into.pop(pipe, None)

    # Messages

    def send(self, pipe: Pipe, message: Message) -> int:
        """Send a message down a pipe; returns the message's number in the journal."""
        self._messages = ident = self._messages + 1
        source, path, loop = pipe.source, pipe.path, self.loop
        now = loop.now_us
        self._record((now, "send", source.name, source.life, ident, message.label, pipe.to_text, message.detail))
        if not path.smooth or pipe.stuck or self._rules.active:
            self._send_hindered(pipe, message, ident)
            return ident
        # The same as _put, without its calls.
        path.die = die = path.die * DIE_MULTIPLIER % DIE_MODULUS
        at = now + path.latency_us + (die * path.jitter_us >> DIE_BITS)
        if at < pipe.last_us:
            at = pipe.last_us
        pipe.last_us = at
        loop.sequence = sequence = loop.sequence + 1
        heappush(loop.heap, (at, sequence, self._arriving, (pipe, message, ident)))
        return ident

    def _send_hindered(self, pipe: Pipe, message: Message, ident: int) -> None:
        """Send where a rule, a cut, loss or what waits already stands in the way."""
        if self._apply_rule(pipe, message, ident):
            return
        if pipe.path.verdict != "open" or pipe.stuck:
            self._blocked(pipe, message, ident)
        else:
            self._put((pipe, message, ident), 0)

    def _apply_rule(self, pipe: Pipe, message: Message, ident: int) -> bool:
        """Apply the first rule that matches; say whether the message is dealt with."""
        active = self._rules.first_match(pipe, message)
        match active.rule.action if active is not None else "none":
            case "drop":
                self._lost(pipe, message, ident, "dropped by rule")
                return True
            case "hold":
                assert active is not None
                active.held.append((pipe, message, ident))
                return True
            case "delay":
                assert active is not None
                self._put((pipe, message, ident), active.rule.delay_us)
                return True
            case "duplicate":
                self._put((pipe, message, ident), 0)
        return False

    def _put(self, packet: Packet, extra_us: int) -> None:
        pipe = packet[0]
        pipe.last_us = max(pipe.last_us, self.loop.now_us + pipe.path.delay_us() + extra_us)
        self.loop.deliver_at(pipe.last_us, self._arrive, packet)

    def _arrive(self, packet: Packet) -> None:
        """A packet has come to the target's host, or to the point where the path is cut."""
        pipe, message, ident = packet
        if pipe.path.verdict != "open" or pipe.stuck:
            self._blocked(pipe, message, ident)
            return
        target = pipe.target
        if target.frozen:
            target.inbox.append(partial(self._hand_over, packet))
            return
        receive = pipe.receive
        if receive is None or not target.alive:
            self._hand_over(packet)
            return
        self.deliveries += 1
        self.journal.append(
            (self.loop.now_us, "deliver", target.name, target.life, ident, message.label, pipe.source.name)
        )
        receive(message)
        if pipe.unacknowledged:
            self._acknowledge(pipe, ident)

    def _hand_over(self, packet: Packet) -> None:
        """Give a packet to a process that may have been frozen or killed, or that may not read."""
        pipe, message, ident = packet
        target, receive = pipe.target, pipe.receive
        if not target.alive:
            self._lost(pipe, message, ident, "receiver gone")
            pipe.break_off()
        elif receive is None:
            self._lost(pipe, message, ident, "never read")
        else:
            self.deliveries += 1
            self._record((self.loop.now_us, "deliver", target.name, target.life, ident, message.label, pipe.from_text))
            receive(message)
            self._acknowledge(pipe, ident)

    def _lost(self, pipe: Pipe, message: Message, ident: int, reason: str) -> None:
        self._record(
            (self.loop.now_us, "drop", pipe.source.name, pipe.source.life, ident, message.label, pipe.to_text, reason)
        )

    # Retransmission and acknowledgement

    def _blocked(self, pipe: Pipe, message: Message, ident: int) -> None:
        """The packet cannot pass now: keep it for the next retransmission, behind what waits already."""
        if not pipe.source.alive:
            self._lost(pipe, message, ident, "sender gone")
        elif pipe.path.verdict == "refused":
            self._lost(pipe, message, ident, "connection reset")
            pipe.break_off()
        else:
            if not pipe.stuck:
                pipe.repeats = 0
                self.loop.deliver_at(self.loop.now_us + retransmission_us(0), self._retransmit, pipe)
            insort(pipe.stuck, (ident, message), key=_number)

    def _retransmit(self, pipe: Pipe) -> None:
        """Send again what is stuck, if it passes now; TCP gives up after a quarter of an hour."""
        if pipe.path.verdict == "open":
            stuck, pipe.stuck = pipe.stuck, []
            for ident, message in stuck:
                self._put((pipe, message, ident), 0)
        elif pipe.repeats == RETRANSMISSIONS:
            self._give_up(pipe, "connection timed out")
            pipe.break_off()
        elif pipe.stuck:
            pipe.repeats += 1
            self.loop.deliver_at(self.loop.now_us + retransmission_us(pipe.repeats), self._retransmit, pipe)

    def _give_up(self, pipe: Pipe, reason: str) -> None:
        stuck, pipe.stuck = pipe.stuck, []
        for ident, message in stuck:
            self._lost(pipe, message, ident, reason)

    def acknowledgement(self, pipe: Pipe, ident: int) -> asyncio.Future[bool]:
        """What to await after :meth:`send`: True once the receiver has the message, False if the connection broke.

        The number 0 is that of no message: it stands for the connection, and only ever ends as False.
        """
        future: asyncio.Future[bool] = self.loop.create_future()
        if pipe.lost:
            future.set_result(False)
        else:
            pipe.unacknowledged[ident] = future
        return future

    def _acknowledge(self, pipe: Pipe, ident: int) -> None:
        future = pipe.unacknowledged.pop(ident, None)
        path = pipe.path
        if future is not None and self._verdict_back(pipe.source, path.target_ip, path.target_name) == "open":
            self.loop.deliver_at(self.loop.now_us + path.delay_us(), _acknowledged, future)


def _number(stuck: tuple[int, Message]) -> int:
    return stuck[0]


def _acknowledged(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(True)


async def _sleep_until(loop: VirtualTimeLoop, when_us: int) -> None:
    future: asyncio.Future[None] = loop.create_future()
    loop.deliver_at(when_us, _wake, future)
    await future


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
