"""The plot of a sweep, as PNG or SVG; needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wkasim.explore.measures import MEASURES
from wkasim.explore.sweep import Summary, Sweep

__all__ = ["draw_plot"]


def draw_plot(path: Path, sweep: Sweep, rows: Sequence[Summary]) -> None:
    """Draw one panel for each measure that occurred: median as a line, up to the 99th percentile as an area.

    The first axis runs from left to right, every choice of the others has a line. Raises OSError.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "wkasim"  # the same sweep, the same file
    names = [name for name in MEASURES if any(name in row.quantiles for row in rows)]
    figure = Figure(figsize=(4.5 * (len(names) + 1), 4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(names) + 1, squeeze=False)[0]
    horizontal = sweep.axes[0].name if sweep.axes else ""
    lines = _lines(rows)
    for label, line in lines.items():
        at = [dict(row.point).get(horizontal, "") for row in line]
        for panel, name in zip(panels, names, strict=False):
            found = [(x, row.quantiles[name]) for x, row in zip(at, line, strict=True) if name in row.quantiles]
            xs = [x for x, _ in found]
            (drawn,) = panel.plot(xs, [values[0] for _, values in found], marker="o", label=label or None)
            panel.fill_between(
                xs, [v[0] for _, v in found], [v[2] for _, v in found], alpha=0.2, color=drawn.get_color()
            )
        panels[-1].plot(at, [100 * row.split for row in line], marker="o", label=label or None)
    titles = [*(f"{name.removesuffix('_s')}{' (s)' if name.endswith('_s') else ''}" for name in names), "split (%)"]
    for panel, title in zip(panels, titles, strict=True):
        panel.set_title(title)
        panel.set_xlabel(horizontal)
        panel.set_ylim(bottom=0)
    panels[-1].set_ylim(0, 100)
    if any(lines):
        panels[-1].legend()
    figure.suptitle(f"{sweep.scenario.title or sweep.scenario.name}: median and up to 99 % of {sweep.seeds} seeds")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})


def _lines(rows: Sequence[Summary]) -> dict[str, list[Summary]]:
    """The rows by what lies beside the first axis."""
    lines: dict[str, list[Summary]] = {}
    for row in rows:
        lines.setdefault(
            ", ".join(
                f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in row.point[1:]
            ),
            [],
        ).append(row)
    return lines
