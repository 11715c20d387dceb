"""The well-known members at the start of a node: who of them answers, and what if nobody does.

Each is entered as a static member, whoever answers; who accepts a connection becomes a member at once. The older code
goes on alone when nobody answers, and then never sends a JOIN (defect D7b). The newer fork waits for ever, and two
nodes that list only each other wait for each other (defect D1).
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from wkasim.errors import StartupError
from wkasim.members import Address, Member
from wkasim.node.config import NodeConfig
from wkasim.node.environment import Environment
from wkasim.node.failure import StaticMembers
from wkasim.node.hashing import hash_order, string_hash
from wkasim.node.membership import MembershipManager
from wkasim.transport.base import ConnectError, ConnectRefusedError, ConnectTimeoutError, UnknownHostError

__all__ = ["WellKnownMembers"]


@frozen(slots=True)
class _Entry:
    """A well-known member and how the configuration names it."""

    host: str
    port: int
    member: Member


class WellKnownMembers:
    """The configured list of one node, and the first attempt to reach it."""

    def __init__(
        self, environment: Environment, config: NodeConfig, static: StaticMembers, primary: MembershipManager
    ) -> None:
        self._environment = environment
        self._config = config
        self._static = static
        self._primary = primary
        self._log = environment.log.bind(component="WkaBasedMembershipScheme")

    async def add(self, local: Address, waiting: Callable[[bool], None]) -> None:
        """Try everybody but the node itself; ``waiting`` is told when the endless wait begins and ends.

        Raises StartupError if a name does not resolve.
        """
        unreached = []
        for host, port in self._config.well_known_members:
            entry = self._resolve(host, port)
            if entry.member.address == local:
                continue
            self._static.add(entry.member)
            self._primary.well_known[entry.member.address] = entry.member
            if not await self._add_if_reachable(entry):
                unreached.append(entry)
        if self._environment.profile.wait_for_well_known_member and unreached and not self._primary.members:
            waiting(True)
            await self._wait_for_one(unreached)
            waiting(False)

    def _resolve(self, host: str, port: int) -> _Entry:
        try:
            ip = self._environment.transport.resolve(host)
        except UnknownHostError:
            self._log.error("static_member_unresolved", host=host, port=port)
            raise StartupError(f"the well-known member {host}:{port} is not in the hosts table") from None
        # The entry carries the local domain, whatever the real member's is.
        return _Entry(host, port, Member(Address(ip, port), self._config.domain, built_locally=True))

    async def _add_if_reachable(self, entry: _Entry) -> bool:
        if await self._can_connect(entry):
            await self._primary.add(entry.member, "static")
            self._log.info("static_member_added", member=entry.member.name)
            return True
        self._log.info("static_member_unreachable", member=entry.member.name)
        return False

    async def _can_connect(self, entry: _Entry) -> bool:
        profile = self._environment.profile
        for _ in range(profile.connect_tries):
            try:
                await self._environment.transport.probe(entry.member.address, profile.connect_timeout_s)
            except ConnectRefusedError:
                continue
            except ConnectError as error:
                if isinstance(error, ConnectTimeoutError) and not profile.connect_timeout_logged:
                    continue
                self._log.error("static_member_error", host=entry.host, port=entry.port)
            else:
                return True
        return False

    async def _wait_for_one(self, unreached: list[_Entry]) -> None:
        """Try again and again until one opens its port; the pause comes after a success as well."""
        in_set_order = hash_order(unreached, _hash_code, java_8=self._environment.profile.java_8_hash_order)
        reached = False
        while not reached:
            for entry in in_set_order:
                if reached := await self._add_if_reachable(entry):
                    break
            await self._environment.sleep(self._environment.profile.well_known_wait_s)


def _hash_code(entry: _Entry) -> int:
    """The hash code of a configured member: its host name's and its port."""
    return (31 * string_hash(entry.host) + entry.port) & 0xFFFFFFFF
