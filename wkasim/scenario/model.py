"""A scenario as a value: one situation, what happens in it, and what should come of it.

Everything is a frozen value, so scenarios can be compared, drawn at random, shrunk, written to a file and read again
(:mod:`wkasim.scenario.reader`, :mod:`wkasim.scenario.writer`). Times are in seconds.

A scenario is a sequence of steps. Each does one thing, or lets time pass; what is done to the cluster are the actions
of :mod:`wkasim.sim.faults`. Claims are what should hold; they are judged over the journal when the run has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol, TypeAlias

from attrs import field, frozen

from wkasim.errors import InputError
from wkasim.node.config import NodeConfig
from wkasim.profile import Profile, profile_named
from wkasim.sim.database import DatabaseConfig
from wkasim.sim.faults import Action, AddNode, Request, SetLink
from wkasim.sim.network import LAN, Link

__all__ = [
    "BEGINNING",
    "CLAIMS",
    "Anchor",
    "AnsweredClaim",
    "Claim",
    "ConvergedClaim",
    "Excerpt",
    "Expectation",
    "GroupClaim",
    "InvariantClaim",
    "LineClaim",
    "MembersClaim",
    "NoLineClaim",
    "Question",
    "Scenario",
    "StateClaim",
    "Step",
    "TranscriptClaim",
    "Wait",
    "WaitUntil",
]


@frozen
class Anchor:
    """A moment of a run: its beginning, the (re)start or the end of a node, or a step that has a name."""

    kind: Literal["beginning", "start", "restart", "stop", "step"] = "beginning"
    name: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "beginning":
                return "beginning"
            case "step":
                return f"step {self.name}"
        return f"{self.kind} of {self.name}"


BEGINNING = Anchor()


# Steps


@frozen(kw_only=True)
class Wait:
    """Let time pass."""

    verb: ClassVar[str] = "wait"
    for_s: float


@frozen(kw_only=True)
class WaitUntil:
    """Let time pass until the nodes are ready, the cluster has converged, or requests are answered.

    Too late is a failed expectation. ``answered`` names steps that send requests.
    """

    verb: ClassVar[str] = "wait_until"
    ready: tuple[str, ...] = ()
    converged: bool = False
    answered: tuple[str, ...] = ()
    timeout_s: float = 60.0


@frozen(kw_only=True)
class Question:
    """What a watcher is asked before a step is done: ``answer`` is the right one of the ``choices``, word for word.

    ``because`` is said once the question has been answered, rightly or not.
    """

    text: str
    choices: tuple[str, ...]
    answer: str
    because: str = ""


@frozen(kw_only=True)
class Step:
    """One thing that a scenario does.

    With ``at_s`` not before that time of the run. ``name`` lets an expectation count from here; ``explain`` is a
    sentence for whoever watches, ``question`` is asked before the step. ``line`` is where the step stands in its file.
    """

    action: Action | Wait | WaitUntil
    at_s: float | None = None
    name: str = ""
    explain: str = ""
    question: Question | None = None
    line: int = field(default=0, eq=False, repr=False)


# Claims


@frozen
class Excerpt:
    """The lines of a documented log as they stand in a file, and from which line on."""

    text: str
    file: str = field(default="scenario", eq=False)
    first_line: int = field(default=1, eq=False, repr=False)


@frozen(kw_only=True)
class TranscriptClaim:
    """The lines of a documented excerpt occur in a node's log, in this order; others may lie between.

    The match ``exact`` forbids others.
    """

    verb: ClassVar[str] = "transcript"
    node: str
    excerpt: Excerpt
    since: Anchor = BEGINNING
    match: Literal["excerpt", "exact"] = "excerpt"


@frozen(kw_only=True)
class MembersClaim:
    """Whom a node lists at the end, by node name or address, in any order and each once."""

    verb: ClassVar[str] = "members"
    node: str
    are: tuple[str, ...]


@frozen(kw_only=True)
class GroupClaim:
    """Whom a load balancer has admitted at the end, for one domain and sub-domain if it manages several."""

    verb: ClassVar[str] = "group"
    node: str
    are: tuple[str, ...]
    domain: str | None = None
    sub_domain: str | None = None


@frozen(kw_only=True)
class ConvergedClaim:
    """Within a time, every live node is initialised and lists exactly the other live nodes of its domain."""

    verb: ClassVar[str] = "converged"
    within_s: float
    since: Anchor = BEGINNING


@frozen(kw_only=True)
class LineClaim:
    """A line appears in the log of each of the nodes, ``times`` times if that is said.

    The line is given by its event in the catalogue and some of its ``values``, or by a piece of its ``text``. A node's
    name as a value means the member that this node is.
    """

    verb: ClassVar[str] = "line"
    nodes: tuple[str, ...]
    event: str | None = None
    text: str | None = None
    values: Mapping[str, str] = field(factory=dict)
    since: Anchor = BEGINNING
    within_s: float | None = None
    times: int | None = None


@frozen(kw_only=True)
class NoLineClaim:
    """A line, given as in :class:`LineClaim`, appears in the log of none of the nodes."""

    verb: ClassVar[str] = "no_line"
    nodes: tuple[str, ...]
    event: str | None = None
    text: str | None = None
    values: Mapping[str, str] = field(factory=dict)
    since: Anchor = BEGINNING
    within_s: float | None = None


@frozen(kw_only=True)
class AnsweredClaim:
    """What came of the requests of a step, all of which must have been answered.

    ``by`` says how many each node answered, and that no other did; ``only`` that nobody but these answered, errors of
    the load balancer itself aside; ``status`` which status all answers have; ``within_s`` how long the slowest took.
    """

    verb: ClassVar[str] = "answered"
    request: str
    by: Mapping[str, int] = field(factory=dict)
    only: tuple[str, ...] = ()
    status: int | None = None
    within_s: float | None = None


@frozen(kw_only=True)
class StateClaim:
    """In which state a node is at the end; for one that failed ``because`` is a piece of the reason."""

    verb: ClassVar[str] = "state"
    node: str
    state: Literal["not started", "starting", "waiting", "initialised", "failed", "paused", "stopped"]
    because: str = ""


@frozen(kw_only=True)
class InvariantClaim:
    """An invariant holds for the whole run; one that must hold eventually needs the run to be long enough."""

    verb: ClassVar[str] = "invariant"
    name: str


Claim: TypeAlias = (
    TranscriptClaim
    | MembersClaim
    | GroupClaim
    | ConvergedClaim
    | LineClaim
    | NoLineClaim
    | AnsweredClaim
    | StateClaim
    | InvariantClaim
)

CLAIMS: dict[str, type[Claim]] = {claim.verb: claim for claim in Claim.__args__}
"""Every claim by its verb."""


@frozen(kw_only=True)
class Expectation:
    """One thing that a scenario claims.

    ``name`` is what a table calls it, ``why`` a sentence on where it comes from. ``profiles`` limits it to runs in
    those profiles. ``line`` is where it stands in its file.
    """

    claim: Claim
    name: str = ""
    why: str = ""
    profiles: tuple[str, ...] = ()
    line: int = field(default=0, eq=False, repr=False)


class Printer(Protocol):
    """What IPython and Hypothesis hand to a value that knows how it should be shown."""

    def text(self, text: str, /) -> None:
        """Show this."""


@frozen(kw_only=True)
class Scenario:
    """A whole scenario; ``name`` and ``file`` say where it came from and are no part of its content.

    ``expect_violation`` names invariants that this scenario is known to violate, which is then what is expected of it.
    """

    title: str = ""
    description: str = ""
    profile: str = "documented"
    switches: Mapping[str, object] = field(factory=dict)
    seed: int = 0
    hosts: Mapping[str, str] = field(factory=dict)
    database: DatabaseConfig | None = None
    link: Link = LAN
    links: tuple[SetLink, ...] = ()
    nodes: tuple[NodeConfig, ...]
    steps: tuple[Step, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    expect_violation: tuple[str, ...] = ()
    name: str = field(default="scenario", eq=False)
    file: str = field(default="scenario", eq=False)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:  # noqa: ARG002 - the signature is IPython's
        """How Hypothesis and IPython show it: as the file that it would be, in a call that makes it again."""
        from wkasim.scenario.writer import write_scenario

        text = write_scenario(self)
        plain = "\\" not in text and '"""' not in text
        printer.text(f'parse_scenario("""\n{text}""")' if plain else f"parse_scenario({text!r})")

    def all_nodes(self) -> dict[str, NodeConfig]:
        """Every node by its name, those included that a step adds."""
        nodes = {node.name: node for node in self.nodes}
        added = (step.action.config for step in self.steps if isinstance(step.action, AddNode))
        return {**nodes, **{node.name: node for node in added}}

    def requests(self) -> dict[str, Request]:
        """The requests that steps send, by the step's name."""
        return {step.name: step.action for step in self.steps if isinstance(step.action, Request)}

    def profile_value(self, name: str | None = None) -> Profile:
        """The profile, or another one of that name, with this scenario's switches; raises InputError."""
        profile = profile_named(name or self.profile)
        try:
            return profile.overridden(self.switches)
        except InputError as error:
            raise InputError(*(f"{self.file}: {problem}" for problem in error.problems)) from None
