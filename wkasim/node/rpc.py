"""Request and reply over the channel: who must answer, how long to wait, and what counts as complete.

A request goes to several members under one id. In the mode "all" it is complete when as many replies have come as
there were destinations; a notice that nobody listens on the channel lowers that number. When the time is over the
caller gets what has come: a time-out is not an error (docs/protocol.md, "Reply modes").
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from attrs import define, field, frozen

from wkasim.members import Member
from wkasim.messages import ChannelMessage, NoRpcChannelReply, Payload, RpcReply, RpcRequest
from wkasim.node.channel import Channel
from wkasim.node.environment import Pacer

__all__ = ["ReplyMode", "Response", "RpcClient"]

ReplyMode = Literal["first", "all"]


@frozen(slots=True)
class Response:
    """One reply and the member it came from, as that member describes itself."""

    source: Member
    payload: Payload


@define(slots=True, eq=False)
class _Collector:
    mode: ReplyMode
    expected: int
    complete: asyncio.Future[None]
    replies: list[ChannelMessage] = field(factory=list)

    def check(self) -> None:
        done = self.expected <= 0 or (self.replies and (self.mode == "first" or len(self.replies) >= self.expected))
        if done and not self.complete.done():
            self.complete.set_result(None)


class RpcClient:
    """Sends requests on a channel and gathers the replies."""

    def __init__(self, channel: Channel, pacer: Pacer) -> None:
        self._channel = channel
        self._profile = channel.environment.profile
        self._pacer = pacer
        self._collectors: dict[str, _Collector] = {}
        self._number = 0
        channel.on_reply = self._collect

    async def call(
        self, destinations: Sequence[Member], rpc_channel: str, payload: Payload, mode: ReplyMode, options: int
    ) -> list[Response]:
        """Ask everybody; return the replies in the order of their arrival. Raises SendError."""
        if not destinations:
            return []
        await self._pacer.take("rpc")
        self._number += 1
        ident = f"{self._channel.local.address}/{self._number}"
        collector = _Collector(mode, len(destinations), asyncio.get_running_loop().create_future())
        self._collectors[ident] = collector
        try:
            await self._channel.send(destinations, RpcRequest(rpc_channel, ident, payload), options)
            collector.check()
            async with asyncio.timeout(self._profile.rpc_timeout_s):
                await collector.complete
        except TimeoutError:
            pass
        finally:
            del self._collectors[ident]
        if collector.replies:
            await self._pacer.take("collect")
        return [Response(reply.source(), reply.content.payload) for reply in collector.replies]  # type: ignore[union-attr]

    def _collect(self, message: ChannelMessage, reply: RpcReply | NoRpcChannelReply) -> None:
        collector = self._collectors.get(reply.id)
        if collector is None:
            return  # It came too late; the Java code drops it as well.
        if isinstance(reply, RpcReply):
            collector.replies.append(message)
        else:
            collector.expected -= 1
        collector.check()
