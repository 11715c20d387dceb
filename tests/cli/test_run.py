"""``wkasim run``: logs, tables, files, and what happens when somebody stops it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Invoke, Start
from wkasim.logs.parser import parse_lines, read_log
from wkasim.scenario.shipped import shipped_scenarios

GUIDE = shipped_scenarios()["esb-cluster"]
FOREVER = "nodes: {elb: {role: elb, host: 127.1.0.206, groups: [d]}}\nsteps:\n  - start: elb\n  - wait: 8760h\n"


def changed_guide(folder: Path) -> Path:
    """The guide's scenario with one expected value changed."""
    text = GUIDE.read_text(encoding="utf-8")
    assert text.count("HTTP:8280, HTTPS:8243, Domain: wso2.esb.domain, Sub-domain:null") == 1
    path = folder / "changed.yaml"
    path.write_text(
        text.replace(
            "HTTP:8280, HTTPS:8243, Domain: wso2.esb.domain, Sub-domain:null",
            "HTTP:8281, HTTPS:8243, Domain: wso2.esb.domain, Sub-domain:null",
        ),
        encoding="utf-8",
    )
    return path  # fmt: skip


# What is printed


def test_run_prints_logs_members_and_verdicts(wkasim: Invoke) -> None:
    result = wkasim("run", "esb-cluster")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert re.fullmatch(r" +0\.000  --- start elb", lines[0])
    text = r" +\d\.\d{3}  elb      INFO - TribesClusteringAgent Cluster domain: wso2.esb.domain"
    assert any(re.fullmatch(text, line) for line in lines)
    assert "elb      initialised  manager worker1 worker3 worker4" in lines
    assert "                      sends requests to: manager worker1 worker3 worker4" in lines
    assert "worker2  stopped      -" in lines
    for number, name in enumerate(["the ELB starts", "the manager starts", "the ELB sees the manager",
                                   "worker1 starts", "the ELB sees worker1"], 1):  # fmt: skip
        assert any(line.startswith(f"passed   {number} {name}") for line in lines)
    assert "Logged, not in the guide (1 line):" in lines
    assert lines[-1] == "14 passed, 0 failed; profile documented, seed 0"


def test_run_prints_log_lines_in_the_order_of_time(wkasim: Invoke) -> None:
    times = re.findall(r"^ *(\d+\.\d{3})  ", wkasim("run", "esb-cluster").stdout, re.MULTILINE)
    assert len(times) > 150
    assert [float(text) for text in times] == sorted(float(text) for text in times)


def test_run_in_a_pipe_leaves_no_blanks_at_line_ends_and_no_colours(wkasim: Invoke) -> None:
    output = wkasim("run", "esb-cluster").stdout
    assert not [line for line in output.splitlines() if line.endswith(" ")]
    assert "\x1b" not in output


def test_run_quiet_leaves_the_logs_out(wkasim: Invoke) -> None:
    result = wkasim("run", "esb-cluster", "--quiet")
    assert "Initializing cluster" not in result.stdout
    assert result.stdout.splitlines()[0].startswith("node     state        members at the end, ")
    assert result.stdout.splitlines()[-1] == "14 passed, 0 failed; profile documented, seed 0"
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_run_says_what_steps_do_and_explain(wkasim: Invoke) -> None:
    output = wkasim("run", "found-before-join").stdout
    assert "--- delay the next JOIN from manager by 6s" in output
    assert "A slow moment of the network, of six seconds for one message." in output
    assert "--- wait until ready: elb" in output
    assert "--- start manager within 5s" in wkasim("run", "manager-joins").stdout


@pytest.mark.parametrize("name", ["console", "carbon"])
def test_run_formats_with_a_clock_are_read_back_without_their_node(wkasim: Invoke, name: str) -> None:
    output = wkasim("run", "elb-alone", "--format", name).stdout
    lines = [line.removeprefix("elb  ") for line in output.splitlines() if line.startswith("elb  ") and "2013" in line]
    read = list(parse_lines(lines))
    assert len(read) == 10
    assert all(line.known and line.time for line in read)


