"""Getting the configuration, and the state, from a neighbour at the end of a start.

The first one asked is the member that was learnt last (the code means the one that lives longest, defect D19), which
may not be initialised itself and then answers with nothing; after that anybody is asked, five times at most. A node
that gets no answer goes on without one (docs/protocol.md, "Initialisation requests").
"""

from __future__ import annotations

from wkasim.members import Address, Member
from wkasim.messages import ASYNCHRONOUS, GetConfiguration, GetState, Payload
from wkasim.node.config import NodeConfig
from wkasim.node.environment import Environment, Pacer
from wkasim.node.membership import MembershipManager
from wkasim.node.rpc import RpcClient
from wkasim.node.sender import SendError

__all__ = ["Initialization", "rpc_init_channel"]


def rpc_init_channel(domain: str) -> str:
    """The name of the RPC channel on which a domain's initialisation requests travel."""
    return f"{domain}:rpc.init.channel"


class Initialization:
    """The requests of one joiner."""

    def __init__(
        self,
        environment: Environment,
        config: NodeConfig,
        pacer: Pacer,
        rpc: RpcClient,
        primary: MembershipManager,
    ) -> None:
        self._environment = environment
        self._config = config
        self._pacer = pacer
        self._rpc = rpc
        self._primary = primary
        self._random = environment.random("initialization")
        self._log = environment.log.bind(component="TribesClusteringAgent")

    async def request(self) -> None:
        """Ask for what is configured; the newer fork does not wait for the answers."""
        wanted: list[tuple[Payload, str, str]] = []
        if self._config.node_manager:
            wanted.append((GetConfiguration(), "GetConfigurationResponseCommand", "configuration_received"))
        if self._config.state_manager:
            wanted.append((GetState(), "GetStateResponseCommand", "state_received"))
        for request, component, event in wanted:
            if not self._primary.members:
                return
            if self._environment.profile.initialization_in_background:
                self._environment.spawn(self._ask_after_a_moment(request, component, event), "initialization")
            else:
                await self._ask_neighbours(request, component, event)

    async def _ask_after_a_moment(self, request: Payload, component: str, event: str) -> None:
        """A new thread begins a little later than whoever started it goes on; mostly."""
        await self._pacer.take("thread")
        await self._ask_neighbours(request, component, event)

    async def _ask_neighbours(self, request: Payload, component: str, event: str) -> None:
        profile = self._environment.profile
        failed: dict[Address, None] = {}
        tries = 0
        while tries < profile.initialization_tries and tries < max(1, len(self._primary.members)):
            member = self._neighbour(tries, failed)
            if member is None:
                return
            tries += 1
            self._log.info("sending_initialization_request", member=member.name)
            try:
                responses = await self._rpc.call(
                    (member,), rpc_init_channel(self._config.domain), request, "first", ASYNCHRONOUS
                )
            except SendError:
                self._log.error("initialization_request_failed", member=member.name)
                failed[member.address] = None
                await self._environment.sleep(profile.initialization_error_pause_s)
                continue
            if responses and responses[0].payload is not None:
                self._environment.log.bind(component=component).info(event)
                return
            if not responses:
                await self._environment.sleep(profile.initialization_pause_s)

    def _neighbour(self, tries: int, failed: dict[Address, None]) -> Member | None:
        """Whom to ask: first the one that was learnt last, then anybody who has not failed."""
        if tries == 0:
            return self._primary.longest_living()
        members = [member for member in self._primary.members if member.address not in failed]
        return members[int(self._random() * len(members))] if members else None
