"""Checking logs against documented transcripts: what passes, and what is said of what does not."""

from pathlib import Path

import pytest

from wkasim.errors import InputError
from wkasim.logs.line import LogLine
from wkasim.logs.parser import parse_lines
from wkasim.logs.transcript import Transcript, TranscriptReport, check

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts").glob("*.log"))
EXPECTED = """\
INFO - TribesClusteringAgent Local Member xxx.xxx.xxx.132:4000(d)
INFO - TribesUtil Members of current cluster
INFO - TribesUtil Member1 xxx.xxx.xxx.206:4000(d)
INFO - WkaBasedMembershipScheme Sending JOIN message to WKA members...
INFO - TribesClusteringAgent Cluster initialization completed
"""
LOG = [
    "INFO - TribesClusteringAgent Cluster domain: d",
    "INFO - TribesClusteringAgent Local Member 127.1.0.132:4000(d)",
    "INFO - TribesUtil Members of current cluster",
    "INFO - TribesUtil Member1 127.1.0.206:4000(d)",
    "INFO - WkaBasedMembershipScheme Sending JOIN message to WKA members...",
    "INFO - TribesClusteringAgent Cluster initialization completed.",
    "INFO - TribesMembershipListener Member 127.1.0.206:4000(d) left cluster",
]


def checked(expected: str, log: list[str], exact: bool = False) -> TranscriptReport:
    return check(Transcript.parse(expected, "guide.log"), parse_lines(log, "w1.log"), exact)


def swapped(first: int, second: int) -> list[str]:
    lines = list(LOG)
    lines[first], lines[second] = lines[second], lines[first]
    return lines


def texts(lines: tuple[LogLine, ...]) -> list[str]:
    return [line.text for line in lines]


def test_check_of_the_documented_lines_passes_and_binds_the_address() -> None:
    report = checked(EXPECTED, LOG)
    assert report.passed
    assert report.binding == "127.1.0"
    assert [line.number if line else None for _, line in report.pairs] == [2, 3, 4, 5, 6]
    assert (report.found, report.missing, report.extra) == (5, (), ())
    assert (report.before, report.after, report.log) == (1, 1, "w1.log")
    assert report.pairs[0][0].message == "Local Member 127.1.0.132:4000(d)"


def test_check_reports_lines_between_but_not_the_hidden_ones() -> None:
    hidden = [
        "INFO - ReceiverBase Receiver Server Socket bound to:/127.1.0.132:4000",
        "DEBUG - MembershipManager Is in my domain: true",
        "java.net.SocketTimeoutException: Connect timed out",
    ]
    between = "WARN - TcpFailureDetector Unable to perform heartbeat on the TcpFailureDetector."
    report = checked(EXPECTED, [*LOG[:3], *hidden, between, *LOG[3:]])
    assert report.passed
    assert texts(report.extra) == [between]


def test_check_takes_the_first_occurrence_of_a_line() -> None:
    report = checked(EXPECTED, [*LOG, *LOG])
    assert [line.number if line else None for _, line in report.pairs] == [2, 3, 4, 5, 6]
    assert report.after == 8


def test_check_of_a_hidden_line_that_the_transcript_names_finds_it() -> None:
    bound = "INFO - ReceiverBase Receiver Server Socket bound to:/127.1.0.132:4000"
    assert checked(bound, [*LOG, bound]).passed


@pytest.mark.parametrize("stop", ["", "."])
def test_check_forgives_a_final_full_stop_on_either_side(stop: str) -> None:
    log = [f"INFO - TribesClusteringAgent Cluster initialization completed{stop}"]
    assert checked("INFO - TribesClusteringAgent Cluster initialization completed.", log).passed
    assert checked("INFO - TribesClusteringAgent Cluster initialization completed", log).passed
    assert not checked("INFO - TribesClusteringAgent Cluster initialization completed...", log).passed


def test_check_compares_the_level() -> None:
    report = checked("WARN - TribesUtil Members of current cluster", LOG)
    (missing,) = report.missing
    assert missing.sentences()[2] == ("Line 3 of the log comes nearest: the level is 'INFO', not 'WARN'.")


def test_check_binds_the_address_to_one_value() -> None:
    other = [line.replace("127.1.0.206", "127.9.9.206") for line in LOG]
    report = checked(EXPECTED, other)
    assert not report.passed
    (missing,) = report.missing
    assert report.binding == "127.1.0"
    assert missing.line.text == "INFO - TribesUtil Member1 127.1.0.206:4000(d)"
    assert missing.sentences()[2] == (
        "Line 4 of the log comes nearest: member is '127.9.9.206:4000(d)', not '127.1.0.206:4000(d)'."
    )


