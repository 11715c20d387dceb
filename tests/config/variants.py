"""The broken configurations of scenarios/configs: the guide's cluster with one fault each.

``python -m tests.config.variants --write`` makes the folders anew from the generator and the edits below.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from wkasim.config.generator import generate, plan

CONFIGS = Path(__file__).parents[2] / "scenarios" / "configs"
GUIDE = CONFIGS / "guide"


@frozen
class Edit:
    """Replace the ``number``-th occurrence of a text in a file; without ``old`` the file is written or removed."""

    file: str
    old: str = ""
    new: str | None = None
    number: int = 1


@frozen(kw_only=True)
class Variant:
    """One fault: the edits, the rule that must find it, and where.

    ``marker`` is a piece of the line that the finding points at, the ``marker_number``-th that has it; without one the
    finding is about the whole file. What the simulation must say in the profile ``documented`` stands behind.
    """

    name: str
    why: str
    edits: tuple[Edit, ...]
    rule: str
    file: str
    marker: str = ""
    marker_number: int = 1
    alone: tuple[str, ...] = ()
    states: Mapping[str, str] = field(factory=dict)
    lacking: Mapping[str, tuple[str, ...]] = field(factory=dict)
    unrouted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    ports: Mapping[str, str] = field(factory=dict)
    unserved: tuple[str, ...] = ()


def axis2(node: str) -> str:
    return f"{node}/repository/conf/axis2/axis2.xml"


def carbon(node: str) -> str:
    return f"{node}/repository/conf/carbon.xml"


BALANCER = "elb/repository/conf/loadbalancer.conf"
WORKER1, WORKER2, WORKER3 = axis2("worker1"), axis2("worker2"), axis2("worker3")
ELB, MANAGER = axis2("elb"), axis2("manager")
CLUSTERING = 'enable="true">'
ELB_ENTRY = "<hostName>elb.wso2.com</hostName>"
MANAGER_ENTRY = "<hostName>mgr.esb.wso2.com</hostName>"


def entry(host: str, port: int) -> str:
    return (
        "            <member>\n"
        f"                <hostName>{host}</hostName>\n"
        f"                <port>{port}</port>\n"
        "            </member>\n"
    )


ELB_MEMBER, MANAGER_MEMBER = entry("elb.wso2.com", 4000), entry("mgr.esb.wso2.com", 4001)
MEMBERS = ELB_MEMBER + MANAGER_MEMBER
SUB_DOMAIN = '            <property name="subDomain" value="worker"/>\n'
PROPERTIES = f'        <parameter name="properties">\n{SUB_DOMAIN}        </parameter>\n'
DATABASE = "jdbc:mysql://carbondb.mysql-wso2.com:3306/carbondb"
SOURCES = "repository/conf/datasources/master-datasources.xml"
HOST = '<parameter name="localMemberHost">192.168.1.132</parameter>'
EVERYBODY_ELSE = ("elb", "manager", "worker2", "worker3")
"""Whom worker1 should see."""

VARIANTS = (
    Variant(
        name="loopback-host",
        why="worker1 tells everybody that it is at 127.0.0.1.",
        edits=(Edit(WORKER1, HOST, HOST.replace("192.168.1.132", "127.0.0.1")),),
        rule="WKA101", file=WORKER1, marker="localMemberHost", states={"worker1": "starting"}, unrouted=("worker1",),
    ),
    Variant(
        name="name-maps-to-loopback",
        why="worker1's own hosts file maps its name to 127.0.0.1, as installers do.",
        edits=(
            Edit(WORKER1, HOST, HOST.replace("192.168.1.132", "esb-worker1")),
            Edit("worker1/hosts", new="127.0.0.1 localhost esb-worker1\n"),
        ),
        rule="WKA101", file=WORKER1, marker="localMemberHost", states={"worker1": "starting"}, unrouted=("worker1",),
    ),
    Variant(
        name="loopback-in-list",
        why="The ELB is listed as 127.0.0.1, which is worker1's own machine.",
        edits=(Edit(WORKER1, ELB_ENTRY, "<hostName>127.0.0.1</hostName>"),),
        rule="WKA101", file=WORKER1, marker="<hostName>127.0.0.1",
    ),
    Variant(
        name="same-port-twice",
        why="worker2 runs beside ELB and manager and has the manager's port.",
        edits=(Edit(WORKER2, '"localMemberPort">4002', '"localMemberPort">4001'),),
        rule="WKA102", file=WORKER2, marker="localMemberPort", ports={"worker2": "192.168.1.206:999"},
    ),
    Variant(
        name="group-port-is-member-port",
        why="The ELB's group_mgt_port is its localMemberPort.",
        edits=(Edit(BALANCER, "tenant_range        *;", "tenant_range        *;\n            group_mgt_port 4000;"),),
        rule="WKA102", file=BALANCER, marker="group_mgt_port",
    ),
    Variant(
        name="cluster-port-is-http-port",
        why="worker1 wants its cluster port where its HTTP listener is.",
        edits=(Edit(WORKER1, '"localMemberPort">4000', '"localMemberPort">8280'),),
        rule="WKA102", file=WORKER1, marker="localMemberPort", ports={"worker1": "192.168.1.132:4000"},
    ),
    Variant(
        name="wrong-port-in-list",
        why="worker1 lists the manager with the port of nobody; the ELB still leads it in.",
        edits=(Edit(WORKER1, "<port>4001</port>", "<port>4010</port>"),),
        rule="WKA103", file=WORKER1, marker="<port>4010",
    ),
    Variant(
        name="port-of-the-node-differs",
        why="The manager was given 4100, as some products ship; all others list 4001.",
        edits=(Edit(MANAGER, '"localMemberPort">4001', '"localMemberPort">4100'),),
        rule="WKA103", file=MANAGER, marker="localMemberPort",
    ),
    Variant(
        name="all-ports-in-list-wrong",
        why="worker1 lists the ELB alone, and at 4100: it starts alone and logs only success.",
        edits=(Edit(WORKER1, MEMBERS, entry("elb.wso2.com", 4100)),),
        rule="WKA103", file=WORKER1, marker="<port>4100", alone=("worker1",), unrouted=("worker1",),
    ),
    Variant(
        name="list-of-itself",
        why="worker1 lists nobody but itself.",
        edits=(Edit(WORKER1, MEMBERS, entry("192.168.1.132", 4000)),),
        rule="WKA104", file=WORKER1, marker="<members>", alone=("worker1",), unrouted=("worker1",),
    ),
    Variant(
        name="empty-list",
        why="worker1's list is empty.",
        edits=(Edit(WORKER1, MEMBERS, ""),),
        rule="WKA104", file=WORKER1, marker="<members>", alone=("worker1",), unrouted=("worker1",),
    ),
    Variant(
        name="shorter-list",
        why="worker3 lists the ELB only, its peers the manager too.",
        edits=(Edit(WORKER3, MANAGER_MEMBER, ""),),
        rule="WKA104", file=WORKER3, marker="<members>",
    ),
    Variant(
        name="stranger-in-list",
        why="worker1 lists a server that is none of these.",
        edits=(Edit(WORKER1, MANAGER_ENTRY, "<hostName>192.168.1.77</hostName>"),),
        rule="WKA104", file=WORKER1, marker="192.168.1.77",
    ),
    Variant(
        name="domain-differs",
        why="worker1 is in the domain of the Application Server.",
        edits=(Edit(WORKER1, ">wso2.esb.domain<", ">wso2.as.domain<"),),
        rule="WKA105", file=WORKER1, marker='"domain"', states={"worker1": "starting"}, unrouted=("worker1",),
    ),
    Variant(
        name="domain-with-blank",
        why="A blank behind the domain: the one parameter that is not trimmed.",
        edits=(Edit(WORKER1, ">wso2.esb.domain<", ">wso2.esb.domain <"),),
        rule="WKA105", file=WORKER1, marker='"domain"', states={"worker1": "starting"}, unrouted=("worker1",),
    ),
    Variant(
        name="unknown-host",
        why="A letter is wrong in the manager's name: clustering does not start.",
        edits=(Edit(WORKER1, MANAGER_ENTRY, "<hostName>mrg.esb.wso2.com</hostName>"),),
        rule="WKA106", file=WORKER1, marker="mrg.esb", states={"worker1": "failed"}, unrouted=("worker1",),
    ),
    Variant(
        name="sub-domain-missing",
        why="worker1 has no sub-domain: a member without requests. The right line is in a comment.",
        edits=(Edit(WORKER1, SUB_DOMAIN, '            <!--property name="subDomain" value="worker"/-->\n'),),
        rule="WKA107", file=WORKER1, marker='<parameter name="properties">', unrouted=("worker1",),
    ),
    Variant(
        name="sub-domain-misspelt",
        why="worker1 is a wroker.",
        edits=(Edit(WORKER1, 'value="worker"', 'value="wroker"'),),
        rule="WKA107", file=WORKER1, marker="wroker", unrouted=("worker1",),
    ),
    Variant(
        name="sub-domain-misplaced",
        why="The property stands outside the parameter properties and is ignored.",
        edits=(Edit(WORKER1, PROPERTIES, '        <property name="subDomain" value="worker"/>\n'),),
        rule="WKA107", file=WORKER1, marker='name="subDomain"', unrouted=("worker1",),
    ),
    Variant(
        name="no-http-ports",
        why="worker1 has no HTTP and HTTPS listeners.",
        edits=(Edit(WORKER1, '<parameter name="port">8280', '<parameter name="port">-1'),
               Edit(WORKER1, '<parameter name="port">8243', '<parameter name="port">-1')),
        rule="WKA108", file=WORKER1, unserved=("worker1",),
    ),
    Variant(
        name="port-mapping-without-offset",
        why="worker3 maps the ELB's port to 8280 and listens on 8281, because of its offset.",
        edits=(
            Edit(WORKER3, SUB_DOMAIN, SUB_DOMAIN + '            <property name="port.mapping.8280" value="8280"/>\n'),
        ),
        rule="WKA108", file=WORKER3, marker="port.mapping", unserved=("worker3",),
    ),
    Variant(
        name="worker-first",
        why="worker1 is started before everybody that it lists.",
        edits=(Edit("cluster.yaml", "start: [elb, manager, worker1,", "start:\n  - worker1\n  - elb\n  - manager\n  -"),
               Edit("cluster.yaml", "- worker2, worker3]", "- worker2\n  - worker3")),
        rule="WKA109", file="cluster.yaml", marker="worker1", lacking={"worker1": ("worker2",)},
    ),
    Variant(
        name="balancer-manages-another-domain",
        why="A letter is wrong in both blocks of loadbalancer.conf.",
        edits=(Edit(BALANCER, "wso2.esb.domain {", "wso2.esb.domian {"),) * 2,
        rule="WKA110", file=BALANCER, marker="wso2.esb.domian", unrouted=("manager", "worker1", "worker2", "worker3"),
    ),
    Variant(
        name="drop-time-without-effect",
        why="Somebody wants failures noticed sooner; the parameter is that of multicast.",
        edits=(Edit(WORKER1, HOST, f'<parameter name="memberDropTime">500</parameter>\n        {HOST}'),),
        rule="WKA111", file=WORKER1, marker="memberDropTime",
    ),
    Variant(
        name="no-member-port",
        why="worker1 takes any port from 4000 on.",
        edits=(Edit(WORKER1, '        <parameter name="localMemberPort">4000</parameter>\n', ""),),
        rule="WKA112", file=WORKER1, marker="<clustering",
    ),
    Variant(
        name="two-islands",
        why="worker1 and worker3 list each other and nobody else.",
        edits=(
            Edit(WORKER1, MEMBERS, entry("192.168.1.132", 4001)),
            Edit(WORKER3, MEMBERS, entry("192.168.1.132", 4000)),
        ),
        rule="WKA113", file=WORKER1, marker="<members>",
        lacking={"worker1": ("elb", "manager", "worker2"), "elb": ("worker1", "worker3")},
        unrouted=("worker1", "worker3"),
    ),
    Variant(
        name="one-well-known-member",
        why="Everybody lists the ELB and nobody else.",
        edits=tuple(Edit(axis2(node), MANAGER_MEMBER, "") for node in ("elb", "worker1", "worker2", "worker3")),
        rule="WKA114", file=MANAGER, marker="<members>",
    ),
    Variant(
        name="no-node-manager",
        why="worker1 does not ask for the configuration.",
        edits=(Edit(WORKER1, 'DefaultNodeManager" enable="true"', 'DefaultNodeManager" enable="false"'),),
        rule="WKA115", file=WORKER1, marker="nodeManager",
    ),
    Variant(
        name="clustering-off",
        why="worker1 is as shipped: clustering is off.",
        edits=(Edit(WORKER1, CLUSTERING, 'enable="false">'),),
        rule="WKA116", file=WORKER1, marker="<clustering", left_out=("worker1",),
    ),
    Variant(
        name="parameter-twice",
        why="A new domain was added and the old one left in place, behind it. It wins, and is the same.",
        edits=(Edit(WORKER1, HOST, f'<parameter name="membershipScheme">wka</parameter>\n        {HOST}'),),
        rule="WKA116", file=WORKER1, marker="membershipScheme", marker_number=2,
    ),
    Variant(
        name="clustering-in-comment",
        why="The whole section is in a comment.",
        edits=(
            Edit(WORKER1, "    <clustering class", "    <!--clustering class"),
            Edit(WORKER1, "</clustering>", "</clustering-->"),
        ),
        rule="WKA116", file=WORKER1, marker="<!--", left_out=("worker1",),
    ),
    Variant(
        name="placeholder-in-list",
        why="The system property elb.host is given nowhere.",
        edits=(Edit(WORKER1, ELB_ENTRY, "<hostName>${elb.host}</hostName>"),),
        rule="WKA117", file=WORKER1, marker="${elb.host}", states={"worker1": "failed"}, unrouted=("worker1",),
    ),
    Variant(
        name="template-not-rendered",
        why="worker1's carbon.xml is still the template.",
        edits=(Edit(carbon("worker1"), "<Offset>0</Offset>", "<Offset>{{ port_offset }}</Offset>"),),
        rule="WKA117", file=carbon("worker1"), marker="{{ port_offset }}",
    ),
    Variant(
        name="offset-added-to-cluster-port",
        why="worker1 believes that the manager's offset 1 moves its cluster port 4001 to 4002.",
        edits=(
            Edit(WORKER1, "<port>4001</port>", "<port>4002</port>"),
            Edit(WORKER2, '"localMemberPort">4002', '"localMemberPort">4003'),
        ),
        rule="WKA118", file=WORKER1, marker="<port>4002",
    ),
    Variant(
        name="worker-before-manager",
        why="worker1 is started when only the ELB is up.",
        edits=(Edit("cluster.yaml", "start: [elb, manager, worker1, worker2, worker3]",
                    "start:\n  - elb\n  - worker1\n  - manager\n  - worker2\n  - worker3"),),
        rule="WKA119", file="cluster.yaml", marker="worker1",
    ),
    Variant(
        name="worker-without-flag",
        why="worker1 is started without -DworkerNode=true.",
        edits=(Edit("worker1/bin/start.sh", " -DworkerNode=true", ""),),
        rule="WKA119", file="worker1/bin/start.sh", marker="wso2server.sh",
    ),
    Variant(
        name="hazelcast-parameter",
        why="A parameter of Hazelcast in a section of Tribes.",
        edits=(Edit(WORKER1, HOST, f'<parameter name="licenseKey">xxx</parameter>\n        {HOST}'),),
        rule="WKA120", file=WORKER1, marker="licenseKey",
    ),
    Variant(
        name="embedded-database",
        why="worker1 kept the embedded database that products ship with.",
        edits=(Edit(f"worker1/{SOURCES}", DATABASE, "jdbc:h2:repository/database/WSO2CARBON_DB"),),
        rule="WKA121", file=f"worker1/{SOURCES}", marker="<url>",
    ),
    Variant(
        name="same-offset",
        why="worker3 runs beside worker1 and has its offset.",
        edits=(Edit(carbon("worker3"), "<Offset>1</Offset>", "<Offset>0</Offset>"),),
        rule="WKA122", file=carbon("worker3"), marker="<Offset>", unserved=("worker3",),
    ),
    Variant(
        name="list-left-out",
        why="worker1 lists nobody; the manager, which lists it, finds it and tells nobody.",
        edits=(Edit(WORKER1, MEMBERS, ""), Edit(MANAGER, ELB_MEMBER, ELB_MEMBER + entry("192.168.1.132", 4000))),
        rule="WKA123", file=WORKER1, marker="<members>", lacking={"elb": ("worker1",)}, unrouted=("worker1",),
    ),
    Variant(
        name="not-well-formed",
        why="An end tag is missing in worker1's carbon.xml.",
        edits=(Edit(carbon("worker1"), "    </Ports>\n", ""),),
        rule="WKA130", file=carbon("worker1"), marker="</Server>",
    ),
    Variant(
        name="port-is-no-number",
        why="A letter in worker1's port.",
        edits=(Edit(WORKER1, '"localMemberPort">4000', '"localMemberPort">4000a'),),
        rule="WKA131", file=WORKER1, marker="localMemberPort",
    ),
)  # fmt: skip


def files_of(variant: Variant) -> dict[str, str]:
    """All files of a variant."""
    files = generate(plan())
    for edit in variant.edits:
        if not edit.old:
            assert edit.new is not None
            files[edit.file] = edit.new
            continue
        at = -1
        for _ in range(edit.number):
            at = files[edit.file].find(edit.old, at + 1)
            assert at >= 0, f"{variant.name}: {edit.old!r} is not in {edit.file}"
        text = files[edit.file]
        files[edit.file] = text[:at] + (edit.new or "") + text[at + len(edit.old) :]
    files["README.md"] = f"# {variant.name}\n\n{variant.why} Rule: {variant.rule}.\n"
    return files


def all_folders() -> dict[str, dict[str, str]]:
    """Every folder with its files."""
    return {"guide": generate(plan()), **{variant.name: files_of(variant) for variant in VARIANTS}}


def write() -> None:
    for name, files in all_folders().items():
        shutil.rmtree(CONFIGS / name, ignore_errors=True)
        for path, text in files.items():
            target = CONFIGS / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


if __name__ == "__main__" and "--write" in sys.argv:
    write()
