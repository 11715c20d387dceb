"""JOIN: asking the well-known members to be let in, until somebody answers.

The request goes at once to everybody who was reached; one answer is enough, but the caller waits ten seconds for the
others. Nobody's answer means a pause of five seconds and another try, for ever (defect D5). The reply to a JOIN is a
member list that nobody logs as received.
"""

from __future__ import annotations

from wkasim.errors import StartupError
from wkasim.messages import ASYNCHRONOUS, MEMBERSHIP_MESSAGE, Join, MemberListMessage
from wkasim.node.environment import Environment, Pacer
from wkasim.node.membership import MembershipManager, rpc_membership_channel
from wkasim.node.requests import apply_member_list
from wkasim.node.rpc import Response, RpcClient
from wkasim.node.sender import SendError

__all__ = ["Joining"]


class Joining:
    """The JOIN of one node."""

    def __init__(self, environment: Environment, pacer: Pacer, rpc: RpcClient, primary: MembershipManager) -> None:
        self._environment = environment
        self._pacer = pacer
        self._rpc = rpc
        self._primary = primary
        self._log = environment.log.bind(component="WkaBasedMembershipScheme")

    async def join(self) -> None:
        """Join and apply the lists that come back; raises StartupError when every well-known member is lost."""
        responses = await self._ask()
        await self._pacer.take_once("first_list")
        await self._pacer.take("replies")
        for response in responses:
            if isinstance(response.payload, MemberListMessage):
                await apply_member_list(self._environment, self._primary, response.payload, self._pacer)
            if response.source.domain != self._primary.domain:
                # The load balancer of another domain is dropped without a word; it stays a static member.
                self._primary.remove(response.source, "other domain")

    async def _ask(self) -> list[Response]:
        channel = rpc_membership_channel(self._primary.domain)
        members = self._primary.members.snapshot()
        while True:
            self._log.info("sending_join")
            await self._pacer.take_once("join")
            try:
                responses = await self._rpc.call(members, channel, Join(), "all", ASYNCHRONOUS | MEMBERSHIP_MESSAGE)
            except SendError:
                self._log.error("join_send_failed")
                members = self._primary.members.snapshot()
                if not members:
                    self._log.warning("no_well_known_members")
                    # Quirk: the Java code iterates over the replies that it never got (defect D6).
                    raise StartupError("every well-known member was lost while joining") from None
                continue
            if responses:
                return responses
            self._log.info("no_join_response")
            await self._environment.sleep(self._environment.profile.join_retry_s)
