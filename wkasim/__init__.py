"""wkasim simulates the well-known-address cluster membership of WSO2 and Axis2, and checks what it logs.

The public names, imported when they are first used:

    from wkasim import Cluster, NodeConfig, load_scenario, run_scenario
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from wkasim.version import __version__

if TYPE_CHECKING:
    from wkasim.errors import ClusterError, InputError, ProtocolError, StartupError, WkasimError
    from wkasim.logs.catalogue import ENTRIES
    from wkasim.logs.formats import LogFormat
    from wkasim.logs.line import LogLine
    from wkasim.logs.parser import parse_lines, read_log
    from wkasim.logs.transcript import Transcript, TranscriptReport, check
    from wkasim.members import Address, Member
    from wkasim.node.config import Group, NodeConfig
    from wkasim.profile import PROFILES, Profile, profile_named
    from wkasim.scenario.history import History
    from wkasim.scenario.judge import Outcome
    from wkasim.scenario.model import Expectation, Scenario, Step
    from wkasim.scenario.output import write_run
    from wkasim.scenario.reader import load_scenario, parse_scenario
    from wkasim.scenario.runner import RunResult, ScenarioRun, run_scenario
    from wkasim.scenario.shipped import shipped_scenarios
    from wkasim.scenario.writer import write_scenario
    from wkasim.sim.cluster import Cluster, Node
    from wkasim.sim.database import DatabaseConfig
    from wkasim.sim.journal import Journal, Record, read_journal
    from wkasim.sim.links import LAN, Link
    from wkasim.sim.loop import BudgetExceededError, DeadlockError, VirtualTimeLoop


_HOMES: Final = {
    "Address": "members",
    "BudgetExceededError": "sim.loop",
    "Cluster": "sim.cluster",
    "ClusterError": "errors",
    "DatabaseConfig": "sim.database",
    "DeadlockError": "sim.loop",
    "ENTRIES": "logs.catalogue",
    "Expectation": "scenario.model",
    "Group": "node.config",
    "History": "scenario.history",
    "InputError": "errors",
    "Journal": "sim.journal",
    "LAN": "sim.links",
    "Link": "sim.links",
    "LogFormat": "logs.formats",
    "LogLine": "logs.line",
    "Member": "members",
    "Node": "sim.cluster",
    "NodeConfig": "node.config",
    "Outcome": "scenario.judge",
    "PROFILES": "profile",
    "Profile": "profile",
    "ProtocolError": "errors",
    "Record": "sim.journal",
    "RunResult": "scenario.runner",
    "Scenario": "scenario.model",
    "ScenarioRun": "scenario.runner",
    "StartupError": "errors",
    "Step": "scenario.model",
    "Transcript": "logs.transcript",
    "TranscriptReport": "logs.transcript",
    "VirtualTimeLoop": "sim.loop",
    "WkasimError": "errors",
    "check": "logs.transcript",
    "load_scenario": "scenario.reader",
    "parse_lines": "logs.parser",
    "parse_scenario": "scenario.reader",
    "profile_named": "profile",
    "read_journal": "sim.journal",
    "read_log": "logs.parser",
    "run_scenario": "scenario.runner",
    "shipped_scenarios": "scenario.shipped",
    "write_run": "scenario.output",
    "write_scenario": "scenario.writer",
}
"""Where each public name lives."""

__all__ = [
    "ENTRIES",
    "LAN",
    "PROFILES",
    "Address",
    "BudgetExceededError",
    "Cluster",
    "ClusterError",
    "DatabaseConfig",
    "DeadlockError",
    "Expectation",
    "Group",
    "History",
    "InputError",
    "Journal",
    "Link",
    "LogFormat",
    "LogLine",
    "Member",
    "Node",
    "NodeConfig",
    "Outcome",
    "Profile",
    "ProtocolError",
    "Record",
    "RunResult",
    "Scenario",
    "ScenarioRun",
    "StartupError",
    "Step",
    "Transcript",
    "TranscriptReport",
    "VirtualTimeLoop",
    "WkasimError",
    "__version__",
    "check",
    "load_scenario",
    "parse_lines",
    "parse_scenario",
    "profile_named",
    "read_journal",
    "read_log",
    "run_scenario",
    "shipped_scenarios",
    "write_run",
    "write_scenario",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