def test_check_tries_every_binding_that_the_log_offers() -> None:
    decoy = [line.replace("127.1.0", "10.0.0") for line in LOG[:3]]
    report = checked(EXPECTED, decoy + LOG)
    assert report.passed
    assert report.binding == "127.1.0"


def test_check_binds_within_one_line_to_one_value() -> None:
    expected = "INFO - MembershipManager Application member xxx.xxx.xxx.1:4000(d) joined group xxx.xxx.xxx"
    log = "INFO - MembershipManager Application member 127.1.0.1:4000(d) joined group "
    assert checked(expected, [f"{log}127.1.0"]).passed
    assert not checked(expected, [f"{log}127.1.1"]).passed
    assert not checked(expected, [f"{log}127.1.05"]).passed


def test_check_of_a_log_that_hides_its_own_addresses_passes() -> None:
    assert checked(EXPECTED, EXPECTED.split("\n")).passed


def test_check_without_a_line_says_where_it_belongs_and_what_stands_there() -> None:
    report = checked(EXPECTED, LOG[:3] + LOG[4:])
    assert (report.passed, report.found) == (False, 4)
    (missing,) = report.missing
    assert missing.sentences() == [
        "Line 3 of the transcript is missing in the log: INFO - TribesUtil Member1 127.1.0.206:4000(d)",
        (
            "It should stand after line 3 of the log. Line 4 of the log stands there: "
            "INFO - WkaBasedMembershipScheme Sending JOIN message to WKA members..."
        ),
        "What the missing line would mean: One of the members known at this moment.",
    ]


def test_check_of_a_start_that_got_stuck_says_that_the_log_ends() -> None:
    report = checked(EXPECTED, LOG[:5])
    (missing,) = report.missing
    assert missing.sentences()[1] == "It should stand after line 5 of the log. The log ends there."


def test_check_of_a_line_that_comes_too_late_says_so() -> None:
    report = checked(EXPECTED, [*LOG[:1], *LOG[2:6], LOG[1]])
    (missing,) = report.missing
    assert missing.sentences()[1:3] == [
        (
            "It should stand before line 2 of the log. Line 1 of the log stands there: "
            "INFO - TribesClusteringAgent Cluster domain: d"
        ),
        "The same line comes later, as line 6 of the log: the order is another one.",
    ]


def test_check_of_a_line_that_comes_too_early_says_so() -> None:
    report = checked(EXPECTED, swapped(3, 4))
    (missing,) = report.missing
    assert missing.line.number == 4
    assert missing.too_early
    assert "The same line comes earlier, as line 4 of the log: the order is another one." in missing.sentences()


def test_check_of_another_value_names_the_value() -> None:
    log = [line.replace("Member1 127.1.0.206:4000(d)", "Member1 127.1.0.206:4001(e)") for line in LOG]
    (missing,) = checked(EXPECTED, log).missing
    assert missing.similar is not None
    assert missing.similar.number == 4
    assert [(d.name, d.expected, d.actual) for d in missing.differences] == [
        ("member", "127.1.0.206:4000(d)", "127.1.0.206:4001(e)"),
    ]


def test_check_of_a_long_value_names_only_the_words_that_differ() -> None:
    line = (
        "INFO - DefaultGroupManagementAgent Application member Host:127.1.0.206, Port: 4001, {}, Domain: d, "
        "Sub-domain:null, Active:true joined application cluster"
    )
    report = checked(line.format("HTTP:8280, HTTPS:8243"), [line.format("HTTP:-1, HTTPS:-1")])
    assert report.missing[0].sentences()[2] == (
        "Line 1 of the log comes nearest: axis2 is 'HTTP:-1, HTTPS:-1,', not 'HTTP:8280, HTTPS:8243,'."
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Members of the cluster", "the text is 'current', not 'the'"),
        ("Members of the current cluster", "the text lacks 'the'"),
        ("Members of cluster", "the text has 'current' in addition"),
    ],
)
def test_check_of_a_misspelt_line_names_the_words_that_differ(written: str, told: str) -> None:
    report = checked(EXPECTED.replace("Members of current cluster", written), LOG)
    assert report.missing[0].sentences()[2] == f"Line 3 of the log comes nearest: {told}."


