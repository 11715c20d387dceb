"""Reading logs: the four formats, what real servers write beside them, and what is no log at all."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkasim.errors import InputError
from wkasim.logs.formats import DEFAULT_START
from wkasim.logs.parser import MAX_LINE, LogLine, parse_lines, read_log, without_thread
from wkasim.logs.stream import known_lines

NOBODY = "No members in current cluster"
AT = "[2013-06-20 10:11:12,345]"
UTIL = "org.apache.axis2.clustering.tribes.TribesUtil"
VIEW = [
    "\tLocal:tcp://127.1.0.132:4000",
    "\tCoord:tcp://127.1.0.132:4000",
    "\tView:{tcp://127.1.0.132:4000, tcp://{127, 1, 0, 206}:4000}",
    "\tSuggested View:{}",
    "\tMembers:{}",
    "\tInfo:Accepted View]",
]


def only(*lines: str) -> LogLine:
    found = list(parse_lines(lines, "node.log"))
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    "text",
    [
        f"INFO - TribesUtil {NOBODY}",
        f" INFO - TribesUtil {NOBODY}",
        f"{AT}  INFO - TribesUtil {NOBODY}",
        f"{AT}  INFO - TribesUtil {NOBODY}  {{main}}",
        f"{AT}  INFO - TribesUtil {NOBODY}  {{Tribes-Task-Receiver-3}}",
        f"TID: [0] [ESB] {AT}  INFO {{{UTIL}}} -  {NOBODY} {{{UTIL}}}",
        f"TID: [-1234] [] {AT}  INFO {{{UTIL}}} -  {NOBODY} ",
        f"TID: [0] [ESB] {AT} a@b.c [1] [ESB]  INFO {{{UTIL}}} -  {NOBODY}",
        f"{AT}  INFO {{{UTIL}}} -  {NOBODY}",
        '{"level": "INFO", "component": "TribesUtil", "message": "No members in current cluster"}',
    ],
)
def test_parse_of_every_form_gives_the_same_line(text: str) -> None:
    line = only(text)
    assert line.text == "INFO - TribesUtil No members in current cluster"
    assert (line.event, line.params, line.known) == ("no_members", {}, True)
    assert line.place == "node.log:1"
    assert line.time == (DEFAULT_START.replace(microsecond=345_000) if "2013" in text else None)
    assert line.logger == (UTIL if UTIL in text else None)


def test_parse_of_a_message_of_several_lines_joins_them() -> None:
    head = "[2026-11-22 12:26:03,041]  INFO - NonBlockingCoordinator CoordinationEvent[type=12"
    line = only(head, *VIEW)
    assert line.event == "coordinator_view"
    assert line.params["view"] == "{tcp://127.1.0.132:4000, tcp://{127, 1, 0, 206}:4000}"
    assert line.params["info"] == "Accepted View"
    assert line.hidden_by_default
    with_thread = only(head, *VIEW[:-1], f"{VIEW[-1]}  {{main}}")
    assert with_thread.message == line.message


def test_parse_of_a_message_of_several_lines_that_is_cut_off_keeps_what_there_is() -> None:
    lines = ["INFO - NonBlockingCoordinator CoordinationEvent[type=12", VIEW[0], "INFO - TribesUtil x"]
    first, second = parse_lines(lines)
    assert (first.message, first.event) == (f"CoordinationEvent[type=12\n{VIEW[0]}", None)
    assert (second.text, second.number) == ("INFO - TribesUtil x", 3)
    (alone,) = parse_lines(lines[:1])
    assert alone.message == "CoordinationEvent[type=12"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "java.net.SocketTimeoutException: Connect timed out",
        "\tat org.apache.axis2.Foo.bar(Foo.java:12)",
        "[2013-06-20 10:11:12,345] INFO no dash",
        "{",
        "{}",
        "{" * 5000,
        '{"level": "LOUD", "component": "TribesUtil", "message": "x"}',
        '{"level": ["INFO"], "component": "TribesUtil", "message": "x"}',
        '{"level": "INFO", "component": 5, "message": "x"}',
    ],
)
def test_parse_of_what_is_no_log_line_keeps_it_as_unknown(text: str) -> None:
    line = only(text)
    assert (line.message, line.text, line.level, line.known, line.event) == (text, text, "", False, None)


def test_parse_of_a_line_of_another_program_knows_level_and_class_but_no_event() -> None:
    line = only("[2013-06-20 10:11:12,345]  WARN - org.example.Thing something")
    assert (line.level, line.component, line.logger) == ("WARN", "Thing", "org.example.Thing")
    assert (line.event, line.known, line.hidden_by_default) == (None, True, False)


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("x  {main}", "x"),
        ("x   {Thread-3}", "x"),
        ("x\t\t{a.b}", "x"),
        ("x {main}", "x {main}"),
        ("x  {3}", "x  {3}"),
        ("x  {a b}", "x  {a b}"),
        ("x  {main} y", "x  {main} y"),
        (" {main}", " {main}"),
        ("  {main}", ""),
        ("View:{}", "View:{}"),
        ("}", "}"),
    ],
)
def test_without_thread_takes_away_what_stands_after_two_blanks_only(message: str, left: str) -> None:
    assert without_thread(message) == left


def test_parse_of_lines_made_to_be_slow_is_not_slow() -> None:
    """Each would take seconds or hours if its reader tried every way to split it."""
    blanks, many = " " * 60_000, 12_000
    lines = [
        f"INFO - X y{blanks}x",
        f"[x]{blanks}INFO -",
        "INFO - TribesUtil Member1 " + "a:1(" * many,
        "INFO - WkaBasedMembershipScheme Receiver Server Socket bound to:" + "a/" * many + ":",
        "INFO - DefaultGroupManagementAgent Application member Host:" + ", Active:x" * (many // 2),
        "TID: [" * (many // 2),
    ]
    usual = "[2013-06-20 10:11:15,766]  INFO - TribesClusteringAgent Initializing cluster..."
    usual_lines = [usual] * (sum(map(len, lines)) // len(usual))
    parse_s = []
    for some in (usual_lines, lines):
        started = time.process_time()
        assert len(list(parse_lines(some))) == len(some)
        parse_s.append(time.process_time() - started)
    # They take less time than as many bytes of usual lines do; trying every way would take a thousand times as long.
    assert parse_s[1] < 50 * parse_s[0]


def test_parse_of_an_impossible_date_leaves_the_time_out() -> None:
    line = only("[2013-99-99 10:11:12,345]  INFO - TribesUtil No members in current cluster")
    assert (line.time, line.event) == (None, "no_members")


def test_parse_of_json_believes_the_text_and_not_the_event_that_it_claims() -> None:
    line = only(
        '{"event": "member_left", "level": "INFO", "component": "TribesUtil", "node": "w1",'
        ' "message": "No members in current cluster", "time": 5, "logger": 7}'
    )
    assert (line.event, line.node, line.time, line.logger) == ("no_members", "w1", None, None)


def test_parse_of_an_overlong_line_keeps_its_beginning_as_unknown() -> None:
    long = "INFO - TribesUtil " + "x" * (2 * MAX_LINE)
    first, second = parse_lines([long, "INFO - TribesUtil x"])
    assert (first.known, len(first.message)) == (False, MAX_LINE)
    assert second.known


def test_read_log_of_overlong_lines_and_odd_bytes_reads_on(tmp_path: Path) -> None:
    path = tmp_path / "elb.log"
    good = b"INFO - TribesUtil No members in current cluster\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + good + b"y" * (3 * MAX_LINE) + b"\n\xff\xfe\x00\n" + good)
    lines = list(read_log(path))
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert [line.event for line in lines] == ["no_members", None, None, "no_members"]
    assert lines[0].file == str(path)


def test_read_log_of_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        list(read_log(tmp_path / "none.log"))
    assert str(caught.value) == f"{tmp_path / 'none.log'}: cannot be read: No such file or directory"


@given(st.lists(st.text(alphabet=st.sampled_from('[]{} -:TIDNFO\t\n12,a"\\'), max_size=60), max_size=8))
def test_parse_of_anything_never_raises_and_keeps_every_line(lines: list[str]) -> None:
    lines = [line.replace("\n", " ") for line in lines]
    parsed = list(parse_lines(lines))
    assert len(parsed) == len(lines)


@pytest.mark.parametrize(
    "row",
    [
        "\x1b[32m[2013-06-20 10:11:14,101]  INFO - TribesUtil No members in current cluster\x1b[0m",
        "[2013-06-20 10:11:14,101] \x1b[1;34m INFO\x1b[0m - \x1b[36mTribesUtil\x1b[m No members in current cluster",
        '{"log":"[2013-06-20 10:11:14,101]  INFO - TribesUtil No members in current cluster\\n","stream":"stdout"}',
        '{"log":"\\u001b[32m[2013-06-20 10:11:14,101]  INFO - TribesUtil No members in current cluster\\u001b[0m\\n"}',
    ],
)
def test_colours_of_a_terminal_and_the_json_of_a_container_are_taken_off(row: str) -> None:
    """Else a line without values is unknown, while one that ends in a member is known, with a wrong member."""
    (line,) = parse_lines([row])
    assert (line.event, line.message) == ("no_members", "No members in current cluster")
    assert [found.event for found in known_lines(["hello", row, "hello"])] == ["no_members"]


@pytest.mark.parametrize("row", ['{"log":', '{"log":1}', '{"log":"' + "x" * 70000 + '"}', '{"log":' + "[" * 5000])
def test_json_that_no_container_writes_is_an_unknown_line(row: str) -> None:
    (line,) = parse_lines([row])
    assert line.event is None
