"""The load balancer's requests: to whom each goes, and what happens when nobody is there (docs/protocol.md,
"Request routing").

    Host header           -> entry of the routing table, by the name or the nearest one above it
    known session cookie  -> the member that has served it
    else                  -> tenant, domain and sub-domain, agent of the group, the next member in turn
    no connection         -> the member is left out for ten seconds; another one, after a second
    connection broken     -> an error: what was sent cannot be sent again
    nobody left           -> "Gateway Error", 500

The group is the agent's list as it is at that moment. A worker gets requests once it is admitted, ten seconds and more
after its JOIN; a dead one gets some more, until the heartbeat misses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from wkasim.errors import WkasimError
from wkasim.members import Address, Member, axis2_text
from wkasim.node.config import DEFAULT_SUB_DOMAIN, Group, NodeConfig
from wkasim.node.environment import Environment
from wkasim.node.groups import GroupAgent
from wkasim.node.rotation import Rotation, Suspensions
from wkasim.node.routing import HostEntry, RoutingTable, split_host, tenant_of
from wkasim.node.sessions import Session, Sessions
from wkasim.transport.base import (
    AnswerTimeoutError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    UnknownHostError,
)
from wkasim.web import WebRequest, WebResponse

__all__ = ["Balancer", "gateway_error"]

SENDING_FAILED: Final = 101500
CONNECTION_FAILED: Final = 101503
CONNECTION_TIMEOUT: Final = 101504
CONNECTION_CLOSED: Final = 101505
CONNECT_CANCELLED: Final = 101507
CONNECT_TIMEOUT: Final = 101508
"""Codes of faults, as Synapse numbers them."""

_FAIL_OVER: Final = (CONNECTION_FAILED, CONNECT_CANCELLED, CONNECT_TIMEOUT)
_SENT_ALREADY: Final = (SENDING_FAILED, CONNECTION_CLOSED)
_STATUS: Final = {CONNECTION_TIMEOUT: 504, 303001: 503, 111503: 503}
_MANAGER_SUB_DOMAIN: Final = "mgt"
_SHOWN: Final = 200
"""How much of a path the journal keeps."""


class FaultError(WkasimError):
    """A request could not be delivered, or was not answered."""

    def __init__(self, code: int) -> None:
        super().__init__(f"fault {code}")
        self.code = code


class UnroutableError(WkasimError):
    """A request has nowhere to go; the log says why."""


@frozen
class Call:
    """A request on its way through the load balancer: the host name without its port, the port, who it is for."""

    request: WebRequest
    scheme: str
    host: str
    port: int
    entry: HostEntry
    tenant: int


def gateway_error(code: int = 0) -> WebResponse:
    """What a client gets when the request failed with that fault, or did not even come so far."""
    body = b'<?xml version="1.0" encoding="UTF-8"?>\n<fault><reason>Gateway Error</reason></fault>\n'
    return WebResponse(_STATUS.get(code, 500), (("Content-Type", "text/xml; charset=utf-8"),), body)


class Balancer:
    """A load balancer's front: everything that comes in at its HTTP and HTTPS ports."""

    def __init__(self, environment: Environment, config: NodeConfig, agents: Sequence[GroupAgent]) -> None:
        self._environment = environment
        self._profile = profile = environment.profile
        self._agents = {agent.group: agent for agent in agents}
        self._table = RoutingTable(config.routes)
        timeout_s = profile.session_s if config.session_timeout_s is None else config.session_timeout_s
        self._sessions = Sessions(round(timeout_s * 1000), environment.wall_ms)
        self._suspensions = Suspensions(environment.wall_ms)
        self._rotation = Rotation(self._suspensions)
        self._log = environment.log.bind(component="TenantAwareLoadBalanceEndpoint")
        self._members_log = environment.log.bind(component="TenantLoadBalanceMembershipHandler")
        for agent in agents:
            agent.on_leave += (self._sessions.forget, self._suspensions.forget)

    async def answer(self, request: WebRequest, scheme: str) -> WebResponse:
        """Forward a request that came by ``scheme``, http or https, and bring back the answer."""
        host, port = split_host(request.host, scheme)
        entry = self._table.find(host)
        if entry is None:
            self._log.error("invalid_host_name", host=host)
            return gateway_error()
        call = Call(request, scheme, host, port, entry, tenant_of(request.path))
        session = self._sessions.find(request, host)
        try:
            if session is not None:
                self._sessions.refresh(session)
                return await self._forward(call, session.member, session)
            member = self._choose(call)
            if member is None:
                self._log.error("no_application_members")
                return gateway_error()
            return await self._forward(call, member, None)
        except UnroutableError:
            return gateway_error()

    # Whose turn it is

    def _choose(self, call: Call) -> Member | None:
        """The next member for the host name and the tenant; raises UnroutableError where no group is managed."""
        group = call.entry.group(call.tenant)
        members = None if group is None else self._members(group)
        if members is None:
            domain, sub_domain = ("null", "null") if group is None else (group.domain, group.sub_domain)
            self._members_log.error(
                "no_group_agent", domain=domain, sub_domain=sub_domain, host=call.host, tenant=call.tenant
            )
            raise UnroutableError(f"no group {domain}/{sub_domain}")
        return self._rotation.next(call.entry.name, members)

    def _members(self, group: Group) -> list[Member] | None:
        """The members of the group as it is now; None if nobody manages it."""
        agent = self._agents.get(group)
        if agent is not None:
            return agent.members
        whole = self._agents.get(Group(group.domain, DEFAULT_SUB_DOMAIN))
        if whole is None or not self._profile.route_by_sub_domain:
            return None
        return [member for member in whole.members if _sub_domain(member) == group.sub_domain]

    # Sending, and what goes wrong with it

    async def _forward(self, call: Call, member: Member, session: Session | None) -> WebResponse:
        """Give the request to the member, or to others if need be; raises UnroutableError."""
        code = 0
        for _ in range(self._profile.request_faults - 1):
            try:
                return await self._send(call, member, session)
            except FaultError as fault:
                code = fault.code
            other = await self._fail_over(call, member, code)
            if other is None:
                return gateway_error(code)
            member, session = other, None
        try:
            return await self._send(call, member, session)
        except FaultError as fault:
            return gateway_error(fault.code)

    async def _send(self, call: Call, member: Member, session: Session | None) -> WebResponse:
        """One attempt; raises FaultError."""
        request = call.request
        if session is None:
            # Quirk: a request that begins a session loses all its cookies on the way.
            request = request.without("Cookie")
        self._sessions.served(member, call.host)
        target = f"{member.address.ip}:{_target_port(call, member)}"
        try:
            response = await self._fetch(call, member, request)
        except FaultError as fault:
            self._environment.record("forward", call.host, request.path[:_SHOWN], target, fault.code)
            raise
        self._environment.record("forward", call.host, request.path[:_SHOWN], target, response.status)
        self._sessions.learn(response, member, session)
        return response

    async def _fetch(self, call: Call, member: Member, request: WebRequest) -> WebResponse:
        transport, profile = self._environment.transport, self._profile
        port = _target_port(call, member)
        if not 0 < port < 65536:
            # Quirk: a member that was learnt without its ports is asked at port -1 (defect D12).
            raise FaultError(CONNECTION_FAILED)
        try:
            ip = transport.resolve((member.properties or {}).get("remoteHost", member.address.ip))
            return await transport.fetch(
                Address(ip, port), request, connect_s=profile.request_connect_s, answer_s=profile.request_answer_s
            )
        except ConnectTimeoutError:
            raise FaultError(CONNECT_TIMEOUT) from None
        except (ConnectError, UnknownHostError):
            raise FaultError(CONNECTION_FAILED) from None
        except ConnectionLostError:
            raise FaultError(CONNECTION_CLOSED) from None
        except AnswerTimeoutError:
            raise FaultError(CONNECTION_TIMEOUT) from None

    async def _fail_over(self, call: Call, member: Member, code: int) -> Member | None:
        """Who gets the request now; None if nobody may or can."""
        if code == CONNECTION_FAILED:
            self._suspensions.suspend(member, self._profile.suspension_s)
            self._log.info("member_suspended", axis2=self._text(member))
        if code in _FAIL_OVER:
            other = self._choose(call)
            if other is None or self._suspensions.is_suspended(other):
                self._log.error("no_members_for_host", host=call.host, tenant=call.tenant)
                return None
            await self._environment.sleep(self._profile.fail_over_pause_s)
            self._log.info("failed_over", axis2=self._text(other))
            return other
        if code in _SENT_ALREADY:
            self._log.error("request_error", host=call.host, code=code)
        return None

    def _text(self, member: Member) -> str:
        return axis2_text(member, remote_host=self._profile.member_shows_remote_host)


def _sub_domain(member: Member) -> str:
    """The member's sub-domain; the guide's manager says none."""
    return (member.properties or {}).get("subDomain", _MANAGER_SUB_DOMAIN)


def _target_port(call: Call, member: Member) -> int:
    """The mapped port, if the member maps the one that the request came in on, else that of the scheme."""
    mapping = f"port.mapping.{call.port}"
    if mapping in (member.properties or {}):
        return member.port_property(mapping)
    return member.port_property("httpsPort" if call.scheme == "https" else "httpPort")
