"""A cluster as a Hypothesis state machine: rules start, stop and strike nodes, invariants are asked after each.

    from wkasim.testing import ClusterMachine

    class Convergence(ClusterMachine):
        profile = "axis2-1.7"
        invariant_names = ("agreement", "completeness")

    TestConvergence = Convergence.TestCase

At the end faults stop, everything heals, time goes on until all is due that must hold eventually, and it must hold.
"""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from wkasim.explore.invariants import invariants_named
from wkasim.explore.space import MOST_NODES
from wkasim.explore.topologies import TOPOLOGIES
from wkasim.explore.verdict import Watch
from wkasim.node.config import NodeConfig
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster
from wkasim.testing.covering import cover
from wkasim.testing.strategies import topologies

__all__ = ["ClusterMachine"]


class ClusterMachine(RuleBasedStateMachine):
    """Drives one cluster; subclasses narrow what is drawn and what must hold.

    ``profile``, ``node_counts``, ``topology_kinds`` and ``layouts`` say which clusters there are, ``invariant_names``
    which invariants are asked; all if it is empty. ``sequential`` lets every start settle before the next thing
    happens.
    """

    profile: ClassVar[str] = "documented"
    node_counts: ClassVar[tuple[int, int]] = (2, 5)
    topology_kinds: ClassVar[tuple[str, ...]] = tuple(TOPOLOGIES)
    layouts: ClassVar[tuple[str, ...]] = ("apart", "signed", "one_host")
    invariant_names: ClassVar[tuple[str, ...]] = ()
    sequential: ClassVar[bool] = False

    stopped = Bundle("stopped")
    running = Bundle("running")
    frozen_nodes = Bundle("frozen_nodes")

    def __init__(self) -> None:
        super().__init__()
        self.cluster: Cluster | None = None
        self.watch: Watch | None = None

    @initialize(target=stopped, seed=st.integers(0, 9999), data=st.data())
    def build(self, seed: int, data: st.DataObject) -> object:
        """Make the cluster; nobody runs yet."""
        nodes = data.draw(self.clusters())
        self.cluster = Cluster(profile=self.profile, seed=seed)
        for node in nodes:
            self.cluster.add_node(node)
        self.watch = Watch.over(self.cluster, invariants_named(self.invariant_names))
        return multiple(*(node.name for node in nodes))

    def clusters(self) -> st.SearchStrategy[tuple[NodeConfig, ...]]:
        """Which nodes there may be; a subclass may return its own strategy."""
        return topologies(nodes=self.node_counts, kinds=self.topology_kinds, layouts=self.layouts)

    # Rules

    @rule(target=running, name=consumes(stopped))
    def start(self, name: str) -> str:
        """Start a node."""
        self._do(faults.Start(nodes=(name,)))
        self._advance(20.0 if self.sequential else 1.5)
        return name

    @rule(target=stopped, name=consumes(running))
    def terminate(self, name: str) -> str:
        """Stop a node gracefully."""
        self._do(faults.Terminate(node=name))
        self._advance(0.5)
        return name

    @rule(target=stopped, name=consumes(running))
    def kill(self, name: str) -> str:
        """End a node's process."""
        self._do(faults.Kill(node=name))
        return name

    @rule(name=running, after_s=st.integers(0, 30))
    def restart(self, name: str, after_s: int) -> None:
        """Restart a node, and let it come up."""
        self._do(faults.Restart(node=name, after_s=float(after_s)))
        self._advance(after_s + (20.0 if self.sequential else 1.5))

    @rule(target=frozen_nodes, name=consumes(running))
    def pause(self, name: str) -> str:
        """Freeze a node."""
        self._do(faults.Pause(node=name))
        return name

    @rule(target=running, name=consumes(frozen_nodes))
    def resume(self, name: str) -> str:
        """Let a frozen node go on."""
        self._do(faults.Resume(node=name))
        return name

    @rule(side=st.integers(0, 2**MOST_NODES), lasts_s=st.integers(1, 30))
    def partition(self, side: int, lasts_s: int) -> None:
        """Separate some nodes from the others for a while; then the network heals."""
        assert self.cluster is not None
        names = list(self.cluster.nodes)
        if len(names) < 2:
            return
        # The bits of a number say who is on the left; those that leave one side empty are none of them.
        chosen = 1 + side % (2 ** len(names) - 2)
        left = tuple(name for bit, name in enumerate(names) if chosen >> bit & 1)
        right = tuple(name for name in names if name not in left)
        self._do(faults.Partition(sides=(left, right)))
        self._advance(lasts_s)
        self._do(faults.Heal())

    @rule(seconds=st.integers(1, 30))
    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self._advance(seconds)

    def _do(self, action: faults.Action) -> None:
        assert self.cluster is not None
        self.cluster.apply(action)

    def _advance(self, seconds: float) -> None:
        assert self.cluster is not None
        self.cluster.run_for(seconds)

    # What must hold

    @invariant()
    def nothing_is_violated(self) -> None:
        """Ask the invariants about all that has happened since they were last asked."""
        if self.cluster is not None and self.watch is not None:
            self.watch.look(self.cluster)
            told = [str(violation) for violation in self.watch.telling()]
            assert not told, "\n".join(told)

    def teardown(self) -> None:
        """Stop the faults, heal everything, wait until every invariant is due, ask once more."""
        if self.cluster is None or self.watch is None:
            return
        with self.cluster:
            try:
                if not self.watch.violated:
                    self._settle(self.cluster, self.watch)
            finally:
                cover(self.profile, self.cluster.journal.records)

    def _settle(self, cluster: Cluster, watch: Watch) -> None:
        for name, node in cluster.nodes.items():
            if node.alive and node.state == "paused":
                cluster.resume(name)
        cluster.heal()
        watch.look(cluster)
        due_us = max((watch.due_us(invariant) for invariant in watch.invariants), default=0)
        cluster.run_for(max(due_us - cluster.loop.now_us, 0) / 1e6 + 1.0)
        self.nothing_is_violated()
