"""Mistakes as operators make them, in a cluster of three machines whose load balancer has a domain of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.config.test_rules import axis2
from wkasim.config.examination import Examination, examine
from wkasim.config.report import report_lines
from wkasim.config.rules import table
from wkasim.config.rules.finding import Consequence
from wkasim.logs.catalogue import match

ELB, MANAGER, WORKER = ("10.0.0.1", 4000), ("10.0.0.2", 4000), ("10.0.0.3", 4000)
BALANCER = """services { esb { domains { my.domain {
    tenant_range *; group_mgt_port 5000; worker { hosts esb.example.com; } mgt { hosts mgt.example.com; } } } } }
"""


def part(name: str) -> str:
    return f'<property name="subDomain" value="{name}"/>'


def files(**other: str) -> dict[str, str]:
    """The files of a cluster that is right; ``other`` replaces the axis2.xml of some nodes."""
    right = {
        "elb": axis2(host=ELB[0], domain="lb.domain", members=(MANAGER,)),
        "manager": axis2(host=MANAGER[0], members=(ELB, WORKER), properties=part("mgt")),
        "worker": axis2(host=WORKER[0], members=(ELB, MANAGER), properties=part("worker")),
    }
    return {
        "elb/loadbalancer.conf": BALANCER,
        **{f"{name}/axis2.xml": other.get(name, text) for name, text in right.items()},
    }


def examined(folder: Path, written: Mapping[str, str]) -> Examination:
    for name, text in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return examine([folder])


def told(examination: Examination) -> list[tuple[str, str, str]]:
    return [(found.rule.id, found.severity, found.text) for found in examination.findings]


def words(examination: Examination) -> str:
    return "\n".join(line for line, _ in report_lines(examination))


def worker(members: tuple[tuple[str, object], ...] = (ELB, MANAGER), host: str = WORKER[0]) -> str:
    return axis2(host=host, members=members, properties=part("worker"))


def test_right_cluster_has_no_findings(tmp_path: Path) -> None:
    examination = examined(tmp_path, files())
    assert told(examination) == []
    assert examination.verdict is not None
    assert examination.verdict.complete


@pytest.mark.parametrize("members", [(), (WORKER,)], ids=["nobody", "itself"])
def test_node_without_list_that_the_balancer_never_learns_of(
    tmp_path: Path, members: tuple[tuple[str, object], ...]
) -> None:
    """The manager lists it, so every rule about lists is content; but nobody tells the load balancer of it."""
    examination = examined(tmp_path, files(worker=worker(members)))
    text = "elb does not see worker, worker gets no request; worker lists no other node, so no JOIN is sent"
    assert told(examination) == [("WKA123", "error", text)]
    assert examination.findings[0].place.file.endswith("worker/axis2.xml")
    assert not examination.clean


def test_members_in_a_comment_are_pointed_at(tmp_path: Path) -> None:
    text = worker().replace("<members>", "<!--members>").replace("</members>", "</members-->")
    examination = examined(tmp_path, files(worker=text))
    assert told(examination)[0][2].endswith("so no JOIN is sent (the members in line 9 are in a comment)")


def test_entries_that_all_lead_to_nobody_are_an_error_beside_the_balancer(tmp_path: Path) -> None:
    examination = examined(tmp_path, files(worker=worker((("10.0.0.11", 4000),))))
    assert told(examination) == [("WKA104", "error", "10.0.0.11:4000 is none of the nodes given here")]


def test_entry_is_not_called_a_stranger_where_its_node_has_no_known_address(tmp_path: Path) -> None:
    examination = examined(tmp_path, files(worker=worker(host="${carbon.local.ip}")))
    assert [rule for rule, _, _ in told(examination)] == ["WKA117"]
    assert "the machine chooses its address" not in words(examination)
    section = worker().replace("<clustering", "<!-- <clustering").replace("</clustering>", "</clustering> -->")
    examination = examined(tmp_path, files(worker=section))
    assert [rule for rule, _, _ in told(examination)] == ["WKA116"]


def without_host(text: str) -> str:
    """As products are shipped: the machine chooses the address."""
    return "".join(row for row in text.splitlines(keepends=True) if "localMemberHost" not in row)


@pytest.mark.parametrize("names", [("elb", "manager", "worker"), ("elb",), ("manager",), ("worker",)])
def test_address_that_the_machine_chooses_is_the_one_that_others_list(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Each is where others look for it, and not where it looks for others itself."""
    right = files()
    examination = examined(tmp_path, files(**{name: without_host(right[f"{name}/axis2.xml"]) for name in names}))
    assert told(examination) == []
    assert examination.verdict is not None
    assert examination.verdict.complete
    addresses = {"elb": ELB[0], "manager": MANAGER[0], "worker": WORKER[0]}
    assert {node.name: node.address for node in examination.cluster.nodes} == addresses
    assert [line.partition(":")[0] for line in examination.verdict.assumptions] == list(names)
    assert f"({addresses[names[0]]})" in words(examination)


