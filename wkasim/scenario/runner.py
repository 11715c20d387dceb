"""Runs a scenario: its steps on a cluster, then its expectations over the journal.

The steps are a task on the virtual clock beside the nodes, so a run can be driven in slices of any length, shown while
it goes on, played in real time or stopped anywhere, and is the same run each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

from attrs import evolve, frozen

from wkasim.errors import ClusterError, InputError
from wkasim.profile import Profile
from wkasim.scenario.evidence import RunEvidence
from wkasim.scenario.history import History
from wkasim.scenario.judge import Outcome, failed, judge
from wkasim.scenario.model import Scenario, Step, Wait, WaitUntil
from wkasim.sim.cluster import Cluster
from wkasim.sim.faults import Request
from wkasim.sim.journal import Journal, Record
from wkasim.sim.loop import BudgetExceededError

__all__ = ["MakeCluster", "RunResult", "ScenarioRun", "StepBegun", "Stopped", "first_difference", "run_scenario"]

Stopped = Literal["done", "until", "interrupted", "step", "budget"]
"""Why a run ended: all steps done, at the time given, by the user, a step that cannot be done, the budget."""

_FOREVER_US: Final = 10**15


@frozen
class StepBegun:
    """A step of the scenario and the time in seconds at which it began."""

    step: Step
    time_s: float


@frozen(kw_only=True, eq=False)
class RunResult:
    """What a run left behind.

    ``outcomes`` are the verdicts on steps that waited too long and on expectations. ``views`` has the member list of
    every live node, ``groups`` the admitted members of each load balancer per ``domain/sub-domain``, by address.
    ``failures`` says why nodes failed. ``stopped`` and ``problem`` say how the run ended; ``step_times`` when, in
    seconds, each step was done. ``deliveries`` counts messages.
    """

    scenario: Scenario
    profile: Profile
    seed: int
    journal: Journal
    outcomes: tuple[Outcome, ...]
    history: History
    end_s: float
    stopped: Stopped = "done"
    problem: str = ""
    step_times: tuple[float, ...] = ()
    deliveries: int = 0

    @property
    def passed(self) -> bool:
        """Whether the run went through and nothing failed."""
        return not failed(self.outcomes) and self.stopped not in ("step", "budget")

    @property
    def views(self) -> Mapping[str, tuple[str, ...]]:
        """The member lists of the live nodes at the end, as addresses."""
        return {node.name: tuple(node.members) for node in self.history.nodes.values() if node.alive}

    @property
    def groups(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Per load balancer and ``domain/sub-domain`` the admitted members at the end, as addresses."""
        return {
            node.name: {f"{domain}/{sub}": tuple(members) for (domain, sub), members in node.groups.items()}
            for node in self.history.nodes.values()
            if self.scenario.all_nodes()[node.name].groups
        }

    @property
    def failures(self) -> Mapping[str, str]:
        """Why nodes failed, by node."""
        return {node.name: node.reason for node in self.history.nodes.values() if node.state == "failed"}

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the journal."""
        return self.journal.fingerprint()


MakeCluster: TypeAlias = Callable[[Scenario, Profile, int], Cluster]
"""Makes the cluster of a run, without its nodes, from the scenario, the profile and the seed."""


def simulated_cluster(scenario: Scenario, profile: Profile, seed: int) -> Cluster:
    """A cluster on virtual time and a simulated network."""
    return Cluster(profile=profile, seed=seed, hosts=scenario.hosts, link=scenario.link, database=scenario.database)


class ScenarioRun:
    """A run that can be driven piece by piece."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int | None = None,
        profile: str | None = None,
        make_cluster: MakeCluster = simulated_cluster,
    ) -> None:
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.profile = scenario.profile_value(profile)
        self.stopped: Stopped | None = None
        self.problem = ""
        self.late: list[int] = []
        """The steps, by number from 0, that waited for something that did not come."""
        self.cluster = make_cluster(scenario, self.profile, self.seed)
        for config in scenario.nodes:
            self.cluster.add_node(config)
        for link in scenario.links:
            self.cluster.apply(link)
        self._times: list[int] = []
        self._records_before: list[int] = []
        self._shown = 0
        self._steps_shown = 0
        self._late: list[Outcome] = []
        self._script = self.cluster.loop.create_task(self._play(), name="scenario")
        self._script.add_done_callback(self._end_of_script)

    @property
    def now_s(self) -> float:
        """Virtual time in seconds."""
        return self.cluster.now_s

    @property
    def finished(self) -> bool:
        """Whether no step is left, or the run cannot go on."""
        return self._script.done() or self.stopped is not None

    def advance_to(self, time_s: float, *, beyond_end: bool = False) -> None:
        """Let virtual time pass up to ``time_s``; the last step ends the run unless ``beyond_end``."""
        target_us = min(round(time_s * 1e6), _FOREVER_US)
        loop = self.cluster.loop
        try:
            while loop.now_us < target_us and self.stopped is None and (beyond_end or not self._script.done()):
                loop.run_until_us(target_us)
        except BudgetExceededError as error:
            self.stopped, self.problem = "budget", str(error)

    def news(self) -> Iterator[Record | StepBegun]:
        """What has come since the last call: records, and each step with its time before its own records."""
        records = self.cluster.journal.records
        while self._shown < len(records) or self._steps_shown < len(self._times):
            at = self._steps_shown
            if at < len(self._times) and self._records_before[at] <= self._shown:
                self._steps_shown += 1
                yield StepBegun(self.scenario.steps[at], self._times[at] / 1e6)
            else:
                self._shown += 1
                yield records[self._shown - 1]

    def result(self, stopped: Stopped = "done") -> RunResult:
        """End the run and judge it; ``stopped`` says why if it did not end by itself."""
        end_s = self.now_s
        self.stopped = self.stopped or stopped
        cut_short = self.stopped in ("until", "interrupted") and not self._script.done()
        self._script.remove_done_callback(self._end_of_script)  # It would stop the loop that ends everything now.
        self._script.cancel()
        self.cluster.close()
        journal = self.cluster.journal
        step_times = {step.name: us for step, us in zip(self.scenario.steps, self._times, strict=False) if step.name}
        evidence = RunEvidence(self.scenario, journal, step_times, profile=self.profile, end_us=round(end_s * 1e6))
        outcomes = judge(self.scenario, evidence, profile=self.profile.name, cut_short=cut_short)
        return RunResult(
            scenario=self.scenario,
            profile=self.profile,
            seed=self.seed,
            journal=journal,
            outcomes=(*self._late, *outcomes),
            history=evidence.history,
            end_s=end_s,
            stopped=self.stopped,
            problem=self.problem,
            step_times=tuple(us / 1e6 for us in self._times),
            deliveries=self.cluster.network.deliveries,
        )

    # Steps

    def _end_of_script(self, _script: asyncio.Task[None]) -> None:
        self.cluster.loop.stop()

    async def _play(self) -> None:
        for step in self.scenario.steps:
            if step.at_s is not None and step.at_s > self.now_s:
                await self.cluster.elapse(step.at_s - self.now_s)
            self._times.append(self.cluster.loop.now_us)
            self._records_before.append(len(self.cluster.journal))
            try:
                await self._do(step)
            except (ClusterError, InputError) as error:
                self.stopped = "step"
                place = f"{self.scenario.file}:{step.line}" if step.line else self.scenario.file
                self.problem = f"{place}: {error}"
                return
        # A run is over when nobody waits for an answer any more; each client gives up in the end.
        await self.cluster.wait_for(lambda: not self.cluster.unanswered(), _FOREVER_US / 1e6)

    async def _do(self, step: Step) -> None:
        action = step.action
        match action:
            case Wait():
                await self.cluster.elapse(action.for_s)
            case WaitUntil():
                if not await self.cluster.wait_for(lambda: self._is_so(action), action.timeout_s):
                    self.late.append(len(self._times) - 1)
                    self._late.append(self._too_late(step, action))
            case Request():
                self.cluster.apply(evolve(action, name=step.name))
            case _:
                self.cluster.apply(action)

    def _is_so(self, wait: WaitUntil) -> bool:
        if wait.converged:
            return self.cluster.is_converged()
        return all(map(self.cluster.is_ready, wait.ready)) and not any(map(self.cluster.unanswered, wait.answered))

    def _too_late(self, step: Step, wait: WaitUntil) -> Outcome:
        if wait.converged:
            title, reasons = "converged", self.cluster.disagreements()[:3]
        elif wait.answered:
            title = f"{', '.join(wait.answered)} answered"
            left = {name: self.cluster.unanswered(name) for name in wait.answered}
            reasons = [f"{count} of {name} are unanswered" for name, count in left.items() if count]
        else:
            title, reasons = f"{', '.join(wait.ready)} ready", [self._why_not(name) for name in wait.ready]
        waited = f"not within {wait.timeout_s:g} s"
        message = f"{waited}: {'; '.join(reason for reason in reasons if reason)}"
        return Outcome(f"wait until {title}", wait.verb, "failed", message, line=step.line)

    def _why_not(self, name: str) -> str:
        node = self.cluster.node(name)
        if node.initialised:
            return ""
        state = node.state if node.life else "not started"
        return f"{name} is {state}" + (f" ({node.failure})" if node.failure else "")


