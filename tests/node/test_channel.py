"""The channel's receiver: so many threads and no more, and what that does to nodes that wait for each other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.node.clusters import DOMAIN, cluster_of, plain
from wkasim.errors import ThreadDeathError
from wkasim.members import Address, Member
from wkasim.messages import (
    USE_ACK,
    ChannelMessage,
    Coordination,
    Join,
    MemberJoined,
    NoRpcChannelReply,
    Payload,
    RpcReply,
    RpcRequest,
)
from wkasim.node.channel import RECEIVER_THREADS, Channel
from wkasim.node.sender import SendError
from wkasim.sim.cluster import Cluster
from wkasim.sim.network import Link

IP = "127.1.0.1"
OTHER = Member(Address("127.1.0.9", 4000), "wso2.esb.domain")


class Handler:
    """Answers once it is let go; knows who has come, in order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.dies = False

    def handle(self, payload: Payload, message: ChannelMessage) -> Payload | Coroutine[Any, Any, Payload]:
        assert isinstance(message.content, RpcRequest)
        self.begun.append(message.content.id)
        if isinstance(payload, MemberJoined):
            return None
        return self._wait(message.content.id)

    async def _wait(self, ident: str) -> Payload:
        self.gates[ident] = asyncio.Event()
        await self.gates[ident].wait()
        if self.dies:
            raise ThreadDeathError("no reply")
        return None


class HeldListener:
    """A listener that knows what it was told."""

    address = Address(IP, 4000)

    def __init__(self) -> None:
        self.told: list[str] = []

    def close(self) -> None:
        self.told.append("close")

    def hold(self) -> None:
        self.told.append("hold")

    def go_on(self) -> None:
        self.told.append("go on")


def request(ident: str) -> ChannelMessage:
    return ChannelMessage.of(OTHER, 0, 0, RpcRequest("test", ident, Join()))


