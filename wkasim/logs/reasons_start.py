"""Reasons why a start went wrong: nobody there, another domain, a port taken, a failure that the log itself names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from wkasim.logs.life import Life, address_of, ip_and_port
from wkasim.logs.line import LogLine
from wkasim.logs.reason import Reason
from wkasim.logs.story import Story

__all__ = ["LOOPBACK_WEIGHT", "start_reasons"]

LOOPBACK_WEIGHT: Final = 90

_ANSWERED_AT_ONCE: Final = timedelta(seconds=2)
_TRIED: Final = ("static_member_added", "static_member_unreachable")
_TOGETHER: Final = timedelta(seconds=3)
_FAILURES: Final = (
    ("static_member_unresolved", "the name of a well-known member does not resolve", ("WKA106", "WKA117"),
     "Look into /etc/hosts of that machine.", "faults/f06-unknown-host"),
    ("port_allocation_failed", "no port could be bound on the configured address; it is not this machine's own",
     ("WKA101", "WKA106"), "Compare localMemberHost with the machine's addresses.", ""),
    ("invalid_membership_scheme", "membershipScheme is an unknown word", ("WKA116",), "Look at axis2.xml.", ""),
    ("receiver_start_failed", "the node could not open its receiver", ("WKA101",), "Is the address its own?", ""),
    ("local_address_failed", "the node's own host name does not resolve", ("WKA106",), "Look at localMemberHost.", ""),
    ("local_name_failed", "the node's own host name does not resolve", ("WKA106",), "Look at localMemberHost.", ""),
    ("clustering_disabled", "clustering is switched off", ("WKA116",), "Look at enable in axis2.xml.", ""),
    ("database_unreachable", "the central database cannot be reached", ("WKA121",), "Is the database up?", ""),
    ("database_host_unknown", "the host of the central database is unknown", ("WKA106",), "Look into /etc/hosts.", ""),
    ("database_access_denied", "the central database refuses the user", (), "Look at master-datasources.xml.", ""),
    ("database_tables_missing", "the tables of the central database do not exist", ("WKA119",),
     "Start the manager once with -Dsetup.", ""),
    ("database_driver_missing", "the JDBC driver is missing", (), "Copy it to repository/components/lib.", ""),
    ("cluster_not_initialized", "clustering failed to start", (), "The lines before say why.", ""),
)  # fmt: skip


def start_reasons(story: Story) -> Iterator[Reason]:
    """What the starts of all lives show."""
    for life in story.lives:
        yield from _failed(life)
        yield from _port_taken(story, life)
        yield from _loopback(story, life)
        yield from _unanswered(story, life)
        yield from _waiting(story, life)
        yield from _alone(story, life)
    yield from _listed_port(story)
    yield from _together(story)


def _failed(life: Life) -> Iterator[Reason]:
    told = False
    for event, why, rules, look, scenario in _FAILURES:
        found = life.first(event)
        if found is not None and not (event == "cluster_not_initialized" and told):
            told = True
            yield Reason(
                kind=event, weight=95, text=f"{life.node}: {why}", nodes=(life.node,), evidence=(found,),
                rules=rules, next_look=look, scenario=scenario,
            )  # fmt: skip


# The port


def _port_taken(story: Story, life: Life) -> Iterator[Reason]:
    scheme, local = life.first("membership_scheme"), life.first("local_member")
    tried = life.first("static_member_added", "static_member_unreachable", "local_member")
    if scheme is None or tried is None or str(scheme.params["scheme"]) != "wka":
        return
    if not _has_wrong_port(life):
        return
    bound = life.first("socket_bound")
    receiver = life.first("receiver_bound")
    advertised, listens = life.address, life.listens
    twins = [other for other in story.at_address(advertised) if other.node != life.node] if advertised else []
    parts = [f"{life.node}: its configured port was taken"]
    if bound is None:
        parts.append("and so were 4000 and 4001: no port was probed successfully")
    if advertised is not None:
        parts.append(f"it tells the others {advertised}")
    if listens is not None and listens != advertised:
        parts.append(f"while it listens on {listens}: {advertised} is wrong")
    elif advertised is not None:
        parts.append("which is not the address that its configuration names")
    if twins:
        parts.append(f"{advertised} is {twins[0].node}, so that both are taken for one")
    evidence = [scheme, *(line for line in (tried, receiver, local) if line is not None and line is not local)]
    evidence += [local] if local is not None else []
    evidence += [line for twin in twins[:1] if (line := twin.first("local_member")) is not None]
    yield Reason(
        kind="port_taken", weight=98, text="; ".join(parts), nodes=(life.node, *(twin.node for twin in twins)),
        evidence=tuple(evidence), rules=("WKA102", "WKA118", "WKA122"),
        next_look="Which process has the configured port? Give this server a localMemberPort of its own.",
        scenario="faults/f02-port-taken",
    )  # fmt: skip


def _loopback(story: Story, life: Life) -> Iterator[Reason]:
    found = life.first("loopback_advertised")
    local = life.first("local_member")
    if found is None or _all_on_one_machine(story):
        return
    yield Reason(
        kind="loopback", weight=LOOPBACK_WEIGHT,
        text=f"{life.node} tells the others to reach it at its own machine's 127.0.0.1",
        nodes=(life.node,), evidence=tuple(line for line in (found, local) if line is not None), rules=("WKA101",),
        or_else="If all nodes run on one machine this is no fault.",
        next_look="Set localMemberHost to the address that other machines use.",
        scenario="faults/f01-loopback-address",
    )  # fmt: skip


def _all_on_one_machine(story: Story) -> bool:
    """Whether all nodes tell the loopback address, each its own port: those of two machines would be the same.

    127.1.0.206 and its like are not meant: on a test bench they tell machines apart.
    """
    last = [life.address for life in story.last_lives() if life.address is not None]
    return len(last) > 1 and len(set(last)) == len(last) and all(address.startswith("127.0.") for address in last)


def _listed_port(story: Story) -> Iterator[Reason]:
    """Somebody is looked for at a port that nobody has, on a machine where a node has another one."""
    addresses = {life.likely_address: life for life in story.lives if life.likely_address is not None}
    told: set[tuple[str, str]] = set()
    for life in story.lives:
        added = {address_of(line.params["member"]) for line in life.all("static_member_added")}
        for line in life.all("static_member_unreachable"):
            wanted = address_of(line.params["member"])
            if wanted in addresses or wanted in added or (life.node, wanted) in told:
                continue
            host, _, port = wanted.rpartition(":")
            there = [other for address, other in addresses.items() if address.rpartition(":")[0] == host]
            there = [other for other in there if other.node != life.node]
            # Where other entries of the list lead somewhere, this one may just be down.
            elsewhere = [address_of(entry.params["member"]) for entry in life.all(*_TRIED)]
            sure = not any(address in addresses for address in elsewhere)
            told.add((life.node, wanted))
            if there:
                ports = [(other.node, (other.likely_address or "").rpartition(":")[2]) for other in there]
                has = ", ".join(f"{name} has {number}" for name, number in ports)
                bound = [found for other in there if (found := other.first("local_member", "socket_bound"))]
                yield Reason(
                    kind="listed_port", weight=96 if sure else 58,
                    text=f"{life.node} looks for a member at {wanted}, where nobody listens; on {host} {has}",
                    nodes=(life.node, *(other.node for other in there)), evidence=(line, *bound),
                    rules=("WKA103", "WKA118"), scenario="faults/f03-wrong-port-listed",
                    or_else=f"The server with port {port} may be one whose log is not here, and down.",
                    next_look="Compare <port> in the member list with localMemberPort on that node.",
                )  # fmt: skip


# Nobody there


def _is_listed_by_others(story: Story, life: Life) -> bool:
    """Whether others try to reach the node as a well-known member."""
    address = life.likely_address
    return any(
        address_of(line.params["member"]) == address
        for other in story.lives
        if other.node != life.node
        for line in other.all("static_member_added", "static_member_unreachable")
    )


def _waiting(story: Story, life: Life) -> Iterator[Reason]:
    unreached = life.numbered("static_member_unreachable")
    if not unreached:
        return
    first = unreached[0][1]
    rounds = [
        (place, line)
        for place, line in unreached[1:]
        if line.params["member"] == first.params["member"]
        and line.time is not None
        and first.time is not None
        and line.time - first.time > timedelta(seconds=1)
    ]
    if not rounds:
        return
    names = dict.fromkeys(str(line.params["member"]) for _, line in unreached)
    found = next((line for _, line in life.numbered("static_member_added", after=rounds[0][0])), None)
    who = ", ".join(names)
    if found is not None and found.time is not None and first.time is not None:
        waited = (found.time - first.time).total_seconds()
        text = f"{life.node} was started before its well-known members ({who}): it waited {waited:.0f} s, until "
        text += f"{address_of(found.params['member'])} came"
    else:
        text = f"{life.node} was started before its well-known members ({who}) and waits for ever for one of them"
    others = [_waits_too(story, str(name)) for name in names]
    mutual = ", ".join(dict.fromkeys(name for name in others if name and name != life.node))
    if mutual and found is None:
        text += f"; {mutual} waits as well: they wait for each other"
    evidence = (first, rounds[-1][1], *((found,) if found is not None else ()))
    yield Reason(
        kind="waiting", weight=92 if found is None else 80, text=text, nodes=(life.node,), evidence=evidence,
        rules=("WKA109", "WKA103", "WKA104"), scenario="faults/f09-started-first",
        or_else="The members may be up on other ports, or behind a firewall." if found is None else "",
        next_look="Start a well-known member first; this code (wso2-1.6.1) waits every 2 s without another word.",
    )  # fmt: skip


def _waits_too(story: Story, member: str) -> str:
    lives = story.at_address(address_of(member))
    return next((life.node for life in lives if life.first("local_member") is None), "")


def _alone(story: Story, life: Life) -> Iterator[Reason]:
    found, completed = life.first("no_members"), life.completed
    if found is None or completed is None or life.first("sending_join") is not None:
        return
    unreached = list(life.all("static_member_unreachable"))
    names = ", ".join(dict.fromkeys(str(line.params["member"]) for line in unreached))
    balancer = bool(life.manages)
    listed = _is_listed_by_others(story, life)
    if balancer or listed:
        return  # Somebody must be the first; the others find it.
    since = life.alone()
    until = since[1] if since is not None else None
    ended = f" until {until:%H:%M:%S}, when others found it" if until is not None else " to the end of its log"
    later = _come_later(story, life, unreached)
    if later:
        why = f"was started before its well-known members ({names})"
    elif unreached:
        why = f"reached none of its well-known members ({names})"
    else:
        why = "knows no well-known member but itself"
    text = f"{life.node} {why}: it is alone{ended}, and never sends JOIN"
    single = len(story.nodes) == 1
    yield Reason(
        kind="alone", weight=94, text=text, nodes=(life.node,), evidence=(*unreached[:3], found, completed),
        rules=("WKA104", "WKA109", "WKA103") if not unreached else ("WKA109", "WKA103", "WKA104"),
        scenario="faults/f09-started-first" if unreached else "faults/f04-list-of-itself",
        or_else=(
            "If this is the first node of its cluster and others list it, this is how it should be."
            if single else "They may be up on other ports, or behind a firewall." if later else ""
        ),
        next_look="Look at the logs of the well-known members: when were they started, and which port did they bind?"
        + (" Is there a firewall?" if unreached and not later else ""),
    )  # fmt: skip


def _come_later(story: Story, life: Life, unreached: list[LogLine]) -> bool:
    """Whether the logs show one of the members that were not reached beginning after the node."""
    own = story.begin(life)
    begun = [story.begin(other) for line in unreached for other in story.at_address(address_of(line.params["member"]))]
    return own is not None and any(time is not None and time > own for time in begun)


def _unanswered(story: Story, life: Life) -> Iterator[Reason]:
    silent = list(life.all("no_join_response"))
    if not silent or (life.completed is not None and len(silent) < 2):
        return
    own = life.first("cluster_domain")
    asked = [address_of(line.params["member"]) for line in life.all("static_member_added")]
    others = [other for address in asked for other in story.at_address(address)]
    foreign = [other for other in others if other.domain is not None and other.domain != life.domain]
    managed = [other for other in others if life.domain in other.manages]
    foreign = [other for other in foreign if other not in managed]
    sent = life.first("sending_join")
    quick = bool(sent and sent.time and silent[0].time and silent[0].time - sent.time < _ANSWERED_AT_ONCE)
    lines: tuple[LogLine, ...] = tuple(line for line in (own, sent, silent[0], silent[-1]) if line is not None)
    if foreign:
        domains = ", ".join(dict.fromkeys(f"{other.node} in {other.domain!r}" for other in foreign))
        theirs = tuple(line for other in foreign if (line := other.first("cluster_domain")) is not None)
        yield Reason(
            kind="domain", weight=97, nodes=(life.node, *dict.fromkeys(other.node for other in foreign)),
            text=f"the domain differs: {life.node} is in {life.domain!r}, {domains}. Its JOIN is never answered",
            evidence=(*lines, *theirs), rules=("WKA105", "WKA110"), scenario="faults/f05-domains-differ",
            next_look="Write the same domain in all axis2.xml files.",
        )  # fmt: skip
    elif _has_wrong_port(life) or life.first("loopback_advertised") is not None:
        return  # The answers go to the address that it tells, which is another reason's.
    elif quick:
        yield Reason(
            kind="domain", weight=75, nodes=(life.node,), evidence=lines, rules=("WKA105", "WKA110"),
            text=f"nobody that {life.node} knows is in its domain {life.domain!r}: its JOIN is turned away at once",
            or_else="They may still be starting, if this ends soon.", scenario="faults/f05-domains-differ",
            next_look="Compare the line Cluster domain in the logs of the well-known members.",
        )  # fmt: skip
    elif errors := [line for other in others for line in other.all("receive_error")]:
        names = ", ".join(dict.fromkeys(other.node for other in others if other.first("receive_error") is not None))
        yield Reason(
            kind="join_breaks", weight=84, nodes=(life.node,), evidence=(*lines, errors[0], errors[-1]),
            text=f"the JOIN of {life.node} gets no answer, {len(silent)} times; {names} logs errors when it receives",
            or_else="Something else may break there.", rules=("WKA107",), scenario="defects/d13-sub-domain-missing",
            next_look="Has this node the property subDomain? A load balancer with sub-domains needs it.",
        )  # fmt: skip
    else:
        yield Reason(
            kind="join_unanswered", weight=70, nodes=(life.node,), evidence=lines, rules=("WKA110", "WKA101", "WKA102"),
            text=f"the JOIN of {life.node} gets no answer within 10 s, {len(silent)} times",
            or_else="The well-known member hangs, or its answer cannot reach this node's address.",
            next_look="Does the well-known member log Received JOIN message from this node?",
            scenario="faults/f10-join-unanswered",
        )  # fmt: skip


def _has_wrong_port(life: Life) -> bool:
    """Whether no port could be tried, or the one that is listened on is neither the one told nor the one tried.

    Where it is the one tried, localMemberBindPort asks for it.
    """
    bound = life.first("socket_bound")
    if bound is None:
        return True
    return life.listens is not None and life.address is not None and life.listens not in (
        life.address, ip_and_port(bound.params["address"]),
    )  # fmt: skip


def _together(story: Story) -> Iterator[Reason]:
    """Several nodes were started at the same moment, none of them when the one before was ready."""
    begun = [(time, life) for life in story.lives if life.started and (time := story.begin(life)) is not None]
    begun.sort(key=lambda item: item[0])
    groups: list[list[Life]] = []
    last = ready = None
    for time, life in begun:
        if last is None or time - last > _TOGETHER or (ready is not None and ready < time):
            groups.append([])
        groups[-1].append(life)
        last, ready = time, story.time(life.node, life.completed.time) if life.completed is not None else None
    for group in groups:
        if len({life.node for life in group}) < 3:
            continue
        times = [time for time, life in begun if life in group]
        spread = (times[-1] - times[0]).total_seconds()
        names = tuple(dict.fromkeys(life.node for life in group))
        alone = [life.node for life in group if life.first("no_members") is not None]
        found_nobody = f"; {', '.join(alone)} found nobody at first" if alone else ""
        yield Reason(
            kind="simultaneous", weight=60, nodes=names, fault=False, scenario="faults/f13-split-and-healed",
            text=f"simultaneous start: {', '.join(names)} within {spread:.1f} s{found_nobody}",
            evidence=tuple(line for life in group if (line := life.started) is not None),
            next_look="Start the well-known members first, and each node when the one before is ready.",
        )  # fmt: skip
