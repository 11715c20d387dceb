"""A run over real sockets is a run that the simulation could have made.

Timings are divided by ten. The lines that Axis2 logs on each node, counted, are those of some seed of 0 to 199 in
memory, and so are the member lists and groups at the end. One count in twenty may be missing of what a timer repeats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from tests.loopback import fresh_network
from wkasim.live.run import obstacles, on_sockets
from wkasim.logs.formats import LogFormat
from wkasim.scenario.model import Scenario
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import RunResult, run_scenario
from wkasim.scenario.shipped import shipped_scenarios

SPEED = 10
REPEATED = 20
"""A line logged so often is repeated by a timer; one count in so many may be missing."""
SEEDS = 200
NAMED = ("esb-cluster", "kill-and-restart", "manager-joins", "port-conflict", "worker-before-manager")

Facts = tuple[Mapping[str, Counter[str]], Mapping[str, object]]


def axis2_lines(result: RunResult) -> Mapping[str, Counter[str]]:
    """For each node how often it logged what, as far as Axis2 logged it."""
    look = LogFormat()
    return {
        node: Counter(
            line.text
            for line in look.log_lines(result.journal, node)
            if (line.logger or "").startswith("org.apache.axis2")
        )
        for node in result.scenario.all_nodes()
    }


def facts(result: RunResult) -> Facts:
    views = {node: sorted(members) for node, members in result.views.items()}
    groups = {node: {key: sorted(m) for key, m in groups.items()} for node, groups in result.groups.items()}
    return axis2_lines(result), {"views": views, "groups": groups}


def alike(real: Facts, simulated: Facts) -> bool:
    """Whether both ended alike, and every node logged each line as often."""
    return real[1] == simulated[1] and not [*differing_lines(real, simulated)]


def differing_lines(real: Facts, simulated: Facts) -> Iterator[tuple[str, str, int, int]]:
    """Node, line and both counts where they differ."""
    for node, counted in simulated[0].items():
        for text in counted | real[0][node]:
            here, there = real[0][node][text], counted[text]
            # What a node says every two seconds for as long as it waits measures time: at ten times the speed, three
            # milliseconds of real work a round are one round in sixty.
            often = min(here, there) >= REPEATED
            if here != there and not (often and abs(here - there) <= there // REPEATED):
                yield node, text, here, there


def over_sockets(scenario: Scenario, seed: int) -> RunResult:
    make_cluster, _ = on_sockets(scenario, speed=SPEED, network=fresh_network())
    return run_scenario(scenario, seed=seed, make_cluster=make_cluster)


def failed(result: RunResult) -> list[str]:
    """What was not as the scenario expects. Of a race it may expect what its own seed gives, and few others do."""
    return sorted(f"{outcome.title}: {outcome.message}" for outcome in result.outcomes if outcome.verdict != "passed")


def difference(scenario: Scenario, result: RunResult) -> str:
    """Empty if some seed gives these facts and fails in what this fails in; else in what the nearest seed differs."""
    real = facts(result)
    nearest: tuple[int, str] | None = None
    for seed in range(SEEDS):
        in_memory = run_scenario(scenario, seed=seed)
        simulated = facts(in_memory)
        if alike(real, simulated) and failed(result) == failed(in_memory):
            return ""
        wrong = [
            f"{node}: {text} (sockets {here}, memory {there})"
            for node, text, here, there in differing_lines(real, simulated)
        ]
        ends = simulated[1]
        wrong += [f"{key}: sockets {real[1][key]}, memory {ends[key]}" for key in ends if ends[key] != real[1][key]]
        wrong += [f"failed over sockets: {told}" for told in failed(result)]
        if nearest is None or len(wrong) < nearest[0]:
            nearest = (len(wrong), f"nearest is seed {seed}:\n" + "\n".join(wrong))
    assert nearest is not None
    return nearest[1]


def check(name: str) -> None:
    scenario = load_scenario(name)
    told = ""
    # A machine that stalls for a tenth of a second stalls the nodes for one; three times in a row is no accident.
    for seed in range(3):
        result = over_sockets(scenario, seed)
        told = difference(scenario, result)
        if not told:
            assert result.passed or name not in NAMED, failed(result)
            return
    pytest.fail(f"no seed of 0 to {SEEDS - 1} in memory gives what {name} gave over sockets; {told}")


@pytest.mark.parametrize("name", NAMED)
def test_run_over_sockets_is_one_that_some_seed_gives_in_memory(name: str) -> None:
    check(name)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "name", [name for name in shipped_scenarios() if name not in NAMED and not obstacles(load_scenario(name))]
)
def test_every_scenario_that_can_run_over_sockets_does_what_some_seed_does(name: str) -> None:
    check(name)
