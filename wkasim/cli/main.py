"""The command ``wkasim``: a table of commands, and what all of them do about errors.

A new command is a module with a function ``register(app)`` and a row in :data:`COMMANDS`. Modules are imported when
their command is used, so that ``wkasim --help`` stays quick. Exit codes: 0 all is well, 1 an expectation failed,
2 wrong usage or input that cannot be read, 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import keyword
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from wkasim.errors import InputError
from wkasim.version import __version__

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

__all__ = ["COMMANDS", "app", "main"]

COMMANDS: Final = {
    "run": "Run a scenario: the logs of all nodes, and what came of it.",
    "view": "Show a run as one HTML file: a diagram to step through.",
    "step": "Step through a run in the terminal, forward and back.",
    "lesson": "Learn how such a cluster works: ten lessons with questions.",
    "check": "Check log files, simulated or real, against a transcript.",
    "doctor": "Will the configuration files of these nodes form a cluster?",
    "logs": "Read real logs: the cluster's story, members over time.",
    "diagnose": "Give the reasons for what real logs show.",
    "explain": "Explain one log line.",
    "diff": "Compare the logs of two runs, real or simulated.",
    "import": "Write the configuration files of a cluster as a scenario.",
    "init": "Write consistent configuration files for a new cluster.",
    "scenarios": "List the scenarios that come with wkasim.",
    "schema": "Print the JSON Schema of scenario files.",
    "explore": "Search for scenarios in which a cluster breaks its promises.",
    "sweep": "Run a scenario many times over a grid: distributions, a table, a plot.",
    "profiles": "Show the profiles, and in what they differ.",
    "replay": "Simulate a recording of the real system and compare.",
    "decode": "Print a capture of Tribes traffic as messages.",
    "up": "Start every node as its own process, and follow the logs.",
    "ps": "List the nodes that were started, and whom each lists.",
    "kill": "Send a node SIGTERM, or with -9 SIGKILL.",
    "stop": "Stop a node gracefully.",
    "start": "Start a node that was stopped or killed.",
    "pause": "Freeze a node.",
    "resume": "Let a frozen node go on.",
    "down": "End all nodes.",
    "node": "Run one node of a scenario as this process.",
}
"""Every command in the order of the help, and its line there; ``wkasim.cli.NAME`` is its module."""

BROKEN_PIPE: Final = 141
"""What a shell reports of a program that wrote into a closed pipe."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a disk that takes no more."""


def _module(name: str) -> str:
    """The module of a command; a name that Python keeps for itself has an underscore behind it."""
    return f"{name}_" if keyword.iskeyword(name) else name.replace("-", "_")


class _Commands(dict[str, "Command"]):
    """The commands by name, each imported when it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._loaded: dict[str, Command] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def keys(self) -> Any:  # noqa: ANN401 - a view of another dict than this one
        return COMMANDS.keys()

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict has it
        if name not in COMMANDS:
            return default
        if name not in self._loaded:
            single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            importlib.import_module(f"wkasim.cli.{_module(name)}").register(single)
            self._loaded[name] = get_command(single)
        return self._loaded[name]


class _CommandTable(TyperGroup):
    """A group that knows its commands by name and help line only, until one is used."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": {}})
        self.commands = _Commands()

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return list(COMMANDS)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *args: Any, **kwargs: Any) -> Context:
        with _told():  # --help and --version print here
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Context) -> Any:  # noqa: ANN401 - whatever the command returns
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    """Turn errors into words and exit codes."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except InputError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in error.problems)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise typer.Exit(130) from None
    except BrokenPipeError:
        _forget_output()
        raise typer.Exit(BROKEN_PIPE) from None
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _forget_output()
        sys.stderr.write(f"{error.filename or 'the output'}: cannot be written: {error.strerror}\n")
        raise typer.Exit(2) from None


def _forget_output() -> None:
    """Nothing can be written any more: let nothing complain of that when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="wkasim",
    cls=_CommandTable,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"wkasim {__version__}\n")
        raise typer.Exit


@app.callback()
def wkasim(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Simulate clusters of WSO2 and Axis2 that form by well-known addresses.

    Begin with: wkasim run esb-cluster
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; always ends by SystemExit with the exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this, as in ``>&-``
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - it stays open
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    app(arguments, prog_name="wkasim")
