"""The readers: odd files as people have them, each value with its line, and files that mean harm."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from wkasim.config.axis2 import Axis2File, read_axis2
from wkasim.config.balancer import BalancerFile, read_balancer
from wkasim.config.carbon import read_carbon
from wkasim.config.directory import find_nodes
from wkasim.config.hosts import read_hosts
from wkasim.config.startscript import flags_of
from wkasim.config.xml import parse_xml

STOCK = """<!--
  ~ A licence comes first.
  -->
<axisconfig>
    <clustering
        class="org.apache.axis2.clustering.tribes.TribesClusteringAgent">
        <parameter name="domain"> d </parameter>
        <parameter name="localMemberPort"> 4000 </parameter>
        <parameter name="localMemberPort">4100</parameter>
        <!--parameter name="localMemberHost">10.0.0.1</parameter-->
        <property name="subDomain" value="lost"/>
        <parameter name="properties">
            <property name="backendServerURL" value="https://${hostName}/"/>
            <!--property name="port.mapping.8280" value="9764"/>
            <property name="subDomain" value="mgt"/-->
        </parameter>
        <members>
            <member><hostName> 10.0.0.2 </hostName><port>4000</port></member>
        </members>
    </clustering>
</axisconfig>
"""


def axis2(folder: Path, data: str | bytes) -> Axis2File:
    path = folder / "axis2.xml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_axis2(path, "axis2.xml")


@pytest.mark.parametrize(
    "data",
    [STOCK.encode(), b"\xef\xbb\xbf" + STOCK.encode(), STOCK.replace("\n", "\r\n").encode()],
    ids=["plain", "byte order mark", "carriage returns"],
)
def test_axis2_values_keep_their_lines(tmp_path: Path, data: bytes) -> None:
    read = axis2(tmp_path, data)
    clustering = read.clustering
    assert clustering is not None
    assert read.problems == ()
    assert clustering.place.line == 5
    assert clustering.enabled.value, "absent means on"
    assert clustering.parameters["domain"].value == " d ", "the domain is not trimmed"
    port = clustering.text("localMemberPort")
    assert port is not None
    assert (port.value, port.place.line) == ("4100", 9)
    assert [(twice.name, twice.ignored.line, twice.used.line) for twice in clustering.duplicates] == [
        ("localMemberPort", 8, 9)
    ]
    assert [(entry.host.value, entry.host.place.line) for entry in clustering.members] == [("10.0.0.2", 18)]
    assert [(entry.name, entry.place.line) for entry in clustering.misplaced] == [("subDomain", 11)]
    assert [(entry.name, entry.value, entry.place.line) for entry in read.commented] == [
        ("localMemberHost", "10.0.0.1", 10),
        ("port.mapping.8280", "9764", 14),
        ("subDomain", "mgt", 15),
    ]


def test_axis2_blank_lines_before_the_declaration_shift_no_line(tmp_path: Path) -> None:
    read = axis2(tmp_path, '\n\n<?xml version="1.0"?>\n<a><clustering enable="false"/></a>')
    assert read.clustering is not None
    assert read.clustering.place.line == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_doctype_is_not_read(encoding: str) -> None:
    text = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    document = parse_xml(text.encode(encoding), "f.xml")
    assert document.root is None
    assert [problem.text for problem in document.problems] == ["has a DOCTYPE; it is not read, for safety"]


def test_xml_nested_without_end_is_a_problem() -> None:
    document = parse_xml(b"<a>" * 100_000, "f.xml")
    assert [problem.kind for problem in document.problems] == ["unreadable"]


def test_xml_undefined_entity_is_a_problem_and_the_rest_is_read(tmp_path: Path) -> None:
    read = axis2(tmp_path, "<a>\n&nbsp;\n<clustering enable='true'/></a>")
    assert [(problem.kind, problem.place.line) for problem in read.problems] == [("unreadable", 2)]
    assert read.clustering is not None


def test_template_marks_are_named_and_values_still_read(tmp_path: Path) -> None:
    path = tmp_path / "carbon.xml"
    path.write_text(
        "<Server>\n<% if @x -%>\n<HostName><%= @host %></HostName>\n<% end -%>\n"
        "<Ports><Offset>2</Offset></Ports></Server>"
    )
    read = read_carbon(path)
    assert [(problem.kind, problem.place.line) for problem in read.problems] == [("template", 2), ("template", 3)]
    assert read.offset is not None
    assert (read.offset.value, read.offset.place.line) == (2, 5)


def routes(folder: Path, text: str) -> list[tuple[str, str | None, int, list[str]]]:
    return [
        (
            route.domain.value,
            route.sub_domain.value if route.sub_domain is not None else None,
            route.domain.place.line,
            [host.value for host in route.hosts],
        )
        for route in balancer(folder, text).routes
    ]


def balancer(folder: Path, text: str) -> BalancerFile:
    path = folder / "loadbalancer.conf"
    path.write_text(text, encoding="utf-8")
    return read_balancer(path)


def test_balancer_of_2_0_has_one_key_twice(tmp_path: Path) -> None:
    text = """# comment { with a brace
