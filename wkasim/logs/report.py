"""Shows what a transcript check found: transcript and log side by side, the first difference pointed at.

Colours are rich's business: a console that writes to a pipe, or under NO_COLOR, prints plain text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

from wkasim.errors import visible
from wkasim.logs.difference import Missing
from wkasim.logs.line import LogLine
from wkasim.logs.transcript import WILDCARD, TranscriptReport

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Json", "print_report", "report_as_dict", "summary"]

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_CONTEXT: Final = 3
"""Rows shown before and after a row that differs."""

_MOST_ROWS: Final = 60
_MOST_EXTRA: Final = 12
_MOST_EXPLAINED: Final = 3


@frozen
class _Row:
    """A line of the transcript, a line of the log, or both, side by side; ``fault`` if that is wrong."""

    expected: LogLine | None
    actual: LogLine | None
    fault: bool


def summary(report: TranscriptReport) -> str:
    """The outcome in one line, without a final full stop."""
    verdict = "passed" if report.passed else "FAILED"
    told = f"{report.log}: {report.transcript.name} {verdict}, {report.found} of {_count(report.pairs)} found"
    if report.exact and report.extra:
        told += f", {_count(report.extra)} that should not be there"
    if report.binding:
        told += f" ({WILDCARD} is {report.binding})"
    return told


def print_report(report: TranscriptReport, console: Console, extras: bool = True) -> None:
    """Print the outcome; for a failed check both sides and what a reader should make of it.

    ``extras`` lists what was logged between the lines of the transcript.
    """
    colour = "green" if report.passed else "bold red"
    console.print(_text(summary(report), colour))
    if not report.passed:
        _print_rows(report, console)
        for sentence in _explanation(report):
            console.print(_text(sentence))
    if extras and report.extra and not report.exact:
        _print_extras(report.extra, console)


def report_as_dict(report: TranscriptReport) -> dict[str, Json]:
    """The outcome as plain data, for ``--json``."""
    missing: list[Json] = [
        {
            "transcript_line": item.line.number,
            "expected": item.line.text,
            "after_log_line": item.after.number if item.after else None,
            "stands_instead": _line_as_dict(item.instead),
            "same_line_elsewhere": _line_as_dict(item.elsewhere),
            "most_similar": _line_as_dict(item.similar),
            "differences": [
                {"name": value.name, "expected": value.expected, "actual": value.actual} for value in item.differences
            ],
            "explanation": list(item.sentences()),
        }
        for item in report.missing
    ]
    return {
        "transcript": report.transcript.name,
        "log": report.log,
        "passed": report.passed,
        "exact": report.exact,
        "lines": len(report.pairs),
        "found": report.found,
        "address_prefix": report.binding,
        "matched": [
            {"transcript_line": line.number, "log_line": actual.number, "text": actual.text}
            for line, actual in report.pairs
            if actual
        ],
        "missing": missing,
        "extra": [_line_as_dict(line) for line in report.extra],
    }


def _line_as_dict(line: LogLine | None) -> Json:
    return None if line is None else {"line": line.number, "event": line.event, "text": line.text}


def _explanation(report: TranscriptReport) -> Iterator[str]:
    """The first difference in full, those after it in a line each."""
    for item in report.missing[:1]:
        yield from item.sentences()
    for item in report.missing[1:_MOST_EXPLAINED]:
        yield item.sentences()[0]
    if len(report.missing) > _MOST_EXPLAINED:
        yield f"{_count(report.missing[_MOST_EXPLAINED:])} more are missing."
    if not report.missing and report.extra:
        line = report.extra[0]
        yield f"The match is to be exact, and line {line.number} of the log is not in the guide: {line.text}"


def _rows(report: TranscriptReport) -> list[_Row]:
    """Both sides in their order; a line that nearly fits stands beside the one that is missing."""
    beside: dict[int, LogLine] = {}
    for item in report.missing:
        if item.similar and _fits_between(item) and item.similar not in beside.values():
            beside[item.line.number] = item.similar
    waiting = [line for line in report.extra if line not in beside.values()]
    rows: list[_Row] = []
    for line, actual in report.pairs:
        counterpart = actual or beside.get(line.number)
        while counterpart and waiting and waiting[0].number < counterpart.number:
            rows.append(_Row(None, waiting.pop(0), report.exact))
        rows.append(_Row(line, counterpart, actual is None))
    rows.extend(_Row(None, other, report.exact) for other in waiting)
    return rows


def _fits_between(item: Missing) -> bool:
    """Whether the line that nearly fits stands where the missing one should."""
    similar = item.similar
    return (
        similar is not None
        and (item.after is None or item.after.number < similar.number)
        and (item.before is None or similar.number < item.before.number)
    )


def _print_rows(report: TranscriptReport, console: Console) -> None:
    from rich.table import Table

    rows = _rows(report)
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="bold")
    table.add_column("", width=1)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column(f"transcript {report.transcript.name}", ratio=1, overflow="fold")
    table.add_column("", justify="right", no_wrap=True, min_width=4)
    table.add_column(f"log {report.log}", ratio=1, overflow="fold")
    first = next((at for at, row in enumerate(rows) if row.fault), len(rows))
    shown, skipped = 0, 0
    for at, row in enumerate(rows):
        near = any(other.fault for other in rows[max(0, at - _CONTEXT) : at + _CONTEXT + 1])
        if not near or shown >= _MOST_ROWS:
            skipped += 1
            continue
        if skipped:
            table.add_row("", "", _skipped(skipped), "", "")
            skipped = 0
        mark = ">" if at == first else "!" if row.fault else ""
        table.add_row(mark, *_cells(row))
        shown += 1
    if skipped:
        table.add_row("", "", _skipped(skipped), "", "")
    console.print(table)


def _print_extras(lines: Sequence[LogLine], console: Console) -> None:
    from rich.table import Table

    console.print(_text(f"Logged, not in the guide ({_count(lines)}):", "dim"))
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True, min_width=5)
    table.add_column(overflow="fold")
    for line in lines[:_MOST_EXTRA]:
        table.add_row(_text(str(line.number), "dim"), _text(line.text, "dim"))
    if len(lines) > _MOST_EXTRA:
        table.add_row("", _text(f"and {_count(lines[_MOST_EXTRA:])} more", "dim"))
    console.print(table)


def _cells(row: _Row) -> tuple[str, Text, str, Text]:
    wrong = "red" if row.fault else ""
    expected, actual = _text("(not in the guide)", "dim"), _text("(missing)", wrong)
    if row.expected:
        expected = _text(row.expected.text, wrong)
    if row.actual:
        actual = _text(row.actual.text, wrong or ("" if row.expected else "dim"))
    left, right = (str(line.number) if line else "" for line in (row.expected, row.actual))
    return left, expected, right, actual


def _skipped(count: int) -> Text:
    return _text(f"... {count} more", "dim")


def _count(lines: Sequence[object]) -> str:
    return f"{len(lines)} line" if len(lines) == 1 else f"{len(lines)} lines"


def _text(content: str, style: str = "") -> Text:
    """Text as it is: square brackets are no markup, and control characters cannot reach the terminal."""
    from rich.text import Text

    return Text(visible(content.replace("\t", "  ")), style=style)
