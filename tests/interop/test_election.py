"""The coordinator of the real Tribes library and that of a wkasim node elect together, and fail together."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.interop.real_tribes import PATIENCE_S, RealMember, RealTribes
from tests.loopback import fresh_ip
from wkasim.live.cluster import LiveCluster
from wkasim.members import Address, absolute_order
from wkasim.node.config import NodeConfig

DOMAIN = "wso2.esb.domain"
PORT = 4000


@pytest.fixture
def addresses() -> list[str]:
    """Three, in the order in which an election has them: the first one leads it."""
    return [str(address) for address in sorted((Address(fresh_ip(), PORT) for _ in range(3)), key=absolute_order)]


@pytest.fixture
def real(real_tribes: RealTribes) -> Iterator[Callable[..., RealMember]]:
    """Start real members with a coordinator; the first address is the member's own, the others its peers'."""
    with ExitStack() as stack:

        def start(address: str, *peers: str) -> RealMember:
            options = [option for peer in peers for option in ("--peer", peer)]
            member = real_tribes.member(address, *options, "--domain", DOMAIN, "--coordinator", "true")
            return stack.enter_context(member)

        yield start


@pytest.fixture
def cluster() -> Iterator[LiveCluster]:
    made = LiveCluster(profile="axis2-1.7")
    yield made
    made.close()


def ours(cluster: LiveCluster, address: str) -> None:
    """Start a node of ours that knows nobody."""
    host, _, port = address.rpartition(":")
    cluster.add_node(NodeConfig(name="ours", host=host, port=int(port), domain=DOMAIN))
    cluster.start("ours")
    wait(cluster, lambda: cluster.is_ready("ours"), "our node has not started")


def wait(cluster: LiveCluster, condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, what
        cluster.run_for(0.05)


def asked(cluster: LiveCluster, member: RealMember) -> dict[str, str]:
    """What a real member says of its elections: ``received`` messages, and the ``view``."""
    before = len(member.events("election"))
    member.say("election")
    wait(cluster, lambda: len(member.events("election")) > before, f"{member.address} does not answer")
    return member.events("election")[-1]


def accepts(cluster: LiveCluster, member: RealMember, *view: str) -> Callable[[], bool]:
    return lambda: asked(cluster, member)["view"].split() == list(view)


def our_view(cluster: LiveCluster) -> list[str]:
    """The view that our node accepted last, as its log has it."""
    views = [record[7] for record in cluster.journal.records if record[1] == "log" and record[4] == "coordinator_view"]
    facts = dict(zip(views[-1][::2], views[-1][1::2], strict=True))
    members = re.findall(r"tcp://\{?([\d, .]+)\}?:(\d+)", facts["view"])
    return [f"{host.replace(', ', '.')}:{port}" for host, port in members]


def test_real_coordinator_and_ours_accept_one_view(
    cluster: LiveCluster, real: Callable[..., RealMember], addresses: list[str]
) -> None:
    first, second, _ = addresses
    ours(cluster, second)
    leader = real(first, second)
    wait(cluster, accepts(cluster, leader, first, second), "the real coordinator has not accepted a view of both")
    wait(cluster, lambda: our_view(cluster) == [first, second], "our node has not accepted it")
    assert cluster.views() == {"ours": (f"{first}({DOMAIN})",)}


@pytest.mark.parametrize("who_disagrees", ["the real library", "our node"])
def test_election_goes_on_for_ever_where_one_lists_a_dead_member_and_another_does_not(
    cluster: LiveCluster, real: Callable[..., RealMember], addresses: list[str], who_disagrees: str
) -> None:
    # As in the scenario found/endless-election. The second knows the third by the token alone, so its failure detector
    # will never miss it; the first has met both.
    first, third, second = addresses
    if who_disagrees == "our node":
        ours(cluster, second)
    else:
        real(second, first)
    leader = real(first, second, third)
    wait(cluster, accepts(cluster, leader, first, second), "no view of two")
    doomed = real(third, first)
    wait(cluster, accepts(cluster, leader, first, third, second), "no view of three")
    settled = int(asked(cluster, leader)["received"])
    assert settled < 30

    doomed.process.kill()
    for rounds in (30, 60, 90):
        wait(
            cluster,
            lambda rounds=rounds: int(asked(cluster, leader)["received"]) > settled + rounds,  # type: ignore[misc]
            "the election has ended",
        )
