"""How expectations are written in a scenario file: one form for every kind of claim."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import frozen

from wkasim.errors import InputError
from wkasim.explore.invariants import known_invariants
from wkasim.logs.catalogue import ENTRIES, placeholders
from wkasim.logs.transcript import Transcript
from wkasim.profile import PROFILES
from wkasim.scenario.form_nodes import MEMBER, NODE
from wkasim.scenario.form_steps import meaning_of
from wkasim.scenario.model import (
    Anchor,
    AnsweredClaim,
    ConvergedClaim,
    Excerpt,
    Expectation,
    GroupClaim,
    InvariantClaim,
    LineClaim,
    MembersClaim,
    NoLineClaim,
    StateClaim,
    TranscriptClaim,
)
from wkasim.scenario.records import Field, Form, Record, Verbs
from wkasim.scenario.shapes import Choice, Duration, ListOf, MapOf, OneOrMany, Plain, Schema, Text, Whole
from wkasim.scenario.written import MAX_CHARACTERS, BadValueError, Problems, Written, nearest

__all__ = ["CLAIM_FORMS", "EXPECTATION_FORM", "INVARIANT"]

T = TypeVar("T")

STATES: Final = ("not started", "starting", "waiting", "initialised", "failed", "paused", "stopped")


@frozen
class AnchorShape:
    """A moment: ``beginning``, ``start of NODE``, ``restart of NODE``, ``stop of NODE``, ``step NAME``."""

    def read(self, written: Written, problems: Problems) -> Anchor:
        """The moment; raises BadValueError."""
        text = written.value if isinstance(written.value, str) else ""
        if text == "beginning":
            return Anchor()
        found = re.fullmatch(r"(start|restart|stop) of (\S+)|step (.+)", text)
        if found is None:
            forms = "beginning, start of NODE, restart of NODE, stop of NODE or step NAME"
            raise problems.refuse(written.line, f"{written.kind()} is no moment of the run; write {forms}")
        if found[3] is not None:
            problems.refer("step", found[3], written.line)
            return Anchor("step", found[3])
        problems.refer("node", found[2], written.line)
        return Anchor(found[1], found[2])  # type: ignore[arg-type]  # the pattern lets nothing else through

    def write(self, value: Anchor) -> Plain:
        """As it is read."""
        return str(value)

    def schema(self) -> Schema:
        """Defined once for the whole schema."""
        return {"$ref": "#/$defs/moment"}


@frozen
class Lines:
    """The lines of an excerpt, as a block text."""

    def read(self, written: Written, problems: Problems) -> Excerpt:
        """The excerpt; raises BadValueError for a text without log lines, naming each line that is none."""
        if not isinstance(written.value, str) and written.value is not None:
            raise problems.refuse(
                written.line, f"{written.kind()} is no transcript; write the lines as a block: lines: |"
            )
        excerpt = Excerpt(written.value or "", problems.file, written.text_line or written.line)
        try:
            Transcript.parse(excerpt.text, problems.file, excerpt.first_line)
        except InputError as error:
            for problem in error.problems:
                line, _, sentence = problem.removeprefix(f"{problems.file}:").partition(": ")
                problems.add(int(line), sentence)
            raise BadValueError from None
        return excerpt

    def write(self, value: Excerpt) -> Plain:
        """The text; where it came from is not kept."""
        return value.text

    def schema(self) -> Schema:
        """A text."""
        return {"type": "string", "minLength": 1}


@frozen
class LinesOfFile:
    """A file that holds the lines of an excerpt, in the scenario's folder or below it.

    A scenario may be a stranger's, and must not show what lies elsewhere.
    """

    def read(self, written: Written, problems: Problems) -> Excerpt:
        """The excerpt; raises BadValueError."""
        name = Text("a file name").read(written, problems)
        folder = Path(problems.file).parent
        path = folder / name
        try:
            if not path.resolve().is_relative_to(folder.resolve()):
                sentence = f"the transcript {name} is not in the scenario's folder or below it; copy it there"
                raise problems.refuse(written.line, sentence)
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                text = file.read(MAX_CHARACTERS + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise problems.refuse(written.line, f"the transcript {path} cannot be read: {reason}") from None
        if len(text) > MAX_CHARACTERS:
            raise problems.refuse(written.line, f"the transcript {path} has more than {MAX_CHARACTERS} characters")
        try:
            Transcript.parse(text, str(path))
        except InputError as error:
            for problem in error.problems:
                problems.add(written.line, problem)
            raise BadValueError from None
        return Excerpt(text, str(path))

    def write(self, value: Excerpt) -> Plain:
        """The file's name."""
        return value.file

    def schema(self) -> Schema:
        """A text."""
        return {"type": "string", "minLength": 1}


@frozen
class InvariantName:
    """The name of an invariant, one of wkasim's or one that a program has registered."""

    def read(self, written: Written, problems: Problems) -> str:
        """The name; raises BadValueError."""
        known = [invariant.name for invariant in known_invariants()]
        if written.value not in known:
            raise problems.refuse(written.line, f"{written.kind()} is no invariant (known: {', '.join(known)})")
        return str(written.value)

    def write(self, value: str) -> Plain:
        """As it is read."""
        return value

    def schema(self) -> Schema:
        """A text; programs may register more than the schema can know."""
        return {"type": "string", "minLength": 1}


