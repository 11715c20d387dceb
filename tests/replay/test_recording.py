"""A whole recording: its order, its first lines, and every problem in it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.replay.folders import FIRST_LINE, NODE, OTHER, recorded
from tests.replay.test_timeline import LINES
from wkasim.errors import InputError
from wkasim.replay.recording import read_logs, read_recording
from wkasim.replay.score import recorded_views


def problems_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        read_recording(folder)
    return raised.value.problems


def told_by(folder: Path) -> tuple[str, ...]:
    """The problems of a recording; if it has none, its order is checked."""
    try:
        events = read_recording(folder).events
    except InputError as error:
        return error.problems
    assert [event.at_us for event in events] == sorted(event.at_us for event in events)
    return ()


def test_read_recording_starts_a_node_at_the_first_line_of_its_log(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path, f"0 START a {NODE}", "5 END", a=FIRST_LINE))
    start = recording.events[0]
    assert start.at_us == 500_000
    assert start.config is not None
    assert start.config.start_delay_s == 0.0


def test_read_recording_node_without_log_starts_as_a_jvm_does(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path, f"2 START a {NODE}", "5 END"))
    start = recording.events[0]
    assert start.at_us == 2_000_000
    assert start.config is not None
    assert start.config.start_delay_s is None


def test_read_recording_first_line_before_the_start_counts_as_at_the_start(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path, f"1 START a {NODE}", "5 END", a=FIRST_LINE))
    assert recording.events[0].at_us == 1_000_000


def test_read_recording_first_line_after_midnight_is_a_little_later(tmp_path: Path) -> None:
    recorded(tmp_path, a="[2026-11-23 00:00:00,250]  INFO - X y")
    (tmp_path / "timeline.txt").write_text(f"23:59:59.750 t+   0.000 START a {NODE}\n", encoding="utf-8")
    assert read_recording(tmp_path).events[0].at_us == 500_000


def test_read_recording_of_another_system_s_editor_is_the_same(tmp_path: Path) -> None:
    """Byte order marks and line ends make no difference."""
    plain = recorded(tmp_path / "plain", f"0 START a {NODE}", "5 END", a=FIRST_LINE)
    edited = recorded(tmp_path / "edited", f"0 START a {NODE}", "5 END", a=FIRST_LINE)
    for name in ("timeline.txt", "a.log"):
        text = (plain / name).read_text(encoding="utf-8")
        (edited / name).write_text(text, encoding="utf-8-sig", newline="\r\n")
    assert read_recording(edited).events == read_recording(plain).events
    assert dict(read_logs(read_recording(edited))) == dict(read_logs(read_recording(plain)))


def test_read_recording_without_end_ends_with_its_last_action(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path, f"0 START a {NODE}", "7 DUMP"))
    assert [(event.kind, event.at_us) for event in recording.events[-2:]] == [("dump", 7_000_000), ("end", 7_000_000)]


def test_read_recording_drops_what_follows_the_end(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path, f"0 START a {NODE}", "7 END", "8 KILL-9 a"))
    assert recording.events[-1].kind == "end"
    assert recording.end_us == 7_000_000


def test_read_recording_bad_lines_are_all_named_with_their_place(tmp_path: Path) -> None:
    recorded(tmp_path, f"0 START a {NODE}", "1 FLY a", "2 START b host=x")
    path = tmp_path / "timeline.txt"
    path.write_text(path.read_text(encoding="utf-8") + "nonsense\n", encoding="utf-8")
    problems = problems_of(tmp_path)
    assert [problem.split(": ", 1)[0] for problem in problems] == [f"{path}:2", f"{path}:3", f"{path}:4"]
    assert problems[1] == f"{path}:3: host='x': not a dotted address such as 127.1.0.206"


def test_read_recording_of_a_node_that_never_starts_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path, f"0 START a {NODE}", "1 KILL-9 b")
    assert problems_of(tmp_path) == (f"{tmp_path}/timeline.txt:2: node 'b' is never started (started: a)",)


def test_read_recording_two_lives_in_one_log_are_refused(tmp_path: Path) -> None:
    recorded(tmp_path, f"0 START a {NODE}", f"1 START b {OTHER} log=a.log")
    assert problems_of(tmp_path) == (
        f"{tmp_path}/timeline.txt:2: a.log is already the log of the start in line 1; name another one",
    )


def test_read_recording_without_start_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path, "0 NOTE nothing", "1 END")
    assert problems_of(tmp_path) == (f"{tmp_path}/timeline.txt: no node is started in it",)


def test_read_recording_without_timeline_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "timeline.txt"
    assert problems_of(tmp_path) == (f"{path}: No such file or directory; a recording is a folder with a timeline.txt",)
    path.mkdir()
    assert problems_of(tmp_path) == (
        f"{path}: not a file; a recording is a folder with a timeline.txt and NAME.log files",
    )


def test_read_recording_with_too_many_nodes_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path, *(f"0 START n{number} {NODE}" for number in range(201)))
    assert problems_of(tmp_path) == (f"{tmp_path}/timeline.txt: 201 nodes are started in it; 200 is the limit",)


def test_read_recording_of_garbage_says_the_first_problems_only(tmp_path: Path) -> None:
    (tmp_path / "timeline.txt").write_text("x\n" * 5000, encoding="utf-8")
    problems = problems_of(tmp_path)
    assert len(problems) == 51
    assert problems[-1] == f"{tmp_path}/timeline.txt: and 4950 more problems"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(LINES, max_size=6), st.binary(max_size=80))
def test_read_recording_hostile_folder_is_read_or_refused(tmp_path: Path, lines: list[str], log: bytes) -> None:
    text = "\n".join([f"12:00:00.000 t+ 0.000 START a {NODE}", *lines])
    (tmp_path / "timeline.txt").write_text(text, encoding="utf-8", errors="replace")
    (tmp_path / "a.log").write_bytes(log)
    assert all(problem.startswith(f"{tmp_path}/timeline.txt:") for problem in told_by(tmp_path))


def test_recorded_views_takes_the_last_dump_and_forgets_who_was_gone(tmp_path: Path) -> None:
    def state(second: int, members: str) -> str:
        return f"[2026-11-22 12:00:{second:02},000]  INFO - Driver STATE local=x members=[{members}]"

    folder = recorded(
        tmp_path,
        f"0 START w.1 {NODE} log=w.1.log",
        f"0 START w.2 {OTHER} log=w.2.log",
        f"20 START w.2 {OTHER} log=w.2.2.log",
        **{
            "w.1": f"{state(10, '127.1.0.2:4000(D)')}\n{state(30, '127.1.0.2:4000(D) 127.1.0.3:4000(D)')}",
            "w.2": state(10, "127.1.0.1:4000(D)"),
            "w.2.2": state(31, ""),
        },
    )
    recording = read_recording(folder)
    assert recorded_views(dict(read_logs(recording)), recording.logs) == {
        "w.1": ("127.1.0.2:4000(D)", "127.1.0.3:4000(D)"),
        "w.2": (),
    }


@pytest.mark.parametrize("name", ["timeline.txt", "a.log"])
def test_recording_does_not_follow_a_link_out_of_its_folder(tmp_path: Path, name: str) -> None:
    folder = recorded(tmp_path / "recording", f"0 START a {NODE}", "5 END", a=FIRST_LINE)
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    [problem] = problems_of(folder)
    assert problem.endswith(f"{name}: a link out of the recording's folder is not followed; put the file itself there")


def test_logs_of_a_recording_that_lead_elsewhere_are_not_compared(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "recording", f"0 START a {NODE}", "5 END", a=FIRST_LINE)
    (tmp_path / "elsewhere").write_text("secret\n", encoding="utf-8")
    (folder / "b.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"b\.log: a link out of the recording's folder is not followed"):
        list(read_logs(read_recording(folder)))


def test_recording_that_is_reached_by_a_link_is_read(tmp_path: Path) -> None:
    recorded(tmp_path / "recording", f"0 START a {NODE}", "5 END", a=FIRST_LINE)
    (tmp_path / "link").symlink_to(tmp_path / "recording")
    assert read_recording(tmp_path / "link").events[0].at_us == 500_000
