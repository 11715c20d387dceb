"""``wkasim explore``: search scenarios for violated invariants, and write the smallest of each kind as a scenario."""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wkasim.cli.completion import profile_names, scenario_names
from wkasim.cli.progress import ProgressLine, rate_text
from wkasim.cli.usage import INTERRUPTED, Usage, duration
from wkasim.errors import InputError
from wkasim.files import write_whole

if TYPE_CHECKING:
    from wkasim.explore.search import Report, Search
    from wkasim.explore.space import Space
    from wkasim.scenario.model import Scenario

__all__ = ["explore", "register"]

_DEFAULT_TIME_S: Final = 60.0
_MOST_JOBS: Final = 256
_MOST_BYTES: Final = 1_000_000
"""How much of a file that is already there is read, to see whether somebody has pinned it."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(explore)


def explore(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="[SCENARIO]",
            autocompletion=scenario_names,
            help="Vary this scenario, a file or a shipped one; else draw all.",
        ),
    ] = "",
    *,
    nodes: Annotated[
        str, typer.Option(metavar="A-B", help="How many nodes; 2-7 if nothing is said.", show_default=False)
    ] = "",
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="P", autocompletion=profile_names, help="Only this profile; may be repeated."),
    ] = None,
    faults: Annotated[
        str | None, typer.Option(metavar="KIND,...", help="Only these kinds of faults; none for starts alone.")
    ] = None,
    length: Annotated[
        str, typer.Option(metavar="T", help="Virtual length of a run; 90s, or as much as is needed.")
    ] = "",
    runs: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many runs.")] = None,
    time_: Annotated[
        str, typer.Option("--time", metavar="T", help="How long to search, by the wall clock; 60s if nothing is said.")
    ] = "",
    jobs: Annotated[int, typer.Option(min=1, max=_MOST_JOBS, metavar="J", help="How many processes.")] = 1,
    invariant: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this invariant; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**53, metavar="N", help="Another search.")] = 0,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write what is found.")] = Path("found"),
    coverage: Annotated[bool, typer.Option("--coverage", help="Say what of the protocol occurred, and what never.")] = (
        False
    ),
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")] = False,
) -> None:
    """Draw scenarios with faults, let them settle, and look whether what a cluster must guarantee holds.

    Each distinct failure is shrunk to its smallest scenario and written as a file that "wkasim run" takes. Exits with 1
    if something was found, with 0 if not, with 2 if no run could be done, and with 130 after Ctrl-C, which keeps what
    was found.
    """
    from wkasim.explore.invariants import invariants_named
    from wkasim.explore.search import Search
    from wkasim.explore.search import explore as search_for

    usage = Usage()
    chosen = usage.read(invariants_named, invariant or ())
    base = usage.read(_base, scenario, nodes, profile or []) if scenario else None
    space = usage.read(_space, nodes, profile or [], faults, length, base)
    limit_s = usage.read(duration, "--time", time_)
    usage.read(_check_folder, out)
    if chosen is None or space is None or usage.problems:
        raise InputError(*usage.problems)
    if limit_s is None and runs is None:
        limit_s = _DEFAULT_TIME_S
    progress = ProgressLine()

    def keep_going() -> bool:
        return limit_s is None or progress.took_s < limit_s

    def show(report: Report) -> None:
        if progress.due():
            progress.show(_so_far(report, progress.took_s))

    search = Search(space=space, base=base, seed=seed, invariants=chosen, coverage=coverage)
    report = search_for(search, runs=runs, jobs=jobs, keep_going=keep_going, on_progress=show)
    progress.end()
    paths = _names(report, out)
    try:
        _write(report, paths)
    finally:
        # What was found is told even if the disk is full.
        _print(report, search, paths, progress.took_s, as_json=json_)
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    if report.findings:
        raise typer.Exit(1)
    if report.runs and report.problems.total() == report.runs:
        raise InputError("no run could be done, so that says nothing about the cluster")


# Options


def _space(nodes: str, profiles: list[str], faults: str | None, length: str, base: Scenario | None) -> Space:
    """The space to search, or that of the faults of a scenario; raises InputError with everything that is wrong."""
    from wkasim.explore.schedules import FAULTS
    from wkasim.explore.space import MOST_NODES, Space
    from wkasim.profile import PROFILES

    usage = Usage()
    counts = usage.read(_counts, nodes) if nodes and base is None else None
    if base is not None:
        count = min(max(len(base.all_nodes()), 2), MOST_NODES)
        counts, profiles = (count, count), [base.profile]
    kinds = usage.read(_kinds, faults) if faults is not None else tuple(FAULTS)
    length_s = usage.read(duration, "--length", length)
    # The other values are looked at even where one could not be read.
    space = usage.read(
        Space,
        nodes=counts or (2, 7),
        profiles=tuple(profiles) or tuple(PROFILES),
        faults=kinds if kinds is not None else (),
        length_s=length_s,
    )
    if space is None or usage.problems:
        raise InputError(*usage.problems)
    return space


def _counts(nodes: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,20})(?:-(\d{1,20}))?", nodes, re.ASCII)
    if found is None:
        raise InputError(f"--nodes {nodes}: this is no range; write 5, or LEAST-MOST such as 2-7")
    return int(found[1]), int(found[2] or found[1])


def _kinds(faults: str) -> tuple[str, ...]:
    kinds = tuple(kind.strip() for kind in faults.split(",") if kind.strip())
    if not kinds or (len(kinds) > 1 and "none" in kinds):
        raise InputError(f"--faults {faults}: name kinds of faults, such as kill,partition, or none by itself")
    return () if kinds == ("none",) else kinds


def _base(scenario: str, nodes: str, profiles: list[str]) -> Scenario:
    """The scenario to vary, in the one profile that was asked for; raises InputError."""
    from attrs import evolve

    from wkasim.scenario.reader import load_scenario

    usage = Usage()
    base = usage.read(load_scenario, scenario)
    if nodes:
        usage.problems.append(f"--nodes {nodes}: {scenario} has its own nodes; leave the option out")
    if len(profiles) > 1:
        usage.problems.append(f"--profile {', '.join(profiles)}: a scenario is varied in one profile; name one")
    if base is None or usage.problems:
        raise InputError(*usage.problems)
    return evolve(base, profile=profiles[0]) if profiles else base


def _check_folder(folder: Path) -> None:
    """Findings are written when the search is over; that they cannot be is better said before."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        what = "this is a file" if there == folder else f"{there} is a file"
        raise InputError(f"--out {folder}: {what}; name a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"--out {folder}: {there} may not be written to; name another folder")


# Results


def _so_far(report: Report, took_s: float) -> str:
    """How far the search has come, in a line."""
    kinds = ", ".join(f"{name} {count}" for name, count in report.failures.most_common(4)) or "no failure"
    return f"{report.runs} runs, {rate_text(report.runs / took_s)} a second, {_span(report.virtual_s)}; {kinds}"


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h of virtual time" if seconds >= 3600 else f"{seconds:.0f} s of virtual time"


def _names(report: Report, folder: Path) -> list[Path]:
    """A file for every finding: by profile, invariant and cause, and never one that somebody has pinned."""
    names: list[Path] = []
    for finding in report.findings:
        cause = re.sub(r"[^a-z0-9]+", "-", finding.violation.cause.lower()).strip("-")
        if len(cause) > 60:
            cause = cause[:61].rpartition("-")[0]
        stem = f"{finding.scenario.profile}-{finding.violation.invariant}-{cause}"
        numbered = (folder / f"{stem}{f'-{number}' if number > 1 else ''}.yaml" for number in itertools.count(1))
        names.append(next(path for path in numbered if path not in names and not _pinned(path)))
    return names


def _pinned(path: Path) -> bool:
    """Whether there is a file that says what violation it expects: somebody keeps it as a known defect."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return re.search(r"^expect_violation:", file.read(_MOST_BYTES), re.MULTILINE) is not None
    except OSError:
        return False


def _write(report: Report, paths: list[Path]) -> None:
    """Write every finding as a scenario."""
    from wkasim.explore.findings import tell
    from wkasim.scenario.writer import write_scenario

    for finding, times, path in zip(report.findings, report.times, paths, strict=True):
        text = write_scenario(finding.scenario, comment=tell(finding, times, report.runs))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _print(report: Report, search: Search, paths: list[Path], took_s: float, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_as_dict(report, search, paths, took_s), indent=2, ensure_ascii=False) + "\n")
        return
    say = sys.stdout.write
    for finding, times, path in zip(report.findings, report.times, paths, strict=True):
        scenario = finding.scenario
        say(f"{finding.violation.invariant} in {scenario.profile}: {finding.violation.cause}\n")
        say(f"  {finding.violation.reason}\n")
        say(f"  {_counted(len(scenario.nodes), 'node')}, {_counted(len(scenario.steps), 'step')}; ")
        say(f"{finding.seeds_failing} of {finding.seeds_tried} seeds; met in {_counted(times, 'run')}\n")
        if finding.ended != "done":
            say("  the search ended before this was as small as it can be\n")
        say(f"  {path}\n\n")
    for problem, count in report.problems.most_common(5):
        sys.stderr.write(f"{_counted(count, 'run')} could not be done: {problem}\n")
    if search.coverage:
        say(f"{report.coverage.text()}\n\n")
    rate = rate_text(report.runs / took_s)
    cut = "interrupted; " if report.interrupted else ""
    say(f"{cut}{_counted(len(report.findings), 'distinct failure')} in {_counted(report.runs, 'run')} ")
    say(f"({_span(report.virtual_s)}, {rate} {'run' if rate == '1' else 'runs'} a second)\n")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _as_dict(report: Report, search: Search, paths: list[Path], took_s: float) -> dict[str, object]:
    findings = [
        {
            "invariant": finding.violation.invariant,
            "profile": finding.scenario.profile,
            "cause": finding.violation.cause,
            "reason": finding.violation.reason,
            "at_s": finding.violation.at_s,
            "runs": times,
            "seeds_failing": finding.seeds_failing,
            "seeds_tried": finding.seeds_tried,
            "nodes": len(finding.scenario.nodes),
            "shrunk": finding.ended == "done",
            "file": str(path),
        }
        for finding, times, path in zip(report.findings, report.times, paths, strict=True)
    ]
    told: dict[str, object] = {
        "runs": report.runs,
        "seconds": round(took_s, 3),
        "virtual_seconds": round(report.virtual_s, 3),
        "seed": search.seed,
        "interrupted": report.interrupted,
        "failures": dict(report.failures),
        "problems": dict(report.problems),
        "findings": findings,
    }
    if search.coverage:
        told["coverage"] = report.coverage.as_dict()
    return told
