"""Who is alive: the list of everybody ever learnt, the probes, and the two threads that make them.

The failure detector opens a TCP connection to a member, writes a 64-byte frame and closes. It reads nothing, so a
process that hangs is alive to it. Two kinds of check exist. The *basic* check looks for members that it does not know
yet and warns of each; the *forced* check looks at everybody, without a word. A heartbeat thread sleeps 5 seconds and
makes a basic, then a forced check; a ping thread sleeps 10 seconds and makes a forced check. Members are probed one
after another, and the whole check holds the detector's lock, also while a listener sends messages because of what
was found (docs/protocol.md, "Failure detection").
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from wkasim.errors import ThreadDeathError
from wkasim.members import Address, Member, absolute_order, tribes_text
from wkasim.node.channel import Channel, MembershipListener
from wkasim.node.coordinator import Coordinator
from wkasim.node.environment import Environment
from wkasim.node.locks import Monitor
from wkasim.transport.base import ConnectError, HostUnreachableError

__all__ = ["FailureDetector", "StaticMembers"]


class StaticMembers:
    """Everybody ever learnt, well-known or joined; nothing is ever pruned, and it says who is probed.

    The first descriptor of an address wins, so a well-known member's entry keeps the payload "ping" for ever, even
    after its JOIN (defect D12). A load balancer's filter does not hide its primary members, so those are probed
    twice there.
    """

    def __init__(self, primary: Callable[[], Iterable[Member]] | None = None) -> None:
        self._members: dict[Address, Member] = {}
        self._primary = primary
        self._sorted: list[Member] | None = None

    def add(self, member: Member) -> None:
        """Learn a member; ignored if the address is known."""
        if member.address not in self._members:
            self._members[member.address] = member
            self._sorted = None

    def in_arrival_order(self) -> tuple[Member, ...]:
        """The members as they were learnt."""
        return tuple(self._members.values())

    def to_probe(self) -> list[Member]:
        """Everybody, in the absolute order; where an address stands twice, the primary manager's entry first."""
        if self._primary is not None:
            both = [*self._primary(), *self._members.values()]
            return sorted(both, key=lambda member: absolute_order(member.address))
        if self._sorted is None:
            self._sorted = sorted(self._members.values(), key=lambda member: absolute_order(member.address))
        return self._sorted


class FailureDetector:
    """The TcpFailureDetector and the two threads that drive it."""

    def __init__(
        self, environment: Environment, channel: Channel, static: StaticMembers, upward: MembershipListener
    ) -> None:
        self._environment = environment
        self._channel = channel
        self._static = static
        self._upward = upward
        self._alive: dict[Address, Member] = {}
        self._remove_suspects: dict[Address, Member] = {}
        self._add_suspects: dict[Address, Member] = {}
        self._lock = Monitor()
        self._log = environment.log.bind(component="TcpFailureDetector")
        channel.on_faulty = self.member_disappeared

    # Events from below and failed sends

    async def announce_static_members(self) -> None:
        """What the thread does that starts with the channel: announce each static member from below."""
        for member in self._static.in_arrival_order():
            await self.member_added(member)

    async def member_added(self, member: Member) -> None:
        """A member was announced; pass it on if it answers, else keep it as a suspect."""
        notify = False
        async with self._lock:
            suspect = self._remove_suspects.pop(member.address, None)
            if suspect is None and member.address not in self._alive:
                if await self._is_alive(member):
                    self._alive[member.address] = member
                    notify = True
                else:
                    self._add_suspects[member.address] = member
        if notify:
            await self._upward.member_added(member)

    async def member_disappeared(self, member: Member) -> None:
        """A send failed; probe the member and believe the probe."""
        text = tribes_text(member)
        self._log.info("member_disappeared_verify", tribes=text)
        async with self._lock:
            if member.address not in self._alive:
                self._log.info("member_already_disappeared", tribes=text)
                return
            gone = not await self._is_alive(member)
            if gone:
                self._alive.pop(member.address, None)
                self._remove_suspects.pop(member.address, None)
            else:
                self._remove_suspects[member.address] = member
        if gone:
            self._log.info("member_disappeared_confirmed", tribes=text)
            await self._upward.member_disappeared(member)
        else:
            self._log.info("member_still_alive", tribes=text)

    # The checks

    async def basic_check(self) -> None:
        """Look for living members that are not known yet, then look at the suspects."""
        async with self._lock:
            for member in self._static.to_probe():
                if member.address == self._channel.local.address or member.address in self._alive:
                    continue
                if await self._is_alive(member):
                    self._alive[member.address] = member
                    self._log.warning("unnotified_member_added", tribes=tribes_text(member))
                    await self._upward.member_added(member)
            await self._check_suspects()

    async def _check_suspects(self) -> None:
        for member in list(self._remove_suspects.values()):
            if member.address in self._alive and not await self._is_alive(member):
                self._alive.pop(member.address, None)
                await self._upward.member_disappeared(member)
                self._remove_suspects.pop(member.address, None)
                self._log.info("suspect_dead", tribes=tribes_text(member))
        for member in list(self._add_suspects.values()):
            if member.address not in self._alive and await self._is_alive(member):
                self._alive[member.address] = member
                await self._upward.member_added(member)
                self._add_suspects.pop(member.address, None)
                self._log.info("suspect_alive", tribes=tribes_text(member))

    async def forced_check(self) -> None:
        """Look at everybody: who is new comes, who is dead goes."""
        local = self._channel.local.address
        async with self._lock:
            for member in self._static.to_probe():
                address = member.address
                if address == local:
                    continue
                alive = self._is_alive_at_once(member)
                if alive is None:
                    alive = await self._probe(member)
                if alive:
                    if address not in self._alive:
                        self._alive[address] = member
                        await self._upward.member_added(member)
                    self._add_suspects.pop(address, None)
                elif self._alive.pop(address, None) is not None:
                    self._remove_suspects.pop(address, None)
                    await self._upward.member_disappeared(member)

    async def _is_alive(self, member: Member) -> bool:
        alive = self._is_alive_at_once(member)
        return await self._probe(member) if alive is None else alive

    def _is_alive_at_once(self, member: Member) -> bool | None:
        return self._environment.transport.probe_at_once(member.address, self._environment.profile.detector_connect_s)

    async def _probe(self, member: Member) -> bool:
        try:
            timeout_s = self._environment.profile.detector_connect_s
            await self._environment.transport.probe(member.address, timeout_s, test_member=member)
        except HostUnreachableError:
            self._log.error("failure_check_error")
            return False
        except ConnectError:
            return False
        return True

    # The threads

    async def heartbeat_thread(self, coordinator: Coordinator | None) -> None:
        """Sleep, then check; the pause begins when the check has ended."""
        environment = self._environment
        while True:
            await environment.sleep(environment.profile.heartbeat_s)
            environment.record("timer", "heartbeat")
            if coordinator is not None:
                await coordinator.heartbeat()
            self._channel.sender.keep_alive()
            await self._check(self.basic_check)
            await self._check(self.forced_check)

    async def ping_thread(self) -> None:
        """Sleep, then make a forced check."""
        while True:
            await self._environment.sleep(self._environment.profile.ping_s)
            self._environment.record("timer", "ping")
            await self._check(self.forced_check)

    async def _check(self, check: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Make a check; what a listener throws ends the check, not the thread."""
        try:
            await check()
        except ThreadDeathError:
            self._log.warning("heartbeat_failed")
