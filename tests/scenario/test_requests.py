"""Steps that send requests, and what is claimed of the answers."""

from __future__ import annotations

import pytest

from wkasim.errors import InputError
from wkasim.scenario.answers import SeenAnswer, judge_answers
from wkasim.scenario.model import AnsweredClaim, Scenario, Step, WaitUntil
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.runner import RunResult, run_scenario
from wkasim.scenario.shipped import shipped_scenarios
from wkasim.scenario.writer import write_scenario
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster

HEAD = """
nodes:
  elb:
    {role: elb, host: 127.1.0.206, domain: d, groups: [d], http_port: 80, https_port: 443,
     routes: [{hosts: esb.org, domain: d}]}
  worker1:
    {host: 127.1.0.1, domain: d, well_known_members: ["127.1.0.206:4000"], http_port: 8280}
  worker2:
    {host: 127.1.0.2, domain: d, well_known_members: ["127.1.0.206:4000"], http_port: 8280, port_offset: 1}
  deaf: {host: 127.1.0.3, domain: d}
"""
STARTED = """
steps:
  - start: elb
  - wait_until: {ready: elb}
  - start: [worker1, worker2]
  - wait: 20s
"""


def read(tail: str) -> Scenario:
    return parse_scenario(f"{HEAD}{tail}", "s.yaml")


def problems(tail: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tail)
    lines_before = HEAD.count("\n")
    return [
        f"{int(line) - lines_before}: {sentence}"
        for line, sentence in (problem.removeprefix("s.yaml:").split(": ", 1) for problem in caught.value.problems)
    ]


def run(steps: str, expect: str = "") -> RunResult:
    return run_scenario(read(f"{STARTED}{steps}{expect}"))


# Reading and writing


def test_request_step_is_read_with_every_key() -> None:
    scenario = read(
        """
steps:
  - name: many
    request:
      {to: elb, host: "esb.org:80", path: "/a?b=c", method: POST, count: 3, every: 1s, session: alice, https: true,
       timeout: 5s}
  - wait_until: {answered: many}
expect:
  - answered: {request: many, by: {worker1: 2, worker2: 1}, only: [worker1, worker2], status: 200, within: 2s}
"""
    )
    assert [step.action for step in scenario.steps] == [
        faults.Request(
            to="elb",
            host="esb.org:80",
            path="/a?b=c",
            method="POST",
            count=3,
            every_s=1.0,
            session="alice",
            https=True,
            timeout_s=5.0,
        ),
        WaitUntil(answered=("many",)),
    ]
    assert scenario.expectations[0].claim == AnsweredClaim(
        request="many", by={"worker1": 2, "worker2": 1}, only=("worker1", "worker2"), status=200, within_s=2.0
    )


def test_request_step_is_written_as_it_is_read() -> None:
    scenario = read(
        """
steps:
  - {name: one, request: {to: elb, host: esb.org, session: alice}}
expect:
  - answered: {request: one, by: {worker1: 1}}
"""
    )
    assert parse_scenario(write_scenario(scenario)) == scenario


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("steps: [request: {}]", ['1: the step request needs "to"']),
        (
            "steps: [request: {to: elbe}]",
            ['1: node "elbe" is not defined; did you mean "elb"? (defined: elb, worker1, worker2, deaf)'],
        ),
        (
            "steps:\n  - request: {to: deaf}",
            ['2: node "deaf" has no http_port, so it can be asked nothing; give it one'],
        ),
        (
            "steps:\n  - request: {to: worker1, https: true}",
            ['2: node "worker1" has no https_port, so it can be asked nothing; give it one'],
        ),
        (
            "steps: [request: {to: elb, path: index}]",
            ['1: the text "index" is not a path that begins with a slash'],
        ),
        (
            "steps: [request: {to: elb, host: a b}]",
            ['1: the text "a b" is not a host name, with :PORT or without'],
        ),
        ("steps: [request: {to: elb, count: 0}]", ["1: 0 is out of range: a count goes from 1 to 1000000"]),
        (
            "steps: [request: {to: elb, method: BREW}]",
            ['1: unknown method "BREW" (known: GET, HEAD, POST, PUT, DELETE)'],
        ),
        (
            "steps:\n  - {name: go, start: elb}\n  - wait_until: {answered: go}",
            ['3: the step "go" sends no requests (steps that do: none)'],
        ),
        (
            "steps:\n  - {name: a, request: {to: elb}}\nexpect:\n  - answered: {request: b}",
            ['4: no step has the name "b" (defined: a)'],
        ),
        (
            "steps:\n  - {name: a, request: {to: elb}}\nexpect:\n  - answered: {request: a, by: {w: 1}}",
            ['4: node "w" is not defined (defined: elb, worker1, worker2, deaf)'],
        ),
    ],
)
def test_request_that_makes_no_sense_is_refused_at_its_line(tail: str, expected: list[str]) -> None:
    assert problems(tail) == expected


