"""Simulating the timeline of a recording.

Who made the recording waited for a node to be ready before going on. So does the simulation: what follows a READY keeps
its distance from it, whether the simulated node became ready sooner or later than the recorded one.

A recorded cluster and a simulated one need not do the same. What the timeline does to a node that is not running here
does nothing. A node that is started while it still runs here had ended by itself in the recording: its old life ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from wkasim.profile import Profile
from wkasim.replay.recording import Recording
from wkasim.replay.timeline import Event
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster, Node
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


def simulate(recording: Recording, profile: Profile, seed: int, *, debug: bool = False) -> SimulatedRun:
    """Do what the timeline says, at its times, on a simulated cluster; with ``debug`` DEBUG lines are kept as well."""
    logs: dict[tuple[str, int], str] = {}
    dumps: list[Views] = []
    with Cluster(profile=profile, seed=seed, debug=debug) as cluster:
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
    node = cluster.nodes.get(event.node)
    if node is None or not node.alive:
        return shift_us
    if not node.initialised:
        cluster.run_until(lambda: node.initialised or node.failure is not None, READY_TIMEOUT_S)
    moments = (record[0] for record in cluster.journal.of_kind("state") if _is_ready(record, node))
    return max(moments, default=cluster.loop.now_us) - event.at_us


def _is_ready(record: Record, node: Node) -> bool:
    return record[2:5] == (node.config.name, node.life, "initialised")


def _do(cluster: Cluster, recording: Recording, event: Event, logs: dict[tuple[str, int], str]) -> None:
    node = cluster.nodes.get(event.node)
    running = node is not None and node.alive
    match event.kind:
        case "start":
            _start(cluster, recording, event, logs)
        case "kill" if running:
            cluster.kill(event.node)
        case "terminate" if running:
            cluster.terminate(event.node)
        case "pause" if running:
            cluster.pause(event.node)
        case "resume" if running:
            cluster.resume(event.node)
        case "cut":
            cluster.apply(faults.Partition(sides=((event.host,), _others(recording, event.host))))
        case "heal":
            for other in _others(recording, event.host):
                cluster.apply(faults.Heal(between=(event.host, other)))


def _others(recording: Recording, host: str) -> tuple[str, ...]:
    return tuple(other for other in recording.hosts if other != host)


def _start(cluster: Cluster, recording: Recording, event: Event, logs: dict[tuple[str, int], str]) -> None:
    assert event.config is not None
    config = evolve(event.config, privileged=recording.privileged)
    node = cluster.nodes.get(event.node)
    if node is None:
        node = cluster.add_node(config)
    else:
        if node.alive:
            cluster.kill(event.node)
        node.config = config
    cluster.start(event.node)
    logs[event.node, node.life] = event.log.removesuffix(".log")
