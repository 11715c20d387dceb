"""Invariants: what a cluster must guarantee, each a function that says why it does not hold.

An invariant looks at a :class:`~wkasim.explore.course.Course` and returns a reason, or None (or no text) while all is
well:

    def nobody_alone(course: Course) -> str | None:
        alone = [life.name for life in course.initialised() if not life.members]
        return f"{alone[0]} knows nobody" if alone else None

    register(Invariant("nobody_alone", "every node knows somebody", nobody_alone, eventually()))

An invariant holds *always*, and then it is asked after every record that may change the answer, or *eventually*: it
may fail while faults happen and must hold from some time after the last one. Where the real system is known to fail,
docs/invariants.md says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from attrs import frozen

from wkasim.errors import InputError
from wkasim.explore.course import Course, Life

__all__ = [
    "BUILT_IN",
    "Always",
    "Check",
    "Eventually",
    "Invariant",
    "Reason",
    "always",
    "eventually",
    "invariant_named",
    "invariants_named",
    "known_invariants",
    "register",
]


class Reason(str):
    """Why an invariant does not hold; ``cause`` is the same without names, numbers and times.

    Two violations of one cause are one finding. Without a cause, the text itself serves, its names and numbers struck
    out.
    """

    __slots__ = ("cause",)

    cause: str

    def __new__(cls, text: str, cause: str = "") -> Reason:
        reason = super().__new__(cls, text)
        reason.cause = cause or re.sub(r"[\w.:-]*\d[\w.:-]*", "#", text)
        return reason


_ROUNDS: Final = 10
"""How often a token may go round."""

Check: TypeAlias = Callable[[Course], str | None]


@frozen
class Always:
    """Must hold at every moment."""

    def __str__(self) -> str:
        return "always"


@frozen
class Eventually:
    """Must hold ``within_s`` after the last fault and from then on; None is the time in which a cluster settles."""

    within_s: float | None = None

    def __str__(self) -> str:
        return "eventually" if self.within_s is None else f"within {self.within_s:g} s after the last fault"


def always() -> Always:
    """It must hold at every moment."""
    return Always()


def eventually(within_s: float | None = None) -> Eventually:
    """It must hold ``within_s`` after the last fault, or when a cluster of that size and profile has settled."""
    return Eventually(within_s)


@frozen
class Invariant:
    """One thing that a cluster must guarantee.

    ``implied_by`` names invariants whose failure makes this one fail as well; it is then not a finding of its own.
    ``watches`` are the records after which one that holds *always* is asked again: a kind, or a kind with an event or a
    message, ``log local_member``.
    """

    name: str
    what: str
    check: Check
    when: Always | Eventually
    implied_by: tuple[str, ...] = ()
    watches: tuple[str, ...] = ("state", "view", "group")


# Views


def agreement(course: Course) -> str | None:
    """Initialised nodes of one domain list the same living members, each other included.

    Asked only of nodes that can reach each other, by the network and by way of well-known members.
    """
    for one, other in _pairs_that_could_know(course):
        if one.config.domain != other.config.domain:
            continue
        left, right = ({life.address, *life.members} for life in (one, other))
        for address in sorted(left ^ right):
            holder = _living_holder(course, address)
            if holder is None or holder.config.domain != one.config.domain:
                # A load balancer of another domain may stand in a list for a while; that is no disagreement.
                continue
            if not (course.connected(one, holder) and course.connected(other, holder)):
                continue
            lists, lacks = (one, other) if address in left else (other, one)
            views = f"{one.name} lists {_shown(course, one)}; {other.name} lists {_shown(course, other)}"
            whom = holder.name if lists is holder else f"{holder.name}, but {lists.name} does"
            return Reason(f"{lacks.name} does not list {whom} ({views})", _missing(course, lacks, holder))
    return None


def completeness(course: Course) -> str | None:
    """Initialised nodes list, and load balancers admit, everybody of their domain who is alive and can be reached."""
    for one, other in _pairs_that_could_know(course):
        for observer, member in ((one, other), (other, one)):
            if observer.config.domain == member.config.domain and member.address not in observer.members:
                lists = _shown(course, observer)
                text = f"{observer.name} does not list {member.name}, which is alive (it lists {lists})"
                return Reason(text, _missing(course, observer, member))
            if member.config.open_http == "never" or member.config.groups:
                continue
            group = course.group_for(member)
            if group in observer.config.groups and member.address not in observer.groups.get(group, ()):
                where = f"{group.domain}/{group.sub_domain}"
                text = f"{observer.name} has not admitted {member.name} to load balancing in {where}"
                return Reason(text, f"{_somebody(course, observer, member)} is not admitted")
    return None


def accuracy(course: Course) -> str | None:
    """Nobody lists a member that has been dead for longer than detection may take."""
    for life in course.initialised():
        for address in dict.fromkeys(life.members):
            dead = course.dead_for_us(address)
            if dead is not None and dead[0] > course.detection_bound_s(dead[1]) * 1e6:
                text = f"{life.name} still lists {course.called(address)}, {dead[1]} {dead[0] / 1e6:.0f} s ago"
                return Reason(text, f"lists the dead ({dead[1]})")
    return None


def no_phantom(course: Course) -> str | None:
    """No list holds an address at which no node ever was, the node's own address, or an address twice."""
    for life in course.living():
        if life.said_address and life.address in life.members:
            return Reason(f"{life.name} lists itself ({life.address})", "lists itself")
        for address, times in Counter(life.members).items():
            if times > 1:
                return Reason(f"{life.name} lists {course.called(address)} {times} times", "lists somebody twice")
            if address not in course.ever:
                return Reason(f"{life.name} lists {address}, where no node ever was", "lists nobody")
    return None


