"""Scenario files are checked in full: every problem with its line, what is wrong, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from wkasim.errors import InputError
from wkasim.node.config import Group
from wkasim.scenario.model import Anchor, LineClaim, TranscriptClaim, Wait, WaitUntil
from wkasim.scenario.reader import load_scenario, parse_scenario
from wkasim.sim import faults
from wkasim.sim.network import Link

NODES = "nodes: {elb: {role: elb, groups: [d]}, worker1: {host: 127.1.0.132}}\n"
MOMENTS = "beginning, start of NODE, restart of NODE, stop of NODE or step NAME"


def problems_of(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_scenario(text, "s.yaml")
    return list(caught.value.problems)


def problem_of_step(step: str) -> str:
    [problem] = problems_of(f"{NODES}steps:\n  - start: [elb, worker1]\n  - {step}\n")
    assert problem.startswith("s.yaml:4: ")
    return problem.removeprefix("s.yaml:4: ")


def problem_of_expectation(expectation: str) -> str:
    [problem] = problems_of(f"{NODES}expect:\n  - {expectation}\n")
    assert problem.startswith("s.yaml:3: ")
    return problem.removeprefix("s.yaml:3: ")


# What good files become


def test_parse_scenario_with_next_to_nothing_has_the_defaults() -> None:
    scenario = parse_scenario("nodes: {a: {}}\n")
    assert (scenario.profile, scenario.seed, scenario.database, scenario.steps) == ("documented", 0, None, ())
    [node] = scenario.nodes
    assert (node.name, node.role, node.port, node.uses_database, node.worker) == ("a", "worker", 4000, True, True)


def test_parse_scenario_node_facts_follow_the_role_unless_said() -> None:
    text = "nodes: {e: {role: elb}, m: {role: manager}, w: {uses_database: false, worker: false}}\n"
    facts = [(node.uses_database, node.worker) for node in parse_scenario(text).nodes]
    assert facts == [(False, False), (True, False), (False, False)]


def test_parse_scenario_reads_every_key_of_a_node() -> None:
    text = """\
nodes:
  n:
    role: elb
    host: elb.wso2.com
    port: auto
    domain: d
    sub_domain: mgt
    well_known_members: ["a:1", "b.c:65535"]
    groups: [d, {domain: e, sub_domain: worker}]
    http_port: 80
    https_port: 443
    port_offset: 1
    open_http: after
    properties: {remoteHost: x, isActive: true, port.mapping.80: 9763, empty: ""}
    node_manager: false
    state_manager: true
    setup: true
    driver_present: false
    privileged: false
    start_delay: 300ms
