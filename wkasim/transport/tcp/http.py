"""HTTP over real sockets, by aiohttp: its parser, its keep-alive, its limits; what they mean to a node stands here.

The load balancer forwards what it gets and a node answers in a few bytes, so both ends read whole bodies, up to a
limit. Encryption is outside the model: the port that a node calls HTTPS speaks plain HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Literal, cast

from attrs import define

from wkasim.errors import InputError, visible
from wkasim.members import Address
from wkasim.transport.base import AnswerTimeoutError, ConnectionLostError
from wkasim.web import Answer, Headers, WebRequest, WebResponse

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from aiohttp.web import BaseRequest, Response
    from yarl import URL

    from wkasim.transport.tcp.http_connection import HttpConnection

__all__ = ["BODY_LIMIT", "HELD_LIMIT", "HttpService", "UnreachableError", "fetch", "require_http"]

BODY_LIMIT: Final = 1 << 20
"""The largest body of a request or a response, in bytes."""

HELD_LIMIT: Final = 32 << 20
"""How many bytes the requests that arrive or are answered at one port may hold together."""

_LINE_LIMIT: Final = 64 << 10
_PATH: Final = re.compile(r"/[!-~]*")
_REASON_LIMIT: Final = 200
_TOO_MUCH: Final = "all requests together hold more than {} bytes"
_BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
"""The answer to a request whose head has not come yet, where there is no room for the rest of it."""
_STRANGERS: Final = logging.getLogger("wkasim.http")
_STRANGERS.addHandler(logging.NullHandler())
"""Takes what is dropped, a sentence each, for whoever wants to hear it."""
_LIBRARY: Final = logging.getLogger("wkasim.aiohttp")
_LIBRARY.addHandler(logging.NullHandler())
"""Takes what the library says of the same clients, with tracebacks."""
_PER_CONNECTION: Final = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "transfer-encoding", "upgrade"}
)
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


Stage = Literal["head", "body", "answer", "refused"]


@define
class _Request:
    """A request that is arriving or being answered: when it began, and how many bytes of it came in.

    ``ahead`` of them belong to the next request, which came before the answer to this one.
    A refused one is still read, for the answer would be lost with the connection otherwise, but nothing of it is kept.
    """

    since: float
    held: int = 0
    ahead: int = 0
    stage: Stage = "head"


class HttpService:
    """What answers at ``address``. ``run`` makes the answer of a request a thread of the node.

    Whoever connects may be anybody. What all unanswered requests hold together is limited, and so is the time that one
    may take to arrive (:meth:`close_slow`). What is dropped is told to the logger ``wkasim.http``.
    """

    def __init__(
        self,
        address: Address,
        answer: Answer,
        run: Callable[[Awaitable[WebResponse]], Awaitable[WebResponse]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        from aiohttp import web

        from wkasim.transport.tcp.http_connection import HttpConnection

        self._address = address
        self._answer = answer
        self._run = run
        self._loop = loop
        self._response = web.Response
        self._held = 0
        self._requests: dict[HttpConnection, _Request] = {}
        self._server = web.Server(self._handle, loop=loop)
        self._connect = partial(
            HttpConnection,
            self,
            self._server,
            loop,
            logger=_LIBRARY,
            access_log=None,
            max_line_size=_LINE_LIMIT,
            max_field_size=_LINE_LIMIT,
            auto_decompress=False,
        )

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return self._connect()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return sum(connection.transport is not None for connection in self._open)

    @property
    def _open(self) -> list[HttpConnection]:
        """The connections in the order in which they were made."""
        return cast("list[HttpConnection]", self._server.connections)

    def make_room(self) -> bool:
        """Break off the oldest connection that waits for no answer; say whether there was one."""
        for connection in self._open:
            request = self._requests.get(connection)
            if connection.transport is not None and (request is None or request.stage != "answer"):
                self._refuse(connection, "the connections are too many, and this one waits for no answer")
                return True
        return False

    def close_slow(self, limit_s: float) -> None:
        """Break off connections whose request has been arriving for longer."""
        now = self._loop.time()
        for connection, request in list(self._requests.items()):
            if request.stage in ("head", "body") and now - request.since > limit_s:
                self._refuse(connection, f"a request took longer than {limit_s:g} s")

    def abort(self) -> None:
        """Break off every connection."""
        self._requests.clear()
        self._held = 0
        for connection in self._open:
            self._break_off(connection)

    def complain(self, reason: str) -> None:
        """Something was dropped; say why."""
        _STRANGERS.warning("HTTP at %s: %s", self._address, visible(reason[:_REASON_LIMIT]))

    # What the connections report

    def arrived(self, connection: HttpConnection, size: int) -> bool:
        """So many bytes came in; say whether they may be kept."""
        request = self._requests.get(connection)
        if request is None:
            request = self._requests[connection] = _Request(self._loop.time())
        if request.stage == "refused":
            return True
        self._held += size
        request.held += size
        if request.stage == "answer":
            request.ahead += size
        if self._held <= HELD_LIMIT:
            return True
        if request.stage == "answer":
            self._refuse(connection, _TOO_MUCH.format(HELD_LIMIT))
            return False
        if request.stage == "head":
            self.complain(f"answered 503: {_TOO_MUCH.format(HELD_LIMIT)}")
            self._release(connection)
            if connection.transport is not None:
                connection.transport.write(_BUSY)
                connection.force_close()
            return False
        return True

    def answered_error(self, connection: HttpConnection, status: int, reason: str) -> None:
        """What came was no request, and is answered by the library."""
        self._give_up(self._requests.get(connection), status, " ".join(reason.split()))

    def forget(self, connection: HttpConnection) -> None:
        """The connection is gone; in the middle of a request that is worth a word."""
        request = self._requests.get(connection)
        if request is not None and request.stage in ("head", "body"):
            self.complain("the connection ended inside a request")
        self._release(connection)

    def _answered(self, connection: HttpConnection, ahead: int) -> None:
        self._release(connection)
        if ahead:
            self._requests[connection] = _Request(self._loop.time(), ahead)
            self._held += ahead

    def _release(self, connection: HttpConnection) -> None:
        request = self._requests.pop(connection, None)
        if request is not None:
            self._held -= request.held

    def _give_up(self, request: _Request | None, status: int, why: str) -> None:
        self.complain(f"answered {status}: {why}")
        if request is not None:
            self._held -= request.held
            request.held, request.stage = 0, "refused"

    def _refuse(self, connection: HttpConnection, reason: str) -> None:
        self.complain(f"closed a connection: {reason}")
        self._release(connection)
        self._break_off(connection)

    @staticmethod
    def _break_off(connection: HttpConnection) -> None:
        transport = connection.transport
        if transport is not None:
            connection.force_close()
            transport.abort()

    # Answering

    async def _handle(self, asked: BaseRequest) -> Response:
        connection = cast("HttpConnection", asked.protocol)
        request = self._requests.setdefault(connection, _Request(self._loop.time()))
        request.stage = "body"
        path = _path(asked.raw_path)
        headers = _kept(asked.headers.items())
        if path is None:
            return self._refusal(request, 400, f"no path: {asked.raw_path}")
        if not _is_text(headers):
            return self._refusal(request, 400, "a header is no UTF-8")
        body = await self._body(asked)
        if isinstance(body, int):
            why = f"a body has more than {BODY_LIMIT} bytes" if body == 413 else _TOO_MUCH.format(HELD_LIMIT)
            return self._refusal(request, body, why)
        request.stage = "answer"
        try:
            answer = await self._run(self._answer(WebRequest(asked.method, path, headers, body)))
        finally:
            if self._requests.get(connection) is request:
                self._answered(connection, request.ahead)
        response = self._response(status=answer.status, body=answer.body)
        for name, value in answer.headers:
            if _travels(name):
                response.headers.add(name, value)
        return response

    async def _body(self, asked: BaseRequest) -> bytes | int:
        """The body, or the status that says why it is not taken: it is too large, or all requests together are."""
        body = bytearray()
        async for piece in asked.content.iter_any():
            body += piece
            if len(body) > BODY_LIMIT:
                return 413
            if self._held > HELD_LIMIT:
                return 503
        return bytes(body)

    def _refusal(self, request: _Request, status: int, why: str) -> Response:
        """The answer to what is not taken; what is still to come of it is not kept."""
        self._give_up(request, status, why)
        response = self._response(status=status)
        response.force_close()
        return response


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
    assert request.path.startswith("/"), request.path  # Else the path would be a part of the host.
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
                max_line_size=_LINE_LIMIT,
                max_field_size=_LINE_LIMIT,
            ) as session,
        ):
            return await _exchange(session, url, request)
    except TimeoutError:
        if connected:
            raise AnswerTimeoutError(f"no answer within {answer_s:g} s") from None
        raise UnreachableError(TimeoutError()) from None
    except aiohttp.ClientConnectorError as error:
        raise UnreachableError(error.os_error) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
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
        if not _is_text(answered := _kept(response.headers.items())):
            raise ConnectionLostError("a header of the answer is no UTF-8")
        return WebResponse(response.status, answered, body)


def _path(target: str) -> str | None:
    """The path and the query in a request's first line, which may be a whole URL; None where there are none.

    What is no plain text there would be written by nobody decent, and not understood by every server behind.
    """
    scheme, colon, rest = target.partition("://")
    if colon and scheme.isalpha():
        authority = re.match(r"[^/?#]*", rest)
        assert authority is not None
        target = rest[authority.end() :]
        target = target if target.startswith("/") else f"/{target}"
    return target if _PATH.fullmatch(target) else None


def _is_text(headers: Headers) -> bool:
    """Whether the headers can be written again: the library keeps bytes that are no UTF-8 as half characters."""
    try:
        "".join(part for header in headers for part in header).encode()
    except UnicodeEncodeError:
        return False
    return True


def _kept(headers: Iterable[tuple[str, str]]) -> Headers:
    return tuple((name, value) for name, value in headers if _travels(name))


def _travels(name: str) -> bool:
    return name.lower() not in _PER_CONNECTION
