"""The group channel: what passes up from the network, what passes down to it, and who is told of members.

From top to bottom the real stack is: coordinator, ping, failure detector, static members, and a filter that only a load
balancer has. Membership events rise through it to the listeners; a message that is sent sinks through it, and the
failure detector takes note of whom it did not reach. A received message is handled on a thread of the receiver's
pool; what needs no waiting is done at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from wkasim.errors import ThreadDeathError
from wkasim.members import Address, Member
from wkasim.messages import (
    ASYNCHRONOUS,
    MEMBERSHIP_MESSAGE,
    ChannelMessage,
    Content,
    Coordination,
    NoRpcChannelReply,
    Payload,
    RpcReply,
    RpcRequest,
)
from wkasim.node.environment import Environment, Pacer
from wkasim.node.locks import Monitor
from wkasim.node.sender import Sender, SendError
from wkasim.transport.base import BindError, Listener

__all__ = ["Channel", "MembershipListener", "RequestHandler"]


RECEIVER_THREADS: Final = 15
"""How many messages a node works on at a time: the largest size of the receiver's thread pool."""


class MembershipListener(Protocol):
    """Somebody who is told when members come and go."""

    async def member_added(self, member: Member) -> None:
        """A member was seen."""

    async def member_disappeared(self, member: Member) -> None:
        """A member is gone."""


class RequestHandler(Protocol):
    """Answers the requests of one RPC channel."""

    def handle(self, payload: Payload, message: ChannelMessage) -> Payload | Coroutine[Any, Any, Payload]:
        """The reply, or a coroutine that will return it. An exception in it means that no reply is sent."""