"""
    [node] = parse_scenario(text).nodes
    assert node.port is None
    assert node.well_known_members == (("a", 1), ("b.c", 65535))
    assert node.groups == (Group("d"), Group("e", "worker"))
    assert node.properties == {"remoteHost": "x", "isActive": "true", "port.mapping.80": "9763", "empty": ""}
    assert (node.open_http, node.start_delay_s, node.privileged) == ("after", 0.3, False)


@pytest.mark.parametrize(
    ("step", "action"),
    [
        ("wait: 5", Wait(for_s=5.0)),
        ("wait: 1m30s", Wait(for_s=90.0)),
        ("wait_until: {ready: a}", WaitUntil(ready=("a",))),
        ("wait_until: {converged: true, timeout: 2m}", WaitUntil(converged=True, timeout_s=120.0)),
        ("start: a", faults.Start(nodes=("a",))),
        ("start: {nodes: [a, b], spread: 500ms}", faults.Start(nodes=("a", "b"), spread_s=0.5)),
        ("terminate: a", faults.Terminate(node="a")),
        ("kill: a", faults.Kill(node="a")),
        ("restart: a", faults.Restart(node="a")),
        ("restart: {node: a, after: 3s, graceful: true}", faults.Restart(node="a", after_s=3.0, graceful=True)),
        ("pause: a", faults.Pause(node="a")),
        ("resume: a", faults.Resume(node="a")),
        ("partition: [a, [b, 1.2.3.4]]", faults.Partition(sides=(("a",), ("b", "1.2.3.4")))),
        ("partition: {sides: [a, b], how: refused}", faults.Partition(sides=(("a",), ("b",)), how="refused")),
        ("cut: {from: a, to: h, how: unreachable}", faults.Cut(sender="a", receiver="h", how="unreachable")),
        ("heal", faults.Heal()),
        ("heal:", faults.Heal()),
        ("heal: [a, b]", faults.Heal(between=("a", "b"))),
        ("host_down: h", faults.HostDown(host="h")),
        ("host_up: 1.2.3.4", faults.HostUp(host="1.2.3.4")),
        (
            "link: {between: [a, b], latency: [1ms, 2ms], loss: 0.5, one_way: true}",
            faults.SetLink(between=("a", "b"), latency_ms=(1.0, 2.0), loss=0.5, one_way=True),
        ),
        ("messages: {do: drop}", faults.MessageRule(do="drop")),
        (
            "messages: {do: delay, message: JOIN, from: a, to: b, count: 2, by: 1s}",
            faults.MessageRule(do="delay", message="JOIN", sender="a", receiver="b", count=2, by_s=1.0),
        ),
        ("release", faults.Release()),
        ("release: JOIN", faults.Release(message="JOIN")),
        ("clear_rules", faults.ClearRules()),
        ("occupy_port: {host: h, port: 4000}", faults.OccupyPort(host="h", port=4000)),
        ("free_port: {host: h, port: 4000}", faults.FreePort(host="h", port=4000)),
        ("open_http: a", faults.OpenHttp(node="a")),
        ("close_http: a", faults.CloseHttp(node="a")),
        ("database: down", faults.ChangeDatabase(state="down")),
        ("map_host: {name: x, address: 1.2.3.4}", faults.MapHost(name="x", address="1.2.3.4")),
        ("unmap_host: h", faults.UnmapHost(name="h")),
    ],
)
def test_parse_scenario_reads_every_step(step: str, action: object) -> None:
    text = f"hosts: {{h: 127.1.0.9}}\ndatabase: {{}}\nnodes: {{a: {{}}, b: {{}}}}\nsteps:\n  - {step}\n"
    [found] = parse_scenario(text).steps
    assert found.action == action
    assert found.line == 5


def test_every_action_of_the_simulator_has_a_step() -> None:
    from wkasim.scenario.form_steps import ACTION_FORMS

    assert set(faults.ACTIONS) | {"wait", "wait_until"} == set(ACTION_FORMS)


def test_every_claim_has_an_expectation() -> None:
    from wkasim.scenario.form_claims import CLAIM_FORMS
    from wkasim.scenario.model import CLAIMS

    assert set(CLAIMS) == set(CLAIM_FORMS)


def test_message_kinds_of_steps_are_those_of_the_protocol() -> None:
    from wkasim import messages
    from wkasim.scenario.form_steps import MESSAGES

    payloads = [kind for kind in vars(messages).values() if isinstance(getattr(kind, "label", None), str)]
    assert {payload.label.split(" ")[0] for payload in payloads} <= set(MESSAGES)


def test_parse_scenario_step_keeps_time_name_and_explanation() -> None:
    text = "nodes: {a: {}}\nsteps:\n  - name: go\n    at: 2s\n    start: a\n    explain: Now.\n"
    [step] = parse_scenario(text).steps
    assert (step.at_s, step.name, step.explain, step.line) == (2.0, "go", "Now.", 3)


def test_parse_scenario_add_node_makes_a_node_known() -> None:
    text = "nodes: {a: {}}\nsteps:\n  - add_node: {name: b, port: 4001}\n  - start: b\n"
    scenario = parse_scenario(text)
    assert list(scenario.all_nodes()) == ["a", "b"]
    assert scenario.all_nodes()["b"].port == 4001


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("link: 1ms\n", Link(1000, 0, 0.0)),
        ("link: [100us, 300us]\n", Link(100, 200, 0.0)),
        ("link: {latency: [0, 2], loss: 0.25}\n", Link(0, 2_000_000, 0.25)),
    ],
)
def test_parse_scenario_link_is_a_time_a_range_or_a_mapping(text: str, link: Link) -> None:
    assert parse_scenario(f"{text}nodes: {{a: {{}}}}\n").link == link


def test_parse_scenario_links_hold_from_the_beginning() -> None:
    text = "nodes: {a: {}, b: {}}\nlinks:\n  - {between: [a, b], loss: 0.5}\n"
    assert parse_scenario(text).links == (faults.SetLink(between=("a", "b"), loss=0.5),)


def test_parse_scenario_switches_override_the_profile() -> None:
    text = "profile: axis2-1.7\nswitches: {coordinator: false, heartbeat_s: 2, pace_log: [1, 2]}\nnodes: {a: {}}\n"
    scenario = parse_scenario(text)
    profile = scenario.profile_value()
    assert (profile.name, profile.coordinator, profile.heartbeat_s, profile.pace_log) == ("axis2-1.7", False, 2, (1, 2))
    assert scenario.profile_value("wso2-1.6.1").coordinator is False


def test_parse_scenario_expectations_carry_moments_and_values() -> None:
    text = """\
