"""Answers to the exercises, right and wrong, each made from the lesson's own scenario by a few edits."""

from __future__ import annotations

from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import parse_scenario
from wkasim.view.lessons import find_lesson

Edits = tuple[tuple[str, str], ...]

WORKER = """    host: 127.1.0.{host}
    port: 4000
    domain: wso2.esb.domain
    well_known_members: {listed}
"""
"""How the lessons write a worker."""


def listing(host: int, *members: str) -> tuple[str, str]:
    """Another list of well-known members for the worker on a host."""
    before = WORKER.format(host=host, listed='["127.1.0.206:4000"]')
    quoted = ", ".join(f'"{member}"' for member in members)
    return before, WORKER.format(host=host, listed=f"[{quoted}]")


LONELY = "host: 127.1.0.2, port: 4000, domain: lesson.domain}"

RIGHT: dict[int, Edits] = {
    1: ((LONELY, f'{LONELY[:-1]}, well_known_members: ["127.1.0.1:4000"]}}'),),
    2: (('["127.1.0.206:4001"]', '["127.1.0.206:4001", "127.1.0.206:4002"]'),),
    3: (('    well_known_members: ["127.1.0.206:4001"]\n', ""),),
    4: (listing(132, "127.1.0.206:4001"),),
    5: (("  - wait: 45s", "  - wait: 10s\n  - open_http: worker2\n  - wait: 45s"),),
    6: (("  - wait: 40s", "  - wait: 70s"),),
    7: (("after: 20s", "after: 0s"), ("  - name: restart", "  - name: restart\n    at: 34s")),
    8: (
        ('["127.1.0.206:4000"]     # everybody listens on 4100', '["127.1.0.206:4100"]'),
        ("wso2.esb.domian ", "wso2.esb.domain "),
        ('["127.1.0.134:4100"]', '["127.1.0.206:4100"]'),
    ),
    9: (
        listing(133, "127.1.0.206:4000", "127.1.0.132:4000"),
        ("  - start: [worker1, worker2]", "  - start: worker1\n  - wait: 3s\n  - start: worker2"),
    ),
    10: (
        ("  - start: {nodes: [elb, ", "  - start: elb\n  - wait: 5s\n  - start: {nodes: ["),
        ("expect:\n", "expect:\n  - converged: {within: 40s}\n"),
    ),
}


def own_text(number: int) -> str:
    """The lesson's own scenario, which answers no exercise."""
    return find_lesson(number).scenario.read_text(encoding="utf-8")


def edited(number: int, *edits: tuple[str, str]) -> Scenario:
    """The lesson's scenario with pieces of its text replaced."""
    text = own_text(number)
    for old, new in edits:
        assert old in text, f"lesson {number} has no {old!r}"
        text = text.replace(old, new)
    return parse_scenario(text, f"answer-{number}.yaml")
