"""Judges what a scenario claims: passed, failed, open where a run was cut short, or skipped in this profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from attrs import evolve, frozen

from wkasim.explore.invariants import invariant_named
from wkasim.logs.catalogue import ENTRIES
from wkasim.logs.formats import DEFAULT_START
from wkasim.logs.line import LogLine
from wkasim.logs.transcript import Transcript, TranscriptReport, check
from wkasim.scenario.answers import judge_answers
from wkasim.scenario.evidence import Evidence, NoSuchMomentError
from wkasim.scenario.history import NodeHistory
from wkasim.scenario.model import (
    BEGINNING,
    Anchor,
    AnsweredClaim,
    Claim,
    ConvergedClaim,
    Expectation,
    GroupClaim,
    InvariantClaim,
    LineClaim,
    MembersClaim,
    NoLineClaim,
    Scenario,
    StateClaim,
    TranscriptClaim,
)

__all__ = ["Outcome", "Verdict", "failed", "judge", "title_of"]

Verdict = Literal["passed", "failed", "open", "skipped"]

_LONGEST: Final = timedelta(days=3660)


@frozen
class Outcome:
    """What came of one expectation: the verdict, and in a sentence why.

    ``line`` is where the expectation stands in the scenario; a transcript's ``report`` has both sides.
    """

    title: str
    verb: str
    verdict: Verdict
    message: str
    why: str = ""
    line: int = 0
    report: TranscriptReport | None = None


def judge(scenario: Scenario, evidence: Evidence, *, profile: str, cut_short: bool = False) -> list[Outcome]:
    """The outcomes of all expectations, in order.

    In a run that was ``cut_short`` what has not happened yet may still have come: it is open, not failed.
    """
    if profile != scenario.profile:
        # What is violated is known of the scenario's own profile; another one may do better.
        scenario = evolve(scenario, expect_violation=())
    applying = [e for e in scenario.expectations if not e.profiles or profile in e.profiles]
    claimed = {e.claim.name for e in applying if isinstance(e.claim, InvariantClaim)}
    pinned = [Expectation(claim=InvariantClaim(name=name)) for name in scenario.expect_violation if name not in claimed]
    expectations = [*scenario.expectations, *pinned]
    return [_judge(scenario, expectation, evidence, profile, cut_short) for expectation in expectations]


def title_of(expectation: Expectation) -> str:
    """What a table calls an expectation."""
    if expectation.name:
        return expectation.name
    claim = expectation.claim
    match claim:
        case TranscriptClaim():
            return f"transcript of {claim.node}"
        case MembersClaim():
            return f"members of {claim.node}"
        case GroupClaim():
            return f"group of {claim.node}"
        case ConvergedClaim():
            return "converged" if claim.since == BEGINNING else f"converged from {claim.since}"
        case LineClaim() | NoLineClaim():
            line = claim.event or f'"{claim.text}"'
            return f"{'no ' if isinstance(claim, NoLineClaim) else ''}{line} on {', '.join(claim.nodes)}"
        case AnsweredClaim():
            return f"answers to {claim.request}"
        case StateClaim():
            return f"{claim.node} is {claim.state}"
        case InvariantClaim():
            return f"invariant {claim.name}"


def _judge(scenario: Scenario, expectation: Expectation, evidence: Evidence, profile: str, cut_short: bool) -> Outcome:
    report = None
    if expectation.profiles and profile not in expectation.profiles:
        verdict: Verdict = "skipped"
        message = f"only in profile {' or '.join(expectation.profiles)}"
    else:
        try:
            verdict, message, report = _Judge(scenario, evidence).verdict(expectation.claim, title_of(expectation))
        except NoSuchMomentError as error:
            verdict, message = "open" if evidence.history is None else "failed", str(error)
        if verdict == "failed" and cut_short and not isinstance(expectation.claim, NoLineClaim):
            verdict, message = "open", f"the run was cut short: {message}"
    return Outcome(
        title_of(expectation), expectation.claim.verb, verdict, message, expectation.why, expectation.line, report
    )


@frozen
class _Judge:
    scenario: Scenario
    evidence: Evidence

    def verdict(self, claim: Claim, title: str) -> tuple[Verdict, str, TranscriptReport | None]:
        match claim:
            case TranscriptClaim():
                return self._transcript(claim, title)
            case LineClaim():
                return *self._line(claim), None
            case NoLineClaim():
                return *self._no_line(claim), None
        if self.evidence.history is None:
            return "open", "not told by logs alone", None
        match claim:
            case MembersClaim():
                return *self._members(claim), None
            case GroupClaim():
                return *self._group(claim), None
            case ConvergedClaim():
                return *self._converged(claim), None
            case AnsweredClaim():
                return *self._answered(claim), None
            case StateClaim():
                return *self._state(claim), None
            case InvariantClaim():
                return *self._invariant(claim), None

    def _invariant(self, claim: InvariantClaim) -> tuple[Verdict, str]:
        """Whether an invariant held; one that the scenario is known to violate must be violated."""
        invariant = invariant_named(claim.name)
        violation = self.evidence.violation(invariant)
        if claim.name in self.scenario.expect_violation:
            if violation is not None:
                return "passed", f"as expected, {violation}"
            return "failed", f"{claim.name} holds; it was expected to be violated, so take it out of expect_violation"
        if violation is not None:
            return "failed", violation
        due_s, ended_s = self.evidence.due_s(invariant), self.evidence.ended_s
        if due_s > ended_s:
            return "open", f"it must hold from {due_s:g} s on, and the run ended at {ended_s:g} s"
        return "passed", invariant.what

    # Lines

    def _lines(self, node: str, since: Anchor, within_s: float | None, hidden: bool) -> Sequence[LogLine]:
        """The part of a node's log between a moment and a time after it; all of it if lines have no times."""
        lines = self.evidence.log(node, hidden=hidden)
        moment = self.evidence.moment(since)
        if moment is None or not any(line.time for line in lines):
            return lines
        end = moment + (timedelta(seconds=within_s) if within_s is not None else _LONGEST)
        if moment == datetime.min:  # noqa: DTZ901 - logs name no zone
            return lines
        return [line for line in lines if line.time is not None and moment <= line.time <= end]

    def _transcript(self, claim: TranscriptClaim, title: str) -> tuple[Verdict, str, TranscriptReport]:
        transcript = Transcript.parse(claim.excerpt.text, title)
        lines = self._lines(claim.node, claim.since, None, hidden=False)
        report = check(transcript, lines, exact=claim.match == "exact", log=f"{claim.node}.log")
        between = f", {_count(report.extra, 'other')} between" if report.extra and not report.exact else ""
        message = f"{report.found} of {_count(report.pairs, 'line')} found{between}"
        if report.exact and report.extra:
            message += f", {_count(report.extra, 'line')} that should not be there"
        return "passed" if report.passed else "failed", message, report

    def _line(self, claim: LineClaim) -> tuple[Verdict, str]:
        told: list[str] = []
        bad: list[str] = []
        for node in claim.nodes:
            found = self._found(claim, node)
            if claim.times is not None and len(found) != claim.times:
                bad.append(f"{node} has it {_times(len(found))} instead of {_times(claim.times)}")
            elif not found:
                bad.append(f"{node} has no such line{self._nearest(claim, node)}")
            else:
                told.append(f"{node} {'at ' if claim.since == BEGINNING else ''}{self._when(found[0], claim.since)}")
        if bad:
            return "failed", "; ".join(bad)
        after = "" if claim.since == BEGINNING else f" after the {claim.since}"
        return "passed", ", ".join(told) + after

    def _no_line(self, claim: NoLineClaim) -> tuple[Verdict, str]:
        bad = []
        for node in claim.nodes:
            found = self._found(claim, node)
            if found:
                bad.append(f"{node} has it, {self._when(found[0], BEGINNING)} after the beginning: {found[0].text}")
        return ("failed", "; ".join(bad)) if bad else ("passed", "not there")

    def _found(self, claim: LineClaim | NoLineClaim, node: str) -> list[LogLine]:
        lines = self._lines(node, claim.since, claim.within_s, hidden=True)
        return [line for line in lines if self._fits(claim, line)]

    def _fits(self, claim: LineClaim | NoLineClaim, line: LogLine) -> bool:
        if claim.text is not None:
            return claim.text in line.text
        if line.event != claim.event:
            return False
        return all(self._means(wanted, str(line.params.get(name, ""))) for name, wanted in claim.values.items())

    def _means(self, wanted: str, value: str) -> bool:
        """Whether a value is what was asked for; a node's name means each form in which its member is printed."""
        if wanted == value:
            return True
        if wanted not in self.scenario.all_nodes():
            return False
        for address in self.evidence.addresses(wanted):
            ip, _, port = address.rpartition(":")
            if value == address or value.startswith((f"{address}(", f"/{address}")):
                return True
            if value.startswith(f"Host:{ip},") and f" Port: {port}," in value:
                return True
        return False

    def _nearest(self, claim: LineClaim, node: str) -> str:
        """What comes near: the same line with other values, at another time, or what it would have meant."""
        everything = self.evidence.log(node, hidden=True)
        outside = [line for line in everything if self._fits(claim, line)]
        if outside:
            return f" in that time, but {self._outside(outside, claim.since)}"
        same = [line for line in everything if claim.event is not None and line.event == claim.event]
        if same:
            return f"; nearest: {same[-1].text}"
        entry = ENTRIES.get(claim.event or "")
        return f" ({entry.component} {entry.template})" if entry else ""

    def _outside(self, lines: Sequence[LogLine], since: Anchor) -> str:
        """When the line came instead: the first time after the moment, else the last time before it."""
        moment = self.evidence.moment(since)
        later = [line for line in lines if line.time is not None and moment is not None and line.time > moment]
        line = later[0] if later else lines[-1]
        if line.time is None or moment is None or moment == datetime.min:  # noqa: DTZ901 - logs name no zone
            return f"in line {line.number}: {line.text}"
        seconds = (line.time - moment).total_seconds()
        return f"{abs(seconds):.1f} s {'after' if later else 'before'} the {since}: {line.text}"

    def _when(self, line: LogLine, since: Anchor) -> str:
        moment = self.evidence.moment(since)
        if line.time is None or moment is None or moment == datetime.min:  # noqa: DTZ901
            return f"line {line.number}"
        return f"{(line.time - moment).total_seconds():.1f} s"

    # States

    def _node(self, name: str) -> NodeHistory:
        assert self.evidence.history is not None
        return self.evidence.history.node(name)

    def _members(self, claim: MembersClaim) -> tuple[Verdict, str]:
        node = self._node(claim.node)
        if not node.alive:
            return "failed", f"{claim.node} is {node.state} at the end and lists nobody"
        return self._compare(claim.node, ("does not list", "lists"), claim.are, node.members)

    def _group(self, claim: GroupClaim) -> tuple[Verdict, str]:
        groups = self.scenario.all_nodes()[claim.node].groups
        fitting = next(
            group
            for group in groups
            if claim.domain in (None, group.domain) and claim.sub_domain in (None, group.sub_domain)
        )
        members = self._node(claim.node).groups.get((fitting.domain, fitting.sub_domain), [])
        return self._compare(claim.node, ("has not admitted", "has admitted"), claim.are, members)

    def _compare(
        self, node: str, verbs: tuple[str, str], wanted: Sequence[str], actual: Sequence[str]
    ) -> tuple[Verdict, str]:
        """Whether a list has whom it should; ``verbs`` say that it does not, and that it does."""
        assert self.evidence.history is not None
        names = self.evidence.history.names()
        shown = Counter(names.get(address, address) for address in actual)
        expected = dict.fromkeys(names.get(member, member) for member in wanted)
        bad = []
        if missing := [name for name in expected if name not in shown]:
            bad.append(f"{verbs[0]} {', '.join(missing)}")
        if more := [name for name in shown if name not in expected]:
            bad.append(f"{verbs[1]} {', '.join(more)}, who should not be there")
        twice = [f"{name} {_times(count)}" for name, count in shown.items() if count > 1 and name in expected]
        if twice:
            bad.append(f"{verbs[1]} {', '.join(twice)}")
        if bad:
            return "failed", f"{node} {', and '.join(bad)}"
        return "passed", ", ".join(shown) or "nobody"

    def _converged(self, claim: ConvergedClaim) -> tuple[Verdict, str]:
        history = self.evidence.history
        assert history is not None
        moment = self.evidence.moment(claim.since)
        assert moment is not None
        since_us = round((moment - DEFAULT_START) / timedelta(microseconds=1))
        found = history.converged_after_us(since_us)
        if found is None:
            return "failed", f"not converged by the end, {(history.now_us - since_us) / 1e6:.1f} s later"
        took_s = (found - since_us) / 1e6
        if took_s > claim.within_s:
            return "failed", f"only after {took_s:.1f} s"
        return "passed", f"after {took_s:.1f} s"

    def _answered(self, claim: AnsweredClaim) -> tuple[Verdict, str]:
        assert self.evidence.history is not None
        sent = self.scenario.requests()[claim.request].count
        holds, message = judge_answers(claim, sent, self.evidence.history.answers.get(claim.request, ()))
        return "passed" if holds else "failed", message

    def _state(self, claim: StateClaim) -> tuple[Verdict, str]:
        node = self._node(claim.node)
        reason = f": {node.reason}" if node.reason else ""
        if node.state != claim.state:
            return "failed", f"{claim.node} is {node.state}{reason}"
        if claim.because and claim.because not in node.reason:
            return "failed", f"{claim.node} is {node.state}, but the reason is another one{reason}"
        return "passed", f"{node.state}{reason}"


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _times(count: int) -> str:
    return ("never", "once", "twice")[count] if count < 3 else f"{count} times"


def failed(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Those that failed."""
    return [outcome for outcome in outcomes if outcome.verdict == "failed"]
