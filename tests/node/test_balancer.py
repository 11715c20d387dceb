"""To whom a load balancer gives a request."""

from collections.abc import Iterator

import pytest

from tests.node.front import DOMAIN, MANAGERS, WORKERS, Front, member
from wkasim.members import Address
from wkasim.node.config import Group, Route
from wkasim.profile import AXIS2_1_7
from wkasim.web import WebResponse

ERROR_BODY = b'<?xml version="1.0" encoding="UTF-8"?>\n<fault><reason>Gateway Error</reason></fault>\n'


@pytest.fixture
def front() -> Iterator[Front]:
    front = Front()
    yield front
    front.close()


def test_balancer_with_three_workers_takes_turns(front: Front) -> None:
    front.admit(member(1), member(2), member(3))
    assert [front.who() for _ in range(7)] == ["1", "2", "3", "1", "2", "3", "1"]
    assert front.events() == []


def test_balancer_without_members_answers_500_and_says_so(front: Front) -> None:
    response = front.ask()
    assert (response.status, response.body) == (500, ERROR_BODY)
    assert front.lines() == [("no_application_members", "ERROR")]


@pytest.mark.parametrize("host", ["", "nowhere.org", "com", "wso2.com", "xesb.cloud-test.wso2.com", "." * 200])
def test_balancer_with_an_unknown_host_name_answers_500_and_names_it(front: Front, host: str) -> None:
    front.admit(member(1))
    assert front.ask(f"{host}:8280").status == 500
    assert front.params("invalid_host_name") == [{"host": host}]
    assert front.servers.asked == []


@pytest.mark.parametrize(
    ("sent", "logged"),
    [
        ("a\r\nERROR forged\x1b[31m", "a??ERROR forged?[31m"),
        ("x" * 10_000, "x" * 261),
        ("\N{SNOWMAN}.org:80", "\N{SNOWMAN}.org"),
        (":80", ""),
        ("::::", ""),
    ],
)
def test_balancer_makes_a_hostile_host_name_harmless_in_the_log(front: Front, sent: str, logged: str) -> None:
    assert front.ask(sent).status == 500
    assert front.params("invalid_host_name") == [{"host": logged}]


@pytest.mark.parametrize("host", [WORKERS, f"{WORKERS}:80", f"a.{WORKERS}", f"x.y.{WORKERS}:8280"])
def test_balancer_finds_a_host_name_without_its_port_and_first_labels(front: Front, host: str) -> None:
    front.admit(member(1))
    assert front.who(host) == "1"


def test_balancer_keeps_one_index_for_each_host_name() -> None:
    front = Front(routes=[Route(hosts=("a.org", "b.org"), domain=DOMAIN)])
    front.admit(member(1), member(2))
    assert [front.who("a.org"), front.who("b.org"), front.who("a.org"), front.who("b.org")] == ["1", "1", "2", "2"]
    assert [front.who("x.a.org"), front.who("a.org")] == ["1", "2"], "a name below counts as the one that was found"
    front.close()


def test_balancer_index_wraps_when_the_list_has_shrunk(front: Front) -> None:
    front.admit(member(1), member(2), member(3))
    assert [front.who(), front.who()] == ["1", "2"]
    front.leave(member(2))
    front.leave(member(3))
    assert [front.who(), front.who()] == ["1", "1"]


def test_balancer_gives_requests_to_a_member_as_soon_as_it_is_admitted(front: Front) -> None:
    front.admit(member(1))
    assert [front.who(), front.who()] == ["1", "1"]
    front.admit(member(2))
    assert [front.who(), front.who()] == ["1", "2"]


# Domain, sub-domain, tenant


def test_documented_balancer_picks_by_the_host_names_sub_domain_out_of_one_group(front: Front) -> None:
    front.admit(member(1), member(9, None), member(2))
    assert [front.who(), front.who(), front.who()] == ["1", "2", "1"]
    assert [front.who(MANAGERS), front.who(MANAGERS)] == ["9", "9"]


def test_documented_balancer_has_nobody_for_the_manager_host_while_only_workers_are_there(front: Front) -> None:
    front.admit(member(1))
    assert front.who(MANAGERS) == "500"
    assert front.events() == ["no_application_members"]