def test_addresses_that_machines_choose_fit_lists_that_name_everybody(tmp_path: Path) -> None:
    everybody = (ELB, MANAGER, WORKER)
    same = {f"{name}/axis2.xml": without_host(axis2(members=everybody)) for name in "abc"}
    examination = examined(tmp_path, same)
    assert told(examination) == []
    assert {node.address for node in examination.cluster.nodes} == {host for host, _ in everybody}


def test_address_that_the_machine_chooses_does_not_hide_a_wrong_port(tmp_path: Path) -> None:
    """The manager is listed with the port that the worker has, and its machine is known: the manager is meant."""
    elb = axis2(host=ELB[0], domain="lb.domain", members=((MANAGER[0], 4005),))
    lists = axis2(4005, members=(ELB, (MANAGER[0], 4005)), properties=part("worker"))
    manager = axis2(host=MANAGER[0], members=(ELB,), properties=part("mgt"))
    examination = examined(tmp_path, files(elb=elb, manager=manager, worker=without_host(lists)))
    assert [rule for rule, _, _ in told(examination)] == ["WKA103"]


def test_loopback_address_on_all_machines_is_no_clash_of_ports(tmp_path: Path) -> None:
    local = {
        name: text.replace(f'"localMemberHost">{host}', '"localMemberHost">127.0.0.1')
        for name, text, host in (
            ("elb", files()["elb/axis2.xml"], ELB[0]),
            ("manager", files()["manager/axis2.xml"], MANAGER[0]),
            ("worker", files()["worker/axis2.xml"], WORKER[0]),
        )
    }
    examination = examined(tmp_path, files(**local))
    assert [rule for rule, _, _ in told(examination)] == ["WKA101"] * 3
    assert examination.verdict is not None
    assert {node.advertised.partition(":")[2] for node in examination.verdict.nodes} == {"4000"}


def test_localhost_is_not_said_to_stand_in_a_hosts_file_that_nobody_gave(tmp_path: Path) -> None:
    examination = examined(tmp_path, files(worker=worker(host="localhost")))
    text = "worker tells the others to reach it at localhost, which is 127.0.0.1"
    assert told(examination) == [("WKA101", "error", text)]


def test_range_of_addresses_needs_no_hosts_file_to_be_wrong(tmp_path: Path) -> None:
    examination = examined(tmp_path, files(worker=worker((("10.0.0.1-5", 4000),))))
    text = "10.0.0.1-5 is taken for a host name, which no machine has: clustering does not start on worker"
    assert told(examination) == [("WKA106", "error", text)]
    assert "worker fails to start" in words(examination)


@pytest.mark.parametrize("host", ["10.0.0.1,10.0.0.2", "http://10.0.0.1", "10.0.0.1:4000", "10.0.0.1/24"])
def test_host_name_that_can_be_none_needs_no_hosts_file_either(tmp_path: Path, host: str) -> None:
    (found,) = examined(tmp_path, files(worker=worker(((host, 4000), ELB)))).findings
    text = f"{host} is taken for a host name, which no machine has: clustering does not start on worker"
    assert (found.rule.id, found.severity, found.text) == ("WKA106", "error", text)


def test_name_of_a_web_host_in_no_hosts_file_stops_no_clustering(tmp_path: Path) -> None:
    found = examined(tmp_path, {**files(), "hosts": "10.0.0.1 esb.example.com\n"}).findings
    assert [(one.rule.id, one.severity, one.text) for one in found] == [
        ("WKA106", "warning", "mgt.example.com is in no hosts file"),
    ]
    assert found[0].consequence.appear == ()


@pytest.mark.parametrize("file", ["hosts", "elb/loadbalancer.conf"])
def test_file_in_utf_16_is_one_finding_with_the_way_out(tmp_path: Path, file: str) -> None:
    written = {**files(), "hosts": "10.0.0.1 esb.example.com mgt.example.com\n"}
    examined(tmp_path, written)
    (tmp_path / file).write_text(written[file], encoding="utf-16")
    texts = [found.text for found in examine([tmp_path]).findings if found.rule.id == "WKA130"]
    assert texts == ["is UTF-16, as Windows calls Unicode; save it as UTF-8"]


@pytest.mark.parametrize("wrong", ["localmemberport", "LocalMemberPort", "localMemberPorts"])
def test_parameter_with_nearly_the_right_name_is_told(tmp_path: Path, wrong: str) -> None:
    found = examined(tmp_path, files(worker=worker().replace("localMemberPort", wrong))).findings
    text = f"{wrong} is no name that the server knows; localMemberPort is, and worker has none"
    assert (found[0].rule.id, found[0].text) == ("WKA131", text)


def test_property_with_nearly_the_right_name_is_told(tmp_path: Path) -> None:
    found = examined(tmp_path, files(worker=worker().replace("subDomain", "subdomain"))).findings
    text = "subdomain is no name that the server knows; subDomain is, and worker has none"
    assert text in [one.text for one in found]


