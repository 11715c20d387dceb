"""All figures of docs/performance.md: `python -m tests.benchmarks [NODES ...]`."""

from __future__ import annotations

import sys

from tests.benchmarks import deliveries, growth, startup

print(deliveries.measure(100_000).table(), "", startup.table(), "", growth.HEADER, sep="\n")
for size in [int(argument) for argument in sys.argv[1:]] or growth.SIZES:
    print(growth.measure(size).row, flush=True)
