"""``wkasim node``: one node of a scenario, as this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wkasim.cli.completion import profile_names

__all__ = ["node", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(node)


def node(
    name: Annotated[str, typer.Argument(metavar="NODE", help="The node's name in the scenario.")],
    *,
    scenario: Annotated[str, typer.Option(metavar="S", help="A scenario file, or the name of a shipped one.")],
    run_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Belong to the cluster that wkasim up started there.")
    ] = None,
    life: Annotated[int, typer.Option(min=1, metavar="N", help="Which life of the node this is.")] = 1,
    speed: Annotated[float, typer.Option(metavar="X", help="How much faster than real time.")] = 1.0,
    seed: Annotated[int | None, typer.Option(min=0, max=2**53, metavar="N", help="Another seed than its own.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="P", autocompletion=profile_names, help="Another profile than its own.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="F", help="tribes (the guide's), console, carbon or json.")
    ] = "console",
    database: Annotated[
        Path, typer.Option(metavar="FILE", help="The central database, if the scenario names no real server.")
    ] = Path("wkasim-database.sqlite"),
    front: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where an ELB answers besides its own ports.")
    ] = None,
) -> None:
    """Run one node of a scenario as this process, and print its log.

    Ctrl-C or SIGTERM stops it gracefully. Exits with 1 if it could not start. Its peers may be other such processes,
    or real servers on this machine.
    """
    from wkasim.cli.up import read_address
    from wkasim.live.single import NodeProcess
    from wkasim.scenario.reader import load_scenario

    loaded = load_scenario(scenario)
    if run_dir is not None:
        raise typer.Exit(_in_run(name, run_dir, life))

    def write(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    process = NodeProcess(
        loaded,
        name,
        write,
        _note,
        life=life,
        profile=profile,
        seed=seed,
        speed=speed,
        format=format_,
        database_file=database,
        front=None if front is None else read_address(front),
    )
    raise typer.Exit(process.run())


def _in_run(name: str, folder: Path, life: int) -> int:
    """The node as a part of a run directory, whose settings it takes."""
    import time

    from wkasim.cli.up import read_address
    from wkasim.live.rundir import RunDirectory
    from wkasim.live.single import NodeProcess
    from wkasim.scenario.reader import load_scenario

    run = RunDirectory(folder)
    settings = run.settings()
    supervisor = run.supervisor()
    loaded = load_scenario(settings.scenario)
    looked = time.monotonic()

    def orphaned() -> bool:
        nonlocal looked
        if time.monotonic() - looked < 1.0:
            return False
        looked = time.monotonic()
        return supervisor.state == "gone"

    config = loaded.all_nodes().get(name)
    with run.log(name, life).open("a", encoding="utf-8", buffering=1) as log:
        return NodeProcess(
            loaded,
            name,
            lambda line: print(line, file=log),
            _note,
            life=life,
            profile=settings.profile,
            seed=settings.seed,
            speed=settings.speed,
            origin_ns=settings.origin_ns,
            network=settings.network,
            format=settings.format,
            database_file=run.database,
            front=read_address(settings.front) if settings.front and config is not None and config.groups else None,
            report=lambda status: run.write_status(name, status),
            orphaned=orphaned,
        ).run()


def _note(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
