"""One change in one file of the guide's configuration gives one finding, and it points at the place to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.variants import BALANCER, ELB, MANAGER, WORKER1, WORKER2, WORKER3, axis2, carbon
from wkasim.config.cluster import read_cluster
from wkasim.config.generator import generate, plan
from wkasim.config.rules.check import find_faults
from wkasim.profile import profile_named

LOOPBACK = ("192.168.1.206", "127.0.0.1")
CASES = {
    "elb-lists-wrong-port": (ELB, "<port>4001", "<port>4011", "WKA103", ELB, 18),
    "manager-lists-wrong-port": (MANAGER, "<port>4000", "<port>4011", "WKA103", MANAGER, 21),
    "elb-has-another-port": (ELB, '"localMemberPort">4000', '"localMemberPort">4100', "WKA103", ELB, 14),
    "manager-has-another-address": (MANAGER, "192.168.1.206", "192.168.1.207", "WKA103", MANAGER, 13),
    "manager-in-another-domain": (MANAGER, "wso2.esb.domain", "wso2.esb.domian", "WKA105", MANAGER, 12),
    "worker-in-another-case": (WORKER2, "wso2.esb.domain", "wso2.esb.Domain", "WKA105", WORKER2, 12),
    "elb-loopback": (ELB, *LOOPBACK, "WKA101", ELB, 13),
    "manager-loopback": (MANAGER, *LOOPBACK, "WKA101", MANAGER, 13),
    "elb-name-is-loopback": ("hosts", "192.168.1.206   elb", "127.0.0.1       elb", "WKA101", "hosts", 3),
    "elb-name-is-another-node": ("hosts", "192.168.1.206   elb", "192.168.1.132   elb", "WKA106", "hosts", 3),
    "manager-name-missing": ("hosts", "mgr.esb.wso2.com", "mgrx.esb.wso2.com", "WKA106", ELB, 17),
    "elb-multicast": (ELB, ">wka<", ">multicast<", "WKA116", ELB, 11),
    "worker-unknown-scheme": (WORKER1, ">wka<", ">wkaa<", "WKA116", WORKER1, 11),
    "elb-off": (ELB, 'enable="true"', 'enable="false"', "WKA116", ELB, 9),
    "manager-off": (MANAGER, 'enable="true"', 'enable="false"', "WKA116", MANAGER, 9),
    "block-of-workers-misspelt": (BALANCER, "worker;", "wroker;", "WKA107", BALANCER, 19),
    "block-of-manager-misspelt": (BALANCER, "mgt;", "mgmt;", "WKA107", BALANCER, 14),
    "block-in-another-domain": (BALANCER, "wso2.esb.domain {", "wso2.as.domain {", "WKA110", BALANCER, 12),
    "manager-as-worker": (MANAGER, 'value="mgt"', 'value="worker"', "WKA107", BALANCER, 14),
    "same-offset": (carbon("worker2"), "<Offset>2", "<Offset>1", "WKA122", carbon("worker2"), 7),
    "negative-offset": (carbon("worker1"), "<Offset>0", "<Offset>-1", "WKA131", carbon("worker1"), 7),
    "same-port-on-the-other-machine": (
        WORKER3,
        '"localMemberPort">4001',
        '"localMemberPort">4000',
        "WKA102",
        WORKER3,
        14,
    ),
    "member-without-port": (WORKER1, "                <port>4001</port>\n", "", "WKA131", WORKER1, 23),
    "member-without-host": (
        *(WORKER1, "                <hostName>mgr.esb.wso2.com</hostName>\n", "", "WKA131", WORKER1, 23),
    ),
    "hazelcast-among-tribes": (
        *(
            WORKER1,
            "axis2.clustering.tribes.Tribes",
            "carbon.core.clustering.hazelcast.Hazelcast",
            "WKA120",
            WORKER1,
            9,
        ),
    ),
    "offset-left-to-move-the-port": (
        MANAGER,
        '"localMemberPort">4001',
        '"localMemberPort">4000',
        "WKA118",
        MANAGER,
        14,
    ),
    "any-address-told": (WORKER1, "192.168.1.132", "0.0.0.0", "WKA101", WORKER1, 13),
    "any-address-listed": (WORKER1, "elb.wso2.com", "0.0.0.0", "WKA101", WORKER1, 20),
    "range-of-addresses": (WORKER1, "elb.wso2.com", "192.168.1.200-206", "WKA106", WORKER1, 20),
    "address-of-ipv6": (WORKER1, "192.168.1.132", "2001:db8::1", "WKA131", WORKER1, 13),
    "bind-port-differs": (
        *(WORKER1, '">4000</parameter>', '">4000</parameter><parameter name="localMemberBindPort">1</parameter>'),
        *("WKA103", WORKER1, 14),
    ),
    "second-section": (WORKER1, "</clustering>", '</clustering><clustering enable="false"/>', "WKA116", WORKER1, 9),
    "semicolon-missing": (BALANCER, "mgt;", "mgt", "WKA130", BALANCER, 14),
    "services-missing": (BALANCER, "services {", "serfices {", "WKA110", BALANCER, 0),
    "tag-misspelt": (WORKER1, "<members>", "<memberz>", "WKA130", WORKER1, 27),
}


@pytest.mark.parametrize("name", list(CASES))
def test_one_change_gives_one_finding(tmp_path: Path, name: str) -> None:
    file, old, new, rule, place, line = CASES[name]
    files = generate(plan())
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    found = [
        (finding.rule.id, Path(finding.place.file).relative_to(tmp_path).as_posix(), finding.place.line)
        for finding in find_faults(read_cluster([tmp_path]), profile_named("documented"))
    ]
    assert found == [(rule, place, line)]


@pytest.mark.parametrize("nodes", [("worker1",), ("elb", "manager", "worker1", "worker2", "worker3")])
def test_address_left_to_the_machine_is_no_fault(tmp_path: Path, nodes: tuple[str, ...]) -> None:
    """The host name of a worker in carbon.xml is that of the load balancer, and so says nothing about its address."""
    files = generate(plan())
    for node in nodes:
        rows = files[axis2(node)].splitlines(keepends=True)
        files[axis2(node)] = "".join(row for row in rows if "localMemberHost" not in row)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    cluster = read_cluster([tmp_path])
    assert find_faults(cluster, profile_named("documented")) == ()
    assert cluster.node("worker1").address is None
    assert cluster.node("manager").address == "192.168.1.206"


def test_section_inside_another_element_is_none(tmp_path: Path) -> None:
    files = generate(plan())
    files[WORKER1] = files[WORKER1].replace("    <clustering", "<extra>\n    <clustering")
    files[WORKER1] = files[WORKER1].replace("</clustering>", "</clustering></extra>")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    (found,) = find_faults(read_cluster([tmp_path]), profile_named("documented"))
    assert (found.rule.id, found.place.line) == ("WKA116", 10)
    assert found.text == "no clustering section; the one in line 10 stands inside another element"


ODD = {
    "comments": lambda text: (
        text.replace("<hostName>", "<!-- a --><hostName><!-- b -->")
        .replace('Port">', 'Port"><!-- c -->')
        .replace("<members>", "<!--members><member/></members--><members><!-- d -->")
    ),
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "namespace": lambda text: text.replace("<axisconfig ", '<axisconfig xmlns="http://example.org/x" '),
    "prefix": lambda text: (
        text.replace("<axisconfig ", '<a:axisconfig xmlns:a="x" ')
        .replace("</axisconfig", "</a:axisconfig")
        .replace("<clustering ", "<a:clustering ")
        .replace("</clustering", "</a:clustering")
    ),
    "quotes and blanks": lambda text: text.replace(
        'name="localMemberPort">', "locked = 'false' name\n= 'localMemberPort' > "
    ),
    "sections of text": lambda text: text.replace(">wka<", "><![CDATA[wka]]><"),
    "white space": lambda text: text.replace(">wka<", ">\n wka\t<").replace("<port>", "<port>\n "),
    "switch in capitals": lambda text: text.replace('Agent" enable="true"', 'Agent" enable="TRUE"'),
    "names in capitals": lambda text: text.replace("elb.wso2.com", "ELB.wso2.COM"),
    "a member twice": lambda text: text.replace(
        "</members>", "<member><hostName>elb.wso2.com</hostName><port>4000</port></member></members>"
    ),
    "leading zeros": lambda text: text.replace("192.168.1.", "192.168.001."),
    "large comment": lambda text: text.replace("<members>", f"<!--{'x ' * 500_000}--><members>"),
}


@pytest.mark.parametrize("name", list(ODD))
def test_odd_but_sane_files_are_clean(tmp_path: Path, name: str) -> None:
    for path, text in generate(plan()).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        changed = ODD[name](text) if path.endswith("axis2.xml") else text
        (tmp_path / path).write_bytes(changed.encode())
    assert find_faults(read_cluster([tmp_path]), profile_named("documented")) == ()


def test_elb_in_a_domain_of_its_own_is_no_fault(tmp_path: Path) -> None:
    files = generate(plan())
    files[axis2("elb")] = files[axis2("elb")].replace("wso2.esb.domain", "wso2.carbon.lb.domain")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert find_faults(read_cluster([tmp_path]), profile_named("documented")) == ()