services {
    esb {
        domains {
            d { hosts a.example.org, b.example.org; sub_domain mgt; tenant_range *; }
            d {
                hosts   c.example.org;   # and a comment
                sub_domain worker;
            }
        }
    }
}
"""
    assert routes(tmp_path, text) == [
        ("d", "mgt", 5, ["a.example.org", "b.example.org"]),
        ("d", "worker", 6, ["c.example.org"]),
    ]


def test_balancer_of_2_1_has_blocks_for_sub_domains(tmp_path: Path) -> None:
    text = """services { esb { domains {
    d { tenant_range *; group_mgt_port 5000;
        mgt { hosts m; }
        worker { hosts w; }
    }
} } }
"""
    assert routes(tmp_path, text) == [("d", "mgt", 2, ["m"]), ("d", "worker", 2, ["w"])]
    ports = [route.management_port for route in balancer(tmp_path, text).routes]
    assert [port.value for port in ports if port is not None] == [5000, 5000]


def test_balancer_of_stratos_has_colons(tmp_path: Path) -> None:
    text = """loadbalancer { tenant-identifier-regex: t/([^/]*)/; # the tenant
    services { app { clusters {
        cluster1 { hosts: a.example.org, b.example.org; tenant-range: 1-100; members { m1 { ip: 10.0.0.1; } } }
    } } }
}
"""
    assert routes(tmp_path, text) == [("cluster1", None, 3, ["a.example.org", "b.example.org"])]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("services {\n a {", "the block 'a' is never closed"),
        ("a { b c; }\n}", "a closing brace without an opening one"),
        ("a { hosts b }", "'hosts b' does not end with a semicolon"),
    ],
)
def test_balancer_damaged_says_where(tmp_path: Path, text: str, problem: str) -> None:
    assert [found.text for found in balancer(tmp_path, text).problems] == [problem]


def test_hosts_first_line_counts_and_nonsense_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("10.0.0.1 A.example.org a # comment\n::1 localhost\n10.0.0.2 a\n<ELB-IP> elb\n10.0.0 b\n")
    read = read_hosts(path, "hosts")
    assert (read.address("a"), read.address("A.EXAMPLE.ORG"), read.address("none")) == ("10.0.0.1", "10.0.0.1", None)
    assert read.address("localhost") == "127.0.0.1"
    assert [(problem.kind, problem.place.line) for problem in read.problems] == [("template", 4), ("value", 5)]


def test_start_script_flags_comments_and_variables() -> None:
    text = '# -DworkerNode=false\nrem -Dsetup\nexec wso2server.sh -DworkerNode=true -DportOffset="2" -Dx=$Y -Da.b=c\n'
    flags = flags_of(text, "start.sh")
    assert flags.values() == {"workerNode": "true", "portOffset": "2", "a.b": "c"}
    assert (flags.worker, flags.setup) == (True, False)
    assert flags.place is not None
    assert flags.place.line == 3


def test_hosts_of_ipv6_count_where_a_name_has_no_other_address(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("::1 localhost\n2001:DB8:0::1 a b\n10.0.0.2 b\n010.0.0.3 c\n")
    read = read_hosts(path, "hosts")
    assert [read.address(name) for name in ("a", "b", "c", "localhost")] == [
        "2001:db8::1", "10.0.0.2", "10.0.0.3", "127.0.0.1",
    ]  # fmt: skip
    assert read.problems == ()


def test_first_of_two_sections_counts(tmp_path: Path) -> None:
    read = axis2(tmp_path, "<a>\n<clustering enable='false'/>\n<clustering><members/></clustering></a>")
    assert read.clustering is not None
    assert (read.clustering.place.line, [place.line for place in read.clustering.others]) == (2, [3])


@pytest.mark.parametrize(
    "unit", ["<%", "{{", "{%", "<!--", "<!--x-->", "@@a", "<a>", "<", '<!--<parameter name="', "<!--<clustering "]
)
def test_files_of_openings_without_ends_are_read_in_linear_time(tmp_path: Path, unit: str) -> None:
    """Four times as much takes no more than some eight times as long; it was sixteen times where it was squared."""

    def seconds(size: int) -> float:
        data = f"<axisconfig>{unit * (size // len(unit))}</axisconfig>"
        best = float("inf")
        for _ in range(3):
            begun = time.process_time()
            axis2(tmp_path, data)
            best = min(best, time.process_time() - begun)
        return best

    assert seconds(400_000) < 8 * seconds(100_000) + 0.05


def test_xml_with_attributes_without_number_is_a_problem() -> None:
    attributes = " ".join(f'a{number}=">"' for number in range(20_000))
    document = parse_xml(f"<a {attributes}/>".encode(), "f.xml")
    assert [problem.text for problem in document.problems] == ["an element with more than 5000 attributes"]


def test_template_marks_that_hold_signs_of_their_own_are_found(tmp_path: Path) -> None:
    path = tmp_path / "carbon.xml"
    path.write_text("<Server>\n<HostName><%= a < b ? '5%' : c -%></HostName>\n<Name>{{ {'a': 1} }}</Name></Server>")
    assert [(problem.kind, problem.place.line) for problem in read_carbon(path).problems] == [
        ("template", 2), ("template", 2), ("template", 3),
    ]  # fmt: skip


def test_one_file_is_named_after_the_home_that_it_lies_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("worker1", "worker2"):
        conf = tmp_path / name / "repository" / "conf"
        (conf / "axis2").mkdir(parents=True)
        (conf / "axis2" / "axis2.xml").write_text("<axisconfig/>", encoding="utf-8")
        (conf / "carbon.xml").write_text("<Server/>", encoding="utf-8")
    one, other = (tmp_path / name / "repository" / "conf" for name in ("worker1", "worker2"))
    found = find_nodes([one / "axis2" / "axis2.xml", other / "axis2" / "axis2.xml", one / "carbon.xml"])
    assert [(node.name, sorted(node.files)) for node in found] == [
        ("worker1", ["axis2", "carbon"]),
        ("worker2", ["axis2"]),
    ]
    monkeypatch.chdir(one / "axis2")
    assert [node.name for node in find_nodes([Path("axis2.xml")])] == ["worker1"]


def test_directory_named_twice_counts_once(tmp_path: Path) -> None:
    (tmp_path / "axis2.xml").write_text("<axisconfig/>", encoding="utf-8")
    assert len(find_nodes([tmp_path, tmp_path / ".." / tmp_path.name])) == 1
