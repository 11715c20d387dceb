"""``wkasim decode``: what nodes said to each other, out of a capture of their traffic."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from wkasim.errors import InputError
from wkasim.transport.tribes.frames import DEFAULT_FRAME_LIMIT

if TYPE_CHECKING:
    from wkasim.transport.tribes.capture import CaptureRecord

__all__ = ["decode", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(decode)


def decode(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pcap or pcapng capture, or a file of frames.")],
    *,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    connections: Annotated[
        bool, typer.Option("--connections", help="Show connections opened, refused and closed, too.")
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, metavar="BYTES", help="The largest frame that is read.")
    ] = DEFAULT_FRAME_LIMIT,
) -> None:
    """Print a capture of Tribes traffic as annotated messages.

    Exits with 2 if the file cannot be read or is damaged; what could be read is printed all the same.
    """
    try:
        with file.open("rb") as opened:
            damaged = _print(opened, file, as_json=json_, connections=connections, limit=limit)
    except BrokenPipeError:
        raise  # Nobody reads on; that is no fault of the file.
    except OSError as error:
        _complain(f"{file}: {error.strerror or error}")
        damaged = True
    except InputError as error:
        _complain(f"{file}: {error}")
        damaged = True
    if damaged:
        raise typer.Exit(2)


def _print(opened: BinaryIO, file: Path, *, as_json: bool, connections: bool, limit: int) -> bool:
    """Print every record; whether there was damage."""
    from wkasim.transport.tribes.capture import CapturedFrame, Damage, read_capture
    from wkasim.transport.tribes.describe import Describer

    describer = Describer()
    damaged = False

    def shown(record: CaptureRecord) -> bool:
        return (
            connections
            or isinstance(record, CapturedFrame)
            or (not isinstance(record, Damage) and record.event.startswith("not Tribes"))
        )

    for record in read_capture(opened, limit=limit):
        if isinstance(record, Damage):
            _complain(f"{file}: {record.place}: {record.reason}")
            damaged = True
        elif not shown(record):
            continue
        elif as_json:
            sys.stdout.write(json.dumps(describer.data(record)) + "\n")
        else:
            sys.stdout.write("\n".join(describer.lines(record)) + "\n")
    return damaged


def _complain(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
