"""Questions in steps: read, written back, and refused where nobody could answer them."""

from __future__ import annotations

import pytest

from wkasim.errors import InputError
from wkasim.scenario.model import Question
from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.writer import write_scenario

TEXT = """nodes: {elb: {role: elb, host: 127.1.0.1, domain: d, groups: [d]}}
steps:
  - start: elb
    question: {text: "How many?", choices: [one, 2], answer: "2", because: "So it is."}
"""


def test_question_is_read_and_written_back() -> None:
    scenario = parse_scenario(TEXT)
    question = Question(text="How many?", choices=("one", "2"), answer="2", because="So it is.")
    assert scenario.steps[0].question == question
    assert parse_scenario(write_scenario(scenario)).steps == scenario.steps


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('answer: "2"', "answer: two", 's.yaml:4: the answer "two" is none of the choices "one", "2"'),
        ("[one, 2]", "[one]", "s.yaml:4: the list needs at least 2 entries, this one has 1"),
        ('text: "How many?", ', "", 's.yaml:4: a question needs "text"'),
    ],
)
def test_question_that_cannot_be_answered_is_refused(old: str, new: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario(TEXT.replace(old, new), "s.yaml")
    assert str(caught.value) == problem