def test_real_balancer_asks_for_the_agent_of_the_sub_domain() -> None:
    front = Front(Group(DOMAIN), profile=AXIS2_1_7)
    front.admit(member(1))
    assert front.who() == "500"
    assert front.params("no_group_agent") == [{"domain": DOMAIN, "sub_domain": "worker", "host": WORKERS, "tenant": 0}]
    front.close()


def test_balancer_with_two_groups_gives_each_host_name_its_own() -> None:
    front = Front(Group(DOMAIN, "worker"), Group(DOMAIN, "mgt"), profile=AXIS2_1_7)
    front.admit(member(1), member(2), group=0)
    front.admit(member(9, "mgt"), group=1)
    assert [front.who(), front.who(), front.who()] == ["1", "2", "1"]
    assert [front.who(MANAGERS), front.who(MANAGERS)] == ["9", "9"]
    front.close()


def test_balancer_finds_the_group_of_the_tenant_and_falls_back_to_all() -> None:
    routes = [
        Route(hosts=("esb.org",), domain="everybody"),
        Route(hosts=("esb.org",), domain="some", tenant_range="5-7"),
        Route(hosts=("esb.org",), domain="one", tenant_range="9"),
    ]
    front = Front(Group("everybody"), Group("some"), Group("one"), routes=routes)
    for number in range(3):
        front.admit(member(number), group=number)
    paths = ("/", "/t/4/a", "/t/5/a", "/services/t/7/a", "/t/8", "/t/9", "/t/wso2.com/a")
    asked = [front.ask("esb.org", path).answered_by for path in paths]
    assert asked == [f"at 127.1.0.{number}:4000" for number in (0, 0, 1, 1, 0, 2, 0)]
    front.close()


def test_balancer_without_a_fallback_has_no_group_for_other_tenants() -> None:
    front = Front(Group("one"), routes=[Route(hosts=("esb.org",), domain="one", tenant_range="9")])
    assert front.ask("esb.org", "/t/3/").status == 500
    assert front.params("no_group_agent") == [{"domain": "null", "sub_domain": "null", "host": "esb.org", "tenant": 3}]
    front.close()


# Where exactly


def test_balancer_sends_what_came_by_https_to_the_https_port(front: Front) -> None:
    front.admit(member(1))
    front.servers.answers[Address("127.1.0.1", 8243)] = WebResponse(204)
    assert front.ask(scheme="https").status == 204


@pytest.mark.parametrize(
    ("host", "scheme", "port"),
    [
        (WORKERS, "http", 9080),
        (WORKERS, "https", 9443),
        (f"{WORKERS}:8280", "http", 9280),
        (f"{WORKERS}:8280", "https", 9280),
        (f"{WORKERS}:81", "http", 8280),
    ],
)
def test_balancer_obeys_mappings_of_the_port_in_the_host_header(
    front: Front, host: str, scheme: str, port: int
) -> None:
    front.admit(member(1, port_mapping_80="9080", port_mapping_443="9443", port_mapping_8280="9280"))
    front.ask(host, scheme=scheme)
    assert front.servers.asked[0] == Address("127.1.0.1", port)


def test_balancer_sends_to_the_remote_host_of_a_member_that_names_one(front: Front) -> None:
    front.servers.names["outside.org"] = "127.9.9.9"
    front.admit(member(1, remoteHost="outside.org"))
    front.ask()
    assert front.servers.asked[0] == Address("127.9.9.9", 8280)


def test_balancer_passes_the_request_on_with_path_and_headers(front: Front) -> None:
    front.admit(member(1))
    front.ask(path="/services/echo?x=1", Accept="text/xml")
    (request,) = front.servers.requests
    assert (request.path, request.headers) == ("/services/echo?x=1", (("Host", WORKERS), ("Accept", "text/xml")))


def test_balancer_brings_back_the_members_own_errors_as_they_are(front: Front) -> None:
    front.admit(member(1))
    front.servers.answers[Address("127.1.0.1", 8280)] = WebResponse(503, (("X", "y"),), b"busy")
    assert front.ask() == WebResponse(503, (("X", "y"),), b"busy")
    assert front.events() == []


def test_balancer_writes_each_attempt_into_the_journal(front: Front) -> None:
    front.admit(member(1))
    front.ask(path="/a")
    (record,) = front.journal.of_kind("forward")
    assert record[4:] == (WORKERS, "/a", "127.1.0.1:8280", 200)