def run_scenario(
    scenario: Scenario,
    seed: int | None = None,
    profile: str | None = None,
    until: float | None = None,
    on_news: Callable[[Record | StepBegun], None] | None = None,
    keep_going: Callable[[float], bool] | None = None,
    slice_s: float = 1.0,
    make_cluster: MakeCluster = simulated_cluster,
) -> RunResult:
    """Run a scenario and judge it.

    ``seed`` and ``profile`` take the place of the scenario's own. ``until`` is the virtual time in seconds at which
    to stop, before the last step or after it. ``on_news`` gets each journal record, and each step as it begins, soon
    after it happened. ``keep_going`` is asked after every ``slice_s`` of virtual time, with the time in seconds: it may
    wait, to play a run in real time, and ends the run by saying False. ``make_cluster`` makes another cluster than a
    simulated one. Raises InputError for an unknown profile.
    """
    run = ScenarioRun(scenario, seed=seed, profile=profile, make_cluster=make_cluster)
    watched = on_news is not None or keep_going is not None
    end_s = until if until is not None else _FOREVER_US / 1e6
    while True:
        run.advance_to(min(end_s, run.now_s + slice_s) if watched else end_s, beyond_end=until is not None)
        if on_news is not None:
            for news in run.news():
                on_news(news)
        if run.stopped is not None or (until is None and run.finished):
            return run.result()
        if run.now_s >= end_s:
            return run.result("until")
        if keep_going is not None and not keep_going(run.now_s):
            return run.result("interrupted")


def first_difference(first: Journal, second: Journal) -> tuple[int, Record | None, Record | None] | None:
    """Where two journals part: the number of the record from 1, and both records; None if they are the same."""
    for at in range(max(len(first), len(second))):
        left = first.records[at] if at < len(first) else None
        right = second.records[at] if at < len(second) else None
        if left != right:
            return at + 1, left, right
    return None
