"""Coverage of the protocol: which log lines, which messages in which state of their receiver, which faults occurred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import define, field

from wkasim.logs.catalogue import ENTRIES
from wkasim.sim.faults import ACTIONS
from wkasim.sim.journal import Record

__all__ = ["MESSAGES", "STATES", "Coverage"]

MESSAGES: Final = (
    "JOIN",
    "MEMBER_LIST reply",
    "MEMBER_LIST",
    "TEXT reply",
    "MEMBER_JOINED",
    "EMPTY reply",
    "GET_CONFIGURATION",
    "GET_CONFIGURATION_RESPONSE reply",
    "NO_RPC_CHANNEL",
    "COORDINATION_REQUEST",
    "COORDINATION_CONFIRMED",
)
"""What nodes say to each other, as the journal names it."""
STATES: Final = ("starting", "waiting", "initialised")
"""The states in which a node can receive a message."""


@define
class Coverage:
    """How often each thing occurred, over any number of runs; may be added up across processes."""

    runs: int = 0
    lines: Counter[tuple[str, str]] = field(factory=Counter)
    messages: Counter[tuple[str, str]] = field(factory=Counter)
    faults: Counter[str] = field(factory=Counter)

    def add(self, profile: str, records: Iterable[Record]) -> None:
        """Count what occurred in one run."""
        self.runs += 1
        states: dict[str, str] = {}
        for record in records:
            match record[1]:
                case "log":
                    self.lines[profile, record[4]] += 1
                case "deliver":
                    self.messages[record[5], states.get(record[2], "starting")] += 1
                case "state" if record[4] in STATES:
                    states[record[2]] = record[4]
                case "step":
                    self.faults[record[4]] += 1

    def merge(self, other: Coverage) -> None:
        """Add what another one counted."""
        self.runs += other.runs
        self.lines.update(other.lines)
        self.messages.update(other.messages)
        self.faults.update(other.faults)

    def as_plain(self) -> dict[str, object]:
        """What was counted, in lists and texts, to be sent to another process."""
        return {
            "runs": self.runs,
            "lines": [[*key, times] for key, times in self.lines.items()],
            "messages": [[*key, times] for key, times in self.messages.items()],
            "faults": [[verb, times] for verb, times in self.faults.items()],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Coverage:
        """What :meth:`as_plain` made of it."""
        return cls(
            plain["runs"],
            Counter({(profile, event): times for profile, event, times in plain["lines"]}),
            Counter({(message, state): times for message, state, times in plain["messages"]}),
            Counter(dict(plain["faults"])),
        )

    def lines_never(self) -> dict[str, list[str]]:
        """Per profile that was run, the lines of the catalogue that never occurred."""
        profiles = sorted({profile for profile, _ in self.lines})
        return {
            profile: [
                event
                for event, entry in ENTRIES.items()
                if profile in entry.profiles and (profile, event) not in self.lines
            ]
            for profile in profiles
        }

    def messages_never(self) -> list[tuple[str, str]]:
        """Pairs of message and state of the receiver that never occurred."""
        return [(message, state) for message in MESSAGES for state in STATES if (message, state) not in self.messages]

    def faults_never(self) -> list[str]:
        """Actions that never occurred."""
        return [verb for verb in ACTIONS if verb not in self.faults]

    def as_dict(self) -> Mapping[str, object]:
        """For JSON."""
        return {
            "runs": self.runs,
            "lines": [{"profile": p, "event": e, "times": n} for (p, e), n in sorted(self.lines.items())],
            "lines_never": self.lines_never(),
            "messages": [{"message": m, "state": s, "times": n} for (m, s), n in sorted(self.messages.items())],
            "messages_never": [{"message": message, "state": state} for message, state in self.messages_never()],
            "faults": dict(sorted(self.faults.items())),
            "faults_never": self.faults_never(),
        }

    def text(self) -> str:
        """For people: how much of each occurred, and what never did."""
        known = [f"{self.runs} runs"]
        for profile, never in self.lines_never().items():
            occurred = sum(1 for name, _ in self.lines if name == profile)
            known.append(f"{profile}: {occurred} of {occurred + len(never)} log lines occurred; never:")
            known += [f"  {event}" for event in never]
        pairs, missing = len(MESSAGES) * len(STATES), self.messages_never()
        known.append(f"{pairs - len(missing)} of {pairs} pairs of message and receiver's state occurred; never:")
        known += [f"  {message} while {state}" for message, state in missing]
        unused = self.faults_never()
        known.append(f"{len(ACTIONS) - len(unused)} of {len(ACTIONS)} kinds of actions occurred; never:")
        known += [f"  {verb}" for verb in unused]
        return "\n".join(known)
