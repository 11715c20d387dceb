"""Clients outside the cluster: they send HTTP requests to a node and keep what came of them.

Requests of one step go out at fixed intervals whether or not earlier ones have been answered, as from many people at
once. A client with a name has a cookie jar, so that its requests can be one session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import frozen

from wkasim.members import Address
from wkasim.node.environment import Environment
from wkasim.sim.faults import Request
from wkasim.sim.journal import Journal
from wkasim.transport.base import AnswerTimeoutError, ConnectError, ConnectionLostError
from wkasim.web import WebRequest, WebResponse

__all__ = ["CLIENT", "CLIENT_IP", "Answered", "Clients"]

CLIENT = "client"
"""What the journal calls whoever sends requests."""
CLIENT_IP = "198.51.100.1"
"""Where they come from: an address for documentation, at which nobody is."""


@frozen(kw_only=True)
class Answered:
    """What came of one request of a step, by its number from 1.

    ``status`` is 0 if no answer came, and ``problem`` says why. ``by`` is the node that answered, empty if that was the
    load balancer itself.
    """

    number: int
    status: int
    by: str
    took_s: float
    problem: str = ""
    body: bytes = b""


class Clients:
    """Everybody who sends requests."""

    def __init__(
        self, world: Environment, journal: Journal, now_us: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        self._world = world
        self._journal = journal
        self._now_us = now_us
        self._changed = changed
        self._jars: dict[str, dict[str, str]] = {}
        self._waiting: dict[str, int] = {}

    def unanswered(self, name: str | None = None) -> int:
        """How many requests are under way: those of one step, or all."""
        return sum(self._waiting.values()) if name is None else self._waiting.get(name, 0)

    def begin(
        self, request: Request, address: Address, host: str, life: Callable[[], int]
    ) -> list[asyncio.Task[Answered]]:
        """Begin to send; ``life`` tells the life of the node that is asked."""
        self._waiting[request.name] = self.unanswered(request.name) + request.count
        return [
            self._world.spawn(self._send(request, number, address, host, life), f"request {request.name} {number}")
            for number in range(1, request.count + 1)
        ]

    async def _send(
        self, request: Request, number: int, address: Address, host: str, life: Callable[[], int]
    ) -> Answered:
        await asyncio.sleep((number - 1) * request.every_s)
        began_us = self._now_us()
        jar = self._jars.setdefault(request.session, {}) if request.session else {}
        headers = [("Host", host)]
        if jar:
            headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in jar.items())))
        problem, response = "", WebResponse(0)
        try:
            response = await self._world.transport.fetch(
                address,
                WebRequest(request.method, request.path, tuple(headers)),
                connect_s=request.timeout_s,
                answer_s=request.timeout_s,
            )
        except ConnectError as error:
            problem = f"connection {error.outcome}"
        except ConnectionLostError:
            problem = "connection lost"
        except AnswerTimeoutError:
            problem = "no answer in time"
        _keep_cookies(jar, response)
        took_us = self._now_us() - began_us
        self._journal.append(
            (
                self._now_us(),
                "request",
                request.to,
                life(),
                request.name,
                number,
                host,
                request.path,
                response.status,
                response.answered_by,
                took_us,
                problem,
            )
        )
        self._waiting[request.name] -= 1
        self._changed()
        return Answered(
            number=number,
            status=response.status,
            by=response.answered_by,
            took_s=took_us / 1e6,
            problem=problem,
            body=response.body,
        )


def _keep_cookies(jar: dict[str, str], response: WebResponse) -> None:
    for key, text in response.headers:
        if key.lower() == "set-cookie":
            name, equals, value = text.partition(";")[0].strip().partition("=")
            if equals:
                jar[name] = value
