"""Makes docs/conformance.md: ``python -m tests.conformance.report --write``; without ``--write`` it is printed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.conformance.measure import Measured, figures, measure_all
from tests.conformance.timings import WINDOWS
from tests.conformance.yardstick import RACE_SEEDS, RACES, REAL, SEEDS, SHORTFALLS
from wkasim.logs.catalogue import ENTRIES

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"

HEAD = f"""\
# Conformance

How alike the simulation is to the real thing, in figures. This page is made by `python -m tests.conformance.report
--write`, and the tests run the same command and compare.

`tests/conformance/recordings/` holds what unmodified nodes logged over real TCP, one process a node, in {{count}}
situations, with a timeline of what was done when. `wkasim replay` does the same things at the same times to a simulated
cluster, {SEEDS} times with {SEEDS} seeds, and compares the logs line by line. Of a recorded log it uses nothing but the
time of the first line, and it knows no recording by its name.

A node's score is twice the length of the longest common subsequence of both logs over the lines of both; the score of a
run weighs its nodes by their lines. DEBUG lines, and what Tribes says at INFO, are left out, as the shipped
configurations do. [How to replay a recording of your own](guides/replay.md).
"""


def report(all_measured: Sequence[Measured]) -> str:
    """The whole page."""
    parts = [HEAD.format(count=len(all_measured)), *_scores(all_measured), *_yardstick(all_measured)]
    parts += [*_shortfalls(all_measured), *_differences(all_measured), *_views(all_measured)]
    parts += [*_times(all_measured), *_lines(all_measured)]
    return "\n".join(parts) + "\n"


def _scores(all_measured: Sequence[Measured]) -> Iterator[str]:
    yield "## Scores\n"
    yield (
        '"Best" is the best of the seeds: a recording is one outcome of many races, and the best seed is the one in '
        "which\nmost of them fell as they did there. A target that is missed stands in bold.\n"
    )
    yield "| recording | profile | mean | best | target of the best | missing, extra | final views equal | times |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    targets = figures(all_measured)
    for one in all_measured:
        best, target = targets[one.profile, one.name, "best"]
        shown = f"{best:.3f}" if best >= target else f"**{best:.3f}**"
        samples = [sample for window in WINDOWS for sample in _inside(one, window.name)]
        times = f"{sum(samples)} of {len(samples)}" if samples else "-"
        yield (
            f"| {one.name} | {one.profile} | {one.mean:.3f} | {shown} | {target:.2f} "
            f"| {len(one.missing)}, {len(one.extra)} | {sum(one.views_equal)} of {SEEDS} | {times} |"
        )
    yield (
        '\n"Missing, extra" counts the best seed\'s lines that only the recording, or only the simulation has. '
        '"Times" counts the\ntimes that lie [within their windows](#times).\n'
    )


def _inside(one: Measured, name: str) -> list[bool]:
    window = next(window for window in WINDOWS if window.name == name)
    return [window.least_s <= sample <= window.most_s for sample in one.simulated_times.get(name, ())]


def _yardstick(all_measured: Sequence[Measured]) -> Iterator[str]:
    yield "## The yardstick: the real code against itself\n"
    yield (
        "Two real runs of one scenario are not alike either. Where a scenario was recorded several times, this is the "
        "mean score\nof one run against another, over all pairs, beside the mean of the simulation against the "
        "recordings here.\n"
    )
    yield "| scenario | profile | real runs | real against real: mean (least to greatest) | simulated against real |"
    yield "| --- | --- | --- | --- | --- |"
    targets = figures(all_measured)
    for (profile, scenario), (runs, mean, least, greatest) in REAL.items():
        value, target = targets[profile, scenario, "mean"]
        shown = f"{value:.3f}" if value >= target else f"**{value:.3f}**"
        yield f"| {scenario} | {profile} | {runs} | {mean:.3f} ({least:.3f} to {greatest:.3f}) | {shown} |"
    yield ""


def _shortfalls(all_measured: Sequence[Measured]) -> Iterator[str]:
    yield "## What is not reached, and why\n"
    targets = figures(all_measured)
    yield "| recording | profile | figure | reached | target | reason |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for (profile, name, figure), shortfall in SHORTFALLS.items():
        value, target = targets[profile, name, figure]
        yield f"| {name} | {profile} | {figure} | {value:.3f} | {target:.3f} | {shortfall.reason} |"
    yield ""


def _differences(all_measured: Sequence[Measured]) -> Iterator[str]:
    yield "## Lines of the best seeds that differ\n"
    yield "| recording | profile | log | missing | extra |"
    yield "| --- | --- | --- | --- | --- |"
    for one in all_measured:
        for log in dict.fromkeys(log for log, _ in (*one.missing, *one.extra)):
            missing, extra = (
                _counted(line for name, line in lines if name == log) for lines in (one.missing, one.extra)
            )
            yield f"| {one.name} | {one.profile} | {log} | {missing} | {extra} |"
    yield ""


def _counted(lines: Iterator[str]) -> str:
    counts = Counter(_short(line) for line in lines)
    return "<br>".join(f"{count} x `{line}`" if count > 1 else f"`{line}`" for line, count in counts.items())


def _short(line: str) -> str:
    return (line if len(line) <= 110 else f"{line[:107]}...").replace("|", "\\|")


def _views(all_measured: Sequence[Measured]) -> Iterator[str]:
    yield "## Final member lists\n"
    yield (
        f"After a replay the member lists of all nodes equal the recorded ones, in {SEEDS} of {SEEDS} seeds, but for "
        "these\nrecordings, whose end is a matter of luck:\n"
    )
    for (profile, name), reason in RACES.items():
        one = next(one for one in all_measured if (one.profile, one.name) == (profile, name))
        same, *others = one.outcomes
        shares = ", ".join(_percent(count) for count in (same, *others[:5]))
        more = f" and {len(others) - 5} rarer ones" if len(others) > 5 else ""
        yield f"* {name} ({profile}): {reason}. Shares of the outcomes, the recorded one first: {shares}{more}"
    yield f"\nShares are of {RACE_SEEDS} seeds.\n"


def _percent(count: int) -> str:
    return f"{100 * count / RACE_SEEDS:g} %"


def _times(all_measured: Sequence[Measured]) -> Iterator[str]:
    yield "## Times\n"
    yield (
        "Measured in the same way in recorded and in simulated logs, in seconds. Simulated steps take what the seed "
        "draws for\nthem; timers are exact.\n"
    )
    yield "| time | profile | window | recorded | simulated | why |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for window in WINDOWS:
        for profile in window.profiles:
            mine = [one for one in all_measured if one.profile == profile]
            recorded = _range([time for one in mine for time in one.recorded_times.get(window.name, ())])
            simulated = _range([time for one in mine for time in one.simulated_times.get(window.name, ())])
            most = f"to {window.most_s:g}" if window.most_s < 1000 else "and more"
            bounds = f"{window.least_s:g} {most}"
            yield f"| {window.name} | {profile} | {bounds} | {recorded} | {simulated} | {window.why} |"
    yield ""


def _range(times: Sequence[float]) -> str:
    return f"{min(times):.2f} to {max(times):.2f} ({len(times)})" if times else "-"


def _lines(all_measured: Sequence[Measured]) -> Iterator[str]:
    recorded = set().union(*(one.recorded_events for one in all_measured))
    produced = set().union(*(one.produced_events for one in all_measured))
    shown = [event for event in recorded if ENTRIES[event].level != "DEBUG"]
    yield "## Lines\n"
    yield (
        f"The recordings hold {len(recorded)} kinds of lines of Axis2, {len(recorded) - len(shown)} of them at DEBUG. "
        f"All are in\n[the catalogue](log-catalogue.md), and {len(recorded & produced)} appear in these replays."
    )


def main() -> None:
    text = report(measure_all())
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
