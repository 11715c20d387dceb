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
    DELAYS,
    LAN,
    RETRANSMISSIONS,
    Conditions,
    Link,
    Path,
    Verdict,
    is_dotted,
    retransmission_us,
    syn_moments,
)
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.pipes import Message, Packet, Pipe, Port, Receive, Stuck
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams
from wkasim.sim.rules import Rule, RuleBook

__all__ = ["LAN", "Link", "Network", "Path", "Pipe", "Port", "Rule", "Verdict", "is_dotted"]

_FIN_RETRIES: Final = 9
"""How often an operating system repeats the end of a connection for a process that is gone (tcp_orphan_retries)."""


@define(slots=True, eq=False)
class _Ties:
    """What connects one process with others: its paths, the pipes from it and those into it.

    ``paths_to`` are those to whoever owns an address now.
    """

    paths: dict[tuple[Address, str], Path] = field(factory=dict)
    paths_to: dict[Address, Path] = field(factory=dict)
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
        self._note = journal.note
        self._arriving = self._arrive
        self._events = loop.events
        self._times = loop.times
        self._messages = 0
        self._ports: dict[Address, Port] = {}
        self._owners: dict[Address, str] = {}
        self._ties: dict[Process, _Ties] = {}
        self._known_conditions: dict[tuple[Link, Verdict], Conditions] = {}
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
        if address not in self._owners:
            self._own(address, name)

    def _own(self, address: Address, name: str) -> None:
        if self._owners.get(address) != name:
            self._owners[address] = name
            for ties in self._ties.values():
                ties.paths_to.pop(address, None)

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
        self._own(address, process.name)
        return port

    def close_port(self, port: Port) -> None:
        """Close a port if it is still open."""
        if self._ports.get(port.address) is port:
            del self._ports[port.address]
        while port.unread:
            self._lost(port.unread.popleft(), "never read")

    def reads_otherwise(self, port: Port) -> None:
        """A port has begun or ceased to take what comes."""
        self._assess_all_into(self._tie(port.process))

    def drop_process(self, process: Process, *, silently: bool = False) -> None:
        """The process dies, and its operating system closes its ports and connections.

        ``silently`` where the whole host is gone, so that nobody closes anything.
        """
        process.die()
        ports = [port for port in self._ports.values() if port.process is process]
        for port in ports:
            del self._ports[port.address]
        ties = self._ties.pop(process, None)
        if ties is not None:
            for pipe in ties.pipes_from:
                self._tie(pipe.target).pipes_into.pop(pipe, None)
                pipe.hindered = True
                self._give_up(pipe, "sender gone")
            for pipe in ties.pipes_into:
                if not silently:
                    self._finish((pipe, 0))
        while process.inbox:
            process.inbox.popleft()()
        for port in ports:
            while port.unread:
                self.hand_over(port.unread.popleft())

    def _tie(self, process: Process) -> _Ties:
        ties = self._ties.get(process)
        if ties is None:
            ties = _Ties()
            if process.alive:
                self._ties[process] = ties
                process.on_change = partial(self._assess_all_into, ties)
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
        ties = self._ties.get(source) or self._tie(source)
        if name is None:
            path = ties.paths_to.get(target)
            if path is None:
                path = ties.paths_to[target] = self._path(ties, source, target, self._owners.get(target, ""))
            return path
        return self._path(ties, source, target, name)

    def _path(self, ties: _Ties, source: Process, target: Address, name: str) -> Path:
        path = ties.paths.get((target, name))
        if path is None:
            conditions = self._conditions(source, target.ip, name)
            path = Path(source, target.ip, name, conditions, self._streams.number("link", source.key, target))
            ties.paths[target, name] = path
        return path

    def _conditions(self, source: Process, target_ip: str, target_name: str) -> Conditions:
        link = self._link(source, target_ip, target_name)
        verdict = self._verdict(source, target_ip, target_name)
        conditions = self._known_conditions.get((link, verdict))
        if conditions is None:
            self._known_conditions[link, verdict] = conditions = Conditions(link, verdict)
        return conditions

    def _link(self, source: Process, target_ip: str, target_name: str) -> Link:
        if self._links:
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
        """The answer must come back as well: a one-way cut looks like silence to the caller.

        One that refuses is a firewall that lets nobody in; answers to who is inside pass.
        """
        if self._down and (source.ip in self._down or target_ip in self._down):
            return "silent"
        if self._cuts:
            for left in (target_name, target_ip):
                for right in (source.name, source.ip):
                    if self._cuts.get((left, right), "refused") != "refused":
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
                path.conditions = self._conditions(path.source, path.target_ip, path.target_name)
        self._assess_all()

    def _assess_all(self) -> None:
        for ties in self._ties.values():
            for pipe in ties.pipes_from:
                self._assess(pipe)

    def _assess_if_tied(self, pipe: Pipe) -> None:
        if pipe in self._tie(pipe.source).pipes_from:
            self._assess(pipe)

    def _assess_all_into(self, ties: _Ties) -> None:
        for pipe in ties.pipes_into:
            self._assess(pipe)

    def _assess(self, pipe: Pipe) -> None:
        """See whether a message can go from hand to hand without a look at anything else."""
        conditions = pipe.path.conditions
        pipe.delays = conditions.delays
        pipe.hindered = not (
            conditions.smooth
            and pipe.stuck is None
            and pipe.unacknowledged is None
            and pipe.receive is not None
            and not pipe.target.stopped
            and not pipe.port.held
            and not self._rules.active
        )

    # Rules on messages

    def add_rule(self, rule: Rule) -> None:
        """Begin to drop, delay, duplicate or hold messages."""
        self._rules.add(rule)
        self._assess_all()

    def release(self, message: str | None = None) -> None:
        """Let go what is held, all or of one kind, in the order in which it was sent, and hold no more of it."""
        for packet in self._rules.release(message):
            self._put(packet, 0)
        self._assess_all()

    def clear_rules(self) -> None:
        """No rule from now on; what is held is released."""
        self.release()
        self._rules.clear()
        self._assess_all()

    # Connecting

    async def connect(self, process: Process, address: Address, timeout_s: float) -> tuple[Verdict, Port | None]:
        """Try to connect, as TCP does; the verdict after the time it takes.

        "silent" means that the time ran out. The port is None unless the verdict is "open".
        """
        return self.connect_at_once(process, address, timeout_s) or await self._connect(process, address, timeout_s)

    def connect_at_once(
        self, process: Process, address: Address, timeout_s: float
    ) -> tuple[Verdict, Port | None] | None:
        """Connect where nothing hinders and nothing else happens before the answer is there; None where it may.

        Failure detectors probe everybody all the time, and nearly always it is as simple as this.
        """
        path = self.path(process, address)
        conditions, port = path.conditions, self._ports.get(address)
        if conditions.verdict != "open" or (port is not None and port.process.frozen):
            return None
        if (self._cuts or self._down) and self._verdict_back(process, address.ip, path.target_name) != "open":
            return None
        loop = self.loop
        now = loop.now_us
        if not conditions.smooth and (path.loses(now) or path.loses(now, back=True)):
            return None
        delays = conditions.delays
        arrival = now + delays[(now + path.salt) % DELAYS]
        answer = arrival + delays[(arrival + path.salt_back) % DELAYS]
        if answer - now > timeout_s * 1e6 or not loop.skip_to(answer):
            return None
        return ("refused" if port is None else "open"), port

    async def _connect(self, process: Process, address: Address, timeout_s: float) -> tuple[Verdict, Port | None]:
        loop = self.loop
        began = loop.now_us
        *resent, given_up = syn_moments(began)
        deadline = min(began + round(timeout_s * 1e6), given_up)
        for at in (began, *resent):
            if at >= deadline:
                break
            if at > loop.now_us:
                await loop.sleep_until_us(at)
            verdict, port = self.try_connect(process, address)
            if verdict == "silent":
                continue
            if verdict == "unreachable":
                return verdict, None
            path = self.path(process, address)
            arrival = loop.now_us + path.latency_us(loop.now_us)
            answer = arrival + path.latency_us(arrival, back=True)
            if answer > deadline:
                break
            await loop.sleep_until_us(answer)
            if port is not None and self._ports.get(address) is not port:
                return "refused", None
            return verdict, port
        if deadline > loop.now_us:  # A process that was frozen meanwhile finds its time over.
            await loop.sleep_until_us(deadline)
        return "silent", None

    def try_connect(self, process: Process, address: Address) -> tuple[Verdict, Port | None]:
        """What one connection packet would meet right now."""
        path = self.path(process, address)
        now, verdict = self.loop.now_us, path.conditions.verdict
        if path.loses(now):
            return "silent", None
        if verdict != "open":
            return verdict, None
        if self._verdict_back(process, address.ip, path.target_name) != "open" or path.loses(now, back=True):
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
        self._assess(pipe)
        return pipe

    def forget(self, pipe: Pipe) -> None:
        """The connection was closed at this end; what was written to it before still goes its way."""
        self._tie(pipe.source).pipes_from.pop(pipe, None)
        self._tie(pipe.target).pipes_into.pop(pipe, None)
        pipe.hindered = True  # Nobody tells it of changes any more, so it has to look.

    # Messages

    def send(self, pipe: Pipe, message: Message) -> int:
        """Send a message down a pipe; returns the message's number in the journal."""
        self._messages = ident = self._messages + 1
        loop = self.loop
        now = loop.now_us
        self._note((now, pipe, ident, message.label, message.detail))
        packet = (self._arriving, pipe, message, ident)
        if pipe.hindered:
            self._send_hindered(packet)
            return ident
        # The same as _put, without its calls.
        at = now + pipe.delays[(now + pipe.salt) % DELAYS]
        if at < pipe.last_us:
            at = pipe.last_us
        pipe.last_us = at
        events = self._events
        if at in events:
            loop.plan(at, packet)
        else:
            events[at] = packet
            heappush(self._times, at)
        return ident

    def _send_hindered(self, packet: Packet) -> None:
        """Send where a rule, a cut, loss or what waits already may stand in the way."""
        pipe = packet[1]
        if self._apply_rule(packet):
            return
        if self._is_blocked(pipe):
            self._block(packet)
        elif self._is_reset(pipe):
            self._lost(packet, "connection reset")
            pipe.break_off()
        else:
            self._put(packet, 0)

    def _is_reset(self, pipe: Pipe) -> bool:
        """Whether the other end is gone and its host there to say so; its farewell was lost."""
        if pipe.target.alive:
            return False
        return self._verdict_back(pipe.source, pipe.path.target_ip, pipe.path.target_name) == "open"

    def _is_blocked(self, pipe: Pipe) -> bool:
        return pipe.stuck is not None or self._verdict_on(pipe) != "open"

    def _verdict_on(self, pipe: Pipe) -> Verdict:
        return self._verdict(pipe.source, pipe.path.target_ip, pipe.path.target_name)

    def _apply_rule(self, packet: Packet) -> bool:
        """Apply the first rule that matches; say whether the message is dealt with."""
        active = self._rules.first_match(packet[1], packet[2])
        if active is None:
            return False
        match active.rule.action:
            case "drop":
                self._lost(packet, "dropped by rule")
            case "hold":
                active.held.append(packet)
            case "delay":
                self._put(packet, active.rule.delay_us)
            case "duplicate":
                self._put(packet, 0)
                return False
        return True

    def _put(self, packet: Packet, extra_us: int) -> None:
        pipe, now = packet[1], self.loop.now_us
        pipe.last_us = max(pipe.last_us, now + pipe.path.delay_us(now) + extra_us)
        self.loop.plan(pipe.last_us, packet)

    def _arrive(self, packet: Packet) -> None:
        """A packet has come to the target's host, or to the point where the path is cut."""
        _, pipe, message, ident = packet
        if pipe.hindered:
            self._arrive_hindered(packet)
        else:
            # The same as hand_over, without its call.
            self.deliveries += 1
            self._note((self.loop.now_us, pipe, ident, message.label, None))
            pipe.receive(message)  # type: ignore[misc]  # A pipe that nobody reads is hindered.

    def _arrive_hindered(self, packet: Packet) -> None:
        pipe = packet[1]
        if self._is_blocked(pipe):
            self._block(packet)
        elif pipe.target.frozen:
            pipe.target.inbox.append(partial(self._come_in, packet))
        else:
            self._come_in(packet)

    def _come_in(self, packet: Packet) -> None:
        """A packet lies in the target's socket; somebody reads it, or will."""
        port = packet[1].port
        if port.held and port.process.alive:
            port.unread.append(packet)
        else:
            self.hand_over(packet)

    def hand_over(self, packet: Packet) -> None:
        """Give a packet to a process that may have been frozen or killed, or that may not read."""
        _, pipe, message, ident = packet
        receive = pipe.receive
        if not pipe.target.alive:
            self._lost(packet, "receiver gone")
            if self._verdict_back(pipe.source, pipe.path.target_ip, pipe.path.target_name) == "open":
                pipe.break_off()
        elif receive is None:
            self._lost(packet, "never read")
        else:
            self.deliveries += 1
            self._note((self.loop.now_us, pipe, ident, message.label, None))
            receive(message)
            if pipe.unacknowledged is not None:
                self._acknowledge(pipe, ident)

    def _lost(self, packet: Packet, reason: str) -> None:
        _, pipe, message, ident = packet
        source, now = pipe.source, self.loop.now_us
        self.journal.append((now, "drop", source.name, source.life, ident, message.label, pipe.port.text, reason))

    # Retransmission and acknowledgement

    def _block(self, packet: Packet) -> None:
        """The packet cannot pass now: keep it for the next retransmission, behind what waits already."""
        pipe = packet[1]
        if not pipe.source.alive:
            self._lost(packet, "sender gone")
        elif self._verdict_on(pipe) == "refused":
            self._lost(packet, "connection reset")
            pipe.break_off()
        else:
            if pipe.stuck is None:
                pipe.stuck = Stuck()
                pipe.hindered = True
                self.loop.deliver_at(self.loop.now_us + retransmission_us(0), self._retransmit, pipe)
            insort(pipe.stuck.packets, packet, key=_number)

    def _retransmit(self, pipe: Pipe) -> None:
        """Send again what is stuck, if it passes now; TCP gives up after a quarter of an hour."""
        stuck = pipe.stuck
        if stuck is None:
            return  # The sender's process is gone.
        if self._verdict_on(pipe) == "open":
            pipe.stuck = None
            for packet in stuck.packets:
                self._put(packet, 0)
            self._assess_if_tied(pipe)
        elif stuck.repeats == RETRANSMISSIONS:
            self._give_up(pipe, "connection timed out")
            pipe.break_off()
        else:
            stuck.repeats += 1
            self.loop.deliver_at(self.loop.now_us + retransmission_us(stuck.repeats), self._retransmit, pipe)

    def _give_up(self, pipe: Pipe, reason: str) -> None:
        stuck, pipe.stuck = pipe.stuck, None
        if stuck is not None:
            for packet in stuck.packets:
                self._lost(packet, reason)

    def acknowledgement(self, pipe: Pipe, ident: int) -> asyncio.Future[bool]:
        """What to await after :meth:`send`: True once the receiver has the message, False if the connection broke.

        The number 0 is that of no message: it stands for the connection, and only ever ends as False.
        """
        future: asyncio.Future[bool] = self.loop.create_future()
        if pipe.lost:
            future.set_result(False)
        else:
            if pipe.unacknowledged is None:
                pipe.unacknowledged = {}
            pipe.unacknowledged[ident] = future
            pipe.hindered = True
        return future

    def _acknowledge(self, pipe: Pipe, ident: int) -> None:
        assert pipe.unacknowledged is not None
        future = pipe.unacknowledged.pop(ident, None)
        path = pipe.path
        if not pipe.unacknowledged:
            pipe.unacknowledged = None
            self._assess_if_tied(pipe)
        if future is not None and self._verdict_back(pipe.source, path.target_ip, path.target_name) == "open":
            now = self.loop.now_us
            self.loop.deliver_at(now + path.delay_us(now, back=True), _acknowledged, future)


def _number(packet: Packet) -> int:
    return packet[3]


def _acknowledged(future: asyncio.Future[bool]) -> None:
    if not future.done():
        future.set_result(True)
