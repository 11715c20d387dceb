"""What is asked of the simulation: scores to reach, and how alike two runs of the real code are.

``REAL`` is the mean score of a real run against another real run of the same scenario, over all pairs. A simulation
need not be more alike to a recording than a second recording is. The recordings ``*_debug`` are repetitions of
the scenario before the ending.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

__all__ = [
    "MEAN_ALLOWANCE",
    "RACES",
    "REAL",
    "RECORDINGS",
    "SEEDS",
    "SHORTFALLS",
    "Shortfall",
    "scenario_of",
    "target_of",
]

RECORDINGS: Final = tuple(sorted((Path(__file__).parent / "recordings").glob("*/*")))
SEEDS: Final = 20
RACE_SEEDS: Final = 200

_TARGETS: Final = (
    (("s01", "s03", "s08", "s09"), 0.97),
    (("s04", "s05"), 0.94),
    (("s06",), 0.92),
    (("s07", "s10", "s13", "s18"), 0.90),
    (("s11",), 0.75),
)

REAL: Final[dict[tuple[str, str], tuple[int, float, float, float]]] = {
    ("axis2-1.7", "s01_happy"): (5, 0.950, 0.930, 0.973),
    ("axis2-1.7", "s01c_happy_lbdomain"): (3, 0.941, 0.920, 0.958),
    ("axis2-1.7", "s03_kill_worker"): (4, 0.921, 0.879, 0.968),
    ("axis2-1.7", "s05_restart_killed"): (4, 0.896, 0.829, 0.953),
    ("axis2-1.7", "s06_mgr_restart"): (4, 0.847, 0.808, 0.914),
    ("axis2-1.7", "s07_elb_restart"): (3, 0.867, 0.846, 0.903),
    ("axis2-1.7", "s11_simultaneous"): (14, 0.550, 0.317, 0.845),
    ("wso2-1.6.1", "s01_happy"): (5, 0.967, 0.947, 0.991),
    ("wso2-1.6.1", "s01c_happy_lbdomain"): (3, 0.963, 0.954, 0.969),
    ("wso2-1.6.1", "s03_kill_worker"): (4, 0.927, 0.875, 0.984),
    ("wso2-1.6.1", "s05_restart_killed"): (4, 0.934, 0.904, 0.961),
    ("wso2-1.6.1", "s06_mgr_restart"): (4, 0.828, 0.763, 0.943),
    ("wso2-1.6.1", "s11_simultaneous"): (7, 0.762, 0.682, 0.848),
}
"""How many real runs, and the mean, least and greatest score of one against another."""

MEAN_ALLOWANCE: Final = 0.03
"""How far the mean over the seeds may lie below that of real against real."""


@frozen
class Shortfall:
    """A target that is not reached: how far it is reached at least, and why not further."""

    floor: float
    reason: str


SHORTFALLS: Final[dict[tuple[str, str, str], Shortfall]] = {
    ("axis2-1.7", "s01_happy", "best"): Shortfall(
        0.96,
        "luck: of a hundred seeds fifteen reach it, the best of them 0.994, and none of the first twenty does",
    ),
    ("axis2-1.7", "s01_happy_debug", "best"): Shortfall(
        0.93,
        "three independent races fell the rare way in this one run: worker2 was listed twice by the load balancer, "
        "once by its JOIN and once by an event, the manager was found before its JOIN, and the manager's heartbeat "
        "warned of a member that others had announced",
    ),
    ("wso2-1.6.1", "s01f_http_opens_late", "best"): Shortfall(
        0.95,
        "the recorded load balancer listed the manager twice (defect D18), so its MEMBER_JOINED failed after five "
        "seconds; of 21 recorded load balancers this is the only one, and of twenty seeds none does it",
    ),
    ("wso2-1.6.1", "s05_restart_killed", "mean"): Shortfall(
        0.84,
        "in the recording the second life of worker2 waited 14 s at its start. Of the recorded starts of managers "
        "and of worker2 in this profile 14 of 32 wait, and a like share of the simulated ones; the others send their "
        "JOIN to two members instead of four, which changes the logs of all nodes",
    ),
}
"""By profile, recording (or scenario, for means) and figure: ``best`` or ``mean``."""

RACES: Final[dict[tuple[str, str], str]] = {
    ("axis2-1.7", "s11_simultaneous"): "five nodes start at once; who finds whom is a race (defect D7b)",
    ("wso2-1.6.1", "s11_simultaneous"): "five nodes start at once; who finds whom is a race (defect D2)",
    ("axis2-1.7", "s13e_host_down"): (
        "the others still list worker3, which is dead, when worker1 comes back; whether worker1 keeps it depends on "
        "which of its own threads looks first"
    ),
    ("wso2-1.6.1", "s01g_http_never"): (
        "the recording was ended 0.1 s after the second refusal, which comes 60 s after the JOIN"
    ),
}
"""Recordings whose final member lists are a matter of luck, and whose."""


def target_of(recording: str) -> float:
    """The score that the best seed should reach."""
    return next(target for beginnings, target in _TARGETS if recording.startswith(beginnings))


def scenario_of(recording: str) -> str:
    """The scenario of which a recording is a repetition."""
    return {"s03_kill_worker_debug": "s03_kill_worker"}.get(recording, recording.removesuffix("_debug"))
