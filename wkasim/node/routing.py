"""The routing table of a load balancer: which host name means which domain and sub-domain, for which tenant.

It is what loadbalancer.conf says (docs/protocol.md, "Request routing"). A host name that is not there is looked up
again without its first label, so ``a.esb.cloud-test.wso2.com`` finds ``esb.cloud-test.wso2.com``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from attrs import define, field

from wkasim.node.config import Group, Route

__all__ = ["HostEntry", "RoutingTable", "split_host", "tenant_of"]

FALLBACK_TENANT: Final = 0
"""The tenant of requests that name none, and of ``tenant_range *``."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LABELS: Final = 128
_LONGEST_HOST: Final = 255 + len(":65535")


@define
class HostEntry:
    """One host name of the table, and where it leads for each range of tenants."""

    name: str
    _groups: list[tuple[int, int, Group]] = field(factory=list)

    def add(self, first: int, last: int, group: Group) -> None:
        """Let tenants ``first`` to ``last`` go to the group; where ranges overlap the later one has them."""
        self._groups.insert(0, (first, last, group))

    def group(self, tenant: int) -> Group | None:
        """The tenant's group, or the fallback's; None if there is neither."""
        for wanted in (tenant, FALLBACK_TENANT):
            for first, last, group in self._groups:
                if first <= wanted <= last:
                    return group
        return None


class RoutingTable:
    """All host names."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._entries: dict[str, HostEntry] = {}
        for route in routes:
            first, last = _tenants(route.tenant_range)
            for host in route.hosts:
                entry = self._entries.setdefault(host, HostEntry(host))
                entry.add(first, last, Group(route.domain, route.sub_domain))

    def find(self, host: str) -> HostEntry | None:
        """The entry of a host name or of the nearest name above it; None if there is none."""
        name = host
        for _ in range(_LABELS):
            if name in self._entries:
                return self._entries[name]
            _, dot, name = name.partition(".")
            if not dot:
                break
        return None


def split_host(value: str, scheme: str) -> tuple[str, int]:
    """Host name and port of a Host header; a name that is none is made harmless, for it goes into the log.

    Quirk: the port that a request came in on is what the client wrote there, and without one that of the scheme.
    """
    host, _, port = value[:_LONGEST_HOST].partition(":")
    host = "".join(character if character.isprintable() else "?" for character in host)
    return host, int(port) if re.fullmatch(r"[0-9]{1,5}", port) else _DEFAULT_PORTS.get(scheme, 80)


def tenant_of(path: str) -> int:
    """The tenant in ``/t/{tenant}/``: a number here, where the real one asks the user store for a name's number."""
    found = re.search(r"/t/([0-9]{1,9})(?:/|$|\?)", path)
    return int(found[1]) if found else FALLBACK_TENANT


def _tenants(text: str) -> tuple[int, int]:
    """``*``, ``n`` or ``a-b`` as the first and the last tenant."""
    if text == "*":
        return FALLBACK_TENANT, FALLBACK_TENANT
    first, _, last = text.partition("-")
    return int(first), int(last or first)
