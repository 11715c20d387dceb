"""The space-time diagram as one SVG file, for documents: the whole run on one sheet, without scripts.

It is drawn on white, whatever surrounds it, and what does not fit is said in the picture.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

from attrs import define, evolve, field

from wkasim.sim.journal import Record
from wkasim.view.layout import Quiet, Row, duration_text, rows_of
from wkasim.view.run import Run
from wkasim.view.story import Story, story_of
from wkasim.view.words import line_words, named

__all__ = ["MOST_ROWS", "svg_page"]

MOST_ROWS: Final = 1500
"""Rows that one sheet shows; the picture says when there were more."""

_AXIS: Final = 84
_HEAD: Final = 78
_LINE: Final = 13
"""Points between the lines of one text."""
_CHARACTER: Final = 6.1
_BOLD_CHARACTER: Final = 7.0
"""Widths of a character of the small texts; wider than most, for fonts differ."""
_TEXT_ROOM: Final = 460
_MOST_LINES: Final = 3
_COLOURS: Final = {
    "JOIN": "#b35900",
    "MEMBER_LIST": "#0072b2",
    "MEMBER_JOINED": "#00795a",
    "GET_CONFIGURATION": "#a8457f",
    "GET_CONFIGURATION_RESPONSE": "#a8457f",
}
_GREY: Final = "#6b7280"
_GOOD: Final = "#00795a"
_BAD: Final = "#b8410a"
_STATES: Final = {
    "starting": ("#bfe3f7", "#56b4e9"),
    "waiting": ("#f6e2b0", "#b37a00"),
    "initialised": ("#00795a", "#00795a"),
    "resumed": ("#00795a", "#00795a"),
    "paused": ("#d3d8de", "#5b6570"),
}


def svg_page(run: Run, title: str | None = None) -> str:
    """The run as an SVG document."""
    return _Sheet(run, title or run.title).drawn()


@define
class _Sheet:
    run: Run
    title: str
    lane_width: float = field(init=False)
    x: Mapping[str, float] = field(init=False)
    y: dict[int, float] = field(init=False, factory=dict)
    quiets: list[Quiet] = field(init=False, factory=list)
    rows: list[Row] = field(init=False, factory=list)
    story: Story = field(init=False)
    left_out: int = field(init=False, default=0)
    owners: Mapping[str, str] = field(init=False)
    texts: dict[int, list[str]] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        count = max(1, len(self.run.nodes))
        self.lane_width = 270 if count <= 6 else max(36, 1400 / count)
        inset = 34 if self.lane_width > 100 else self.lane_width / 2
        self.x = {node.name: _AXIS + lane * self.lane_width + inset for lane, node in enumerate(self.run.nodes)}
        self.owners = {node.address: node.name for node in self.run.nodes if node.address}
        self.story = story_of(self.run.records, self.run.nodes)
        lower = _HEAD  # by the head, and by what texts of several lines took
        for placed in rows_of(self.run.records):
            if isinstance(placed, Quiet):
                if not self.left_out:
                    self.quiets.append(evolve(placed, y=placed.y + lower))
            elif len(self.rows) == MOST_ROWS:
                self.left_out += 1
            else:
                if self.run.records[placed.index][1] == "send":
                    lower += 6  # the text that stands above its arrow
                row = evolve(placed, y=placed.y + lower)
                self.rows.append(row)
                self.y[row.index] = row.y
                self.texts[row.index] = self._text_of(row.index)
                lower += _LINE * max(0, len(self.texts[row.index]) - 1)

    @property
    def width(self) -> float:
        return _AXIS + max(1, len(self.run.nodes)) * self.lane_width + (130 if self.lane_width > 100 else 20)

    @property
    def height(self) -> float:
        if not self.rows:
            return _HEAD + 70
        row = self.rows[-1]
        return row.y + _LINE * max(0, len(self.texts[row.index]) - 1) + 70

    def drawn(self) -> str:
        """All of it."""
        width, height = round(self.width), round(self.height)
        size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" role="img">',
            f"<title>{_safe(self.title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            self._text(12, 18, self.title, size=15, weight=700),
            *self._hosts(),
            *self._lanes(),
            *self._bars(),
            *self._folds(),
            *self._messages(),
            *self._marks(),
            *self._foot(),
            "</svg>\n",
        ]
        return "\n".join(parts)

    def _text(
        self, x: float, y: float, text: str, *, size: float = 11.5, weight: int = 400, fill: str = "#1c2126",
        anchor: str = "start", degrees: float = 0,
    ) -> str:  # fmt: skip
        turned = f' transform="rotate({degrees:.2f} {x:.1f} {y:.1f})"' if degrees else ""
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{fill}" '
            f'text-anchor="{anchor}" paint-order="stroke" stroke="#ffffff" stroke-width="3" '
            f'stroke-linejoin="round"{turned}>{_safe(text)}</text>'
        )

    def _hosts(self) -> Iterator[str]:
        """The host above the lanes of its nodes."""
        if self.lane_width <= 100:
            return
        for host, group in groupby(self.run.nodes, key=lambda node: node.host):
            nodes = list(group)
            left = self.x[nodes[0].name] - 8
            width = len(nodes) * self.lane_width - 20
            yield self._text(left, 36, self._clip(host, width), size=11, fill="#5b6570")
            yield f'<line x1="{left:.1f}" x2="{left + width:.1f}" y1="41" y2="41" stroke="#d3d8de" stroke-width="2"/>'

    def _lanes(self) -> Iterator[str]:
        for node in self.run.nodes:
            x = self.x[node.name]
            yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_HEAD}" y2="{self.height - 30:.0f}" stroke="#d3d8de"/>'
            yield self._text(x - 8, 56, self._clip(node.name, self.lane_width), size=13, weight=700)
            if self.lane_width > 100:
                yield self._text(x - 8, 70, f"{node.role} {node.address}".strip(), size=11, fill="#5b6570")

    def _folds(self) -> Iterator[str]:
        for quiet in self.quiets:
            y = quiet.y
            yield f'<rect x="0" y="{y:.1f}" width="{self.width:.0f}" height="28" fill="#eceff2"/>'
            words = f"{duration_text(quiet.length_us)} without anything new"
            yield self._text(_AXIS + 4, y + 18, words, size=11, fill="#5b6570")

    def _bars(self) -> Iterator[str]:
        since: dict[str, tuple[str, float]] = {}
        for index, record in enumerate(self.run.records):
            if record[1] == "state" and index in self.y:
                if record[2] in since:
                    yield self._bar(record[2], *since[record[2]], self.y[index])
                since[record[2]] = (record[4], self.y[index])
        for node, (state, begin) in since.items():
            yield self._bar(node, state, begin, self.height - 40)

    def _bar(self, node: str, state: str, begin: float, end: float) -> str:
        if state not in _STATES or node not in self.x:
            return ""
        fill, stroke = _STATES[state]
        return (
            f'<rect x="{self.x[node] - 5:.1f}" y="{begin:.1f}" width="10" height="{max(1.0, end - begin):.1f}" rx="2" '
            f'fill="{fill}" stroke="{stroke}"/>'
        )

    def _messages(self) -> Iterator[str]:
        sent: dict[int, tuple[int, Record]] = {}
        for index, record in enumerate(self.run.records):
            if record[1] == "send":
                sent[record[4]] = (index, record)
            elif record[1] in ("deliver", "drop") and record[4] in sent:
                begin, send = sent[record[4]]
                if begin in self.y and index in self.y:
                    yield from self._arrow(send, self.y[begin], record, self.y[index])

    def _arrow(self, send: Record, y1: float, end: Record, y2: float) -> Iterator[str]:
        target = end[2] if end[1] == "deliver" else self.owners.get(send[6], "")
        if send[2] not in self.x:
            return
        x1 = self.x[send[2]]
        x2 = self.x.get(target, x1 + self.lane_width * 0.6)
        label = send[5]
        colour = _COLOURS.get(label.partition(" ")[0], _GREY)
        dash = ' stroke-dasharray="5 4"' if label.endswith(" reply") else ""
        lost = end[1] == "drop"
        if lost:
            x2 = x1 + (x2 - x1) * 0.6
        line = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        yield f'<line {line} stroke="{colour}" stroke-width="1.8"{dash}/>'
        if lost:
            yield f'<path d="M{x2 - 5:.1f} {y2 - 5:.1f}l10 10m0-10l-10 10" stroke="{_BAD}" stroke-width="3"/>'
        else:
            back = -8 if x2 > x1 else 8
            yield f'<path d="M{x2:.1f} {y2:.1f}l{back} -5l0 8Z" fill="{colour}"/>'
        if self.lane_width > 60:
            names = " ".join(self.owners.get(part, part) for part in send[7].split())
            content = f": {names}" if label.startswith("MEMBER_") and names else ""
            words = self._clip(label + content, abs(x2 - x1) - 24, _BOLD_CHARACTER)
            # Along the arrow and above it, so that it never lies on its own line.
            slope = math.atan((y2 - y1) / (x2 - x1)) if x2 != x1 else 0.0
            x, y = (x1 + x2) / 2 + 5 * math.sin(slope), (y1 + y2) / 2 - 5 * math.cos(slope)
            yield self._text(
                x, y, words, size=11, weight=600, fill=colour, anchor="middle", degrees=math.degrees(slope)
            )

    def _marks(self) -> Iterator[str]:
        last = -100.0
        for row in self.rows:
            record = self.run.records[row.index]
            y = row.y
            if y - last >= 32:
                yield self._text(_AXIS - 12, y + 4, f"{record[0] / 1e6:.3f} s", size=11, fill="#5b6570", anchor="end")
                last = y
            yield from self._mark(row.index, record, y)

    def _mark(self, index: int, record: Record, y: float) -> Iterator[str]:
        kind = record[1]
        if kind == "step":
            yield f'<rect x="{_AXIS - 8}" y="{y - 8:.1f}" width="{self.width - _AXIS:.0f}" height="16" fill="#e3f0fa"/>'
            yield self._text(_AXIS - 2, y + 4, line_words(index, record, self.owners, self.story), weight=700)
        elif kind not in ("send", "deliver", "drop") and record[2] in self.x:
            x = self.x[record[2]]
            colour = "#5b6570" if kind == "log" else _BAD if "removed" in record or "stopped" in record else _GOOD
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}" stroke="#ffffff"/>'
            weight = 400 if kind == "log" else 700
            for place, words in enumerate(self.texts[index]):
                yield self._text(x + 10, y + 4 + place * _LINE, words, size=11, weight=weight, fill=colour)

    def _text_of(self, index: int) -> list[str]:
        """The lines of text beside a mark; what is too long even for several of them is cut."""
        record = self.run.records[index]
        if self.lane_width <= 100 or record[2] not in self.x or record[1] in ("step", "send", "deliver", "drop"):
            return []
        words = named(line_words(index, record, self.owners, self.story), self.owners).partition("\n")[0]
        room = min(self.width - self.x[record[2]] - 16, _TEXT_ROOM)
        width = int(room / (_CHARACTER if record[1] == "log" else _BOLD_CHARACTER))
        most = width * (_MOST_LINES + 1)  # so much of a line of a megabyte, and enough to see that it is cut
        return textwrap.wrap(words[:most], width, max_lines=_MOST_LINES, placeholder="…")

    def _foot(self) -> Iterator[str]:
        words = list(self.run.warnings)
        if self.left_out:
            words.append(f"left out: {self.left_out} later rows; {MOST_ROWS} fit on a sheet")
        if self.lane_width <= 100:
            words.append("left out: texts beside the lanes, which are too narrow")
        words.append("left out: timers, probes, ports and log lines that are hidden by default")
        yield self._text(12, self.height - 12, "; ".join(words), size=11, fill="#5b6570")

    def _clip(self, text: str, room: float, character: float = _CHARACTER) -> str:
        most = max(3, int(room / character))
        return text if len(text) <= most else f"{text[: most - 1]}…"


_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _safe(text: str) -> str:
    """Text for XML: escaped, and without the characters that XML cannot hold."""
    return escape(_NOT_IN_XML.sub("\ufffd", text))
