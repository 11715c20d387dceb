"""``wkasim sweep``: one scenario over a grid of variations and many seeds, as a table, a file and a plot."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wkasim.cli.completion import scenario_names
from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.explore.sweep import Summary, Sweep

__all__ = ["register", "sweep"]

INTERRUPTED: Final = 130
_MOST_JOBS: Final = 256
_OUT: Final = (".csv", ".json")
_PLOT: Final = (".png", ".svg", "")


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

    problems: list[str] = []
    axes = []
    for text in vary or ():
        try:
            axes.append(parse_axis(text))
        except InputError as error:
            problems += error.problems
    if out is not None and out.suffix not in _OUT:
        problems.append(f"--out {out}: name a .csv or a .json file")
    if plot is not None and plot.suffix not in _PLOT:
        problems.append(f"--plot {plot}: name a .png or an .svg file, or neither for both")
    if executor != "local" and not executor.startswith("dask://"):
        problems.append(f"--executor {executor}: write local, or dask://HOST:PORT")
    if problems:
        raise InputError(*problems)
    if plot is not None:
        _need_matplotlib()
    planned = Sweep(scenario=load_scenario(scenario), axes=tuple(axes), seeds=seeds)
    planned.check()
    table = Table.kept_in(out.with_name(f"{out.name}.runs"), planned) if out is not None else Table()
    total = len(planned.points()) * seeds
    show = _progress(total)
    interrupted = False
    try:
        in_flight = 4 * jobs if executor == "local" else 256
        run_sweep(planned, table, _maker(executor, jobs), in_flight=in_flight, on_progress=show)
    except KeyboardInterrupt:
        interrupted = True
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    rows = summarise(planned, table)
    if out is not None:
        _write(out, rows)
    if plot is not None and rows:
        _plot(plot, planned, rows)
    _print(planned, rows, as_json=json_)
    if interrupted:
        done = sum(row.runs for row in rows)
        again = "; give the same command again to go on" if out is not None else "; with --out it could go on from here"
        sys.stderr.write(f"interrupted after {done} of {total} runs{again}\n")
        raise typer.Exit(INTERRUPTED)


# Where it runs


def _maker(executor: str, jobs: int) -> Callable[[], Executor] | None:
    """What makes an executor; None for this very process."""
    if executor.startswith("dask://"):
        return _dask(executor.removeprefix("dask://"))
    return None if jobs == 1 else _local(jobs)


def _local(jobs: int) -> Callable[[], Executor]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from wkasim.explore.search import ignore_interrupts

    return lambda: ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=ignore_interrupts)


def _dask(address: str) -> Callable[[], Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError("a Dask cluster needs the package distributed: pip install 'wkasim[dask]'") from None
    try:
        client = Client(f"tcp://{address}", timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(f"--executor dask://{address}: nobody answers there: {error}") from None
    make: Callable[[], Executor] = client.get_executor
    return make


def _progress(total: int) -> Callable[[int], None]:
    """How far it is, on a terminal only."""
    if not sys.stderr.isatty():
        return lambda _: None
    began = time.monotonic()

    def show(done: int) -> None:
        rate = done / max(time.monotonic() - began, 0.001)
        sys.stderr.write(f"\r\x1b[K{done} of {total} runs, {rate:.0f} a second")
        sys.stderr.flush()

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
        partial = out.with_name(f"{out.name}.part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(out)
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
    for column in ("runs", "split", *(f"{name.removesuffix('_s')} 50/95/99 %" for name in MEASURES)):
        grid.add_column(column, justify="right")
    for row in rows:
        cells = [str(value) for _, value in row.point]
        shown = (row.quantiles.get(name) for name in MEASURES)
        cells += [str(row.runs), f"{row.split:.0%}", *(_quantiles(values) for values in shown)]
        grid.add_row(*cells)
    make_console().print(grid)


def _quantiles(values: tuple[float, float, float] | None) -> str:
    return "-" if values is None else " / ".join(f"{value:.0f}" if value >= 100 else f"{value:.1f}" for value in values)


def _need_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError("a plot needs the package matplotlib: pip install 'wkasim[plot]'") from None


def _plot(path: Path, planned: Sweep, rows: list[Summary]) -> None:
    """Median, 95th and 99th percentile over the first axis, a line for each choice of the others."""
    from wkasim.explore.plot import draw_plot

    for target in [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".svg")]:
        try:
            draw_plot(target, planned, rows)
        except OSError as error:
            raise InputError(f"{target}: cannot be written: {error.strerror or error}") from None
