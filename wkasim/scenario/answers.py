"""Judges what came of requests: who answered how many, with which status, and how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import frozen

from wkasim.scenario.model import AnsweredClaim
from wkasim.sim.journal import Record

__all__ = ["SeenAnswer", "judge_answers"]


@frozen
class SeenAnswer:
    """What the journal says of one request: its number in its step, status (0 for none), who answered, how long."""

    number: int
    status: int
    by: str
    took_s: float
    problem: str

    @classmethod
    def of(cls, record: Record) -> SeenAnswer:
        """Read from a record of the kind request."""
        return cls(record[5], record[8], record[9], record[10] / 1e6, record[11])


def judge_answers(claim: AnsweredClaim, sent: int, answers: Sequence[SeenAnswer]) -> tuple[bool, str]:
    """Whether the claim holds for ``sent`` requests, and why or why not."""
    bad = []
    if len(answers) < sent:
        bad.append(f"{sent - len(answers)} of {sent} were not answered by the end")
    bad += _by(claim, answers)
    if claim.only:
        others = Counter(answer.by for answer in answers if answer.by and answer.by not in claim.only)
        bad += [f"{name} answered {_times(count)}" for name, count in others.items()]
        if not any(answer.by for answer in answers):
            bad.append("no node answered")
    if claim.status is not None:
        wrong = [answer for answer in answers if answer.status != claim.status]
        if wrong:
            what = f"number {wrong[0].number} had {_status(wrong[0])}"
            bad.append(f"{len(wrong)} of {len(answers)} did not have status {claim.status}: {what}")
    if claim.within_s is not None:
        slow = [answer for answer in answers if answer.took_s > claim.within_s]
        if slow:
            worst = max(slow, key=lambda answer: answer.took_s)
            bad.append(f"{len(slow)} of {len(answers)} took longer: number {worst.number} took {worst.took_s:.1f} s")
    if bad:
        return False, f"{'; '.join(bad)} ({_summary(answers)})"
    return True, _summary(answers)


def _by(claim: AnsweredClaim, answers: Sequence[SeenAnswer]) -> list[str]:
    if not claim.by:
        return []
    actual = Counter(answer.by for answer in answers if answer.by)
    names = dict.fromkeys([*claim.by, *actual])
    return [
        f"{name} answered {_times(actual[name])} instead of {_times(claim.by.get(name, 0))}"
        for name in names
        if actual[name] != claim.by.get(name, 0)
    ]


def _summary(answers: Sequence[SeenAnswer]) -> str:
    counts = Counter(answer.by or _status(answer) for answer in sorted(answers, key=lambda answer: answer.number))
    shown = ", ".join(f"{name} {_times(count)}" for name, count in counts.items()) or "no answers"
    slowest = max((answer.took_s for answer in answers), default=0.0)
    return f"{shown}; the slowest took {slowest:.1f} s" if slowest >= 0.05 else shown


def _status(answer: SeenAnswer) -> str:
    return f"status {answer.status}" if answer.status else answer.problem


def _times(count: int) -> str:
    return "once" if count == 1 else "never" if not count else f"{count} times"
