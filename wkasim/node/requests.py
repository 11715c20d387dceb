"""What a node does with the requests of others: JOIN, MEMBER_LIST, MEMBER_JOINED, and requests for configuration.

JOIN             the older code: add the sender, tell the others, then answer with the list
                 the newer fork: answer with the list at once, do the rest on a thread of its own
MEMBER_JOINED    add the member that it names; the log names the notifier
MEMBER_LIST      add everybody in it, answer with a text
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from wkasim.members import Member, tribes_text
from wkasim.messages import (
    ChannelMessage,
    GetConfiguration,
    GetConfigurationResponse,
    GetState,
    GetStateResponse,
    Join,
    MemberJoined,
    MemberListMessage,
    Payload,
    Text,
    on_the_wire,
)
from wkasim.node.environment import Environment, Pacer
from wkasim.node.membership import MembershipManager
from wkasim.node.roles import Mode

__all__ = ["InitializationRequests", "MembershipRequests", "apply_member_list"]


class MembershipRequests:
    """Answers on a membership RPC channel, for one manager."""

    def __init__(self, environment: Environment, manager: MembershipManager, mode: Mode, pacer: Pacer) -> None:
        self._environment = environment
        self._manager = manager
        self._mode = mode
        self._pacer = pacer
        self._log = environment.log.bind(component="RpcMembershipRequestHandler")

    def handle(self, payload: Payload, message: ChannelMessage) -> Payload | Coroutine[Any, Any, Payload]:
        """Answer one request."""
        if self._environment.debug:
            self._log.debug("membership_request", domain=self._manager.domain)
            self._log.debug("request_local_domain", domain=self._manager.domain)
        match payload:
            case MemberJoined():
                return self._member_joined(payload, message)
            case Join():
                return self._join(message)
            case MemberListMessage():
                return self._member_list(payload, message)
        return None

    async def _join(self, message: ChannelMessage) -> Payload:
        await self._pacer.take("handle")
        joiner = message.source()
        self._log.info("join_received", member=joiner.name)
        if self._environment.profile.join_in_background:
            self._environment.spawn(self._process_join(joiner), "process join")
        else:
            await self._process_join(joiner)
        self._log.debug("member_list_replied", member=joiner.name)
        return MemberListMessage(self._manager.members.snapshot(), self._environment.wall_ms())

    async def _process_join(self, joiner: Member) -> None:
        await self._manager.add(joiner, "join")
        if self._environment.profile.join_adds_static_member and self._manager.static is not None:
            self._manager.static.add(joiner)
        await self._mode.notify_member_join(joiner)

    def _member_joined(self, payload: MemberJoined, message: ChannelMessage) -> Payload | Coroutine[Any, Any, Payload]:
        self._log.info("member_joined_received", member=message.sender.name)
        if self._environment.debug:
            self._log.debug("member_joined_content", tribes=tribes_text(payload.member))
        local = self._manager.local
        if local is not None and payload.member.address == local.address:
            return None
        if payload.member in self._manager.members:
            return None
        joined = on_the_wire(payload.member, payload.encoded_ms)
        if self._manager.add_at_once(joined, "member_joined"):
            return None
        return self._add_slowly(joined)

    async def _add_slowly(self, joined: Member) -> Payload:
        await self._manager.add(joined, "member_joined")
        return None

    async def _member_list(self, payload: MemberListMessage, message: ChannelMessage) -> Payload:
        await self._pacer.take_once("first_list")
        await self._pacer.take("handle")
        self._log.info("member_list_received", member=message.sender.name)
        await apply_member_list(self._environment, self._manager, payload, self._pacer)
        return Text("Processed MEMBER_LIST message")


async def apply_member_list(
    environment: Environment, manager: MembershipManager, payload: MemberListMessage, pacer: Pacer
) -> None:
    """Add everybody in the list but the local member.

    Quirk: "Added member" is printed before the addition, and for members that were there already.
    """
    log = environment.log.bind(component="MemberListCommand")
    talkative = environment.profile.member_list_level == "info"
    say = log.info if talkative else log.debug
    log.debug("member_list_domain", domain=manager.domain)
    local = manager.local.address if manager.local is not None else None
    for member in payload.members:
        say("member_list_trying", member=member.name)
        if member.address == local:
            continue
        say("member_list_added", member=member.name)
        if talkative:
            await pacer.take("entry")
        if member not in manager.members:
            learnt = on_the_wire(member, payload.encoded_ms)
            if not manager.add_at_once(learnt, "member_list"):
                await manager.add(learnt, "member_list")


class InitializationRequests:
    """Answers requests for the configuration, once the node itself is initialised."""

    def __init__(self, environment: Environment, initialized: Callable[[], bool], pacer: Pacer) -> None:
        self._environment = environment
        self._initialized = initialized
        self._pacer = pacer
        self._log = environment.log.bind(component="RpcInitializationRequestHandler")

    def handle(self, payload: Payload, message: ChannelMessage) -> Payload | Coroutine[Any, Any, Payload]:
        """Answer with the configuration, or with nothing while not initialised; that is not logged."""
        return self._answer(payload, message)

    async def _answer(self, payload: Payload, message: ChannelMessage) -> Payload:
        await self._pacer.take("handle")
        self._log.debug("initialization_request")
        if not self._initialized() or not isinstance(payload, GetConfiguration | GetState):
            return None
        self._log.info("initialization_request_received", command=payload.command, member=message.sender.name)
        return GetConfigurationResponse() if isinstance(payload, GetConfiguration) else GetStateResponse()