def test_check_of_an_empty_log_misses_everything() -> None:
    report = checked(EXPECTED, [])
    assert (report.passed, report.found, len(report.missing), report.binding) == (False, 0, 5, None)
    assert report.log == "the log"
    assert report.missing[0].sentences()[1] == "It should stand in the log. The log ends there."


def test_check_exact_forbids_other_lines() -> None:
    report = checked(EXPECTED, LOG, exact=True)
    assert not report.passed
    assert texts(report.extra) == [LOG[0], LOG[-1]]
    assert checked(EXPECTED, LOG[1:-1], exact=True).passed


def test_check_exact_allows_other_lines_at_an_ellipsis() -> None:
    assert checked(f"...\n{EXPECTED}...\n", LOG, exact=True).passed
    assert texts(checked(f"...\n{EXPECTED}", LOG, exact=True).extra) == [LOG[-1]]
    assert texts(checked(f"{EXPECTED}...\n", LOG, exact=True).extra) == [LOG[0]]
    first, rest = EXPECTED.split("\n", 1)
    with_gap = f"{first}\n...\n{rest}"
    assert checked(with_gap, [LOG[1], LOG[0], *LOG[2:-1]], exact=True).passed


def test_check_exact_of_a_log_with_nothing_in_common_forbids_everything() -> None:
    report = checked("INFO - TribesUtil No members in current cluster", LOG[:2], exact=True)
    assert len(report.extra) == 2


def test_parse_reads_every_form_and_passes_over_blank_lines_comments_and_ellipses() -> None:
    transcript = Transcript.parse(
        "# the guide\n\n[2013-06-20 10:11:12,345]  INFO - TribesUtil Members of current cluster\n...\n"
        "INFO - TribesUtil Member1 xxx.xxx.xxx.206:4000(d)\n…\n",
        "guide.log",
    )
    assert [(line.number, line.event) for line in transcript.lines] == [(3, "members_header"), (5, "member_listed")]
    assert transcript.gaps == {1, 2}


def test_parse_of_a_message_of_several_lines_is_one_line() -> None:
    view = "INFO - NonBlockingCoordinator CoordinationEvent[type=12\n\tLocal:a\n\tCoord:b\n\tView:{}\n"
    rest = "\tSuggested View:{}\n\tMembers:{}\n\tInfo:Accepted View]"
    (line,) = Transcript.parse(view + rest, "x").lines
    assert line.event == "coordinator_view"


@pytest.mark.parametrize("text", ["", "\n\n", "...\n", "# only a comment\n"])
def test_parse_of_an_empty_transcript_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Transcript.parse(text, "guide.log")
    assert str(caught.value) == (
        "guide.log:1: the transcript is empty; write lines such as 'INFO - TribesUtil No members in current cluster'"
    )


def test_parse_names_all_lines_that_are_none_counted_in_their_file() -> None:
    with pytest.raises(InputError) as caught:
        Transcript.parse("No members\nINFO - TribesUtil x\nINFO TribesUtil y\n", "guide.yaml", first_line=40)
    how = "write it as 'INFO - TribesUtil No members in current cluster'"
    assert caught.value.problems == (
        f"guide.yaml:40: not a log line: 'No members'; {how}",
        f"guide.yaml:42: not a log line: 'INFO TribesUtil y'; {how}",
    )


def test_read_names_the_file_in_whatever_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "guide.log"
    with pytest.raises(InputError) as caught:
        Transcript.read(path)
    assert str(caught.value) == f"{path}: cannot be read: No such file or directory"
    path.write_text("INFO - TribesUtil x\nwhat\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"guide\.log:2: not a log line: 'what'"):
        Transcript.read(path)
    path.write_text("INFO - TribesUtil x\n" * 60_000, encoding="utf-8")
    with pytest.raises(InputError, match="longer than 1000000 characters; a transcript is an excerpt of a log"):
        Transcript.read(path)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_documented_transcripts_hold_only_lines_of_the_catalogue(path: Path) -> None:
    transcript = Transcript.read(path)
    assert [line.text for line in transcript.lines if line.event is None] == []


def test_there_are_the_five_transcripts_of_the_guide() -> None:
    assert len(TRANSCRIPTS) == 5


def test_documented_manager_line_has_the_http_port_of_a_node_without_offset() -> None:
    """The guide gives the manager an offset of 1, and its log shows 8280 all the same."""
    text = next(path for path in TRANSCRIPTS if path.name.startswith("3-")).read_text(encoding="utf-8")
    assert "Port: 4001, HTTP:8280, HTTPS:8243, Domain: wso2.esb.domain, Sub-domain:null" in text
