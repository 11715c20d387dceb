"""How the cost of a simulation grows with the cluster: `python -m tests.benchmarks.growth [NODES ...]`.

N nodes in the profile documented join 20 ms apart through the first two, which know each other; the run ends when the
last is initialised. Every join is told to all, so the messages grow with the square of N. Each size runs in a process
of its own, whose peak memory is that of the size.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

from wkasim.node.config import NodeConfig
from wkasim.sim.cluster import Cluster

__all__ = ["Cost", "join_cascade", "measure"]

APART_S: Final = 0.02
SIZES: Final = (50, 100, 200)
ROOT: Final = Path(__file__).parents[2]


@frozen(kw_only=True)
class Cost:
    """What the joining of so many nodes took; ``virtual_s`` is the cluster's time, ``cpu_s`` ours."""

    nodes: int
    virtual_s: float
    cpu_s: float
    deliveries: int
    probes: int
    peak_mb: float

    @property
    def per_event_us(self) -> float:
        """CPU time for each message delivered and each probe, everything else included.

        A cluster that takes longer to join is probed more often; 1000 nodes are probed as often as they get messages.
        """
        return self.cpu_s / (self.deliveries + self.probes) * 1e6

    @property
    def row(self) -> str:
        """A line of the table."""
        return (
            f"{self.nodes:>6}{self.virtual_s:>11.1f}{self.cpu_s:>9.2f}{self.deliveries:>12,}{self.probes:>11,}"
            f"{self.per_event_us:>14.1f}{self.peak_mb:>11.0f}"
        )


HEADER: Final = (
    f"{'nodes':>6}{'virtual s':>11}{'CPU s':>9}{'deliveries':>12}{'probes':>11}{'us per event':>14}{'peak MB':>11}"
)


def join_cascade(nodes: int) -> Cost:
    """Let the nodes join, in this process."""
    cluster = Cluster(profile="documented", seed=1)
    addresses = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(nodes)]
    well_known = tuple((address, 4000) for address in addresses[:2])
    for number, address in enumerate(addresses):
        cluster.add_node(NodeConfig(name=f"n{number}", host=address, well_known_members=well_known, start_delay_s=0.0))
    last = cluster.node(f"n{nodes - 1}")
    began = time.process_time()
    for name in cluster.nodes:
        cluster.start(name)
        cluster.run_for(APART_S)
    assert cluster.run_until(lambda: last.initialised, 600)
    cpu_s = time.process_time() - began
    network = cluster.network
    cost = Cost(
        nodes=nodes,
        virtual_s=cluster.now_s,
        cpu_s=cpu_s,
        deliveries=network.deliveries,
        probes=network.probes,
        peak_mb=peak_mb(),
    )
    cluster.close()
    return cost


def peak_mb() -> float:
    """The most memory that this process has had, and not what its parent had when it was forked."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(nodes: int, repeat: int = 1) -> Cost:
    """Let the nodes join in a process of its own; of several times, the one with the least CPU time."""
    costs = []
    for _ in range(repeat):
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.growth", "--json", str(nodes)],
            cwd=ROOT,
            env={**os.environ, "PYTHONTRACEMALLOC": "0"},
            check=True,
            capture_output=True,
            text=True,
        )
        costs.append(Cost(**json.loads(done.stdout)))
    return min(costs, key=lambda cost: cost.cpu_s)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--json"]:
        print(json.dumps(asdict(join_cascade(int(sys.argv[2])))))
    else:
        print(HEADER)
        for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
            print(measure(size).row, flush=True)
