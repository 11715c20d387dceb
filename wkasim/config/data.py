"""An examination for machines: JSON of its own, and SARIF, which code hosts show beside the lines."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final, TypeAlias

from wkasim.config.cluster import ConfiguredNode
from wkasim.config.examination import Examination
from wkasim.config.places import Place, Sourced
from wkasim.config.rules.finding import Finding
from wkasim.config.rules.table import RULES
from wkasim.config.verdict import Verdict

__all__ = ["Json", "as_data", "as_sarif"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def as_data(examination: Examination) -> dict[str, Json]:
    """The whole examination."""
    cluster = examination.cluster
    return {
        "profile": examination.profile.name,
        "clean": examination.clean,
        "order": list(cluster.order),
        "nodes": [_node(cluster.node(name)) for name in cluster.order],
        "findings": [_finding(found) for found in examination.findings],
        "verdict": None if examination.verdict is None else _verdict(examination.verdict),
    }


def _node(node: ConfiguredNode) -> dict[str, Json]:
    return {
        "name": node.name,
        "directory": str(node.directory),
        "role": node.role,
        "role_reason": node.role_reason,
        "enabled": node.enabled,
        "host": _value(node.host),
        "address": node.address,
        "port": _value(node.port),
        "offset": node.offset,
        "http_port": node.http_port,
        "https_port": node.https_port,
        "domain": _value(node.domain),
        "sub_domain": _value(node.sub_domain),
        "members": [
            {"host": member.host.value, "address": member.address, "port": member.port, "place": str(member.host_place)}
            for member in node.members
        ],
    }


def _value(value: Sourced[str] | Sourced[int] | None) -> Json:
    return None if value is None else {"value": value.value, "place": str(value.place)}


def _finding(found: Finding) -> dict[str, Json]:
    return {
        "rule": found.rule.id,
        "title": found.rule.title,
        "severity": found.severity,
        "file": found.place.file,
        "line": found.place.line,
        "nodes": list(found.nodes),
        "text": found.text,
        "happens": found.consequence.happens,
        "will_be_logged": list(found.consequence.appear),
        "will_not_be_logged": list(found.consequence.missing),
        "mend": found.mend,
        "related": [str(place) for place in found.related],
    }


def _verdict(verdict: Verdict) -> dict[str, Json]:
    return {
        "complete": verdict.complete,
        "converged_s": verdict.converged_s,
        "nodes": [
            {
                "name": node.name,
                "state": node.state,
                "advertised": node.advertised,
                "alone": node.alone,
                "sees": list(node.sees),
                "lacks": list(node.lacks),
                "strangers": list(node.strangers),
                "ready_s": node.ready_s,
                "failure": node.failure,
            }
            for node in verdict.nodes
        ],
        "routes": {name: {group: list(to) for group, to in groups.items()} for name, groups in verdict.routes.items()},
        "unrouted": list(verdict.unrouted),
        "unserved": dict(verdict.unserved),
        "single_failures": [
            {"what": item.what, "alone": list(item.alone), "simulated": item.simulated} for item in verdict.separations
        ],
        "assumptions": list(verdict.assumptions),
        "left_out": list(verdict.left_out),
    }


def as_sarif(examination: Examination, version: str) -> dict[str, Json]:
    """The findings as SARIF 2.1.0; ``version`` is that of wkasim."""
    rules: list[Json] = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.why},
            "help": {"text": f"{rule.happens} {rule.mend}"},
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in RULES.values()
    ]
    numbers = {rule: at for at, rule in enumerate(RULES)}
    results: list[Json] = [
        {
            "ruleId": found.rule.id,
            "ruleIndex": numbers[found.rule.id],
            "level": found.severity,
            "message": {"text": f"{found.text}. {found.mend}"},
            "locations": [_location(found.place)],
            "relatedLocations": [_location(place) for place in found.related],
        }
        for found in examination.findings
    ]
    driver: dict[str, Json] = {"name": "wkasim doctor", "version": version, "rules": rules}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _location(place: Place) -> Json:
    physical: dict[str, Json] = {"artifactLocation": {"uri": PurePath(place.file).as_posix()}}
    if place.line:
        physical["region"] = {"startLine": place.line}
    return {"physicalLocation": physical}
