"""Whose turn it is: round robin over a group that changes all the time, and who is left out for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wkasim.members import Member
from wkasim.node.groups import ApplicationKey, application_key

__all__ = ["Rotation", "Suspensions"]


class Suspensions:
    """Members that get no request for a while, because one could not be delivered."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._until_ms: dict[ApplicationKey, int] = {}

    def suspend(self, member: Member, seconds: float) -> None:
        """Leave the member out for that long."""
        self._until_ms[application_key(member)] = self._now_ms() + round(seconds * 1000)

    def is_suspended(self, member: Member) -> bool:
        """Whether the member is left out now."""
        return self._until_ms.get(application_key(member), 0) > self._now_ms()

    def forget(self, member: Member) -> None:
        """The member is gone; who comes back begins anew."""
        self._until_ms.pop(application_key(member), None)


class Rotation:
    """Round robin with one index for each host name.

    Quirk: the index belongs to the host name and not to the group, so two names of one group do not take turns; and it
    is an index into a list that others lengthen and shorten, so a member may be passed over or asked twice.
    """

    def __init__(self, suspensions: Suspensions) -> None:
        self._suspensions = suspensions
        self._indices: dict[str, int] = {}

    def next(self, host: str, members: Sequence[Member]) -> Member | None:
        """The next member that is not suspended; the last one looked at if all are, None if there is nobody."""
        if not members:
            return None
        index = self._indices.get(host, 0)
        if index >= len(members):
            index = 0
        chosen = members[index]
        for _ in range(len(members)):
            chosen = members[index]
            index = (index + 1) % len(members)
            if not self._suspensions.is_suspended(chosen):
                break
        self._indices[host] = index
        return chosen
