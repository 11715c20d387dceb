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


def test_elb_in_a_domain_of_its_own_is_no_fault(tmp_path: Path) -> None:
    files = generate(plan())
    files[axis2("elb")] = files[axis2("elb")].replace("wso2.esb.domain", "wso2.carbon.lb.domain")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert find_faults(read_cluster([tmp_path]), profile_named("documented")) == ()