class Node:
    """A running node whose channel gets messages by hand."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        cluster.start("a")
        cluster.run_for(5)
        agent = cluster.node("a").agent
        assert agent is not None
        self.channel: Channel = agent.channel
        self.handler = Handler()
        self.channel.add_handler("test", self.handler)
        self.replies: list[str] = []
        self.channel.on_reply = lambda _message, reply: self.replies.append(reply.id)

    def get(self, content: RpcRequest | RpcReply | NoRpcChannelReply) -> None:
        self.channel.receive(ChannelMessage.of(OTHER, 0, 0, content))
        self.cluster.run_for(0.01)

    def ask(self, *numbers: int) -> list[str]:
        for number in numbers:
            self.get(RpcRequest("test", str(number), Join()))
        return [str(number) for number in numbers]

    def let_go(self, number: int) -> None:
        self.handler.gates[str(number)].set()
        self.cluster.run_for(5)  # The answer finds nobody.


def test_receiver_works_on_so_many_messages_at_a_time_and_then_in_the_order_of_their_arrival() -> None:
    with cluster_of(plain("a", IP)) as cluster:
        node = Node(cluster)
        asked = node.ask(*range(RECEIVER_THREADS + 3))
        assert node.handler.begun == asked[:RECEIVER_THREADS]
        node.let_go(4)
        assert node.handler.begun == asked[: RECEIVER_THREADS + 1]
        node.let_go(0)
        node.let_go(1)
        assert node.handler.begun == asked


def test_receiver_without_a_free_thread_takes_no_reply_either() -> None:
    with cluster_of(plain("a", IP)) as cluster:
        node = Node(cluster)
        node.ask(*range(RECEIVER_THREADS))
        node.get(RpcReply("test", "late", None))
        assert node.replies == []
        node.let_go(0)
        assert node.replies == ["late"]


def test_receiver_of_a_killed_process_reads_nothing_more() -> None:
    with cluster_of(plain("a", IP)) as cluster:
        node = Node(cluster)
        asked = node.ask(*range(RECEIVER_THREADS + 5))
        cluster.kill("a")
        cluster.run_for(30)
        assert node.handler.begun == asked[:RECEIVER_THREADS]


def test_receiver_of_a_paused_process_reads_on_when_that_goes_on() -> None:
    with cluster_of(plain("a", IP)) as cluster:
        node = Node(cluster)
        asked = node.ask(*range(RECEIVER_THREADS + 1))
        cluster.pause("a")
        node.let_go(0)
        assert node.handler.begun == asked[:-1]
        cluster.resume("a")
        cluster.run_for(5)
        assert node.handler.begun == asked


def test_receiver_lets_no_later_message_pass_what_waits_when_it_was_paused_with_a_thread_just_free() -> None:
    with cluster_of(plain("a", IP)) as cluster:
        node = Node(cluster)
        asked = node.ask(*range(RECEIVER_THREADS + 2))
        process = cluster.node("a").process
        assert process is not None
        for thread in list(process._tasks):
            # The pause comes between the end of a thread and the first step of the next one.
            thread.add_done_callback(lambda _: process.freeze())
        node.handler.dies = True  # Else the reply would keep the thread.
        node.let_go(0)
        assert process.frozen
        process.inbox.append(lambda: node.channel.receive(request("later")))
        process.thaw()
        cluster.run_for(5)
        for number in (1, 2):
            process.thaw()
            node.let_go(number)
            process.thaw()
        cluster.run_for(5)
        assert node.handler.begun == [*asked, "later"]


def test_receiver_without_a_free_thread_holds_its_listener_until_all_that_came_is_taken() -> None:
    """A stranger who sends without end has to wait, and does not fill the node's memory."""
    with cluster_of(plain("a", IP)) as cluster:
        node = Node(cluster)
        listener = HeldListener()
        node.channel._listener = listener
        node.ask(*range(RECEIVER_THREADS - 1))
        assert listener.told == []
        node.ask(RECEIVER_THREADS - 1, RECEIVER_THREADS)
        assert listener.told == ["hold"]
        node.let_go(0)
        assert listener.told == ["hold"] * 2
        node.let_go(1)
        assert listener.told == ["hold", "hold", "go on"]


