"""Rules about what is written in one file: clustering off, placeholders, dialects, values that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from wkasim.config.cluster import TRIBES_AGENT, ConfiguredCluster, ConfiguredNode
from wkasim.config.places import Place, Problem
from wkasim.config.rules.hit import Hit
from wkasim.config.rules.table import BY_MULTICAST, IGNORED, NOT_TRIBES, OF_IPV6, UNKNOWN_SCHEME
from wkasim.config.values import UNRESOLVED

__all__ = [
    "addresses_are_simulated",
    "names_are_known",
    "problems_of_files",
    "section_is_complete",
    "settings_without_effect",
    "single_dialect",
]

_HAZELCAST_ONLY: Final = ("licenseKey", "mgtCenterURL", "clusteringPattern", "groupPassword")
_PARAMETERS: Final = (
    "membershipScheme", "domain", "localMemberHost", "localMemberPort", "localMemberBindAddress", "localMemberBindPort",
    "properties", "synchronizeAll", "maxRetries", "mcastAddress", "mcastBindAddress", "mcastPort", "mcastFrequency",
    "mcastTTL", "mcastTimeout", "memberDropTime", "preserveMessageOrder", "atmostOnceMessageSemantics", "isActive",
    "AvoidInitiation", "membershipListener", "multicastBindAddress",
)  # fmt: skip
_PROPERTIES: Final = ("subDomain", "backendServerURL", "mgtConsoleURL", "remoteHost")
_LONGEST_NAME: Final = 100
_RULE_OF: Final = {"unreadable": "WKA130", "template": "WKA117", "value": "WKA131"}
_MOST_OF_A_FILE: Final = 20
_DETECTOR: Final = {"memberDropTime": "3000", "mcastFrequency": "500"}


def problems_of_files(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """What the readers could not read, and placeholders that nobody fills in."""
    yield from _told(cluster.problems, ())
    for node in cluster.nodes:
        template = [problem for problem in node.problems if problem.kind == "template"]
        if template:
            # One sentence a file: a template has a mark in every other line.
            for file in dict.fromkeys(problem.place.file for problem in template):
                first = next(problem for problem in template if problem.place.file == file)
                text = f"a template that was not rendered: {first.text}"
                yield Hit("WKA117", first.place, (node.name,), text)
        yield from _told([problem for problem in node.problems if problem.kind != "template"], (node.name,))
        for member in node.members:
            for value, place in ((member.host.value, member.host_place), (member.port_text, member.place)):
                if found := UNRESOLVED.search(value):
                    text = f"{found[0]} is no system property known here; the text is used as it stands"
                    yield Hit("WKA117", place, (node.name,), text)
        for name in ("localMemberHost", "localMemberPort", "domain"):
            parameter = node.clustering.parameters.get(name) if node.clustering is not None else None
            if parameter is not None and (found := UNRESOLVED.search(parameter.value)):
                text = f"{name} is not searched for placeholders; {found[0]} is used as it stands"
                yield Hit("WKA117", parameter.place, (node.name,), text, f"Write the value of {name} itself.")


def _told(problems: Sequence[Problem], nodes: tuple[str, ...]) -> Iterator[Hit]:
    """The problems; of a file that has very many the first ones, and how many more there are."""
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.place.file, []).append(problem)
    for file, found in by_file.items():
        for problem in found[:_MOST_OF_A_FILE]:
            yield Hit(_RULE_OF[problem.kind], problem.place, nodes, problem.text)
        if len(found) > _MOST_OF_A_FILE:
            yield Hit("WKA130", Place(file), nodes, f"{len(found) - _MOST_OF_A_FILE} more lines cannot be understood")


def addresses_are_simulated(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """No address of IPv6: no recording of the real system has one."""
    for node in cluster.active():
        written = [(node.address, node.host.place)] if node.host is not None else []
        written += [(member.address, member.host_place) for member in node.members]
        for address, place in written:
            if address is not None and ":" in address:
                text = f"{address} is an address of IPv6; no recording has one, it is simulated as if it were of IPv4"
                mend = "Make sure of it on the real servers, or write the address of IPv4."
                yield Hit("WKA131", place, (node.name,), text, mend, "warning", consequence=OF_IPV6)


def section_is_complete(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """The clustering section exists once, is on, and has content."""
    for node in cluster.nodes:
        if node.axis2 is None:
            text = f"no axis2.xml of {node.name} was found: nothing is known of its part in the cluster"
            mend = "Name the directory that has it, or take this one out."
            yield Hit("WKA130", node.place, (node.name,), text, mend)
            continue
        clustering = node.clustering
        if clustering is None:
            if not any(problem.kind == "unreadable" for problem in node.axis2.problems):
                commented, stray = node.axis2.commented_section, node.axis2.stray_section
                where = f"; the one in line {commented.line} is in a comment" if commented is not None else ""
                where = f"; the one in line {stray.line} stands inside another element" if stray is not None else where
                yield Hit("WKA116", stray or commented or node.place, (node.name,), f"no clustering section{where}")
            continue
        if clustering.old_dialect is not None:
            continue
        if not clustering.enabled.value:
            yield Hit("WKA116", clustering.enabled.place, (node.name,), "clustering is switched off")
        elif clustering.empty:
            text = "the clustering section is empty: no scheme, no members"
            yield Hit("WKA116", clustering.place, (node.name,), text, consequence=BY_MULTICAST)
        else:
            yield from _scheme(node)
        if clustering.others:
            text = f"{len(clustering.others) + 1} clustering sections; this one, the first, counts"
            yield _ignored(node, clustering.place, text, *clustering.others)
        for twice in clustering.duplicates:
            text = f"{twice.name} is written twice; this one counts, not that in line {twice.ignored.line}"
            yield _ignored(node, twice.used, text, twice.ignored)


def _ignored(node: ConfiguredNode, used: Place, text: str, *ignored: Place) -> Hit:
    """What is written twice, of which only one counts."""
    return Hit("WKA116", used, (node.name,), text, severity="warning", related=ignored, consequence=IGNORED)


def _scheme(node: ConfiguredNode) -> Iterator[Hit]:
    assert node.clustering is not None
    scheme = node.clustering.text("membershipScheme")
    if scheme is None:
        text = "no membershipScheme: the node asks the network by multicast, and its member list is not read"
        yield Hit("WKA116", node.clustering.place, (node.name,), text, consequence=BY_MULTICAST)
    elif scheme.value == "multicast":
        text = "membershipScheme is multicast: the member list is not read"
        mend = "Set membershipScheme to wka."
        yield Hit("WKA116", scheme.place, (node.name,), text, mend, consequence=BY_MULTICAST)
    elif scheme.value != "wka" and node.uses_tribes:
        text = f"membershipScheme {scheme.value!r} is unknown: clustering does not start"
        mend = "Set membershipScheme to wka."
        yield Hit("WKA116", scheme.place, (node.name,), text, mend, consequence=UNKNOWN_SCHEME)


def names_are_known(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """No parameter whose name is nearly that of another; names count letter by letter."""
    for node in cluster.nodes:
        clustering = node.clustering
        if clustering is None or not node.uses_tribes:
            continue
        for written, known in ((clustering.parameters, _PARAMETERS), (clustering.properties, _PROPERTIES)):
            for name, value in written.items():
                if (meant := _meant(name, known)) is not None and meant not in written:
                    text = f"{name} is no name that the server knows; {meant} is, and {node.name} has none"
                    yield Hit("WKA131", value.place, (node.name,), text, f"Write {meant}.", consequence=IGNORED)


def _meant(name: str, known: Sequence[str]) -> str | None:
    """The known name that an unknown one nearly is."""
    if name in known or len(name) > _LONGEST_NAME:
        return None
    folded = {other.lower(): other for other in known}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.9)
    return folded[near[0]] if near else None


def settings_without_effect(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """Settings of multicast membership that somebody has changed."""
    for node in cluster.active():
        assert node.clustering is not None
        scheme = node.clustering.text("membershipScheme")
        for name, usual in _DETECTOR.items():
            found = node.clustering.text(name)
            if found is not None and found.value != usual and scheme is not None and scheme.value == "wka":
                text = f"{name} {found.value} has no effect on well-known members"
                yield Hit("WKA111", found.place, (node.name,), text)


def single_dialect(cluster: ConfiguredCluster) -> Iterator[Hit]:
    """The dialect of Tribes, with its own parameters; where all nodes have another agent, that is told once."""
    foreign: dict[str, list[ConfiguredNode]] = {}
    tribes = False
    for node in cluster.nodes:
        clustering = node.clustering
        if clustering is None:
            continue
        tribes = tribes or node.uses_tribes
        if clustering.old_dialect is not None:
            text = "the dialect of 2008 (cluster, tcpListenHost, hostname); later versions ignore it"
            yield Hit("WKA120", clustering.old_dialect, (node.name,), text)
        elif node.uses_tribes:
            for name in _HAZELCAST_ONLY:
                if name in clustering.parameters:
                    text = f"{name} belongs to Hazelcast; this node's class is that of Tribes, which ignores it"
                    place = clustering.parameters[name].place
                    yield Hit("WKA120", place, (node.name,), text, "Remove it.", consequence=IGNORED)
        elif clustering.agent_class is not None:
            foreign.setdefault(clustering.agent_class.value.rpartition(".")[2], []).append(node)
    for name, nodes in foreign.items():
        what = "that of Hazelcast" if "hazelcast" in name.lower() else "none of Tribes"
        places = [
            node.clustering.agent_class.place for node in nodes if node.clustering and node.clustering.agent_class
        ]
        if tribes:
            text = f"the class {name} is {what}; others here use Tribes: they never see it"
            yield from (
                Hit("WKA120", place, (node.name,), text, severity="error")
                for node, place in zip(nodes, places, strict=True)
            )
            continue
        text = f"the class {name} of {', '.join(node.name for node in nodes)} is {what}, and follows another protocol"
        mend = f'Nothing, if it is meant so; the class of Tribes is "{TRIBES_AGENT}".'
        yield Hit(
            "WKA120",
            places[0],
            tuple(node.name for node in nodes),
            text,
            mend,
            related=tuple(places[1:]),
            consequence=NOT_TRIBES,
        )
