"""Session affinity of a load balancer."""

from collections.abc import Iterator

import pytest

from tests.node.front import MANAGERS, WORKERS, Front, member
from wkasim.node import sessions
from wkasim.transport.base import ConnectRefusedError
from wkasim.web import WebResponse, header


@pytest.fixture
def front() -> Iterator[Front]:
    front = Front(session_timeout_s=90)
    front.admit(member(1), member(2), member(3))
    yield front
    front.close()


def begin(front: Front, number: int, cookie: str = "JSESSIONID=alice") -> None:
    """Let the next answer of a member set a cookie, and make it give that answer."""
    front.up(member(number), ("Set-Cookie", f"{cookie}; Path=/; HttpOnly"))
    while front.who() != str(number):
        pass
    front.up(member(number))


@pytest.mark.parametrize(
    "cookie", ["JSESSIONID=a", "PHPSESSID=b", "phpMyAdmin=c", "wordpress_test_cookie=d", "MY_JSESSIONID_2=e"]
)
def test_session_sends_every_request_with_its_cookie_to_the_same_member(front: Front, cookie: str) -> None:
    begin(front, 2, cookie)
    assert [front.who(Cookie=f"lang=en; {cookie}") for _ in range(4)] == ["2", "2", "2", "2"]


def test_cookie_that_means_no_session_begins_none(front: Front) -> None:
    begin(front, 2, "lang=en")
    assert [front.who(Cookie="lang=en") for _ in range(3)] == ["3", "1", "2"]


def test_session_takes_no_turn_from_the_others(front: Front) -> None:
    begin(front, 1)
    assert front.who(Cookie="JSESSIONID=alice") == "1"
    assert [front.who(), front.who()] == ["2", "3"]


def test_session_ends_when_it_was_idle_for_too_long(front: Front) -> None:
    begin(front, 1)
    front.later(89.999)
    assert front.who(Cookie="JSESSIONID=alice") == "1"
    front.later(89.999)
    assert front.who(Cookie="JSESSIONID=alice") == "1", "its time began anew"
    front.later(90)
    assert front.who(Cookie="JSESSIONID=alice") == "2"


def test_session_without_a_configured_time_lasts_two_minutes() -> None:
    front = Front()
    front.admit(member(1), member(2))
    begin(front, 1)
    front.later(119.999)
    assert front.who(Cookie="JSESSIONID=alice") == "1"
    front.later(120)
    assert front.who(Cookie="JSESSIONID=alice") == "2"
    front.close()


def test_session_of_a_member_that_left_goes_to_another(front: Front) -> None:
    begin(front, 1)
    front.leave(member(1))
    assert front.who(Cookie="JSESSIONID=alice") in ("2", "3")


def test_session_counts_for_host_names_that_its_member_has_served(front: Front) -> None:
    begin(front, 1)
    front.admit(member(9, None))
    assert front.who(MANAGERS, Cookie="JSESSIONID=alice") == "9"
    other = f"a.{WORKERS}"
    assert front.who(other, Cookie="JSESSIONID=alice") == "2", "another name of the same entry is another host"


def test_session_goes_to_its_member_even_if_that_is_suspended(front: Front) -> None:
    begin(front, 1)
    front.fails(member(1), ConnectRefusedError("refused"))
    assert front.who(Cookie="JSESSIONID=alice") in ("2", "3")
    front.up(member(1))
    assert front.who(Cookie="JSESSIONID=alice") == "1"


def test_session_that_failed_over_moves_with_the_cookie_of_its_new_member(front: Front) -> None:
    begin(front, 1)
    front.fails(member(1), ConnectRefusedError("refused"))
    for number in (2, 3):
        front.up(member(number), ("Set-Cookie", f"JSESSIONID=new{number}"))
    cookie = header(front.ask(Cookie="JSESSIONID=alice").headers, "Set-Cookie") or ""
    assert front.who(Cookie=cookie) == cookie[-1]


def test_request_that_begins_a_session_loses_its_cookies_on_the_way(front: Front) -> None:
    front.ask(Cookie="JSESSIONID=unknown; lang=en")
    assert header(front.servers.requests[-1].headers, "Cookie") is None
    begin(front, 1)
    front.ask(Cookie="JSESSIONID=alice; lang=en")
    assert header(front.servers.requests[-1].headers, "Cookie") == "JSESSIONID=alice; lang=en"


def test_new_cookie_in_a_session_takes_the_place_of_the_old_one(front: Front) -> None:
    begin(front, 1)
    front.up(member(1), ("Set-Cookie", "JSESSIONID=second"))
    assert front.who(Cookie="JSESSIONID=alice") == "1"
    assert front.who(Cookie="JSESSIONID=second") == "1"
    assert front.who(Cookie="JSESSIONID=alice") == "2", "the old one is forgotten"


def test_sessions_are_bounded_and_expired_ones_are_dropped(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_MOST_SESSIONS", 10)
    known = sessions.Sessions(90_000, front.wall_ms)
    for number in range(25):
        known.learn(WebResponse(200, (("Set-Cookie", f"JSESSIONID={number}"),)), member(1), None)
    assert len(known) == 10
    front.later(90)
    known.learn(WebResponse(), member(1), None)
    assert len(known) == 0