nodes: {a: {}, b: {}}
steps:
  - start: [a, b]
  - name: x y
    kill: b
expect:
  - name: gone
    why: It was killed.
    profiles: [documented]
    line: {on: [a], event: member_left, with: {member: b}, from: step x y, within: 5s, times: 1}
"""
    [expectation] = parse_scenario(text).expectations
    claim = expectation.claim
    assert isinstance(claim, LineClaim)
    assert claim.since == Anchor("step", "x y")
    assert (claim.nodes, claim.values, claim.within_s, claim.times) == (("a",), {"member": "b"}, 5.0, 1)
    assert (expectation.name, expectation.profiles, expectation.line) == ("gone", ("documented",), 7)


def test_parse_scenario_transcript_from_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "t.log").write_text("INFO - TribesUtil No members in current cluster\n", encoding="utf-8")
    file = tmp_path / "s.yaml"
    file.write_text("nodes: {a: {}}\nexpect:\n  - transcript: {node: a, file: t.log, match: exact}\n", encoding="utf-8")
    claim = load_scenario(file).expectations[0].claim
    assert isinstance(claim, TranscriptClaim)
    assert claim.excerpt.text == "INFO - TribesUtil No members in current cluster\n"
    assert claim.match == "exact"


# Files that cannot be read


def test_load_scenario_missing_file_says_so() -> None:
    with pytest.raises(InputError, match=r"^nowhere/x\.yaml: there is no such file"):
        load_scenario("nowhere/x.yaml")


def test_load_scenario_binary_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(b"nodes: \xff\xfe")
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    assert str(caught.value) == f"{file}: is not UTF-8 text (byte 7); this is no scenario"


def test_load_scenario_with_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(b"\xef\xbb\xbfnodes: {a: {}}\r\nsteps:\r\n  - start: a\r\n")
    scenario = load_scenario(file)
    assert (scenario.name, scenario.file, scenario.steps[0].line) == ("s", str(file), 3)


# Everything wrong at once


def test_parse_scenario_lists_all_problems_in_the_order_of_lines() -> None:
    text = """\
title: x
profil: documented
seed: two
hosts: {a: 1.2.3.400}
nodes:
  elb: {role: elbow, port: 70000, prot: 1}
  elb: {role: elb}
  "bad name": {role: worker}
steps:
  - kil: elb
  - start: worker9
  - wait: soon
expect:
  - members: {of: elb}
  - transcript: {node: elb, lines: ""}
