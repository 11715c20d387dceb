"""How the outcome of a transcript check is shown."""

import io
import json

from rich.console import Console

from wkasim.logs.parser import parse_lines
from wkasim.logs.report import print_report, report_as_dict, summary
from wkasim.logs.transcript import Transcript, TranscriptReport, check

EXPECTED = """\
INFO - TribesClusteringAgent Local Member xxx.xxx.xxx.132:4000(d)
INFO - TribesUtil Members of current cluster
INFO - TribesUtil Member1 xxx.xxx.xxx.206:4000(d)
INFO - TribesClusteringAgent Cluster initialization completed
"""
LOG = [
    "INFO - TribesClusteringAgent Local Member 127.1.0.132:4000(d)",
    "WARN - TcpFailureDetector Unable to perform heartbeat on the TcpFailureDetector.",
    "INFO - TribesUtil Members of current cluster",
    "INFO - TribesUtil Member1 127.1.0.206:4000(d)",
    "INFO - TribesClusteringAgent Cluster initialization completed.",
]


def checked(log: list[str], exact: bool = False) -> TranscriptReport:
    return check(Transcript.parse(EXPECTED, "4-worker1"), parse_lines(log, "w1.log"), exact)


def printed(report: TranscriptReport, width: int = 80, colour: bool = False, extras: bool = True) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=colour, color_system="standard" if colour else None)
    print_report(report, console, extras)
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


def test_passed_check_is_one_line_and_what_the_guide_leaves_out() -> None:
    report = checked(LOG)
    assert summary(report) == "w1.log: 4-worker1 passed, 4 of 4 lines found (xxx.xxx.xxx is 127.1.0)"
    assert printed(report) == (
        "w1.log: 4-worker1 passed, 4 of 4 lines found (xxx.xxx.xxx is 127.1.0)\n"
        "Logged, not in the guide (1 line):\n"
        "    2 WARN - TcpFailureDetector Unable to perform heartbeat on the\n"
        "      TcpFailureDetector.\n"
    )
    assert printed(report, extras=False).count("\n") == 1


def test_failed_check_shows_both_sides_and_points_at_the_first_difference() -> None:
    log = [line.replace("206:4000", "206:4001") for line in LOG]
    assert printed(checked(log), extras=False) == (
        "w1.log: 4-worker1 FAILED, 3 of 4 lines found (xxx.xxx.xxx is 127.1.0)\n"
        "    transcript 4-worker1                     log w1.log\n"
        "  1 INFO - TribesClusteringAgent Local     1 INFO - TribesClusteringAgent Local\n"
        "    Member 127.1.0.132:4000(d)               Member 127.1.0.132:4000(d)\n"
        "    (not in the guide)                     2 WARN - TcpFailureDetector Unable\n"
        "                                             to perform heartbeat on the\n"
        "                                             TcpFailureDetector.\n"
        "  2 INFO - TribesUtil Members of           3 INFO - TribesUtil Members of\n"
        "    current cluster                          current cluster\n"
        "> 3 INFO - TribesUtil Member1              4 INFO - TribesUtil Member1\n"
        "    127.1.0.206:4000(d)                      127.1.0.206:4001(d)\n"
        "  4 INFO - TribesClusteringAgent           5 INFO - TribesClusteringAgent\n"
        "    Cluster initialization completed         Cluster initialization completed.\n"
        "Line 3 of the transcript is missing in the log: INFO - TribesUtil Member1\n"
        "127.1.0.206:4000(d)\n"
        "It should stand after line 3 of the log. Line 4 of the log stands there: INFO -\n"
        "TribesUtil Member1 127.1.0.206:4001(d)\n"
        "Line 4 of the log comes nearest: member is '127.1.0.206:4001(d)', not\n"
        "'127.1.0.206:4000(d)'.\n"
        "What the missing line would mean: One of the members known at this moment.\n"
    )


def test_failed_exact_check_names_the_line_that_should_not_be_there() -> None:
    report = checked(LOG, exact=True)
    assert summary(report) == (
        "w1.log: 4-worker1 FAILED, 4 of 4 lines found, 1 line that should not be there (xxx.xxx.xxx is 127.1.0)"
    )
    shown = printed(report)
    assert ">   (not in the guide)                     2 WARN - TcpFailureDetector" in shown
    assert "The match is to be exact, and line 2 of the log is not in the guide: WARN -" in shown


