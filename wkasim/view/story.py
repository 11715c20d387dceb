"""What a journal tells only between its lines: who told whom, who noticed first, who is being admitted.

Each finding is tied to the record that it explains, so that every view can say it at the right moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import define, field, frozen

from wkasim.sim.journal import Record
from wkasim.view.run import ViewNode

__all__ = ["Admission", "Story", "story_of"]

_CARRIERS: Final = {"member_list": "MEMBER_LIST", "member_joined": "MEMBER_JOINED"}
"""Which message brings what a ``view`` record's cause names."""


@frozen
class Admission:
    """A load balancer tests a member and waits before it sends requests there; ``end`` is None if that goes on.

    ``begin`` and ``end`` are positions in the journal; the outcome is admitted, rejected or left.
    """

    node: str
    member: str
    begin: int
    end: int | None
    outcome: str


@define
class Story:
    """Findings by the position of their record in the journal.

    ``tellers``: who told a node of the member that it adds, and with which message's record. ``noticed``: when a node
    drops a member, its place among those who drop it (1 noticed first) and the microseconds since that member ended.
    """

    tellers: dict[int, tuple[str, int]] = field(factory=dict)
    noticed: dict[int, tuple[int, int]] = field(factory=dict)
    admissions: list[Admission] = field(factory=list)


def story_of(records: Sequence[Record], nodes: Iterable[ViewNode]) -> Story:
    """Read the story out of a journal in one pass."""
    reader = _Reader({node.address: node.name for node in nodes if node.address})
    for index, record in enumerate(records):
        reader.read(index, record)
    reader.story.admissions += [Admission(*key, begin, None, "waiting") for key, begin in reader.waiting.items()]
    return reader.story


@define
class _Reader:
    owners: dict[str, str]
    story: Story = field(factory=Story)
    waiting: dict[tuple[str, str], int] = field(factory=dict)
    _sent: dict[int, tuple[str, str, int]] = field(factory=dict)
    _heard: dict[tuple[str, str], tuple[str, str, int]] = field(factory=dict)
    _ended: dict[str, int] = field(factory=dict)
    _drops: dict[str, set[str]] = field(factory=dict)

    def read(self, index: int, record: Record) -> None:
        """Take in one record."""
        match record[1]:
            case "send":
                self._sent[record[4]] = (record[2], record[7], index)
            case "deliver":
                self._delivered(record)
            case "state":
                self._state(record, index)
            case "view":
                self._view(record, index)
            case "log" if record[4] == "joined_group":
                self._begins(record, index)
            case "group":
                self._group(record, index)

    def _delivered(self, record: Record) -> None:
        sender, detail, index = self._sent.get(record[4], (record[6], "", -1))
        label = record[5].partition(" ")[0]
        if label not in _CARRIERS.values():
            return
        for address in (*detail.split(), *self._addresses(sender)):
            self._heard[record[2], f"{label} {address}"] = (sender, label, index)

    def _addresses(self, name: str) -> list[str]:
        return [address for address, owner in self.owners.items() if owner == name]

    def _state(self, record: Record, index: int) -> None:
        time_us, _, node, _, state, _ = record
        if state in ("stopped", "failed"):
            self._ended[node] = time_us
            self._drops[node] = set()
            for key in [key for key in self.waiting if key[0] == node]:
                self.story.admissions.append(Admission(*key, self.waiting.pop(key), index, "left"))
        elif state == "starting":
            self._ended.pop(node, None)

    def _view(self, record: Record, index: int) -> None:
        time_us, _, node, _, change, address, cause = record
        if change == "added" and cause in _CARRIERS:
            told = self._heard.get((node, f"{_CARRIERS[cause]} {address}"))
            if told is not None:
                self.story.tellers[index] = (told[0], told[2])
        if change == "removed":
            owner = self.owners.get(address, "")
            if owner in self._ended and node not in self._drops[owner]:
                self._drops[owner].add(node)
                self.story.noticed[index] = (len(self._drops[owner]), time_us - self._ended[owner])
            self._over(node, address, index, "left")

    def _begins(self, record: Record, index: int) -> None:
        params = dict(zip(record[7][::2], record[7][1::2], strict=True))
        self.waiting[record[2], str(params.get("member", "")).partition("(")[0]] = index

    def _group(self, record: Record, index: int) -> None:
        outcome = "left" if record[4] == "dismissed" else str(record[4])
        self._over(record[2], record[5], index, outcome)

    def _over(self, node: str, address: str, index: int, outcome: str) -> None:
        begin = self.waiting.pop((node, address), None)
        if begin is not None:
            self.story.admissions.append(Admission(node, address, begin, index, outcome))