INVARIANT: Final = InvariantName()


def _one_of(first: str, second: str) -> Callable[[object, Written, Problems], None]:
    def check(_: object, written: Written, problems: Problems) -> None:
        keys = written.value if isinstance(written.value, dict) else {}
        if (first in keys) == (second in keys):
            raise problems.refuse(written.line, f'write either "{first}" or "{second}" here, one of them')

    return check


def _check_line(claim: LineClaim | NoLineClaim, written: Written, problems: Problems) -> None:
    _one_of("event", "text")(claim, written, problems)
    assert isinstance(written.value, dict)
    if claim.event is None:
        if claim.values:
            raise problems.refuse(written.key_lines["with"], '"with" goes with "event"; a "text" says it all')
        return
    if claim.event not in ENTRIES:
        near = nearest(claim.event, ENTRIES)
        hint = near if near.startswith(";") else "; docs/log-catalogue.md lists them"
        raise problems.refuse(written.key_lines["event"], f'unknown log line "{claim.event}"{hint}')
    known = placeholders(ENTRIES[claim.event].template)
    bad = [name for name in claim.values if name not in known]
    for name in bad:
        line = written.value["with"].key_lines[name]
        problems.add(line, f'the line {claim.event} has no value "{name}"{nearest(name, known)}')
    if bad:
        raise BadValueError


def _form(
    make: type[T],
    *fields: Field,
    short: str | None = None,
    check: Callable[[T, Written, Problems], None] | None = None,
) -> tuple[str, Form[Any]]:
    verb: str = getattr(make, "verb")  # noqa: B009 - mypy knows no attributes of a type variable
    return verb, Record(make, f"the expectation {verb}", fields, short=short, meaning=meaning_of(make), check=check)


_OF: Final = Field("of", NODE, "Which node.", "node")
_ARE: Final = Field("are", ListOf(MEMBER), "Names of nodes, or addresses; the order is of no account.")
_SINCE: Final = Field("from", AnchorShape(), "Only from this moment on.", "since")
_LINE: Final = (
    Field("on", OneOrMany(NODE), "The node whose log it is; of a list, each of them.", "nodes"),
    Field("event", Text("the name of a log line"), "The line by its name in docs/log-catalogue.md."),
    Field("text", Text("a piece of a line"), "The line by a piece of it, as the guide writes lines."),
    Field(
        "with", MapOf(Text("a value", numbers=True)), "Values of the line; a node's name means its member.", "values"
    ),
    _SINCE,
    Field("within", Duration(), "Only this long.", "within_s"),
)

_COUNT: Final = Whole(0, 1_000_000, "a count")

CLAIM_FORMS: Final[Mapping[str, Form[Any]]] = dict(
    (
        _form(
            TranscriptClaim,
            Field("node", NODE, "Whose log."),
            _SINCE,
            Field("match", Choice(("excerpt", "exact"), "match"), "exact: no other lines may lie between."),
            Field("lines", Lines(), "The lines, in any form of log; a line ... stands for any.", "excerpt"),
            Field(
                "file",
                LinesOfFile(),
                "A file with the lines, in this folder or below.",
                "excerpt",
                written=False,
            ),
            check=_one_of("lines", "file"),
        ),
        _form(MembersClaim, _OF, _ARE),
        _form(
            GroupClaim,
            _OF,
            _ARE,
            Field("domain", Text("a domain"), "Which group, if the load balancer manages several."),
            Field("sub_domain", Text("a sub-domain"), "Which part of the domain."),
        ),
        _form(
            ConvergedClaim,
            Field("within", Duration(), "How long it may take.", "within_s"),
            Field("from", AnchorShape(), "Counted from this moment.", "since"),
        ),
        _form(
            LineClaim, *_LINE, Field("times", Whole(1, 1_000_000, "a count"), "Exactly so often."), check=_check_line
        ),
        _form(NoLineClaim, *_LINE, check=_check_line),
        _form(
            AnsweredClaim,
            Field("request", Text("the name of a step", refers="step"), "The step that sends the requests."),
            Field("by", MapOf(_COUNT, key=NODE), "How many each node answered; those left out answered none."),
            Field("only", OneOrMany(NODE), "Nobody but these answered."),
            Field("status", Whole(0, 599, "a status"), "The status of every answer; 0 means that none came."),
            Field("within", Duration(), "How long the slowest answer took at most.", "within_s"),
        ),
        _form(
            StateClaim,
            _OF,
            Field("is", Choice(STATES, "state"), "The state at the end.", "state"),
            Field("because", Text("a text"), "A piece of the reason for which it failed."),
        ),
        _form(InvariantClaim, Field("name", INVARIANT, "Which one, by its name in docs/invariants.md."), short="name"),
    )
)
"""How each expectation is written, by its verb."""

EXPECTATION_FORM: Final = Verbs(
    Record(
        Expectation,
        "an expectation",
        (
            Field("name", Text("a name"), "What tables call it."),
            Field("profiles", OneOrMany(Choice(tuple(PROFILES), "profile")), "Only for runs in these profiles."),
            Field("why", Text("a text"), "A sentence on where it comes from."),
        ),
        with_line="line",
    ),
    CLAIM_FORMS,
    "claim",
    "expectation",
)
"""An expectation."""
