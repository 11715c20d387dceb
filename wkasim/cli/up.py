"""``wkasim up``: every node of a scenario as its own process, and their logs in one terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wkasim.cli.completion import profile_names, scenario_names
from wkasim.cli.usage import INTERRUPTED
from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.members import Address
    from wkasim.scenario.model import Scenario

__all__ = ["register", "up"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(up)


def up(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", autocompletion=scenario_names, help="A scenario file, or the name of a shipped one."
        ),
    ],
    *,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="Where processes and logs are kept.")] = Path(".wkasim"),
    speed: Annotated[float, typer.Option(metavar="X", help="How much faster than real time.")] = 1.0,
    seed: Annotated[int | None, typer.Option(min=0, max=2**53, metavar="N", help="Another seed than its own.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="P", autocompletion=profile_names, help="Another profile than its own.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="F", help="tribes (the guide's), console, carbon or json.")
    ] = "console",
    front: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where the ELB answers besides its own ports.")
    ] = "127.0.0.1:8280",
    network: Annotated[
        str | None, typer.Option(metavar="NET", help="Move all addresses there, such as 127.77, beside other clusters.")
    ] = None,
    no_front: Annotated[bool, typer.Option("--no-front", help="The ELB answers at its own ports only.")] = False,
) -> None:
    """Start every node of a scenario as its own process, and follow the logs; its steps are left to you.

    Use wkasim ps, kill, stop, start, pause and resume in another terminal. Ctrl-C, or wkasim down, ends everything.
    """
    from wkasim.cli.screen import make_console, plain_text
    from wkasim.live.cluster import book_for
    from wkasim.live.processes import OsProcess
    from wkasim.live.rundir import RunDirectory, Settings
    from wkasim.live.supervisor import Supervisor
    from wkasim.live.taken import refuse_taken
    from wkasim.logs.formats import LogFormat
    from wkasim.scenario.reader import load_scenario
    from wkasim.scenario.shipped import find_scenario
    from wkasim.transport.tcp.http import require_http

    require_http()
    LogFormat(format_)
    loaded = load_scenario(scenario)
    loaded.profile_value(profile)
    address = None if no_front or front is None or not _has_balancer(loaded) else read_address(front)
    settings = Settings(
        scenario=str(find_scenario(scenario).resolve()),
        profile=profile,
        seed=seed,
        speed=_checked(speed),
        front=None if address is None else str(address),
        network=network,
        format=format_,
        origin_ns=_now_ns(),
    )
    nodes = list(loaded.all_nodes().values())
    book, notes = book_for(nodes, loaded.hosts, network=network)
    run = RunDirectory(run_dir)
    me = OsProcess.of(os.getpid())
    assert me is not None
    run.check_own()
    with run.lock():
        run.check_free()
        refuse_taken(nodes, loaded.hosts, book, address, can_move=True)
        run.begin(settings, me)
    console = make_console()
    width = max(len(node.name) for node in loaded.nodes)
    for note in notes:
        sys.stderr.write(f"{note}\n")

    def show(node: str, line: str) -> None:
        console.print(plain_text(f"{node:{width}} | {line}"), soft_wrap=True)
        console.flush()
        if console.quiet:  # Nobody reads on, so nobody would see that the cluster is still there.
            raise BrokenPipeError

    def say(sentence: str) -> None:
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()

    if not Supervisor(run, [node.name for node in loaded.nodes], show, say).follow():
        raise typer.Exit(INTERRUPTED)


def read_address(text: str) -> Address:
    """An address on the command line; raises InputError."""
    from wkasim.members import Address

    try:
        address = Address.parse(text)
    except ValueError as error:
        raise InputError(f"--front {text}: {error}") from None
    if not 0 < address.port < 65536:
        raise InputError(f"--front {text}: a port is 1 to 65535")
    return address


def _checked(speed: float) -> float:
    from wkasim.live.clock import check_speed

    check_speed(speed)
    return speed


def _has_balancer(scenario: Scenario) -> bool:
    return any(node.groups for node in scenario.nodes)


def _now_ns() -> int:
    import time

    return time.time_ns()