class Peer:
    """Another running node that sends tokens to the first one, and what came of each: sent or failed, and when."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        cluster.start("b")
        cluster.run_for(5)
        agent = cluster.node("b").agent
        assert agent is not None
        self.agent = agent
        self.outcomes: list[tuple[str, int]] = []

    def send(self, ident: str, options: int = USE_ACK, run_s: float = 0.5) -> None:
        self.agent.environment.spawn(self._send(ident, options), "token")
        self.cluster.run_for(run_s)

    async def _send(self, ident: str, options: int) -> None:
        receiver = Member(Address(IP, 4000), DOMAIN, built_locally=True)
        token = Coordination(self.agent.channel.local, self.agent.channel.local, (), ident)
        begun_us = self.cluster.loop.now_us
        try:
            await self.agent.channel.send((receiver,), token, options)
        except SendError:
            self.outcomes.append((f"{ident} failed", round((self.cluster.loop.now_us - begun_us) / 1e6)))
        else:
            self.outcomes.append((f"{ident} sent", round((self.cluster.loop.now_us - begun_us) / 1e6)))

    def fates(self) -> list[tuple[str, str]]:
        """What the journal says of the tokens at their other end."""
        return [
            (record[1], record[7] if record[1] == "drop" else record[6])
            for record in self.cluster.journal.records
            if record[1] in ("deliver", "drop") and record[5] == "COORDINATION_REQUEST"
        ]


def test_receiver_without_a_free_thread_acknowledges_nothing_and_works_on_it_later_all_the_same() -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        peer.send("early")
        node.ask(*range(RECEIVER_THREADS))
        peer.send("late")
        cluster.run_for(5)
        assert peer.outcomes == [("early sent", 0), ("late failed", 3)]
        assert peer.fates() == [("deliver", "b")]
        node.let_go(0)
        assert peer.fates() == [("deliver", "b")] * 2
        peer.send("after")
        assert peer.outcomes[2:] == [("after sent", 0)]


def test_receiver_acknowledges_what_waits_as_soon_as_a_thread_is_free() -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        node.ask(*range(RECEIVER_THREADS))
        peer.send("one")
        peer.send("two")
        cluster.run_for(1)
        assert peer.outcomes == []
        node.let_go(0)
        assert peer.outcomes == [("one sent", 2), ("two sent", 2)]


@pytest.mark.parametrize("paused", [False, True])
def test_what_waits_for_a_thread_is_lost_with_the_process(paused: bool) -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        node.ask(*range(RECEIVER_THREADS))
        peer.send("waits")
        if paused:
            cluster.pause("a")
            peer.send("waits behind it")
        cluster.kill("a")
        cluster.run_for(5)
        assert {outcome.split()[-1] for outcome, _ in peer.outcomes} == {"failed"}
        assert peer.fates() == [("drop", "receiver gone")] * (2 if paused else 1)


def test_message_that_nobody_need_acknowledge_waits_for_a_thread_as_well() -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        peer.send("first", 0)
        node.ask(*range(RECEIVER_THREADS))
        peer.send("second", 0)
        assert peer.outcomes == [("first sent", 0), ("second sent", 0)]
        assert peer.fates() == [("deliver", "b")]
        node.let_go(0)
        assert peer.fates() == [("deliver", "b")] * 2


def test_message_that_came_in_a_pause_waits_for_a_thread_after_it() -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        node.ask(*range(RECEIVER_THREADS))
        cluster.pause("a")
        peer.send("waits")
        cluster.resume("a")
        cluster.run_for(1)
        assert peer.fates() == []
        node.let_go(0)
        assert peer.fates() == [("deliver", "b")]


def test_message_on_its_way_to_a_process_without_a_free_thread_finds_it_killed() -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        peer.send("first", 0)
        node.ask(*range(RECEIVER_THREADS))
        peer.send("second", 0, run_s=0)
        while cluster.journal.records[-1][1] != "send":
            cluster.run_for(0.0001)
        cluster.kill("a")
        cluster.run_for(1)
        assert peer.fates() == [("deliver", "b"), ("drop", "receiver gone")]


def test_what_waits_for_a_thread_is_never_read_when_the_channel_closes() -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        node.ask(*range(RECEIVER_THREADS))
        peer.send("waits")
        cluster.terminate("a")
        cluster.run_for(5)
        assert peer.outcomes == [("waits failed", 1)]
        assert peer.fates() == [("drop", "never read")]


def test_cut_between_a_message_that_waits_and_a_free_thread_takes_the_acknowledgement_only() -> None:
    with cluster_of(plain("a", IP), plain("b", "127.1.0.2")) as cluster:
        node, peer = Node(cluster), Peer(cluster)
        node.ask(*range(RECEIVER_THREADS))
        peer.send("waits")
        cluster.network.cut(["a"], ["b"])
        node.let_go(0)
        assert peer.outcomes == [("waits failed", 3)]
        assert peer.fates() == [("deliver", "b")]


@pytest.mark.parametrize("seed", [1, 6, 9])
def test_two_nodes_that_push_their_lists_at_each_other_stop_when_their_threads_are_used_up(seed: int) -> None:
    """Each push makes the other push, for neither has listed the other before it has its reply."""
    a, b = plain("a", IP, ("127.1.0.2", 4000)), plain("b", "127.1.0.2", (IP, 4000))
    with cluster_of(a, b, seed=seed, link=Link(latency_us=1000, jitter_us=4000)) as cluster:
        cluster.start("a", "b")
        cluster.run_for(60)
        taken = Counter(record[2] for record in cluster.journal.of_kind("log") if record[4] == "member_list_received")
        assert RECEIVER_THREADS <= max(taken.values()) <= 3 * RECEIVER_THREADS
