"""How results look on a terminal, in a pipe, at eighty columns, and without colours.

On a terminal long lines are folded under themselves, and the bytes of Tribes' member texts are left out. Files and
pipes get every line whole, one a line, and no blanks at line ends.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wkasim.errors import visible
from wkasim.logs.formats import LogFormat
from wkasim.logs.report import print_report
from wkasim.scenario.history import History
from wkasim.scenario.judge import Outcome
from wkasim.scenario.model import Scenario
from wkasim.scenario.runner import RunResult, StepBegun
from wkasim.scenario.shapes import duration_text
from wkasim.sim.faults import MessageRule, action_params
from wkasim.sim.journal import Record

__all__ = [
    "LogScreen",
    "Screen",
    "make_console",
    "plain_text",
    "print_columns",
    "print_expectations",
    "print_members",
    "step_text",
]

_COLOURS: Final = ("cyan", "magenta", "yellow", "green", "blue", "bright_red", "bright_cyan", "bright_magenta")
"""One a node, in the order of the scenario; told apart by colour-blind readers by the name in front."""

_PLAIN_PARAMS: Final = ("node", "nodes", "config", "sides", "state", "host", "between", "name", "address")
"""What a step's text says without naming it."""

_MEMBER_BYTES: Final = re.compile(
    r"(?:org\.apache\.catalina\.tribes\.membership\.)?(MemberImpl\[tcp://(?:\{[^}]*\}|[^,{]*?):\d+),.*?, \]"
)
_VERDICTS: Final = {"passed": "green", "failed": "bold red", "open": "yellow", "skipped": "dim"}


class Screen(Console):
    """A console that pads no lines in a pipe, and falls silent when nobody reads on."""

    def print(self, *objects: object, **how: Any) -> None:
        """Print as rich does; into a pipe without blanks at line ends."""
        if self.is_terminal:
            super().print(*objects, **how)
            return
        with self.capture() as captured:
            super().print(*objects, **how)
        self.write_lines("\n".join(line.rstrip() for line in captured.get().split("\n")))

    def write_lines(self, text: str) -> None:
        """Write text as it is."""
        if self.quiet:
            return
        try:
            self.file.write(text)
        except BrokenPipeError:
            self.on_broken_pipe()

    def flush(self) -> None:
        """Let whoever reads see all that was written."""
        try:
            self.file.flush()
        except BrokenPipeError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Go on without output, so that files are still written and the exit code is right."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def make_console(*, stderr: bool = False) -> Screen:
    """The console for results, or the one for everything else."""
    return Screen(stderr=stderr, highlight=False, markup=False, emoji=False)


def plain_text(content: str, style: str = "") -> Text:
    """Text as it is; control characters cannot reach the terminal."""
    return Text(visible(content), style=style)


