"""``wkasim run``: a scenario, its logs, and what came of it."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from wkasim.cli.completion import profile_names, scenario_names
from wkasim.cli.usage import INTERRUPTED, Usage
from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.cli.screen import Screen
    from wkasim.scenario.model import Scenario
    from wkasim.scenario.runner import MakeCluster, RunResult

__all__ = ["register", "run"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(run)


def run(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", autocompletion=scenario_names, help="A scenario file, or the name of a shipped one."
        ),
    ],
    *,
    seed: Annotated[int | None, typer.Option(min=0, max=2**53, metavar="N", help="Another seed than its own.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="P", autocompletion=profile_names, help="Another profile than its own.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="F", help="tribes (the guide's), console, carbon or json.")
    ] = "tribes",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write logs, journal and result there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write even if that folder is not empty.")] = False,
    until: Annotated[
        str | None, typer.Option(metavar="T", help="Stop at this virtual time, such as 90s, or go on until then.")
    ] = None,
    speed: Annotated[
        str, typer.Option(metavar="X", help="instant, or how much faster than real time: 1 is real time.")
    ] = "instant",
    transport: Annotated[
        str, typer.Option(metavar="T", help="memory, or tcp: real sockets on this machine, in real time.")
    ] = "memory",
    twice: Annotated[bool, typer.Option("--twice", help="Run again, and compare both runs record by record.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave the logs out.")] = False,
) -> None:
    """Run a scenario: print the logs of all nodes in time order, who lists whom at the end, and each verdict.

    With --format json the tables go to stderr. Exits with 1 if an expectation failed, with 2 if the scenario cannot
    be used, and with 130 after Ctrl-C, with all files of what ran so far.
    """
    from wkasim.cli.screen import LogScreen, make_console
    from wkasim.logs.formats import LogFormat
    from wkasim.profile import profile_named
    from wkasim.scenario.output import check_folder, write_run
    from wkasim.scenario.reader import load_scenario
    from wkasim.scenario.runner import run_scenario

    usage = Usage()
    look = usage.read(LogFormat, format_)
    until_s = usage.read(_time, until)
    factor = usage.read(_factor, speed)
    usage.read(_check_transport, transport, twice)
    if profile is not None:
        usage.read(profile_named, profile)
    if out is not None:
        usage.read(check_folder, out, force=force)
    loaded = usage.read(load_scenario, scenario)
    if look is None or loaded is None or usage.problems:
        raise InputError(*usage.problems)
    make_cluster = _made_of(transport, loaded, factor)
    console = make_console()
    screen = None if quiet or json_ else LogScreen(console, loaded, look)
    with _strangers_told(transport), _Pace(None if transport == "tcp" else factor, console).watching() as pace:
        result = run_scenario(
            loaded,
            seed=seed,
            profile=profile,
            until=until_s,
            on_news=screen.show if screen is not None else None,
            keep_going=pace.keep_going,
            slice_s=pace.slice_s,
            make_cluster=make_cluster,
        )
    if out is not None:
        write_run(result, out)
    same = _again(result, loaded, profile, until_s) if twice and result.stopped != "interrupted" else None
    if json_:
        _print_json(result, same)
    else:
        _print_tables(result, same, quiet=quiet, to_stderr=format_ == "json" and not quiet)
    if out is not None:
        sys.stderr.write(f"written to {out}\n")
    if result.stopped == "interrupted":
        raise typer.Exit(INTERRUPTED)
    if not result.passed or (same is not None and same != ""):
        raise typer.Exit(1)


# Options


def _time(text: str | None) -> float | None:
    from wkasim.scenario.shapes import parse_duration

    if text is None:
        return None
    seconds = parse_duration(text)
    if seconds is None:
        raise InputError(f"--until {text}: this is no time; write 90s, 1m30s or a number of seconds")
    return seconds


def _factor(text: str) -> float | None:
    """How much faster than real time; None for as fast as possible."""
    if text == "instant":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.001 <= factor <= 1_000_000:
        raise InputError(f"--speed {text}: this is no speed; write instant, or a number such as 1, 10 or 0.5")
    return factor


def _check_transport(transport: str, twice: bool) -> None:
    if transport not in ("memory", "tcp"):
        raise InputError(f"--transport {transport}: this is no transport; write memory or tcp")
    if twice and transport == "tcp":
        raise InputError("--twice: real sockets never do the same twice; leave it out, or --transport tcp")


def _made_of(transport: str, scenario: Scenario, factor: float | None) -> MakeCluster:
    """What makes the cluster; raises InputError where the scenario needs what that transport cannot do."""
    from wkasim.scenario.runner import simulated_cluster

    if transport == "memory":
        return simulated_cluster
    from wkasim.live.run import on_sockets

    make_cluster, notes = on_sockets(scenario, speed=1.0 if factor is None else factor)
    sys.stderr.writelines(f"{note}\n" for note in notes)
    return make_cluster


def _strangers_told(transport: str) -> AbstractContextManager[None]:
    """On sockets anybody may knock; what was dropped of them is said on stderr."""
    if transport == "memory":
        return nullcontext()
    from wkasim.live.strangers import strangers_told

    return strangers_told(lambda sentence: print(sentence, file=sys.stderr))


# Real time and Ctrl-C


class _Pace:
    """Lets virtual time pass no faster than wanted while somebody watches, and stops at Ctrl-C."""

    def __init__(self, factor: float | None, console: Screen) -> None:
        self._console = console
        self.slice_s = 1.0 if factor is None else max(0.002, min(1.0, 0.03 * factor))
        self._factor = factor
        self._interrupted = threading.Event()
        self._began = 0.0

    @contextmanager
    def watching(self) -> Iterator[_Pace]:
        """While this lasts the first Ctrl-C ends the run in order; a second one ends the program."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = signal.signal(signal.SIGINT, self._interrupt)
        self._began = time.monotonic()
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._interrupted.is_set():
            raise KeyboardInterrupt
        self._interrupted.set()

    def keep_going(self, now_s: float) -> bool:
        """Wait until it is time, unless nobody reads on; False after Ctrl-C."""
        self._console.flush()
        if self._console.quiet:
            self._factor = None
        if self._factor is not None:
            left = self._began + now_s / self._factor - time.monotonic()
            if left > 0:
                self._interrupted.wait(left)
        return not self._interrupted.is_set()


