"""Lives over rotated files, lives that go on for ever, and which files are a node's."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from wkasim.errors import InputError
from wkasim.logs import files
from wkasim.logs.chronicle import lives, remarks
from wkasim.logs.diagnose import diagnose
from wkasim.logs.files import find_logs
from wkasim.logs.formats import LogFormat
from wkasim.logs.knowledge import final_members
from wkasim.logs.life import MOST_LINES, MOST_OF_ONE, Life, lives_of
from wkasim.logs.parser import parse_lines
from wkasim.logs.sequence import check_sequence
from wkasim.logs.story import Story, read_story
from wkasim.logs.stream import known_lines
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.runner import run_scenario

START = (
    "TribesClusteringAgent Initializing cluster...",
    "TribesClusteringAgent Cluster domain: d",
    "WkaBasedMembershipScheme Receiver Server Socket bound to:/10.0.0.1:4000",
)
OWN = "TribesClusteringAgent Local Member 10.0.0.1:4000(d)"
ALONE = "TribesUtil No members in current cluster"
COMPLETED = "TribesClusteringAgent Cluster initialization completed."
SECOND = timedelta(seconds=1)


def new(number: int = 2) -> str:
    return f"TribesMembershipListener New member 10.0.0.{number}:4000(d) joined cluster."


def left(number: int = 2) -> str:
    return f"TribesMembershipListener Member 10.0.0.{number}:4000(d) left cluster"


def written(path: Path, *messages: str, begin: int = 0, step: timedelta = SECOND, padding: int = 0) -> None:
    """A log with one line a step, ``begin`` seconds after ten, behind as many other lines as ``padding`` says."""
    time = datetime(2026, 1, 1, 10) + timedelta(seconds=begin)  # noqa: DTZ001 - logs name no zone
    rows = ["[2026-01-01 09:00:00,000]  INFO - Other hello\n"] * padding
    for message in messages:
        rows.append(f"[{time.isoformat(' ', 'milliseconds').replace('.', ',')}]  INFO - {message}\n")
        time += step
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(rows))


def story_of(*paths: Path) -> Story:
    return read_story(find_logs(paths))


def life_of(messages: list[str]) -> Life:
    (life,) = lives_of("a", known_lines([f"INFO - {message}" for message in messages]))
    return life


def test_end_of_being_alone_is_found_in_the_next_file(tmp_path: Path) -> None:
    written(tmp_path / "a.log.1", *START, OWN, ALONE, COMPLETED, padding=50)
    written(tmp_path / "a.log", new(), begin=60)
    (life,) = story_of(tmp_path).lives
    since, until = life.alone() or (None, None)
    assert since is not None
    assert until is not None
    assert (until - since).total_seconds() == 56


def test_waiting_ends_in_the_next_file(tmp_path: Path) -> None:
    member = "10.0.0.2:4000(d)"
    tried = f"WkaBasedMembershipScheme Could not connect to member {member}"
    written(tmp_path / "a.log.1", *START, *[tried] * 30)
    written(tmp_path / "a.log", f"WkaBasedMembershipScheme Added static member {member}", begin=60)
    (reason,) = diagnose(story_of(tmp_path)).reasons
    assert reason.text.endswith("it waited 57 s, until 10.0.0.2:4000 came")


def test_member_admitted_in_the_next_file_was_admitted(tmp_path: Path) -> None:
    axis2 = "Host:10.0.0.2, Port: 4000, HTTP:8280, HTTPS:8243, Domain: d, Sub-domain:worker, Active:true"
    agent = "DefaultGroupManagementAgent"
    written(tmp_path / "a.log.1", *START, OWN, COMPLETED, f"{agent} Could not add application member {axis2}")
    written(tmp_path / "a.log", f"{agent} Application member {axis2} joined application cluster", begin=60)
    assert diagnose(story_of(tmp_path)).reasons == ()


def test_member_that_left_in_the_next_file_is_gone(tmp_path: Path) -> None:
    """The MEMBER_JOINED stands in line 30 of the older file, the leave in line 1 of the newer one."""
    reported = "RpcMembershipRequestHandler Received MEMBER_JOINED message from 10.0.0.3:4000(d)"
    receiver = "RpcMembershipRequestHandler Received JOIN message from 10.0.0.2:4000(d)"
    written(tmp_path / "a.log.1", *START, OWN, COMPLETED, reported, padding=30)
    written(tmp_path / "a.log", left(), begin=60)
    written(tmp_path / "c.log", *(line.replace("0.1:", "0.3:") for line in (*START, OWN)), receiver, COMPLETED)
    story = story_of(tmp_path)
    assert [*final_members(story, story.of("a")[0])] == ["10.0.0.3:4000"]


def test_role_is_checked_over_rotated_files(tmp_path: Path) -> None:
    written(tmp_path / "a.log.1", *START[:2], "TribesClusteringAgent Using wka based membership management scheme")
    written(tmp_path / "a.log", START[2], OWN, ALONE, COMPLETED, begin=60)
    (life,) = story_of(tmp_path).lives
    assert check_sequence(life, "elb").missing is None


def test_reasons_that_are_alike_are_told_three_times(tmp_path: Path) -> None:
    """One reason a start: each is alone until another time."""
    written(tmp_path / "a.log", *[*START, OWN, ALONE, COMPLETED, new()] * 5)
    found = [reason for reason in diagnose(story_of(tmp_path)).reasons if reason.kind == "alone"]
    assert ["more times" in reason.text for reason in found] == [False, False, True]
    assert found[2].text.endswith("; the same 2 more times")


def test_what_counts_of_an_endless_life_is_kept() -> None:
    repeated = "WkaBasedMembershipScheme Could not connect to member 10.0.0.9:4000(d)"
    stop = "TribesClusteringAgent Stopping Tribes channel..."
    life = life_of([*START, *[repeated] * (MOST_LINES + 1000), new(2), new(3), left(2), stop])
    assert life.last("stopping_channel") is not None
    assert [*life.members_at_the_end()] == ["10.0.0.3:4000"]
    assert [(what, address) for _, what, address in life.changes()] == [
        ("joined", "10.0.0.2:4000"),
        ("joined", "10.0.0.3:4000"),
        ("left", "10.0.0.2:4000"),
    ]
    assert life.dropped == 1003
    assert len(life.lines) == MOST_LINES + 4
    last = life.last("static_member_unreachable")
    assert last is not None
    assert last.number == MOST_LINES + 1003
    assert "1003 lines that repeat others are left out" in "\n".join(lives(Story([life])))


def test_member_that_comes_and_goes_without_end_is_known_as_it_was_last() -> None:
    life = life_of([*START, *[new(), left()] * MOST_LINES, new()])
    assert [*life.members_at_the_end()] == ["10.0.0.2:4000"]
    assert len(life.lines) <= MOST_LINES + 2 * MOST_OF_ONE


def test_lines_before_every_start_are_read_in_linear_time() -> None:
    (life,) = lives_of("a", known_lines(["INFO - ClusterBuilder Clustering has been disabled"] * 60_000))
    assert life.dropped == 40_000


def test_log_without_the_line_of_the_beginning_is_cut_at_the_domain() -> None:
    lines = known_lines([f"INFO - {message}" for message in (*START[1:], OWN, COMPLETED, *START[1:], OWN)])
    assert [life.number for life in lives_of("a", lines)] == [1, 2]


def test_node_that_starts_without_end_keeps_its_first_and_last_lives(tmp_path: Path) -> None:
    written(tmp_path / "a.log", *[START[0]] * 500)
    story = story_of(tmp_path)
    assert [life.number for life in story.lives] == [*range(1, 101), *range(401, 501)]
    assert list(remarks(story)) == ["a was started very often; 300 lives in the middle are left out"]
    (reason,) = diagnose(story).reasons
    assert reason.text == (
        "a was started again 499 times between 2026-01-01 10:00 and 2026-01-01 10:08; "
        "199 of 199 times it was never ready"
    )


# Times


def test_times_with_zones_are_compared_by_utc() -> None:
    line = {"level": "INFO", "component": "TribesUtil", "message": "No members in current cluster"}
    times = "2026-01-01T10:00:00+02:00", "2026-01-01T08:00:01Z", "2026-01-01T08:00:02", "0001-01-01T00:00+05:00"
    rows = [json.dumps({**line, "time": time}) for time in times]
    assert [line.time for line in parse_lines(rows)] == [
        datetime(2026, 1, 1, 8),  # noqa: DTZ001
        datetime(2026, 1, 1, 8, 0, 1),  # noqa: DTZ001
        datetime(2026, 1, 1, 8, 0, 2),  # noqa: DTZ001
        None,
    ]


def joins(path: Path, own: str, *others: str, begin: int, every: int) -> None:
    start = [line.replace("10.0.0.1:", own) for line in (*START, OWN)]
    written(path, *start, *others, COMPLETED, begin=begin, step=timedelta(seconds=every))


def test_address_that_two_nodes_claim_tells_nothing_about_clocks(tmp_path: Path) -> None:
    sending = "WkaBasedMembershipScheme Sending JOIN message to WKA members..."
    received = "RpcMembershipRequestHandler Received JOIN message from 10.0.0.2:4000(d)"
    joins(tmp_path / "a.log", "10.0.0.1:", received, begin=60, every=1)
    joins(tmp_path / "b.log", "10.0.0.2:", sending, begin=0, every=1)
    assert len(list(remarks(story_of(tmp_path)))) == 1
    joins(tmp_path / "c.log", "10.0.0.2:", sending, begin=60, every=1)
    assert list(remarks(story_of(tmp_path))) == []


def test_restarted_node_with_a_right_clock_is_not_said_to_have_a_wrong_one(tmp_path: Path) -> None:
    sending = "WkaBasedMembershipScheme Sending JOIN message to WKA members..."
    received = "RpcMembershipRequestHandler Received JOIN message from 10.0.0.2:4000(d)"
    joins(tmp_path / "a.log", "10.0.0.1:", *[received] * 4, begin=0, every=600)
    for life in range(4):
        joins(tmp_path / f"b.{life + 1}.log", "10.0.0.2:", sending, begin=2400 + 600 * life - 4, every=1)
    story = story_of(tmp_path)
    assert len(story.of("b")) == 4
    assert list(remarks(story)) == []


def test_join_that_is_received_late_is_no_difference_of_clocks(tmp_path: Path) -> None:
    """A busy load balancer handles a JOIN seconds later; the request for the configuration comes through at once."""
    own, other = "10.0.0.1:4000(d)", "10.0.0.2:4000(d)"
    joins(
        tmp_path / "a.log", "10.0.0.1:",
        f"RpcMembershipRequestHandler Received JOIN message from {other}",
        f"RpcInitializationRequestHandler Received GetConfigurationCommand initialization request message from {other}",
        begin=10, every=1,
    )  # fmt: skip
    sending = "WkaBasedMembershipScheme Sending JOIN message to WKA members..."
    request = f"TribesClusteringAgent Trying to send initialization request to {own}"
    joins(tmp_path / "b.log", "10.0.0.2:", sending, *["Other hello"] * 6, request, begin=4, every=1)
    assert list(remarks(story_of(tmp_path))) == []


# Ranks


def test_loopback_address_explains_ports_that_never_open(tmp_path: Path) -> None:
    loopback = (
        "TribesClusteringAgent Local member advertising its IP address as 127.0.0.1. "
        "Remote members will not be able to connect to this member."
    )
    axis2 = "Host:127.0.0.1, Port: 4000, HTTP:8280, HTTPS:8243, Domain: d, Sub-domain:worker, Active:true"
    written(tmp_path / "elb.log", *START, OWN, f"DefaultGroupManagementAgent Could not add application member {axis2}")
    written(tmp_path / "w.log", *START, loopback, OWN.replace("10.0.0.1", "127.0.0.1"))
    assert [reason.kind for reason in diagnose(story_of(tmp_path)).reasons] == ["loopback", "http_never_opens"]


@pytest.mark.parametrize(("port", "found"), [(4001, []), (4000, ["loopback", "loopback"])])
def test_loopback_addresses_are_no_fault_on_one_machine(tmp_path: Path, port: int, found: list[str]) -> None:
    """Two nodes with one address are on two machines."""
    loopback = (
        "TribesClusteringAgent Local member advertising its IP address as 127.0.0.1. "
        "Remote members will not be able to connect to this member."
    )
    for name, own in (("a", 4000), ("b", port)):
        written(tmp_path / f"{name}.log", *START, loopback, f"TribesClusteringAgent Local Member 127.0.0.1:{own}(d)")
    assert [reason.kind for reason in diagnose(story_of(tmp_path)).reasons] == found


def test_member_that_no_sub_domain_takes_is_told_when_it_is_too_late(tmp_path: Path) -> None:
    managing = "TribesClusteringAgent Managing group application domain:d, sub-domain:worker using agent class x.Y"
    joined = "MembershipManager Application member 10.0.0.2:4000(d) joined group d"
    written(tmp_path / "elb.log", managing, *START, OWN, COMPLETED, joined)
    assert diagnose(story_of(tmp_path / "elb.log")).reasons == ()
    written(tmp_path / "elb.log", managing, *START, OWN, COMPLETED, joined, *[new(3)] * 65)
    (reason,) = diagnose(story_of(tmp_path / "elb.log")).reasons
    assert reason.kind == "never_served"
    assert reason.text == (
        "10.0.0.2:4000 joined the group and gets no requests: elb serves the sub-domains worker, "
        "and has not added it to any of these"
    )


def test_join_that_breaks_at_the_load_balancer_is_told_from_one_that_is_lost(tmp_path: Path) -> None:
    """d13: a worker without the property subDomain, at a load balancer with sub-domains."""
    result = run_scenario(load_scenario("defects/d13-sub-domain-missing"))
    for node in ("elb", "worker1"):
        rows = LogFormat("console").lines(result.journal.records, node)
        (tmp_path / f"{node}.log").write_text("\n".join(rows))
    first = diagnose(story_of(tmp_path)).reasons[0]
    assert first.kind == "join_breaks"
    assert first.text.endswith("elb logs errors when it receives")


@pytest.mark.parametrize("listed", [False, True])
def test_node_that_comes_back_on_another_port_is_a_fault_if_it_is_listed(tmp_path: Path, listed: bool) -> None:
    written(tmp_path / "a.log", *START, OWN, COMPLETED)
    written(tmp_path / "a.2.log", *START, OWN.replace("4000", "4001"), COMPLETED, begin=60)
    static = "WkaBasedMembershipScheme Added static member 10.0.0.1:4000(d)"
    other = [line.replace("10.0.0.1:", "10.0.0.2:") for line in (*START, OWN)]
    written(tmp_path / "b.log", *other, *([static] if listed else []), begin=20)
    (reason,) = [reason for reason in diagnose(story_of(tmp_path)).reasons if reason.kind == "back_on_another_port"]
    assert reason.fault == listed
    assert reason.text == "a came back as 10.0.0.1:4001, before it was 10.0.0.1:4000" + ", which b lists" * listed


# Files


def test_files_without_times_are_put_in_order_by_their_numbers(tmp_path: Path) -> None:
    for name, domain in (("a.log.2", "1"), ("a.log.1", "2"), ("a.log", "3"), ("b.log", "1"), ("b.2.log", "2")):
        (tmp_path / name).write_text(f"INFO - {START[0]}\nINFO - TribesClusteringAgent Cluster domain: {domain}\n")
    story = story_of(tmp_path)
    assert [life.domain for life in story.of("a")] == ["1", "2", "3"]
    assert [life.domain for life in story.of("b")] == ["1", "2"]


def test_what_a_server_writes_into_several_logs_is_read_once(tmp_path: Path) -> None:
    logs = tmp_path / "esb" / "repository" / "logs"
    written(logs / "wso2carbon.log", *START, OWN, ALONE, COMPLETED)
    written(logs / "nohup.out", *START, OWN, ALONE, COMPLETED, new())
    written(logs / "wso2-esb-errors.log", ALONE, begin=4)
    story = story_of(tmp_path)
    (life,) = story.lives
    assert life.node == "esb"
    assert [line.event for line in life.lines].count("no_members") == 1
    assert [*life.known()] == ["10.0.0.2:4000"]


def test_servers_of_one_name_on_two_machines_are_two_nodes(tmp_path: Path) -> None:
    for machine in ("m1", "m2"):
        written(tmp_path / machine / "esb" / "repository" / "logs" / "wso2carbon.log", *START)
    assert list(find_logs([tmp_path])) == ["m1/esb", "m2/esb"]


@pytest.mark.parametrize(
    "name",
    ["a.log", "a.log.1", "a.log.2013-06-20", "a.log.2013-06-20.gz", "a.log-20130620", "a-2013-06-20.log", "a.2.log"],
)
def test_rotated_names_are_those_of_the_node(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert list(find_logs([tmp_path])) == ["a"]


def test_same_file_twice_is_read_once(tmp_path: Path) -> None:
    written(tmp_path / "a.log", *START)
    assert find_logs([tmp_path, tmp_path / "a.log"]) == {"a": [tmp_path / "a.log"]}


def test_links_out_of_the_folder_are_told_and_not_read(tmp_path: Path) -> None:
    written(tmp_path / "outside" / "secret.log", *START)
    inside = tmp_path / "inside"
    written(inside / "a.log", *START)
    (inside / "b.log").symlink_to(tmp_path / "outside" / "secret.log")
    (inside / "more").symlink_to(tmp_path / "outside")
    (inside / "current.log").symlink_to(inside / "a.log")
    told: list[str] = []
    assert find_logs([inside], told.append) == {"a": [inside / "a.log"]}
    assert told == [f"{inside / 'b.log'}: is a link out of {inside} and is not read; name it to have it read"]


def test_logs_packed_otherwise_are_told(tmp_path: Path) -> None:
    written(tmp_path / "a.log", *START)
    (tmp_path / "a.log.1.zip").touch()
    (tmp_path / "a.login.html").touch()
    told: list[str] = []
    assert find_logs([tmp_path], told.append) == {"a": [tmp_path / "a.log"]}
    assert told == [f"{tmp_path / 'a.log.1.zip'}: is packed in a way that is not read; unpack it, or pack it with gzip"]


def test_too_many_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / f"{number}x.log").touch()
    monkeypatch.setattr(files, "_MOST_FILES", 3)
    told: list[str] = []
    assert list(find_logs([tmp_path], told.append)) == ["0x", "1x", "2x"]
    assert told == [f"5 logs found; only the first 3 are read, the last of these is {tmp_path / '2x.log'}"]


def test_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no log in it"):
        find_logs([tmp_path])
