"""The clustering agent: the start of a node, as the guide shows it, from top to bottom.

    Initializing cluster...                        configuration read, database checked
    Cluster domain: D
    Using wka based membership management scheme
    Receiver Server Socket bound to:/A             the port is probed, once or twice
    Added static member W / Could not connect ...  each well-known member is tried
    Local Member A(D)                              the channel has started: receiver, detector, coordinator
    Members of current cluster / No members ...
    Sending JOIN message to WKA members...         only if a well-known member was reached
    Trying to send initialization request to W     only if there are members then
    Cluster initialization completed.

Steps, pauses and their sources are in docs/protocol.md, "Start-up of a node".
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from wkasim.errors import StartupError
from wkasim.members import Address, Member
from wkasim.node.balancer import Balancer
from wkasim.node.channel import Channel
from wkasim.node.config import DEFAULT_SUB_DOMAIN, NodeConfig
from wkasim.node.coordinator import Coordinator
from wkasim.node.database import check_database
from wkasim.node.environment import Environment, Pacer
from wkasim.node.failure import FailureDetector, StaticMembers
from wkasim.node.groups import GroupAgent
from wkasim.node.hashing import hash_order, string_hash
from wkasim.node.initialization import Initialization, rpc_init_channel
from wkasim.node.joining import Joining
from wkasim.node.membership import MembershipManager, PrimaryListener, rpc_membership_channel
from wkasim.node.ports import probe_port
from wkasim.node.requests import InitializationRequests, MembershipRequests
from wkasim.node.roles import ApplicationMode, BalancerMode, Mode
from wkasim.node.rpc import RpcClient
from wkasim.node.service import ApplicationService, Service
from wkasim.node.wellknown import WellKnownMembers
from wkasim.transport.base import BindError, Listener, UnknownHostError

__all__ = ["ClusteringAgent", "NodeState"]

NodeState = Literal["starting", "waiting", "initialised", "failed", "stopped"]

_AGENT_CLASS = "org.apache.axis2.clustering.management.DefaultGroupManagementAgent"
_SUB_DOMAIN_AGENT_CLASS = "org.wso2.carbon.lb.endpoint.group.mgt.SubDomainAwareGroupManagementAgent"


class ClusteringAgent:
    """One life of one node."""

    def __init__(self, environment: Environment, config: NodeConfig) -> None:
        self.environment = environment
        self.config = config
        self.state: NodeState = "starting"
        self.pacer = Pacer(environment, config.slowness)
        self.channel = Channel(environment, self.pacer, config.domain)
        self.rpc = RpcClient(self.channel, self.pacer)
        self.agents: list[GroupAgent] = self._make_agents()
        self.managers: list[MembershipManager] = [
            MembershipManager(environment, self.channel, self.rpc, self.pacer, agent.group.domain, agent)
            for agent in self.agents
        ]
        self.primary = MembershipManager(environment, self.channel, self.rpc, self.pacer, config.domain)
        self.primary.initialized = self.is_initialized
        self.static = StaticMembers((lambda: self.primary.members) if self.agents else None)
        self.mode: Mode = self._make_mode()
        self.well_known = WellKnownMembers(environment, config, self.static, self.primary)
        self.joining = Joining(environment, self.pacer, self.rpc, self.primary)
        self.initialization = Initialization(environment, config, self.pacer, self.rpc, self.primary)
        self.service: Service = self._make_service()
        self.ip = ""
        self._http_ports: list[Listener] = []
        self.log = environment.log.bind(component="TribesClusteringAgent")

    @property
    def local(self) -> Member:
        """The node's own descriptor."""
        return self.channel.local

    def is_initialized(self) -> bool:
        """Whether the start is over and has succeeded."""
        return self.state == "initialised"

    def _aware_of_sub_domains(self) -> bool:
        return any(group.sub_domain != DEFAULT_SUB_DOMAIN for group in self.config.groups)

    def _make_agents(self) -> list[GroupAgent]:
        """The load balancer's agents, in the order of Java's maps: domains, and in each its sub-domains.

        The first one of a domain answers JOIN (defect D9).
        """
        aware, java_8 = self._aware_of_sub_domains(), self.environment.profile.java_8_hash_order
        domains = dict.fromkeys(group.domain for group in self.config.groups)
        return [
            GroupAgent(self.environment, self.pacer, group, aware_of_sub_domains=aware)
            for domain in hash_order(domains, string_hash, java_8=java_8)
            for group in hash_order(
                (group for group in self.config.groups if group.domain == domain),
                lambda group: string_hash(group.sub_domain),
                java_8=java_8,
            )
        ]

    def _make_mode(self) -> Mode:
        if self.agents:
            self.channel.filters_foreign_messages = True
            return BalancerMode(self.environment, self.rpc, self.config.domain, self.primary, self.managers)
        return ApplicationMode(self.environment, self.primary, self.pacer)

    def _make_service(self) -> Service:
        if self.agents or self.config.role == "elb":
            return Balancer(self.environment, self.config, self.agents)
        return ApplicationService(self.environment, self.config)

    def _enter(self, state: NodeState, detail: str = "") -> None:
        self.state = state
        self.environment.record("state", state, detail)

    # The start

    async def start(self) -> None:
        """Start the node; raises StartupError when it cannot, after having logged why."""
        self._enter("starting")
        try:
            await self._prepare()
            try:
                await self._initialize()
            except StartupError:
                self.environment.log.bind(component="StartupFinalizerServiceComponent").error("cluster_not_initialized")
                raise
        except StartupError as error:
            self._enter("failed", str(error))
            raise

    async def _prepare(self) -> None:
        """What happens before clustering: host name, database, HTTP ports, agents."""
        try:
            self.ip = self.environment.transport.resolve(self.config.host)
        except UnknownHostError as error:
            self.log.info("initializing_cluster")
            self.environment.log.bind(component="WkaBasedMembershipScheme").error("local_address_failed")
            raise StartupError(str(error)) from None
        await check_database(self.environment, self.config, self.ip)
        if self.config.open_http == "before":
            await self.open_http_ports()
        agent_class = _SUB_DOMAIN_AGENT_CLASS if self._aware_of_sub_domains() else _AGENT_CLASS
        for group in self.config.groups:
            self.log.info("managing_domain", domain=group.domain, sub_domain=group.sub_domain, agent_class=agent_class)
        if self.agents:
            await self.pacer.take_at_start("agents")

    async def _initialize(self) -> None:
        self.log.info("initializing_cluster")
        await self.pacer.take_at_start("configure")
        self.log.info("cluster_domain", domain=self.config.domain)
        self.channel.add_handler(
            rpc_init_channel(self.config.domain),
            InitializationRequests(self.environment, self.is_initialized, self.pacer),
        )
        self.log.debug("initialization_channel_created", domain=self.config.domain)
        self.log.debug("messaging_channel_created", domain=self.config.domain)
        await self.pacer.take_at_start("scheme")
        self.log.info("membership_scheme", scheme="wka")
        self._log_interceptors()
        await self.pacer.take_at_start("interceptors")
        await self.bind_local_member()
        await self.well_known.add(self.local.address, self._wait)
        await self.start_channel()
        await self.pacer.take("log")
        if self.ip.startswith("127.0."):
            self.log.warning("loopback_advertised")
        self.log.info("local_member", member=self.local.name)
        self.print_members()
        await self.pacer.take("log")
        await self.join_group()
        await self.initialization.request()
        await self.pacer.take("finish")
        self._enter("initialised")
        self.log.info("cluster_initialized")
        if self.config.open_http == "after":
            await self.open_http_ports()

    def _log_interceptors(self) -> None:
        """Name the stack between the channel and the network, from below to above."""
        log = self.environment.log.bind(component="WkaBasedMembershipScheme")
        log.debug("adding_interceptors")
        log.debug("ping_interceptor_added")
        log.debug("failure_detector_added")
        log.debug("static_interceptor_added")
        log = self.environment.log.bind(component="ClusterManagementMode")
        log.debug("management_interceptor_added" if self.agents else "domain_filter_added")

    def _wait(self, begins: bool) -> None:
        if begins:
            self._enter("waiting", "no well-known member can be reached")
        else:
            self._enter("starting")

    async def bind_local_member(self) -> None:
        """Probe the port, once or twice, and make the node's own descriptor."""
        config, profile = self.config, self.environment.profile
        shown = "" if config.host == self.ip else config.host
        if config.bind_port is not None:
            advertised = config.port if config.port is not None else config.bind_port
            self._receiver_port = await probe_port(self.environment, self.ip, shown, config.bind_port)
        else:
            advertised = await probe_port(self.environment, self.ip, shown, config.port)
            self._receiver_port = advertised
            for _ in range(profile.port_probes - 1):
                self._receiver_port = await probe_port(self.environment, self.ip, shown, config.port)
        local = Member(Address(self.ip, advertised), config.domain, config.advertised_properties(), built_locally=True)
        self.channel.local = local
        self.primary.local = local
        self.primary.static = self.static

    async def start_channel(self) -> None:
        """Open the receiver, start the detector and the coordinator; may block for 15 s (defect D14)."""
        environment, profile = self.environment, self.environment.profile
        coordinator = Coordinator(environment, self.channel, self.pacer) if profile.coordinator else None
        self.channel.listeners.extend(self.managers)
        self.channel.listeners.append(PrimaryListener(environment, self.primary))
        detector = FailureDetector(environment, self.channel, self.static, coordinator or self.channel)
        await self.pacer.take_at_start("channel")
        try:
            await self.channel.open_receiver(self.ip, self._receiver_port)
        except BindError as error:
            environment.log.bind(component="NioReceiver").critical("receiver_start_failed")
            self.log.error("channel_start_failed")
            raise StartupError(str(error)) from None
        await self.pacer.take_at_start("channel_started")
        if profile.ping_thread:
            environment.spawn(detector.ping_thread(), "ping")
        environment.spawn(self._announce_static_members(detector), "static members")
        if coordinator is not None:
            await coordinator.started()
        environment.spawn(detector.heartbeat_thread(coordinator), "heartbeat")

    async def _announce_static_members(self, detector: FailureDetector) -> None:
        await self.pacer.take("static_thread")
        await detector.announce_static_members()

    def print_members(self) -> None:
        """Print who is a member before the JOIN."""
        log = self.environment.log.bind(component="TribesUtil")
        if not self.primary.members:
            log.info("no_members")
            return
        log.info("members_header")
        for index, member in enumerate(self.primary.members, 1):
            log.info("member_listed", index=index, member=member.name)

    async def join_group(self) -> None:
        """Begin to answer membership requests; send a JOIN if a well-known member was reached."""
        self._open_membership_channels()
        if self.primary.members:
            await self.joining.join()

    def _open_membership_channels(self) -> None:
        """From here on JOIN is answered; before, a joiner hears that nobody listens on that channel."""
        log = self.environment.log.bind(component="WkaBasedMembershipScheme")
        for manager in (*self.managers, self.primary):
            manager.static = self.static
            manager.rpc_channel = rpc_membership_channel(manager.domain)
            handler = MembershipRequests(self.environment, manager, self.mode, self.pacer)
            self.channel.add_handler(manager.rpc_channel, handler)
            self.environment.spawn(manager.retry_thread(), "member list retry")
            created = "primary_channel_created" if manager is self.primary else "application_channel_created"
            log.debug(created, domain=manager.domain)

    # HTTP ports and the end

    async def open_http_ports(self) -> None:
        """Open what the node advertises; a port that is taken stays closed, as the transport would log."""
        for scheme, port in (("http", self.config.http_port), ("https", self.config.https_port)):
            if port is None or self.config.open_http == "never":
                continue
            address = Address(self.ip, port + self.config.port_offset)
            answer = partial(self.service.answer, scheme=scheme)
            try:
                listener = await self.environment.transport.serve(address, answer, scheme)
            except BindError as error:
                self.environment.record("socket", "failed", scheme, str(error))
            else:
                self._http_ports.append(listener)

    def close_http_ports(self) -> None:
        """Close them; requests and admission checks are refused from now on."""
        for listener in self._http_ports:
            listener.close()
        self._http_ports.clear()

    async def stop(self) -> None:
        """Stop gracefully. Nobody is told: there is no message for leaving."""
        self.log.info("stopping_channel")
        self.channel.close()
        self.close_http_ports()
        self._enter("stopped", "terminated")
