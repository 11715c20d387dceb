"""How alike are the logs of two runs? A score per node, and what one has and the other has not.

Lines are compared as level, class and message. Left out are DEBUG lines, continuation lines, what Tribes says
at INFO (the shipped logging configuration hides it), and lines of a class ``Driver``, which belong to whoever
made a recording. A Tribes member is compared as such: its bytes and times differ from run to run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import field, frozen

from wkasim.logs.alignment import common_length
from wkasim.logs.parser import without_thread

__all__ = ["Comparison", "NodeComparison", "comparable_lines", "compare"]

_LINE: Final = re.compile(r"(?:\[[^\]]*\]\s*)?(INFO|WARN|ERROR|FATAL|DEBUG)\s+-\s+(\S+)\s?(.*)")
_MEMBER: Final = re.compile(r"(?:org\.apache\.catalina\.tribes\.membership\.)?MemberImpl\[.*")
_HIDDEN_AT_INFO: Final = frozenset(
    (
        "BufferPool",
        "NioReceiver",
        "NonBlockingCoordinator",
        "ParallelNioSender",
        "ReceiverBase",
        "TcpFailureDetector",
    )
)


@frozen
class NodeComparison:
    """One node: its score, how many lines each side has, and those that only one has, order aside."""

    score: float
    recorded: int
    simulated: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]


@frozen
class Comparison:
    """A whole run; the score is the mean of the nodes' scores, weighted by their lines, 1 if all is alike."""

    score: float
    nodes: Mapping[str, NodeComparison] = field(factory=dict)


def comparable_lines(text: str) -> list[str]:
    """The lines of a log that count, each as ``LEVEL Class message``."""
    lines = []
    for raw in text.splitlines():
        found = _LINE.fullmatch(raw.rstrip())
        if found is None:
            continue
        level, component, message = found.groups()
        if level == "DEBUG" or component == "Driver" or (level == "INFO" and component in _HIDDEN_AT_INFO):
            continue
        message = _MEMBER.sub("<member>", without_thread(message)).rstrip()
        lines.append(f"{level} {component} {message}")
    return lines


def compare(recorded: Mapping[str, Sequence[str]], simulated: Mapping[str, Sequence[str]]) -> Comparison:
    """Compare two runs; each maps a log's name to its comparable lines, and a log that is missing is empty.

    A node's score is twice the length of the longest common subsequence over the lines of both sides.
    """
    nodes = {
        name: _compare_node(recorded.get(name, ()), simulated.get(name, ()))
        for name in sorted(recorded.keys() | simulated.keys())
    }
    lines = sum(node.recorded + node.simulated for node in nodes.values())
    total = sum(node.score * (node.recorded + node.simulated) for node in nodes.values())
    return Comparison(round(total / lines, 4) if lines else 1.0, nodes)


def _compare_node(recorded: Sequence[str], simulated: Sequence[str]) -> NodeComparison:
    lines = len(recorded) + len(simulated)
    first, second = Counter(recorded), Counter(simulated)
    return NodeComparison(
        round(2 * common_length(recorded, simulated) / lines, 4) if lines else 1.0,
        len(recorded),
        len(simulated),
        tuple(sorted((first - second).elements())),
        tuple(sorted((second - first).elements())),
    )
