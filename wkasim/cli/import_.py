"""``wkasim import``: configuration files as a scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wkasim.cli.completion import profile_names
from wkasim.errors import InputError

__all__ = ["import_", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("import")(import_)


def import_(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="One directory a node, or a parent of several.")
    ],
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Where to write; else stdout.")
    ] = None,
    hosts: Annotated[Path | None, typer.Option(metavar="FILE", help="The hosts file of the machines.")] = None,
    profile: Annotated[
        str, typer.Option(metavar="P", autocompletion=profile_names, help="The scenario's profile.")
    ] = "documented",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
) -> None:
    """Write the configuration of a cluster as a scenario, with comments on where each value comes from.

    Exits with 2 if a directory cannot be used, if no node takes part in a cluster, or if the file exists.
    """
    from wkasim.config.cluster import read_cluster
    from wkasim.config.importer import remarks, write_imported
    from wkasim.profile import profile_named

    profile_named(profile)
    cluster = read_cluster(directories, hosts)
    if not cluster.active():
        raise InputError("no node takes part in a cluster by Tribes and well-known members; wkasim doctor says why")
    title = f"The configuration in {', '.join(path.name or str(path) for path in directories)}"
    text = write_imported(cluster, profile, title)
    if out is None:
        sys.stdout.write(text)
        return
    if out.exists() and not force:
        raise InputError(f"{out}: exists already; --force writes over it")
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None
    sys.stderr.writelines(f"{remark}\n" for remark in remarks(cluster))
