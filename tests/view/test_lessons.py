"""All lessons are whole: text, scenario, questions, exercise; and each can be played without a person."""

from __future__ import annotations

import pytest

from wkasim.errors import InputError
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario
from wkasim.view.lesson_play import play
from wkasim.view.lessons import Lesson, find_lesson, lessons

ALL = lessons()
SECTIONS = ["Goal", "The run", "Predict first", "What happened", "Exercise", "Summary"]


def name_of(lesson: Lesson) -> str:
    return lesson.scenario.stem


def test_lessons_are_ten_in_order() -> None:
    assert [lesson.number for lesson in ALL] == list(range(1, 11))


def test_lesson_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputError) as caught:
        find_lesson(11)
    assert str(caught.value) == 'there is no lesson 11; there are 1 to 10, "wkasim lesson" lists them'


@pytest.mark.parametrize("lesson", ALL, ids=name_of)
def test_lesson_has_text_and_scenario_that_belong_together(lesson: Lesson) -> None:
    assert list(lesson.sections) == SECTIONS
    assert load_scenario(lesson.scenario).title == lesson.title
    assert lesson.text.stem == lesson.scenario.stem
    assert lesson.text.stem.startswith(f"{lesson.number:02}-")


@pytest.mark.parametrize("lesson", ALL, ids=name_of)
def test_lesson_asks_and_keeps_what_it_says(lesson: Lesson) -> None:
    result = run_scenario(load_scenario(lesson.scenario))
    assert [outcome.message for outcome in result.outcomes if outcome.verdict != "passed"] == []
    assert result.outcomes
    questions = [step.question for step in result.scenario.steps if step.question is not None]
    assert questions
    assert all(question.because for question in questions)


def played(number: int, *typed: str, columns: int | None = None) -> tuple[list[str], list[str]]:
    answers = list(typed)
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return answers.pop(0) if answers else ""

    return list(play(find_lesson(number), ask, columns)), prompts


@pytest.mark.parametrize("lesson", ALL, ids=name_of)
def test_lesson_plays_to_its_end_for_whoever_types_nothing(lesson: Lesson) -> None:
    shown, prompts = played(lesson.number)
    assert shown[0] == f"Lesson {lesson.number}: {lesson.title}"
    assert shown[-1] == f"\nSee it drawn: wkasim view {lesson.scenario.stem} --open"
    assert f"0 of {len(prompts)} answered right." in shown
    assert not any("<!--" in line or "MemberImpl" in line for line in shown)


def test_lesson_counts_right_answers_and_explains_wrong_ones() -> None:
    shown, _ = played(1, "2", "1")
    assert "1 of 2 answered right." in shown
    text = "\n".join(shown)
    assert "  Right. Without multicast there is nothing to ask the network with." in text
    assert "  It is: server3 and server1 know each other." in text


@pytest.mark.parametrize("typed", ["0", "4", "two", "-1", "²", "111111111111"])
def test_lesson_asks_again_for_what_is_no_choice(typed: str) -> None:
    shown, prompts = played(1, typed, "2")
    assert "  type a number from 1 to 3, or nothing to see the answer" in shown
    assert len(prompts) == 3


def test_lesson_shows_a_question_before_the_lines_that_answer_it() -> None:
    shown, _ = played(4)
    question = next(place for place, line in enumerate(shown) if line.startswith("? worker1 does not have the manager"))
    told = next(place for place, line in enumerate(shown) if "+ manager (told by elb)" in line)
    assert question < told


def letters(lines: list[str]) -> str:
    """What is left without spaces, ends of lines, and the bar before an explanation."""
    return "".join("".join(lines).replace("|", "").split())


@pytest.mark.parametrize("lesson", ALL, ids=name_of)
def test_lesson_folds_to_the_terminal_and_leaves_no_word_out(lesson: Lesson) -> None:
    whole, _ = played(lesson.number)
    folded, _ = played(lesson.number, columns=80)
    assert letters(folded) == letters(whole)
    too_wide = [line for text in folded for line in text.split("\n") if len(line) > 80]
    assert all(" " not in line.strip() or line.lstrip().startswith(("*", "-")) for line in too_wide), too_wide
