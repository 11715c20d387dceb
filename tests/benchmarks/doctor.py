"""What the doctor costs: `python -m tests.benchmarks.doctor [NODES ...]`.

A load balancer, a manager and many workers, four to a host, are written out as configuration files and examined. What
reading and checking take is compared with what the standard library takes only to parse the same XML files.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree

from attrs import frozen

from wkasim.config.cluster import read_cluster
from wkasim.config.examination import examine
from wkasim.config.generator import generate, plan
from wkasim.config.rules.check import find_faults
from wkasim.profile import profile_named

__all__ = ["Cost", "measure"]

SIZES: Final = (50, 100, 200)


@frozen(kw_only=True)
class Cost:
    """CPU seconds for a cluster of so many nodes; ``whole_s``, with the simulation, is 0 where that was left out."""

    nodes: int
    files: int
    parsing_s: float
    checking_s: float
    whole_s: float

    @property
    def times(self) -> float:
        """How many times as long as parsing the files reading and checking them takes."""
        return self.checking_s / self.parsing_s

    @property
    def row(self) -> str:
        """A line of the table."""
        return (
            f"{self.nodes:>6}{self.files:>8}{self.parsing_s:>12.3f}{self.checking_s:>12.3f}{self.times:>8.1f}"
            f"{self.whole_s:>16.2f}"
        )


HEADER: Final = f"{'nodes':>6}{'files':>8}{'parsing s':>12}{'checking s':>12}{'times':>8}{'simulated too s':>16}"


def measure(nodes: int, *, simulated: bool = True) -> Cost:
    """Write a healthy cluster of so many nodes to a folder of its own, and examine it there."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in generate(plan(nodes // 4, nodes - 2)).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        files = sorted(folder.rglob("*.xml"))

        def parse() -> None:
            for file in files:
                ElementTree.parse(file)

        def check() -> None:
            cluster = read_cluster([folder])
            assert len(cluster.nodes) == nodes
            assert find_faults(cluster, profile_named("documented")) == ()

        def examine_all() -> None:
            verdict = examine([folder]).verdict
            assert verdict is not None
            assert verdict.complete

        return Cost(
            nodes=nodes,
            files=len(files),
            parsing_s=_least_s(parse, 5),
            checking_s=_least_s(check, 3),
            whole_s=_least_s(examine_all, 1) if simulated else 0.0,
        )


def _least_s(act: Callable[[], None], repeat: int) -> float:
    costs = []
    for _ in range(repeat):
        began = time.process_time()
        act()
        costs.append(time.process_time() - began)
    return min(costs)


if __name__ == "__main__":
    print(HEADER)
    for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
        print(measure(size).row, flush=True)
