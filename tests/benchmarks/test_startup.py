"""What a user of the shell waits for, reported; how long that is depends on the machine."""

from __future__ import annotations

from tests.benchmarks.startup import COMMANDS, table


def test_startup_times_are_reported() -> None:
    report = table(repeat=1)
    print(f"\n{report}")
    assert all(command in report for command in COMMANDS)
