"""Journal records as text, in every format; what is hidden unless asked for."""

import json

import pytest

from wkasim.errors import InputError
from wkasim.logs.formats import DEFAULT_START, FORMATS, LogFormat
from wkasim.logs.parser import parse_lines
from wkasim.sim.journal import Record

NO_MEMBERS: Record = (333_999, "log", "elb", 1, "no_members", "TribesUtil", "INFO", ())
STATIC: Record = (
    2_000_000, "log", "w1", 1, "static_member_error", "WkaBasedMembershipScheme", "ERROR",
    ("host", "127.1.0.206", "port", 4000),
)  # fmt: skip
QUIET: Record = (
    5, "log", "w1", 1, "member_list_added", "MemberListCommand", "DEBUG", ("member", "127.1.0.206:4000(d)"),
)  # fmt: skip
BOUND: Record = (
    6, "log", "w1", 1, "receiver_bound", "ReceiverBase", "INFO", ("address", "/127.1.0.206:4000"),
)  # fmt: skip
UNNOTIFIED: Record = (
    7, "log", "w1", 2, "unnotified_member_added", "TcpFailureDetector", "WARN", ("tribes", "MemberImpl[x]"),
)  # fmt: skip
PROBE: Record = (8, "log", "w1", 1, "probe_received", "TcpFailureDetector", "DEBUG", ("packet", "x"))
TIMER: Record = (9, "timer", "w1", 1, "heartbeat")


def test_tribes_format_is_the_one_of_the_guide() -> None:
    assert LogFormat("tribes").render(NO_MEMBERS) == "INFO - TribesUtil No members in current cluster"


def test_console_format_cuts_the_time_at_the_millisecond_and_aligns_the_level() -> None:
    console = LogFormat("console")
    assert console.render(NO_MEMBERS) == ("[2013-06-20 10:11:12,333]  INFO - TribesUtil No members in current cluster")
    assert console.render(STATIC) == (
        "[2013-06-20 10:11:14,000] ERROR - WkaBasedMembershipScheme Cannot connect to member 127.1.0.206:4000"
    )


def test_carbon_format_names_server_and_full_class() -> None:
    carbon = LogFormat("carbon", servers={"elb": "ELB"}, start=DEFAULT_START.replace(year=2026))
    assert carbon.render(NO_MEMBERS) == (
        "TID: [0] [ELB] [2026-06-20 10:11:12,333]  INFO {org.apache.axis2.clustering.tribes.TribesUtil} - "
        " No members in current cluster {org.apache.axis2.clustering.tribes.TribesUtil}"
    )
    assert carbon.render(STATIC).startswith("TID: [0] [ESB] [2026-06-20 10:11:14,000] ERROR {")


def test_json_format_is_one_object_a_line_with_everything_in_it() -> None:
    assert json.loads(LogFormat("json").render(STATIC)) == {
        "time": "2013-06-20T10:11:14.000000",
        "time_us": 2_000_000,
        "node": "w1",
        "life": 1,
        "level": "ERROR",
        "component": "WkaBasedMembershipScheme",
        "logger": "org.apache.axis2.clustering.tribes.WkaBasedMembershipScheme",
        "event": "static_member_error",
        "params": {"host": "127.1.0.206", "port": 4000},
        "message": "Cannot connect to member 127.1.0.206:4000",
    }


def test_message_of_several_lines_keeps_its_continuation_lines() -> None:
    params = ("local", "tcp://a:1", "coordinator", "tcp://b:2", "view", "{tcp://a:1}", "suggested", "{}",
              "members", "{}", "info", "Accepted View")  # fmt: skip
    record: Record = (0, "log", "elb", 1, "coordinator_view", "NonBlockingCoordinator", "INFO", params)
    assert LogFormat("console").render(record) == (
        "[2013-06-20 10:11:12,000]  INFO - NonBlockingCoordinator CoordinationEvent[type=12\n"
        "\tLocal:tcp://a:1\n\tCoord:tcp://b:2\n\tView:{tcp://a:1}\n\tSuggested View:{}\n\tMembers:{}\n"
        "\tInfo:Accepted View]"
    )


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, [NO_MEMBERS, UNNOTIFIED]),
        ({"show_tribes_info": True}, [NO_MEMBERS, BOUND, UNNOTIFIED]),
        ({"show_debug": True}, [NO_MEMBERS, QUIET, UNNOTIFIED, PROBE]),
        ({"show_tribes_info": True, "show_debug": True}, [NO_MEMBERS, QUIET, BOUND, UNNOTIFIED, PROBE]),
    ],
)
def test_shows_hides_what_the_shipped_logging_configuration_hides(
    options: dict[str, bool], shown: list[Record]
) -> None:
    log = LogFormat(**options)  # type: ignore[arg-type]
    records = [NO_MEMBERS, QUIET, BOUND, UNNOTIFIED, PROBE, TIMER]
    assert [record for record in records if log.shows(record)] == shown


def test_lines_of_one_node_and_life_leave_out_the_others() -> None:
    records = [NO_MEMBERS, STATIC, UNNOTIFIED, TIMER]
    log = LogFormat()
    assert len(list(log.lines(records))) == 3
    assert [line.split()[2] for line in log.lines(records, "w1")] == [
        "WkaBasedMembershipScheme", "TcpFailureDetector",
    ]  # fmt: skip
    assert list(log.lines(records, "w1", 2)) == [log.render(UNNOTIFIED)]


def test_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        LogFormat("yaml")
    assert str(caught.value) == "unknown log format 'yaml' (known: tribes, console, carbon, json)"
    assert FORMATS == ("tribes", "console", "carbon", "json")


def test_log_lines_are_what_reading_the_written_log_gives() -> None:
    view = ("local", "a", "coordinator", "b", "view", "{}", "suggested", "{}", "members", "{}", "info", "x")
    coordinator: Record = (1_000, "log", "w1", 1, "coordinator_view", "NonBlockingCoordinator", "INFO", view)
    records = [QUIET, BOUND, NO_MEMBERS, coordinator, STATIC, UNNOTIFIED, TIMER]
    log = LogFormat("carbon", show_tribes_info=True)
    text = "\n".join(log.lines(records, "w1")).split("\n")
    read = [(line.number, line.text, line.event, line.params, line.logger) for line in parse_lines(text)]
    lines = list(log.log_lines(records, "w1"))
    assert [(line.number, line.text, line.event, line.params, line.logger) for line in lines][:3] == read[:3]
    assert [line.number for line in lines] == [1, 2, 9, 10]
    late = list(log.log_lines(records, "w1", since_us=2_000_000))
    assert [(line.number, line.event) for line in late] == [(9, "static_member_error")]
    assert [line.number for line in log.log_lines(records, "w1", life=2)] == [1]