def one_identity(course: Course) -> str | None:
    """No two living nodes call one address their own."""
    claimed: dict[str, Life] = {}
    for life in course.living():
        if not life.said_address:
            continue
        if life.address in claimed:
            text = f"{claimed[life.address].name} and {life.name} both say that they are {life.address}"
            return Reason(text, "two nodes with one address")
        claimed[life.address] = life
    return None


# Start-up


def join_answered(course: Course) -> str | None:
    """A node that asks to join is answered."""
    for life in course.living():
        if life.state == "starting" and life.joins_sent and life.joins_unanswered:
            text = f"{life.name} has sent JOIN {life.joins_sent} times and nobody has answered"
            return Reason(text, f"JOIN unanswered, {_place(course, life)}")
    return None


def initialised_asked(course: Course) -> str | None:
    """Whoever is asked for its configuration has itself been initialised."""
    if course.last_delivery is None:
        return None
    receiver, message, sender = course.last_delivery
    life = course.lives.get(receiver)
    if message == "GET_CONFIGURATION" and life is not None and not life.initialised:
        text = f"{sender} has asked {receiver} for its configuration, and {receiver} is itself {life.state}"
        return Reason(text, "the uninitialised are asked")
    return None


def start_ends(course: Course) -> str | None:
    """The start of a node ends, well or not; it may wait for a well-known member that is not there."""
    for life in course.living():
        for_s = (course.now_us - life.begun_us) / 1e6
        if life.state == "waiting" and (circle := _circle(course, life)):
            text = " for ".join(f"{name} waits" for name in circle[:-1])
            return Reason(f"{text} for {circle[-1]}, {for_s:.0f} s after its start", "nodes wait for each other")
        if life.state == "starting":
            return Reason(f"{life.name} has been starting for {for_s:.0f} s", "a start does not end")
    return None


def elections_end(course: Course) -> str | None:
    """An election comes to an end: its token is not handed round and round.

    Two or three rounds are enough for any cluster. A token is still on its way if it was handed on within the time of
    one heartbeat; a hop to a peer that does not read takes 3 s.
    """
    for election in course.elections.values():
        resting_us = course.now_us - election.last_pass_us
        if election.passes > _ROUNDS * len(course.nodes) and resting_us < course.profile.heartbeat_s * 1e6:
            text = f"the token of {election.begun_by} has been handed on {election.passes} times and goes on"
            return Reason(text, "an election does not end")
    return None


# The load balancer


def live_admitted(course: Course) -> str | None:
    """A load balancer's groups hold only members that are alive."""
    for life in course.initialised():
        for group, address in course.admitted(life):
            dead = course.dead_for_us(address)
            if dead is not None and dead[0] > course.detection_bound_s(dead[1]) * 1e6:
                text = f"{life.name} sends requests to {course.called(address)}, {dead[1]} {dead[0] / 1e6:.0f} s ago"
                return Reason(f"{text} (group {group.domain}/{group.sub_domain})", f"admits the dead ({dead[1]})")
    return None


def ports_known(course: Course) -> str | None:
    """Whom a load balancer has admitted, it knows the HTTP ports of, if the member has any."""
    for life in course.initialised():
        for address in life.portless:
            name = course.called(address)
            config = course.nodes.get(name)
            if config is not None and (config.http_port is not None or config.https_port is not None):
                text = f"{life.name} has admitted {name} as HTTP:-1, HTTPS:-1 and sends its requests nowhere"
                return Reason(text, "admitted without ports")
    return None


# Words for causes


def _pairs_that_could_know(course: Course) -> Iterator[tuple[Life, Life]]:
    """Pairs of initialised nodes with no cut between them, of which the one could have learnt of the other."""
    lives, introduced = course.initialised(), course.introduced()
    for index, one in enumerate(lives):
        for other in lives[index + 1 :]:
            if introduced[one.name] == introduced[other.name] and course.connected(one, other):
                yield one, other


