"""The configured addresses against those that the logs tell: a port that was taken is on no line of its own.

A server whose port is taken gets another one and says only which; the others go on looking for it where the
configuration says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve, frozen

from wkasim.config.cluster import ConfiguredCluster, ConfiguredNode
from wkasim.logs.diagnose import Diagnosis
from wkasim.logs.life import Life, address_of, ip_and_port
from wkasim.logs.reason import Reason, Stated
from wkasim.logs.story import Story

__all__ = ["with_configuration"]

_RULES: Final = ("WKA102", "WKA103", "WKA112", "WKA118")
_SURE: Final = 98
_CONSEQUENCE: Final = 90


@frozen
class _Match:
    """A node of the configuration and that of the logs which it is."""

    configured: ConfiguredNode
    node: str
    lives: tuple[Life, ...]


def with_configuration(diagnosis: Diagnosis, story: Story, cluster: ConfiguredCluster) -> Diagnosis:
    """The diagnosis with what the configured addresses add to it."""
    matches = _matches(story, cluster)
    reasons = [reason for reason in diagnosis.reasons if not _is_configured(reason, matches)]
    for match in matches:
        for life in match.lives:
            reasons = _with_port(reasons, story, cluster, match, life)
        reasons += _listed_where_nobody_is(story, cluster, match)
    reasons += _elsewhere(matches)
    if not matches and story.lives and cluster.active():
        reasons.append(_strangers(story, cluster))
    return Diagnosis(reasons=tuple(sorted(reasons, key=lambda reason: -reason.weight)))


# Who is who


def _matches(story: Story, cluster: ConfiguredCluster) -> list[_Match]:
    """By name, else by a name that is short for it on the same machine, by the port, as the only ones on a machine."""
    free = {node.name: node for node in cluster.active()}
    found: dict[str, str] = {}
    for is_same in (_has_name, _has_short_name, _has_port, _has_machine):
        names = [name for name in story.nodes if name not in found.values()]
        pairs = [(one, name) for one, node in free.items() for name in names if is_same(node, story.of(name))]
        for one, name in pairs:
            if sum(one == other for other, _ in pairs) == sum(name == other for _, other in pairs) == 1:
                found[one] = name
                del free[one]
    return [
        _Match(node, found[node.name], tuple(story.of(found[node.name])))
        for node in cluster.active()
        if node.name in found
    ]


def _has_name(node: ConfiguredNode, lives: Sequence[Life]) -> bool:
    return node.name.lower() == lives[0].node.lower()


def _has_short_name(node: ConfiguredNode, lives: Sequence[Life]) -> bool:
    """``w2`` for worker2, ``worker2`` for esb-worker2."""
    short, long = sorted((re.sub(r"[\W_]", "", name.lower()) for name in (node.name, lives[0].node)), key=len)
    letters = iter(long)
    number = re.search(r"\d*$", long)
    abbreviates = (
        short[:1] == long[:1]
        and all(letter in letters for letter in short)
        and number is not None
        and short.endswith(number[0])
    )
    return bool(short) and _has_machine(node, lives) and (abbreviates or long.endswith(short))


def _has_port(node: ConfiguredNode, lives: Sequence[Life]) -> bool:
    """Whether it tried that port with success; what it tells the others may be somebody else's."""
    tried = (life.first("socket_bound") for life in lives)
    addresses = {ip_and_port(line.params["address"]) for line in tried if line is not None}
    if all(life.first("membership_scheme") is None for life in lives):
        addresses |= {life.address for life in lives if life.address is not None}
    return f"{node.address}:{node.effective_port}" in addresses


def _has_machine(node: ConfiguredNode, lives: Sequence[Life]) -> bool:
    return any(_host(life.likely_address or "") == node.address for life in lives)


def _host(address: str) -> str:
    return address.rpartition(":")[0]


def _port(address: str) -> str:
    return address.rpartition(":")[2]


# The port


def _is_configured(reason: Reason, matches: Sequence[_Match]) -> bool:
    """Whether a port that differs from the one told is what the configuration asks for, by localMemberBindPort."""
    return reason.kind == "port_taken" and any(
        match.node == reason.nodes[0]
        and match.configured.bind_port is not None
        and all(
            life.address is None
            or (_port(life.address), _port(life.listens or ""))
            == (str(match.configured.effective_port), str(match.configured.bind_port))
            for life in match.lives
        )
        for match in matches
    )


def _with_port(
    reasons: list[Reason], story: Story, cluster: ConfiguredCluster, match: _Match, life: Life
) -> list[Reason]:
    """The reasons with that of a port other than the configured one; what follows from it ranks behind."""
    node = match.configured
    told = life.address if node.bind_port is not None else life.likely_address
    if told is None or (node.address is not None and not node.is_guessed and _host(told) != node.address):
        return reasons
    if _port(told) == str(node.effective_port):
        return reasons
    wanted = f"{_host(told)}:{node.effective_port}"
    rivals = [other for other in cluster.at(node.address, node.effective_port) if other is not node]
    looking = [
        (other, member)
        for other in cluster.active()
        for member in other.members
        if other is not node and not rivals and f"{member.address}:{member.port}" == wanted
    ]
    if node.port is None and not looking:
        return reasons
    stated = [
        Stated(str(node.port.place), f"localMemberPort {node.port.value}")
        if node.port is not None
        else Stated(str(node.place), f"no localMemberPort: the first free one from {node.effective_port} on")
    ]
    stated += [Stated(str(member.place), f"{other.name} lists {member}") for other, member in looking]
    what = f"its configuration says {node.effective_port}"
    if node.port is None:
        what = f"{node.effective_port} was expected of it"
    # Whoever was there, by its log, when this life began.
    owners = [other.node for other in story.at_address(wanted, story.begin(life)) if other.node != match.node]
    owners = owners or [other.name for other in rivals]
    if owners:
        what += f", which {owners[0]} has"
    if looking:
        names = ", ".join(dict.fromkeys(other.name for other, _ in looking))
        what += f"; by the configuration {names} {'looks' if len(looking) == 1 else 'look'} for it at {wanted}"
    taken = next((reason for reason in reasons if reason.kind == "port_taken" and reason.nodes[0] == match.node), None)
    text = f"{match.node} has port {_port(told)}, while {what}"
    if (taken is not None and taken.stated) or any(reason.text == text for reason in reasons):
        return reasons
    if taken is not None:
        mended = evolve(taken, text=f"{taken.text}; {what}", stated=tuple(stated))
    else:
        mended = _port_differs(story, match, life, wanted, text, fault=bool(looking or rivals), stated=tuple(stated))
    kept = [_as_consequence(reason, wanted, mended) for reason in reasons if reason is not taken]
    return [*kept, mended]


