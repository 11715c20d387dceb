"""Recordings made for tests: a timeline of a few lines, with logs or without."""

from __future__ import annotations

from pathlib import Path

CONFORMANCE = Path(__file__).parents[1] / "conformance" / "recordings"
FIRST_LINE = "[2026-11-22 12:00:00,500]  INFO - TribesClusteringAgent Initializing cluster..."
NODE = "domain=D host=127.1.0.1 port=4000"
OTHER = "domain=D host=127.1.0.2 port=4000 wka=127.1.0.1:4000"


def recorded(folder: Path, *actions: str, **logs: str) -> Path:
    """A recording; an action is ``SECONDS WORDS``, and the wall clock begins at noon."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for action in actions:
        seconds, _, words = action.partition(" ")
        whole = int(float(seconds))
        clock = f"12:{whole // 60:02}:{whole % 60:02}.{round(float(seconds) % 1 * 1000):03}"
        lines.append(f"{clock} t+ {float(seconds):7.3f} {words}\n")
    (folder / "timeline.txt").write_text("".join(lines), encoding="utf-8")
    for name, text in logs.items():
        (folder / f"{name}.log").write_text(f"{text}\n", encoding="utf-8")
    return folder
