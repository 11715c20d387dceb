"""A load balancer alone with its groups: members that answer, refuse, hang or break, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any, TypeVar

from structlog.typing import FilteringBoundLogger

from wkasim.members import Address, Member
from wkasim.node.balancer import Balancer
from wkasim.node.config import Group, NodeConfig, Route
from wkasim.node.environment import Pacer
from wkasim.node.groups import GroupAgent
from wkasim.profile import DOCUMENTED, Profile
from wkasim.sim.journal import Journal
from wkasim.sim.loop import VirtualTimeLoop
from wkasim.sim.world import journal_logger
from wkasim.transport.base import ConnectRefusedError, UnknownHostError
from wkasim.web import ANSWERED_BY, WebRequest, WebResponse

T = TypeVar("T")

DOMAIN = "wso2.esb.domain"
WORKERS = "esb.cloud-test.wso2.com"
MANAGERS = "mgr.esb.wso2.com"


class Servers:
    """The transport: who answers at which address, or which error that makes; ``asked`` are the attempts."""

    def __init__(self) -> None:
        self.answers: dict[Address, WebResponse | Exception] = {}
        self.names: dict[str, str] = {}
        self.asked: list[Address] = []
        self.requests: list[WebRequest] = []

    def resolve(self, host: str) -> str:
        if host in self.names:
            return self.names[host]
        if not host[0].isdigit():
            raise UnknownHostError(host)
        return host

    async def fetch(self, address: Address, request: WebRequest, *, connect_s: float, answer_s: float) -> WebResponse:
        self.asked.append(address)
        self.requests.append(request)
        answer = self.answers.get(address, ConnectRefusedError("refused"))
        if isinstance(answer, Exception):
            raise answer
        return answer


class Front:
    """The balancer's environment, its agents and the balancer."""

    def __init__(
        self,
        *groups: Group,
        routes: Sequence[Route] | None = None,
        profile: Profile = DOCUMENTED,
        session_timeout_s: float | None = None,
    ) -> None:
        self.loop = VirtualTimeLoop()
        self.profile = profile
        self.journal = Journal()
        self.transport = self.servers = Servers()
        self.life = 1
        self.database = None
        self.log: FilteringBoundLogger = journal_logger(self.journal, lambda: self.loop.now_us, "elb", 1, debug=False)
        groups = groups or (Group(DOMAIN),)
        aware = any(group.sub_domain != "__$default" for group in groups)
        self.agents = [GroupAgent(self, Pacer(self), group, aware_of_sub_domains=aware) for group in groups]
        if routes is None:
            routes = (
                Route(hosts=(WORKERS,), domain=DOMAIN, sub_domain="worker"),
                Route(hosts=(MANAGERS,), domain=DOMAIN, sub_domain="mgt"),
            )
        config = NodeConfig(name="elb", role="elb", routes=tuple(routes), session_timeout_s=session_timeout_s)
        self.balancer = Balancer(self, config, self.agents)

    def spawn(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        return self.loop.create_task(coroutine, name=name)

    def wall_ms(self) -> int:
        return 1_000_000 + self.loop.now_us // 1000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self, purpose: str) -> Callable[[], float]:
        return Random(purpose).random

    def record(self, kind: str, *fields: object) -> None:
        self.journal.append((self.loop.now_us, kind, "elb", 1, *fields))

    # What tests do

    def admit(self, *members: Member, group: int = 0) -> None:
        """The members have been admitted, and answer."""
        for number in members:
            self.agents[group].members.append(number)
            self.up(number)

    def up(self, member: Member, *headers: tuple[str, str]) -> None:
        name = f"at {member.address}"
        response = WebResponse(200, ((ANSWERED_BY, name), *headers), b"")
        self.servers.answers[Address(member.address.ip, member.port_property("httpPort"))] = response

    def fails(self, member: Member, error: Exception) -> None:
        self.servers.answers[Address(member.address.ip, member.port_property("httpPort"))] = error

    def leave(self, member: Member) -> None:
        for agent in self.agents:
            self.loop.run_until_complete(agent.removed(member))

    def ask(self, host: str = WORKERS, path: str = "/", scheme: str = "http", **headers: str) -> WebResponse:
        request = WebRequest("GET", path, (("Host", host), *headers.items()))
        return self.loop.run_until_complete(self.balancer.answer(request, scheme))

    def who(self, host: str = WORKERS, **headers: str) -> str:
        """The last number of the address of the member that answered, or the status."""
        response = self.ask(host, **headers)
        name = response.answered_by
        return name.removeprefix("at ").partition(":")[0].rpartition(".")[2] if name else str(response.status)

    def lines(self) -> list[tuple[str, str]]:
        left = ("application_member_left",)
        logged = [(record[4], record[6]) for record in self.journal if record[1] == "log"]
        return [line for line in logged if line[0] not in left]

    def events(self) -> list[str]:
        return [event for event, _ in self.lines()]

    def params(self, event: str) -> list[dict[str, object]]:
        logged = [record for record in self.journal if record[1] == "log" and record[4] == event]
        return [dict(zip(record[7][::2], record[7][1::2], strict=True)) for record in logged]

    def later(self, seconds: float) -> None:
        self.loop.run_until_us(self.loop.now_us + round(seconds * 1e6))

    def close(self) -> None:
        self.loop.close()


def member(number: int, sub_domain: str | None = "worker", **properties: str) -> Member:
    """Member number n: host 127.1.0.n, HTTP 8280, HTTPS 8243; ``port_mapping_80`` stands for port.mapping.80."""
    own = {"httpPort": "8280", "httpsPort": "8243"}
    if sub_domain is not None:
        own["subDomain"] = sub_domain
    given = {key.replace("_", "."): value for key, value in properties.items()}
    return Member(Address(f"127.1.0.{number}", 4000), DOMAIN, {**own, **given})
