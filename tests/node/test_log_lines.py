"""Every log line that any node prints is one of the catalogue: its class, its parameters, its level."""

from __future__ import annotations

import pytest

from tests.node.clusters import (
    ELB,
    Line,
    cluster_of,
    elb,
    lines,
    manager,
    plain,
    start_in_turn,
    worker,
)
from wkasim.logs.catalogue import ENTRIES, placeholders, render
from wkasim.node.config import Group
from wkasim.profile import PROFILES
from wkasim.sim import faults
from wkasim.sim.cluster import Cluster
from wkasim.sim.database import DatabaseConfig


def trouble(profile: str, *, debug: bool) -> Cluster:
    """A cluster that meets as much as it can of what nodes log."""
    from wkasim.node.config import DEFAULT_SUB_DOMAIN

    groups = (Group("wso2.esb.domain", DEFAULT_SUB_DOMAIN),)
    cluster = cluster_of(
        elb(groups=groups, well_known_members=()),
        manager(uses_database=True, setup=True),
        worker(1),
        worker(2, open_http="never"),
        worker(3, uses_database=True, driver_present=False),
        plain("foreign", "127.1.0.140", ELB, domain="another.domain"),
        plain("nameless", "nowhere"),
        plain("lost", "127.1.0.141", ("nowhere", 4000)),
        plain("loopback", "127.0.0.1"),
        profile=profile,
        database=DatabaseConfig(host="db"),
        debug=debug,
    )
    cluster.network.hosts["db"] = "127.1.0.250"
    start_in_turn(cluster, "elb", "manager", "worker1", "worker2", apart_s=25)
    cluster.start("worker3", "foreign", "nameless", "lost", "loopback")
    cluster.run_for(30)
    cluster.kill("worker1")
    cluster.run_for(1)
    cluster.restart("manager", after_s=9)
    cluster.run_for(30)
    cluster.apply(faults.Partition(sides=(("worker2",), ("elb", "manager")), how="unreachable"))
    cluster.run_for(12)
    cluster.heal()
    cluster.start("worker1")
    cluster.run_for(40)
    cluster.terminate("worker2")
    cluster.run_for(10)
    return cluster


@pytest.fixture(scope="module", params=list(PROFILES))
def logged(request: pytest.FixtureRequest) -> tuple[str, list[Line]]:
    with trouble(request.param, debug=True) as cluster:
        return request.param, [line for node in cluster.nodes for line in lines(cluster, node)]


def test_log_lines_of_a_troubled_cluster_are_many(logged: tuple[str, list[Line]]) -> None:
    profile, found = logged
    events = {line.event for line in found}
    assert len(events) >= (45 if profile == "documented" else 50), sorted(events)


def test_log_lines_are_in_the_catalogue_and_in_their_profile(logged: tuple[str, list[Line]]) -> None:
    profile, found = logged
    assert {line.event for line in found} <= set(ENTRIES)
    assert {line.event for line in found if profile not in ENTRIES[line.event].profiles} == set()


def test_log_lines_come_from_the_class_that_the_catalogue_names(logged: tuple[str, list[Line]]) -> None:
    _, found = logged
    wrong = {
        (line.event, line.component)
        for line in found
        for entry in [ENTRIES[line.event]]
        if line.component not in {logger.rpartition(".")[2] for logger in (entry.logger, *entry.other_loggers)}
    }
    assert wrong == set()


def test_log_lines_carry_exactly_the_placeholders_of_their_template(logged: tuple[str, list[Line]]) -> None:
    _, found = logged
    wrong = {
        (line.event, tuple(line.params))
        for line in found
        if set(line.params) != set(placeholders(ENTRIES[line.event].template))
    }
    assert wrong == set()
    assert all(isinstance(value, str | int) for line in found for value in line.params.values())


def test_log_lines_have_the_level_of_the_catalogue(logged: tuple[str, list[Line]]) -> None:
    profile, found = logged
    wrong = {(line.event, line.level) for line in found if line.level != ENTRIES[line.event].level_in(profile)}
    assert wrong == set()


def test_log_lines_can_all_be_written(logged: tuple[str, list[Line]]) -> None:
    _, found = logged
    for line in found:
        assert render(line.event, line.params)


@pytest.mark.parametrize("profile", list(PROFILES))
def test_log_lines_without_debug_are_the_same_but_those_of_level_debug(profile: str) -> None:
    """Watching more closely changes nothing of what happens."""
    with trouble(profile, debug=False) as plain_run, trouble(profile, debug=True) as debug_run:
        for node in plain_run.nodes:
            assert lines(plain_run, node) == [line for line in lines(debug_run, node) if line.level != "DEBUG"]
