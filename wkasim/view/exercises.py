"""The exercises of the lessons, and how a machine grades an answer.

An answer is a scenario. It is run, and what happened is looked at: not what its author wrote as expectations, but
what the journal says. Each check returns what is still missing, in words that help; nothing means that it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import field, frozen

from wkasim.scenario.model import ConvergedClaim, Scenario
from wkasim.scenario.runner import RunResult, run_scenario
from wkasim.sim.faults import Start
from wkasim.sim.journal import Record
from wkasim.view.run import nodes_in
from wkasim.view.story import story_of

__all__ = ["EXERCISES", "Answer", "grade"]

SEEDS: Final = tuple(range(10))
"""With which seeds the last exercise runs an answer."""


@frozen
class Answer:
    """A scenario that was handed in, and its run."""

    scenario: Scenario
    result: RunResult
    records: list[Record] = field(init=False)

    @records.default
    def _records(self) -> list[Record]:
        return self.result.journal.records

    def lines(self, node: str, event: str) -> list[dict[str, object]]:
        """The values of a log line, once for each time that a node logged it."""
        return [
            dict(zip(record[7][::2], record[7][1::2], strict=True))
            for record in self.records
            if record[1] == "log" and record[2] == node and record[4] == event
        ]

    def states(self, node: str) -> list[str]:
        """The states that a node went through."""
        return [record[4] for record in self.records if record[1] == "state" and record[2] == node]

    def of_role(self, role: str) -> list[str]:
        """The nodes that have a role."""
        return [name for name, config in self.scenario.all_nodes().items() if config.role == role]

    def address(self, node: str) -> str:
        """The address that a node had at last; empty if it never opened its port."""
        return self.result.history.node(node).address or ""

    def lists(self, node: str, other: str) -> bool:
        """Whether a node lists another one at the end."""
        return self.address(other) in self.result.views.get(node, ())

    def strangers(self) -> Iterator[str]:
        """Who does not list whom at the end, among the nodes that are alive, a sentence each."""
        alive = list(self.result.views)
        for node in alive:
            for other in alive:
                if node != other and not self.lists(node, other):
                    yield f"at the end {node} does not list {other}"


Check = Callable[[Answer], Iterator[str]]


def grade(number: int, scenario: Scenario) -> list[str]:
    """Run an answer to a lesson's exercise; what is still missing, nothing if it is right."""
    result = run_scenario(scenario)
    if result.problem:
        return [f"the run stopped: {result.problem}"]
    return list(EXERCISES[number](Answer(scenario, result)))


def _one_address_is_enough(answer: Answer) -> Iterator[str]:
    nodes = answer.scenario.all_nodes()
    if len(nodes) < 3:
        yield f"it needs three nodes or more, this one has {len(nodes)}"
    written = sum(len(config.well_known_members) for config in nodes.values())
    if written > len(nodes) - 1:
        yield (
            f"there are {written} entries on all lists together; {len(nodes) - 1} are enough for {len(nodes)} nodes: "
            "each newcomer needs one address of somebody who is there"
        )
    yield from _all_alive(answer)
    yield from answer.strangers()


def _starts_alone(answer: Answer) -> Iterator[str]:
    for node, config in answer.scenario.all_nodes().items():
        if (
            len(config.well_known_members) > 1
            and len(answer.lines(node, "static_member_unreachable")) >= 2
            and answer.lines(node, "cluster_initialized")
            and not answer.lines(node, "sending_join")
        ):
            return
    yield (
        "no node with two well-known members or more found none of them and started all the same; look for two lines "
        '"Could not connect to member", then "Cluster initialization completed.", and no "Sending JOIN" between'
    )


def _one_list_only(answer: Answer) -> Iterator[str]:
    managers = answer.of_role("manager")
    if not managers:
        yield "there is no node with the role manager"
    for manager in managers:
        count = len(answer.lines(manager, "member_list_received"))
        if not answer.lines(manager, "sending_join"):
            yield f"{manager} never sent a JOIN: it must find the ELB by its own list"
        elif count == 0:
            yield f"{manager} logs no MEMBER_LIST at all; ELB and manager must be of one domain"
        elif count > 1:
            yield (
                f"{manager} logs MEMBER_LIST {count} times: one for a joiner of the ELB's own domain, one more because "
                "the manager is a well-known member of the ELB. Which of the two can you do without?"
            )
        elif not any(answer.lists(elb, manager) for elb in answer.of_role("elb")):
            yield f"no ELB lists {manager} at the end"


def _through_the_manager(answer: Answer) -> Iterator[str]:
    nodes = answer.scenario.all_nodes()
    elbs, workers = answer.of_role("elb"), answer.of_role("worker")
    managers = {answer.address(name) for name in answer.of_role("manager")}
    if not elbs or not workers or not managers:
        yield "it needs an ELB, a manager and a worker"
        return
    for worker in workers:
        listed = {_resolved(answer, member) for member in nodes[worker].well_known_members}
        if listed - managers:
            yield f"{worker} has somebody else than the manager on its list; leave the manager alone there"
        if not answer.lines(worker, "configuration_received"):
            yield f"{worker} never received the configuration"
        for elb in elbs:
            if not answer.lists(elb, worker):
                yield f"{elb} does not list {worker} at the end"
            if not answer.lists(worker, elb):
                yield f"{worker} does not list {elb} at the end"


def _resolved(answer: Answer, member: tuple[str, int]) -> str:
    host, port = member
    return f"{answer.scenario.hosts.get(host, host)}:{port}"


