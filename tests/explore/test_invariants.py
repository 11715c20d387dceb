"""Each invariant on clusters that keep it and on clusters that break it, and what is said then."""

from __future__ import annotations

import pytest
from attrs import evolve

from wkasim.errors import InputError
from wkasim.explore.course import Course, settling_s
from wkasim.explore.invariants import (
    BUILT_IN,
    Always,
    Invariant,
    Reason,
    eventually,
    invariants_named,
    known_invariants,
    register,
)
from wkasim.explore.verdict import Watch, violations_of
from wkasim.node.config import Group, NodeConfig
from wkasim.profile import PROFILES
from wkasim.sim.cluster import Cluster
from wkasim.sim.journal import Record

A, B, C = "127.1.0.1:4000", "127.1.0.2:4000", "127.1.0.3:4000"
D = "wso2.esb.domain"


def node(number: int, *known: int, **more: object) -> NodeConfig:
    return NodeConfig(
        name="abc"[number - 1],
        host=f"127.1.0.{number}",
        domain=D,
        well_known_members=tuple((f"127.1.0.{other}", 4000) for other in known),
        **more,  # type: ignore[arg-type]
    )


class Told:
    """A journal that a test writes by hand."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.now_s = 0.0

    def at(self, seconds: float) -> Told:
        self.now_s = seconds
        return self

    def say(self, kind: str, node: str, *fields: object, life: int = 1) -> Told:
        self.records.append((round(self.now_s * 1e6), kind, node, life, *fields))
        return self

    def start(self, *names: str) -> Told:
        return self.say("step", "", "start", ("nodes", " ".join(names)), life=0)

    def up(self, name: str, address: str, *members: str, joined: bool = True) -> Told:
        """The node says who it is, joins unless it stands alone, lists its members, and is initialised."""
        self.say("log", name, "local_member", "TribesClusteringAgent", "INFO", ("member", f"{address}({D})"))
        if joined:
            self.say("log", name, "sending_join", "WkaBasedMembershipScheme", "INFO", ())
        for member in members:
            self.say("view", name, "added", member, "join")
        return self.say("state", name, "initialised", "")

    def violated(self, *names: str, nodes: tuple[NodeConfig, ...], end_s: float = 200.0) -> list[str]:
        found = violations_of(
            self.records,
            nodes,
            PROFILES["documented"],
            end_us=round(end_s * 1e6),
            invariants=invariants_named(names),
        )
        return [f"{violation.reason} [{violation.cause}]" for violation in found]


PAIR = (node(1), node(2, 1))
THREE = (node(1), node(2, 1), node(3, 1))


def test_healthy_cluster_violates_nothing() -> None:
    told = Told().start("a", "b").at(1).up("a", A, B, joined=False).up("b", B, A)
    assert told.violated(nodes=PAIR) == []


def test_agreement_names_who_lacks_whom_and_both_views() -> None:
    told = Told().start("a", "b", "c").up("a", A, B, C, joined=False).up("b", B, A).up("c", C, A, B)
    views = "(a lists b, c; b lists a)"
    assert told.violated("agreement", nodes=THREE) == [
        f"b does not list c, but a does {views} [somebody not well known is not listed, though both joined]"
    ]


def test_agreement_is_not_asked_of_nodes_that_nobody_introduced() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).up("b", B, joined=False)
    assert told.violated("agreement", "completeness", nodes=(node(1), node(2))) == []


def test_agreement_is_not_asked_across_a_cut() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).up("b", B)
    told.at(5).say("step", "", "partition", ("sides", "a | b"), life=0)
    assert told.violated("agreement", nodes=PAIR) == []
    told.at(10).say("step", "", "heal", (), life=0)
    assert len(told.violated("agreement", nodes=PAIR)) == 1


def test_agreement_of_two_is_not_asked_about_a_third_whom_a_cut_separates_from_one_of_them() -> None:
    told = Told().start("a", "b", "c").up("a", A, B, joined=False).up("b", B, A, C).up("c", C, B)
    told.at(5).say("step", "", "cut", ("sender", "c", "receiver", "a"), life=0)
    assert told.violated("agreement", "completeness", nodes=THREE) == []
    told.at(6).say("step", "", "heal", ("between", "a b"), life=0)
    assert told.violated("agreement", nodes=THREE) == []
    told.at(7).say("step", "", "heal", ("between", "a c"), life=0)
    assert len(told.violated("agreement", nodes=THREE)) == 1


def test_nodes_are_introduced_by_way_of_others_in_whatever_order_their_lists_are_looked_at() -> None:
    nodes = (node(1), node(2, 1), node(3), evolve(node(3, 3, 2), name="d", host="127.1.0.4"))
    told = Told().start("a", "b", "c", "d").up("a", A).up("b", B).up("c", C).up("d", "127.1.0.4:4000")
    course = Course(nodes, PROFILES["documented"])
    for record in told.records:
        course.read(record)
    assert set(course.introduced().values()) == {0}
    apart = Course((*nodes[:3], evolve(nodes[3], well_known_members=())), PROFILES["documented"])
    for record in told.records:
        apart.read(record)
    assert apart.introduced()["a"] != apart.introduced()["c"]


def test_agreement_is_asked_within_a_domain_only() -> None:
    nodes = (node(1), evolve(node(2, 1), domain="another"), node(3, 1))
    told = Told().start("a", "b", "c").up("a", A, C, joined=False).up("b", B).up("c", C, A)
    assert told.violated("agreement", "completeness", nodes=nodes) == []


def test_agreement_is_due_only_when_the_cluster_has_settled() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).up("b", B)
    settled_s = settling_s(PROFILES["documented"], 2)
    assert told.violated("agreement", nodes=PAIR, end_s=settled_s - 1) == []
    assert len(told.violated("agreement", nodes=PAIR, end_s=settled_s)) == 1
    told.at(settled_s - 1).say("step", "", "clear_rules", (), life=0)
    assert told.violated("agreement", nodes=PAIR, end_s=settled_s) == []


def test_completeness_names_who_is_missing_although_views_agree() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).up("b", B)
    cause = "somebody not well known is not listed, after one started alone"
    assert told.violated("completeness", nodes=PAIR) == [
        f"a does not list b, which is alive (it lists nobody) [{cause}]"
    ]


def test_completeness_wants_members_admitted_by_the_load_balancer() -> None:
    nodes = (node(1, groups=(Group(D),)), node(2, 1, http_port=8280))
    told = Told().start("a", "b").up("a", A, B, joined=False).up("b", B, A)
    assert told.violated("completeness", nodes=nodes) == [
        f"a has not admitted b to load balancing in {D}/__$default [somebody not well known is not admitted]"
    ]
    told.at(12).say("group", "a", "admitted", B, D, "__$default")
    assert told.violated("completeness", nodes=nodes) == []


@pytest.mark.parametrize("more", [{"open_http": "never"}, {"groups": (Group(D),)}])
def test_completeness_wants_nobody_admitted_who_serves_nothing_or_balances_itself(more: dict[str, object]) -> None:
    nodes = (node(1, groups=(Group(D),)), node(2, 1, http_port=8280, **more))
    told = Told().start("a", "b").up("a", A, B, joined=False).up("b", B, A)
    told.say("group", "b", "admitted", A, D, "__$default")
    assert told.violated("completeness", nodes=nodes) == []


def test_cause_tells_whether_somebody_well_known_is_missing_and_how_the_two_came_in() -> None:
    told = Told().start("a", "b").up("a", A, B, joined=False).up("b", B)
    assert told.violated("completeness", nodes=PAIR)[0].endswith(
        "[somebody well known is not listed, after one started alone]"
    )
    told = Told().start("a", "b").up("a", A, B).up("b", B)
    assert told.violated("completeness", nodes=PAIR)[0].endswith(
        "[somebody well known is not listed, though both joined]"
    )


def test_death_may_go_unnoticed_for_as_long_as_detection_takes() -> None:
    # 20 s for a process, 140 s for each other node where a host is gone without a word.
    for how, bound_s in (("killed", 20), ("host down", 140)):
        nodes = (node(1, groups=(Group(D),)), node(2, 1, http_port=8280))
        told = Told().start("a", "b").up("a", A, B, joined=False).up("b", B, A)
        told.say("group", "a", "admitted", B, D, "__$default")
        told.at(100).say("state", "b", "stopped", how)
        for name in ("accuracy", "live_admitted"):
            assert told.violated(name, nodes=nodes, end_s=100 + bound_s) == []
            assert len(told.violated(name, nodes=nodes, end_s=101 + bound_s)) == 1


def test_accuracy_names_the_dead_and_since_when() -> None:
    told = Told().start("a", "b").up("a", A, B, joined=False).up("b", B, A)
    told.at(20).say("step", "b", "kill", ("node", "b")).say("state", "b", "stopped", "killed")
    assert told.violated("accuracy", nodes=PAIR, end_s=100) == [
        "a still lists b, killed 45 s ago [lists the dead (killed)]"
    ]
    told.at(24).say("view", "a", "removed", B, "event")
    assert told.violated("accuracy", nodes=PAIR, end_s=100) == []


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ((A,), "a lists itself (127.1.0.1:4000) [lists itself]"),
        ((B, B), "a lists b 2 times [lists somebody twice]"),
        (("127.1.0.9:4000",), "a lists 127.1.0.9:4000, where no node ever was [lists nobody]"),
    ],
)
def test_no_phantom_names_what_should_not_be_there(members: tuple[str, ...], reason: str) -> None:
    told = Told().start("a", "b").at(1).up("a", A, *members, joined=False)
    assert told.violated("no_phantom", nodes=PAIR) == [reason]


def test_one_identity_names_both_who_claim_an_address() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).up("b", A)
    assert told.violated("one_identity", nodes=PAIR) == [
        "a and b both say that they are 127.1.0.1:4000 [two nodes with one address]"
    ]


def test_no_phantom_does_not_take_the_configured_address_for_the_node_s_own() -> None:
    # The port may be another one in the end: until the node has said who it is, the address may be somebody else's.
    told = Told().start("a", "b").up("b", A).at(1).say("view", "a", "added", A, "join")
    assert told.violated("no_phantom", "one_identity", nodes=PAIR) == []


def test_join_answered_counts_the_joins() -> None:
    told = Told().start("a", "b").up("a", A, joined=False)
    for _ in range(3):
        told.say("log", "b", "sending_join", "W", "INFO", ()).say("log", "b", "no_join_response", "W", "INFO", ())
    assert told.violated("join_answered", "start_ends", nodes=PAIR) == [
        "b has sent JOIN 3 times and nobody has answered [JOIN unanswered, in the domain of the others]"
    ]


def test_join_answered_waits_for_the_first_answer_that_is_missing() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).say("log", "b", "sending_join", "W", "INFO", ())
    assert told.violated("join_answered", nodes=PAIR) == []


def test_initialised_asked_names_who_was_asked_too_early() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).say("deliver", "b", 1, "GET_CONFIGURATION", "a")
    assert told.violated("initialised_asked", nodes=PAIR) == [
        "a has asked b for its configuration, and b is itself starting [the uninitialised are asked]"
    ]


def test_initialised_asked_counts_whoever_still_waits() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).say("state", "b", "waiting", "nobody is there")
    told.say("deliver", "b", 1, "GET_CONFIGURATION", "a")
    assert told.violated("initialised_asked", nodes=PAIR) == [
        "a has asked b for its configuration, and b is itself waiting [the uninitialised are asked]"
    ]
    told = Told().start("a", "b").up("a", A, joined=False).up("b", B).say("deliver", "b", 1, "GET_CONFIGURATION", "a")
    assert told.violated("initialised_asked", nodes=PAIR) == []


def test_start_ends_sees_no_circle_in_a_list_of_oneself_nor_across_a_cut() -> None:
    alone = Told().start("a").say("state", "a", "waiting", "no well-known member can be reached")
    assert alone.violated("start_ends", nodes=(node(1, 1),)) == []
    both = Told().start("a", "b")
    for name in "ab":
        both.say("state", name, "waiting", "no well-known member can be reached")
    both.at(5).say("step", "", "cut", ("sender", "a", "receiver", "b"), life=0)
    assert both.violated("start_ends", nodes=(node(1, 2), node(2, 1))) == []


def test_start_ends_may_wait_for_whom_nobody_started_but_not_in_a_circle() -> None:
    nodes = (node(1, 2), node(2, 1), node(3, 1))
    alone = Told().start("a").say("state", "a", "waiting", "no well-known member can be reached")
    assert alone.violated("start_ends", nodes=nodes) == []
    both = alone.start("b", "c")
    for name in "bc":
        both.say("state", name, "waiting", "no well-known member can be reached")
    assert both.violated("start_ends", nodes=nodes, end_s=100) == [
        "a waits for b waits for a, 45 s after its start [nodes wait for each other]"
    ]


def test_start_ends_names_a_start_that_goes_on() -> None:
    told = Told().start("a")
    assert told.violated("start_ends", nodes=PAIR) == ["a has been starting for 45 s [a start does not end]"]
    assert told.say("state", "a", "failed", "no port").violated("start_ends", nodes=PAIR) == []


def test_elections_end_names_whose_token_goes_on_and_forgives_one_that_rests() -> None:
    told = Told().start("a", "b").at(1).up("a", A, B, joined=False).up("b", B, A)
    for number in range(21):
        sender, receiver = ("a", B) if number % 2 == 0 else ("b", A)
        told.at(100 + number).say("send", sender, number, "COORDINATION_REQUEST", receiver, f"{A}/1/2 {A} {B}")
    assert told.violated("elections_end", nodes=PAIR, end_s=124) == [
        "the token of a has been handed on 21 times and goes on [an election does not end]"
    ]
    assert told.violated("elections_end", nodes=PAIR, end_s=126) == []


def test_elections_end_counts_each_election_for_itself_and_no_other_message() -> None:
    told = Told().start("a", "b").at(1).up("a", A, B, joined=False).up("b", B, A)
    for number in range(40):
        kind = "COORDINATION_REQUEST" if number % 2 == 0 else "COORDINATION_CONFIRMED"
        told.at(100 + number / 10).say("send", "a", number, kind, B, f"{A}/1/{number % 4} {A} {B}")
    assert told.violated("elections_end", nodes=PAIR, end_s=105) == []


def test_live_admitted_names_the_dead_that_get_requests() -> None:
    nodes = (node(1, groups=(Group(D),)), node(2, 1, http_port=8280))
    told = Told().start("a", "b").up("a", A, B, joined=False).up("b", B, A)
    told.say("group", "a", "admitted", B, D, "__$default").at(10).say("state", "b", "stopped", "killed")
    assert told.violated("live_admitted", nodes=nodes) == [
        f"a sends requests to b, killed 35 s ago (group {D}/__$default) [admits the dead (killed)]"
    ]


def test_ports_known_names_whom_requests_cannot_reach() -> None:
    nodes = (node(1, groups=(Group(D),)), node(2, 1, http_port=8280))
    text = f"Host:127.1.0.2, Port: 4000, HTTP:-1, HTTPS:-1, Domain: {D}, Sub-domain:null, Active:true"
    told = Told().start("a", "b").up("a", A, B, joined=False)
    told.say("log", "a", "application_member_joined", "DefaultGroupManagementAgent", "INFO", ("axis2", text))
    assert told.violated("ports_known", nodes=nodes) == [
        "a has admitted b as HTTP:-1, HTTPS:-1 and sends its requests nowhere [admitted without ports]"
    ]


def test_ports_known_forgets_whom_the_balancer_dismisses_and_minds_either_port() -> None:
    nodes = (node(1, groups=(Group(D),)), node(2, 1, https_port=8243))
    text = f"Host:127.1.0.2, Port: 4000, HTTP:-1, HTTPS:-1, Domain: {D}, Sub-domain:null, Active:true"
    told = Told().start("a", "b").up("a", A, B, joined=False)
    told.say("group", "a", "admitted", B, D, "__$default").say("group", "a", "dismissed", B, D, "__$default")
    told.say("log", "a", "application_member_joined", "DefaultGroupManagementAgent", "INFO", ("axis2", text))
    assert len(told.violated("ports_known", nodes=nodes)) == 1
    course = Course(nodes, PROFILES["documented"])
    for record in told.say("group", "a", "dismissed", B, D, "__$default").records:
        course.read(record)
    assert course.lives["a"].portless == []
    assert list(course.admitted(course.lives["a"])) == []


def test_silence_of_the_network_puts_off_what_is_due_by_its_own_length() -> None:
    settled_s = settling_s(PROFILES["documented"], 2)
    for begins, ends in (
        (("partition", ("sides", "a | b")), ("heal", ())),
        (("host_down", ("host", "127.1.0.9")), ("host_up", ("host", "127.1.0.9"))),
    ):
        told = Told().start("a", "b").up("a", A, joined=False).up("b", B)
        told.at(10).say("step", "", *begins, life=0).at(17).say("step", "", *ends, life=0)
        assert told.violated("agreement", nodes=PAIR, end_s=17 + 7 + settled_s - 0.5) == []
        assert len(told.violated("agreement", nodes=PAIR, end_s=17 + 7 + settled_s)) == 1


def test_request_is_no_fault_and_a_rule_that_still_drops_messages_is_one() -> None:
    settled_s = settling_s(PROFILES["documented"], 2)
    told = Told().start("a", "b").up("a", A, joined=False).up("b", B)
    told.at(20).say("step", "", "request", ("to", "a"), life=0)
    assert len(told.violated("agreement", nodes=PAIR, end_s=settled_s)) == 1
    told.say("drop", "a", 1, "JOIN", B, "dropped by rule")
    told.at(settled_s + 10).say("timer", "a", "heartbeat")  # the run goes on past what was due before
    assert told.violated("agreement", nodes=PAIR, end_s=settled_s + 19) == []
    assert len(told.violated("agreement", nodes=PAIR, end_s=settled_s + 20)) == 1


def test_frozen_node_is_asked_nothing_until_it_goes_on() -> None:
    told = Told().start("a", "b").up("a", A, joined=False).up("b", B).at(1).say("state", "b", "paused", "")
    assert told.violated("agreement", "completeness", nodes=PAIR) == []
    told.say("state", "b", "resumed", "")
    assert told.violated("agreement", nodes=PAIR) != []


def test_settling_takes_longer_where_members_are_admitted_one_by_one() -> None:
    took = {name: [settling_s(PROFILES[name], nodes) for nodes in (2, 5)] for name in PROFILES}
    assert took == {"documented": [45.0, 45.0], "axis2-1.7": [60.0, 60.0], "wso2-1.6.1": [60.0, 90.0]}


def test_second_life_of_a_node_is_another_one_and_the_last_death_counts() -> None:
    told = Told().start("a", "b").up("a", A, B, joined=False).up("b", B, A)
    told.at(10).say("state", "b", "stopped", "killed").at(20).start("b")
    told.say("view", "b", "added", A, "join", life=1)  # a late word of the first life
    course = Course(PAIR, PROFILES["documented"])
    for record in told.records:
        course.read(record)
    assert (course.lives["b"].number, course.lives["b"].members) == (2, [])
    assert course.dead_for_us(B) is None
    for record in told.at(30).say("state", "b", "stopped", "terminated", life=2).at(50).start("a").records[-2:]:
        course.read(record)
    assert course.dead_for_us(B) == (20_000_000, "terminated")
    assert course.dead_for_us(C) is None


def test_every_built_in_invariant_has_a_test_that_violates_it() -> None:
    # Names of tests, not only a wish: an invariant that nobody can break is no invariant.
    tests = [name for name in globals() if name.startswith("test_")]
    missing = [invariant.name for invariant in BUILT_IN if not any(invariant.name in name for name in tests)]
    assert missing == []


def test_invariant_of_ones_own_is_a_few_lines_and_known_by_name() -> None:
    def nobody_alone(course: Course) -> str | None:
        alone = [life.name for life in course.initialised() if not life.members]
        return f"{alone[0]} knows nobody" if alone else None

    invariant = Invariant("nobody_alone", "every node knows somebody", nobody_alone, eventually(5))
    try:
        assert register(invariant) is invariant
        assert invariants_named(["nobody_alone"]) == (invariant,)
        told = Told().start("a").up("a", A, joined=False)
        assert told.violated("nobody_alone", nodes=PAIR, end_s=6) == ["a knows nobody [a knows nobody]"]
        with pytest.raises(InputError, match="there is an invariant 'nobody_alone' already"):
            register(Invariant("nobody_alone", "another", nobody_alone, Always()))
    finally:
        from wkasim.explore import invariants

        invariants._REGISTERED.pop("nobody_alone", None)
    assert known_invariants() == BUILT_IN


def test_unknown_invariants_are_all_named_with_the_known_ones() -> None:
    known = ", ".join(invariant.name for invariant in BUILT_IN)
    with pytest.raises(InputError) as caught:
        invariants_named(["agrement", "agreement", "speed"])
    assert caught.value.problems == (
        f"unknown invariant 'agrement'; did you mean 'agreement'? (known: {known})",
        f"unknown invariant 'speed' (known: {known})",
    )


def test_reason_without_cause_leaves_out_names_and_numbers() -> None:
    assert Reason("node1 at 127.1.0.1:4000 waits 12 s").cause == "# at # waits # s"


def test_watch_over_a_running_cluster_says_the_same_as_one_over_its_journal() -> None:
    with Cluster(profile="documented", seed=1) as cluster:
        for config in THREE:
            cluster.add_node(config)
        watch = Watch.over(cluster)
        cluster.start()
        for _ in range(30):
            cluster.run_for(5)
            watch.look(cluster)
        nodes = [node.config for node in cluster.nodes.values()]
        afterwards = violations_of(cluster.journal.records, nodes, cluster.profile, end_us=cluster.loop.now_us)
    assert watch.telling() == afterwards
    assert [violation.invariant for violation in afterwards] == ["agreement"]
