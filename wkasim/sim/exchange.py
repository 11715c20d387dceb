"""HTTP over the simulated network: one request and its answer on a connection of their own.

Both travel down pipes like any message, so everything that can happen to a connection happens to them: they wait where
packets vanish and arrive when those pass again, they lie in the socket of a frozen process, and the client learns at
once that the connection is gone when the server's process dies.
"""

from __future__ import annotations

import asyncio

from attrs import frozen

from wkasim.members import Address
from wkasim.sim.network import Network
from wkasim.sim.pipes import Pipe, Port
from wkasim.sim.process import Process
from wkasim.transport.base import AnswerTimeoutError, ConnectionLostError
from wkasim.web import Answer, WebRequest, WebResponse

__all__ = ["Call", "Calls", "Reply", "exchange"]


@frozen(slots=True, eq=False)
class Call:
    """A request on its way, with the pipe down which its answer comes back."""

    request: WebRequest
    back: Pipe

    @property
    def label(self) -> str:
        """What the journal calls it."""
        return f"HTTP {self.request.method}"

    @property
    def detail(self) -> str:
        """Host and path."""
        return f"{self.request.host}{self.request.path}"


@frozen(slots=True, eq=False)
class Reply:
    """An answer on its way."""

    response: WebResponse

    @property
    def label(self) -> str:
        """What the journal calls it."""
        return f"HTTP {self.response.status}"

    @property
    def detail(self) -> str:
        """Which node answered."""
        return self.response.answered_by


class Calls:
    """Takes the requests that arrive at one port; each is answered by a task of the server's process."""

    def __init__(self, network: Network, process: Process, answer: Answer) -> None:
        self._network = network
        self._process = process
        self._answer = answer

    def __call__(self, call: Call) -> None:
        """Begin to answer."""
        self._process.spawn(self._serve(call), "request")

    async def _serve(self, call: Call) -> None:
        response = await self._answer(call.request)
        self._network.send(call.back, Reply(response))
        self._network.forget(call.back)


async def exchange(network: Network, process: Process, port: Port, request: WebRequest, answer_s: float) -> WebResponse:
    """Send a request down a new connection to the port and wait for the answer.

    Raises ConnectionLostError or AnswerTimeoutError.
    """
    pipe = network.pipe(process, port, web=True)
    ended = network.acknowledgement(pipe, 0)
    answers: list[WebResponse] = []

    def arrived(reply: Reply) -> None:
        if not ended.done():
            answers.append(reply.response)
            ended.set_result(True)

    client = Port(process, Address(process.ip, 0), "client", arrived, network)
    back = network.pipe(port.process, client)
    try:
        network.send(pipe, Call(request, back))
        async with asyncio.timeout(answer_s):
            await ended
    except TimeoutError:
        raise AnswerTimeoutError(f"{port.address}: no answer within {answer_s:g} s") from None
    finally:
        network.forget(pipe)
        network.forget(back)
    if not answers:
        raise ConnectionLostError(f"{port.address}: the connection was lost before the answer")
    return answers[0]
