"""What one node is configured with: the facts of axis2.xml, carbon.xml and the start command that matter here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

__all__ = ["DEFAULT_DOMAIN", "DEFAULT_SUB_DOMAIN", "Group", "NodeConfig", "Role", "Route"]

DEFAULT_DOMAIN = "apache.axis2.domain"
DEFAULT_SUB_DOMAIN = "__$default"
"""The name that the load balancer gives to the part of a domain that has no sub-domain."""

Role = Literal["elb", "manager", "worker"]


@frozen(slots=True)
class Group:
    """A domain, or a part of it, whose members a load balancer manages."""

    domain: str
    sub_domain: str = DEFAULT_SUB_DOMAIN


@frozen(slots=True, kw_only=True)
class Route:
    """One entry of loadbalancer.conf: requests for these host names go to the members of a domain and sub-domain.

    ``tenant_range`` is ``*`` for all tenants of whom nothing else is said, ``n``, or ``a-b``.
    """

    hosts: tuple[str, ...]
    domain: str
    sub_domain: str = DEFAULT_SUB_DOMAIN
    tenant_range: str = "*"


@frozen(kw_only=True)
class NodeConfig:
    """One node.

    ``host`` is a name of the hosts table or a dotted address. ``port`` is localMemberPort, None leaves the choice to
    the probe. ``http_port`` and ``https_port`` are what the transports' listeners have in their configuration;
    ``port_offset`` (carbon.xml) is added to both, and to nothing of the cluster. ``open_http`` says when those ports
    accept: before clustering starts, after it, or never. ``well_known_members`` are (host, port) in order.
    ``groups``, ``routes`` and ``session_timeout_s`` are a load balancer's: whom it manages, which requests it gives
    them, and how long a session may be idle (None for the profile's time).
    ``setup`` is -Dsetup, ``worker`` is -DworkerNode=true, ``privileged`` allows ports below 1024.
    ``start_delay_s`` is added before the first line of the log; None draws the time that a JVM takes to start.
    ``slowness`` is how much longer than usual the steps after it take, as on a machine that is loaded.
    """

    name: str
    role: Role = "worker"
    host: str = "127.1.0.1"
    port: int | None = 4000
    bind_port: int | None = None
    domain: str = DEFAULT_DOMAIN
    sub_domain: str | None = None
    well_known_members: tuple[tuple[str, int], ...] = ()
    groups: tuple[Group, ...] = ()
    routes: tuple[Route, ...] = ()
    session_timeout_s: float | None = None
    http_port: int | None = None
    https_port: int | None = None
    port_offset: int = 0
    open_http: Literal["before", "after", "never"] = "before"
    properties: Mapping[str, str] = field(factory=dict)
    node_manager: bool = True
    state_manager: bool = False
    uses_database: bool = False
    setup: bool = False
    worker: bool = False
    driver_present: bool = True
    privileged: bool = True
    start_delay_s: float | None = None
    slowness: float = 1.0

    def advertised_properties(self) -> dict[str, str]:
        """The properties that the node's descriptor carries."""
        properties: dict[str, str] = {}
        if self.http_port is not None:
            properties["httpPort"] = str(self.http_port + self.port_offset)
        if self.https_port is not None:
            properties["httpsPort"] = str(self.https_port + self.port_offset)
        if self.sub_domain is not None:
            properties["subDomain"] = self.sub_domain
        properties.update(self.properties)
        return properties
