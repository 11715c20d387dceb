"""A finished run of a scenario as something to look at: its nodes, its explanations, and what it failed to show."""

from __future__ import annotations

from collections.abc import Iterator

from wkasim.scenario.judge import Outcome
from wkasim.scenario.model import Scenario
from wkasim.scenario.runner import RunResult
from wkasim.sim.journal import Record
from wkasim.sim.network import is_dotted
from wkasim.view.run import Ghost, Note, Run, ViewNode, nodes_in

__all__ = ["nodes_of", "run_of"]


def run_of(result: RunResult) -> Run:
    """The run with everything that its scenario knows about it."""
    scenario = result.scenario
    warnings = [f"{outcome.title}: {outcome.message}" for outcome in result.outcomes if outcome.verdict == "failed"]
    if result.problem:
        warnings.append(result.problem)
    return Run(
        title=scenario.title or scenario.name,
        description=" ".join(scenario.description.split()),
        nodes=nodes_in(result.journal.records, nodes_of(scenario)),
        records=result.journal.records,
        profile=result.profile.name,
        seed=result.seed,
        notes=tuple(_notes(result)),
        ghosts=tuple(_ghosts(result)),
        warnings=tuple(warnings),
    )


def nodes_of(scenario: Scenario) -> list[ViewNode]:
    """The nodes as they are configured; where the same address has several host names, the first is shown."""
    names: dict[str, str] = {}
    for name, address in scenario.hosts.items():
        names.setdefault(address, name)
    nodes = []
    for config in scenario.all_nodes().values():
        ip = config.host if is_dotted(config.host) else scenario.hosts.get(config.host, config.host)
        nodes.append(
            ViewNode(
                name=config.name,
                host=f"{names[ip]} ({ip})" if ip in names else ip,
                address=f"{ip}:{config.port or 4000}",
                role=config.role,
                domain=config.domain,
                well_known=tuple(f"{host}:{port}" for host, port in config.well_known_members),
            )
        )
    return nodes


def _notes(result: RunResult) -> Iterator[Note]:
    for step, time_s in zip(result.scenario.steps, result.step_times, strict=False):
        if step.explain or step.question is not None:
            yield Note(round(time_s * 1e6), " ".join(step.explain.split()), step.question)


def _ghosts(result: RunResult) -> Iterator[Ghost]:
    """The lines that documented transcripts show and the run lacks, each after the line that it should follow."""
    times = _line_times(result)
    for outcome in result.outcomes:
        if outcome.report is None or outcome.verdict != "failed":
            continue
        node = _node_of(outcome, result)
        for missing in outcome.report.missing:
            beside = missing.after or missing.before
            number = beside.number if beside is not None else 0
            yield Ghost(times.get((node, number), 0), node, missing.line.text)


def _node_of(outcome: Outcome, result: RunResult) -> str:
    assert outcome.report is not None
    name = outcome.report.log.removesuffix(".log")
    return name if name in result.scenario.all_nodes() else ""


def _line_times(result: RunResult) -> dict[tuple[str, int], int]:
    """When each line of a log was written, by node and line number in that log."""
    from wkasim.logs.formats import LogFormat

    shown = LogFormat()
    counts: dict[str, int] = {}
    times: dict[tuple[str, int], int] = {}
    record: Record
    for record in result.journal.of_kind("log"):
        if not shown.shows(record):
            continue
        node = record[2]
        number = counts.get(node, 1)
        times[node, number] = record[0]
        counts[node] = number + shown.render(record).count("\n") + 1
    return times
