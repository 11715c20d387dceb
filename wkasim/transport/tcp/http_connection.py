"""One connection to a port for requests: aiohttp's, and an account of what has come in and is no whole request yet.

The library bounds a line, the number of headers and what it reads ahead. A crowd that sends great headers and never
ends them would still fill a machine's memory, so :class:`wkasim.transport.tcp.http.HttpService` keeps the account.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp.web import BaseRequest, RequestHandler, Server, StreamResponse

if TYPE_CHECKING:
    from wkasim.transport.tcp.http import HttpService

__all__ = ["HttpConnection"]


class HttpConnection(RequestHandler):
    """A connection that tells the service what comes in, what was no request, and that it is gone."""

    __slots__ = ("_service",)

    def __init__(
        self,
        service: HttpService,
        server: Server,
        loop: asyncio.AbstractEventLoop,
        **settings: Any,
    ) -> None:
        super().__init__(server, loop=loop, **settings)
        self._service = service

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much."""
        if self._service.arrived(self, len(data)):
            super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        self._service.forget(self)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Answer what was no request."""
        if self.transport is not None:
            self._service.answered_error(self, status, message or str(exc))
        return super().handle_error(request, status, exc, message)
