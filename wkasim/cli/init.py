"""``wkasim init``: the configuration files of a whole cluster, written so that they fit together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wkasim.errors import InputError

__all__ = ["init", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(init)


def init(
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The directory to write; new or empty.")],
    hosts: Annotated[int, typer.Option(metavar="N", help="How many machines.")] = 2,
    workers: Annotated[int, typer.Option(metavar="N", help="How many workers beside ELB and manager.")] = 3,
    domain: Annotated[str, typer.Option(metavar="D", help="The domain of the cluster.")] = "wso2.esb.domain",
    force: Annotated[bool, typer.Option("--force", help="Write even if the directory is not empty.")] = False,
) -> None:
    """Write axis2.xml, carbon.xml and the other files for a load balancer, a manager and workers.

    The files are what the guide tells to write, for as many machines and workers as are asked for. wkasim doctor finds
    them clean. Exits with 2 if the numbers make no sense or the directory is in use.
    """
    from wkasim.config.generator import generate, plan

    files = generate(plan(hosts, workers, domain))
    try:
        if out.exists() and not out.is_dir():
            raise InputError(f"{out}: is a file; name a directory")
        if out.is_dir() and any(out.iterdir()) and not force:
            raise InputError(f"{out}: is not empty; --force writes into it all the same")
        for name, text in files.items():
            target = out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None
    sys.stdout.write(f"{len(files)} files written to {out}; check them with: wkasim doctor {out}\n")
