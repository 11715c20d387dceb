"""``wkasim explore``: search scenarios for violated invariants, and write the smallest of each kind as a scenario."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wkasim.cli.completion import profile_names, scenario_names
from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.explore.findings import Finding
    from wkasim.explore.search import Report, Search
    from wkasim.explore.space import Space

__all__ = ["explore", "register"]

INTERRUPTED: Final = 130
_DEFAULT_TIME_S: Final = 60.0
_MOST_JOBS: Final = 256


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
    nodes: Annotated[str, typer.Option(metavar="A-B", help="How many nodes.")] = "2-7",
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="P", autocompletion=profile_names, help="Only this profile; may be repeated."),
    ] = None,
    faults: Annotated[
        str, typer.Option(metavar="KIND,...", help="Only these kinds of faults; none for starts alone.")
    ] = "",
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
    if something was found, with 0 if not, and with 130 after Ctrl-C, which keeps what was found.
    """
    from wkasim.explore.invariants import invariants_named
    from wkasim.explore.search import Search
    from wkasim.explore.search import explore as search_for
    from wkasim.scenario.reader import load_scenario

    problems: list[str] = []
    for check in (
        lambda: invariants_named(invariant or ()),
        lambda: _space(nodes, profile or [], faults, length),
        lambda: _duration("--time", time_),
        lambda: load_scenario(scenario) if scenario else None,
        lambda: _usable(out),
    ):
        try:
            check()
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    base = load_scenario(scenario) if scenario else None
    space = _space(nodes, [base.profile] if base is not None and not profile else profile or [], faults, length)
    if base is not None and profile:
        from attrs import evolve

        base = evolve(base, profile=profile[0])
    search = Search(space=space, base=base, seed=seed, invariants=invariants_named(invariant or ()), coverage=coverage)
    limit_s = _duration("--time", time_) or (None if runs is not None else _DEFAULT_TIME_S)
    began = time.monotonic()

    def keep_going() -> bool:
        return limit_s is None or time.monotonic() - began < limit_s

    progress = _Progress(began)
    report = search_for(search, runs=runs, jobs=jobs, keep_going=keep_going, on_progress=progress.show)
    progress.end()
    paths = _write(report, out)
    _print(report, search, paths, time.monotonic() - began, as_json=json_)
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    if report.findings:
        raise typer.Exit(1)


# Options


def _space(nodes: str, profiles: list[str], faults: str, length: str) -> Space:
    """The space to search; raises InputError with everything that is wrong."""
    from wkasim.explore.schedules import FAULTS
    from wkasim.explore.space import Space
    from wkasim.profile import PROFILES

    found = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", nodes)
    if found is None:
        raise InputError(f"--nodes {nodes}: this is no range; write 5, or LEAST-MOST such as 2-7")
    least, most = int(found[1]), int(found[2] or found[1])
    kinds = tuple(kind.strip() for kind in faults.split(",") if kind.strip()) or tuple(FAULTS)
    return Space(
        nodes=(least, most),
        profiles=tuple(profiles) or tuple(PROFILES),
        faults=() if kinds == ("none",) else kinds,
        length_s=_duration("--length", length),
    )


def _duration(option: str, text: str) -> float | None:
    from wkasim.scenario.shapes import parse_duration

    if not text:
        return None
    seconds = parse_duration(text)
    if not seconds:
        raise InputError(f"{option} {text}: this is no time; write 90s, 1m30s or a number of seconds")
    return seconds


def _usable(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder}: this is a file; name a folder")


# Results


class _Progress:
    """How far the search has come, on stderr: one line that is written over on a terminal, nothing in a pipe."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._shown = 0.0
        self._live = sys.stderr.isatty()

    def show(self, report: Report) -> None:
        """Show it, a few times a second at most."""
        now = time.monotonic()
        if not self._live or now - self._shown < 0.25:
            return
        self._shown = now
        kinds = ", ".join(f"{name} {count}" for name, count in report.failures.most_common(4)) or "no failure"
        rate = report.runs / max(now - self._began, 0.001)
        line = f"{report.runs} runs, {rate:.0f} a second, {_span(report.virtual_s)}; {kinds}"
        sys.stderr.write(f"\r\x1b[K{line[:119]}")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._live:
            sys.stderr.write("\r\x1b[K")


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h of virtual time" if seconds >= 3600 else f"{seconds:.0f} s of virtual time"


def _write(report: Report, folder: Path) -> list[Path]:
    """Write every finding as a scenario; the files' names."""
    from wkasim.explore.findings import tell
    from wkasim.scenario.writer import write_scenario

    paths: list[Path] = []
    taken: dict[Path, int] = {}
    for finding, times in zip(report.findings, report.times, strict=True):
        path = _named(folder, finding, taken)
        text = write_scenario(finding.scenario, comment=tell(finding, times, report.runs))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{path.name}.part")
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        paths.append(path)
    return paths


def _named(folder: Path, finding: Finding, taken: dict[Path, int]) -> Path:
    words = re.sub(r"[^a-z0-9]+", "-", finding.violation.cause.lower()).strip("-")[:60].strip("-")
    path = folder / f"{finding.scenario.profile}-{finding.violation.invariant}-{words}.yaml"
    taken[path] = taken.get(path, 0) + 1
    return path if taken[path] == 1 else path.with_name(f"{path.stem}-{taken[path]}.yaml")


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
        say(f"{finding.seeds_failing} of {finding.seeds_tried} seeds; met in {_counted(times, 'run')}\n  {path}\n\n")
    for problem, count in report.problems.most_common(5):
        sys.stderr.write(f"{_counted(count, 'run')} could not be done: {problem}\n")
    if search.coverage:
        say(f"{report.coverage.text()}\n\n")
    rate = report.runs / max(took_s, 0.001)
    cut = "interrupted; " if report.interrupted else ""
    say(f"{cut}{_counted(len(report.findings), 'distinct failure')} in {_counted(report.runs, 'run')} ")
    say(f"({_span(report.virtual_s)}, {rate:.0f} runs a second)\n")


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
