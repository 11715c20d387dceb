"""Who is a member: the list of one domain, and what each message and event does to it.

Every node has a *primary* manager for its own domain. A load balancer has one more for each group that it manages, with
an agent that admits members to load balancing. A member is added once, by whichever comes first: the configuration, a
JOIN, a MEMBER_JOINED, a MEMBER_LIST, or an event of the failure detector or the coordinator. Only an event that adds
to the primary manager prints "New member ... joined cluster." (docs/protocol.md, "Member lists").

Quirk: nothing synchronises the list. Between the look and the addition lies time, up to ten seconds where a well-known
member is sent the list first, so one address can enter twice (defect D18).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from wkasim.members import Address, Member, MemberList, tribes_text
from wkasim.messages import ASYNCHRONOUS, MEMBERSHIP_MESSAGE, MemberJoined, MemberListMessage
from wkasim.node.channel import Channel
from wkasim.node.environment import Environment, Pacer
from wkasim.node.failure import StaticMembers
from wkasim.node.groups import GroupAgent
from wkasim.node.rpc import Response, RpcClient
from wkasim.node.sender import SendError

__all__ = ["MembershipManager", "PrimaryListener", "rpc_membership_channel"]

_OPTIONS = ASYNCHRONOUS | MEMBERSHIP_MESSAGE


def rpc_membership_channel(domain: str) -> str:
    """The name of the RPC channel on which a domain's membership messages travel."""
    return f"{domain}:rpc.membership.channel"


