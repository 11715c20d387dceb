"""What a node does for others when somebody joins: as an application node, or as a load balancer.

A load balancer treats a joiner of its own domain as a peer: it tells its members and pushes its groups' lists to the
joiner before it answers the JOIN. That push is the "Received MEMBER_LIST message" of the guide, whose load balancer
shares the application's domain. Managers and workers are the same to the protocol (docs/protocol.md, "Roles").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wkasim.members import Member
from wkasim.messages import ASYNCHRONOUS, MemberJoined
from wkasim.node.environment import Environment, Pacer
from wkasim.node.membership import MembershipManager
from wkasim.node.rpc import RpcClient
from wkasim.node.sender import SendError

__all__ = ["ApplicationMode", "BalancerMode", "Mode"]


class Mode(Protocol):
    """How a node reacts to a member that joined through it."""

    async def notify_member_join(self, member: Member) -> None:
        """Tell whoever must know."""


class ApplicationMode:
    """A manager or a worker: tells all its members, on a thread of its own."""

    def __init__(self, environment: Environment, primary: MembershipManager, pacer: Pacer) -> None:
        self._environment = environment
        self._primary = primary
        self._pacer = pacer

    async def notify_member_join(self, member: Member) -> None:
        """Begin to tell the others."""
        self._environment.spawn(self._tell_all(member), "member joined")

    async def _tell_all(self, member: Member) -> None:
        await self._pacer.take("thread")
        await self._primary.send_member_joined(member)


class BalancerMode:
    """A load balancer, which manages groups."""

    def __init__(
        self,
        environment: Environment,
        rpc: RpcClient,
        domain: str,
        primary: MembershipManager,
        managers: Sequence[MembershipManager],
    ) -> None:
        self._environment = environment
        self._rpc = rpc
        self._domain = domain
        self._primary = primary
        self._managers = managers
        self._log = environment.log.bind(component="ClusterManagementMode")

    async def notify_member_join(self, member: Member) -> None:
        """Tell a peer everything before going on; tell an application's members on a thread."""
        if member.domain == self._domain:
            await self._primary.send_member_joined(member)
            for manager in self._managers:
                await manager.send_member_list(member)
        else:
            self._environment.spawn(self._tell_application(member), "member joined")

    async def _tell_application(self, member: Member) -> None:
        for manager in self._managers:
            if manager.domain != member.domain:
                continue
            await manager.send_member_joined(member)
            await self._tell_balancers(manager, member)
            if not self._environment.profile.notify_all_sub_domains:
                return

    async def _tell_balancers(self, manager: MembershipManager, member: Member) -> None:
        assert manager.rpc_channel is not None
        payload = MemberJoined(member, self._environment.wall_ms())
        try:
            await self._rpc.call(self._primary.members.snapshot(), manager.rpc_channel, payload, "all", ASYNCHRONOUS)
        except SendError:
            self._log.error("balancer_member_joined_failed", member=member.name)
            raise