# Results


def _again(result: RunResult, scenario: Scenario, profile: str | None, until_s: float | None) -> str:
    """Run again; empty if it was the same run, else where the journals part."""
    from wkasim.scenario.runner import first_difference, run_scenario

    second = run_scenario(scenario, seed=result.seed, profile=profile, until=until_s)
    found = first_difference(result.journal, second.journal)
    if found is None:
        return ""
    number, left, right = found
    return f"record {number} differs: first {left or 'nothing'}, then {right or 'nothing'}"


def _print_json(result: RunResult, same: str | None) -> None:
    from wkasim.scenario.output import result_as_dict

    told = result_as_dict(result)
    if same is not None:
        told["twice"] = {"same": not same, "difference": same}
    sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def _print_tables(result: RunResult, same: str | None, *, quiet: bool, to_stderr: bool) -> None:
    from wkasim.cli.screen import make_console, plain_text, print_expectations, print_members

    console = make_console(stderr=to_stderr)
    if not quiet:
        console.print()
    print_members(console, result)
    console.print()
    print_expectations(console, result.outcomes, result.scenario.file, extras=not quiet)
    console.print()
    for sentence in _how_it_ended(result):
        console.print(plain_text(sentence, "yellow"))
    counted = {verdict: sum(o.verdict == verdict for o in result.outcomes) for verdict in ("passed", "failed", "open")}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counted.items() if count or verdict != "open")
    style = "green" if result.passed else "bold red"
    console.print(plain_text(f"{told}; profile {result.profile.name}, seed {result.seed}", style))
    if same is not None:
        count = len(result.journal)
        fingerprint = result.fingerprint[:16]
        sentence = (
            f"twice the same: {count} records, fingerprint {fingerprint}..." if not same else f"NOT the same: {same}"
        )
        console.print(plain_text(sentence, "green" if not same else "bold red"))


def _how_it_ended(result: RunResult) -> Iterator[str]:
    match result.stopped:
        case "interrupted":
            yield f"interrupted at {result.end_s:.1f} s of virtual time; what had not come by then is open"
        case "step":
            yield f"the run ended at {result.end_s:.1f} s, because a step cannot be done: {result.problem}"
        case "budget":
            yield f"the run was stopped at {result.end_s:.1f} s: {result.problem}"
