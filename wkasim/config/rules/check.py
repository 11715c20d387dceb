"""All rules over one cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wkasim.config.cluster import ConfiguredCluster
from wkasim.config.rules import addresses, membership, reading, serving
from wkasim.config.rules.finding import Finding
from wkasim.config.rules.hit import Hit
from wkasim.config.rules.outcome import unforeseen
from wkasim.config.rules.table import RULES
from wkasim.config.verdict import Verdict
from wkasim.profile import Profile

__all__ = ["find_faults", "with_outcome"]

_UNREAD = ("WKA117", "WKA130", "WKA131")
_DISTORT_LISTS = ("WKA101", "WKA102", "WKA103", "WKA104", "WKA106", "WKA113", "WKA116", "WKA118", "WKA120", *_UNREAD)
_DISTORT_GROUPS = ("WKA105", "WKA106", "WKA110", "WKA116", "WKA120", *_UNREAD)
_RANK = {"error": 0, "warning": 1, "note": 2}


def find_faults(cluster: ConfiguredCluster, profile: Profile) -> tuple[Finding, ...]:
    """Everything that the rules find, the errors first, then by rule and place; each sentence once."""
    found = list(dict.fromkeys(_hits(cluster, profile)))
    return _sorted(_finding(hit) for hit in found if not _is_consequence(hit, found))


def with_outcome(cluster: ConfiguredCluster, verdict: Verdict, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, and what the simulation shows beyond them."""
    return _sorted([*findings, *map(_finding, unforeseen(cluster, verdict, findings))])


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda found: (_RANK[found.severity], found.rule.id, found.place)))


def _is_consequence(hit: Hit, found: list[Hit]) -> bool:
    """Whether a finding only follows from another one, and will be gone, or be told, when that is mended."""
    if hit.rule == "WKA109":
        return any(other.rule in _DISTORT_LISTS and _severity(other) == "error" for other in found)
    if hit.rule == "WKA107" and _severity(hit) == "warning":
        return any(other.rule in _DISTORT_GROUPS and _severity(other) == "error" for other in found)
    if hit.rule == "WKA104":
        return any(other.rule in _UNREAD and other.place.file == hit.place.file for other in found)
    return False


def _severity(hit: Hit) -> str:
    return hit.severity or RULES[hit.rule].severity


def _hits(cluster: ConfiguredCluster, profile: Profile) -> Iterator[Hit]:
    yield from reading.problems_of_files(cluster)
    yield from reading.addresses_are_simulated(cluster)
    yield from reading.section_is_complete(cluster)
    yield from reading.names_are_known(cluster)
    yield from reading.single_dialect(cluster)
    yield from reading.settings_without_effect(cluster)
    yield from addresses.no_loopback(cluster)
    yield from addresses.ports_are_free(cluster)
    yield from addresses.port_is_fixed(cluster)
    yield from addresses.bind_port_is_forwarded(cluster)
    yield from addresses.names_resolve(cluster)
    yield from addresses.http_ports_differ(cluster)
    yield from addresses.ports_match(cluster)
    yield from addresses.shipped_mismatch(cluster)
    yield from membership.lists_lead_somewhere(cluster)
    yield from membership.lists_agree(cluster)
    yield from membership.domains_agree(cluster)
    yield from membership.lists_are_connected(cluster)
    yield from membership.several_well_known_members(cluster)
    yield from membership.all_ask_for_configuration(cluster)
    yield from membership.started_after_somebody(cluster, waits=profile.wait_for_well_known_member)
    yield from serving.balancer_manages_somebody(cluster)
    yield from serving.sub_domains_lead_somewhere(cluster)
    yield from serving.ports_can_be_reached(cluster)
    yield from serving.database_is_shared(cluster)
    yield from serving.started_in_the_right_way(cluster)


def _finding(hit: Hit) -> Finding:
    rule = RULES[hit.rule]
    return Finding(
        rule=rule,
        severity=hit.severity or rule.severity,
        place=hit.place,
        nodes=hit.nodes,
        text=hit.text,
        mend=hit.mend or rule.mend,
        consequence=hit.consequence or rule.consequence,
        related=hit.related,
    )