def test_missing_line_has_an_empty_place_beside_it() -> None:
    shown = printed(checked(LOG[:3] + LOG[4:]))
    assert "> 3 INFO - TribesUtil Member1                (missing)" in shown


def test_differences_after_the_first_are_marked_too() -> None:
    marks = [line[0] for line in printed(checked(LOG[:3]), extras=False).split("\n")[2:] if line[1:2] == " "]
    assert marks == [" ", " ", " ", " ", " ", " ", " ", ">", " ", "!", " "]


def test_far_from_the_difference_rows_are_left_out() -> None:
    text = "".join(f"INFO - TribesUtil Member{index} 127.1.0.1:4000(d)\n" for index in range(1, 31))
    log = [line for line in text.split("\n") if "Member20 " not in line]
    shown = printed(check(Transcript.parse(text, "x"), parse_lines(log, "y")))
    assert "... 16 more" in shown
    assert "... 7 more" in shown
    assert "> 20 INFO" in shown


def test_many_missing_lines_are_explained_once_and_counted() -> None:
    text = "".join(f"INFO - TribesUtil Member{index} 127.1.0.1:4000(d)\n" for index in range(1, 100))
    shown = printed(check(Transcript.parse(text, "x"), []))
    assert shown.count("would mean") == 1
    assert shown.endswith("Line 3 of the transcript is missing in the log: INFO - TribesUtil Member3\n"
                          "127.1.0.1:4000(d)\n96 lines more are missing.\n")  # fmt: skip
    assert "... 39 more" in shown


def test_many_extra_lines_are_counted() -> None:
    noise = [f"WARN - Other line {index}" for index in range(20)]
    shown = printed(checked([LOG[0], *noise, *LOG[2:]]))
    assert "Logged, not in the guide (20 lines):" in shown
    assert "and 8 lines more" in shown


def test_colours_only_where_the_console_wants_them() -> None:
    report = checked(LOG[:3])
    assert "\x1b[" not in printed(report)
    assert "\x1b[1;31m" in printed(report, colour=True)


def test_what_a_log_holds_is_neither_markup_nor_a_command_to_the_terminal() -> None:
    log = [LOG[0], "WARN - Other [bold]x[/bold] \x1b[2J\x07\tend [type=12", *LOG[1:]]
    assert "[bold]x[/bold] \\x1b[2J\\x07  end [type=12" in printed(checked(log), width=120)


def test_report_as_dict_is_plain_data() -> None:
    log = [line.replace("206:4000", "206:4001") for line in LOG]
    told = report_as_dict(checked(log))
    assert json.loads(json.dumps(told)) == told
    assert told == {
        "transcript": "4-worker1",
        "log": "w1.log",
        "passed": False,
        "exact": False,
        "lines": 4,
        "found": 3,
        "address_prefix": "127.1.0",
        "matched": [
            {"transcript_line": 1, "log_line": 1, "text": LOG[0]},
            {"transcript_line": 2, "log_line": 3, "text": LOG[2]},
            {"transcript_line": 4, "log_line": 5, "text": LOG[4]},
        ],
        "missing": [
            {
                "transcript_line": 3,
                "expected": "INFO - TribesUtil Member1 127.1.0.206:4000(d)",
                "after_log_line": 3,
                "stands_instead": {"line": 4, "event": "member_listed", "text": log[3]},
                "same_line_elsewhere": None,
                "most_similar": {"line": 4, "event": "member_listed", "text": log[3]},
                "differences": [
                    {"name": "member", "expected": "127.1.0.206:4000(d)", "actual": "127.1.0.206:4001(d)"}
                ],
                "explanation": [
                    "Line 3 of the transcript is missing in the log: INFO - TribesUtil Member1 127.1.0.206:4000(d)",
                    ("It should stand after line 3 of the log. Line 4 of the log stands there: "
                    "INFO - TribesUtil Member1 127.1.0.206:4001(d)"),
                    "Line 4 of the log comes nearest: member is '127.1.0.206:4001(d)', not '127.1.0.206:4000(d)'.",
                    "What the missing line would mean: One of the members known at this moment.",
                ],
            }
        ],
        "extra": [
            {"line": 2, "event": "heartbeat_failed", "text": LOG[1]},
            {"line": 4, "event": "member_listed", "text": log[3]},
        ],
    }  # fmt: skip
