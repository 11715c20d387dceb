"""Measures: the numbers that a sweep keeps of one run."""

from __future__ import annotations

from typing import Final

from wkasim.scenario.history import History
from wkasim.scenario.runner import ScenarioRun
from wkasim.sim.journal import Record

__all__ = ["MEASURES", "measure"]

MEASURES: Final = {
    "convergence_s": "from the last start to the first moment at which all live nodes list each other",
    "detection_s": "from the end of a node to the last view that dropped it",
    "messages": "messages sent",
}
"""Name and meaning of each; ``split`` (1 if views disagree at the end) is kept beside them."""


def measure(run: ScenarioRun) -> dict[str, float]:
    """The numbers of one run; what did not happen in it has none."""
    records = run.cluster.journal.records
    history = History(records)
    found = {"messages": float(sum(record[1] == "send" for record in records))}
    started = [us for node in history.nodes.values() for us in node.started_us]
    if started:
        converged_us = history.converged_after_us(max(started))
        if converged_us is not None:
            found["convergence_s"] = (converged_us - max(started)) / 1e6
    if (detection_us := _detection_us(records, history)) is not None:
        found["detection_s"] = detection_us / 1e6
    found["split"] = float(not run.cluster.is_converged())
    return found


def _detection_us(records: list[Record], history: History) -> int | None:
    """How long it took until the last view had dropped a node, at most over all nodes that ended; None if none was."""
    took: list[int] = []
    for node in history.nodes.values():
        for stopped_us in node.stopped_us:
            again = min((us for us in node.started_us if us > stopped_us), default=2**62)
            dropped = [
                record[0]
                for record in records
                if record[1] == "view"
                and record[4] == "removed"
                and record[5] in node.addresses
                and stopped_us <= record[0] < again
            ]
            if dropped:
                took.append(max(dropped) - stopped_us)
    return max(took, default=None)
