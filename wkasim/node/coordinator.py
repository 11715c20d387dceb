"""The election that sits on top of the stack, and what it does to membership.

The NonBlockingCoordinator passes a token around the members in absolute order; when the token comes back unchanged its
first member confirms the view to all. Nobody in this cluster uses the view, yet the election shapes the logs, for
every token carries a list of members, and whoever receives it probes those it does not know and announces them. So
members appear through the coordinator before their JOIN does. And a node that does not sort first *waits* up to 15
seconds for a token: at its start, before "Local Member" (defect D14), or on whatever thread announced a member, also
the heartbeat thread that holds the failure detector's lock (defect D15).

    main, at start        alone in its own membership: accepts a view of one, at once
                          sees others and sorts first: sends a token
                          sees others and does not sort first: waits for a token, 15 s at most
    thread of the static members   adds each well-known member at the same time; who is faster is a race
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wkasim.members import Address, Member, absolute_order, tribes_host, tribes_text
from wkasim.messages import USE_ACK, Coordination, on_the_wire
from wkasim.node.channel import Channel
from wkasim.node.environment import Environment, Pacer
from wkasim.node.locks import Monitor
from wkasim.node.sender import SendError
from wkasim.transport.base import ConnectError

__all__ = ["Coordinator"]


class Coordinator:
    """One node's part in the election; a membership listener towards the failure detector below it."""

    def __init__(self, environment: Environment, channel: Channel, pacer: Pacer) -> None:
        self._environment = environment
        self._channel = channel
        self._pacer = pacer
        self._members: dict[Address, Member] = {}
        self._view: dict[Address, Member] | None = None
        self._view_id: str | None = None
        self._suggested: dict[Address, Member] | None = None
        self._suggested_id: str | None = None
        self._message_received = False
        self._started = False
        self._mutex = Monitor()
        self._number = 0
        self._log = environment.log.bind(component="NonBlockingCoordinator")
        channel.on_coordination = self.receive

    # Starting and the heartbeat

    async def started(self) -> None:
        """The channel below has started: hold the first election on the main thread."""
        self._started = True
        self._view = {}
        await self._elect(force=False)

    async def heartbeat(self) -> None:
        """If the view is not the membership and this node sorts first, elect."""
        if self._view is not None and set(self._view) ^ set(self._members) and self._is_highest():
            await self._try_election("coordinator_heartbeat_failed", force=True)

    # Membership events from below

    async def member_added(self, member: Member) -> None:
        """A member was seen by the failure detector: pass it up, then elect."""
        await self._add(member)
        if self._started:
            await self._try_election("election_add_failed", force=False)

    async def _add(self, member: Member) -> None:
        if member.address not in self._members:
            self._members[member.address] = member
            await self._channel.member_added(member)

    async def member_disappeared(self, member: Member) -> None:
        """A member is gone: pass it up; the first in order elects."""
        self._members.pop(member.address, None)
        await self._channel.member_disappeared(member)
        if self._started and (self._is_coordinator() or self._is_highest()):
            await self._try_election("election_remove_failed", force=True)

    async def _try_election(self, failure: str, *, force: bool) -> None:
        try:
            await self._elect(force=force)
        except SendError:
            self._log.error(failure)

    # The election

    async def _elect(self, *, force: bool) -> None:
        async with self._mutex:
            local, others = self._channel.local, self._others()
            if not others:
                self._view = {}
                await self._accept(Coordination(local, local, (local,), self._new_id()), (local,))
                return
            if self._suggested_id is not None:
                if self._suggested is not None and self._view is not None and set(self._suggested) == set(self._view):
                    self._forget_suggestion()
                return
            if self._view is not None and set(self._view) == set(self._members):
                return
            first = absolute_order(local.address) < absolute_order(others[0].address)
            if first or force:
                await self._send_request(local, others, local if first else others[0])
            else:
                self._message_received = False
                await self._mutex.wait(self._environment.profile.coordinator_wait_s)

    async def _send_request(self, local: Member, others: Sequence[Member], leader: Member) -> None:
        everybody = self._encoded([local, *others])
        token = Coordination(leader, local, everybody, self._new_id())
        self._suggested_id = token.id
        self._suggested = {member.address: member for member in everybody if member.address != local.address}
        await self._pacer.take("election")
        await self._channel.send((others[0],), token, USE_ACK)

    async def _send_on(self, token: Coordination) -> None:
        """Hand the token to the next in its list; whom it cannot reach is skipped."""
        await self._pacer.take("election")
        members = token.view
        token = token.with_view(self._encoded(members), leader=members[0])
        addresses = [member.address for member in members]
        local = self._channel.local.address
        start = addresses.index(local) if local in addresses else -1
        for step in range(1, len(members) + 1):
            following = members[(start + step) % len(members)]
            try:
                await self._channel.send((following,), token, USE_ACK)
            except SendError:
                self._log.warning("election_send_failed", tribes=tribes_text(following))
                if step == len(members):
                    raise
            else:
                return

    async def receive(self, message: Coordination) -> None:
        """A token or a confirmed view arrived."""
        await self._pacer.take("election")
        try:
            if not self._message_received:
                self._message_received = True
                async with self._mutex:
                    self._mutex.notify_all()
            merged = await self._merge(message)
            if message.confirmed:
                await self._accept(message, merged)
            elif message.source == self._channel.local:
                await self._own_token(message, merged)
            elif message.leader != self._channel.local:
                await self._send_on(message.with_view(merged))
        except SendError:
            self._log.error("coordination_failed")

    async def _merge(self, message: Coordination) -> tuple[Member, ...]:
        """The members of the message and the own ones; strangers are probed and announced."""
        local = self._channel.local
        merged = {member.address: member for member in message.view if member.address != local.address}
        for member in self._others():
            merged.setdefault(member.address, member)
        for member in in_order(merged.values()):
            if member.address in self._members:
                continue
            if await self._is_alive(member):
                await self._add(member)
            else:
                del merged[member.address]
        return in_order([local, *merged.values()])

    async def _own_token(self, token: Coordination, merged: tuple[Member, ...]) -> None:
        local = self._channel.local
        if token.leader != local:
            self._forget_suggestion()
            await self._send_on(token.with_view(merged))
        elif {member.address for member in token.view} == {member.address for member in merged}:
            confirmed = Coordination(token.leader, token.source, token.view, token.id, confirmed=True)
            receivers = [member for member in token.view if member != local]
            await self._channel.send(receivers, confirmed, USE_ACK)
            await self._accept(confirmed, merged)
        else:
            self._suggested_id = token.id
            self._suggested = {member.address: member for member in merged if member != local}
            await self._send_on(token.with_view(merged))

    async def _accept(self, message: Coordination, merged: tuple[Member, ...]) -> None:
        """Install a view; if it shows that somebody sorts before its first member, elect again."""
        if self._view_id == message.id:
            return
        local = self._channel.local
        self._view = {member.address: member for member in message.view if member != local}
        self._view_id = message.id
        if self._view_id == self._suggested_id:
            self._forget_suggestion()
        if self._suggested is not None:
            suggested_first = in_order([local, *self._suggested.values()])[0]
            if absolute_order(suggested_first.address) < absolute_order(merged[0].address):
                self._forget_suggestion()
        self._log_view()
        await self._pacer.take("view")
        others = self._others()
        higher = others and absolute_order(merged[0].address) > absolute_order(others[0].address)
        if self._suggested_id is None and higher:
            await self._elect(force=False)

    # Small things

    def _encoded(self, members: Iterable[Member]) -> tuple[Member, ...]:
        """The members in order, as the receiver will decode them."""
        now_ms = self._environment.wall_ms()
        return in_order(on_the_wire(member, member.alive_ms or now_ms) for member in members)

    def _others(self) -> tuple[Member, ...]:
        return in_order(self._members.values())

    def _new_id(self) -> str:
        self._number += 1
        return f"{self._channel.local.address}/{self._environment.wall_ms()}/{self._number}"

    def _forget_suggestion(self) -> None:
        self._suggested = None
        self._suggested_id = None

    def _is_highest(self) -> bool:
        others = self._others()
        return not others or absolute_order(self._channel.local.address) <= absolute_order(others[0].address)

    def _is_coordinator(self) -> bool:
        if self._view is None:
            return False
        return in_order([self._channel.local, *self._view.values()])[0] == self._channel.local

    async def _is_alive(self, member: Member) -> bool:
        try:
            await self._environment.transport.probe(member.address, self._environment.profile.coordinator_wait_s)
        except ConnectError:
            return False
        return True

    def _log_view(self) -> None:
        local = self._channel.local
        view = in_order([local, *(self._view or {}).values()])
        suggested = in_order([local, *self._suggested.values()]) if self._suggested is not None else ()
        self._log.info(
            "coordinator_view",
            local=tcp_text(local),
            coordinator=tcp_text(view[0]),
            view=tcp_list(view),
            suggested=tcp_list(suggested),
            members=tcp_list(self._others()),
            info="Accepted View",
        )


def in_order(members: Iterable[Member]) -> tuple[Member, ...]:
    """The members in the absolute order."""
    return tuple(sorted(members, key=lambda member: absolute_order(member.address)))


def tcp_text(member: Member) -> str:
    """How the coordinator names a member."""
    return f"tcp://{tribes_host(member)}:{member.address.port}"


def tcp_list(members: Iterable[Member]) -> str:
    """How the coordinator prints a list of members."""
    return "{" + ", ".join(tcp_text(member) for member in members) + "}"