def test_run_format_json_is_json_lines_and_nothing_else(wkasim: Invoke) -> None:
    result = wkasim("run", "elb-alone", "--format", "json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["event"] for row in rows][1:3] == ["initializing_cluster", "cluster_domain"]
    assert "4 passed, 0 failed" in result.stderr


def test_run_json_is_the_result(wkasim: Invoke) -> None:
    result = wkasim("run", "esb-cluster", "--json", "--seed", "5", "--twice")
    told = json.loads(result.stdout)
    assert (told["scenario"], told["seed"], told["stopped"], told["problem"]) == ("esb-cluster", 5, "done", "")
    assert told["twice"] == {"same": True, "difference": ""}
    assert told["expectations"][0]["transcript"]["found"] == 8


def test_run_twice_says_that_it_was_the_same(wkasim: Invoke) -> None:
    last = wkasim("run", "manager-joins", "--quiet", "--twice").stdout.splitlines()[-1]
    assert re.fullmatch(r"twice the same: \d+ records, fingerprint [0-9a-f]{16}\.\.\.", last)


def test_run_twice_names_the_first_difference(wkasim: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    import wkasim.scenario.runner as runner

    original, seeds = runner.run_scenario, iter((1, 2))
    monkeypatch.setattr(runner, "run_scenario", lambda *a, **k: original(*a, **{**k, "seed": next(seeds)}))
    result = wkasim("run", "manager-joins", "--quiet", "--twice")
    assert result.exit_code == 1
    assert re.search(r"NOT the same: record \d+ differs: first \(", " ".join(result.stdout.split()))


def test_run_with_another_profile_and_seed_says_so(wkasim: Invoke) -> None:
    result = wkasim("run", "elb-alone", "--quiet", "--profile", "axis2-1.7", "--seed", "3")
    assert result.stdout.splitlines()[-1].endswith("; profile axis2-1.7, seed 3")


def test_run_until_a_time_leaves_the_rest_open(wkasim: Invoke) -> None:
    result = wkasim("run", "esb-cluster", "--quiet", "--until", "4s")
    assert result.exit_code == 0
    assert "members at the end, 4.0 s" in result.stdout
    assert re.fullmatch(r"\d+ passed, 0 failed, \d+ open; profile documented, seed 0", result.stdout.splitlines()[-1])


def test_run_changed_expectation_exits_1_and_points_at_the_difference(wkasim: Invoke, tmp_path: Path) -> None:
    path = changed_guide(tmp_path)
    result = wkasim("run", path, "--quiet")
    assert result.exit_code == 1
    text = " ".join(result.stdout.split())
    assert "FAILED 3 the ELB sees the manager" in text
    assert "4 of 5 lines found" in text
    assert "comes nearest: axis2 is 'HTTP:8280,', not 'HTTP:8281,'." in text
    assert re.search(
        r"^> 5 INFO - DefaultGroupManagementAgent +\d+ INFO - DefaultGroupManagementAgent", result.stdout, re.MULTILINE
    )
    assert f"Theexpectationstandsin{path}:" in re.sub(r"\s", "", result.stdout)
    assert result.stdout.splitlines()[-1] == "13 passed, 1 failed; profile documented, seed 0"


def test_run_step_that_cannot_be_done_exits_1_with_its_place(wkasim: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("nodes: {a: {}}\nsteps:\n  - kill: a\n", encoding="utf-8")
    result = wkasim("run", path, "--quiet")
    assert result.exit_code == 1
    sentence = f"the run ended at 0.0 s, because a step cannot be done: {path}:3: a is not running at 0 s"
    assert sentence in result.stdout.replace("\n", " ") or sentence.replace(" ", "") in re.sub(r"\s", "", result.stdout)


def test_run_scenario_without_expectations_says_so(wkasim: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("nodes: {a: {}}\nsteps:\n  - start: a\n  - wait: 5s\n", encoding="utf-8")
    result = wkasim("run", path, "--quiet")
    assert result.exit_code == 0
    assert "This scenario expects nothing." in result.stdout


def test_run_odd_letters_of_a_scenario_do_not_reach_the_terminal(wkasim: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        'nodes: {a: {domain: "d\\x1b[31m[red]x"}}\n'
        'steps:\n  - {start: a, explain: "one\\x07 [bold]two"}\n  - wait: 3s\n',
        encoding="utf-8",
    )
    output = wkasim("run", path).stdout
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "d\\x1b[31m[red]x" in output
    assert "one\\x07 [bold]two" in output


# Files


def test_run_out_writes_the_layout_and_says_where(wkasim: Invoke, tmp_path: Path) -> None:
    result = wkasim("run", "kill-and-restart", "--quiet", "--out", "run")
    assert result.stderr == "written to run\n"
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "elb.log", "journal.jsonl", "manager.log", "result.json", "worker1.2.log", "worker1.log",
    ]  # fmt: skip


def test_run_out_into_a_folder_that_is_not_empty_needs_force(wkasim: Invoke, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("x", encoding="utf-8")
    result = wkasim("run", "elb-alone", "--out", "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "run: the folder is not empty; name another one, or overwrite runs in it with --force\n"
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]
    assert wkasim("run", "elb-alone", "--quiet", "--out", "run", "--force").exit_code == 0
    assert (tmp_path / "run" / "elb.log").exists()


def test_run_with_a_bad_scenario_writes_nothing(wkasim: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("nodes: {a: {prot: 1}}\nprofile: x\n", encoding="utf-8")
    result = wkasim("run", path, "--out", "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f'{path}:1: unknown key "prot" in a node; did you mean "port"?',
        f'{path}:2: unknown profile "x" (known: documented, axis2-1.7, wso2-1.6.1)',
    ]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], 'nowhere.yaml: there is no such file; "wkasim scenarios" lists what is shipped'),
        (
            ["esb-clutser"],
            'there is no scenario "esb-clutser", neither a file nor a shipped one; shipped and near: esb-cluster',
        ),
        (
            ["elb-alone", "--profile", "documentd"],
            "unknown profile 'documentd'; did you mean 'documented'? (known: documented, axis2-1.7, wso2-1.6.1)",
        ),
        (["elb-alone", "--format", "xml"], "unknown log format 'xml' (known: tribes, console, carbon, json)"),
        (["elb-alone", "--until", "soon"], "--until soon: this is no time; write 90s, 1m30s or a number of seconds"),
        (
            ["elb-alone", "--speed", "fast"],
            "--speed fast: this is no speed; write instant, or a number such as 1, 10 or 0.5",
        ),
        (
            ["nowhere.yaml", "--transport", "udp", "--until", "soon"],
            """--until soon: this is no time; write 90s, 1m30s or a number of seconds
--transport udp: this is no transport; write memory or tcp
nowhere.yaml: there is no such file; "wkasim scenarios" lists what is shipped""",
        ),
        (["elb-alone", "--speed", "0"], "--speed 0: this is no speed; write instant, or a number such as 1, 10 or 0.5"),
    ],
)
def test_run_with_bad_input_exits_2_and_says_what_would_be_right(
    wkasim: Invoke, arguments: list[str], message: str
) -> None:
    result = wkasim("run", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{message}\n")


# Real programs: terminals, pipes, signals


def test_run_stopped_by_ctrl_c_leaves_complete_files(program: Start, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(FOREVER, encoding="utf-8")
    running = program("run", "s.yaml", "--out", "run", "--speed", "5")
    assert running.stdout is not None
    for line in running.stdout:
        if "Cluster initialization completed" in line:
            break
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors == "written to run\n"
    assert "interrupted at " in output
    told = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert told["stopped"] == "interrupted"
    lines = list(read_log(tmp_path / "run" / "elb.log"))
    assert lines[-1].message == "Cluster initialization completed."
    assert (tmp_path / "run" / "journal.jsonl").read_text(encoding="utf-8").endswith("]\n")
    assert not list((tmp_path / "run").glob("*.part"))


def test_run_into_a_closed_pipe_still_writes_its_files(program: Start, tmp_path: Path) -> None:
    running = program("run", "esb-cluster", "--out", "run")
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == "written to run\n"
    assert running.wait() == 0
    running.stderr.close()
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))["passed"] is True


def test_run_in_real_time_shows_lines_in_a_pipe_as_they_come(program: Start) -> None:
    running = program("run", "elb-alone", "--speed", "1")
    assert running.stdout is not None
    assert "start elb" in running.stdout.readline()
    assert running.poll() is None, "30 s of it are still to come"
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130


def test_run_in_real_time_hurries_when_nobody_reads_on(program: Start, tmp_path: Path) -> None:
    running = program("run", "esb-cluster", "--speed", "0.2", "--out", "run")
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == "written to run\n"
    running.stderr.close()
    assert running.wait(timeout=60) == 0, "in its own time it takes eight minutes"
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))["stopped"] == "done"


