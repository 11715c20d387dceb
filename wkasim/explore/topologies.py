"""Topologies: who lists whom as a well-known member, and on which hosts and ports nodes stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from attrs import evolve

from wkasim.node.config import Group, NodeConfig

__all__ = ["LAYOUTS", "TOPOLOGIES", "Chooser", "Topology", "draw_nodes", "with_topology"]

T = TypeVar("T")

DOMAIN: Final = "wso2.esb.domain"
BALANCER_DOMAIN: Final = "wso2.lb.domain"


class Chooser(Protocol):
    """Where choices come from: a seed, or Hypothesis. The first option is the simplest one."""

    def integer(self, least: int, most: int) -> int:
        """A whole number from least to most."""

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""

    def some(self, options: Sequence[T]) -> tuple[T, ...]:
        """Some of the options, in their order; maybe none, maybe all."""


Topology = Callable[[int, Chooser], list[list[int]]]
"""For so many nodes, whom each has on its list, by number from 0."""


def _star(count: int, _: Chooser) -> list[list[int]]:
    return [[] if i == 0 else [0] for i in range(count)]


def _pair(count: int, _: Chooser) -> list[list[int]]:
    return [[j for j in range(min(2, count)) if j != i] for i in range(count)]


def _chain(count: int, _: Chooser) -> list[list[int]]:
    return [[] if i == 0 else [i - 1] for i in range(count)]


def _ring(count: int, _: Chooser) -> list[list[int]]:
    return [[(i - 1) % count] for i in range(count)]


def _one_way(count: int, _: Chooser) -> list[list[int]]:
    """The first lists nobody, the second the first, the others the second only."""
    return [[], *([0] if i == 1 else [1] for i in range(1, count))]


def _partial(count: int, choose: Chooser) -> list[list[int]]:
    return [list(choose.some([j for j in range(count) if j != i])) for i in range(count)]


def _self_only(count: int, _: Chooser) -> list[list[int]]:
    """The first lists itself, as some guides say one should; the others list it."""
    return [[0] for _ in range(count)]


TOPOLOGIES: Final[Mapping[str, Topology]] = {
    "star": _star,
    "pair": _pair,
    "chain": _chain,
    "ring": _ring,
    "one_way": _one_way,
    "partial": _partial,
    "self_only": _self_only,
}
"""Well-known graphs by name."""


def _apart(number: int, _: Chooser) -> tuple[str, int]:
    return f"127.1.0.{number + 1}", 4000


def _signed(number: int, _: Chooser) -> tuple[str, int]:
    """Addresses on both sides of 128, where Tribes' order of addresses turns round."""
    return f"127.1.0.{(206, 132, 20, 129, 60, 250, 100)[number % 7] - number // 7}", 4000


def _one_host(number: int, _: Chooser) -> tuple[str, int]:
    return "127.1.0.1", 4000 + number


def _clashing(_: int, choose: Chooser) -> tuple[str, int]:
    """Ports that several nodes of one host may want."""
    return "127.1.0.1", 4000 + choose.integer(0, 2)


LAYOUTS: Final[Mapping[str, Callable[[int, Chooser], tuple[str, int]]]] = {
    "apart": _apart,
    "signed": _signed,
    "one_host": _one_host,
    "clashing": _clashing,
}
"""Where the node of a number stands: a host of its own, or one for all with ports that differ or clash."""


def draw_nodes(choose: Chooser, count: int, layout: str, topology: str, *, balancer: bool) -> tuple[NodeConfig, ...]:
    """So many nodes; with ``balancer`` the first is a load balancer, in the members' domain or in one of its own."""
    places = [LAYOUTS[layout](number, choose) for number in range(count)]
    apart = balancer and choose.pick((False, True))
    nodes = [_node(number, place, balancer=balancer, apart=apart) for number, place in enumerate(places)]
    return with_topology(choose, nodes, topology)


def with_topology(choose: Chooser, nodes: Sequence[NodeConfig], topology: str) -> tuple[NodeConfig, ...]:
    """The same nodes with well-known members as the topology says."""
    lists = TOPOLOGIES[topology](len(nodes), choose)
    return tuple(
        evolve(node, well_known_members=tuple((nodes[other].host, nodes[other].port or 4000) for other in others))
        for node, others in zip(nodes, lists, strict=True)
    )


def _node(number: int, place: tuple[str, int], *, balancer: bool, apart: bool) -> NodeConfig:
    host, port = place
    if balancer and number == 0:
        domain = BALANCER_DOMAIN if apart else DOMAIN
        return NodeConfig(name="elb", role="elb", host=host, port=port, domain=domain, groups=(Group(DOMAIN),))
    return NodeConfig(
        name=f"node{number + 1 - balancer}",
        role="worker",
        worker=True,
        host=host,
        port=port,
        domain=DOMAIN,
        http_port=8280,
        https_port=8243,
        port_offset=number,
    )
