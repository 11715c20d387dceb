"""What a node answers over HTTP: an application node says who it is; a load balancer forwards."""

from __future__ import annotations

import re
from typing import Final, Protocol

from wkasim.node.config import NodeConfig
from wkasim.node.environment import Environment
from wkasim.node.sessions import session_cookies
from wkasim.web import ANSWERED_BY, WebRequest, WebResponse, header

__all__ = ["ApplicationService", "Service"]

_DELAY: Final = re.compile(r"[?&]delay=([0-9]{1,3}(?:\.[0-9]{1,3})?)(?:&|$)")


class Service(Protocol):
    """What stands behind a node's HTTP and HTTPS ports."""

    async def answer(self, request: WebRequest, scheme: str) -> WebResponse:
        """The answer to a request that came by ``scheme``, http or https."""


class ApplicationService:
    """A manager's or a worker's: it says which node, role and life it is, and repeats what was asked.

    Who has no session of this life gets one, as from any servlet container. ``?delay=2.5`` makes the answer take so
    many seconds, 999 at most.
    """

    def __init__(self, environment: Environment, config: NodeConfig) -> None:
        self._environment = environment
        self._config = config
        self._sessions = 0

    async def answer(self, request: WebRequest, scheme: str) -> WebResponse:
        """200, in plain text."""
        delay = _DELAY.search(request.path)
        if delay:
            await self._environment.sleep(float(delay[1]))
        name, role, life = self._config.name, self._config.role, self._environment.life
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            (ANSWERED_BY, name),
            ("X-Wkasim-Role", role),
            ("X-Wkasim-Life", str(life)),
        ]
        session = f"JSESSIONID={name}-{life}-"
        cookies = session_cookies(header(request.headers, "Cookie"))
        if not any(cookie.startswith(session) for cookie in cookies):
            self._sessions += 1
            headers.append(("Set-Cookie", f"{session}{self._sessions}; Path=/"))
        text = f"{name} ({role}), life {life}: {request.method} {request.path} by {scheme}\n"
        return WebResponse(200, tuple(headers), text.encode())