def _living_holder(course: Course, address: str) -> Life | None:
    return next((life for life in course.holders(address) if life.initialised), None)


def _circle(course: Course, life: Life) -> list[str]:
    """The nodes that wait for each other in a circle, from this one to this one; nothing if it is in none."""
    paths = [[life]]
    seen = {life.name: True}
    while paths:
        path = paths.pop(0)
        for host, port in path[-1].config.well_known_members:
            for other in course.holders(f"{course.resolve(host)}:{port}"):
                if other is life and len(path) > 1:
                    return [member.name for member in path] + [life.name]
                if other.state == "waiting" and other.name not in seen and course.connected(path[-1], other):
                    seen[other.name] = True
                    paths.append([*path, other])
    return []


def _shown(course: Course, life: Life) -> str:
    return ", ".join(course.called(address) for address in life.members) or "nobody"


def _missing(course: Course, lacks: Life, holder: Life) -> str:
    """How somebody is missing: is it in the configuration of who lacks it, and how did the two come in?"""
    return f"{_somebody(course, lacks, holder)} is not listed, {_manner(lacks, holder)}"


def _manner(*lives: Life) -> str:
    return "after one started alone" if any(not life.joins_sent for life in lives) else "though both joined"


def _somebody(course: Course, observer: Life, member: Life) -> str:
    configured = observer.config.well_known_members
    known = any(f"{course.resolve(host)}:{port}" == member.address for host, port in configured)
    return "somebody well known" if known else "somebody not well known"


def _place(course: Course, life: Life) -> str:
    shared = any(other is not life and other.address == life.address for other in course.living())
    return "with an address that another has" if shared else f"in the domain {_domains(course, life)}"


def _domains(course: Course, life: Life) -> str:
    others = {other.config.domain for other in course.living() if other is not life}
    return "of the others" if not others or life.config.domain in others else "of nobody else"


BUILT_IN: Final = (
    Invariant(
        "one_identity", "no two living nodes have one address", one_identity, always(), watches=("log local_member",)
    ),
    Invariant("join_answered", "JOIN is answered", join_answered, eventually(), ("one_identity",)),
    Invariant("start_ends", "the start of a node ends", start_ends, eventually(), ("join_answered", "one_identity")),
    Invariant("elections_end", "an election ends", elections_end, eventually(), ("one_identity",)),
    Invariant("agreement", "nodes that can reach each other have equal views", agreement, eventually()),
    Invariant("completeness", "nobody alive is missing", completeness, eventually(), ("agreement",)),
    Invariant("accuracy", "nobody long dead is listed", accuracy, eventually(), ("agreement",)),
    Invariant(
        "no_phantom", "no member that never was, not oneself, nobody twice", no_phantom, always(), watches=("view",)
    ),
    Invariant(
        "initialised_asked",
        "only the initialised are asked for the configuration",
        initialised_asked,
        always(),
        watches=("deliver GET_CONFIGURATION",),
    ),
    Invariant("live_admitted", "only the living get requests", live_admitted, eventually()),
    Invariant(
        "ports_known",
        "the ports of the admitted are known",
        ports_known,
        always(),
        watches=("log application_member_joined",),
    ),
)
"""In the order in which a run is judged; of those that imply one another, the more telling first."""

_REGISTERED: Final[dict[str, Invariant]] = {invariant.name: invariant for invariant in BUILT_IN}


def register(invariant: Invariant) -> Invariant:
    """Make an invariant known by its name in this process: to :func:`invariants_named` and to ``expect_violation``.

    Raises InputError if another one has the name.
    """
    if _REGISTERED.get(invariant.name, invariant) is not invariant:
        raise InputError(f"there is an invariant {invariant.name!r} already; give this one another name")
    _REGISTERED[invariant.name] = invariant
    return invariant


def known_invariants() -> tuple[Invariant, ...]:
    """All that are known, the built-in ones first."""
    return tuple(_REGISTERED.values())


def invariant_named(name: str) -> Invariant:
    """The invariant of that name; raises InputError naming the known ones."""
    return invariants_named([name])[0]


def invariants_named(names: Iterable[str]) -> tuple[Invariant, ...]:
    """The invariants of these names, all if there is none; raises InputError naming every unknown one."""
    names = list(names)
    if unknown := [name for name in names if name not in _REGISTERED]:
        from difflib import get_close_matches

        known = ", ".join(_REGISTERED)
        near = [get_close_matches(name, _REGISTERED, n=1) for name in unknown]
        raise InputError(
            *(
                f"unknown invariant {name!r}{f'; did you mean {close[0]!r}?' if close else ''} (known: {known})"
                for name, close in zip(unknown, near, strict=True)
            )
        )
    return tuple(_REGISTERED[name] for name in names) or known_invariants()
