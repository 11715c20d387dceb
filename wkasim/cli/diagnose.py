"""``wkasim diagnose``: why the cluster is not as it should be, by its logs and its configuration."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.cli.screen import Screen
    from wkasim.config.rules.finding import Finding
    from wkasim.logs.diagnose import Diagnosis
    from wkasim.logs.reason import Reason

__all__ = ["diagnose", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(diagnose)


def diagnose(
    paths: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Log files, or directories of them.")],
    *,
    conf: Annotated[
        list[Path] | None, typer.Option("--conf", metavar="DIR", help="Configuration, as for wkasim doctor.")
    ] = None,
    hosts: Annotated[Path | None, typer.Option(metavar="FILE", help="The hosts file that belongs to --conf.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Give the reasons for what the logs show, the surest first, each with its evidence and what to look at next.

    Exits with 0 if nothing points at a fault, with 1 if something does, with 2 if a file cannot be read
    or no log holds a line of the clustering code.
    """
    from wkasim.cli.logs import load_lives
    from wkasim.cli.screen import make_console, plain_text
    from wkasim.logs import chronicle
    from wkasim.logs.diagnose import diagnose as diagnosed

    if hosts is not None and not conf:
        raise InputError("--hosts belongs to --conf; name the directories of the configuration with --conf DIR")
    story = load_lives(paths)
    diagnosis = diagnosed(story)
    findings: tuple[Finding, ...] = ()
    if conf:
        from wkasim.config.bound import with_configuration
        from wkasim.config.examination import examine

        examination = examine(conf, hosts=hosts, simulated=False)
        findings = examination.findings
        diagnosis = with_configuration(diagnosis, story, examination.cluster)
    if json_:
        sys.stdout.write(json.dumps(_as_data(diagnosis, findings), indent=2, ensure_ascii=False) + "\n")
    else:
        console = make_console()
        for line in chronicle.remarks(story):
            console.print(plain_text(line, "yellow"), soft_wrap=True)
        _print(console, diagnosis, findings)
    if diagnosis.faults:
        raise typer.Exit(1)


def _supporting(reason: Reason, findings: tuple[Finding, ...]) -> list[Finding]:
    """The findings in the configuration that a reason may come from."""
    return [found for found in findings if found.rule.id in reason.rules]


def _print(console: Screen, diagnosis: Diagnosis, findings: tuple[Finding, ...]) -> None:
    from wkasim.cli.screen import plain_text

    console.print(plain_text(f"{diagnosis.conclusion}.", "bold red" if diagnosis.faults else "bold"), soft_wrap=True)
    used: list[Finding] = []
    for number, reason in enumerate(diagnosis.reasons, 1):
        console.print()
        style = "bold red" if reason.fault else "bold"
        sure = "sure" if reason.weight >= 90 else "likely" if reason.weight >= 70 else "possible"
        what = sure if reason.fault else "no fault"
        console.print(plain_text(f"{number}. {reason.text} ({what})", style), soft_wrap=True)
        for line in reason.evidence:
            console.print(plain_text(f"   {line.place}: {line.message.splitlines()[0]}", "dim"), soft_wrap=True)
        for stated in reason.stated:
            console.print(plain_text(f"   {stated.place}: {stated.text}", "yellow"), soft_wrap=True)
        for found in _supporting(reason, findings):
            used.append(found)
            console.print(plain_text(f"   {found.place}: {found.rule.id} {found.text}", "yellow"), soft_wrap=True)
        for label, text in (("Or", reason.or_else), ("Look", reason.next_look)):
            if text:
                console.print(plain_text(f"   {label}: {text}"), soft_wrap=True)
        if reason.scenario and _is_shipped(reason.scenario):
            console.print(plain_text(f"   See: wkasim run {reason.scenario}"), soft_wrap=True)
    rest = [found for found in findings if found not in used]
    if rest:
        console.print()
        console.print(plain_text("Also found in the configuration, without a trace in these logs", "bold"))
        for found in rest:
            console.print(plain_text(f"   {found.place}: {found.rule.id} {found.text}", "yellow"), soft_wrap=True)


def _is_shipped(scenario: str) -> bool:
    from wkasim.scenario.shipped import shipped_scenarios

    return scenario in shipped_scenarios()


def _as_data(diagnosis: Diagnosis, findings: tuple[Finding, ...]) -> dict[str, object]:
    return {
        "conclusion": diagnosis.conclusion,
        "reasons": [
            {
                "kind": reason.kind,
                "weight": reason.weight,
                "fault": reason.fault,
                "text": reason.text,
                "nodes": list(reason.nodes),
                "evidence": [{"place": line.place, "message": line.message} for line in reason.evidence],
                "configuration": [{"rule": None, "place": said.place, "text": said.text} for said in reason.stated]
                + [
                    {"rule": found.rule.id, "place": str(found.place), "text": found.text}
                    for found in _supporting(reason, findings)
                ],
                "or_else": reason.or_else,
                "next_look": reason.next_look,
                "scenario": reason.scenario,
            }
            for reason in diagnosis.reasons
        ],
    }
