"""A run as text: lanes with what happens on them, who lists whom, and the log, all for one moment.

Nothing here knows about terminals; :mod:`wkasim.view.stepper` shows these lines and moves the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field

from wkasim.logs.formats import LogFormat
from wkasim.sim.journal import Record
from wkasim.view.layout import QUIET_US, ROUTINE, duration_text
from wkasim.view.run import Run
from wkasim.view.story import Story, story_of
from wkasim.view.words import line_words, named

__all__ = ["TextView"]

_CLOCK: Final = 12
_BARS: Final = {"initialised": "┃", "resumed": "┃", "starting": "╎", "waiting": "┊", "paused": "░", "failed": "x"}
_NARROW: Final = 40
"""Columns below which a list of members has no room for states in words."""


@define
class TextView:
    """The rows of a run, and what is known at each of them. ``rows`` are positions in the journal."""

    run: Run
    rows: list[int] = field(init=False, factory=list)
    story: Story = field(init=False)
    owners: Mapping[str, str] = field(init=False)
    _look: LogFormat = field(init=False, factory=LogFormat)

    def __attrs_post_init__(self) -> None:
        self.story = story_of(self.run.records, self.run.nodes)
        self.owners = {node.address: node.name for node in self.run.nodes if node.address}
        self.rows = [index for index, record in enumerate(self.run.records) if self._is_shown(record)]

    def _is_shown(self, record: Record) -> bool:
        if record[1] == "log":
            return self._look.shows(record)
        return record[1] not in ROUTINE and record[1] != "deliver"

    # Lanes

    def header(self, width: int) -> str:
        """The names of the nodes above their lanes."""
        lane = self._lane(width)
        return " " * _CLOCK + "".join(f"{_short(node.name, lane - 1):<{lane}}" for node in self.run.nodes)

    def lanes(self, row: int, height: int, width: int) -> list[str]:
        """The rows around the cursor, oldest first; the cursor's own begins with ``>``."""
        first = max(0, min(row - height // 2, len(self.rows) - height))
        lines = []
        states = self.states(self.rows[first] - 1 if self.rows else -1)
        for place in range(first, min(first + height, len(self.rows))):
            index = self.rows[place]
            record = self.run.records[index]
            if record[1] == "state":
                states[record[2]] = record[4]
            mark = ">" if place == row else " "
            lines.append(f"{mark}{record[0] / 1e6:9.3f}s {self._lane_text(index, record, states, width)}".rstrip())
        return lines

    def _lane(self, width: int) -> int:
        return max(3, min(26, (width - _CLOCK) // max(1, len(self.run.nodes))))

    def _lane_text(self, index: int, record: Record, states: Mapping[str, str], width: int) -> str:
        lane = self._lane(width)
        cells = list(" " * (width - _CLOCK))
        places = {node.name: number * lane for number, node in enumerate(self.run.nodes)}
        for name, place in places.items():
            if place < len(cells):
                cells[place] = _BARS.get(states.get(name, ""), "·")
        words = named(line_words(index, record, self.owners, self.story), self.owners)
        if record[1] in ("send", "drop") and record[2] in places:
            return _cut(self._arrow(record, places, cells), width - _CLOCK)
        if record[1] == "step":
            return f"── {words} ".ljust(width - _CLOCK, "─")
        begin = places.get(record[2], 0) + 2
        return "".join(cells[:begin]) + _cut(words.partition("\n")[0], width - _CLOCK - begin)

    def _arrow(self, record: Record, places: Mapping[str, int], cells: list[str]) -> str:
        begin = places[record[2]]
        label, target = record[5], self.owners.get(record[6], "")
        end = places.get(target, begin + 12)
        low, high = min(begin, end) + 1, max(begin, end)
        names = " ".join(self.owners.get(part, part) for part in str(record[7]).split()) if record[1] == "send" else ""
        words = f"{label} {names}".strip() if label.startswith("MEMBER_") else label
        words = f"{words} LOST" if record[1] == "drop" else words
        cells[low:high] = ["─"] * len(cells[low:high])
        if high > low:
            cells[high - 1 if end > begin else low] = "x" if record[1] == "drop" else "▶" if end > begin else "◀"
        inside = f" {words} "
        if len(inside) <= high - low - 2:
            at = low + (high - low - len(inside)) // 2
            cells[at : at + len(inside)] = list(inside)
            return "".join(cells)
        return f"{''.join(cells[: high + 1])} {words}"

    # What is known at a moment

    def states(self, upto: int) -> dict[str, str]:
        """The state of every node after a record."""
        states: dict[str, str] = {}
        for record in self.run.records[: upto + 1]:
            if record[1] == "state":
                states[record[2]] = record[4]
        return states

    def members(self, row: int, width: int = 80) -> list[str]:
        """Who lists whom at a row, a line a node; what the row itself changes is marked.

        Where there is little room, the sign of a node's bar stands for its state.
        """
        upto = self.rows[row] if self.rows else -1
        lists = self._lists(upto)
        states = self.states(upto)
        change = self.run.records[upto] if upto >= 0 else ()
        lines = []
        for node in self.run.nodes:
            names = [self.owners.get(member, member) for member in lists.get(node.name, [])]
            marked = change[:1] and change[1] == "view" and change[2] == node.name
            note = f"   <- {line_words(upto, change, self.owners, self.story)}" if marked else ""
            state = states.get(node.name, "stopped")
            if width < _NARROW:
                sign = "<" if marked else " "
                lines.append(f"{_BARS.get(state, '·')} {_short(node.name, 10)}{sign} {' '.join(names) or '-'}")
            else:
                lines.append(f"{node.name:<12} {state:<12} {' '.join(names) or '-'}{note}")
        return lines

    def _lists(self, upto: int) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = {}
        for record in self.run.records[: upto + 1]:
            if record[1] == "state" and record[4] in ("starting", "stopped", "failed"):
                lists[record[2]] = []
            elif record[1] == "view":
                members = lists.setdefault(record[2], [])
                if record[4] == "added":
                    members.append(record[5])
                elif record[5] in members:
                    members.remove(record[5])
        return lists

    def log(self, row: int, count: int, width: int = 1000) -> list[str]:
        """The last log lines up to a row, each cut to a width, so that the newest is always to be seen."""
        lines: list[str] = []
        for index in reversed(self.rows[: row + 1]):
            record = self.run.records[index]
            if record[1] == "log":
                text = self._look.render(record).replace("\n", " ")
                lines.append(_cut(f"{record[0] / 1e6:9.3f}s {_short(record[2], 10):<10} {text}", width))
                if len(lines) == count:
                    break
        return lines[::-1]

    def now(self, row: int) -> str:
        """The row in words, with the time since the one before."""
        if not self.rows:
            return "nothing happened"
        index = self.rows[row]
        record = self.run.records[index]
        passed = record[0] - self.run.records[self.rows[row - 1]][0] if row else 0
        later = f", {duration_text(passed)} later" if passed > QUIET_US else ""
        words = line_words(index, record, self.owners, self.story)
        return f"{record[0] / 1e6:.6f} s{later}: {record[2]} {words}".replace("  ", " ")

    # Moving

    def next_of(self, row: int, kinds: Sequence[str], step: int = 1) -> int:
        """The next row of one of these kinds, or the same row if there is none."""
        place = row + step
        while 0 <= place < len(self.rows):
            if self.run.records[self.rows[place]][1] in kinds:
                return place
            place += step
        return row

    def row_at(self, time_us: int) -> int:
        """The last row at or before a time."""
        return max((place for place, index in self._times() if index <= time_us), default=0)

    def _times(self) -> Iterator[tuple[int, int]]:
        for place, index in enumerate(self.rows):
            yield place, self.run.records[index][0]


def _short(name: str, room: int) -> str:
    """A name in little room; its end stays, for names of nodes often differ there only."""
    if len(name) <= room:
        return name
    return f"{name[: max(0, room - 2)]}…{name[-1]}" if room > 1 else name[-1]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(0, room - 1)]}…"
