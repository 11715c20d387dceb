"""Session affinity: which member of a group a client's session belongs to.

A member begins a session by setting a cookie; the load balancer remembers who set it, and sends whatever comes with
that cookie to the same member until the session has been idle for too long or the member is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define

from wkasim.members import Member
from wkasim.node.groups import ApplicationKey, application_key
from wkasim.web import WebRequest, WebResponse, header

__all__ = ["SESSION_COOKIES", "Session", "Sessions", "session_cookies"]

SESSION_COOKIES: Final = ("JSESSIONID", "PHPSESSID", "phpMyAdmin", "wordpress_test_cookie")
"""The cookies that mean a session to the load balancer."""

_MOST_SESSIONS: Final = 100_000
_MOST_HOSTS: Final = 1_000


@define(eq=False)
class Session:
    """One session: the cookie as ``name=value``, who serves it, and when it ends (ms of the node's wall clock)."""

    cookie: str
    member: Member
    expires_ms: int


def session_cookies(text: str | None) -> list[str]:
    """The cookies of a Cookie header, or of the part of a Set-Cookie header, that mean a session.

    Quirk: a cookie counts if one of the names occurs anywhere in it.
    """
    parts = (part.strip() for part in (text or "").split(";"))
    return [part for part in parts if any(name in part for name in SESSION_COOKIES)]


class Sessions:
    """The sessions that a load balancer knows; bounded, for clients decide how many there are."""

    def __init__(self, timeout_ms: int, now_ms: Callable[[], int]) -> None:
        self._timeout_ms = timeout_ms
        self._now_ms = now_ms
        self._sessions: dict[str, Session] = {}  # those that end first come first
        self._hosts: dict[ApplicationKey, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, request: WebRequest, host: str) -> Session | None:
        """The session of a request, if its member has served this host name before."""
        for cookie in session_cookies(header(request.headers, "Cookie")):
            session = self._sessions.get(cookie)
            if session is None:
                continue
            if session.expires_ms <= self._now_ms():
                del self._sessions[cookie]
            elif host in self._hosts.get(application_key(session.member), ()):
                return session
        return None

    def refresh(self, session: Session) -> None:
        """The session was used: its time starts anew."""
        session.expires_ms = self._now_ms() + self._timeout_ms
        if self._sessions.pop(session.cookie, None) is not None:
            self._sessions[session.cookie] = session

    def served(self, member: Member, host: str) -> None:
        """The member is given a request for this host name."""
        hosts = self._hosts.setdefault(application_key(member), {})
        hosts[host] = None
        if len(hosts) > _MOST_HOSTS:
            del hosts[next(iter(hosts))]

    def learn(self, response: WebResponse, member: Member, session: Session | None) -> None:
        """Begin the session whose cookie a response sets; it takes the place of the one of its request."""
        for name, value in response.headers:
            cookies = session_cookies(value.partition(";")[0]) if name.lower() == "set-cookie" else []
            for cookie in cookies:
                if session is not None and session.cookie != cookie:
                    self._sessions.pop(session.cookie, None)
                self._sessions.pop(cookie, None)
                self._sessions[cookie] = Session(cookie, member, self._now_ms() + self._timeout_ms)
        self._tidy()

    def forget(self, member: Member) -> None:
        """The member is gone, and its sessions with it."""
        key = application_key(member)
        self._hosts.pop(key, None)
        gone = [cookie for cookie, session in self._sessions.items() if application_key(session.member) == key]
        for cookie in gone:
            del self._sessions[cookie]

    def _tidy(self) -> None:
        now_ms = self._now_ms()
        while self._sessions:
            first = next(iter(self._sessions.values()))
            if first.expires_ms > now_ms and len(self._sessions) <= _MOST_SESSIONS:
                break
            del self._sessions[first.cookie]
