"""What a load balancer does when a member does not answer."""

from collections.abc import Iterator

import pytest

from tests.node.front import WORKERS, Front, member
from wkasim.members import Address, Member, axis2_text
from wkasim.transport.base import (
    AnswerTimeoutError,
    ConnectionLostError,
    ConnectRefusedError,
    ConnectTimeoutError,
    HostUnreachableError,
)

REFUSED = ConnectRefusedError("refused")
SILENT = ConnectTimeoutError("silent")


@pytest.fixture
def front() -> Iterator[Front]:
    front = Front()
    yield front
    front.close()


def text(of: Member) -> str:
    return axis2_text(of, remote_host=False)


@pytest.mark.parametrize("error", [REFUSED, HostUnreachableError("no route")])
def test_balancer_with_a_refusing_member_suspends_it_and_fails_over_after_a_second(
    front: Front, error: Exception
) -> None:
    front.admit(member(1), member(2))
    front.fails(member(1), error)
    assert front.who() == "2"
    assert front.loop.time() == 1.0
    assert front.lines() == [("member_suspended", "INFO"), ("failed_over", "INFO")]
    assert front.params("member_suspended") == [{"axis2": text(member(1))}]
    assert front.params("failed_over") == [{"axis2": text(member(2))}]


def test_balancer_leaves_a_suspended_member_out_for_ten_seconds(front: Front) -> None:
    front.admit(member(1), member(2))
    front.fails(member(1), REFUSED)
    assert front.who() == "2"
    front.up(member(1))
    assert [front.who() for _ in range(3)] == ["2", "2", "2"]
    front.later(8.999)
    assert front.who() == "2"
    front.later(0.001)
    assert sorted([front.who(), front.who()]) == ["1", "2"]


def test_balancer_with_a_silent_member_fails_over_without_suspending_it(front: Front) -> None:
    front.admit(member(1), member(2))
    front.fails(member(1), SILENT)
    assert front.who() == "2"
    assert front.events() == ["failed_over"]
    assert front.who() == "2"
    assert front.events() == ["failed_over", "failed_over"], "it was its turn again"


def test_balancer_whose_only_member_refuses_says_that_nobody_is_left(front: Front) -> None:
    front.admit(member(1))
    front.fails(member(1), REFUSED)
    assert front.who() == "500"
    assert front.loop.time() == 0
    assert front.lines() == [("member_suspended", "INFO"), ("no_members_for_host", "ERROR")]
    assert front.params("no_members_for_host") == [{"host": WORKERS, "tenant": 0}]


def test_balancer_whose_members_are_all_suspended_still_tries_the_last_one_looked_at(front: Front) -> None:
    front.admit(member(1), member(2))
    for number in (1, 2):
        front.fails(member(number), REFUSED)
    assert front.who() == "500"
    front.up(member(1))
    front.up(member(2))
    assert front.who() in ("1", "2")


def test_balancer_gives_up_at_the_fifth_fault(front: Front) -> None:
    front.admit(*(member(number) for number in range(1, 8)))
    for number in range(1, 8):
        front.fails(member(number), SILENT)
    assert front.who() == "500"
    assert len(front.servers.asked) == 5
    assert front.events() == ["failed_over"] * 4
    assert front.loop.time() == 4.0


def test_balancer_suspends_nobody_at_the_fifth_fault(front: Front) -> None:
    front.admit(*(member(number) for number in range(1, 8)))
    for number in range(1, 8):
        front.fails(member(number), REFUSED)
    front.ask()
    assert front.events().count("member_suspended") == 4


def test_balancer_with_a_broken_connection_does_not_fail_over(front: Front) -> None:
    front.admit(member(1), member(2))
    front.fails(member(1), ConnectionLostError("lost"))
    assert front.who() == "500"
    assert front.servers.asked == [Address("127.1.0.1", 8280)]
    assert front.lines() == [("request_error", "ERROR")]
    assert front.params("request_error") == [{"host": WORKERS, "code": 101505}]


def test_balancer_whose_member_does_not_answer_in_time_answers_504_without_a_word(front: Front) -> None:
    front.admit(member(1), member(2))
    front.fails(member(1), AnswerTimeoutError("late"))
    assert front.who() == "504"
    assert front.events() == []


def test_balancer_asks_a_member_without_ports_at_port_minus_one_in_vain(front: Front) -> None:
    front.agents[0].members.append(Member(Address("127.1.0.1", 4000), "d"))
    assert front.who("mgr.esb.wso2.com") == "500"
    assert front.servers.asked == []
    assert [record[6:] for record in front.journal.of_kind("forward")] == [("127.1.0.1:-1", 101503)]
    assert front.events() == ["member_suspended", "no_members_for_host"]


def test_balancer_with_a_remote_host_that_nobody_knows_fails_over(front: Front) -> None:
    front.admit(member(1, remoteHost="nowhere"), member(2))
    assert front.who() == "2"
    assert front.events() == ["member_suspended", "failed_over"]


def test_member_that_left_and_came_back_is_no_longer_suspended(front: Front) -> None:
    front.admit(member(1))
    front.fails(member(1), REFUSED)
    assert front.who() == "500"
    front.leave(member(1))
    front.admit(member(1), member(2))
    assert sorted([front.who(), front.who()]) == ["1", "2"]