def on_a_terminal(columns: int, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and output of wkasim on a terminal of so many columns."""
    child, terminal = pty.fork()
    if child == 0:
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
            os.environ.pop(name, None)
        os.environ.update({"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment})
        os.execv(sys.executable, [sys.executable, "-m", "wkasim", *arguments])
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    output = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 1.0)
        if not ready:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), output.decode().replace("\r\n", "\n")


ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def test_run_on_a_terminal_has_a_colour_for_each_node_and_fits_eighty_columns() -> None:
    code, output = on_a_terminal(80, "run", "esb-cluster")
    assert code == 0
    colours = {
        node: set(re.findall(rf"\x1b\[(\d+)m +\d+\.\d+  {node} ", output)) for node in ("elb", "manager", "worker1")
    }
    assert all(len(found) == 1 for found in colours.values())
    assert len(set.union(*colours.values())) == 3
    plain = ESCAPE.sub("", output)
    assert max(map(len, plain.splitlines())) <= 80
    assert "MemberImpl[tcp://{127, 1, 0, 132}:4000, ...]" in " ".join(plain.split())


def test_run_on_a_terminal_under_no_color_is_plain() -> None:
    code, output = on_a_terminal(80, "run", "manager-joins", "--quiet", NO_COLOR="1")
    assert code == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", output), "no colour; bold and dim may stay"


def test_run_on_a_narrow_terminal_still_shows_everything() -> None:
    code, output = on_a_terminal(40, "run", "elb-alone")
    assert code == 0
    assert max(map(len, ESCAPE.sub("", output).splitlines())) <= 40


def test_run_at_a_speed_takes_its_time(program: Start, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "nodes: {elb: {role: elb, groups: [d]}}\nsteps:\n  - start: elb\n  - wait: 30s\n", encoding="utf-8"
    )
    began = time.monotonic()
    running = program("run", "s.yaml", "--speed", "20", "--quiet")
    running.communicate(timeout=60)
    assert running.returncode == 0
    assert time.monotonic() - began >= 1.5
