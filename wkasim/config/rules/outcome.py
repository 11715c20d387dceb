"""What the simulation shows and no rule about the files foresaw: a cluster that does not come together is a finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wkasim.config.cluster import ConfiguredCluster, ConfiguredNode
from wkasim.config.rules.finding import Finding
from wkasim.config.rules.hit import Hit
from wkasim.config.rules.membership import in_comment, list_place
from wkasim.config.verdict import Verdict

__all__ = ["unforeseen"]

_NO_EXPLANATION = ("WKA111", "WKA112", "WKA114", "WKA115", "WKA119", "WKA121")
"""Rules about what keeps nobody from seeing the others."""


def unforeseen(cluster: ConfiguredCluster, verdict: Verdict, findings: Sequence[Finding]) -> Iterator[Hit]:
    """One hit for all nodes that are unseen or unserved, unless a finding explains it or the files left much open.

    Views that differ are told only where somebody's list leads to nobody; elsewhere they come of a race.
    """
    if verdict.assumptions or any(finding.severity == "error" for finding in findings):
        return
    active = cluster.active()
    silent = {node.name for node in active if not cluster.listed(node)}
    explained = {name for finding in findings if finding.rule.id not in _NO_EXPLANATION for name in finding.nodes}
    told: dict[str, str] = {}
    blind: dict[tuple[str, ...], list[str]] = {}
    for node in verdict.nodes:
        if node.name in explained:
            continue
        # A load balancer may send requests to a member that its own list lacks: in axis2-1.7 one found before its JOIN.
        known = {name for group in verdict.routes.get(node.name, {}).values() for name in group} | explained
        lacks = tuple(name for name in node.lacks if name not in known and silent & {name, node.name})
        if node.state != "initialised":
            told[node.name] = f"{node.name} is never ready"
        elif node.alone:
            told[node.name] = f"{node.name} stays alone"
        elif lacks:
            blind.setdefault(lacks, []).append(node.name)
    for lacks, names in blind.items():
        told.update(dict.fromkeys(names, f"{', '.join(names)} {_verb(names, 'do')} not see {', '.join(lacks)}"))
    unserved = [name for name in verdict.unrouted if name not in explained and name not in told]
    told.update(dict.fromkeys(unserved, f"{', '.join(unserved)} {_verb(unserved, 'get')} no request"))
    if not told:
        return
    mute = [node for node in active if node.name in silent and _concerns(node, told, verdict)]
    comments = "".join(map(in_comment, mute))
    why = (
        f"; {', '.join(node.name for node in mute)} {_verb(mute, 'list')} no other node, so no JOIN is sent{comments}"
        if mute
        else ""
    )
    place = list_place(mute[0] if mute else cluster.node(next(iter(told))))
    concerned = tuple(dict.fromkeys([*(node.name for node in mute), *told]))
    yield Hit("WKA123", place, concerned, f"{', '.join(dict.fromkeys(told.values()))}{why}")


def _concerns(node: ConfiguredNode, told: dict[str, str], verdict: Verdict) -> bool:
    return node.name in told or any(node.name in other.lacks for other in verdict.nodes)


def _verb(who: Sequence[object], verb: str) -> str:
    """The verb as it follows one name or several."""
    if len(who) > 1:
        return verb
    return f"{verb}es" if verb.endswith("o") else f"{verb}s"
