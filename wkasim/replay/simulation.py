"""Simulating the timeline of a recording.

Who made the recording waited for a node to be ready before going on. So does the simulation: what follows a READY keeps
its distance from it, whether the simulated node became ready sooner or later than the recorded one.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from wkasim.profile import Profile
from wkasim.replay.recording import Event, Recording
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster
from wkasim.sim.journal import Journal, Record

__all__ = ["SimulatedRun", "Views", "simulate"]

READY_TIMEOUT_S = 120.0
"""How long the simulation waits for a node that was ready in the recording."""

Views = Mapping[str, tuple[str, ...]]
"""A member list per node, as names."""


@frozen(kw_only=True)
class SimulatedRun:
    """One simulated run of a recording: its journal, the log each life writes to, and views at each DUMP."""

    seed: int
    journal: Journal
    logs: Mapping[tuple[str, int], str]
    dumps: tuple[Views, ...]


def simulate(recording: Recording, profile: Profile, seed: int) -> SimulatedRun:
    """Do what the timeline says, at its times, on a simulated cluster."""
    logs: dict[tuple[str, int], str] = {}
    dumps: list[Views] = []
    with Cluster(profile=profile, seed=seed) as cluster:
        shift_us = 0
        for event in recording.events:
            if event.kind == "ready":
                shift_us = _wait_until_ready(cluster, event, shift_us)
                continue
            cluster.loop.run_until_us(max(event.at_us + shift_us, cluster.loop.now_us))
            if event.kind == "dump":
                dumps.append(cluster.views())
            else:
                _do(cluster, recording, event, logs)
        return SimulatedRun(seed=seed, journal=cluster.journal, logs=logs, dumps=tuple(dumps))


def _wait_until_ready(cluster: Cluster, event: Event, shift_us: int) -> int:
    """Wait for the node; return how much later than recorded everything after it happens."""
    node = cluster.node(event.node)
    if not node.initialised and not cluster.run_until(lambda: node.initialised, READY_TIMEOUT_S):
        return shift_us
    ready_us = max(
        (record[0] for record in cluster.journal.of_kind("state") if _is_ready(record, event.node, node.life)),
        default=cluster.loop.now_us,
    )
    return ready_us - event.at_us


def _is_ready(record: Record, name: str, life: int) -> bool:
    return record[2] == name and record[3] == life and record[4] == "initialised"


def _do(cluster: Cluster, recording: Recording, event: Event, logs: dict[tuple[str, int], str]) -> None:
    match event.kind:
        case "start":
            _start(cluster, recording, event, logs)
        case "kill" if cluster.node(event.node).alive:
            cluster.kill(event.node)
        case "terminate" if cluster.node(event.node).alive:
            cluster.terminate(event.node)
        case "pause":
            cluster.pause(event.node)
        case "resume":
            cluster.resume(event.node)
        case "cut":
            others = tuple(host for host in recording.hosts if host != event.host)
            cluster.apply(faults.Partition(sides=((event.host,), others)))
        case "heal":
            cluster.apply(faults.Heal())


def _start(cluster: Cluster, recording: Recording, event: Event, logs: dict[tuple[str, int], str]) -> None:
    assert event.config is not None
    config = evolve(event.config, privileged=recording.privileged)
    if event.node in cluster.nodes:
        cluster.node(event.node).config = config
    else:
        cluster.add_node(config)
    cluster.start(event.node)
    logs[event.node, cluster.node(event.node).life] = event.log.removesuffix(".log")
