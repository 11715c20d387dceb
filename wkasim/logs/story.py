"""The story of a cluster, out of the logs of its nodes: lives, who knew whom, who was alone, how the clocks differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from attrs import define, field

from wkasim.errors import InputError
from wkasim.logs.life import Life, address_of, lives_of
from wkasim.logs.line import LogLine
from wkasim.logs.stream import Progress, read_known

__all__ = ["Story", "find_logs", "read_story"]

_ENDING: Final = re.compile(r"\.(?:gz|\d{1,4}|\d{4}-\d\d-\d\d(?:-\d\d)?|log|txt|out)$", re.IGNORECASE)
_USUAL_NAMES: Final = ("wso2carbon", "console", "nohup", "wso2-carbon")
_MOST_FILES: Final = 2000
_SKEW_LIMIT: Final = timedelta(seconds=2)
"""Clocks that differ by less are taken for equal; messages take that long."""


@define(eq=False)
class Story:
    """All lives of all nodes; ``skew`` is what is added to a node's clock to get that of the first node."""

    lives: list[Life]
    files: dict[str, list[str]]
    skew: dict[str, timedelta] = field(factory=dict)

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes."""
        return list(dict.fromkeys(life.node for life in self.lives))

    def of(self, node: str) -> list[Life]:
        """The lives of a node, in order."""
        return [life for life in self.lives if life.node == node]

    def time(self, node: str, time: datetime | None) -> datetime | None:
        """A node's time by the clock of the first node."""
        return None if time is None else time + self.skew.get(node, timedelta())

    def begin(self, life: Life) -> datetime | None:
        """When a life began, by the common clock."""
        return self.time(life.node, life.begin)

    def end(self, life: Life) -> datetime | None:
        """The last line of a life, by the common clock."""
        return self.time(life.node, life.end)

    def last_lives(self) -> list[Life]:
        """The last life of each node."""
        return [self.of(node)[-1] for node in self.nodes]

    def at_address(self, address: str, time: datetime | None = None) -> list[Life]:
        """The lives with an address, of those that had begun by that time if one is given."""
        found = [life for life in self.lives if life.likely_address == address]
        if time is None:
            return found
        return [life for life in found if (begin := self.begin(life)) is None or begin <= time]

    def name(self, address: str) -> str:
        """The node at an address, or the address."""
        names = list(dict.fromkeys(life.node for life in self.lives if life.address == address))
        names = names or list(dict.fromkeys(life.node for life in self.lives if life.likely_address == address))
        return names[0] if len(names) == 1 else address

    def timeline(self) -> Iterator[tuple[datetime | None, Life, LogLine]]:
        """All lines of all nodes in the order of the common clock; lines without a time follow the one before."""
        keyed: list[tuple[datetime, int, Life, LogLine]] = []
        latest = datetime.min  # noqa: DTZ901 - logs name no zone
        for life in self.lives:
            for line in life.lines:
                time = self.time(life.node, line.time)
                latest = time if time is not None else latest
                keyed.append((latest, len(keyed), life, line))
        for time, _, life, line in sorted(keyed, key=lambda item: item[:2]):
            yield None if time == datetime.min else time, life, line  # noqa: DTZ901


def find_logs(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """The log files of each node: ``w2.log`` and ``w2.2.log`` are one node's, and so is what is rotated.

    A directory stands for the logs in it; a log with a usual name, such as wso2carbon.log, has its node's name from its
    directory. Raises InputError for a path without logs.
    """
    files: dict[str, list[Path]] = {}
    problems: list[str] = []
    for path in paths:
        if path.is_dir():
            found = sorted(entry for entry in path.rglob("*") if entry.is_file() and _is_log(entry))
            if not found:
                problems.append(f"{path}: no log in it (expected *.log, *.log.1, *.log.2013-06-20, or these with .gz)")
        elif path.exists():
            found = [path]
        else:
            problems.append(f"{path}: there is no such file")
            continue
        for file in found[:_MOST_FILES]:
            files.setdefault(_node_of(file), []).append(file)
    if problems:
        raise InputError(*problems)
    return files


def _is_log(path: Path) -> bool:
    name = path.name.lower()
    return ".log" in name or name.endswith(".out") or name == "console.txt"


def _node_of(path: Path) -> str:
    name = path.name
    while len(shorter := _ENDING.sub("", name)) < len(name) and shorter:
        name = shorter
    if name.lower() not in _USUAL_NAMES:
        return name
    places = [part.name for part in path.resolve().parents if part.name not in ("logs", "log", "repository")]
    return places[0] if places else name


def read_story(files: dict[str, list[Path]], on_progress: Callable[[Path, Progress], None] | None = None) -> Story:
    """Read all logs; raises InputError if one cannot be read. The files of one node are put in order by their times."""
    lives: list[Life] = []
    for node, paths in files.items():
        per_file: list[list[Life]] = []
        for path in paths:
            report = None if on_progress is None else _reporting(on_progress, path)
            per_file.append(list(lives_of(node, read_known(path, str(path), report))))
        lives += _in_order(per_file)
    story = Story(lives, {node: [str(path) for path in paths] for node, paths in files.items()})
    story.skew = _skews(story)
    return story


def _reporting(on_progress: Callable[[Path, Progress], None], path: Path) -> Callable[[Progress], None]:
    return lambda progress: on_progress(path, progress)


def _in_order(per_file: list[list[Life]]) -> Iterator[Life]:
    """The lives of several files, the earliest file first; what goes on in the next file is one life."""
    never = datetime.max  # noqa: DTZ901 - logs name no zone
    ordered = sorted((lives for lives in per_file if lives), key=lambda lives: lives[0].begin or never)
    merged: list[Life] = []
    for lives in ordered:
        for life in lives:
            goes_on = merged and life is lives[0] and life.started is None and not life.first("cluster_domain")
            if goes_on:
                for line in life.lines:
                    merged[-1].add(line)
            else:
                life.number = len(merged) + 1
                merged.append(life)
    yield from merged


def _skews(story: Story) -> dict[str, timedelta]:
    """How far the clocks are apart: a JOIN is received within a moment of being sent."""
    differences: dict[tuple[str, str], list[timedelta]] = {}
    for receiver in story.lives:
        for line in receiver.all("join_received"):
            for sender in story.at_address(address_of(line.params["member"])):
                if sender.node != receiver.node and line.time is not None:
                    sent = [join.time for join in sender.all("sending_join") if join.time is not None]
                    if sent:
                        nearest = min((time - line.time for time in sent), key=abs)
                        differences.setdefault((receiver.node, sender.node), []).append(nearest)
    links: dict[str, list[tuple[str, timedelta]]] = {}
    for (receiver_name, sender_name), values in differences.items():
        seconds = median(value.total_seconds() for value in values)
        by = timedelta(seconds=seconds)
        # Added to the receiver's clock this gives the sender's.
        links.setdefault(sender_name, []).append((receiver_name, by))
        links.setdefault(receiver_name, []).append((sender_name, -by))
    return _spread(story.nodes, links)


def _spread(nodes: Iterable[str], links: dict[str, list[tuple[str, timedelta]]]) -> dict[str, timedelta]:
    skew: dict[str, timedelta] = {}
    for first in nodes:
        if first in skew:
            continue
        skew[first] = timedelta()
        pending = [first]
        while pending:
            node = pending.pop(0)
            for other, by in links.get(node, ()):
                if other not in skew:
                    skew[other] = skew[node] + by
                    pending.append(other)
    return {node: by if abs(by) >= _SKEW_LIMIT else timedelta() for node, by in skew.items()}
