"""Simulating a timeline: from nothing but its actions and the times of the first lines."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.replay.folders import CONFORMANCE, NODE, OTHER, recorded
from wkasim.profile import PROFILES, Profile, profile_named
from wkasim.replay.recording import read_recording
from wkasim.replay.score import simulated_logs
from wkasim.replay.simulation import SimulatedRun, simulate

RECORDINGS = sorted(CONFORMANCE.glob("*/*"))
A_FEW = [
    path for path in RECORDINGS if path.name in ("s05_restart_killed", "s10d_port_conflict_nonroot", "s13_sigstop")
]


def profile_of(folder: Path) -> Profile:
    return profile_named(folder.parent.name)


def run(folder: Path, seed: int = 0) -> SimulatedRun:
    return simulate(read_recording(folder), profile_named("axis2-1.7"), seed)


def initialised(done: SimulatedRun) -> list[tuple[str, int]]:
    return [(record[2], record[3]) for record in done.journal.of_kind("state") if record[4] == "initialised"]


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_simulate_uses_nothing_of_a_log_but_the_time_of_its_first_line(folder: Path, tmp_path: Path) -> None:
    blanked = tmp_path / folder.name
    blanked.mkdir()
    shutil.copy(folder / "timeline.txt", blanked)
    for log in folder.glob("*.log"):
        first, *rest = log.read_text(encoding="utf-8").splitlines()
        (blanked / log.name).write_text("\n".join([first[:25], *("" for _ in rest)]), encoding="utf-8")
    profile = profile_of(folder)
    expected = simulated_logs(simulate(read_recording(folder), profile, 3))
    assert any(expected.values())
    assert simulated_logs(simulate(read_recording(blanked), profile, 3)) == expected


@pytest.mark.parametrize("folder", A_FEW, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_simulate_with_all_names_changed_changes_names_only(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "anything" / "goes"
    other.mkdir(parents=True)
    text = (folder / "timeline.txt").read_text(encoding="utf-8")
    nodes = list(dict.fromkeys(re.findall(r" START (\S+)", text)))
    renamed = {name: f"N.{len(nodes) - index}" for index, name in enumerate(nodes)}

    def log_name(name: str) -> str:
        node, dot, life = name.partition(".")
        return f"{renamed[node]}{dot}{life}"

    for name, new in renamed.items():
        text = re.sub(rf"\b{name}(?=[ .\n])", new, text)
    (other / "timeline.txt").write_text(text, encoding="utf-8")
    for log in folder.glob("*.log"):
        shutil.copy(log, other / f"{log_name(log.stem)}.log")
    profile = profile_of(folder)
    expected = simulated_logs(simulate(read_recording(folder), profile, 5))
    actual = simulated_logs(simulate(read_recording(other), profile, 5))
    assert actual == {log_name(name): log for name, log in expected.items()}


def test_simulate_waits_for_a_node_that_was_ready_and_keeps_distances(tmp_path: Path) -> None:
    done = run(recorded(tmp_path, f"0 START a {NODE}", "0.001 READY a", f"5.001 START b {OTHER}", "20 END"))
    ready = next(record[0] for record in done.journal.of_kind("state") if record[2:5] == ("a", 1, "initialised"))
    started = next(record[0] for record in done.journal.of_kind("step") if record[2] == "" and "b" in record[5])
    assert started == ready + 5_000_000


@pytest.mark.parametrize(
    "action", ["KILL-9 b", "SIGTERM b", "SIGSTOP b", "SIGCONT b", "READY b", "NETWORK CUT 127.1.0.9", "DUMP"]
)
def test_simulate_action_before_its_node_starts_does_nothing(action: str, tmp_path: Path) -> None:
    done = run(recorded(tmp_path, f"1 {action}", f"2 START a {NODE}", f"4 START b {OTHER}", "20 DUMP", "21 END"))
    assert initialised(done) == [("a", 1), ("b", 1)]
    assert {name: len(members) for name, members in done.dumps[-1].items()} == {"a": 1, "b": 1}


@pytest.mark.parametrize("action", ["KILL-9 b", "SIGTERM b", "SIGSTOP b", "SIGCONT b", "READY b"])
def test_simulate_action_on_a_dead_node_does_nothing(action: str, tmp_path: Path) -> None:
    done = run(
        recorded(tmp_path, f"0 START a {NODE}", f"2 START b {OTHER}", "9 KILL-9 b", f"10 {action}", "30 DUMP", "31 END")
    )
    assert done.dumps == ({"a": ()},)


def test_simulate_start_of_a_running_node_ends_its_old_life(tmp_path: Path) -> None:
    done = run(recorded(tmp_path, f"0 START a {NODE}", f"9 START a {NODE} log=a.2.log", "20 END"))
    assert initialised(done) == [("a", 1), ("a", 2)]
    assert done.logs == {("a", 1): "a", ("a", 2): "a.2"}


def test_simulate_heals_between_the_host_and_all_others(tmp_path: Path) -> None:
    done = run(
        recorded(
            tmp_path,
            "0 NETWORK CUT 127.1.0.2",
            f"1 START a {NODE}",
            f"2 START b {OTHER}",
            "20 DUMP",
            "21 NETWORK HEALED 127.1.0.2",
            "60 DUMP",
        )
    )
    assert [dict(dump)["b"] for dump in done.dumps] == [(), ("127.1.0.1:4000(D)",)]


ACTIONS = st.sampled_from(
    (
        *("READY {}", "KILL-9 {}", "SIGTERM {}", "SIGSTOP {}", "SIGCONT {}", "START {}"),
        *("NETWORK CUT 127.1.0.{}", "NETWORK HEALED 127.1.0.{}", "DUMP {}", "END {}", "NOTE unprivileged user {}"),
    )
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from(list(PROFILES)),
    st.lists(st.tuples(st.integers(0, 60), ACTIONS, st.integers(1, 4)), max_size=15),
    st.integers(0, 5),
)
def test_simulate_any_order_of_actions_ends(
    tmp_path: Path, name: str, drawn: list[tuple[int, str, int]], seed: int
) -> None:
    lines = [f"0 START {number} host=127.1.0.{number} port=4000 wka=127.1.0.1:4000" for number in range(1, 5)]
    for number, (second, action, node) in enumerate(sorted(drawn)):
        line = f"{second} {action.format(node)}"
        if "START" in action:
            line += f" host=127.1.0.{node} port=80 gm=apache.axis2.domain log={node}.{number}.log"
        lines.append(line)
    recording = read_recording(recorded(tmp_path, *lines))
    assert len(simulate(recording, profile_named(name), seed).journal) > 0


@pytest.mark.parametrize("name", list(PROFILES))
def test_simulate_twice_gives_the_same_journal(name: str, tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path, f"0 START a {NODE}", f"2 START b {OTHER}", "20 END"))
    first, second = (simulate(recording, profile_named(name), 7).journal.fingerprint() for _ in range(2))
    assert first == second
    assert simulate(recording, profile_named(name), 8).journal.fingerprint() != first