class Channel:
    """One node's end of the group channel."""

    def __init__(self, environment: Environment, pacer: Pacer, domain: str) -> None:
        self.environment = environment
        self._pacer = pacer
        self._class_loading = Monitor()
        self._first_sends = 0
        self.domain = domain
        self.local: Member = Member(Address("0.0.0.0", 0), domain)
        self.sender = Sender(environment, pacer)
        self.listeners: list[MembershipListener] = []
        self.filters_foreign_messages = False
        self.on_reply: Callable[[ChannelMessage, RpcReply | NoRpcChannelReply], None] = lambda _message, _reply: None
        self.on_coordination: Callable[[Coordination], Coroutine[Any, Any, None]] | None = None
        self.on_faulty: Callable[[Member], Coroutine[Any, Any, None]] | None = None
        self._handlers: dict[str, RequestHandler] = {}
        self._listener: Listener | None = None
        self._busy_threads = 0
        self._unread: deque[ChannelMessage] = deque()
        self._log = environment.log.bind(component="Axis2GroupChannel")
        self._buffers_made = False

    # Receiving

    async def open_receiver(self, ip: str, port: int) -> None:
        """Open the port; if it is taken try the next ones, as Tribes does.

        Raises BindError after the last. Quirk: the member goes on advertising the port that it probed, not the
        one it got here (docs/protocol.md, "Port probing").
        """
        log = self.environment.log.bind(component="ReceiverBase")
        profile = self.environment.profile
        for attempt in range(profile.receiver_tries):
            try:
                address = Address(ip, port + attempt)
                self._listener = await self.environment.transport.listen(address, self.receive, "cluster")
            except BindError:
                await self.environment.sleep(profile.receiver_pause_s)
            else:
                log.info("receiver_bound", address=f"/{address}")
                return
        log.info("receiver_bind_failed", address=f"/{ip}:{port}")
        raise BindError(f"no port from {port} to {port + profile.receiver_tries - 1} is free on {ip}")

    def close(self) -> None:
        """Close the receiver and every connection."""
        if self._listener is not None:
            self._listener.close()
        self.sender.close()

    def add_handler(self, rpc_channel: str, handler: RequestHandler) -> None:
        """Answer requests on that RPC channel; the first handler of a channel is the one that answers.

        Quirk: two handlers of one RPC channel share the message object; the first turns it into its reply, so the
        second sees a reply and does nothing (defect D9).
        """
        self._handlers.setdefault(rpc_channel, handler)

    def receive(self, message: ChannelMessage) -> None:
        """Take a message from the network; it waits while all threads of the receiver are busy.

        Quirk: replies need such a thread too. Where every thread waits for a reply, none can come, and all run into
        their time-outs (docs/protocol.md, "Sending and receiving").
        """
        if self._unread or self._busy_threads >= RECEIVER_THREADS:
            self._unread.append(message)
        else:
            self._work_on(message)

    def _work_on(self, message: ChannelMessage) -> None:
        if (
            self.filters_foreign_messages
            and not message.options & MEMBERSHIP_MESSAGE
            and message.sender.domain != self.domain
        ):
            # Quirk: a load balancer in a domain of its own drops even the replies to its own requests.
            return
        self._first_buffer()
        content = message.content
        if isinstance(content, RpcReply | NoRpcChannelReply):
            self.on_reply(message, content)
        elif isinstance(content, RpcRequest):
            self._request(message, content)
        elif self.on_coordination is not None:
            self._keep_thread(self.on_coordination(content))

    def _keep_thread(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Go on with a message that needs waiting on one of the receiver's threads."""
        self._busy_threads += 1
        if self._busy_threads == RECEIVER_THREADS and self._listener is not None:
            self._listener.hold()
        thread = self.environment.spawn(work, "receiver")
        thread.add_done_callback(self._thread_is_free)
        return thread

    def _thread_is_free(self, thread: asyncio.Task[None]) -> None:
        self._busy_threads -= 1
        if self._busy_threads == RECEIVER_THREADS - 1 and not thread.cancelled():
            with suppress(asyncio.CancelledError):  # The process is gone, and reads nothing more.
                self.environment.spawn(self._read_on(), "receiver")

    async def _read_on(self) -> None:
        while self._unread and self._busy_threads < RECEIVER_THREADS:
            self._work_on(self._unread.popleft())
        if self._busy_threads < RECEIVER_THREADS and self._listener is not None:
            self._listener.go_on()

    def _request(self, message: ChannelMessage, request: RpcRequest) -> None:
        handler = self._handlers.get(request.channel)
        if handler is None:
            self._answer(message, NoRpcChannelReply(request.channel, request.id), ASYNCHRONOUS)
            return
        outcome = handler.handle(request.payload, message)
        if isinstance(outcome, Coroutine):
            thread = self._keep_thread(self._handle_slowly(outcome, message, request))
            # A process that is killed before the thread took its first step leaves a handler that was never run.
            thread.add_done_callback(lambda _: outcome.close())
        else:
            self._answer(message, RpcReply(request.channel, request.id, outcome), 0)

    async def _handle_slowly(
        self, outcome: Coroutine[Any, Any, Payload], message: ChannelMessage, request: RpcRequest
    ) -> None:
        try:
            reply = await outcome
            await self._pacer.take("reply")
        except ThreadDeathError:
            # The handler could not reach somebody, or fell; the caller gets no reply and runs into its time-out.
            self._log.warning("receive_error")
            return
        self._answer(message, RpcReply(request.channel, request.id, reply), 0)

    def _answer(self, message: ChannelMessage, content: RpcReply | NoRpcChannelReply, options: int) -> None:
        reply = self._wrap(content, options)
        if not self.sender.send_at_once(message.sender, reply):
            self._keep_thread(self._answer_slowly(message, reply))

    async def _answer_slowly(self, message: ChannelMessage, reply: ChannelMessage) -> None:
        try:
            await self._send_down((message.source(),), reply)
        except SendError:
            if isinstance(reply.content, RpcReply):
                self.environment.log.bind(component="RpcChannel").error("reply_failed")
            else:
                self.environment.log.bind(component="GroupChannel").error("no_rpc_channel_reply_failed")

    # Sending

    def _wrap(self, content: Content, options: int) -> ChannelMessage:
        return ChannelMessage.of(self.local, self.environment.wall_ms(), options, content)

    async def send(self, destinations: Sequence[Member], content: Content, options: int) -> None:
        """Send to all destinations; raises SendError."""
        if self._first_sends < 2:
            await self._load_classes()
        self._first_buffer()
        await self._send_down(destinations, self._wrap(content, options))

    async def _load_classes(self) -> None:
        """The first two messages of a process load what sending needs, one after the other."""
        self._first_sends += 1
        async with self._class_loading:
            await self._pacer.take("first_send")

    async def _send_down(self, destinations: Sequence[Member], message: ChannelMessage) -> None:
        try:
            await self.sender.send(destinations, message)
        except SendError as error:
            if self.on_faulty is not None:
                for member in error.faulty:
                    await self.on_faulty(member)
            raise

    def _first_buffer(self) -> None:
        if not self._buffers_made:
            self._buffers_made = True
            kind = "org.apache.catalina.tribes.io.BufferPool15Impl"
            self.environment.log.bind(component="BufferPool").info("buffer_pool_created", type=kind)

    # Membership events

    async def member_added(self, member: Member) -> None:
        """Tell every listener; the load balancer's managers come before the primary one."""
        for listener in tuple(self.listeners):
            await listener.member_added(member)

    async def member_disappeared(self, member: Member) -> None:
        """Tell every listener."""
        for listener in tuple(self.listeners):
            await listener.member_disappeared(member)
