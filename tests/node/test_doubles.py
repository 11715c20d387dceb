"""A member that stands twice in a list (defect D18), and what comes of it when messages are sent."""

from __future__ import annotations

import pytest

from wkasim.members import Address
from wkasim.node.config import NodeConfig
from wkasim.node.sender import SendError
from wkasim.sim.cluster import Cluster


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster(profile="wso2-1.6.1", seed=1)
    first = NodeConfig(name="a", host="127.1.0.1", domain="D", start_delay_s=0.0)
    second = NodeConfig(
        name="b", host="127.1.0.2", domain="D", start_delay_s=0.0, well_known_members=(("127.1.0.1", 4000),)
    )
    for config in (first, second):
        cluster.add_node(config)
        cluster.start(config.name)
        cluster.run_for(20)
    return cluster


def messages(cluster: Cluster, since_us: int) -> list[tuple[str, str]]:
    return [(record[2], record[5]) for record in cluster.journal.of_kind("deliver") if record[0] >= since_us]


def test_member_joined_to_a_doubled_member_arrives_once_and_fails_after_five_seconds(cluster: Cluster) -> None:
    agent = cluster.node("a").agent
    assert agent is not None
    (member,) = agent.primary.members.snapshot()
    agent.primary.members.add(member)
    stranger = type(member)(Address("127.1.0.9", 4000), "D")
    begun = cluster.loop.now_us
    process = cluster.node("a").process
    assert process is not None

    async def send() -> None:
        with pytest.raises(SendError, match="could not send to everybody in time"):
            await agent.primary.send_member_joined(stranger)

    cluster.loop.run_until_complete(process.spawn(send(), "test"))
    assert cluster.loop.now_us - begun == pytest.approx(5_000_000, abs=50_000)
    assert messages(cluster, begun).count(("b", "MEMBER_JOINED")) == 1


def test_joining_of_a_doubled_member_is_told_to_itself(cluster: Cluster) -> None:
    agent = cluster.node("a").agent
    assert agent is not None
    (member,) = agent.primary.members.snapshot()
    agent.primary.members.add(member)
    begun = cluster.loop.now_us
    process = cluster.node("a").process
    assert process is not None
    cluster.loop.run_until_complete(process.spawn(agent.primary.send_member_joined(member), "test"))
    assert ("b", "MEMBER_JOINED") in messages(cluster, begun)
