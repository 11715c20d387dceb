"""``wkasim sweep``: one scenario over a grid of variations and many seeds, as a table, a file and a plot."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from wkasim.cli.completion import scenario_names
from wkasim.cli.progress import ProgressLine, rate_text
from wkasim.cli.usage import INTERRUPTED, Usage
from wkasim.errors import InputError
from wkasim.files import write_whole
from wkasim.version import __version__

if TYPE_CHECKING:
    from wkasim.explore.sweep import Summary, Sweep

__all__ = ["register", "sweep"]

_MOST_JOBS: Final = 256
_OUT: Final = (".csv", ".json")
_PLOT: Final = (".png", ".svg", "")
_WIDEST: Final = 1000
_PATIENCE_S: Final = 3.0
"""After how long without a result it is looked at whether anybody works."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(sweep)


def sweep(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO", autocompletion=scenario_names, help="A scenario file, or the name of a shipped one."
        ),
    ],
    *,
    vary: Annotated[
        list[str] | None, typer.Option(metavar="AXIS=VALUES", help="nodes=3..50, loss=0,0.01,0.05; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="How many seeds a point gets.")] = 20,
    jobs: Annotated[int, typer.Option(min=1, max=_MOST_JOBS, metavar="J", help="How many processes.")] = 1,
    executor: Annotated[
        str, typer.Option(metavar="E", help="local, or dask://HOST:PORT for a Dask cluster.")
    ] = "local",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .csv or .json file; single runs are kept beside it.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png or .svg file; without either, both are written.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the table as JSON, and nothing else.")] = False,
) -> None:
    """Run a scenario many times and print distributions: time to convergence, to detection, messages, share split.

    With --out an interrupted sweep goes on where it stopped when it is given again. Exits with 130 after Ctrl-C, and
    shows what was done until then.
    """
    from wkasim.explore.sweep import Sweep, Table, parse_axis, run_sweep, summarise
    from wkasim.scenario.reader import load_scenario

    usage = Usage()
    axes = [axis for text in vary or () if (axis := usage.read(parse_axis, text)) is not None]
    usage.read(_check_file, "--out", out, _OUT, "name a .csv or a .json file")
    usage.read(_check_file, "--plot", plot, _PLOT, "name a .png or an .svg file, or neither for both")
    if executor != "local" and not re.fullmatch(r"dask://[^/]+:\d{1,5}", executor):
        usage.problems.append(f"--executor {executor}: write local, or dask://HOST:PORT")
    loaded = usage.read(load_scenario, scenario)
    if plot is not None:
        usage.read(_need_matplotlib)
    if loaded is None or usage.problems:
        raise InputError(*usage.problems)
    planned = Sweep(scenario=loaded, axes=tuple(axes), seeds=seeds)
    planned.check()
    total = len(planned.points()) * seeds
    interrupted = False
    stopped: InputError | None = None
    with _maker(executor, jobs) as (make_executor, anybody_there):
        table = Table.kept_in(out.with_name(f"{out.name}.runs"), planned) if out is not None else Table()
        progress = ProgressLine()
        others = len(table.results) - sum(job.key in table.results for job in planned.jobs() if table.results)
        show = _progress(progress, others, len(table.results) - others, total, anybody_there)
        try:
            in_flight = 4 * jobs if executor == "local" else 256
            run_sweep(planned, table, make_executor, in_flight=in_flight, on_progress=show)
        except KeyboardInterrupt:
            interrupted = True
        except InputError as error:
            stopped = error
        progress.end()
    rows = summarise(planned, table)
    done = sum(row.runs for row in rows)
    left = Usage()
    if stopped is not None:
        left.problems += [*stopped.problems, *([f"ended after {done} of {total} runs"] if done else [])]
    if rows:
        if out is not None:
            left.read(_write, out, rows)
        if plot is not None:
            left.read(_plot, plot, planned, rows)
    # What was found is told even if the disk is full.
    if rows or stopped is None:
        _print(planned, rows, as_json=json_)
    if left.problems:
        raise InputError(*left.problems)
    if interrupted:
        again = "; give the same command again to go on" if out is not None else "; with --out it could go on from here"
        sys.stderr.write(f"interrupted after {done} of {total} runs{again}\n")
        raise typer.Exit(INTERRUPTED)


def _check_file(option: str, file: Path | None, suffixes: tuple[str, ...], way_out: str) -> None:
    """Results are written when all has run; that they cannot be is better said before."""
    if file is None:
        return
    if file.suffix not in suffixes:
        raise InputError(f"{option} {file}: {way_out}")
    if file.is_dir():
        raise InputError(f"{option} {file}: this is a folder; name a file in it")
    if not file.parent.is_dir():
        raise InputError(f"{option} {file}: there is no folder {file.parent}")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise InputError(f"{option} {file}: {file.parent} may not be written to; name a file elsewhere")


# Where it runs


@contextmanager
def _maker(executor: str, jobs: int) -> Iterator[tuple[Callable[[], Executor] | None, Callable[[], bool]]]:
    """What makes an executor, None for this very process; and whether anybody is there to do the jobs."""
    if executor == "local":
        yield None if jobs == 1 else _local(jobs), lambda: True
        return
    with _dask(executor.removeprefix("dask://")) as made:
        yield made


def _local(jobs: int) -> Callable[[], Executor]:
    from wkasim.explore.workers import LocalPool

    return lambda: LocalPool(jobs)


@contextmanager
def _dask(address: str) -> Iterator[tuple[Callable[[], Executor], Callable[[], bool]]]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError("a Dask cluster needs the package distributed: pip install 'wkasim[dask]'") from None
    # Its tracebacks about lost connections say nothing that is not said here.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(f"tcp://{address}", timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(f"--executor dask://{address}: nobody answers there: {error}") from None
    try:
        versions: Any = client.get_versions(packages=["wkasim"])
        _check_workers(versions["workers"])
        yield client.get_executor, lambda: bool(client.nthreads())  # type: ignore[no-untyped-call]
    finally:
        client.close()  # type: ignore[no-untyped-call]


def _check_workers(workers: Mapping[str, Mapping[str, Mapping[str, str | None]]]) -> None:
    """A worker without wkasim breaks down without a word, and one with another version has other results."""
    problems = []
    for name, versions in sorted(workers.items()):
        version = versions["packages"].get("wkasim")
        if version != __version__:
            has = f"wkasim {version}" if version else "no wkasim"
            problems.append(f"the Dask worker {name} has {has}; install wkasim {__version__} there")
    if problems:
        raise InputError(*problems)


def _progress(
    line: ProgressLine, others: int, before: int, total: int, anybody_there: Callable[[], bool]
) -> Callable[[int], None]:
    """How far it is; what an earlier sweep has left does not count for the rate, and ``others`` not at all.

    When no result has come for a while, it is looked at whether there is anybody who could bring one.
    """
    last, waits_since, told = before, line.began, False

    def show(there: int) -> None:
        nonlocal last, waits_since, told
        done = there - others
        now = time.monotonic()
        if done != last:
            last, waits_since, told = done, now, False
        elif now - waits_since > _PATIENCE_S and not told and not anybody_there():
            line.end()
            sys.stderr.write("no worker is there; the sweep waits for one\n")
            told = True
        if line.due():
            line.show(f"{done} of {total} runs, {rate_text((done - before) / line.took_s)} a second")

    return show


# Results


def _write(out: Path, rows: list[Summary]) -> None:
    flat = [row.as_dict() for row in rows]
    if out.suffix == ".json":
        text = json.dumps(flat, indent=2) + "\n"
    else:
        made = io.StringIO()
        writer = csv.DictWriter(made, list(flat[0]) if flat else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)
        text = made.getvalue()
    try:
        write_whole(out, text)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None


def _print(planned: Sweep, rows: list[Summary], *, as_json: bool) -> None:
    from rich.table import Table as Grid

    from wkasim.cli.screen import make_console
    from wkasim.explore.measures import MEASURES

    if as_json:
        sys.stdout.write(json.dumps([row.as_dict() for row in rows], indent=2) + "\n")
        return
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for axis in planned.axes:
        grid.add_column(axis.name, justify="right")
    for column in ("runs", "split", *(f"{_titled(name)}\n50/95/99 %" for name in MEASURES)):
        grid.add_column(column, justify="right")
    for row in rows:
        cells = [f"{value:g}" if isinstance(value, float) else str(value) for _, value in row.point]
        shown = (_quantiles(name, row.quantiles.get(name)) for name in MEASURES)
        grid.add_row(*cells, str(row.runs), f"{row.split:.0%}", *shown)
    console = make_console()
    if not console.is_terminal:
        console.width = _WIDEST  # a row is a line in a pipe, however long
    console.print(grid)


def _titled(name: str) -> str:
    """What a measure is called above its column; a name that ends in ``_s`` is in seconds."""
    return f"{name.removesuffix('_s')} (s)" if name.endswith("_s") else name


def _quantiles(name: str, values: tuple[float, float, float] | None) -> str:
    if values is None:
        return "-"
    return " / ".join(f"{value:.1f}" if name.endswith("_s") and value < 100 else f"{value:.0f}" for value in values)


def _need_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError("a plot needs the package matplotlib: pip install 'wkasim[plot]'") from None


def _plot(path: Path, planned: Sweep, rows: list[Summary]) -> None:
    """Draw the file, or with no suffix one of either kind; raises InputError."""
    from wkasim.explore.plot import draw_plot

    for target in [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".svg")]:
        try:
            draw_plot(target, planned, rows)
        except OSError as error:
            raise InputError(f"{target}: cannot be written: {error.strerror or error}") from None