def test_node_without_axis2_xml_is_an_error(tmp_path: Path) -> None:
    written = {**files(), "worker/carbon.xml": "<Server/>"}
    del written["worker/axis2.xml"]
    found = examined(tmp_path, written).findings
    assert [(one.rule.id, one.text) for one in found] == [
        ("WKA130", "no axis2.xml of worker was found: nothing is known of its part in the cluster"),
    ]


def test_sub_domain_without_block_is_mended_at_the_balancer(tmp_path: Path) -> None:
    balancer = BALANCER.replace("mgt { hosts mgt.example.com; }", "")
    (found,) = examined(tmp_path, {**files(), "elb/loadbalancer.conf": balancer}).findings
    assert found.mend == "Write a block mgt in loadbalancer.conf, or correct the subDomain of manager."


def test_group_management_port_in_a_list_is_named(tmp_path: Path) -> None:
    examination = examined(tmp_path, files(worker=worker((("10.0.0.1", 5000), MANAGER))))
    text = "elb is listed with port 5000 and has 4000; 5000 is its group_mgt_port, on which only an ELB with"
    assert told(examination)[0][2] == f"{text} Hazelcast listens"


def test_one_who_takes_no_part_is_not_among_everybody(tmp_path: Path) -> None:
    off = worker().replace("<clustering ", '<clustering enable="false" ')
    examination = examined(tmp_path, files(worker=off))
    text = words(examination)
    assert "worker takes no part" in text
    assert "manager sees nobody, and nobody else is in its domain" in text
    assert "ALONE" not in text
    assert "  Everybody who takes part sees everybody" in text
    assert "While elb is down" not in text


def test_who_is_alone_does_not_see_everybody(tmp_path: Path) -> None:
    examination = examined(
        tmp_path,
        {
            "a/axis2.xml": axis2(host=ELB[0], members=(MANAGER,)),
            "b/axis2.xml": axis2(host=MANAGER[0], members=(ELB,), domain="another.domain"),
            "c/axis2.xml": axis2(host=WORKER[0], members=(("10.0.0.9", 4000),)),
        },
    )
    assert examination.verdict is not None
    assert examination.verdict.alone
    assert not examination.verdict.complete


@pytest.mark.parametrize(
    ("old", "new", "happens", "logged"),
    [
        ('Scheme">wka', 'Scheme">multicast', "The node asks the network", "Using multicast based"),
        ('Scheme">wka', 'Scheme">WKA', "The server refuses the scheme", "Invalid membership scheme"),
    ],
)
def test_consequences_are_those_of_the_mistake(tmp_path: Path, old: str, new: str, happens: str, logged: str) -> None:
    examination = examined(tmp_path, files(worker=worker().replace(old, new)))
    (found,) = examination.findings
    assert found.consequence.happens.startswith(happens)
    assert logged in found.consequence.appear[0]
    assert "Clustering has been disabled" not in words(examination)


def test_parameter_written_twice_does_not_switch_clustering_off(tmp_path: Path) -> None:
    more = '<parameter name="domain">my.domain</parameter><properties/>'
    text = axis2(host=WORKER[0], members=(ELB, MANAGER), properties=part("worker"), more=more)
    (found,) = examined(tmp_path, files(worker=text)).findings
    assert (found.rule.id, found.consequence.appear) == ("WKA116", ())
    assert "runs on its own" not in found.consequence.happens


def test_cluster_of_hazelcast_is_told_once_and_not_called_mixed(tmp_path: Path) -> None:
    hazelcast = {
        name: text.replace("tribes.TribesClusteringAgent", "hazelcast.HazelcastClusteringAgent")
        for name, text in files().items()
    }
    examination = examined(tmp_path, hazelcast)
    text = (
        "the class HazelcastClusteringAgent of elb, manager, worker is that of Hazelcast, and follows another protocol"
    )
    assert told(examination) == [("WKA120", "warning", text)]
    assert "mixed" not in words(examination)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (worker().replace("my.domain", "my & domain"), "a bare & is written &amp;"),
        (worker().replace("<members>", "<!-- <!-- a --> <members> -->"), "there is none inside another"),
    ],
)
def test_damaged_file_is_explained_and_its_simulation_said_to_assume(tmp_path: Path, text: str, hint: str) -> None:
    examination = examined(tmp_path, files(worker=text))
    assert any(hint in found for _, _, found in told(examination))
    assert examination.verdict is not None
    assert any("is damaged; taken as far as it can be read" in line for line in examination.verdict.assumptions)


def test_value_that_is_none_is_assumed_to_be_absent(tmp_path: Path) -> None:
    examination = examined(tmp_path, files(worker=worker().replace('Port">4000', 'Port">4000a')))
    assert "  assumed: worker: localMemberPort: '4000a' is no number; taken as if it were not written" in words(
        examination
    )


OWN = {name: value for name, value in vars(table).items() if isinstance(value, Consequence)}


@pytest.mark.parametrize("name", OWN)
def test_lines_of_consequences_are_in_the_catalogue(name: str) -> None:
    assert OWN[name].happens.endswith(".")
    for line in (*OWN[name].appear, *OWN[name].missing):
        logger, _, message = line.partition(" - ")[2].partition(" ")
        assert "{" in line or match(logger, message), line