def _late_but_admitted(answer: Answer) -> Iterator[str]:
    records = answer.records
    waits = [
        (records[admission.end][0] - records[admission.begin][0]) / 1e6
        for admission in story_of(records, nodes_in(records)).admissions
        if admission.outcome == "admitted" and admission.end is not None
    ]
    if not waits:
        yield "no ELB admitted a member; let a worker join, and let its HTTP ports open in time"
    elif max(waits) < 15:
        yield (
            f"the longest admission took {max(waits):.1f} s; 10 s of that are the pause. The ELB tries the ports for "
            'half a minute: open them some seconds after the join, with "open_http: never" and a step "open_http"'
        )


def _dead_but_listed(answer: Answer) -> Iterator[str]:
    removed = {record[5] for record in answer.records if record[1] == "view" and record[4] == "removed"}
    frozen_since: dict[str, int] = {}
    best = 0.0
    end_us = round(answer.result.end_s * 1e6)
    for record in answer.records:
        if record[1] == "state" and record[4] == "paused":
            frozen_since[record[2]] = record[0]
        elif record[1] == "state" and record[2] in frozen_since:
            best = max(best, _unnoticed(answer, record[2], frozen_since.pop(record[2]), record[0], removed))
    for node, since in frozen_since.items():
        best = max(best, _unnoticed(answer, node, since, end_us, removed))
    if best == 0.0:
        yield (
            "no node stopped answering without being missed; a killed one is noticed within five seconds. What does "
            "the operating system of a frozen process (pause) go on doing?"
        )
    elif best < 60:
        yield f"a node went unnoticed for {best:.0f} s; make it 60"


def _unnoticed(answer: Answer, node: str, since_us: int, until_us: int, removed: set[str]) -> float:
    listed = any(answer.address(node) in members for members in answer.result.views.values())
    return (until_us - since_us) / 1e6 if listed and answer.address(node) not in removed else 0.0


def _back_again(answer: Answer) -> Iterator[str]:
    twice = [name for name in answer.scenario.all_nodes() if answer.states(name).count("initialised") >= 2]
    if not twice:
        yield "no node completed its start twice; kill one and start it again, or use the step restart"
        return
    unnoticed = []
    for node in twice:
        left = [
            record
            for record in answer.records
            if record[1] == "view" and record[4] == "removed" and record[5] == answer.address(node)
        ]
        if not left:
            unnoticed.append(node)
    if not unnoticed:
        yield (
            f"{', '.join(twice)} came back, but the others had noticed that it was gone. Heartbeats are five seconds "
            "apart: when must the node go, and how soon must it be back, so that none of them falls between?"
        )
    yield from _all_alive(answer)


def _repaired(answer: Answer) -> Iterator[str]:
    nodes = answer.scenario.all_nodes()
    for name in ("elb", "wrong-port", "wrong-domain", "only-itself"):
        if name not in nodes:
            yield f"the node {name} is missing; repair the lesson's scenario and keep its nodes"
        elif nodes[name].port != 4100:
            yield f"{name} has been moved to port {nodes[name].port}; everybody stays on 4100, repair the lists"
    yield from _all_alive(answer)
    yield from answer.strangers()


def _split_avoided(answer: Answer) -> Iterator[str]:
    first = [record[2] for record in answer.records if record[1] == "state" and record[4] == "initialised"]
    roles = {name: config.role for name, config in answer.scenario.all_nodes().items()}
    if len(roles) < 3 or "elb" not in roles.values():
        yield "it needs an ELB and two workers"
        return
    before = first[: next((place for place, node in enumerate(first) if roles[node] == "elb"), len(first))]
    if len(set(before)) < 2:
        yield "two workers must have completed their start before the ELB does; that is the situation of the lesson"
    if any(answer.states(name).count("starting") > 1 for name in roles):
        yield "a restart heals the split, but find a way without one: what could stand on a worker's list?"
    yield from _all_alive(answer)
    yield from answer.strangers()


def _holds_for_every_seed(answer: Answer) -> Iterator[str]:
    scenario = answer.scenario
    if not any(isinstance(step.action, Start) and step.action.spread_s >= 5 for step in scenario.steps):
        yield "nothing is left to chance: some step must start nodes with a spread of 5 s or more"
    if len(scenario.all_nodes()) < 3:
        yield "it needs three nodes or more"
    if not any(isinstance(expectation.claim, ConvergedClaim) for expectation in scenario.expectations):
        yield 'it claims nothing about agreement: add an expectation "converged"'
        return
    for seed in SEEDS:
        result = run_scenario(scenario, seed=seed)
        if not result.passed:
            failed = next((outcome for outcome in result.outcomes if outcome.verdict == "failed"), None)
            why = f"{failed.title}: {failed.message}" if failed is not None else result.problem
            yield f"with seed {seed} the claim does not hold: {why}. Look at it with: wkasim view FILE --seed {seed}"
            return


def _all_alive(answer: Answer) -> Iterator[str]:
    for name, node in answer.result.history.nodes.items():
        if node.state != "initialised":
            yield f"at the end {name} is {node.state}, not initialised"


EXERCISES: Final[Mapping[int, Check]] = {
    1: _one_address_is_enough,
    2: _starts_alone,
    3: _one_list_only,
    4: _through_the_manager,
    5: _late_but_admitted,
    6: _dead_but_listed,
    7: _back_again,
    8: _repaired,
    9: _split_avoided,
    10: _holds_for_every_seed,
}
"""The check of each lesson's exercise, by the lesson's number."""
