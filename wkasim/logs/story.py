"""The story of a cluster, out of the logs of its nodes: lives, who knew whom, who was alone, how the clocks differ."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from heapq import merge
from itertools import chain
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Final

from attrs import define, field

from wkasim.logs.files import in_order_of_time, stem_of
from wkasim.logs.life import Life, address_of, lives_of
from wkasim.logs.line import LogLine
from wkasim.logs.stream import Progress, read_known

__all__ = ["Story", "read_story"]

_MOST_LIVES: Final = 200
"""Lives of a node that are kept, the first and the last half of these."""

_SENT: Final = ("sending_join", "sending_initialization_request")
_RECEIVED: Final = ("join_received", "initialization_request_received")
_MOST_MESSAGES: Final = 30
"""Messages between two nodes by which their clocks are compared."""

_SKEW_LIMIT: Final = timedelta(seconds=2)
"""Clocks that differ by less are taken for equal; messages take that long."""


@define(eq=False)
class Story:
    """All lives of all nodes, none of which changes any more.

    ``left_out`` counts by node the lives in the middle that were too many to be kept. ``skew`` is what is added to a
    node's clock to get that of the first node.
    """

    lives: list[Life]
    left_out: dict[str, int] = field(factory=dict)
    skew: dict[str, timedelta] = field(factory=dict)

    @cached_property
    def _of_node(self) -> dict[str, list[Life]]:
        found: dict[str, list[Life]] = {}
        for life in self.lives:
            found.setdefault(life.node, []).append(life)
        return found

    @cached_property
    def _told(self) -> dict[str | None, list[Life]]:
        found: dict[str | None, list[Life]] = {}
        for life in self.lives:
            found.setdefault(life.address, []).append(life)
        return found

    @cached_property
    def _likely(self) -> dict[str | None, list[Life]]:
        found: dict[str | None, list[Life]] = {}
        for life in self.lives:
            found.setdefault(life.likely_address, []).append(life)
        return found

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes."""
        return list(self._of_node)

    def of(self, node: str) -> list[Life]:
        """The lives of a node, in order."""
        return self._of_node[node]

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
        found = self._likely.get(address, [])
        if time is None:
            return found
        return [life for life in found if (begin := self.begin(life)) is None or begin <= time]

    def name(self, address: str) -> str:
        """The node at an address, or the address."""
        lives = self._told.get(address) or self._likely.get(address, [])
        names = list(dict.fromkeys(life.node for life in lives))
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


def read_story(files: dict[str, list[Path]], on_progress: Callable[[Path, Progress], None] | None = None) -> Story:
    """Read all logs; raises InputError if one cannot be read. The files of one node are put in order by their times."""
    lives: list[Life] = []
    left_out: dict[str, int] = {}
    for node, paths in files.items():
        first: list[Life] = []
        latest: deque[Life] = deque(maxlen=_MOST_LIVES // 2)
        for life in lives_of(node, _lines_of(paths, on_progress)):
            if len(first) < _MOST_LIVES // 2:
                first.append(life)
            else:
                latest.append(life)
        lives += [*first, *latest]
        if latest and (gap := latest[0].number - first[-1].number - 1):
            left_out[node] = gap
    story = Story(lives, left_out)
    story.skew = _skews(story)
    return story


def _lines_of(paths: list[Path], on_progress: Callable[[Path, Progress], None] | None) -> Iterator[LogLine]:
    """The known lines of one node, one rotated file after another."""
    logs: dict[str, list[Path]] = {}
    for path in paths:
        logs.setdefault(stem_of(path), []).append(path)
    streams = [
        chain.from_iterable(read_known(path, str(path), _reporting(on_progress, path)) for path in rotated)
        for rotated in map(in_order_of_time, logs.values())
    ]
    return streams[0] if len(streams) == 1 else _merged(streams)


def _merged(streams: Iterable[Iterator[LogLine]]) -> Iterator[LogLine]:
    """What one server wrote into several logs, by time; a line that is in several of them once."""
    moment, seen = datetime.min, set[tuple[str, str]]()  # noqa: DTZ901 - logs name no zone
    for time, line in merge(*map(_timed, streams), key=itemgetter(0)):
        if time != moment:
            moment, seen = time, set()
        text = line.component, line.message
        if line.time is None or text not in seen:
            seen.add(text)
            yield line


def _timed(lines: Iterable[LogLine]) -> Iterator[tuple[datetime, LogLine]]:
    """Each line with its time, or that of the line before if it has none."""
    latest = datetime.min  # noqa: DTZ901 - logs name no zone
    for line in lines:
        latest = line.time if line.time is not None else latest
        yield latest, line


def _reporting(on_progress: Callable[[Path, Progress], None] | None, path: Path) -> Callable[[Progress], None] | None:
    return None if on_progress is None else lambda progress: on_progress(path, progress)


def _skews(story: Story) -> dict[str, timedelta]:
    """How far the clocks are apart: a JOIN or a request for the configuration is received soon after it is sent."""
    sent: dict[str, list[datetime]] = {}
    received: dict[tuple[str, str], list[datetime]] = {}
    for life in story.lives:
        sent.setdefault(life.node, []).extend(line.time for line in life.all(*_SENT) if line.time is not None)
        for line in life.all(*_RECEIVED):
            senders = {sender.node for sender in story.at_address(address_of(line.params["member"]))} - {life.node}
            # An address that two nodes claim tells nothing.
            if len(senders) == 1 and line.time is not None:
                received.setdefault((life.node, senders.pop()), []).append(line.time)
    links: dict[str, list[tuple[str, timedelta]]] = {}
    for (receiver, sender), times in received.items():
        by = _difference(sorted(sent[sender]), sorted(times)[:_MOST_MESSAGES])
        if by is not None:
            # Added to the receiver's clock this gives the sender's.
            links.setdefault(sender, []).append((receiver, by))
            links.setdefault(receiver, []).append((sender, -by))
    return _spread(story.nodes, links)


def _difference(sent: Sequence[datetime], received: Sequence[datetime]) -> timedelta | None:
    """What makes most of the times received those of something sent, the smallest such; None if nothing does."""
    tried = sorted({timedelta(), *(one - other for one in sent[:_MOST_MESSAGES] for other in received)}, key=abs)
    best = max(tried, key=lambda by: sum(_is_near(sent, time + by) for time in received), default=timedelta())
    gaps = [min((one - time for one in sent), key=lambda gap: abs(gap - best)) for time in received if sent]
    near = [gap.total_seconds() for gap in gaps if abs(gap - best) < _SKEW_LIMIT]
    return timedelta(seconds=median(near)) if len(near) * 2 > len(received) else None


def _is_near(times: Sequence[datetime], time: datetime) -> bool:
    at = bisect_left(times, time - _SKEW_LIMIT)
    return at < len(times) and times[at] - time < _SKEW_LIMIT


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