"""
    assert problems_of(text) == [
        's.yaml:2: unknown key "profil" in a scenario; did you mean "profile"?',
        's.yaml:3: the text "two" is not a seed from 0 to 9007199254740992',
        's.yaml:4: the text "1.2.3.400" is not an IPv4 address such as 127.1.0.206',
        's.yaml:6: unknown role "elbow"; did you mean "elb"?',
        's.yaml:6: 70000 is out of range: a port goes from 1 to 65535',
        's.yaml:6: unknown key "prot" in a node; did you mean "port"?',
        's.yaml:7: "elb" stands here a second time (the first is in line 6); names must differ',
        's.yaml:8: the text "bad name" is not a node\'s name: a letter, then letters, digits, - and _',
        's.yaml:10: unknown step "kil"; did you mean "kill"?',
        's.yaml:11: node "worker9" is not defined (defined: elb, bad name)',
        's.yaml:12: the text "soon" is not a time; write 10s, 200ms or 1m30s',
        's.yaml:14: the expectation members needs "are"',
        "s.yaml:15: the transcript is empty; write lines such as 'INFO - TribesUtil No members in current cluster'",
    ]  # fmt: skip


# One thing at a time


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("steps: []\n", 's.yaml:1: a scenario needs "nodes"'),
        ("- a\n", "s.yaml:1: a list is not a scenario; write a mapping with nodes"),
        ("just text\n", 's.yaml:1: the text "just text" is not a scenario; write a mapping with nodes'),
        ("nodes: {}\n", "s.yaml:1: nodes is a mapping from names to nodes; at least one is needed"),
        ("nodes: [elb]\n", "s.yaml:1: nodes is a mapping from names to nodes; at least one is needed"),
        ("nodes:\n  a: 5\n", "s.yaml:2: the number 5 is not a node; write a mapping with role, host, port and so on"),
        ("nodes: {a: {}}\nprofile: documentd\n", 's.yaml:2: unknown profile "documentd"; did you mean "documented"?'),
        (
            "nodes: {a: {}}\nprofile: x\n",
            's.yaml:2: unknown profile "x" (known: documented, axis2-1.7, wso2-1.6.1)',
        ),
        ("nodes: {a: {}}\nprofile: [x]\n", "s.yaml:2: a list is not one of documented, axis2-1.7, wso2-1.6.1"),
        ("nodes: {a: {}}\nseed: -1\n", "s.yaml:2: -1 is out of range: a seed goes from 0 to 9007199254740992"),
        (
            "nodes: {a: {}}\nswitches:\n  coordinater: true\n",
            's.yaml:3: unknown switch "coordinater"; did you mean "coordinator"?',
        ),
        (
            "nodes: {a: {}}\nswitches: {coordinator: 1}\n",
            "s.yaml:2: profile.coordinator: 1 is not true or false",
        ),
        ("nodes: {a: {}}\nswitches: 5\n", "s.yaml:2: the number 5 is no mapping of profile switches"),
        ("nodes: {a: {port: 0}}\n", "s.yaml:1: 0 is out of range: a port goes from 1 to 65535"),
        ("nodes: {a: {port: 4000.5}}\n", "s.yaml:1: the number 4000.5 is not a port from 1 to 65535"),
        (
            "nodes:\n  a:\n    http_port: 65000\n    port_offset: 1000\n",
            "s.yaml:3: http_port 65000 with port_offset 1000 is 66000, out of range: a port goes from 1 to 65535",
        ),
        (
            "nodes:\n  a:\n    port: auto\n    bind_port: 4000\n",
            "s.yaml:4: bind_port needs a port; without one the real node dies of a null pointer",
        ),
        (
            "nodes: {a: {well_known_members: [elb]}}\n",
            's.yaml:1: the text "elb" is no well-known member; write host:port',
        ),
        (
            'nodes: {a: {well_known_members: ["elb:0"]}}\n',
            "s.yaml:1: 0 is out of range: a port goes from 1 to 65535",
        ),
        ("nodes: {a: {setup: 1}}\n", "s.yaml:1: the number 1 is neither true nor false"),
        ("nodes: {a: {host: 5}}\n", "s.yaml:1: the number 5 is not a host name or an address"),
        ("nodes: {a: {domain: ''}}\n", "s.yaml:1: an empty text is not a domain"),
        ("nodes: {a: {start_delay: -1}}\n", "s.yaml:1: the number -1 is not a time; write 10s, 200ms or 1m30s"),
        ("nodes: {a: {}}\nlink: {loss: 2}\n", "s.yaml:2: the number 2 is not a number from 0 to 0.99"),
        ("nodes: {a: {}}\nlink: [3ms, 1ms]\n", "s.yaml:2: 3ms is more than 1ms; the least comes first"),
        (
            "nodes: {a: {}}\nlink: [3ms]\n",
            "s.yaml:2: a range has two times, the least and the most: [100us, 300us]",
        ),
        (
            "nodes: {a: {}}\ndatabase: {state: gone}\n",
            's.yaml:2: unknown state of the database "gone" (known: up, down, denied)',
        ),
        (
            "nodes: {a: {}}\nsteps: {start: a}\n",
            "s.yaml:2: a mapping is not a list; begin each entry with - or write [...]",
        ),
    ],
)
def test_parse_scenario_with_one_fault_names_line_value_and_way_out(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("5", "the number 5 is no step; write one as VERB: ..."),
        ("{}", "this step says nothing; it needs one of wait, wait_until, start, "),
        ("{explain: x}", "this step says nothing; it needs one of wait, wait_until, start, "),
        ("drop: {message: JOIN}", 'unknown step "drop"; write messages: {do: drop, message: ..., from: ..., to: ...}'),
        ("stop: elb", 'unknown step "stop"; write terminate or kill'),
        ("{kill: elb, pause: elb}", "one step says one thing, this one says kill and pause; make it 2"),
        ("kill", "nothing is not the step kill; write a mapping with node"),
        ("start:", "nothing is not the step start; write a mapping with nodes"),
        ("start: {nodes: elb, spred: 5s}", 'unknown key "spred" in the step start; did you mean "spread"?'),
        ("start: [elb, elb]", "a node is named twice here; it can be started once at a time"),
        ("start: []", "the list needs at least 1 entries, this one has 0"),
        ("wait_until: {}", 'wait_until needs "ready: NODE", "converged: true" or "answered: STEP", one of them'),
        (
            "wait_until: {ready: elb, converged: true}",
            'wait_until needs "ready: NODE", "converged: true" or "answered: STEP", one of them',
        ),
        ("kill: wroker1", 'node "wroker1" is not defined; did you mean "worker1"? (defined: elb, worker1)'),
        ("partition: [elb]", "the list needs at least 2 entries, this one has 1"),
        ("partition: [elb, mars]", '"mars" is neither a node nor a host (defined: elb, worker1)'),
        ("partition: {sides: [elb, worker1], how: loud}", 'unknown word "loud" (known: silent, refused, unreachable)'),
        ("cut: {from: elb}", 'the step cut needs "to"'),
        ("heal: [elb]", "the list needs at least 2 entries, this one has 1"),
        ("host_down: mars", 'host "mars" is not in the hosts table (defined: none)'),
        ("messages: {do: lose}", 'unknown word "lose" (known: drop, delay, duplicate, hold)'),
        ("messages: {do: drop, message: JION}", 'unknown message "JION"; did you mean "JOIN"?'),
        ("occupy_port: {host: 1.2.3.4, port: 70000}", "70000 is out of range: a port goes from 1 to 65535"),
        ("database: down", 'this scenario has no database; give it one with "database: {}"'),
        ("add_node: {port: 4000}", 'a node needs "name"'),
        ("add_node: {name: elb}", 'two nodes are named "elb"; names must differ'),
        ("{at: soon, kill: elb}", 'the text "soon" is not a time; write 10s, 200ms or 1m30s'),
    ],
)
def test_parse_scenario_with_a_wrong_step_says_what_is_right(step: str, problem: str) -> None:
    assert problem_of_step(step).startswith(problem)


def test_parse_scenario_with_hundreds_of_problems_tells_the_first_and_how_many_more() -> None:
    nodes = "".join(f"  n{number}: {{prot: 1}}\n" for number in range(150))
    with pytest.raises(InputError) as refused:
        parse_scenario(f"nodes:\n{nodes}", "s.yaml")
    assert len(refused.value.problems) == 101
    assert refused.value.problems[-2:] == (
        's.yaml:101: unknown key "prot" in a node; did you mean "port"?',
        "s.yaml: and 50 more",
    )


def test_parse_scenario_problems_quote_no_control_characters() -> None:
    with pytest.raises(InputError) as refused:
        parse_scenario('nodes: {a: {"pr\\e[31mot": 1}}\n', "s.yaml")
    assert "\x1b" not in str(refused.value)
    assert 'unknown key "pr\\x1b[31mot"' in refused.value.problems[0]


def test_parse_scenario_steps_back_in_time_are_refused() -> None:
    text = f"{NODES}steps:\n  - {{at: 10s, start: elb}}\n  - {{at: 5s, kill: elb}}\n"
    assert problems_of(text) == ["s.yaml:4: this step is to be at 5 s, but one before it is at 10 s"]


def test_parse_scenario_steps_of_one_name_are_refused() -> None:
    text = f"{NODES}steps:\n  - {{name: x, start: elb}}\n  - {{name: x, kill: elb}}\n"
    assert problems_of(text) == ['s.yaml:4: a step named "x" is in line 3 already; names must differ']


def test_parse_scenario_node_used_before_it_is_added_is_refused() -> None:
    text = f"{NODES}steps:\n  - start: late\n  - add_node: {{name: late}}\n"
    assert problems_of(text) == ['s.yaml:3: node "late" is added by a later step; add it before this one']


@pytest.mark.parametrize(
    ("expectation", "problem"),
    [
        ("5", "the number 5 is no expectation; write one as VERB: ..."),
        ("{trancript: {}}", 'unknown expectation "trancript"; did you mean "transcript"?'),
        ("transcript: {node: elb}", 'the expectation transcript needs "lines" or "file"'),
        ("transcript: {node: elb, lines: 5}", "the number 5 is no transcript; write the lines as a block: lines: |"),
        (
            "transcript: {node: elb, lines: hello}",
            "not a log line: 'hello'; write it as 'INFO - TribesUtil No members in current cluster'",
        ),
        (
            "transcript: {node: elb, file: nowhere/t.log}",
            "the transcript nowhere/t.log cannot be read: No such file or directory",
        ),
        (
            "transcript: {node: elb, file: t.log, lines: INFO - A b}",
            "the transcript t.log cannot be read: No such file or directory",
        ),
        (
            "transcript: {node: elb, lines: INFO - A b, from: start of worker2}",
            'node "worker2" is not defined; did you mean "worker1"? (defined: elb, worker1)',
        ),
        (
            "transcript: {node: elb, lines: INFO - A b, from: start of elb}",
            'the moment "start of elb" never comes: no step starts "elb"',
        ),
        (
            "transcript: {node: elb, lines: INFO - A b, from: later}",
            f'the text "later" is no moment of the run; write {MOMENTS}',
        ),
        ("converged: {within: 5s, from: step x}", 'no step has the name "x" (defined: none)'),
        ("converged: {within: 5s, from: stop of elb}", 'the moment "stop of elb" never comes: no step stops "elb"'),
        (
            "converged: {within: 5s, from: restart of elb}",
            'the moment "restart of elb" never comes: no step restarts "elb"',
        ),
        (
            "members: {of: elb, are: [worker1, 1.2.3.4:4000, mars]}",
            '"mars" is neither a node nor an address such as 127.1.0.206:4000 (defined: elb, worker1)',
        ),
        ("group: {of: worker1, are: []}", '"worker1" manages no such group (it manages: none)'),
        ("group: {of: elb, are: [], domain: x}", '"elb" manages no such group (it manages: d/__$default)'),
        ("line: {on: elb}", 'write either "event" or "text" here, one of them'),
        ("line: {on: elb, event: no_members, text: x}", 'write either "event" or "text" here, one of them'),
        ("line: {on: elb, event: no_member}", 'unknown log line "no_member"; did you mean "no_members"?'),
        ("line: {on: elb, event: zzzzzz}", 'unknown log line "zzzzzz"; docs/log-catalogue.md lists them'),
        (
            "line: {on: elb, event: member_left, with: {membr: elb}}",
            'the line member_left has no value "membr"; did you mean "member"?',
        ),
        ("line: {on: elb, text: x, with: {a: b}}", '"with" goes with "event"; a "text" says it all'),
        ("line: {on: elb, event: no_members, times: 0}", "0 is out of range: a count goes from 1 to 1000000"),
        ("state: {of: elb, is: fine}", 'unknown state "fine"; did you mean "failed"?'),
        (
            "{profiles: p, state: {of: elb, is: failed}}",
            'unknown profile "p" (known: documented, axis2-1.7, wso2-1.6.1)',
        ),
    ],
)
def test_parse_scenario_with_a_wrong_expectation_says_what_is_right(expectation: str, problem: str) -> None:
    assert problem_of_expectation(expectation) == problem


def test_parse_scenario_two_groups_want_to_be_told_apart() -> None:
    text = (
        "nodes: {elb: {role: elb, groups: [{domain: d, sub_domain: mgt}, {domain: d, sub_domain: worker}]}}\n"
        "expect:\n  - group: {of: elb, are: []}\n"
    )
    assert problems_of(text) == [
        's.yaml:3: "elb" manages 2 such groups; say domain and sub_domain (it manages: d/mgt, d/worker)'
    ]


def test_parse_scenario_transcript_problems_have_the_lines_of_the_scenario() -> None:
    text = f"{NODES}expect:\n  - transcript:\n      node: elb\n      lines: |\n        INFO - A b\n        what?\n"
    assert problems_of(text) == [
        "s.yaml:7: not a log line: 'what?'; write it as 'INFO - TribesUtil No members in current cluster'"
    ]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "link", "below/../../secret", "/nowhere/t.log"])
def test_transcript_out_of_the_scenarios_folder_is_not_opened(tmp_path: Path, name: str) -> None:
    """A scenario may be a stranger's, and what is wrong with a transcript is told with its lines."""
    (tmp_path / "secret").write_text("password\n", encoding="utf-8")
    folder = tmp_path / "scenario"
    (folder / "below").mkdir(parents=True)
    (folder / "link").symlink_to("../secret")
    file = folder / "s.yaml"
    file.write_text(f"nodes: {{a: {{}}}}\nexpect:\n  - transcript: {{node: a, file: {name}}}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    told = f"{file}:3: the transcript {name} is not in the scenario's folder or below it; copy it there"
    assert str(caught.value) == told


def test_transcript_below_the_scenarios_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "t.log").write_text("INFO - A b\n", encoding="utf-8")
    (tmp_path / "link.log").symlink_to("below/t.log")
    file = tmp_path / "s.yaml"
    for name in ("below/t.log", "./below/../below/t.log", "link.log", str(tmp_path / "below" / "t.log")):
        file.write_text(f"nodes: {{a: {{}}}}\nexpect:\n  - transcript: {{node: a, file: {name}}}\n", encoding="utf-8")
        (expectation,) = load_scenario(file).expectations
        assert isinstance(expectation.claim, TranscriptClaim)


def test_parse_scenario_transcript_problems_of_a_file_name_both_places(tmp_path: Path) -> None:
    (tmp_path / "t.log").write_text("INFO - A b\nwhat?\n", encoding="utf-8")
    file = tmp_path / "s.yaml"
    file.write_text("nodes: {a: {}}\nexpect:\n  - transcript: {node: a, file: t.log}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    assert str(caught.value) == (
        f"{file}:3: {tmp_path / 't.log'}:2: not a log line: 'what?'; "
        "write it as 'INFO - TribesUtil No members in current cluster'"
    )
