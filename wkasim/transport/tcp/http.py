"""HTTP over real sockets, by aiohttp: its parser, its keep-alive, its limits; what they mean to a node stands here.

The load balancer forwards what it gets and a node answers in a few bytes, so both ends read whole bodies, up to a
limit. Encryption is outside the model: the port that a node calls HTTPS speaks plain HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from wkasim.errors import InputError
from wkasim.members import Address
from wkasim.transport.base import AnswerTimeoutError, ConnectionLostError
from wkasim.web import Answer, Headers, WebRequest, WebResponse

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from aiohttp.web import BaseRequest, Response, Server
    from yarl import URL

__all__ = ["BODY_LIMIT", "HELD_LIMIT", "HttpService", "UnreachableError", "fetch", "require_http"]

BODY_LIMIT: Final = 1 << 20
"""The largest body of a request or a response, in bytes."""

HELD_LIMIT: Final = 32 << 20
"""How many bytes the bodies of the requests that are being read at one port may have together."""

_HEADER_LIMIT: Final = 64 << 10
_STRANGERS: Final = logging.getLogger("wkasim.http")
_STRANGERS.addHandler(logging.NullHandler())
"""Takes what the library says of clients that send nonsense or break off, for whoever wants to hear it."""
_PER_CONNECTION: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers that speak of one connection; each end writes its own."""


def require_http() -> None:
    """Raise InputError where aiohttp is not installed."""
    if find_spec("aiohttp") is None:
        raise InputError("real sockets need aiohttp for HTTP: pip install 'wkasim[tcp]'")


class UnreachableError(Exception):
    """No connection was made; ``cause`` is what the operating system said."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class HttpService:
    """What answers on one port. ``run`` makes the answer of a request a thread of the node."""

    def __init__(
        self,
        answer: Answer,
        run: Callable[[Awaitable[WebResponse]], Awaitable[WebResponse]],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        from aiohttp import web

        self._answer = answer
        self._run = run
        self._response = web.Response
        self._held = 0
        self._answering: set[object] = set()
        self._server: Server = web.Server(
            self._handle,
            loop=loop,
            logger=_STRANGERS,
            access_log=None,
            max_line_size=_HEADER_LIMIT,
            max_field_size=_HEADER_LIMIT,
        )

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return self._server()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return sum(connection.transport is not None for connection in self._server.connections)

    def make_room(self) -> bool:
        """Break off the oldest connection that waits for no answer; say whether there was one."""
        for connection in self._server.connections:
            transport = connection.transport
            if transport is not None and connection not in self._answering:
                connection.force_close()
                transport.abort()
                return True
        return False

    def abort(self) -> None:
        """Break off every connection."""
        for connection in list(self._server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def _handle(self, request: BaseRequest) -> Response:
        body = await self._body(request)
        if isinstance(body, int):
            return self._response(status=body)
        asked = WebRequest(request.method, request.raw_path, _kept(request.headers.items()), body)
        self._answering.add(request.protocol)
        try:
            answer = await self._run(self._answer(asked))
        finally:
            self._answering.discard(request.protocol)
        response = self._response(status=answer.status, body=answer.body)
        for name, value in answer.headers:
            if _travels(name):
                response.headers.add(name, value)
        return response

    async def _body(self, request: BaseRequest) -> bytes | int:
        """The body, or the status that says why it is not taken: it is too large, or all bodies together are."""
        body = bytearray()
        try:
            async for piece in request.content.iter_any():
                body += piece
                self._held += len(piece)
                if len(body) > BODY_LIMIT:
                    return 413
                if self._held > HELD_LIMIT:
                    return 503
        finally:
            self._held -= len(body)
        return bytes(body)


async def fetch(real: Address, request: WebRequest, *, connect_s: float, answer_s: float) -> WebResponse:
    """Send one request on a connection of its own.

    Raises UnreachableError, ConnectionLostError, AnswerTimeoutError.
    """
    import aiohttp
    from yarl import URL as Url  # noqa: N811 - the name above is for the type checker only

    loop = asyncio.get_running_loop()
    connected = False

    async def count_from_here(*_told: object) -> None:
        nonlocal connected
        connected = True
        patience.reschedule(loop.time() + answer_s)

    async def only_once(*_told: object) -> None:
        # aiohttp sends a request again when a server breaks off; whether to do that is the caller's decision.
        if connected:
            raise ConnectionLostError("the connection was lost before the answer")

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_start.append(only_once)
    trace.on_connection_create_end.append(count_from_here)
    url = Url(f"http://{real.ip}:{real.port}{request.path}", encoded=True)
    try:
        async with (
            asyncio.timeout(connect_s) as patience,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                trace_configs=[trace],
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                max_line_size=_HEADER_LIMIT,
                max_field_size=_HEADER_LIMIT,
            ) as session,
        ):
            return await _exchange(session, url, request)
    except TimeoutError:
        if connected:
            raise AnswerTimeoutError(f"no answer within {answer_s:g} s") from None
        raise UnreachableError(TimeoutError()) from None
    except aiohttp.ClientConnectorError as error:
        raise UnreachableError(error.os_error) from None
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionLostError(f"the connection was lost in the middle of the answer: {error}") from None


async def _exchange(session: ClientSession, url: URL, request: WebRequest) -> WebResponse:
    headers = [(name, value) for name, value in request.headers if _travels(name)]
    async with session.request(
        request.method,
        url,
        headers=headers,
        data=request.body or None,
        allow_redirects=False,
    ) as response:
        body = await response.content.read(BODY_LIMIT + 1)
        while not response.content.at_eof() and len(body) <= BODY_LIMIT:
            body += await response.content.read(BODY_LIMIT + 1 - len(body))
        if len(body) > BODY_LIMIT:
            raise ConnectionLostError(f"the answer is larger than {BODY_LIMIT} bytes")
        return WebResponse(response.status, _kept(response.headers.items()), body)


def _kept(headers: Iterable[tuple[str, str]]) -> Headers:
    return tuple((name, value) for name, value in headers if _travels(name))


def _travels(name: str) -> bool:
    return name.lower() not in _PER_CONNECTION
