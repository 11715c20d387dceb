"""Cluster: a whole simulated cluster in a few lines of Python.

    cluster = Cluster(profile="documented", seed=7, hosts={"elb.wso2.com": "127.1.0.206"})
    cluster.add_node(NodeConfig(name="elb", role="elb", host="127.1.0.206", ...))
    cluster.start("elb")
    cluster.run_for(30)
    print(cluster.views())

Everything that *does* something is a plain call and takes effect now; what *waits* has two faces, a synchronous one
that drives the virtual clock (``run_for``, ``run_until``) and a coroutine for code that already runs under the loop
(``elapse``, ``wait_for``). The same calls, the same seed and the same version give the same journal.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType

from attrs import define, evolve

from wkasim.errors import ClusterError, InputError, StartupError
from wkasim.members import Address
from wkasim.node.agent import ClusteringAgent
from wkasim.node.config import NodeConfig
from wkasim.node.environment import Environment
from wkasim.profile import Profile, profile_named
from wkasim.sim import faults
from wkasim.sim.clients import CLIENT, CLIENT_IP, Answered, Clients
from wkasim.sim.database import DatabaseConfig, EmbeddedDatabase
from wkasim.sim.faults import Action
from wkasim.sim.journal import Journal
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.network import LAN, Link, Network, Rule, is_dotted
from wkasim.sim.process import Process
from wkasim.sim.randomness import Streams
from wkasim.sim.world import NodeWorld

__all__ = ["Cluster", "Node"]


@define(eq=False)
class Node:
    """One configured node and its present life; ``life`` counts from 1, 0 means never started."""

    config: NodeConfig
    life: int = 0
    process: Process | None = None
    agent: ClusteringAgent | None = None
    failure: str | None = None
    restart_after_s: float | None = None

    @property
    def alive(self) -> bool:
        """Whether a process of this node exists, frozen or not."""
        return self.process is not None and self.process.alive

    @property
    def state(self) -> str:
        """stopped, starting, waiting, initialised, failed or paused."""
        if not self.alive or self.process is None:
            return "stopped"
        if self.process.frozen:
            return "paused"
        return self.agent.state if self.agent is not None else "starting"

    @property
    def initialised(self) -> bool:
        """Whether the node is alive and its start is over."""
        return self.alive and self.agent is not None and self.agent.is_initialized()


class Cluster:
    """A simulated cluster.

    ``profile`` is a profile or the name of one, ``hosts`` the hosts table, ``link`` the default link. With
    ``debug`` the log lines of level DEBUG are kept as well. A loop may be handed in, to run beside other code.
    """

    def __init__(
        self,
        *,
        profile: Profile | str = "documented",
        seed: int = 0,
        hosts: Mapping[str, str] | None = None,
        link: Link = LAN,
        database: DatabaseConfig | None = None,
        loop: VirtualTimeLoop | None = None,
        debug: bool = False,
    ) -> None:
        self.profile = profile_named(profile) if isinstance(profile, str) else profile
        self.seed = seed
        self.loop = loop or VirtualTimeLoop()
        self._owns_loop = loop is None
        self.journal = Journal()
        self.nodes: dict[str, Node] = {}
        self._streams = Streams(seed)
        self.network = self._make_network(hosts or {}, link)
        self.database = EmbeddedDatabase(database) if database is not None else None
        self._debug = debug
        self._waiters: list[asyncio.Future[None]] = []
        self._last_to_disagree: Node | None = None
        self._strangers: dict[Address, Process] = {}
        self._client: Process | None = None
        self._clients: Clients | None = None
        self._closed = False

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, and the loop unless it was handed in; the journal stays."""
        if self._closed:
            return
        self._closed = True
        for node in self.nodes.values():
            if node.process is not None and node.process.alive:
                node.process.kill()
        if self._client is not None:
            self._client.kill()
        if self.database is not None:
            self.database.close()
        if self._owns_loop:
            self.loop.close()

    # What the cluster is made of; real sockets have other things in these places

    def _make_network(self, hosts: Mapping[str, str], link: Link) -> Network:
        return Network(self.loop, self.journal, self._streams, hosts=hosts, link=link)

    def _make_process(self, name: str, life: int, ip: str, place: str) -> Process:
        return Process(self.loop, name, life, ip, place)

    def _make_world(self, process: Process) -> Environment:
        return NodeWorld(
            process,
            self.network,
            self._streams,
            self.profile,
            self.database,
            debug=self._debug,
            changed=self._changed,
        )

    # Nodes

    def add_node(self, config: NodeConfig) -> Node:
        """Make a node known; raises InputError for a name that is taken."""
        if config.name in self.nodes:
            raise InputError(f"two nodes are named {config.name!r}; names must differ")
        node = Node(config)
        self.nodes[config.name] = node
        self._claim_addresses(config)
        return node

    def _claim_addresses(self, config: NodeConfig) -> None:
        """Cuts that name the node reach its addresses from now on, and not only from its first start."""
        ip = self.network.resolve(config.host)
        http = [port + config.port_offset for port in (config.http_port, config.https_port) if port is not None]
        for port in (config.port, *http):
            if ip is not None and port is not None:
                self.network.claim(Address(ip, port), config.name)

    def node(self, name: str) -> Node:
        """The node of that name; raises InputError naming the known ones."""
        if name not in self.nodes:
            raise InputError(f"node {name!r} is not defined (defined: {', '.join(self.nodes) or 'none'})")
        return self.nodes[name]

    # Time

    @property
    def now_s(self) -> float:
        """Virtual time in seconds."""
        return self.loop.time()

    def run_for(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.loop.run_until_us(self.loop.now_us + round(seconds * 1_000_000))

    def run_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Let time pass until the condition holds, at most ``timeout_s``; say whether it does."""
        result: bool = self.loop.run_until_complete(self.wait_for(condition, timeout_s))
        return result

    async def elapse(self, seconds: float) -> None:
        """Let virtual time pass, from a coroutine."""
        await asyncio.sleep(seconds)

    async def wait_for(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until the condition holds; it is looked at whenever a node logs a line or changes a state or a list."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    changed = self.loop.create_future()
                    self._waiters.append(changed)
                    await changed
        except TimeoutError:
            return condition()
        return True

    def _changed(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # What is known

    def views(self) -> dict[str, tuple[str, ...]]:
        """The member list of every live node, as names, in the order in which they came."""
        return {
            name: tuple(member.name for member in node.agent.primary.members)
            for name, node in self.nodes.items()
            if node.alive and node.agent is not None
        }

    def groups(self, name: str) -> dict[str, tuple[str, ...]]:
        """The load-balanced members of a load balancer, per ``domain/sub-domain``."""
        agent = self.node(name).agent
        agents = agent.agents if agent is not None else []
        return {
            f"{group.group.domain}/{group.group.sub_domain}": tuple(str(member.address) for member in group.members)
            for group in agents
        }

    def group_members(self, name: str) -> dict[str, tuple[str, ...]]:
        """The members that a load balancer's managers know, admitted or not, per ``domain/sub-domain``."""
        agent = self.node(name).agent
        managers = agent.managers if agent is not None else []
        return {
            f"{manager.domain}/{manager.agent.group.sub_domain}": tuple(member.name for member in manager.members)
            for manager in managers
            if manager.agent is not None
        }

    def is_ready(self, name: str) -> bool:
        """Whether the node's start is over and has succeeded."""
        return self.node(name).initialised

    def is_converged(self) -> bool:
        """Whether every live node is initialised and lists exactly the other live nodes of its domain, once each.

        A load balancer in a domain of its own must know all members of the domains that it manages instead.
        """
        live = [node for node in self.nodes.values() if node.alive]
        if not all(node.initialised for node in live):
            return False
        # Asked at every change of a large cluster, so whoever disagreed the last time is asked first.
        for node in sorted(live, key=lambda node: node is not self._last_to_disagree):
            if node.agent is not None and any(self._view_problems(node, node.agent, live)):
                self._last_to_disagree = node
                return False
        return True

    def disagreements(self) -> list[str]:
        """Why the cluster has not converged, a sentence each; nothing if it has."""
        live = [node for node in self.nodes.values() if node.alive]
        problems = [f"{node.config.name} is {node.state}" for node in live if not node.initialised]
        for node in live:
            if node.agent is not None and node.initialised:
                problems += self._view_problems(node, node.agent, live)
        return problems

    def _view_problems(self, node: Node, agent: ClusteringAgent, live: Iterable[Node]) -> Iterator[str]:
        others = [other for other in live if other is not node and other.agent is not None and other.initialised]
        lists = [(agent.primary.domain, agent.primary.members.snapshot())]
        foreign = [manager for manager in agent.managers if manager.domain != agent.primary.domain]
        lists += [(manager.domain, manager.members.snapshot()) for manager in foreign]
        for domain, members in lists:
            wanted = {
                str(other.agent.local.address): other.config.name
                for other in others
                if other.agent is not None and other.config.domain == domain
            }
            name = node.config.name
            listed = Counter(str(member.address) for member in members)
            yield from (f"{name} does not list {wanted[a]} ({a})" for a in wanted if a not in listed)
            yield from (f"{name} lists {a}, where no live node is" for a in listed if a not in wanted)
            yield from (f"{name} lists {a} {times} times" for a, times in listed.items() if times > 1)

    # Actions

    def apply(self, action: Action) -> None:
        """Do what the action says, now, and put it into the journal."""
        self._note(action)
        match action:
            case faults.Start():
                self._start_all(action)
            case faults.Terminate():
                self._terminate(self.node(action.node))
            case faults.Kill():
                self._kill(self.node(action.node), "killed")
            case faults.Restart():
                self._restart(self.node(action.node), action)
            case faults.Pause():
                self._pause(self.node(action.node))
            case faults.Resume():
                self._resume(self.node(action.node))
            case faults.AddNode():
                self.add_node(action.config)
            case faults.OpenHttp():
                self._http(self.node(action.node), opened=True)
            case faults.CloseHttp():
                self._http(self.node(action.node), opened=False)
            case faults.Request():
                self._send_requests(action)
            case faults.ChangeDatabase():
                if self.database is None:
                    raise InputError("this cluster has no database")
                self.database.state = action.state
            case _:
                self._apply_to_network(action)

    def _note(self, action: Action) -> None:
        node = getattr(action, "node", "")
        life = self.nodes[node].life if node in self.nodes else 0
        params = faults.action_params(action)
        self.journal.append((self.loop.now_us, "step", node, life, action.verb, params))

    def _apply_to_network(self, action: Action) -> None:
        network = self.network
        match action:
            case faults.Partition():
                sides = [[self._place(name) for name in side] for side in action.sides]
                for index, left in enumerate(sides):
                    for right in sides[index + 1 :]:
                        network.cut(left, right, action.how)
            case faults.Cut():
                network.cut([self._place(action.sender)], [self._place(action.receiver)], action.how, both_ways=False)
            case faults.Heal():
                places = [[self._place(name)] for name in action.between]
                network.heal(*places)
            case faults.HostDown():
                self._host_down(self._place(action.host))
            case faults.HostUp():
                network.host_up(self._place(action.host))
            case faults.SetLink():
                least, most = action.latency_ms
                link = Link(round(least * 1000), round((most - least) * 1000), action.loss)
                one, other = (self._place(name) for name in action.between)
                network.set_link(one, other, link, both_ways=not action.one_way)
            case faults.MessageRule():
                network.add_rule(
                    Rule(
                        action.do,
                        action.message,
                        action.sender,
                        action.receiver,
                        action.count,
                        round(action.by_s * 1e6),
                    )
                )
            case faults.Release():
                network.release(action.message)
            case faults.ClearRules():
                network.clear_rules()
            case faults.OccupyPort():
                self._occupy(Address(self._place(action.host), action.port))
            case faults.FreePort():
                self._free(Address(self._place(action.host), action.port))
            case faults.MapHost():
                network.hosts[action.name] = action.address
            case faults.UnmapHost():
                network.hosts.pop(action.name, None)

    def _place(self, name: str) -> str:
        """A node's name as it is; a host as its address. Raises InputError."""
        if name in self.nodes or is_dotted(name):
            return name
        ip = self.network.hosts.get(name)
        if ip is None:
            known = ", ".join([*self.nodes, *self.network.hosts])
            raise InputError(f"{name!r} is neither a node nor a host (known: {known})")
        return ip

    # Shorthands for scripts

    def start(self, *names: str, spread_s: float = 0.0) -> None:
        """Start nodes; all of them, in the order in which they were added, if none is named."""
        self.apply(faults.Start(nodes=names or tuple(self.nodes), spread_s=spread_s))

    def terminate(self, name: str) -> None:
        """Stop a node gracefully."""
        self.apply(faults.Terminate(node=name))

    def kill(self, name: str) -> None:
        """Kill a node."""
        self.apply(faults.Kill(node=name))

    def restart(self, name: str, after_s: float = 0.0) -> None:
        """Kill a node and start it again after a while."""
        self.apply(faults.Restart(node=name, after_s=after_s))

    def pause(self, name: str) -> None:
        """Freeze a node."""
        self.apply(faults.Pause(node=name))

    def resume(self, name: str) -> None:
        """Let a frozen node go on."""
        self.apply(faults.Resume(node=name))

    def partition(self, *sides: Iterable[str]) -> None:
        """Separate the sides."""
        self.apply(faults.Partition(sides=tuple(tuple(side) for side in sides)))

    def heal(self) -> None:
        """Undo all cuts."""
        self.apply(faults.Heal())

    # Requests

    def request(
        self,
        host: str = "",
        path: str = "/",
        *,
        to: str = "elb",
        count: int = 1,
        every_s: float = 0.1,
        session: str = "",
        https: bool = False,
        timeout_s: float = 120.0,
    ) -> list[Answered]:
        """Send requests as :class:`~wkasim.sim.faults.Request` describes; let time pass until all are answered."""
        action = faults.Request(
            to=to,
            host=host,
            path=path,
            count=count,
            every_s=every_s,
            session=session,
            https=https,
            timeout_s=timeout_s,
        )
        answers: list[Answered] = self.loop.run_until_complete(self.ask(action))
        return answers

    async def ask(self, request: faults.Request) -> list[Answered]:
        """Send requests and wait for the answers, from a coroutine; they are in the order of sending."""
        self._note(request)
        return list(await asyncio.gather(*self._send_requests(request)))

    def unanswered(self, name: str | None = None) -> int:
        """How many requests are under way: those of that name, or all."""
        return self._clients.unanswered(name) if self._clients is not None else 0

    def _send_requests(self, request: faults.Request) -> list[asyncio.Task[Answered]]:
        node = self.node(request.to)
        config = node.config
        port = config.https_port if request.https else config.http_port
        if port is None:
            raise InputError(f"{config.name} has no {'HTTPS' if request.https else 'HTTP'} port")
        ip = self.network.resolve(config.host)
        if ip is None:
            raise InputError(f"{config.name} is on {config.host}, which is not in the hosts table")
        if self._clients is None:
            self._client = self._make_process(CLIENT, 1, CLIENT_IP, CLIENT)
            world = self._make_world(self._client)
            self._clients = Clients(world, self.journal, lambda: self.loop.now_us, self._changed)
        address = Address(ip, port + config.port_offset)
        return self._clients.begin(request, address, request.host or config.host, lambda: node.life)

    # Lives

    def _start_all(self, action: faults.Start) -> None:
        nodes = [self.node(name) for name in action.nodes]
        if running := [node.config.name for node in nodes if node.alive]:
            raise ClusterError(f"already running: {', '.join(running)}")
        for node in nodes:
            delay = 0.0
            if action.spread_s:
                key = f"{node.config.host}:{node.config.port}"
                delay = self._streams.stream("spread", key, node.life + 1)() * action.spread_s
            self._begin_life(node, delay)

    def _begin_life(self, node: Node, delay_s: float) -> None:
        config = node.config
        node.life += 1
        node.failure = None
        node.agent = None
        ip = self.network.resolve(config.host) or config.host
        process = self._make_process(config.name, node.life, ip, self._place_of(config))
        process.privileged = config.privileged
        node.process = process
        process.spawn(self._live(node, self._make_world(process), delay_s), "main")

    def _place_of(self, config: NodeConfig) -> str:
        """The configured address, which names random streams; where several nodes share it, with a number."""
        twins = [
            name
            for name, node in self.nodes.items()
            if (node.config.host, node.config.port) == (config.host, config.port)
        ]
        number = twins.index(config.name)
        return f"{config.host}:{config.port}" + (f"#{number + 1}" if number else "")

    async def _live(self, node: Node, world: Environment, delay_s: float) -> None:
        start_s = node.config.start_delay_s
        if start_s is None:
            least, most = self.profile.pace_process
            start_s = (least + world.random("process")() * (most - least)) / 1000
        await asyncio.sleep(delay_s + start_s)
        agent = ClusteringAgent(world, node.config)
        node.agent = agent
        try:
            await agent.start()
        except StartupError as error:
            node.failure = str(error)
            self._changed()

    def _terminate(self, node: Node) -> None:
        self._must_live(node)
        assert node.process is not None
        if node.agent is not None:
            node.process.spawn(self._stop(node, node.agent), "stop")
        else:
            self._kill(node, "terminated")

    async def _stop(self, node: Node, agent: ClusteringAgent) -> None:
        await agent.stop()
        self._kill(node, "terminated")

    def _kill(self, node: Node, why: str) -> None:
        self._must_live(node)
        process = node.process
        assert process is not None
        if node.agent is None or node.agent.state != "stopped":
            self.journal.append((self.loop.now_us, "state", node.config.name, node.life, "stopped", why))
        self.network.drop_process(process, silently=why == "host down")
        process.kill()
        self._changed()
        self._plan_revival(node)

    def _restart(self, node: Node, action: faults.Restart) -> None:
        """The next life begins ``after_s`` after the end of this one, which a frozen process may put off."""
        node.restart_after_s = action.after_s
        if not node.alive:
            self._plan_revival(node)
        elif action.graceful:
            self._terminate(node)
        else:
            self._kill(node, "killed")

    def _plan_revival(self, node: Node) -> None:
        if node.restart_after_s is not None:
            when_us = self.loop.now_us + round(node.restart_after_s * 1e6)
            node.restart_after_s = None
            self.loop.deliver_at(when_us, self._revive, (node, node.life))

    def _revive(self, ended: tuple[Node, int]) -> None:
        node, life = ended
        if node.life == life and not self._closed:
            self.journal.append((self.loop.now_us, "step", node.config.name, node.life + 1, "start", ()))
            self._begin_life(node, 0.0)

    def _pause(self, node: Node) -> None:
        self._must_live(node)
        assert node.process is not None
        if node.process.frozen:
            return  # A second SIGSTOP changes nothing.
        node.process.freeze()
        self.journal.append((self.loop.now_us, "state", node.config.name, node.life, "paused", ""))
        self._changed()

    def _resume(self, node: Node) -> None:
        self._must_live(node)
        assert node.process is not None
        if not node.process.frozen:
            return
        node.process.thaw()
        self.journal.append((self.loop.now_us, "state", node.config.name, node.life, "resumed", ""))
        self._changed()

    def _must_live(self, node: Node) -> None:
        if not node.alive:
            raise ClusterError(f"{node.config.name} is not running at {self.now_s:g} s")

    def _http(self, node: Node, *, opened: bool) -> None:
        self._must_live(node)
        if node.agent is None or node.process is None:
            raise ClusterError(f"{node.config.name} has not begun to start at {self.now_s:g} s")
        if opened:
            node.agent.config = evolve(node.agent.config, open_http="before")
            node.process.spawn(node.agent.open_http_ports(), "open http")
        else:
            node.agent.close_http_ports()

    def _host_down(self, ip: str) -> None:
        self.network.host_down(ip)
        for node in self.nodes.values():
            if node.alive and node.process is not None and node.process.ip == ip:
                self._kill(node, "host down")

    def _occupy(self, address: Address) -> None:
        process = self._make_process(f"stranger:{address.port}", 1, address.ip, f"stranger/{address}")
        if self.network.open_port(process, address, "stranger", None) is None:
            raise ClusterError(f"{address} is already taken at {self.now_s:g} s")
        self._strangers[address] = process

    def _free(self, address: Address) -> None:
        process = self._strangers.pop(address, None)
        if process is None:
            raise ClusterError(f"no stranger holds {address} at {self.now_s:g} s")
        self.network.drop_process(process)
