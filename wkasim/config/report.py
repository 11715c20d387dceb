"""An examination for people: the cluster as understood, the findings, the verdict of the simulation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from wkasim.config.cluster import DEFAULT_PORT, ConfiguredCluster, ConfiguredNode
from wkasim.config.examination import Examination
from wkasim.config.places import Sourced
from wkasim.config.rules.finding import Finding
from wkasim.config.verdict import NodeVerdict, Verdict

__all__ = ["report_lines"]

_WIDTH = 96
_STATE = {
    "failed": "fails to start",
    "waiting": "waits for ever",
    "starting": "is never ready",
    "stopped": "is stopped",
}


def report_lines(
    examination: Examination, *, origins: bool = False, width: int | None = None
) -> Iterator[tuple[str, str]]:
    """Lines and the style of each, a word that rich knows or nothing; ``origins`` adds where each value comes from.

    With ``width``, that of a terminal in columns, what is longer is folded between words, under itself.
    """
    rows = _rows(examination.cluster)
    titles, *table = _in_columns(rows)
    if width is None or max(len(line) for line in (titles, *table)) <= width:
        yield titles, "bold"
    else:
        table = list(_in_blocks(rows, width))
    yield from ((line, "") for line in table)
    for line, style in _below_the_table(examination, min(width or _WIDTH, _WIDTH), origins=origins):
        yield (line if width is None else _fitted(line, width)), style


def _fitted(line: str, width: int) -> str:
    """The line, folded under itself if it is longer than the terminal is wide."""
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return "\n".join(_wrapped(line, width, f"{indent}  "))


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def _below_the_table(examination: Examination, width: int, *, origins: bool) -> Iterator[tuple[str, str]]:
    if origins:
        yield from _origins(examination.cluster)
    yield "", ""
    yield from _findings(examination.findings, width)
    yield "", ""
    if examination.verdict is None:
        yield "Nothing to simulate: no node takes part in a cluster by Tribes and well-known members.", "bold"
    else:
        yield from _verdict(examination.verdict)


# The cluster as understood


def _rows(cluster: ConfiguredCluster) -> list[tuple[str, ...]]:
    active = {node.name for node in cluster.active()}
    rows: list[tuple[str, ...]] = [
        ("node", "role", "address", "port", "offset", "http/https", "domain", "sub-domain", "lists")
    ]
    for name in cluster.order:
        node = cluster.node(name)
        rows.append(
            (
                node.name,
                node.role,
                _address(node),
                str(node.port.value) if node.port is not None else f"({DEFAULT_PORT}..)",
                str(node.offset),
                f"{_port(node.http_port)}/{_port(node.https_port)}",
                node.domain.value if node.domain.value.strip() == node.domain.value else repr(node.domain.value),
                node.sub_domain.value if node.sub_domain is not None else "-",
                (", ".join(map(str, node.members)) or "nobody") if name in active else _why_not(node),
            )
        )
    return rows


def _in_columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[-1]]).rstrip()


def _in_blocks(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    """Each row on lines of its own under the node's name, with the titles of its cells."""
    titles = rows[0]
    indent = " " * (max(len(row[0]) for row in rows[1:]) + 2)
    for row in rows[1:]:
        cells = (f"{title} {cell}" for title, cell in zip(titles[2:], row[2:], strict=True))
        yield from _wrapped(f"{row[0].ljust(len(indent))}{row[1]}, {'; '.join(cells)}", width, indent)


def _address(node: ConfiguredNode) -> str:
    if node.address is not None:
        return f"({node.address})" if node.is_guessed else node.address
    return node.host.value if node.host is not None else "(its machine's)"


def _port(number: int) -> str:
    return str(number) if number > 0 else "-"


def _why_not(node: ConfiguredNode) -> str:
    if node.clustering is None:
        return "(no clustering)"
    if not node.clustering.enabled.value:
        return "(clustering is off)"
    return "(no members of Tribes)" if not node.uses_tribes else "(no well-known members)"


def _origins(cluster: ConfiguredCluster) -> Iterator[tuple[str, str]]:
    yield "", ""
    yield "Where the values come from", "bold"
    for name in cluster.order:
        node = cluster.node(name)
        yield f"{name}: {node.role}, because {node.role_reason}", ""
        for what, value in _values(node):
            yield f"  {what:<12} {value.value}  ({value.place})", ""