@pytest.mark.parametrize(
    ("route", "problem"),
    [
        ("{hosts: a b, domain: d}", 'the text "a b" is not a host name'),
        ("{hosts: esb.org}", 'a route needs "domain"'),
        ("{hosts: esb.org, domain: d, tenant_range: 5-}", 'the text "5-" is not *, n or a-b'),
    ],
)
def test_route_that_is_wrong_is_refused(route: str, problem: str) -> None:
    with pytest.raises(InputError, match=r"^s\.yaml:2: ") as caught:
        parse_scenario(f"nodes:\n  elb: {{role: elb, routes: [{route}]}}", "s.yaml")
    assert caught.value.problems == (f"s.yaml:2: {problem}",)


# Running


def test_requests_are_answered_in_turn_and_stand_in_the_journal() -> None:
    result = run(
        "  - {name: many, request: {to: elb, host: esb.org, path: /a, count: 4, every: 50ms}}\n",
        "expect: [answered: {request: many, by: {worker1: 2, worker2: 2}, status: 200}]",
    )
    assert result.passed, result.outcomes
    records = list(result.journal.of_kind("request"))
    assert [(record[2], record[3], *record[4:10]) for record in records] == [
        ("elb", 1, "many", number, "esb.org", "/a", 200, by)
        for number, by in enumerate([records[0][9], records[1][9]] * 2, 1)
    ]
    sent = [record[0] - record[10] for record in records]
    assert [later - sent[0] for later in sent] == [0, 50_000, 100_000, 150_000]


def test_run_ends_only_when_all_requests_are_answered() -> None:
    result = run(
        "  - {name: slow, request: {to: elb, host: esb.org, path: /?delay=30}}\n",
        "expect: [answered: {request: slow, status: 200}]",
    )
    assert result.passed
    assert 50 < result.end_s < 52


def test_wait_until_answered_that_comes_too_late_fails() -> None:
    result = run(
        "  - {name: slow, request: {to: elb, host: esb.org, path: /?delay=30}}\n"
        "  - wait_until: {answered: slow, timeout: 5s}\n"
    )
    assert [(outcome.title, outcome.verdict, outcome.message) for outcome in result.outcomes] == [
        ("wait until slow answered", "failed", "not within 5 s: 1 of slow are unanswered")
    ]


@pytest.mark.parametrize(
    ("fault", "problem", "took_s"),
    [
        ("kill: elb", "connection refused", 0),
        ("pause: elb", "no answer in time", 7),
        ("host_down: 127.1.0.206", "connection timed out", 7),
    ],
)
def test_request_that_nobody_answers_has_status_0_and_says_why(fault: str, problem: str, took_s: float) -> None:
    result = run(
        f"  - {fault}\n  - {{name: lost, request: {{to: elb, host: esb.org, timeout: 7s}}}}\n",
        "expect: [answered: {request: lost, status: 0}]",
    )
    assert result.passed
    (record,) = result.journal.of_kind("request")
    assert (record[8], record[9], record[11]) == (0, "", problem)
    assert took_s <= record[10] / 1e6 < took_s + 0.01


@pytest.mark.parametrize(
    ("fault", "status", "by", "took_s", "outcomes"),
    [
        ("pause: worker1", 504, "", 60, [101504]),
        ("partition: [elb, worker1]", 200, "worker2", 11, [101508, 200]),
        ("partition: {sides: [elb, worker1], how: refused}", 200, "worker2", 1, [101503, 200]),
        ("cut: {from: worker1, to: elb}", 200, "worker2", 11, [101508, 200]),
        ("close_http: worker1", 200, "worker2", 1, [101503, 200]),
        ("messages: {do: drop, message: HTTP, from: elb, to: worker1}", 504, "", 60, [101504]),
        ("link: {between: [elb, worker1], latency: 1s}", 200, "worker1", 4, [200]),
    ],
)
def test_request_meets_a_fault_between_load_balancer_and_worker(
    fault: str, status: int, by: str, took_s: float, outcomes: list[int]
) -> None:
    alone = STARTED.replace("[worker1, worker2]", "worker1")
    first_of_two = "  - start: worker2\n  - wait: 15s\n"
    scenario = read(f"{alone}{first_of_two}  - {fault}\n  - {{name: one, request: {{to: elb, host: esb.org}}}}\n")
    result = run_scenario(scenario)
    (record,) = result.journal.of_kind("request")
    assert (record[8], record[9]) == (status, by)
    assert took_s <= record[10] / 1e6 < took_s + 0.01
    assert [forward[7] for forward in result.journal.of_kind("forward")] == outcomes


def test_requests_of_one_session_are_answered_by_one_node() -> None:
    result = run(
        "  - {name: alice, request: {to: elb, host: esb.org, session: alice, count: 5}}\n"
        "  - wait_until: {answered: alice}\n"
        "  - {name: bob, request: {to: elb, host: esb.org, session: bob, count: 5}}\n"
    )
    nodes = {name: {answer.by for answer in answers} for name, answers in result.history.answers.items()}
    assert sorted(len(by) for by in nodes.values()) == [1, 1]
    assert nodes["alice"] != nodes["bob"]


