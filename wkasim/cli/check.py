"""``wkasim check``: log files, simulated or from a real server, against what is documented."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wkasim.cli.completion import scenario_names
from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.logs.line import LogLine
    from wkasim.logs.transcript import TranscriptReport
    from wkasim.scenario.judge import Outcome

__all__ = ["check", "register"]

_MOST_LINES: Final = 500_000
"""Lines of a log that are held against a transcript."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(check)


def check(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG...", help="Log files; with --scenario one folder of them.")
    ],
    *,
    transcript: Annotated[
        list[Path] | None, typer.Option("--transcript", metavar="FILE", help="The lines that must be there, in order.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="SCENARIO",
            autocompletion=scenario_names,
            help="Check DIR/<node>.log against this scenario's expectations.",
        ),
    ] = None,
    role: Annotated[
        str | None, typer.Option(metavar="ROLE", help="Check each start against that of elb, manager or worker.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Other lines must not lie between those of the file.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out what was logged between the lines.")] = False,
) -> None:
    """Check log files: which line is missing, where it should stand, and what stands there instead.

    A transcript is an excerpt. A line that is only ... stands for any lines, and xxx.xxx.xxx for the beginning of an
    address, the same one throughout. Exits with 1 if something is missing, with 2 if a file cannot be read.
    """
    if [scenario is not None, bool(transcript), role is not None].count(True) != 1:
        raise InputError(
            "say against what: either --transcript FILE, or --scenario SCENARIO with a folder of logs, or --role ROLE"
        )
    if role is not None:
        good = _check_role(logs, role, as_json=json_)
    elif scenario is not None:
        good = _check_folder(logs, scenario, as_json=json_, extras=not quiet)
    else:
        good = _check_files(logs, transcript or [], exact=exact, as_json=json_, extras=not quiet)
    if not good:
        raise typer.Exit(1)


def _check_role(logs: list[Path], role: str, *, as_json: bool) -> bool:
    """Each start in the logs against the documented sequence of a role."""
    from wkasim.cli.logs import load_lives
    from wkasim.cli.screen import make_console, plain_text
    from wkasim.logs.sequence import ROLES, check_sequence, has_start, of_role

    if role not in ROLES:
        raise InputError(f"unknown role {role!r} (known: {', '.join(ROLES)})")
    lives = load_lives(logs).lives
    started = [life for life in lives if has_start(life)]
    if not started:
        raise InputError(f"{logs[0]}: the log begins in the middle; no start of a node is in it")
    reports = [check_sequence(life, role) for life in started]
    if as_json:
        told = [
            {
                "node": report.life.node,
                "life": report.life.number,
                "passed": report.missing is None,
                "missing": report.missing.what if report.missing is not None else None,
                "instead": report.instead.place if report.instead is not None else None,
            }
            for report in reports
        ]
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return all(report.missing is None for report in reports)
    console = make_console()
    for report in reports:
        steps = len(report.found)
        if report.missing is None:
            text = f"{report.life.node}: the start {of_role(role)}, all {steps} steps"
            console.print(plain_text(text, "green"), soft_wrap=True)
        for at, sentence in enumerate(report.sentences()):
            console.print(plain_text(sentence, "" if at else "bold red"), soft_wrap=True)
    return all(report.missing is None for report in reports)


def _check_files(logs: list[Path], transcripts: list[Path], *, exact: bool, as_json: bool, extras: bool) -> bool:
    from wkasim.logs.report import report_as_dict
    from wkasim.logs.transcript import Transcript
    from wkasim.logs.transcript import check as check_lines

    expected = [Transcript.read(path) for path in transcripts]
    reports: list[TranscriptReport] = []
    for path in logs:
        lines = _lines(path)
        reports += [check_lines(one, lines, exact=exact, log=str(path)) for one in expected]
    if as_json:
        sys.stdout.write(
            json.dumps([report_as_dict(report) for report in reports], indent=2, ensure_ascii=False) + "\n"
        )
    else:
        from wkasim.cli.screen import make_console
        from wkasim.logs.report import print_report

        console = make_console()
        for at, report in enumerate(reports):
            if at:
                console.print()
            print_report(report, console, extras=extras)
    return all(report.passed for report in reports)


def _lines(path: Path) -> list[LogLine]:
    from wkasim.logs.parser import read_log

    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name log files, or check the folder with --scenario")
    lines = list(islice((line for line in read_log(path) if line.known), _MOST_LINES + 1))
    if len(lines) > _MOST_LINES:
        raise InputError(
            f"{path}: more than {_MOST_LINES} log lines; cut out the start that is to be checked, or use --role"
        )
    if not lines:
        raise InputError(f"{path}: there is no log line in this file")
    return lines


def _check_folder(logs: list[Path], name: str, *, as_json: bool, extras: bool) -> bool:
    from wkasim.scenario.evidence import LogEvidence
    from wkasim.scenario.judge import failed, judge
    from wkasim.scenario.output import outcome_as_dict
    from wkasim.scenario.reader import load_scenario

    loaded = load_scenario(name)
    if len(logs) != 1 or not logs[0].is_dir():
        raise InputError(f"with --scenario name one folder that holds <node>.log files, not {' '.join(map(str, logs))}")
    evidence = LogEvidence(loaded, logs[0])
    needed = [node for node in loaded.all_nodes() if not evidence.files(node)]
    if len(needed) == len(loaded.all_nodes()):
        raise InputError(f"{logs[0]}: there is no log of any node in this folder; looked for {needed[0]}.log and so on")
    outcomes = judge(loaded, evidence, profile=loaded.profile)
    if as_json:
        sys.stdout.write(json.dumps([outcome_as_dict(o) for o in outcomes], indent=2, ensure_ascii=False) + "\n")
    else:
        _print(outcomes, loaded.file, needed, extras=extras)
    return not failed(outcomes)


def _print(outcomes: list[Outcome], file: str, missing: list[str], *, extras: bool) -> None:
    from wkasim.cli.screen import make_console, plain_text, print_expectations

    console = make_console()
    if missing:
        console.print(plain_text(f"no log of {', '.join(missing)}", "yellow"))
    print_expectations(console, outcomes, file, extras=extras)
    verdicts = [outcome.verdict for outcome in outcomes]
    told = f"{verdicts.count('passed')} passed, {verdicts.count('failed')} failed, {verdicts.count('open')} open"
    console.print()
    console.print(plain_text(told, "bold red" if "failed" in verdicts else "green"))
