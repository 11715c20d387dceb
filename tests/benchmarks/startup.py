"""What a user of the shell waits for: CPU time of `wkasim --help` and of the guide's scenario, from start to end.

`python -m tests.benchmarks.startup` prints both.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["COMMANDS", "cpu_s", "table"]

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "wkasim --help": ("--help",),
    "wkasim run esb-cluster": ("run", "esb-cluster"),
}
AIMS_S: Final = {"wkasim --help": 0.3, "wkasim run esb-cluster": 1.0}
ROOT: Final = Path(__file__).parents[2]


def cpu_s(command: str, repeat: int = 5) -> float:
    """CPU seconds of a command in a process of its own: the median."""
    times = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "wkasim", *COMMANDS[command]], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return statistics.median(times)


def table(repeat: int = 5) -> str:
    """For people."""
    lines = [f"{'command':<24}{'CPU s':>8}{'aim':>8}"]
    lines += [f"{command:<24}{cpu_s(command, repeat):>8.2f}{AIMS_S[command]:>8.1f}" for command in COMMANDS]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
