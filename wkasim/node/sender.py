"""How a node sends: pooled connections, immediate reconnection, and what a failure is called.

Each send runs on its caller's thread and takes one sender of a pool, first in, first out; every pooled sender keeps
connections of its own. It connects if need be, writes, and waits for the acknowledgement only where the message asks
for one. The whole call has three seconds. A connection that is found dead is made anew at once, up to eleven attempts
without a pause (docs/protocol.md, "Sending").
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from attrs import define, field

from wkasim.errors import ThreadDeathError
from wkasim.members import Address, Member, tribes_host
from wkasim.messages import USE_ACK, ChannelMessage
from wkasim.node.environment import Environment, Pacer
from wkasim.transport.base import ConnectError, Connection, ConnectionLostError, ConnectTimeoutError

__all__ = ["SendError", "Sender"]

SELECT_S = 5.0
"""How long the selector of a sender sleeps when nothing happens."""


class SendError(ThreadDeathError):
    """A message could not be handed to everybody; ``faulty`` are those who did not get it."""

    def __init__(self, faulty: Sequence[Member]) -> None:
        names = ", ".join(member.name for member in faulty) or "everybody in time"
        super().__init__(f"could not send to {names}")
        self.faulty = tuple(faulty)


@define(slots=True, eq=False)
class _PooledSender:
    connections: dict[Address, Connection] = field(factory=dict)
    retries: bool = True

    def disconnect(self) -> None:
        """Close every connection.

        Quirk: a pooled sender that failed once is never marked as connected again. It goes on sending, but at its
        next failure it says "Sender is disconnected" instead of trying again.
        """
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()
        self.retries = False

    def drop(self, address: Address) -> None:
        connection = self.connections.pop(address, None)
        if connection is not None:
            connection.close()

    def keep_alive(self) -> None:
        for address in [address for address, connection in self.connections.items() if connection.lost]:
            self.drop(address)


class Sender:
    """The sending side of a node's channel."""

    def __init__(self, environment: Environment, pacer: Pacer) -> None:
        self._environment = environment
        self._pacer = pacer
        self._log = environment.log.bind(component="ParallelNioSender")
        self._pool: deque[_PooledSender] = deque()
        self._suspect: dict[Address, None] = {}

    async def send(self, destinations: Sequence[Member], message: ChannelMessage) -> None:
        """Send to all; raises SendError after having tried everybody."""
        if len(destinations) > 1 and len(once := tuple(dict.fromkeys(destinations))) < len(destinations):
            # Quirk: destinations are counted, but a connection completes once. Whoever stands twice in the list
            # (defect D18) gets the message once, and the sender waits for the other until its selector wakes.
            await self.send(once, message)
            await self._environment.sleep(SELECT_S)
            raise SendError(())
        sender = self._pool.popleft() if self._pool else _PooledSender()
        try:
            rest = self._send_at_once(sender, destinations, message)
            if not rest:
                return
            if len(rest) == 1:
                outcomes = [await self._send_slowly(sender, rest[0], message)]
            else:
                outcomes = await self._send_one_by_one(sender, rest, message)
            faulty = [member for member, sent in zip(rest, outcomes, strict=True) if not sent]
            if faulty:
                sender.disconnect()
                raise SendError(faulty)
            sender.keep_alive()
        finally:
            self._pool.append(sender)

    def send_at_once(self, member: Member, message: ChannelMessage) -> bool:
        """Send to one member if that needs no waiting; say whether it was done."""
        if not self._pool or self._send_at_once(self._pool[0], (member,), message):
            return False
        self._pool.rotate(-1)
        return True

    def _send_at_once(
        self, sender: _PooledSender, destinations: Sequence[Member], message: ChannelMessage
    ) -> list[Member]:
        """Send down the connections that stand; return those for whom this is not possible without waiting."""
        if message.options & USE_ACK:
            return list(destinations)
        rest = []
        for member in destinations:
            connection = sender.connections.get(member.address)
            try:
                if connection is not None:
                    connection.send(message)
                    continue
            except ConnectionLostError:
                pass
            rest.append(member)
        return rest

    async def _send_one_by_one(
        self, sender: _PooledSender, members: Sequence[Member], message: ChannelMessage
    ) -> list[bool]:
        """Begin with each in turn, without waiting for the one before; the first in the list gets it first."""
        threads: list[asyncio.Task[bool]] = []
        for member in members:
            if threads:
                await self._pacer.take("connection")
            threads.append(self._environment.spawn(self._send_slowly(sender, member, message), "send"))
        return [await thread for thread in threads]

    async def _send_slowly(self, sender: _PooledSender, member: Member, message: ChannelMessage) -> bool:
        profile = self._environment.profile
        try:
            async with asyncio.timeout(profile.sender_timeout_s):
                for _ in range(profile.sender_tries + 1):
                    if await self._try(sender, member, message):
                        self._suspect.pop(member.address, None)
                        return True
                    if not sender.retries:
                        destination = f"tcp://{tribes_host(member)}:{member.address.port}"
                        self._log.warning("send_not_retried", destination=destination)
                        break
        except (TimeoutError, ConnectTimeoutError):
            self._suspect[member.address] = None
        return False

    async def _try(self, sender: _PooledSender, member: Member, message: ChannelMessage) -> bool:
        address = member.address
        try:
            connection = sender.connections.get(address)
            if connection is None:
                timeout_s = self._environment.profile.sender_timeout_s
                connection = await self._environment.transport.connect(address, timeout_s)
                sender.connections[address] = connection
            if message.options & USE_ACK:
                await connection.send_acknowledged(message)
            else:
                connection.send(message)
        except (ConnectionLostError, ConnectError) as error:
            if isinstance(error, ConnectTimeoutError):
                raise
            sender.drop(address)
            if address not in self._suspect:
                self._suspect[address] = None
                self._log.warning("send_failing_retrying", destination=f"tcp://{tribes_host(member)}:{address.port}")
            return False
        return True

    def keep_alive(self) -> None:
        """Drop the connections that the other end has closed; the heartbeat does this."""
        for sender in self._pool:
            sender.keep_alive()

    def close(self) -> None:
        """Close every connection."""
        for sender in self._pool:
            sender.disconnect()
