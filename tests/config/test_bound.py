"""Configured ports against those that logs tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.test_rules import axis2
from wkasim.config.bound import with_configuration
from wkasim.config.cluster import read_cluster
from wkasim.logs.diagnose import diagnose
from wkasim.logs.files import find_logs
from wkasim.logs.reason import Reason
from wkasim.logs.story import read_story

RECORDINGS = Path(__file__).parents[1] / "conformance" / "recordings"


def log(*, tried: str | None, told: str | None, listens: str | None = None, more: tuple[str, ...] = ()) -> str:
    rows = ["TribesClusteringAgent Initializing cluster...", "TribesClusteringAgent Cluster domain: my.domain"]
    rows.append("TribesClusteringAgent Using wka based membership management scheme")
    if tried is not None:
        rows.append(f"WkaBasedMembershipScheme Receiver Server Socket bound to:/{tried}")
    rows += more
    if listens is not None:
        rows.append(f"ReceiverBase Receiver Server Socket bound to:/{listens}")
    if told is not None:
        rows.append(f"TribesClusteringAgent Local Member {told}(my.domain)")
        rows.append("TribesClusteringAgent Cluster initialization completed.")
    return "".join(f"INFO - {row}\n" for row in rows)


def reasons(folder: Path, logs: dict[str, str], configuration: dict[str, str]) -> tuple[Reason, ...]:
    """The reasons that have to do with addresses; the short logs above say little of who knew whom."""
    for name, text in {
        **{f"logs/{name}.log": text for name, text in logs.items()},
        **{f"conf/{name}/axis2.xml": text for name, text in configuration.items()},
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    story = read_story(find_logs([folder / "logs"]))
    found = with_configuration(diagnose(story), story, read_cluster([folder / "conf"])).reasons
    return tuple(reason for reason in found if reason.kind not in ("split_view", "alone"))


A, B = "10.0.0.1", "10.0.0.2"
MANAGER = axis2(4100, host=A)
WORKER = axis2(host=B, members=((A, 4100),))


def test_port_as_configured_is_no_reason(tmp_path: Path) -> None:
    logs = {"manager": log(tried=f"{A}:4100", told=f"{A}:4100")}
    assert reasons(tmp_path, logs, {"manager": MANAGER, "worker": WORKER}) == ()


def test_well_known_member_on_another_port_is_looked_for_in_vain(tmp_path: Path) -> None:
    refused = f"WkaBasedMembershipScheme Could not connect to member {A}:4100(my.domain)"
    logs = {
        "manager": log(tried=f"{A}:4000", told=f"{A}:4000"),
        "worker": log(tried=f"{B}:4000", told=f"{B}:4000", more=(refused,)),
    }
    first, *rest = reasons(tmp_path, logs, {"manager": MANAGER, "worker": WORKER})
    assert (first.kind, first.weight, first.fault) == ("bound_port", 98, True)
    assert first.text == (
        "manager has port 4000, while its configuration says 4100; "
        "by the configuration worker looks for it at 10.0.0.1:4100"
    )
    assert [f"{Path(line.file).name}:{line.number}" for line in first.evidence] == [
        "manager.log:4", "manager.log:5", "worker.log:5",
    ]  # fmt: skip
    assert [(said.place.partition("conf/")[2], said.text) for said in first.stated] == [
        ("manager/axis2.xml:5", "localMemberPort 4100"),
        ("worker/axis2.xml:9", "worker lists 10.0.0.1:4100"),
    ]
    assert {reason.kind: reason.weight for reason in rest if reason.kind == "listed_port"} == {"listed_port": 90}


def test_port_that_nobody_looks_for_is_no_fault(tmp_path: Path) -> None:
    logs = {"worker": log(tried=f"{B}:4001", told=f"{B}:4001")}
    found = reasons(tmp_path, logs, {"manager": MANAGER, "worker": WORKER})
    assert [(reason.text, reason.fault) for reason in found] == [
        ("worker has port 4001, while its configuration says 4000", False)
    ]


def test_port_that_another_server_is_given_too_is_named(tmp_path: Path) -> None:
    logs = {"twin": log(tried=f"{A}:4000", told=f"{A}:4000")}
    (reason,) = reasons(tmp_path, logs, {"manager": MANAGER, "twin": MANAGER, "worker": WORKER})
    assert reason.fault
    assert reason.text == "twin has port 4000, while its configuration says 4100, which manager has"


def test_port_left_to_chance_counts_only_where_somebody_relies_on_it(tmp_path: Path) -> None:
    logs = {"manager": log(tried=f"{A}:4001", told=f"{A}:4001")}
    chance = MANAGER.replace('<parameter name="localMemberPort">4100</parameter>', "")
    assert reasons(tmp_path, logs, {"manager": chance, "worker": axis2(host=B)}) == ()
    (reason,) = reasons(tmp_path, logs, {"worker": axis2(host=B, members=((A, 4000),))})
    assert reason.text.startswith(
        "manager has port 4001, while 4000 was expected of it; by the configuration worker looks"
    )


def test_bind_port_that_is_configured_is_no_fault(tmp_path: Path) -> None:
    logs = {"manager": log(tried=f"{A}:4200", told=f"{A}:4100", listens=f"{A}:4200")}
    bind = axis2(4100, host=A, more='<parameter name="localMemberBindPort">4200</parameter>')
    assert reasons(tmp_path, logs, {"manager": bind}) == ()


def test_reason_of_the_logs_is_completed_and_not_doubled(tmp_path: Path) -> None:
    logs = {"manager": log(tried=None, told=f"{A}:999", more=("WkaBasedMembershipScheme Added static member x:1(d)",))}
    (reason,) = reasons(tmp_path, logs, {"manager": MANAGER, "worker": WORKER})
    assert reason.kind == "port_taken"
    assert reason.text.endswith(
        "; its configuration says 4100; by the configuration worker looks for it at 10.0.0.1:4100"
    )
    assert [said.text for said in reason.stated] == ["localMemberPort 4100", "worker lists 10.0.0.1:4100"]


def test_list_of_a_node_without_a_log_is_held_against_the_ports_of_the_others(tmp_path: Path) -> None:
    logs = {
        "elb": log(tried=f"{A}:4000", told=f"{A}:4000"),
        "worker": log(tried=f"{B}:4000", told=f"{B}:4000"),
    }
    (reason,) = reasons(tmp_path, logs, {"worker": WORKER})
    assert (reason.kind, reason.text) == (
        "listed_port",
        "worker lists 10.0.0.1:4100, where nobody listens by these logs; on 10.0.0.1 elb has 4000",
    )


def test_configuration_of_other_machines_is_told_and_no_fault(tmp_path: Path) -> None:
    logs = {"manager": log(tried="10.9.9.9:4000", told="10.9.9.9:4000")}
    (reason,) = reasons(tmp_path, logs, {"manager": MANAGER})
    assert (reason.kind, reason.fault) == ("other_address", False)
    assert reason.text == "manager is at 10.9.9.9 by its log and at 10.0.0.1 by its configuration"
    (tmp_path / "logs" / "manager.log").rename(tmp_path / "logs" / "x.log")
    (reason,) = reasons(tmp_path, {}, {})
    assert (reason.kind, reason.fault) == ("no_match", False)


@pytest.mark.parametrize(
    ("configured", "logged"),
    [("worker2", "w2"), ("manager", "mgr"), ("w2", "worker2"), ("worker2", "esb-worker2"), ("Worker2", "worker2")],
)
def test_nodes_are_recognised_by_short_names(tmp_path: Path, configured: str, logged: str) -> None:
    logs = {logged: log(tried=f"{A}:4001", told=f"{A}:4001"), "other1": log(tried=f"{A}:4300", told=f"{A}:4300")}
    configuration = {configured: MANAGER, "other1": axis2(4300, host=A)}
    (reason,) = reasons(tmp_path, logs, configuration)
    assert reason.text == f"{logged} has port 4001, while its configuration says 4100"


@pytest.mark.parametrize("name", ["w1", "manager", "elb2"])
def test_nodes_with_unlike_names_are_not_taken_for_one(tmp_path: Path, name: str) -> None:
    """Two nodes of one machine are left over on each side, and no port is the same."""
    logs = {name: log(tried=f"{A}:4001", told=f"{A}:4001"), "q": log(tried=f"{A}:4300", told=f"{A}:4300")}
    found = reasons(tmp_path, logs, {"worker2": MANAGER, "z": axis2(4301, host=A)})
    assert [reason.kind for reason in found] == ["no_match"]


@pytest.mark.parametrize("profile", ["axis2-1.7", "wso2-1.6.1"])
def test_recorded_second_server_of_a_machine_is_on_the_next_free_port(tmp_path: Path, profile: str) -> None:
    """s10c: the worker was configured with 4000, which the load balancer has, and got 4001 without a word."""
    host = "127.1.0.206"
    for name in ("elb", "w2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "axis2.xml").write_text(axis2(4000, host=host, members=((host, 4000),)))
    story = read_story(find_logs([RECORDINGS / profile / "s10c_two_nodes_one_free_step"]))
    (reason,) = with_configuration(diagnose(story), story, read_cluster([tmp_path])).reasons
    assert reason.text == "w2 has port 4001, while its configuration says 4000, which elb has"
