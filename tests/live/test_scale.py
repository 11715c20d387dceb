"""Many nodes on real sockets: they find each other, in bounded time."""

from __future__ import annotations

import pytest

from tests.loopback import fresh_network
from wkasim.live.cluster import LiveCluster
from wkasim.node.config import Group, NodeConfig

NODES = 100


@pytest.mark.nightly
def test_a_hundred_nodes_in_one_process_converge() -> None:
    network = fresh_network()
    elb = f"{network}.1"
    cluster = LiveCluster()
    try:
        cluster.add_node(NodeConfig(name="elb", role="elb", host=elb, domain="d", groups=(Group("d"),)))
        for number in range(1, NODES):
            worker = NodeConfig(
                name=f"w{number}", host=f"{network}.{number + 1}", domain="d", well_known_members=((elb, 4000),)
            )
            cluster.add_node(worker)
        cluster.start("elb")
        assert cluster.run_until(lambda: cluster.is_ready("elb"), 60)
        for number in range(1, NODES):
            cluster.start(f"w{number}")
            cluster.run_for(0.1)
        assert cluster.run_until(cluster.is_converged, 300), cluster.disagreements()[:5]
    finally:
        cluster.close()
