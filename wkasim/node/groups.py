"""The load balancer's group management agents: who gets requests.

An agent admits a member to load balancing only after its HTTP and HTTPS ports accept connections, and then waits ten
seconds more, so that the member is surely ready. Three revisions do this in three ways: on the side, on the caller's
thread with a second look, or not at all (docs/protocol.md, "Group management and admission").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from wkasim.errors import ThreadDeathError
from wkasim.members import Address, Member, axis2_text
from wkasim.node.config import DEFAULT_SUB_DOMAIN, Group
from wkasim.node.environment import Environment, Pacer
from wkasim.node.locks import Monitor
from wkasim.transport.base import ConnectError, ConnectTimeoutError, HostUnreachableError

__all__ = ["ApplicationKey", "GroupAgent", "SubDomainMissingError", "application_key"]

ApplicationKey: TypeAlias = tuple[Address, int, int]
"""What Axis2 knows an application member by: its address, its HTTP and its HTTPS port."""


class SubDomainMissingError(ThreadDeathError):
    """A member without sub-domain was offered to the agent of one: the Java code's NullPointerException (D13)."""


class GroupAgent:
    """The agent of one domain and sub-domain."""

    def __init__(self, environment: Environment, pacer: Pacer, group: Group, *, aware_of_sub_domains: bool) -> None:
        self.group = group
        self.members: list[Member] = []
        self.on_leave: list[Callable[[Member], None]] = []
        self._aware = aware_of_sub_domains
        self._environment = environment
        self._lock = Monitor(wake=lambda: pacer.take("wake"))
        self._log = environment.log.bind(component="DefaultGroupManagementAgent")

    def text(self, member: Member) -> str:
        """How Axis2 prints the member."""
        return axis2_text(member, remote_host=self._environment.profile.member_shows_remote_host)

    # Admission

    def admit_in_background(self, member: Member) -> None:
        """Admit on a thread of its own; the caller goes on."""
        if self._takes(member):
            self._environment.spawn(self._admit(member), "admission")

    async def admit_and_wait(self, member: Member) -> bool:
        """Admit on the caller's thread, one member after another; say whether the group has grown."""
        async with self._lock:
            if not self._takes(member):
                return False
            before = len(self.members)
            if not self._has(member):
                await self._admit(member)
            return len(self.members) != before

    def _takes(self, member: Member) -> bool:
        if not self._aware:
            return True
        wanted = self.group.sub_domain
        offered = (member.properties or {}).get("subDomain")
        if offered is None and wanted != DEFAULT_SUB_DOMAIN:
            # Quirk: the agent compares the missing sub-domain and falls over it.
            raise SubDomainMissingError(f"{member.name} has no subDomain")
        return (offered or DEFAULT_SUB_DOMAIN) == wanted

    async def _admit(self, member: Member) -> None:
        profile = self._environment.profile
        if not await self._can_connect(member):
            self._reject(member)
            return
        await self._environment.sleep(profile.admission_pause_s)
        if profile.admission_recheck and not await self._can_connect(member):
            self._reject(member)
            return
        if not self._has(member):
            self.members.append(member)
            self._record("admitted", member)
        self._log.info("application_member_joined", axis2=self.text(member))

    def _reject(self, member: Member) -> None:
        self._record("rejected", member)
        self._log.error("application_member_rejected", axis2=self.text(member))

    async def _can_connect(self, member: Member) -> bool:
        """Try the member's ports, round after round, until all accept."""
        profile = self._environment.profile
        if self._environment.debug:
            self._log.debug("application_member_probed", axis2=self.text(member))
            self._log.debug("http_port_checked", port=member.port_property("httpPort"))
            self._log.debug("https_port_checked", port=member.port_property("httpsPort"))
        ports = [port for key in ("httpPort", "httpsPort") if (port := member.port_property(key)) != -1]
        if not ports:
            return profile.admit_without_ports
        for _ in range(profile.admission_rounds):
            try:
                for port in ports:
                    address = Address(member.address.ip, port)
                    await self._environment.transport.probe(address, profile.admission_connect_s)
            except ConnectError as error:
                timed_out = isinstance(error, ConnectTimeoutError) and profile.connect_timeout_logged
                if timed_out or isinstance(error, HostUnreachableError):
                    self._log.error("application_member_connect_error", axis2=self.text(member))
                await self._environment.sleep(profile.admission_round_pause_s)
            else:
                return True
        return False

    # Leaving

    async def removed(self, member: Member) -> None:
        """The member is gone from the cluster.

        Quirk: members are compared with their HTTP ports here. Where the entry came by JOIN and the event carries a
        well-known member's static descriptor, which has none, the entry stays (defect D12).
        """
        if not self._takes(member):
            return
        for forget in self.on_leave:
            forget(member)
        present = self._has(member)
        if present:
            self.members = [entry for entry in self.members if not same_application(entry, member)]
            self._record("dismissed", member)
        if present or self._environment.profile.leave_logged_if_never_admitted:
            self._log.info("application_member_left", axis2=self.text(member))

    def _has(self, member: Member) -> bool:
        return any(same_application(entry, member) for entry in self.members)

    def _record(self, change: str, member: Member) -> None:
        self._environment.record("group", change, str(member.address), self.group.domain, self.group.sub_domain)


def application_key(member: Member) -> ApplicationKey:
    """What Axis2 compares of two descriptors of application members."""
    return member.address, member.port_property("httpPort"), member.port_property("httpsPort")


def same_application(left: Member, right: Member) -> bool:
    """Whether Axis2 takes two descriptors for the same application member: host, port and both HTTP ports."""
    return application_key(left) == application_key(right)
