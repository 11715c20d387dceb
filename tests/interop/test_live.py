"""A wkasim node and a member of the real Tribes library, opposite each other on real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.interop.real_tribes import PATIENCE_S, RealMember, RealTribes
from tests.loopback import fresh_ip
from wkasim.live.cluster import LiveCluster
from wkasim.members import Address, Member
from wkasim.messages import USE_ACK, ChannelMessage, Coordination, Payload, Text
from wkasim.node.agent import ClusteringAgent
from wkasim.node.channel import RECEIVER_THREADS
from wkasim.node.config import NodeConfig
from wkasim.node.rpc import Response

DOMAIN = "wso2.esb.domain"
CHANNEL = "interop.rpc.channel"
PORT = 4000


@pytest.fixture
def our_ip() -> str:
    return fresh_ip()


@pytest.fixture
def real(real_tribes: RealTribes, our_ip: str) -> Iterator[RealMember]:
    options = ["--peer", f"{our_ip}:{PORT}", "--rpc", CHANNEL]
    with real_tribes.member(f"{fresh_ip()}:{PORT}", *options) as member:
        yield member


class Answers:
    """What the real member does as well: a text comes back with two letters in front."""

    def handle(self, payload: Payload, message: ChannelMessage) -> Payload:
        return Text(f"re: {payload.text}") if isinstance(payload, Text) else None


@pytest.fixture
def cluster(our_ip: str) -> Iterator[LiveCluster]:
    """One node that knows nobody: the real member has it on its list, and not the other way round."""
    made = LiveCluster(profile="axis2-1.7")
    made.add_node(NodeConfig(name="worker1", host=our_ip, port=PORT, domain=DOMAIN))
    yield made
    made.close()


def eventually(cluster: LiveCluster, condition: Callable[[], object], what: str) -> None:
    end_s = cluster.now_s + PATIENCE_S
    while not condition():
        assert cluster.now_s < end_s, what
        cluster.run_for(0.05)


def started(cluster: LiveCluster, real: RealMember) -> ClusteringAgent:
    eventually(cluster, lambda: real.events("started"), "the real member has not started")
    cluster.start("worker1")
    eventually(cluster, lambda: cluster.is_ready("worker1"), "our node has not started")
    agent = cluster.node("worker1").agent
    assert agent is not None
    return agent


def test_real_failure_detector_sees_our_node_come_die_and_return(
    cluster: LiveCluster, real: RealMember, our_ip: str
) -> None:
    started(cluster, real)
    eventually(cluster, lambda: real.events("memberAdded"), "the real member has not seen our node")
    assert real.events("memberAdded")[0]["member"] == f"{our_ip}:{PORT}"
    cluster.run_for(1)  # Three of its checks.
    assert real.events("memberDisappeared") == []

    cluster.kill("worker1")
    eventually(cluster, lambda: real.events("memberDisappeared"), "the real member has not missed our node")
    assert real.events("memberDisappeared")[0]["member"] == f"{our_ip}:{PORT}"
    cluster.start("worker1")
    eventually(cluster, lambda: len(real.events("memberAdded")) == 2, "the real member has not seen it again")


def test_text_is_answered_by_rpc_in_both_directions(cluster: LiveCluster, real: RealMember, our_ip: str) -> None:
    agent = started(cluster, real)
    agent.channel.add_handler(CHANNEL, Answers())

    real.say(f"call {our_ip}:{PORT} grüße aus Java")
    eventually(cluster, lambda: real.events("reply"), f"the real member got no reply: {real.told}")
    assert real.events("reply") == [{"event": "reply", "from": f"{our_ip}:{PORT}", "text": "re: grüße aus Java"}]

    ip, _, port = real.address.partition(":")
    target = Member(Address(ip, int(port)), DOMAIN, built_locally=True)
    answers: list[Response] = []

    async def call() -> None:
        answers.extend(await agent.rpc.call((target,), CHANNEL, Text("grüße aus Python"), "first", 0))

    agent.environment.spawn(call(), "call")
    eventually(cluster, lambda: answers, "our node got no reply")
    assert answers[0].payload == Text("re: grüße aus Python")
    assert str(answers[0].source.address) == real.address
    assert real.events("request")[-1]["text"] == "grüße aus Python"


def test_call_on_a_channel_that_nobody_has_ends_without_a_reply(
    cluster: LiveCluster, real: RealMember, our_ip: str
) -> None:
    started(cluster, real)
    real.say(f"call {our_ip}:{PORT} hello")
    eventually(cluster, lambda: real.events("no reply"), f"the call has not ended: {real.told}")


@pytest.mark.parametrize("busy", [RECEIVER_THREADS - 1, RECEIVER_THREADS])
def test_real_receiver_acknowledges_nothing_while_all_its_threads_are_busy(
    cluster: LiveCluster, real: RealMember, busy: int
) -> None:
    """What the simulated receiver does as well: see tests/node/test_channel.py."""
    agent = started(cluster, real)
    ip, _, port = real.address.partition(":")
    target = Member(Address(ip, int(port)), DOMAIN, built_locally=True)
    waited_s: list[float] = []

    async def call() -> None:
        await agent.rpc.call((target,), CHANNEL, Text("sleep 2500"), "first", 0)

    async def send() -> None:
        begun_s = cluster.now_s
        token = Coordination(agent.channel.local, agent.channel.local, (), "token")
        await agent.channel.send((target,), token, USE_ACK)
        waited_s.append(cluster.now_s - begun_s)

    for number in range(1, busy + 1):
        agent.environment.spawn(call(), "call")
        # What comes in one piece is worked on by one thread.
        eventually(cluster, lambda number=number: len(real.events("request")) == number, f"{number} do not run")  # type: ignore[misc]
    assert not real.events("slept")
    agent.environment.spawn(send(), "send")
    eventually(cluster, lambda: waited_s, "our node waits for ever")
    if busy < RECEIVER_THREADS:
        assert not real.events("slept")
    else:
        assert waited_s[0] > 0.2
        eventually(cluster, lambda: real.events("slept"), "no thread has become free")
