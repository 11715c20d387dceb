"""All rules over one cluster."""

from __future__ import annotations

from collections.abc import Iterator

from wkasim.config.cluster import ConfiguredCluster
from wkasim.config.rules import addresses, membership, reading, serving
from wkasim.config.rules.finding import Finding
from wkasim.config.rules.hit import Hit
from wkasim.config.rules.table import RULES
from wkasim.profile import Profile

__all__ = ["find_faults"]

_RANK = {"error": 0, "warning": 1, "note": 2}


def find_faults(cluster: ConfiguredCluster, profile: Profile) -> tuple[Finding, ...]:
    """Everything that the rules find, the errors first, then by rule and place; each sentence once."""
    findings = [_finding(hit) for hit in dict.fromkeys(_hits(cluster, profile))]
    return tuple(sorted(findings, key=lambda found: (_RANK[found.severity], found.rule.id, found.place)))


def _hits(cluster: ConfiguredCluster, profile: Profile) -> Iterator[Hit]:
    yield from reading.problems_of_files(cluster)
    yield from reading.section_is_complete(cluster)
    yield from reading.single_dialect(cluster)
    yield from reading.settings_without_effect(cluster)
    yield from addresses.no_loopback(cluster)
    yield from addresses.ports_are_free(cluster)
    yield from addresses.port_is_fixed(cluster)
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
        related=hit.related,
    )