def print_columns(console: Screen, rows: Sequence[Sequence[str]]) -> None:
    """Rows of texts in columns; on a terminal the last column is folded under itself, in a pipe a row is one line."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
    indent = sum(widths) + 2 * len(widths)
    room = max(20, console.width - indent) if console.is_terminal else sys.maxsize
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        last = ("\n" + " " * indent).join(textwrap.wrap(row[-1], room, break_on_hyphens=False))
        console.print(plain_text("  ".join([*cells, last])), soft_wrap=True)


def step_text(begun: StepBegun) -> str:
    """What a step does, in a line: ``terminate worker2``."""
    action = begun.step.action
    match action.verb:
        case "wait":
            return f"wait {action.for_s:g} s"  # type: ignore[union-attr]
        case "wait_until":
            ready: tuple[str, ...] = action.ready  # type: ignore[union-attr]
            return f"wait until {'ready: ' + ', '.join(ready) if ready else 'converged'}"
        case "messages":
            return _rule_text(action)  # type: ignore[arg-type]
    params = action_params(action)  # type: ignore[arg-type]
    said = [_said(str(key), value) for key, value in zip(params[::2], params[1::2], strict=True)]
    return " ".join([action.verb.replace("_", " "), *said])


def _rule_text(rule: MessageRule) -> str:
    which = "every" if rule.count is None else "the next" if rule.count == 1 else f"the next {rule.count}"
    told = [rule.do, which, rule.message or "message"]
    told += [f"from {rule.sender}"] if rule.sender else []
    told += [f"to {rule.receiver}"] if rule.receiver else []
    return " ".join([*told, *([f"by {duration_text(rule.by_s)}"] if rule.by_s else [])])


def _said(key: str, value: str | float) -> str:
    """One parameter of a step: its value, and its name unless that goes without saying."""
    if key in _PLAIN_PARAMS:
        return str(value)
    if key == "spread_s":
        return f"within {duration_text(float(value))}"
    if key.endswith("_s"):
        return f"{key.removesuffix('_s')} {duration_text(float(value))}"
    return f"{key.removesuffix('_ms')} {value}{' ms' if key.endswith('_ms') else ''}"


class LogScreen:
    """Shows log lines and steps as they come."""

    def __init__(self, console: Screen, scenario: Scenario, look: LogFormat) -> None:
        self._console = console
        self._look = look
        names = list(scenario.all_nodes())
        self._colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
        self._width = max(len(name) for name in names)
        self._has_clock = look.name in ("console", "carbon")

    def show(self, news: Record | StepBegun) -> None:
        """Show a record if it is a log line that is to be seen, or a step."""
        if isinstance(news, StepBegun):
            if self._look.name != "json":
                self._step(news)
        elif self._look.shows(news):
            self._line(news)

    def _line(self, record: Record) -> None:
        text = self._look.render(record)
        if self._look.name == "json":
            self._console.write_lines(f"{text}\n")
            return
        node = record[2]
        clock = "" if self._has_clock else f"{record[0] / 1e6:9.3f}  "
        self._put(f"{clock}{node:<{self._width}}  ", _MEMBER_BYTES.sub(r"\1, ...]", text), text, self._colours[node])

    def _step(self, begun: StepBegun) -> None:
        front = f"{begun.time_s:9.3f}  "
        waits = begun.step.action.verb in ("wait", "wait_until")
        head = f"--- {step_text(begun)}"
        self._put(front, head, head, "dim" if waits else "bold")
        if begun.step.explain:
            text = " ".join(begun.step.explain.split())
            self._put(" " * (len(front) + 4), text, text, "italic")

    def _put(self, front: str, short: str, text: str, style: str) -> None:
        """Print a line: the short form folded on a terminal, the whole one into a pipe."""
        if not self._console.is_terminal:
            self._console.write_lines(f"{front}{visible(text)}\n")
            return
        indent = len(front)
        width = max(20, self._console.width - indent)
        rows = [
            row for line in short.splitlines() for row in textwrap.wrap(line, width, break_on_hyphens=False) or [""]
        ]
        folded = ("\n" + " " * indent).join(rows)
        self._console.print(plain_text(front + folded, style), soft_wrap=True)


def print_members(console: Screen, result: RunResult) -> None:
    """A row a node: its state, and whom it lists; what it should list and does not stands in red."""
    history, names = result.history, result.history.names()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("node", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column(f"members at the end, {result.end_s:.1f} s", overflow="fold")
    for name, config in result.scenario.all_nodes().items():
        node = history.node(name)
        state = plain_text(node.state, "" if node.state == "initialised" else "yellow")
        members = Text(" ").join(plain_text(names.get(address, address)) for address in node.members)
        if node.alive and (wrong := _wrong(history, name, names)):
            members.append(f"{' ' if node.members else ''}({wrong})", style="red")
        if node.reason and node.state == "failed":
            members = plain_text(node.reason, "yellow")
        table.add_row(plain_text(name), state, members if members.plain else plain_text("-", "dim"))
        for group in config.groups:
            admitted = node.groups.get((group.domain, group.sub_domain), [])
            shown = " ".join(names.get(address, address) for address in admitted) or "nobody"
            of_part = f" ({group.sub_domain})" if len(config.groups) > 1 else ""
            table.add_row("", "", plain_text(f"sends requests{of_part} to: {shown}", "dim"))
    console.print(table)


def _wrong(history: History, name: str, names: Mapping[str, str]) -> str:
    """What a view lacks or has too much, if the node is initialised."""
    node = history.node(name)
    if node.state != "initialised":
        return ""
    others = {
        other.address: other.name
        for other in history.nodes.values()
        if other is not node and other.state == "initialised" and other.domain == node.domain
    }
    lacking = [other for address, other in others.items() if address not in node.members]
    gone = [names.get(address, address) for address in dict.fromkeys(node.members) if address not in others]
    twice = [names.get(address, address) for address in dict.fromkeys(node.members) if node.members.count(address) > 1]
    told = [f"not {', '.join(lacking)}" if lacking else "", f"{', '.join(gone)} is gone" if gone else "",
            f"{', '.join(twice)} twice" if twice else ""]  # fmt: skip
    return "; ".join(part for part in told if part)


def print_expectations(
    console: Screen, outcomes: tuple[Outcome, ...] | list[Outcome], file: str, *, extras: bool = True
) -> None:
    """The table of verdicts, then for each failed one what stands instead, then what the guide does not show."""
    if not outcomes:
        console.print(plain_text("This scenario expects nothing.", "dim"))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("expectation", ratio=2)
    table.add_column("found", ratio=3)
    for outcome in outcomes:
        verdict = plain_text(outcome.verdict.upper() if outcome.verdict == "failed" else outcome.verdict)
        verdict.stylize(_VERDICTS[outcome.verdict])
        table.add_row(verdict, plain_text(outcome.title), plain_text(outcome.message))
    console.print(table)
    for outcome in outcomes:
        if outcome.verdict == "failed":
            _print_failure(console, outcome, file)
    if extras:
        for outcome in outcomes:
            if outcome.verdict == "passed" and outcome.report is not None and outcome.report.extra:
                console.print()
                print_report(outcome.report, console)


def _print_failure(console: Screen, outcome: Outcome, file: str) -> None:
    console.print()
    place = f"{file}:{outcome.line}"
    if outcome.report is None:
        console.print(plain_text(f"FAILED: {outcome.title} ({place})", "bold red"))
        console.print(plain_text(outcome.message))
    else:
        print_report(outcome.report, console)
        console.print(plain_text(f"The expectation stands in {place}.", "dim"))
    if outcome.why:
        console.print(plain_text(" ".join(outcome.why.split())))