def test_request_straight_to_a_node_is_answered_by_its_present_life() -> None:
    with Cluster() as cluster:
        scenario = read("")
        for node in scenario.nodes[:2]:
            cluster.add_node(node)
        cluster.start("worker1")
        cluster.run_for(5)
        cluster.restart("worker1")
        cluster.run_for(5)
        (answer,) = cluster.request("esb.org", "/x", to="worker1")
    assert (answer.status, answer.by) == (200, "worker1")
    assert answer.body == b"worker1 (worker), life 2: GET /x by http\n"


def test_cluster_request_without_a_port_or_host_says_so() -> None:
    with Cluster() as cluster:
        for node in read("").nodes:
            cluster.add_node(node)
        with pytest.raises(InputError, match=r"^deaf has no HTTP port$"):
            cluster.request(to="deaf")
        with pytest.raises(InputError, match=r"^worker1 has no HTTPS port$"):
            cluster.request(to="worker1", https=True)


def test_requests_leave_the_rest_of_a_run_as_it_was() -> None:
    steps = "  - wait: 20s\n"
    asked = "  - {name: many, request: {to: elb, host: esb.org, count: 20, every: 300ms}}\n"
    plain, busy = run(steps), run(asked + steps)
    own = ("request", "forward", "send", "deliver", "step")
    assert [record for record in busy.journal if record[1] not in own] == [
        record for record in plain.journal if record[1] not in own
    ]


# Judging


def seen(*by: str) -> list[SeenAnswer]:
    return [SeenAnswer(number, 200 if name else 500, name, 0.01 * number, "") for number, name in enumerate(by, 1)]


@pytest.mark.parametrize(
    ("claim", "sent", "answers", "message"),
    [
        (AnsweredClaim(request="r"), 3, seen("a", "b", "a"), "a 2 times, b once"),
        (AnsweredClaim(request="r", by={"a": 2, "b": 1}), 3, seen("a", "b", "a"), "a 2 times, b once"),
        (AnsweredClaim(request="r", only=("a",)), 2, seen("a", ""), "a once, status 500 once"),
        (AnsweredClaim(request="r", status=500), 2, seen("", ""), "status 500 2 times"),
        (AnsweredClaim(request="r", within_s=0.02), 2, seen("a", "a"), "a 2 times"),
    ],
)
def test_judge_answers_that_are_as_claimed(
    claim: AnsweredClaim, sent: int, answers: list[SeenAnswer], message: str
) -> None:
    assert judge_answers(claim, sent, answers) == (True, message)


@pytest.mark.parametrize(
    ("claim", "sent", "answers", "message"),
    [
        (AnsweredClaim(request="r"), 2, seen("a"), "1 of 2 were not answered by the end (a once)"),
        (AnsweredClaim(request="r"), 1, [], "1 of 1 were not answered by the end (no answers)"),
        (
            AnsweredClaim(request="r", by={"a": 2, "c": 1}),
            3,
            seen("a", "b", ""),
            (
                "a answered once instead of 2 times; c answered never instead of once; "
                "b answered once instead of never (a once, b once, status 500 once)"
            ),
        ),
        (AnsweredClaim(request="r", only=("a",)), 2, seen("a", "b"), "b answered once (a once, b once)"),
        (AnsweredClaim(request="r", only=("a",)), 1, seen(""), "no node answered (status 500 once)"),
        (
            AnsweredClaim(request="r", status=200),
            2,
            seen("a", ""),
            "1 of 2 did not have status 200: number 2 had status 500 (a once, status 500 once)",
        ),
        (
            AnsweredClaim(request="r", status=200),
            1,
            [SeenAnswer(1, 0, "", 0.0, "connection refused")],
            "1 of 1 did not have status 200: number 1 had connection refused (connection refused once)",
        ),
        (
            AnsweredClaim(request="r", within_s=1.0),
            1,
            [SeenAnswer(1, 200, "a", 2.5, "")],
            "1 of 1 took longer: number 1 took 2.5 s (a once; the slowest took 2.5 s)",
        ),
    ],
)
def test_judge_answers_that_are_not_as_claimed(
    claim: AnsweredClaim, sent: int, answers: list[SeenAnswer], message: str
) -> None:
    assert judge_answers(claim, sent, answers) == (False, message)


# Shipped scenarios


ROUTING = {name: path for name, path in shipped_scenarios().items() if name.startswith("routing/")}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", list(ROUTING))
def test_shipped_routing_scenario_passes(name: str, seed: int) -> None:
    scenario = parse_scenario(ROUTING[name].read_text(encoding="utf-8"), str(ROUTING[name]))
    result = run_scenario(scenario, seed=seed)
    assert [outcome for outcome in result.outcomes if outcome.verdict != "passed"] == []
    assert result.passed
    assert any(isinstance(step, Step) and isinstance(step.action, faults.Request) for step in scenario.steps)
