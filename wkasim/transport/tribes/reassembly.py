"""One direction of a TCP connection, put in order: what was sent twice once, what came early at its place."""

from __future__ import annotations

import heapq
from typing import Final

from attrs import define, field

from wkasim.transport.tribes.cursor import WireFormatError

__all__ = ["LARGEST_GAP", "Reassembly"]

LARGEST_GAP: Final = 1 << 20
"""How many bytes may wait for a segment that is missing, before it counts as lost."""

_WRAP: Final = 1 << 32


@define(slots=True)
class Reassembly:
    """Takes segments and gives their bytes in order; ``sequence`` is the number of the first byte."""

    sequence: int
    delivered: int = 0
    _early: list[tuple[int, bytes]] = field(init=False, factory=list)
    _early_bytes: int = field(init=False, default=0)

    def take(self, sequence: int, data: bytes) -> bytes:
        """The bytes that this segment completes; WireFormatError if too much waits for a missing segment."""
        if not data:
            return b""
        distance = (sequence - self.sequence - self.delivered) % _WRAP
        if distance >= _WRAP // 2:
            distance -= _WRAP
        if distance > 0:
            self._hold(self.delivered + distance, data)
            return b""
        ready = [data[-distance:]]
        self.delivered += len(ready[0])
        while self._early and self._early[0][0] <= self.delivered:
            at, early = heapq.heappop(self._early)
            self._early_bytes -= len(early)
            ready.append(early[self.delivered - at :])
            self.delivered += len(ready[-1])
        return b"".join(ready)

    def finish(self) -> None:
        """Nothing more comes; raises WireFormatError if a segment is missing."""
        if self._early:
            self._missing()

    def _hold(self, at: int, data: bytes) -> None:
        heapq.heappush(self._early, (at, data))
        self._early_bytes += len(data)
        if self._early_bytes > LARGEST_GAP:
            self._missing()

    def _missing(self) -> None:
        count = self._early[0][0] - self.delivered
        raise WireFormatError(self.delivered, f"{count} bytes are missing in the capture")
