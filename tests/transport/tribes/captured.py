"""The captured frames, cut apart by arithmetic and not by the decoder under test."""

from __future__ import annotations

from pathlib import Path

CAPTURES = Path(__file__).parents[2] / "captures"


def frames(name: str) -> list[bytes]:
    """The frames of a file, header and trailer included."""
    data = (CAPTURES / f"{name}.bin").read_bytes()
    found = []
    while data:
        end = 11 + int.from_bytes(data[7:11], "big") + 7
        found.append(data[:end])
        data = data[end:]
    return found


FRAMES = frames("join") + frames("domain-mismatch")
MESSAGES = [frame[11:-7] for frame in FRAMES if len(frame) > 100]
"""The data of the frames that are messages."""
