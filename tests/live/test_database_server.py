"""The central database as a real server: MariaDB, started by the test on a free port of the loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define

from tests.loopback import fresh_ip
from wkasim.errors import InputError
from wkasim.live.cluster import LiveCluster
from wkasim.live.database import ServerDatabase
from wkasim.node.config import NodeConfig
from wkasim.sim.database import DatabaseConfig

PATIENCE_S = 60


@define
class MariaDb:
    """A running server with an empty database; ``carbon`` may do everything in it, ``reader`` may only read."""

    process: subprocess.Popen[bytes]
    port: int
    socket: Path

    def url(self, user: str = "carbon", password: str = "secret") -> str:
        return f"mysql+pymysql://{user}:{password}@127.0.0.1:{self.port}/carbondb"

    def sql(self, *statements: str) -> None:
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "-u", "root", "-e", ";".join(statements)]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing (apt-get install mariadb-server)")
        pytest.skip(f"{name} is missing (apt-get install mariadb-server)")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    folder = tmp_path_factory.mktemp("db")
    data, socket_path = folder / "data", folder / "s"
    user = ["--user=root"] if os.geteuid() == 0 else []
    daemon = program("mariadbd")
    install = [program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db", *user]
    install.append("--auth-root-authentication-method=normal")
    subprocess.run(install, check=True, capture_output=True, timeout=PATIENCE_S)
    port = free_port()
    command = [daemon, "--no-defaults", f"--datadir={data}", f"--socket={socket_path}", "--bind-address=127.0.0.1"]
    command += [f"--port={port}", f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=8M", *user]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        made = MariaDb(process, port, socket_path)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while True:
                try:
                    made.sql("SELECT 1")
                    break
                except subprocess.CalledProcessError:
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            made.sql(
                "CREATE USER carbon@'127.0.0.1' IDENTIFIED BY 'secret'",
                "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'secret'",
                "GRANT ALL ON carbondb.* TO carbon@'127.0.0.1'",
                "GRANT SELECT ON carbondb.* TO reader@'127.0.0.1'",
            )
            yield made
        finally:
            process.kill()


@pytest.fixture
def empty(server: MariaDb) -> MariaDb:
    server.sql("DROP DATABASE IF EXISTS carbondb", "CREATE DATABASE carbondb")
    return server


def started(url: str, *nodes: str) -> tuple[dict[str, str], list[tuple[str, ...]]]:
    """Start a manager with -Dsetup, a worker, or both; the states and what was logged about the database."""
    cluster = LiveCluster(database=DatabaseConfig(url=url), speed=5)
    try:
        for name in nodes:
            cluster.add_node(
                NodeConfig(
                    name=name, host=fresh_ip(), uses_database=True, setup=name == "manager", worker=name != "manager"
                )
            )
            cluster.start(name)
            node = cluster.node(name)
            cluster.run_until(lambda node=node: node.initialised or node.failure is not None, PATIENCE_S * 5)  # type: ignore[misc]
        lines = [
            (record[2], record[4], *record[7][1::2])
            for record in cluster.journal.of_kind("log")
            if record[4].startswith("database")
        ]
        return {name: cluster.node(name).failure or cluster.node(name).state for name in nodes}, lines
    finally:
        cluster.close()


def test_worker_refuses_to_start_before_the_manager_has_created_the_tables(empty: MariaDb) -> None:
    states, lines = started(empty.url(), "worker1")
    reason = "table REG_RESOURCE does not exist: start the manager with -Dsetup first"
    assert states == {"worker1": reason}
    assert lines == [("worker1", "database_tables_missing", "REG_RESOURCE")]


def test_setup_creates_the_tables_and_workers_start(empty: MariaDb) -> None:
    states, lines = started(empty.url(), "manager", "worker1")
    assert states == {"manager": "initialised", "worker1": "initialised"}
    assert lines == [("manager", "database_created", f"jdbc:mysql://127.0.0.1:{empty.port}/carbondb")]
    # A second start with -Dsetup keeps what is there.
    empty.sql("INSERT INTO carbondb.UM_USER VALUES (7)")
    states, _ = started(empty.url(), "manager")
    assert states == {"manager": "initialised"}
    empty.sql("DELETE FROM carbondb.UM_USER WHERE ID = 7")


def test_wrong_password_is_said_clearly(empty: MariaDb) -> None:
    states, lines = started(empty.url(password="wrong"), "worker1")
    assert states["worker1"].startswith("Access denied for user 'carbon'@'")
    url = f"jdbc:mysql://127.0.0.1:{empty.port}/carbondb"
    assert lines == [("worker1", "database_access_denied", "carbon", url)]


def test_user_who_may_only_read_cannot_set_up(empty: MariaDb) -> None:
    states, lines = started(empty.url(user="reader"), "manager")
    assert states["manager"].startswith("CREATE command denied to user 'reader'@'")
    assert [line[1] for line in lines] == ["database_access_denied"]


def test_server_that_is_down_is_said_clearly() -> None:
    port = free_port()
    states, lines = started(f"mysql+pymysql://carbon:secret@127.0.0.1:{port}/carbondb", "worker1")
    assert states["worker1"].startswith("Can't connect to MySQL server on '127.0.0.1'")
    assert [line[1] for line in lines] == ["database_unreachable"]
    assert "secret" not in str(lines)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("carbondb", "database.url 'carbondb' is no URL such as mysql+pymysql://user:password@host/name"),
        ("nosuch://x/y", "database.url 'nosuch://x/y' is no URL such as mysql+pymysql://user:password@host/name"),
    ],
)
def test_url_that_cannot_be_used_is_refused(url: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        ServerDatabase(url)
    assert caught.value.problems == (problem,)