class MembershipManager:
    """The members of one domain, as one node knows them."""

    def __init__(
        self,
        environment: Environment,
        channel: Channel,
        rpc: RpcClient,
        pacer: Pacer,
        domain: str,
        agent: GroupAgent | None = None,
    ) -> None:
        self.domain = domain
        self.agent = agent
        self.members = MemberList()
        self.well_known: dict[Address, Member] = {}
        self.local: Member | None = None
        self.static: StaticMembers | None = None
        self.rpc_channel: str | None = None
        self.initialized: Callable[[], bool] = lambda: False
        self._not_responding: dict[Address, Member] = {}
        self._some_not_responding = asyncio.Event()
        self._environment = environment
        self._channel = channel
        self._rpc = rpc
        self._pacer = pacer
        self._log = environment.log.bind(component="MembershipManager")
        self._mode_log = environment.log.bind(component="ClusterManagementMode")

    # Adding

    async def member_added(self, member: Member) -> None:
        """Told by the channel that a member was seen; what a load balancer's managers hear."""
        if self.agent is not None:
            self._mode_log.debug("group_member_joined", member=member.name)
        await self.add(member, "event")

    async def add(self, member: Member, cause: str) -> bool:
        """Add the member unless it is there or of another domain; say whether it was added.

        May take seconds: admission by a blocking agent, or the push to a well-known member.
        """
        if not self._is_new(member):
            return False
        self._keep(member)
        if self.agent is not None and not await self._offer_to_agent(member):
            return False
        if self._must_push_to(member) and not await self._push_to_well_known(member):
            return False
        # With an agent, a line was logged and a thread begun since the look; else only a glance lies between.
        await self._pacer.take("list" if self.agent is None else "group")
        self._append(member, cause)
        if self._environment.profile.refire_member_added and self._channel.listeners:
            await self._channel.member_added(member)
            if self._environment.debug:
                self._log.debug("channel_member_added", tribes=tribes_text(member))
        self._log.debug("group_member_recorded", member=member.name, domain=self.domain)
        return True

    def add_at_once(self, member: Member, cause: str) -> bool:
        """Add if that needs no waiting; False if it may, and nothing was done."""
        if self.agent is not None or self._must_push_to(member):
            return False
        if self._is_new(member):
            self._keep(member)
            self._append(member, cause)
            if self._environment.debug:
                self._log.debug("group_member_recorded", member=member.name, domain=self.domain)
        return True

    def _is_new(self, member: Member) -> bool:
        """Whether the member is of this domain and not listed yet."""
        listed, own = member in self.members, member.domain == self.domain
        if self._environment.debug:
            self._log.debug("member_looked_up", answer=str(listed).lower())
            self._log.debug("domain_compared", answer=str(own).lower())
        return own and not listed

    def _keep(self, member: Member) -> None:
        """Have the member probed from now on."""
        if self.static is not None:
            self.static.add(member)
            if self._environment.debug:
                self._log.debug("static_member_recorded", member=member.name)

    def _append(self, member: Member, cause: str) -> None:
        self.members.add(member)
        if self.agent is None:
            self._environment.record("view", "added", str(member.address), cause)

    def _must_push_to(self, member: Member) -> bool:
        return self.rpc_channel is not None and self.initialized() and member.address in self.well_known

    async def _offer_to_agent(self, member: Member) -> bool:
        """Let the load balancer's agent have it; False if it must not become a member."""
        assert self.agent is not None
        if self._environment.profile.blocking_admission:
            if not await self.agent.admit_and_wait(member):
                return False
            self._log.info("joined_group", member=member.name, domain=member.domain)
            return True
        self._log.info("joined_group", member=member.name, domain=member.domain)
        self.agent.admit_in_background(member)
        return True

    async def _push_to_well_known(self, member: Member) -> bool:
        """Send the list to a well-known member that has just appeared; False if it must not be added now."""
        self._log.info("wka_member_joined", member=member.name)
        try:
            responses = await self._send_list(member, (*self.members, self._local()))
        except SendError:
            self._log.error("member_list_push_failed", member=member.name)
            raise
        if not responses:
            self._not_responding[member.address] = member
            self._some_not_responding.set()
            return self._environment.profile.add_silent_well_known_member
        source = responses[0].source
        if source.domain != member.domain:
            self._log.debug("foreign_wka_member", member=source.name, domain=self.domain)
            return False
        return True

    def _local(self) -> Member:
        assert self.local is not None
        return self.local

    # Removing

    async def member_disappeared(self, member: Member) -> None:
        """Take the member out; a load balancer's agent is told whatever the domain."""
        self.remove(member, "event")
        if self.agent is not None:
            self._mode_log.debug("group_member_left", member=member.name)
            await self.agent.removed(member)

    def remove(self, member: Member, cause: str) -> None:
        """Take the member out of the list."""
        self._not_responding.pop(member.address, None)
        if self.members.remove(member) and self.agent is None:
            self._environment.record("view", "removed", str(member.address), cause)

    # What is sent

    async def _send_list(self, member: Member, members: Iterable[Member]) -> list[Response]:
        assert self.rpc_channel is not None
        payload = MemberListMessage(tuple(members), self._environment.wall_ms())
        return await self._rpc.call((member,), self.rpc_channel, payload, "all", _OPTIONS)

    async def send_member_list(self, member: Member) -> None:
        """Push this manager's list to a joiner of the load balancer's own domain; raises SendError."""
        try:
            await self._send_list(member, self.members)
            self._log.debug("member_list_sent", member=member.name)
        except SendError:
            self._log.error("member_list_send_failed", member=member.name)
            raise

    async def send_member_joined(self, member: Member) -> None:
        """Tell all members but the new one; raises SendError."""
        others = list(self.members)
        if member in others:
            # Quirk: one entry is taken out; a member that is listed twice (defect D18) hears of its own joining.
            others.remove(member)
        if not others:
            return
        assert self.rpc_channel is not None
        await self._pacer.take("announce")
        payload = MemberJoined(member, self._environment.wall_ms())
        try:
            await self._rpc.call(others, self.rpc_channel, payload, "all", _OPTIONS)
            self._log.debug("member_joined_sent", member=member.name, domain=self.domain)
        except SendError:
            self._log.error("member_joined_send_failed", member=member.name)
            raise

    async def retry_thread(self) -> None:
        """Every five seconds, push the list again to well-known members that did not answer.

        While there is none the thread sleeps through, for that is nearly always, and keeps its beat.
        """
        period_s, loop = self._environment.profile.member_list_retry_s, asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            if not self._not_responding:
                self._some_not_responding.clear()
                await self._some_not_responding.wait()
            await self._environment.sleep(period_s - (loop.time() - began_s) % period_s)
            for member in list(self._not_responding.values()):
                try:
                    if await self._send_list(member, (*self.members, self._local())):
                        self._not_responding.pop(member.address, None)
                except SendError:
                    self._log.error("member_list_retry_failed")
            began_s = loop.time()

    # Whom to ask

    def longest_living(self) -> Member | None:
        """The member whose descriptor was encoded last; the first wins a tie (defect D19)."""
        return max(self.members, key=lambda member: member.alive_ms, default=None)


class PrimaryListener:
    """The listener of the primary manager: the one that prints who comes and who goes."""

    def __init__(self, environment: Environment, manager: MembershipManager) -> None:
        self._manager = manager
        self._log = environment.log.bind(component="TribesMembershipListener")

    async def member_added(self, member: Member) -> None:
        """Add; say so if this event was what added it."""
        if await self._manager.add(member, "event"):
            self._log.info("new_member", member=member.name)

    async def member_disappeared(self, member: Member) -> None:
        """Say so, whatever the domain, and remove.

        Quirk: the name carries the domain of the static entry, which is the local one (defect D20).
        """
        self._log.info("member_left", member=member.name)
        await self._manager.member_disappeared(member)