def _values(node: ConfiguredNode) -> Iterator[tuple[str, Sourced[object]]]:
    known: list[tuple[str, Sourced[object] | None]] = [
        ("address", node.host),
        ("port", node.port),
        ("offset", node.carbon.offset if node.carbon is not None else None),
        ("domain", node.domain),
        ("sub-domain", node.sub_domain),
    ]
    yield from ((what, value) for what, value in known if value is not None)
    for member in node.members:
        yield "lists", Sourced(f"{member} = {member.address or 'unknown'}", member.host_place)


# Findings


def _findings(findings: tuple[Finding, ...], width: int) -> Iterator[tuple[str, str]]:
    if not findings:
        yield "No findings.", "bold green"
        return
    count = {
        severity: sum(found.severity == severity for found in findings) for severity in ("error", "warning", "note")
    }
    told = ", ".join(f"{number} {severity}{'s' if number > 1 else ''}" for severity, number in count.items() if number)
    yield f"{len(findings)} finding{'s' if len(findings) > 1 else ''}: {told}", "bold"
    styles = {"error": "bold red", "warning": "yellow", "note": ""}
    for found in findings:
        yield "", ""
        yield f"{found.place}: {found.severity}: {found.rule.id} {found.rule.title}", styles[found.severity]
        yield from _folded(found.text, width)
        for place in found.related:
            yield f"  see {place}", "dim"
        yield from _folded(f"What happens: {found.consequence.happens}", width)
        for line in found.consequence.appear:
            yield f"    will be logged:     {line}", "dim"
        for line in found.consequence.missing:
            yield f"    will not be logged: {line}", "dim"
        yield from _folded(f"Mend: {found.mend}", width)


def _folded(text: str, width: int) -> Iterator[tuple[str, str]]:
    for line in _wrapped(f"  {text}", width, "  "):
        yield line, ""


# The verdict


def _verdict(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield f"Simulated with the profile {verdict.profile}, started in the order {', '.join(verdict.order)}:", "bold"
    for assumption in verdict.assumptions:
        yield f"  assumed: {assumption}", "dim"
    for name in verdict.left_out:
        yield f"  {name} takes no part", "dim"
    for node in verdict.nodes:
        yield from _node(node)
    if verdict.complete and len(verdict.nodes) > 1:
        after = f" {verdict.converged_s:g} s after the last one was ready" if verdict.converged_s is not None else ""
        everybody = "Everybody who takes part" if verdict.left_out else "Everybody"
        yield f"  {everybody} sees everybody{after}.", "green"
    for balancer, groups in verdict.routes.items():
        for group, members in groups.items():
            yield f"  {balancer} sends requests for {group} to {', '.join(members) or 'nobody'}.", ""
    if verdict.unrouted:
        yield f"  No load balancer sends anything to {', '.join(verdict.unrouted)}.", "yellow"
    for name, why in verdict.unserved.items():
        yield f"  Requests do not reach {name}: {why}.", "yellow"
    for separation in verdict.separations:
        how = "" if separation.simulated else " (by the lists, not simulated)"
        yield f"  While {separation.what}, a restarted {_either(separation.alone)} finds nobody{how}.", ""
    if not verdict.separations and verdict.complete and len(verdict.nodes) > 1:
        yield "  No single failure keeps a restarted node from finding the others.", ""


def _node(node: NodeVerdict) -> Iterator[tuple[str, str]]:
    if node.state != "initialised":
        because = f": {node.failure}" if node.failure else ""
        yield f"  {node.name} {_STATE.get(node.state, node.state)}{because}", "bold red"
        return
    ready = f" (ready after {node.ready_s:g} s)" if node.ready_s is not None else ""
    if node.alone:
        yield f"  {node.name} stays ALONE as {node.advertised}{ready}", "bold red"
    else:
        sees = f"sees {', '.join(node.sees)}" if node.sees else "sees nobody, and nobody else is in its domain"
        yield f"  {node.name} {sees}{ready}", ""
        if node.lacks:
            yield f"    and does not see {', '.join(node.lacks)}", "yellow"
    if node.strangers:
        yield f"    and lists {', '.join(node.strangers)}, where none of these nodes is", "yellow"


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
