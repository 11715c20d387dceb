"""Diagnoses of recorded runs: the logs alone, without the timeline, say what was done."""

from __future__ import annotations

import gzip
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from wkasim.logs.chronicle import lives, members_over_time, remarks, timeline
from wkasim.logs.diagnose import Diagnosis, diagnose
from wkasim.logs.files import find_logs
from wkasim.logs.knowledge import missing_members
from wkasim.logs.parser import read_log
from wkasim.logs.story import Story, read_story
from wkasim.logs.stream import known_lines, read_known

RECORDINGS = Path(__file__).parents[1] / "conformance" / "recordings"
OLD, NEW = "axis2-1.7", "wso2-1.6.1"
BOTH = pytest.mark.parametrize("profile", [OLD, NEW])
ALL = sorted(path for path in RECORDINGS.glob("*/*") if path.is_dir())


def story_of(profile: str, name: str) -> Story:
    return read_story(find_logs([RECORDINGS / profile / name]))


def diagnosis_of(profile: str, name: str) -> Diagnosis:
    return diagnose(story_of(profile, name))


def kinds(diagnosis: Diagnosis) -> list[str]:
    return [reason.kind for reason in diagnosis.reasons]


@pytest.mark.parametrize("folder", ALL, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_stream_finds_every_line_that_the_catalogue_knows(folder: Path) -> None:
    for path in folder.glob("*.log"):
        whole = [(line.number, line.event, dict(line.params)) for line in read_log(path) if line.event is not None]
        assert [(line.number, line.event, dict(line.params)) for line in read_known(path)] == whole


def test_s08_older_code_starts_alone_and_never_sends_join() -> None:
    diagnosis = diagnosis_of(OLD, "s08_no_wka_then_elb")
    assert kinds(diagnosis) == ["alone"]
    assert diagnosis.conclusion == (
        "w1 was started before its well-known members (127.1.0.206:4000(wso2.esb.domain), "
        "127.1.0.206:4001(wso2.esb.domain)): it is alone until 12:29:06, when others found it, and never sends JOIN"
    )


def test_s08_newer_code_waits_for_its_well_known_members() -> None:
    diagnosis = diagnosis_of(NEW, "s08_no_wka_then_elb")
    assert kinds(diagnosis) == ["waiting"]
    assert diagnosis.conclusion.endswith("it waited 18 s, until 127.1.0.206:4000 came")


def test_newer_code_waiting_for_each_other_for_ever() -> None:
    diagnosis = diagnosis_of(NEW, "s01e_elb_mgr_cross_wka")
    assert set(kinds(diagnosis)) == {"waiting"}
    assert "waits for ever for one of them; mgr waits as well: they wait for each other" in diagnosis.conclusion


@BOTH
def test_s09_domain_differs(profile: str) -> None:
    diagnosis = diagnosis_of(profile, "s09_domain_mismatch")
    assert kinds(diagnosis) == ["domain"]
    assert diagnosis.conclusion == (
        "the domain differs: w1 is in 'wso2.as.domain', elb in 'wso2.esb.domain', mgr in 'wso2.esb.domain'. "
        "Its JOIN is never answered"
    )
    messages = [line.message for line in diagnosis.reasons[0].evidence]
    assert "Cluster domain: wso2.as.domain" in messages
    assert "Cluster domain: wso2.esb.domain" in messages


@BOTH
def test_s09_from_one_log_alone_is_only_likely(profile: str) -> None:
    story = read_story(find_logs([RECORDINGS / profile / "s09_domain_mismatch" / "w1.log"]))
    (reason,) = diagnose(story).reasons
    assert (reason.kind, reason.weight) == ("domain", 75)
    assert reason.or_else


@pytest.mark.parametrize(
    ("profile", "name", "told", "wrong"),
    [
        (OLD, "s10_port_conflict", "127.1.0.206:999", None),
        (OLD, "s10d_port_conflict_nonroot", "127.1.0.206:999", "127.1.0.206:1024"),
        (NEW, "s10_port_conflict", "127.1.0.206:4001", "127.1.0.206:4002"),
        (NEW, "s10d_port_conflict_nonroot", "127.1.0.206:4001", "127.1.0.206:4002"),
    ],
)
def test_s10_port_taken_and_which_address_is_wrong(profile: str, name: str, told: str, wrong: str | None) -> None:
    diagnosis = diagnosis_of(profile, name)
    assert kinds(diagnosis) == ["port_taken"]
    assert "w2: its configured port was taken" in diagnosis.conclusion
    assert f"it tells the others {told}" in diagnosis.conclusion
    if wrong is not None:
        assert f"while it listens on {wrong}: {told} is wrong" in diagnosis.conclusion
    assert ("127.1.0.206:4001 is mgr, so that both are taken for one" in diagnosis.conclusion) == (profile == NEW)


@BOTH
def test_s01g_http_port_never_opens(profile: str) -> None:
    diagnosis = diagnosis_of(profile, "s01g_http_never")
    assert kinds(diagnosis) == ["http_never_opens"]
    assert diagnosis.conclusion == (
        "the HTTP ports of w1 (8280 and 8243) never opened for elb: it is a member and gets no requests"
    )


def test_s11_older_code_simultaneous_start_and_who_misses_whom() -> None:
    diagnosis = diagnosis_of(OLD, "s11_simultaneous")
    assert diagnosis.conclusion == (
        "simultaneous start: w2, elb, w3, mgr, w1 within 0.3 s; w2, elb found nobody at first; "
        "views differ: w1 misses w2; w2 misses w1, w3; w3 misses w2"
    )


def test_s11_newer_code_simultaneous_start_and_nobody_misses_anybody() -> None:
    diagnosis = diagnosis_of(NEW, "s11_simultaneous")
    assert diagnosis.conclusion == (
        "simultaneous start: w2, elb, w3, w1, mgr within 0.3 s; elb found nobody at first; "
        "in the end nobody misses anybody"
    )


@BOTH
def test_s06_manager_restarted_and_no_configuration_fault(profile: str) -> None:
    diagnosis = diagnosis_of(profile, "s06_mgr_restart")
    assert kinds(diagnosis) == ["restart"]
    assert diagnosis.faults == ()
    assert diagnosis.conclusion.startswith("mgr was restarted without a clean stop at 12:")
    assert diagnosis.conclusion.endswith("saw it leave. Nothing points at a fault of the configuration")


@pytest.mark.parametrize(
    "folder", [path for path in ALL if "happy" in path.name], ids=lambda p: f"{p.parent.name}-{p.name}"
)
def test_healthy_runs_give_no_reason(folder: Path) -> None:
    assert diagnosis_of(folder.parent.name, folder.name).reasons == ()


def test_wrong_port_listed_is_named() -> None:
    diagnosis = diagnosis_of(OLD, "s18_wrong_wka_port")
    assert diagnosis.conclusion == (
        "w1 looks for a member at 127.1.0.206:4100, where nobody listens; "
        "on 127.1.0.206 elb has 4000, mgr has 4001, w2 has 4002"
    )


@BOTH
def test_killed_node_that_stays_away_is_no_fault(profile: str) -> None:
    diagnosis = diagnosis_of(profile, "s03_kill_worker")
    assert (kinds(diagnosis), diagnosis.faults) == (["left"], ())


def test_machine_that_is_gone_is_told_by_the_members_that_it_had() -> None:
    diagnosis = diagnosis_of(OLD, "s13e_host_down")
    assert kinds(diagnosis) == ["left", "restart"]
    assert diagnosis.reasons[0].text == (
        "w3 was killed, hangs, or was cut off and did not come back; "
        "from the same machine, 127.1.0.132, there left w1 135 s before"
    )
    assert diagnosis.faults == ()


def console(time: datetime, text: str) -> str:
    return f"[{time.isoformat(' ', 'milliseconds').replace('.', ',')}]  INFO - {text}\n"


def test_flapping_member_is_counted(tmp_path: Path) -> None:
    time = datetime(2026, 1, 1, 10)  # noqa: DTZ001 - logs name no zone
    rows = [console(time, "TribesClusteringAgent Local Member 10.0.0.1:4000(d)")]
    for _ in range(4):
        time += timedelta(seconds=103)
        rows.append(console(time, "TribesMembershipListener New member 10.0.0.2:4000(d) joined cluster."))
        rows.append(
            console(time + timedelta(seconds=30), "TribesMembershipListener Member 10.0.0.2:4000(d) left cluster")
        )
    (tmp_path / "a.log").write_text("".join(rows))
    (reason,) = diagnose(read_story(find_logs([tmp_path]))).reasons
    assert (reason.kind, reason.text) == ("flapping", "10.0.0.2:4000 left and came back 4 times")


@pytest.mark.parametrize(("times", "found"), [(99, []), (100, ["endless_election"])])
@pytest.mark.parametrize("host", ["{10, 0, 0, 200}", "10.0.0.200", "{10, 0, 0, -56}"])
def test_election_that_does_not_end_is_told_from_one_that_met_a_dead_member(
    tmp_path: Path, host: str, times: int, found: list[str]
) -> None:
    time = datetime(2026, 1, 1, 10)  # noqa: DTZ001 - logs name no zone
    member = f"org.apache.catalina.tribes.membership.MemberImpl[tcp://{host}:4000,{host},4000, alive=1, ]"
    warning = f"NonBlockingCoordinator Unable to send election message to:{member}"
    rows = [console(time, "TribesClusteringAgent Local Member 10.0.0.1:4000(d)")]
    rows += [console(time + timedelta(seconds=number), warning).replace("INFO", "WARN") for number in range(times)]
    (tmp_path / "a.log").write_text("".join(rows))
    reasons = diagnose(read_story(find_logs([tmp_path]))).reasons
    assert [reason.kind for reason in reasons] == found
    assert [reason.nodes for reason in reasons] == [("a", "10.0.0.200:4000")] * len(found)


def test_clock_that_is_wrong_is_found_and_undone(tmp_path: Path) -> None:
    source = RECORDINGS / OLD / "s01_happy"
    for path in source.glob("*.log"):
        text = path.read_text()
        (tmp_path / path.name).write_text(text.replace(" 12:", " 14:") if path.name == "w1.log" else text)
    story = read_story(find_logs([tmp_path]))
    assert list(remarks(story)) == ["the clock of w1 differs from that of elb by about 7200 s; times are elb's"]
    assert missing_members(story) == {}
    hours = {time.hour for time, _, _ in story.timeline() if time is not None}
    assert hours == {12}


def test_rotated_and_packed_logs_are_one_node(tmp_path: Path) -> None:
    source = RECORDINGS / OLD / "s06_mgr_restart"
    for name, target in (("mgr.log", "node/wso2carbon.log.2026-11-21.gz"), ("mgr.2.log", "node/wso2carbon.log")):
        path = tmp_path / target
        path.parent.mkdir(exist_ok=True)
        data = (source / name).read_bytes()
        path.write_bytes(gzip.compress(data) if target.endswith(".gz") else data)
    story = read_story(find_logs([tmp_path]))
    assert [(life.node, life.number) for life in story.lives] == [("node", 1), ("node", 2)]
    assert kinds(diagnose(story)) == ["restart"]


def test_views_name_nodes_and_time() -> None:
    story = story_of(OLD, "s08_no_wka_then_elb")
    assert "w1 was alone from 2026-11-22 12:28:46.461 until 2026-11-22 12:29:06.442" in "\n".join(lives(story))
    assert next(members_over_time(story)) == "2026-11-22 12:29:06.442  w1  +elb  now elb"
    assert next(timeline(story)).endswith("w1   INFO  TribesClusteringAgent Initializing cluster...")


def test_logs_as_mail_mangles_them_are_read() -> None:
    text = (
        "> INFO — TribesClusteringAgent Cluster domain: d\n"
        "> [2013-06-20 10:11:12,345]  INFO - TribesClusteringAgent Trying to send initialization\n"
        "> request to 10.0.0.1:4000(d)\n"
        "[2013-06-20 10:11:12,345]  INFO - TribesUtil Members of current cluster "
        "[2013-06-20 10:11:12,346]  INFO - TribesUtil Member1 10.0.0.1:4000(d)\n"
    )
    found = [(line.number, line.event) for line in known_lines(text.splitlines())]
    assert found == [
        (1, "cluster_domain"),
        (2, "sending_initialization_request"),
        (4, "members_header"),
        (4, "member_listed"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_logs_as_windows_writes_them_are_read(tmp_path: Path, encoding: str, end: str) -> None:
    source = RECORDINGS / OLD / "s06_mgr_restart" / "mgr.log"
    rows = source.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "mgr.log"
    path.write_bytes(end.join(rows).encode(encoding))
    expected = [(line.number, line.event, line.time) for line in read_known(source)]
    assert len(expected) > 10
    assert [(line.number, line.event, line.time) for line in read_known(path)] == expected
    assert [line.event for line in read_log(path)] == [line.event for line in read_log(source)]


def test_every_line_of_a_log_quoted_in_mail_is_read() -> None:
    text = (
        "> INFO \u2014 TribesClusteringAgent Cluster domain: d\n"
        "> INFO \u2014 TribesUtil No members in current cluster\n"
    )
    assert [line.event for line in known_lines(text.splitlines())] == ["cluster_domain", "no_members"]


def test_numbers_of_lines_do_not_depend_on_where_the_blocks_end(tmp_path: Path) -> None:
    known = "INFO - TribesUtil No members in current cluster"
    path = tmp_path / "a.log"
    rows = [known if number % 1000 == 0 else "x" * (number % 97) for number in range(20_000)]
    path.write_text("\n".join(rows))
    assert [line.number for line in read_known(path)] == list(range(1, 20_001, 1000))


@pytest.mark.parametrize("seed", range(20))
def test_mutated_logs_are_read_and_diagnosed(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    for path in (RECORDINGS / OLD / "s06_mgr_restart").glob("*.log"):
        data = bytearray(path.read_bytes())
        for _ in range(60):
            at = source.randrange(len(data))
            data[at : at + source.randint(0, 3)] = source.randbytes(source.randint(0, 3))
        (tmp_path / path.name).write_bytes(data)
    story = read_story(find_logs([tmp_path]))
    diagnose(story)
    assert list(lives(story))
    list(timeline(story))
