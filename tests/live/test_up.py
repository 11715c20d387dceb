"""``wkasim up`` and the commands beside it, as a person at two terminals uses them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import define
from rich.console import Console

from tests.loopback import fresh_ip, fresh_network
from wkasim.cli.ps import ps
from wkasim.live.processes import OsProcess
from wkasim.live.rundir import NodeRecord, RunDirectory, Settings

ROOT = Path(__file__).parents[2]
SCENARIO = """
nodes:
  elb: {{role: elb, host: {elb}, port: 4000, domain: d, groups: [d]}}
  worker1: {{role: worker, host: {one}, port: 4000, domain: d, well_known_members: ["{elb}:4000"], http_port: 8280}}
  worker2: {{role: worker, host: {two}, port: 4000, domain: d, well_known_members: ["{elb}:4000"], http_port: 8280}}
"""
SPEED = "8"
PATIENCE_S = 40


@define
class Terminal:
    """A folder with a scenario, and the command line in it."""

    folder: Path
    environment: dict[str, str]
    ips: tuple[str, str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wkasim", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            return subprocess.Popen(
                [sys.executable, "-m", "wkasim", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def rows(self) -> dict[str, dict[str, object]]:
        return {row["node"]: row for row in json.loads(self.ok("ps", "--json"))}

    @property
    def run_directory(self) -> RunDirectory:
        return RunDirectory(self.folder / ".wkasim")

    def shown(self) -> str:
        return (self.folder / "out").read_text()

    def processes(self) -> list[OsProcess]:
        run = self.run_directory
        return [record.process for name in run.names() if (record := run.record(name)) is not None]


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    ips = (fresh_ip(), fresh_ip(), fresh_ip())
    (tmp_path / "three.yaml").write_text(SCENARIO.format(elb=ips[0], one=ips[1], two=ips[2]))
    return Terminal(tmp_path, {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}, ips)


@pytest.fixture
def cluster(terminal: Terminal) -> Iterator[subprocess.Popen[bytes]]:
    """Three nodes that have found each other."""
    process = terminal.start("up", "three.yaml", "--speed", SPEED, "--format", "tribes", "--no-front")
    try:
        eventually(lambda: all(len(members) == 2 for members in listed(terminal)), "the nodes have not converged")
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        assert all(one.state == "gone" for one in terminal.processes())


def listed(terminal: Terminal) -> list[list[object]]:
    run = terminal.run_directory
    found = [run.status(name).get("members", []) for name in ("elb", "worker1", "worker2")]
    return [members if isinstance(members, list) else [] for members in found]


def test_killed_node_is_missed_and_started_again(terminal: Terminal, cluster: subprocess.Popen[bytes]) -> None:
    elb, _, two = terminal.ips
    rows = terminal.rows()
    assert [row["state"] for row in rows.values()] == ["initialised"] * 3
    # Whom no heartbeat has seen yet is not missed.
    eventually(lambda: f"Host:{two}" in terminal.shown(), "worker2 was not admitted")
    assert terminal.ok("kill", "-9", "worker2") == "worker2 was sent SIGKILL\n"
    gone = f"INFO - TribesMembershipListener Member {two}:4000(d) left cluster\n"
    eventually(lambda: f"elb     | {gone}" in terminal.shown(), "the ELB has not missed it")
    eventually(lambda: f"worker1 | {gone}" in terminal.shown(), "worker1 has not missed it")
    dead = terminal.rows()["worker2"]
    assert (dead["state"], dead["pid"], dead["members"]) == ("stopped", None, [])

    assert terminal.ok("start", "worker2") == "worker2 is starting, life 2\n"
    eventually(lambda: all(len(members) == 2 for members in listed(terminal)), "worker2 has not come back")
    assert (terminal.run_directory.logs / "worker2.2.log").exists()
    assert terminal.rows()["elb"]["members"] != []
    assert elb in str(terminal.rows()["worker2"]["members"])


def test_node_is_paused_resumed_and_stopped_and_down_ends_the_rest(
    terminal: Terminal, cluster: subprocess.Popen[bytes]
) -> None:
    refused = terminal.run("up", "three.yaml")
    assert refused.returncode == 2
    assert refused.stderr == ".wkasim: a cluster is running there (elb, worker1, worker2); end it with: wkasim down\n"
    assert terminal.ok("pause", "worker1") == "worker1 is paused\n"
    assert terminal.rows()["worker1"]["state"] == "paused"
    refused = terminal.run("start", "worker1")
    assert (refused.returncode, refused.stderr) == (2, "worker1 is running already\n")
    assert terminal.ok("resume", "worker1") == "worker1 goes on\n"
    assert terminal.ok("stop", "worker1") == "worker1 has stopped\n"
    eventually(lambda: "worker1 | INFO - TribesClusteringAgent Stopping Tribes channel..." in terminal.shown(), "log")
    refused = terminal.run("kill", "worker1")
    assert (refused.returncode, refused.stderr) == (2, "worker1 is not running\n")
    refused = terminal.run("pause", "worker9")
    assert refused.returncode == 2
    assert refused.stderr == "node 'worker9' was never started here (started: elb, worker1, worker2)\n"
    assert terminal.ok("down") == "ended: elb, worker2\n"
    assert cluster.wait(timeout=30) == 0
    nothing = terminal.run("ps")
    assert nothing.returncode == 2
    assert nothing.stderr == ".wkasim: no cluster is running there; start one with: wkasim up SCENARIO\n"


def test_ctrl_c_ends_all_nodes_in_order(terminal: Terminal, cluster: subprocess.Popen[bytes]) -> None:
    processes = terminal.processes()
    cluster.send_signal(signal.SIGINT)
    assert cluster.wait(timeout=30) == 130
    assert [process.state for process in processes] == ["gone"] * 3
    assert terminal.shown().count("Stopping Tribes channel...") == 3
    assert (terminal.folder / "err").read_text().endswith("ended: elb, worker1, worker2\n")


def test_cluster_ends_when_nobody_reads_its_logs_any_more(terminal: Terminal) -> None:
    command = [sys.executable, "-m", "wkasim", "up", "three.yaml", "--speed", SPEED, "--no-front"]
    with subprocess.Popen(
        command, cwd=terminal.folder, env=terminal.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"elb     | ")
        process.stdout.close()
        assert process.wait(timeout=PATIENCE_S) == 141
    assert [one.state for one in terminal.processes()] == ["gone"] * len(terminal.processes())


def test_cluster_outlives_its_terminal_after_nohup_only(terminal: Terminal) -> None:
    command = ["nohup", sys.executable, "-m", "wkasim", "up", "three.yaml", "--speed", SPEED, "--no-front"]
    for words, code in ((command, None), (command[1:], 130)):
        with (terminal.folder / "out").open("wb") as out:
            process = subprocess.Popen(
                words, cwd=terminal.folder, env=terminal.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        eventually(lambda: "elb     | " in terminal.shown(), "the ELB has not started")
        process.send_signal(signal.SIGHUP)
        if code is None:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            process.terminate()
        assert process.wait(timeout=30) == 130


def test_nodes_end_of_themselves_when_whoever_started_them_is_killed(
    terminal: Terminal, cluster: subprocess.Popen[bytes]
) -> None:
    processes = terminal.processes()
    cluster.kill()
    cluster.wait()
    assert all(process.wait_until_gone(20) for process in processes)


def test_paused_node_ends_when_whoever_started_it_is_killed(
    terminal: Terminal, cluster: subprocess.Popen[bytes]
) -> None:
    terminal.ok("kill", "-9", "worker2")
    eventually(lambda: terminal.rows()["worker2"]["state"] == "stopped", "worker2 is there")
    terminal.ok("start", "worker2")
    processes = terminal.processes()
    for name in ("worker1", "worker2"):
        terminal.ok("pause", name)
        eventually(lambda name=name: terminal.rows()[name]["state"] == "paused", "not paused")  # type: ignore[misc]
    cluster.kill()
    cluster.wait()
    assert all(process.wait_until_gone(20) for process in processes)
    refused = terminal.run("start", "worker1")
    told = "worker1 was not started: the process of wkasim up does not answer; see wkasim ps\n"
    assert (refused.returncode, refused.stderr) == (2, told)


def test_second_cluster_on_the_same_ports_is_refused_and_runs_beside_it_elsewhere(
    terminal: Terminal, cluster: subprocess.Popen[bytes]
) -> None:
    elb, one, _ = terminal.ips
    folder = terminal.run_directory.folder
    other = ("up", "three.yaml", "--run-dir", "other", "--speed", SPEED, "--no-front")
    refused = terminal.run(*other)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines() == [
        f"ports of this scenario are taken: {elb}:4000 (elb), {one}:4000 (worker1), {one}:8280 (worker1) and 2 more",
        f"a cluster is running in {folder}; end it with: wkasim down --run-dir {folder}",
        "or give this one addresses of its own, with: --network 127.77",
    ]
    network = fresh_network()
    beside = terminal.start(*other, "--network", network)
    run = RunDirectory(terminal.folder / "other")
    try:
        eventually(lambda: len(run.status("worker2").get("members", [])) == 2, "the second one has not converged")  # type: ignore[arg-type]
        assert f"{elb} is {network}." in (terminal.folder / "err").read_text()
        assert [len(members) for members in listed(terminal)] == [2, 2, 2]
    finally:
        beside.send_signal(signal.SIGINT)
        assert beside.wait(timeout=30) == 130


def test_taken_front_is_said_before_anything_starts(terminal: Terminal) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        front = f"127.0.0.1:{holder.getsockname()[1]}"
        refused = terminal.run("up", "three.yaml", "--front", front)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"the front {front} is taken; choose another with --front HOST:PORT, or none with --no-front\n"
    )
    assert terminal.run("ps").returncode == 2


def test_folder_of_somebody_else_is_not_used_and_keeps_its_logs(terminal: Terminal) -> None:
    log = terminal.folder / "product" / "logs" / "wso2carbon.log"
    log.parent.mkdir(parents=True)
    log.write_text("precious")
    refused = terminal.run("up", "three.yaml", "--run-dir", "product")
    assert (refused.returncode, log.read_text()) == (2, "precious")
    assert refused.stderr == (
        "product: is no run directory and not empty (it holds logs); name a new or an empty folder\n"
    )


def test_front_on_an_address_of_another_machine_is_refused_before_anything_starts(terminal: Terminal) -> None:
    """192.0.2.0/24 is for examples, so no machine has it."""
    refused = terminal.run("up", "three.yaml", "--front", "192.0.2.1:8280")
    assert refused.returncode == 2
    assert refused.stderr == (
        "the front 192.0.2.1:8280 cannot be opened: Cannot assign requested address; "
        "choose another with --front HOST:PORT, or none with --no-front\n"
    )
    assert terminal.run("ps").returncode == 2


def test_list_of_nodes_fits_the_terminal_and_is_whole_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDirectory(tmp_path)
    me = OsProcess.of(os.getpid())
    assert me is not None
    run.begin(Settings(scenario="x"), me)
    names = ["elb", "manager", "worker1", "worker2", "worker3"]
    for number, name in enumerate(names):
        run.write_record(name, NodeRecord(life=1, process=me))
        members = [f"127.1.0.{other}:4000" for other in range(6) if other != number]
        status = {"state": "initialised", "life": 1, "address": f"127.1.0.{number}:4000", "members": members}
        run.write_status(name, status)
    ps(run_dir=tmp_path, json_=False)
    piped = capsys.readouterr().out.splitlines()
    pid = str(os.getpid())
    assert piped[:2] == [
        f"node     {'pid':{len(pid)}}  life  state        address         members",
        f"elb      {pid}  1     initialised  127.1.0.0:4000  manager worker1 worker2 worker3 127.1.0.5:4000",
    ]
    assert len(piped) == 6
    monkeypatch.setattr(Console, "is_terminal", True)
    for columns, rows in ((80, 11), (160, 6)):
        monkeypatch.setenv("COLUMNS", str(columns))
        ps(run_dir=tmp_path, json_=False)
        shown = capsys.readouterr().out.splitlines()
        assert len(shown) == rows
        assert max(map(len, shown)) <= columns
        assert " ".join(" ".join(shown).split()) == " ".join(" ".join(piped).split())


def test_the_guides_cluster_answers_through_its_load_balancer_and_misses_a_killed_worker(terminal: Terminal) -> None:
    network = ".".join(fresh_ip().split(".")[:3])
    shipped = (ROOT / "scenarios" / "esb-cluster.yaml").read_text()
    (terminal.folder / "esb-cluster.yaml").write_text(shipped.replace("127.1.0.", f"{network}."))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        front = probe.getsockname()[1]
    arguments = ["--speed", "3", "--format", "tribes", "--front", f"127.0.0.1:{front}"]
    cluster = terminal.start("up", "esb-cluster.yaml", *arguments)
    try:
        workers = {"worker1", "worker2", "worker3"}
        eventually(lambda: answerers(front, 6) == workers, "not every worker answers through the load balancer")
        # Whom no heartbeat has seen yet is not missed.
        eventually(lambda: terminal.shown().count("werent notified") >= 3, "no heartbeat has looked at the workers")
        terminal.ok("kill", "-9", "worker2")
        gone = f"TribesMembershipListener Member {network}.206:4002(wso2.esb.domain) left cluster"
        for name in ("elb", "manager", "worker1", "worker3"):
            eventually(lambda name=name: f"{name:7} | INFO - {gone}" in terminal.shown(), f"{name} has not missed it")  # type: ignore[misc]
        assert answerers(front, 6) == workers - {"worker2"}
    finally:
        cluster.send_signal(signal.SIGINT)
        assert cluster.wait(timeout=30) == 130


def answerers(front: int, requests: int) -> set[str]:
    """Who answers requests for the workers' host name."""
    found = set()
    for _ in range(requests):
        connection = http.client.HTTPConnection("127.0.0.1", front, timeout=20)
        try:
            connection.request("GET", "/", headers={"Host": "esb.cloud-test.wso2.com"})
            found.add(connection.getresponse().getheader("X-Wkasim-Node") or "")
        except OSError:
            found.add("")
        finally:
            connection.close()
    return found


def test_single_node_prints_its_log_and_stops_at_a_signal(terminal: Terminal) -> None:
    process = terminal.start("node", "elb", "--scenario", "three.yaml", "--speed", SPEED, "--format", "tribes")
    try:
        eventually(lambda: "Cluster initialization completed." in terminal.shown(), "the node has not started")
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
    assert terminal.shown().splitlines()[-1] == "INFO - TribesClusteringAgent Stopping Tribes channel..."
    assert (terminal.folder / "err").read_text() == ""


def test_node_that_the_scenario_does_not_have_is_refused(terminal: Terminal) -> None:
    done = terminal.run("node", "worker9", "--scenario", "three.yaml")
    assert done.returncode == 2
    assert done.stderr == "three.yaml: node 'worker9' is not defined (defined: elb, worker1, worker2)\n"