def _port_differs(
    story: Story, match: _Match, life: Life, wanted: str, text: str, *, fault: bool, stated: tuple[Stated, ...]
) -> Reason:
    refused = [
        line
        for other in story.lives
        if other.node != match.node
        for line in other.all("static_member_unreachable")
        if address_of(line.params["member"]) == wanted
    ]
    own = [line for event in ("socket_bound", "local_member") if (line := life.first(event)) is not None]
    return Reason(
        kind="bound_port",
        weight=_SURE if fault else 57,
        fault=fault,
        text=text,
        nodes=(match.node,),
        evidence=(*own, *refused[:2]),
        stated=stated,
        rules=_RULES,
        or_else="It was started with another axis2.xml than this one.",
        next_look=f"Which process has port {_port(wanted)} there? Give each server a localMemberPort of its own.",
        scenario="faults/f02-port-taken",
    )


def _as_consequence(reason: Reason, wanted: str, cause: Reason) -> Reason:
    """Whoever looks for the node in vain ranks behind the reason why it is not there."""
    vain = any(
        line.event == "static_member_unreachable" and address_of(line.params["member"]) == wanted
        for line in reason.evidence
    )
    return evolve(reason, weight=min(reason.weight, _CONSEQUENCE)) if vain and cause.fault else reason


# Lists and addresses


def _listed_where_nobody_is(story: Story, cluster: ConfiguredCluster, match: _Match) -> Iterator[Reason]:
    """Entries that lead to a machine whose servers, by their logs, all have other ports; without a trace in its log."""
    tried = {
        address_of(line.params["member"])
        for life in match.lives
        for line in life.all("static_member_added", "static_member_unreachable")
    }
    for member in match.configured.members:
        wanted = f"{member.address}:{member.port}"
        if wanted in tried or cluster.at(member.address, member.port) or story.at_address(wanted):
            continue
        there = {
            life.node: life
            for life in story.last_lives()
            if life.node != match.node and _host(life.likely_address or "") == member.address
        }
        if there:
            has = ", ".join(f"{name} has {_port(life.likely_address or '')}" for name, life in there.items())
            lines = (life.first("local_member", "socket_bound") for life in there.values())
            yield Reason(
                kind="listed_port",
                weight=72,
                text=f"{match.node} lists {member}, where nobody listens by these logs; on {member.address} {has}",
                nodes=(match.node, *there),
                evidence=tuple(line for line in lines if line is not None),
                stated=(Stated(str(member.place), f"{match.configured.name} lists {member}"),),
                rules=("WKA103", "WKA118"),
                scenario="faults/f03-wrong-port-listed",
                or_else=f"The server with port {member.port} may be one whose log is not here.",
                next_look="Compare <port> in the member list with localMemberPort on that node.",
            )


def _elsewhere(matches: Sequence[_Match]) -> Iterator[Reason]:
    """Nodes that tell another machine's address than they are configured to."""
    wrong = [
        (match, life)
        for match in matches
        for life in match.lives[-1:]
        if life.address is not None
        and not match.configured.is_guessed
        and match.configured.address not in (None, _host(life.address))
    ]
    if wrong:
        parts = [
            f"{match.node} is at {_host(life.address or '')} by its log and at {match.configured.address} by its "
            "configuration"
            for match, life in wrong
        ]
        lines = [life.first("local_member") for _, life in wrong]
        hosts = [(match.configured.host, match.configured) for match, _ in wrong]
        yield Reason(
            kind="other_address",
            weight=45,
            fault=False,
            text="; ".join(parts),
            nodes=tuple(match.node for match, _ in wrong),
            evidence=tuple(line for line in lines if line is not None),
            stated=tuple(Stated(str(host.place), f"{node.name}: {host.value}") for host, node in hosts if host),
            or_else="These logs are of another configuration, or the name means something else on that machine.",
            rules=("WKA101", "WKA106"),
        )


def _strangers(story: Story, cluster: ConfiguredCluster) -> Reason:
    configured = ", ".join(f"{node.name} at {node.address}:{node.effective_port}" for node in cluster.active())
    logged = ", ".join(f"{life.node} at {life.likely_address or 'no address'}" for life in story.last_lives())
    return Reason(
        kind="no_match",
        weight=30,
        fault=False,
        text=f"the configuration ({configured}) is of none of the nodes in these logs ({logged})",
        nodes=(),
        next_look="Name the directories of the configuration as the logs, or give the logs of the same servers.",
    )
