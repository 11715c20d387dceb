"""Small runs for the tests of the views: the guide's story in five seconds, one full of faults, one full of malice."""

from __future__ import annotations

from functools import cache

from wkasim.scenario.reader import parse_scenario
from wkasim.scenario.runner import RunResult, run_scenario
from wkasim.sim.journal import Record
from wkasim.view.played import run_of
from wkasim.view.run import Note, Run, ViewNode

NODES = """
nodes:
  elb: {role: elb, host: 127.1.0.206, port: 4000, domain: wso2.esb.domain, groups: [wso2.esb.domain],
        well_known_members: ["127.1.0.206:4001"]}
  manager: {role: manager, host: 127.1.0.206, port: 4001, domain: wso2.esb.domain,
            well_known_members: ["127.1.0.206:4000"], http_port: 8280, https_port: 8243}
  worker1: {host: 127.1.0.132, port: 4000, domain: wso2.esb.domain,
            well_known_members: ["127.1.0.206:4000"], http_port: 8280, https_port: 8243}
  worker2: {host: 127.1.0.132, port: 4002, domain: wso2.esb.domain,
            well_known_members: ["127.1.0.206:4000"], http_port: 8282, https_port: 8245}
"""

SMALL = f"""
title: A small cluster
seed: 7
{NODES}
steps:
  - start: elb
  - wait: 10s
  - start: manager
    explain: The manager knows the load balancer.
  - wait: 15s
  - start: worker1
  - wait: 15s
  - start: worker2
  - wait: 15s
  - kill: worker2
  - wait: 15s
"""

FAULTY = f"""
title: A cluster with faults
seed: 3
{NODES}
steps:
  - start: elb
  - wait: 10s
  - start: manager
  - wait: 15s
  - messages: {{do: drop, message: MEMBER_LIST, to: worker1, count: 1}}
  - messages: {{do: drop, message: MEMBER_JOINED}}
  - start: worker1
    explain: The first list on its way to worker1 gets lost, and what others are told of worker1 too.
    question:
      text: Will worker1 know the manager in ten seconds?
      choices: ["Yes, the list is sent again at once", "No, nobody tells it"]
      answer: No, nobody tells it
      because: Nobody but the lost list would have named the manager; worker1 asks again after fifteen seconds.
  - wait: 60s
  - pause: manager
  - wait: 10s
  - resume: manager
  - kill: elb
  - wait: 10s
expect:
  - transcript:
      node: worker1
      lines: |
        INFO - WkaBasedMembershipScheme Sending JOIN message to WKA members...
        INFO - RpcMembershipRequestHandler Received MEMBER_JOINED message from 127.1.0.206:4001(wso2.esb.domain)
"""

MALICE = '</script><img src=x onerror="window.hacked=1"><!-- {{data}} \' & \u2028 \ud800'


@cache
def small_result() -> RunResult:
    return run_scenario(parse_scenario(SMALL, "small.yaml"))


@cache
def faulty_result() -> RunResult:
    return run_scenario(parse_scenario(FAULTY, "faulty.yaml"))


def small_run() -> Run:
    return run_of(small_result())


def faulty_run() -> Run:
    return run_of(faulty_result())


def hostile_run() -> Run:
    """Every text in it tries to be markup or script."""
    records: list[Record] = [
        (0, "step", MALICE, 0, MALICE, (MALICE, MALICE)),
        (1, "state", MALICE, 1, "starting", MALICE),
        (2, "log", MALICE, 1, "cluster_domain", MALICE, MALICE, ("domain", MALICE)),
        (3, "log", MALICE, 1, MALICE, MALICE, "INFO", (MALICE, MALICE)),
        (4, "send", MALICE, 1, 1, MALICE, MALICE, MALICE),
        (5, "drop", MALICE, 1, 1, MALICE, MALICE, MALICE),
        (6, "view", MALICE, 1, "added", MALICE, MALICE),
        (7, "group", MALICE, 1, "admitted", MALICE, MALICE, MALICE),
        (8, "socket", MALICE, 1, MALICE, MALICE, MALICE),
        (9, "request", MALICE, 1, MALICE, 1, MALICE, MALICE, 0, MALICE, 7, MALICE),
        (9, "forward", MALICE, 1, MALICE, MALICE, MALICE, 503),
        (10, "connect", MALICE, 1, MALICE, MALICE),
        (11, "state", MALICE, 1, "initialised", ""),
    ]
    node = ViewNode(MALICE, MALICE, MALICE, MALICE, MALICE, (MALICE,))
    return Run(
        title=MALICE,
        description=MALICE,
        profile=MALICE,
        nodes=(node,),
        records=records,
        notes=(Note(3, MALICE),),
        warnings=(MALICE,),
    )


def large_run(nodes: int = 50, records: int = 100_000) -> Run:
    """As many lanes and records as a page must bear: chatter round the ring, a log line for each message."""
    names = [f"node{number:02}" for number in range(nodes)]
    addresses = [f"127.1.{number // 200}.{number % 200 + 1}:4000" for number in range(nodes)]
    lanes = tuple(
        ViewNode(name, address.partition(":")[0], address, "worker", "d")
        for name, address in zip(names, addresses, strict=True)
    )
    journal: list[Record] = []
    for number, (name, address) in enumerate(zip(names, addresses, strict=True)):
        journal.append((number * 1000, "state", name, 1, "initialised", ""))
        journal.append((number * 1000, "view", name, 1, "added", addresses[(number + 1) % nodes], "join"))
        journal.append((number * 1000, "socket", name, 1, "opened", "cluster", address))
    ident = 0
    while len(journal) < records:
        time_us = 1_000_000 + ident * 20_000 + (ident // 100) * 3_000_000
        one, other = ident % nodes, (ident + 1 + ident // nodes) % nodes
        member = f"{addresses[one]}(d)"
        journal.append((time_us, "send", names[one], 1, ident, "JOIN", addresses[other], ""))
        journal.append((time_us + 300, "deliver", names[other], 1, ident, "JOIN", names[one]))
        entry = ("join_received", "RpcMembershipRequestHandler", "INFO", ("member", member))
        journal.append((time_us + 400, "log", names[other], 1, *entry))
        journal.append((time_us + 500, "timer", names[one], 1, "heartbeat"))
        ident += 1
    return Run(title="A large run", nodes=lanes, records=journal[:records])
