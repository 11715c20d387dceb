"""Every exercise takes a right answer, and tells a wrong one what is missing."""

from __future__ import annotations

import pytest

from tests.view.answers import RIGHT, edited
from wkasim.scenario.reader import load_scenario, parse_scenario
from wkasim.view.exercises import EXERCISES, grade
from wkasim.view.lessons import lessons

NOT_YET = {
    1: "at the end server1 does not list server2",
    2: "no node with two well-known members or more found none of them and started all the same; look for two lines "
    '"Could not connect to member", then "Cluster initialization completed.", and no "Sending JOIN" between',
    3: "manager logs MEMBER_LIST 2 times: one for a joiner of the ELB's own domain, one more because the manager is a "
    "well-known member of the ELB. Which of the two can you do without?",
    4: "worker1 has somebody else than the manager on its list; leave the manager alone there",
    5: "the longest admission took 10.0 s; 10 s of that are the pause. The ELB tries the ports for half a minute: open "
    'them some seconds after the join, with "open_http: never" and a step "open_http"',
    6: "a node went unnoticed for 40 s; make it 60",
    7: "worker1 came back, but the others had noticed that it was gone. Heartbeats are five seconds apart: when must "
    "the node go, and how soon must it be back, so that none of them falls between?",
    8: "at the end wrong-domain is starting, not initialised",
    9: "at the end worker1 does not list worker2",
    10: 'it claims nothing about agreement: add an expectation "converged"',
}


def test_exercises_are_there_for_every_lesson() -> None:
    assert list(EXERCISES) == list(range(1, 11))


@pytest.mark.parametrize("number", EXERCISES)
def test_exercise_takes_a_right_answer(number: int) -> None:
    assert grade(number, edited(number, *RIGHT[number])) == []


@pytest.mark.parametrize("number", EXERCISES)
def test_exercise_tells_the_lesson_itself_what_is_missing(number: int) -> None:
    assert grade(number, edited(number))[0] == NOT_YET[number]


ELB_FIRST = (
    ("  - start: [worker1, worker2]", "  - start: elb\n  - wait: 3s\n  - start: [worker1, worker2]"),
    ("  - start: elb\n    question:", "  - heal\n  - wait: 0s\n    question:"),
)
ONE_LIFE = (
    ("    restart: {node: worker1, after: 20s}", "    kill: worker1"),
    ("  - converged: {within: 30s, from: restart of worker1}\n", ""),
)

TWO_LIVES = ("  - wait: 45s", "  - wait: 45s\n  - restart: {node: worker1, after: 20s}\n  - wait: 45s")
"""Admitted twice, and each time after ten seconds."""

WRONG: list[tuple[int, tuple[tuple[str, str], ...], str]] = [
    (1, (('["127.1.0.1:4000"]', '["127.1.0.1:4000", "127.1.0.2:4000", "127.1.0.9:4000"]'),), "there are 3 entries on"),
    (3, (('["127.1.0.206:4000"]', "[]"),), "manager never sent a JOIN: it must find the ELB by its own list"),
    (3, (("port: 4001\n    domain: wso2", "port: 4001\n    domain: wso3"),), "manager logs no MEMBER_LIST at all"),
    (4, (("    role: manager", "    role: worker"),), "it needs an ELB, a manager and a worker"),
    (5, (("  - start: worker1", "  - wait: 1s"),), "no ELB admitted a member; let a worker join"),
    (5, (TWO_LIVES,), "the longest admission took 10."),
    (6, (("    pause: worker1", "    kill: worker1"),), "no node stopped answering without being missed"),
    (7, ONE_LIFE, "no node completed its start twice; kill one and start it again, or use the step restart"),
    (8, (("port: 4100\n", "port: 4000\n"),), "wrong-port has been moved to port 4000; everybody stays on 4100"),
    (8, (("wrong-port", "right-port"),), "the node wrong-port is missing; repair the lesson's scenario and keep its"),
    (9, ELB_FIRST, "two workers must have completed their start before the ELB does; that is the situation of the"),
    (9, (("  - wait: 40s", "  - restart: worker2\n  - wait: 40s"),), "a restart heals the split, but find a way"),
    (10, ((", spread: 5s", ""),), "nothing is left to chance: some step must start nodes with a spread of 5 s or more"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "edits", "sentence"), WRONG)
def test_exercise_tells_a_wrong_answer_what_is_missing(
    number: int, edits: tuple[tuple[str, str], ...], sentence: str
) -> None:
    told = grade(number, edited(number, *edits))
    assert [one for one in told if one.startswith(sentence)], told


def test_exercise_with_a_claim_that_a_seed_breaks_names_that_seed() -> None:
    told = grade(10, edited(10, ("expect:\n", "expect:\n  - converged: {within: 40s}\n")))
    assert len(told) == 1
    assert told[0].startswith("with seed ")
    assert " the claim does not hold: converged: not converged by the end" in told[0]
    assert ". Look at it with: wkasim view FILE --seed " in told[0]


def test_exercise_with_a_step_that_cannot_be_done_says_so() -> None:
    assert grade(6, edited(6, ("    pause: worker1", "    pause: worker2"))) == [
        "the run stopped: answer-6.yaml:55: worker2 is not running at 56 s"
    ]


TAKEN_FROM = {1: [5, 7], 3: [6, 7]}
"""Lessons whose scenario is rightly an answer to the exercise of another one."""

ODD = {
    "nothing happens": "nodes:\n  a: {host: 127.1.0.1, port: 4000, domain: d}\nsteps:\n  - wait: 1s\n",
    "an ELB alone": "nodes:\n  elb: {role: elb, host: 127.1.0.1, port: 4000, domain: d, groups: [d]}\n"
    "steps:\n  - start: elb\n  - wait: 30s\n",
    "strangers": "nodes:\n"
    + "".join(f"  n{n}: {{host: 127.1.0.{n}, port: 4000, domain: d{n}}}\n" for n in (1, 2, 3))
    + "steps:\n  - start: [n1, n2, n3]\n  - wait: 30s\n",
}


@pytest.mark.parametrize("number", EXERCISES)
@pytest.mark.parametrize("odd", ODD)
def test_exercise_refuses_an_odd_answer_with_a_word(number: int, odd: str) -> None:
    assert grade(number, parse_scenario(ODD[odd], "odd.yaml"))


@pytest.mark.parametrize("number", EXERCISES)
def test_exercise_takes_no_lesson_for_an_answer(number: int) -> None:
    others = [lesson for lesson in lessons() if grade(number, load_scenario(lesson.scenario)) == []]
    assert [lesson.number for lesson in others] == TAKEN_FROM.get(number, [])
