"""Requests and responses of HTTP as values: what clients ask, what nodes answer, what the load balancer forwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeAlias

from attrs import evolve, frozen

__all__ = ["ANSWERED_BY", "Answer", "Headers", "WebRequest", "WebResponse", "header", "without_header"]

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in order; names compare without regard to case."""

ANSWERED_BY: Final = "X-Wkasim-Node"
"""The header in which a node says its name; the load balancer lets it pass."""


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value under that name; None if there is none."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def without_header(headers: Iterable[tuple[str, str]], name: str) -> Headers:
    """The headers but for those of that name."""
    wanted = name.lower()
    return tuple((key, value) for key, value in headers if key.lower() != wanted)


@frozen(slots=True)
class WebRequest:
    """One request. ``path`` begins with a slash and includes the query; the host is the Host header's value."""

    method: str = "GET"
    path: str = "/"
    headers: Headers = ()
    body: bytes = b""

    @property
    def host(self) -> str:
        """The Host header as it was sent, port included; empty if there is none."""
        return header(self.headers, "Host") or ""

    def with_headers(self, *headers: tuple[str, str]) -> WebRequest:
        """The same request with more headers."""
        return evolve(self, headers=(*self.headers, *headers))

    def without(self, name: str) -> WebRequest:
        """The same request but for one header."""
        return evolve(self, headers=without_header(self.headers, name))


@frozen(slots=True)
class WebResponse:
    """One response."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""

    @property
    def answered_by(self) -> str:
        """The node that answered, empty if none says so."""
        return header(self.headers, ANSWERED_BY) or ""


Answer: TypeAlias = Callable[[WebRequest], Awaitable[WebResponse]]
"""What a server does with each request; requests run side by side."""
