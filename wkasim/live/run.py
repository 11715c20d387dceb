"""A scenario on real sockets: which ones can run there, and what runs them.

The steps and the expectations are those of any run (:mod:`wkasim.scenario.runner`); times in the journal are those of
the loop, so that "within ten seconds" means the same at every speed.
"""

from __future__ import annotations

from wkasim.errors import InputError
from wkasim.live.clock import check_speed
from wkasim.live.cluster import LiveCluster, book_for
from wkasim.live.taken import refuse_taken
from wkasim.profile import Profile
from wkasim.scenario.model import Scenario
from wkasim.scenario.runner import MakeCluster
from wkasim.sim.cluster import Cluster
from wkasim.sim.faults import MapHost
from wkasim.sim.links import LAN

__all__ = ["obstacles", "on_sockets"]

_NEEDS_SIMULATION = {
    "partition": "nobody but root can cut the network of a machine",
    "cut": "nobody but root can cut the network of a machine",
    "heal": "nobody but root can cut the network of a machine",
    "link": "loopback has no latency and loses nothing",
    "messages": "what the operating system has taken cannot be held, dropped or doubled",
    "release": "what the operating system has taken cannot be held, dropped or doubled",
    "clear_rules": "what the operating system has taken cannot be held, dropped or doubled",
    "host_down": "a host that is off answers nothing, and loopback always answers",
    "host_up": "a host that is off answers nothing, and loopback always answers",
}


def obstacles(scenario: Scenario) -> list[str]:
    """Why the scenario cannot run on real sockets, a sentence each with its place; nothing if it can."""
    found = [
        f"{scenario.file}:{step.line}: {step.action.verb} needs the simulated network: {reason}"
        for step in scenario.steps
        if (reason := _NEEDS_SIMULATION.get(step.action.verb)) is not None
    ]
    if scenario.link != LAN or scenario.links:
        found.insert(0, f"{scenario.file}: link needs the simulated network: {_NEEDS_SIMULATION['link']}")
    return found


def on_sockets(scenario: Scenario, *, speed: float = 1.0, network: str | None = None) -> tuple[MakeCluster, list[str]]:
    """What makes the cluster of a run on real sockets, and what people should know about its addresses.

    ``network`` moves all addresses there (:func:`wkasim.transport.tcp.addresses.address_book`). Raises InputError where
    the scenario needs what real sockets cannot do, where its ports are taken, and for a speed that makes no sense.
    """
    check_speed(speed)
    if problems := obstacles(scenario):
        raise InputError(*problems)
    mapped = {step.action.name: step.action.address for step in scenario.steps if isinstance(step.action, MapHost)}
    nodes = scenario.all_nodes().values()
    book, notes = book_for(nodes, {**scenario.hosts, **mapped}, network=network)
    refuse_taken(nodes, scenario.hosts, book)

    def make(scenario: Scenario, profile: Profile, seed: int) -> Cluster:
        return LiveCluster(
            profile=profile, seed=seed, hosts=scenario.hosts, database=scenario.database, speed=speed, book=book
        )

    return make, notes
