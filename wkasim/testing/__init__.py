"""What users import in their own tests: strategies, the cluster as a state machine, and the pytest plugin.

    from wkasim.testing import scenarios, violations

Strategies and the state machine need Hypothesis: ``pip install 'wkasim[testing]'``; ImportError says so without it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wkasim.explore.invariants import Invariant, Reason, always, eventually, register
    from wkasim.explore.verdict import Violation
    from wkasim.testing.asserting import InvariantError, assert_holds, violations
    from wkasim.testing.machine import ClusterMachine
    from wkasim.testing.strategies import (
        addresses,
        fault_schedules,
        latencies,
        profiles,
        scenarios,
        start_schedules,
        topologies,
    )

_HOMES: Final = {
    "ClusterMachine": "testing.machine",
    "Invariant": "explore.invariants",
    "InvariantError": "testing.asserting",
    "Reason": "explore.invariants",
    "Violation": "explore.verdict",
    "addresses": "testing.strategies",
    "always": "explore.invariants",
    "assert_holds": "testing.asserting",
    "eventually": "explore.invariants",
    "fault_schedules": "testing.strategies",
    "latencies": "testing.strategies",
    "profiles": "testing.strategies",
    "register": "explore.invariants",
    "scenarios": "testing.strategies",
    "start_schedules": "testing.strategies",
    "topologies": "testing.strategies",
    "violations": "testing.asserting",
}
"""Where each public name lives; imported when it is first used, so that the plugin costs nothing."""

__all__ = [
    "ClusterMachine",
    "Invariant",
    "InvariantError",
    "Reason",
    "Violation",
    "addresses",
    "always",
    "assert_holds",
    "eventually",
    "fault_schedules",
    "latencies",
    "profiles",
    "register",
    "scenarios",
    "start_schedules",
    "topologies",
    "violations",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = importlib.import_module(f"wkasim.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(f"{name} needs Hypothesis: pip install 'wkasim[testing]'", name="hypothesis") from None
    value: object = getattr(home, name)
    globals()[name] = value
    return value
