"""Rules one by one: what they must not find, what they find beside the shipped variants, and their pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from wkasim.config.cluster import read_cluster
from wkasim.config.generator import generate, plan
from wkasim.config.rules.check import find_faults
from wkasim.config.rules.finding import Finding
from wkasim.config.rules.pages import pages
from wkasim.config.rules.table import RULES
from wkasim.logs.catalogue import ENTRIES, match
from wkasim.profile import profile_named

ROOT = Path(__file__).parents[2]
TRIBES = 'class="org.apache.axis2.clustering.tribes.TribesClusteringAgent"'


def axis2(
    port: int | str = 4000,
    host: str = "10.0.0.1",
    members: tuple[tuple[str, object], ...] = (),
    domain: str = "my.domain",
    more: str = "",
    properties: str = "",
) -> str:
    entries = "".join(f"<member><hostName>{h}</hostName><port>{p}</port></member>\n" for h, p in members)
    return f"""<axisconfig><clustering {TRIBES}>
<parameter name="membershipScheme">wka</parameter>
<parameter name="domain">{domain}</parameter>
<parameter name="localMemberHost">{host}</parameter>
<parameter name="localMemberPort">{port}</parameter>
{more}
<parameter name="properties">{properties}</parameter>
<members>
{entries}</members>
</clustering></axisconfig>"""


def faults(folder: Path, files: Mapping[str, str], profile: str = "documented") -> list[Finding]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return list(find_faults(read_cluster([folder]), profile_named(profile)))


def ids(found: list[Finding]) -> list[str]:
    return [finding.rule.id for finding in found]


A, B, C = ("10.0.0.1", 4000), ("10.0.0.2", 4000), ("10.0.0.3", 4000)


def trio(**other: str) -> dict[str, str]:
    """Three nodes that list each other; ``other`` replaces the files of some."""
    files = {
        "a": axis2(host=A[0], members=(B, C)),
        "b": axis2(host=B[0], members=(A, C)),
        "c": axis2(host=C[0], members=(A, B)),
    }
    return {f"{name}/axis2.xml": other.get(name, text) for name, text in files.items()}


def test_file_of_nonsense_is_told_in_few_lines(tmp_path: Path) -> None:
    found = faults(tmp_path, {**trio(), "hosts": "x\n" * 1000})
    assert len(found) == 21
    assert found[0].text == "980 more lines cannot be understood"


def test_balancer_with_blocks_without_number_is_not_read(tmp_path: Path) -> None:
    found = faults(tmp_path, {**trio(), "a/loadbalancer.conf": "a {}\n" * 30_000})
    assert [finding.text for finding in found] == ["more than 20000 blocks; not read"]


def test_trio_is_clean(tmp_path: Path) -> None:
    assert faults(tmp_path, trio()) == []


@pytest.mark.parametrize(("hosts", "workers"), [(1, 1), (1, 5), (2, 3), (3, 4), (5, 12), (1, 80)])
def test_generated_cluster_of_any_size_is_clean(tmp_path: Path, hosts: int, workers: int) -> None:
    assert faults(tmp_path, generate(plan(hosts, workers))) == []


def test_https_port_that_is_the_http_port_of_another_offset_has_its_own_way_out(tmp_path: Path) -> None:
    files = trio(b=axis2(4001, host=A[0], members=(C,)), c=axis2(host=C[0], members=(A, (A[0], 4001))))
    files["b/carbon.xml"] = "<Server><Ports><Offset>37</Offset></Ports></Server>"
    found = [finding for finding in faults(tmp_path, files) if finding.rule.id == "WKA122"]
    assert [finding.text for finding in found] == ["port 8280 on 10.0.0.1 is that of a already"]
    assert found[0].mend == "Choose an Offset with which b has no HTTP or HTTPS port of another server there."


def test_wka101_everything_on_one_machine_is_no_finding(tmp_path: Path) -> None:
    files = {
        "a/axis2.xml": axis2(host="127.0.0.1", members=(("127.0.0.1", 4001),)),
        "b/axis2.xml": axis2(4001, host="127.0.0.1", members=(("127.0.0.1", 4000),)),
    }
    files["b/carbon.xml"] = "<Server><Ports><Offset>1</Offset></Ports></Server>"
    assert faults(tmp_path, files) == []


def test_wka102_one_port_on_two_machines_is_no_finding(tmp_path: Path) -> None:
    assert "WKA102" not in ids(faults(tmp_path, trio()))


def test_wka103_one_wrong_entry_points_at_the_entry(tmp_path: Path) -> None:
    found = faults(tmp_path, trio(c=axis2(host=C[0], members=(A, ("10.0.0.2", 4001)))))
    assert ids(found) == ["WKA103"]
    assert found[0].text == "b is listed with port 4001 and has 4000"
    assert found[0].place.line == 10


@pytest.mark.parametrize("nodes", [("elb",), ("manager",), ("worker1", "worker2"), ("elb", "manager")])
def test_wka103_part_of_a_cluster_has_no_errors(tmp_path: Path, nodes: tuple[str, ...]) -> None:
    """On the machine of the members that are not given here, another one that lists them may run."""
    faults(tmp_path, generate(plan()))
    cluster = read_cluster([tmp_path / node for node in nodes], tmp_path / "hosts")
    found = find_faults(cluster, profile_named("documented"))
    assert [finding.severity for finding in found if finding.severity == "error"] == []


def test_wka103_shipped_ports_of_one_node_are_named(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, {"a/axis2.xml": axis2(4100, host=A[0], members=(A,))})
    assert (found.rule.id, found.text) == ("WKA103", "nobody listens on 10.0.0.1:4000 (on that machine: a 4100)")


def test_wka103_shipped_ports_are_named(tmp_path: Path) -> None:
    found = faults(tmp_path, trio(b=axis2(4100, host=B[0], members=(A, C))))
    assert ids(found) == ["WKA103"]
    assert found[0].nodes == ("b", "a", "c")
    assert found[0].text == (
        "b has port 4100, but is listed with 4000 by a, c; 4100 here and 4000 there is how some products are shipped"
    )


def test_wka104_a_node_listing_nobody_but_listed_is_no_finding(tmp_path: Path) -> None:
    assert faults(tmp_path, trio(a=axis2(host=A[0]))) == []


def test_wka105_stock_domain_is_a_warning(tmp_path: Path) -> None:
    stock = "wso2.carbon.domain"
    found = faults(tmp_path, {
        "a/axis2.xml": axis2(host=A[0], domain=stock, members=(B,)),
        "b/axis2.xml": axis2(host=B[0], domain=stock, members=(A,)),
    })  # fmt: skip
    assert [(finding.rule.id, finding.severity) for finding in found] == [("WKA105", "warning")] * 2


def test_wka105_balancer_in_its_own_domain_that_manages_the_other_is_no_finding(tmp_path: Path) -> None:
    group = '<groupManagement enable="true"><applicationDomain name="my.domain" agent="x"/></groupManagement>'
    elb = axis2(host=A[0], domain="lb.domain", members=(B,), more=group)
    assert faults(tmp_path, trio(a=elb)) == []


def test_wka106_without_any_hosts_file_is_a_note(tmp_path: Path) -> None:
    found = faults(tmp_path, trio(c=axis2(host=C[0], members=(A, ("b.example.org", 4000)))))
    assert [(finding.rule.id, finding.severity) for finding in found] == [("WKA106", "note")]


def test_wka107_comment_that_holds_the_right_line_is_pointed_at(tmp_path: Path) -> None:
    group = (
        '<groupManagement enable="true"><applicationDomain name="my.domain" agent="x" subDomain="worker"/>'
        "</groupManagement>"
    )
    worker = '<property name="subDomain" value="worker"/>'
    files = trio(
        a=axis2(host=A[0], members=(B,), more=group),
        b=axis2(host=B[0], members=(A, C), properties=worker),
        c=axis2(host=C[0], members=(A, B), properties='\n<!--property name="subDomain" value="worker"/-->'),
    )
    found = faults(tmp_path, files)
    assert [(finding.rule.id, finding.mend) for finding in found] == [
        ("WKA107", "Take it out of its comment (worker in line 8).")
    ]


def test_wka109_order_given_by_the_directories(tmp_path: Path) -> None:
    faults(tmp_path, {
        "a/axis2.xml": axis2(host=A[0]), "b/axis2.xml": axis2(host=B[0], members=(A,)),
    })  # fmt: skip
    documented = profile_named("documented")
    right = read_cluster([tmp_path / "a", tmp_path / "b"])
    wrong = read_cluster([tmp_path / "b", tmp_path / "a"])
    assert ids(list(find_faults(right, documented))) == []
    assert ids(list(find_faults(wrong, documented))) == ["WKA109"]


def test_wka114_two_nodes_need_no_second_well_known_member(tmp_path: Path) -> None:
    files = {"a/axis2.xml": axis2(host=A[0]), "b/axis2.xml": axis2(host=B[0], members=(A,))}
    assert faults(tmp_path, files) == []


def test_wka116_absent_enable_means_on(tmp_path: Path) -> None:
    assert "enable" not in axis2()
    assert faults(tmp_path, trio()) == []


def test_wka116_self_closing_section(tmp_path: Path) -> None:
    found = faults(tmp_path, {"a/axis2.xml": f'<axisconfig>\n<clustering {TRIBES} enable="true"/></axisconfig>'})
    assert [(finding.rule.id, finding.place.line) for finding in found] == [("WKA116", 2)]


def test_wka117_system_property_of_the_start_fills_one_placeholder(tmp_path: Path) -> None:
    files = trio(c=axis2(host=C[0], members=(A, ("${b.host}", "${b.port}"))))
    files["c/bin/start.sh"] = "wso2server.sh -Db.host=10.0.0.2 -Db.port=4000\n"
    assert faults(tmp_path, files) == []
    (tmp_path / "c/bin/start.sh").write_text("wso2server.sh -Db.host=10.0.0.2\n")
    assert ids(list(find_faults(read_cluster([tmp_path]), profile_named("documented")))) == ["WKA117"]


def test_wka118_offset_that_is_not_added_is_no_finding(tmp_path: Path) -> None:
    files = trio()
    files["b/carbon.xml"] = "<Server><Ports><Offset>1</Offset></Ports></Server>"
    assert faults(tmp_path, files) == []
    files["c/axis2.xml"] = axis2(host=C[0], members=(A, ("10.0.0.2", 4001)))
    assert ids(faults(tmp_path, files)) == ["WKA118"]


def test_wka120_hazelcast_alone_is_a_warning(tmp_path: Path) -> None:
    text = axis2(members=(B,)).replace("tribes.TribesClusteringAgent", "hazelcast.HazelcastClusteringAgent")
    found = faults(tmp_path, {"a/axis2.xml": text})
    assert [(finding.rule.id, finding.severity) for finding in found] == [("WKA120", "warning")]


def test_wka120_dialect_of_2008(tmp_path: Path) -> None:
    text = (
        "<axisconfig><cluster>\n<parameter name='tcpListenHost'>10.0.0.1</parameter>\n<members><member>"
        "<hostname>10.0.0.2</hostname><port>4000</port></member></members></cluster></axisconfig>"
    )
    assert ids(faults(tmp_path, {"a/axis2.xml": text})) == ["WKA120"]


def test_rule_pages_equal_the_table() -> None:
    folder = ROOT / "docs" / "rules"
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert found == pages(), "refresh them with: python -m wkasim.config.rules.pages docs/rules"


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_rule_names_lines_of_the_catalogue(rule: object) -> None:
    assert hasattr(rule, "appear")
    components = {entry.component for entry in ENTRIES.values()}
    for line in (*rule.appear, *rule.missing):
        if " - " in line:
            component = line.split(" - ", 1)[1].split()[0]
            assert component in components, line
            assert "{" in line or match(component, line.split(component + " ", 1)[1]), line
