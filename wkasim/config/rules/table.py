"""The rules in words. The pages in docs/rules/ are made from this table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wkasim.config.rules.finding import Consequence, Rule

__all__ = [
    "BY_MULTICAST",
    "ENTRY_TO_NOBODY",
    "IGNORED",
    "NAME_OF_NO_MEMBER",
    "NOBODY_IN_BLOCK",
    "NOT_TRIBES",
    "NO_DOMAIN_MANAGED",
    "OF_IPV6",
    "OWN_MACHINE",
    "RULES",
    "SHORTER_LIST",
    "STOCK_DOMAIN",
    "UNKNOWN_SCHEME",
]

_PORT: Final = '<parameter name="localMemberPort">4000</parameter>'
_NO_MEMBERS: Final = "INFO - TribesUtil No members in current cluster"
_UNREACHABLE: Final = "INFO - WkaBasedMembershipScheme Could not connect to member {host}:{port}({domain})"
_STATIC: Final = "INFO - WkaBasedMembershipScheme Added static member {host}:{port}({domain})"
_JOIN: Final = "INFO - WkaBasedMembershipScheme Sending JOIN message to WKA members..."
_RECEIVED_JOIN: Final = "INFO - RpcMembershipRequestHandler Received JOIN message from {member}"
_ADMITTED: Final = "INFO - DefaultGroupManagementAgent Application member {member} joined application cluster"
_NO_ANSWER: Final = "INFO - WkaBasedMembershipScheme No responses received from WKA members"
_LOOPBACK: Final = (
    "WARN - TribesClusteringAgent Local member advertising its IP address as 127.0.0.1. "
    "Remote members will not be able to connect to this member."
)
_INITIALIZING: Final = "INFO - TribesClusteringAgent Initializing cluster..."
_COMPLETED: Final = "INFO - TribesClusteringAgent Cluster initialization completed."


OWN_MACHINE: Final = Consequence(
    "The node looks for that member on its own machine, where it finds itself, another server, or nobody. The member "
    "that is meant is never asked.",
)
ENTRY_TO_NOBODY: Final = Consequence(
    "If nobody is there, the node goes by the other entries of its list; where none of them answers it starts alone, "
    "and in the profile wso2-1.6.1 it waits for ever.",
    (_UNREACHABLE,),
    (_STATIC,),
)
STOCK_DOMAIN: Final = Consequence("One wrong address in a list, and servers of two clusters join each other.")
BY_MULTICAST: Final = Consequence(
    "The node asks the network for its domain by multicast. It never looks for those that are found by lists, and "
    "they never find it.",
    ("INFO - TribesClusteringAgent Using multicast based membership management scheme",),
    (_JOIN,),
)
UNKNOWN_SCHEME: Final = Consequence(
    "The server refuses the scheme, and clustering does not start.",
    ("ERROR - TribesClusteringAgent Invalid membership scheme '{scheme}'. Supported schemes are multicast & wka",),
    (_COMPLETED,),
)
IGNORED: Final = Consequence("The server goes on without it, and says nothing.")
SHORTER_LIST: Final = Consequence("It works until those are down that the node does list.")
NO_DOMAIN_MANAGED: Final = Consequence("No member is admitted to load balancing, and no request is ever forwarded.")
NAME_OF_NO_MEMBER: Final = Consequence("Whoever uses the name does not find the machine; the members find each other.")
NOBODY_IN_BLOCK: Final = Consequence("Requests for the hosts of that block find no member and are refused.")
OF_IPV6: Final = Consequence("Nobody has seen what the real servers make of it.")
NOT_TRIBES: Final = Consequence(
    "Hazelcast finds its members by rules of its own, which wkasim does not know: nothing can be said about these "
    "nodes beyond their files.",
    missing=(_INITIALIZING,),
)


def _member(host: str, port: int | str) -> str:
    return f"<member><hostName>{host}</hostName><port>{port}</port></member>"


_RULES: Final = (
    Rule(
        id="WKA101",
        fault="F1",
        title="A loopback address is told to other machines",
        severity="error",
        why="An address that begins with 127, and 0.0.0.0, means the machine itself, on every machine. It gets into "
        "the file by copying a guide, or because the machine's hosts file maps its own name to 127.0.0.1.",
        happens="The others get its JOIN and answer to the address in it, which is their own machine. No answer "
        "arrives: the node sends JOIN every 15 seconds, for ever, and the others list an address where nobody is.",
        mend="Set localMemberHost to the address that the other machines use.",
        appear=(_LOOPBACK, _NO_ANSWER),
        missing=(_COMPLETED,),
        wrong='<parameter name="localMemberHost">127.0.0.1</parameter>',
        right='<parameter name="localMemberHost">192.168.1.132</parameter>',
        scenario="faults/f01-loopback-address",
    ),
    Rule(
        id="WKA102",
        fault="F2",
        title="Two servers of one machine want the same port",
        severity="error",
        why="The guide says that a port in use is incremented. The code tries 4000 instead, then 4001, and may end up "
        "advertising a port that belongs to somebody else.",
        happens="Whoever starts second gets another port, without a word about the one that was taken. The others "
        "still look for it on the port of the file, or take it for the server that really has that port.",
        mend="Give each server on a machine a localMemberPort of its own, and tell it to everybody who lists it.",
        appear=("INFO - WkaBasedMembershipScheme Receiver Server Socket bound to:/{another address}",),
        missing=("INFO - WkaBasedMembershipScheme Receiver Server Socket bound to:/{configured address}",),
        wrong=f"manager and worker2, both on 192.168.1.206: {_PORT}",
        right='worker2: <parameter name="localMemberPort">4002</parameter>',
        scenario="faults/f02-port-taken",
    ),
    Rule(
        id="WKA103",
        fault="F3",
        title="A listed address or port is not that of the node",
        severity="error",
        why="localMemberPort of one node and <port> in the lists of the others are written by hand, in different "
        "files. Products have shipped with 4100 here and 4000 there.",
        happens="Nobody listens where the list says. If no other well-known member answers, the node starts alone and "
        "logs nothing but success; in the profile wso2-1.6.1 it waits for ever.",
        mend="Write the same number in both places.",
        appear=(_UNREACHABLE,),
        missing=(_STATIC,),
        wrong='manager: <parameter name="localMemberPort">4001</parameter>, worker: '
        + _member("mgr.esb.wso2.com", 4000),
        right=f"worker: {_member('mgr.esb.wso2.com', 4001)}",
        scenario="faults/f03-wrong-port-listed",
    ),
    Rule(
        id="WKA104",
        fault="F4",
        title="A member list leads nowhere, or differs from that of its peers",
        severity="error",
        why="A node finds the cluster only through its own list. A list that is empty or names only the node itself, "
        "is no list, unless others list the node.",
        happens="A node with such a list sends no JOIN and finds nobody; it logs a healthy start. A list that is "
        "shorter than that of its peers works until the one node in it is down.",
        mend="List the same well-known members, two at least, on all nodes of one role.",
        appear=(_NO_MEMBERS, _COMPLETED),
        missing=(_JOIN,),
        wrong="<members></members>",
        right=f"<members>{_member('elb.wso2.com', 4000)}</members>",
        scenario="faults/f04-list-of-itself",
    ),
    Rule(
        id="WKA105",
        fault="F5",
        title="Domains differ",
        severity="error",
        why="Two nodes are in one cluster if their domains are equal, letter by letter. The domain is the one "
        "parameter from which the real code does not cut white space.",
        happens="The JOIN is never answered: the node sends it every 15 seconds, for ever. Its own log shows the "
        "others with its own domain, because that is what it assumes of them.",
        mend="Write the same domain on all nodes.",
        appear=(_JOIN, _NO_ANSWER),
        missing=(_COMPLETED, "INFO - RpcMembershipRequestHandler Received JOIN message from {member}"),
        wrong='<parameter name="domain">wso2.as.domain</parameter>',
        right='<parameter name="domain">wso2.esb.domain</parameter>',
        scenario="faults/f05-domains-differ",
    ),
    Rule(
        id="WKA106",
        fault="F6",
        title="A host name is in no hosts file, or leads elsewhere",
        severity="error",
        why="Names in member lists are resolved once, at the start, on the machine of the node.",
        happens="For a name in the member list, clustering does not start at all. Other names fail when they are used.",
        mend="Add the name to /etc/hosts of the machine, or write the address instead.",
        appear=("ERROR - WkaBasedMembershipScheme Could not add static member {host}:{port}",),
        missing=(_COMPLETED,),
        wrong=_member("egr.esb.wso2.com", 4001),
        right=_member("mgr.esb.wso2.com", 4001),
        scenario="faults/f06-unknown-host",
    ),
    Rule(
        id="WKA107",
        fault="F7",
        title="The sub-domain does not lead from the load balancer to the node",
        severity="error",
        why="The load balancer sends requests to those members whose property subDomain is the sub-domain of a block "
        "in "
        'loadbalancer.conf. The property counts only inside <parameter name="properties">.',
        happens="The node joins, everybody sees it, and it never gets a request.",
        mend='Write <property name="subDomain" value="worker"/> inside <parameter name="properties">, spelt as in '
        "loadbalancer.conf.",
        appear=(_RECEIVED_JOIN,),
        missing=(_ADMITTED,),
        wrong='<clustering ...> <property name="subDomain" value="worker"/>',
        right='<parameter name="properties"><property name="subDomain" value="worker"/></parameter>',
        scenario="faults/f07-sub-domain-missing",
    ),
    Rule(
        id="WKA108",
        fault="F8",
        title="The load balancer cannot reach the node's HTTP ports",
        severity="error",
        why="A member is admitted to load balancing when its HTTP and HTTPS ports accept a connection. The ports are "
        "those of the transports plus the offset; port.mapping may name others.",
        happens="After 30 seconds of trying the load balancer gives the member up, for good: it stays in the cluster "
        "and gets no request. A member that names no port at all is admitted by axis2-1.7, and gets them on port -1.",
        mend="Let port.mapping and the transports name ports on which the server really listens, offset included.",
        appear=("ERROR - DefaultGroupManagementAgent Could not add application member {member}",),
        missing=(_ADMITTED,),
        wrong='offset 1: <property name="port.mapping.8280" value="8280"/>',
        right='offset 1: <property name="port.mapping.8280" value="8281"/>',
        scenario="faults/f08-http-port-closed",
    ),
    Rule(
        id="WKA109",
        fault="F9",
        title="A node is started before any of its well-known members",
        severity="warning",
        why="A node tries its well-known members once, when it starts.",
        happens="Nobody answers: the node starts alone and never sends JOIN. Health checks find the others later, bit "
        "by bit, or not at all. In the profile wso2-1.6.1 it waits, without another word, until one of them is up; if "
        "they wait for each other, that is never.",
        mend="Start a well-known member first. With wso2-1.6.1 one node must list nobody but itself.",
        appear=(_UNREACHABLE, _NO_MEMBERS),
        missing=(_JOIN,),
        wrong="start: [worker1, elb, manager]",
        right="start: [elb, manager, worker1]",
        scenario="faults/f09-started-first",
    ),
    Rule(
        id="WKA110",
        fault="F10",
        title="The load balancer manages another domain than that of the nodes",
        severity="error",
        why="A JOIN is answered by nodes of the same domain and by a load balancer that manages this domain, by "
        "loadbalancer.conf or groupManagement.",
        happens="The load balancer knows a domain that nobody is in. A JOIN of the real domain is answered only if "
        "that is also the load balancer's own, and no request is ever forwarded.",
        mend="Write the domain of the nodes in loadbalancer.conf.",
        appear=("INFO - TribesClusteringAgent Managing group application domain:{domain}, sub-domain:{sub-domain}",),
        missing=("INFO - MembershipManager Application member {member} joined group {domain}", _ADMITTED),
        wrong="domains { wso2.esb.domian { ... } }",
        right="domains { wso2.esb.domain { ... } }",
        scenario="faults/f10-join-unanswered",
    ),
    Rule(
        id="WKA111",
        fault="F11",
        title="A setting of the failure detector has no effect",
        severity="note",
        why="memberDropTime, mcastFrequency and their kin belong to membership by multicast. With well-known members "
        "failures are found by a health check every 5 seconds that cannot be configured.",
        happens="Nothing changes: a node that is gone is noticed after up to 5 seconds, silent packet loss after more "
        "than 2 minutes.",
        mend="Leave the parameter at its shipped value or remove it; do not count on it.",
        appear=("INFO - TribesMembershipListener Member {member} left cluster",),
        wrong='<parameter name="memberDropTime">500</parameter>',
        right="(no such parameter)",
        scenario="faults/f11-leave-unnoticed",
    ),
    Rule(
        id="WKA112",
        fault="F12",
        title="The cluster port is left to chance",
        severity="warning",
        why="Without localMemberPort the port is searched for from 4000 at every start. Others remember a member for "
        "ever under the port that it had.",
        happens="After a restart the node may be on another port. Lists that name the old one reach nobody, or "
        "somebody else.",
        mend="Set localMemberPort.",
        appear=("INFO - WkaBasedMembershipScheme Receiver Server Socket bound to:/{address}",),
        wrong="(no localMemberPort)",
        right=_PORT,
        scenario="faults/f12-back-on-another-port",
    ),
    Rule(
        id="WKA113",
        fault="F13",
        title="The lists form two clusters that never meet",
        severity="error",
        why="Nodes of one domain find each other through common well-known members. Here they fall into groups of "
        "which none lists anybody of the other.",
        happens="Each group forms a cluster of its own, complete in its own eyes. Scheduled work is done twice.",
        mend="Let all nodes list the same well-known members.",
        appear=(_COMPLETED,),
        missing=("INFO - TribesMembershipListener New member {member} joined cluster.",),
        wrong="worker1 lists elb; worker3 lists worker4, worker4 lists worker3",
        right="all list elb and manager",
        scenario="faults/f13-split-and-healed",
    ),
    Rule(
        id="WKA114",
        fault="F14",
        title="There is only one well-known member",
        severity="warning",
        why="New members find the cluster through a well-known member that is up. Those that are in stay in contact.",
        happens="While the one well-known member is down, nobody can join: whoever is started then starts alone, or "
        "waits for ever with wso2-1.6.1.",
        mend="Make a second node well known: list it everywhere.",
        appear=(_UNREACHABLE, _NO_MEMBERS),
        missing=(_JOIN,),
        wrong=f"<members>{_member('elb.wso2.com', 4000)}</members>",
        right=f"<members>{_member('elb.wso2.com', 4000)}{_member('mgr.esb.wso2.com', 4001)}</members>",
        scenario="faults/f14-all-well-known-down",
    ),
    Rule(
        id="WKA115",
        fault="F15",
        title="Not all nodes ask for the configuration",
        severity="warning",
        why="A node with an enabled nodeManager asks a running member for its configuration after joining. The others "
        "of its domain do so, this one does not.",
        happens="The node joins, and runs with what it has on its own disk.",
        mend='Write <nodeManager class="..." enable="true"/> on all application nodes, or on none.',
        missing=(
            "INFO - TribesClusteringAgent Trying to send initialization request to {member}",
            "INFO - GetConfigurationResponseCommand Received configuration initialization message",
        ),
        wrong='<nodeManager class="..." enable="false"/>',
        right='<nodeManager class="..." enable="true"/>',
        scenario="faults/f15-configuration-unanswered",
    ),
    Rule(
        id="WKA116",
        fault="F16",
        title="Clustering is off, empty, or written twice",
        severity="error",
        why='enable="false" is how products are shipped; a self-closing section has no members; a section in a comment '
        "is none; of two sections the first one counts, of two equal parameters the last one.",
        happens="With clustering off or missing the server runs on its own and says so once, in a file. An empty "
        "section asks the network by multicast.",
        mend='Write one complete clustering section with enable="true", each parameter once.',
        appear=("INFO - ClusterBuilder Clustering has been disabled",),
        missing=(_INITIALIZING,),
        wrong='<clustering class="..." enable="false">',
        right='<clustering class="..." enable="true">',
    ),
    Rule(
        id="WKA117",
        fault="F17",
        title="A placeholder was never filled in",
        severity="error",
        why="Placeholders of a template tool mean nothing to the server. The server itself replaces ${name} only in "
        "hostName and port of members, and only one in each value.",
        happens="The literal text is used as name, number or domain: names do not resolve, numbers stop the start.",
        mend="Render the template, or define the system property at the start (-Dname=value).",
        appear=("ERROR - WkaBasedMembershipScheme Could not add static member {host}:{port}",),
        missing=(_COMPLETED,),
        wrong=_member("${elb.host}", 4000),
        right=_member("elb.wso2.com", 4000),
    ),
    Rule(
        id="WKA118",
        fault="F18",
        title="The port offset was applied to the cluster port",
        severity="error",
        why="Offset in carbon.xml moves the HTTP ports and many others, but not localMemberPort.",
        happens="The node listens on localMemberPort as written; the others look for it higher up.",
        mend="Use localMemberPort as it is written on the node, without the offset, in all lists.",
        appear=(_UNREACHABLE,),
        missing=(_STATIC,),
        wrong=f"manager: offset 1, {_PORT}; worker: {_member('mgr.esb.wso2.com', 4001)}",
        right=f"manager: offset 1, {_PORT}; worker: {_member('mgr.esb.wso2.com', 4000)}",
    ),
    Rule(
        id="WKA119",
        fault="F19",
        title="Workers and manager are started in the wrong way",
        severity="warning",
        why="The guide starts load balancer, manager, workers; the manager's first start creates the tables (-Dsetup), "
        "workers are started with -DworkerNode=true.",
        happens="A worker that is started before the manager, or without tables, fails or refuses artefacts. A worker "
        "without the flag writes to the registry like a manager.",
        mend="Start the manager first, with -Dsetup once, and the workers with -DworkerNode=true.",
        appear=("This node is a slave node as the configuration registry is in read-only mode",),
        wrong="start: [elb, worker1, manager]",
        right="start: [elb, manager, worker1]",
    ),
    Rule(
        id="WKA120",
        fault="F20",
        title="Another dialect than that of Tribes",
        severity="warning",
        why="Tribes (Axis2) and Hazelcast (Carbon 4.2 and later) read the same section with different parameters and "
        "cannot talk to each other. The dialect of 2008 had other names again.",
        happens="Parameters of the other dialect are ignored. Nodes with different agents never see each other.",
        mend="Use one agent class on all nodes and the parameters that belong to it.",
        missing=(_INITIALIZING,),
        wrong='class="...TribesClusteringAgent" with <parameter name="licenseKey">',
        right='class="...TribesClusteringAgent" without it',
    ),
    Rule(
        id="WKA121",
        fault="database",
        title="The nodes do not share one central database",
        severity="error",
        why="All nodes keep registry and users in one database; the shipped one is embedded and belongs to its node.",
        happens="Membership works. Users, roles and artefacts differ from node to node.",
        mend="Let WSO2_CARBON_DB of all nodes have the same URL, that of the central database.",
        wrong="<url>jdbc:h2:repository/database/WSO2CARBON_DB</url>",
        right="<url>jdbc:mysql://carbondb.mysql-wso2.com:3306/carbondb</url>",
    ),
    Rule(
        id="WKA122",
        fault="offset",
        title="Two servers of one machine have the same HTTP ports",
        severity="error",
        why="Servers on one machine need different offsets in carbon.xml.",
        happens="The second server cannot open its ports. It joins the cluster, and the load balancer sends its "
        "requests to the first one, or refuses it.",
        mend="Give each server on a machine an Offset of its own.",
        appear=("ERROR - DefaultGroupManagementAgent Could not add application member {member}",),
        missing=(_ADMITTED,),
        wrong="worker1 and worker3 on one machine: <Offset>0</Offset>",
        right="worker3: <Offset>1</Offset>",
    ),
    Rule(
        id="WKA123",
        fault="simulation",
        title="The simulated cluster does not come together",
        severity="error",
        why="Who finds whom follows from all lists and the order of the start together. A node whose list leads to "
        "nobody sends no JOIN: it is found by those that list it, and they tell nobody.",
        happens="The cluster works as the simulation says: some members never learn of others, or get no request.",
        mend="List the same well-known members, two at least, on all nodes of one role.",
        missing=(_JOIN,),
        wrong="manager lists elb and worker1; worker1: <members></members>",
        right=f"worker1: <members>{_member('elb.wso2.com', 4000)}{_member('mgr.esb.wso2.com', 4001)}</members>",
    ),
    Rule(
        id="WKA130",
        fault="reading",
        title="A file, or a part of it, cannot be read",
        severity="error",
        why="The server reads these files at its start and stops where they are damaged.",
        happens="The server does not start, or starts without what could not be read.",
        mend="Mend the line; the message says what the parser did not like.",
        missing=(_INITIALIZING,),
        wrong="<clustering> without its end",
        right="<clustering> ... </clustering>",
    ),
    Rule(
        id="WKA131",
        fault="reading",
        title="A value is not what it should be",
        severity="error",
        why="Ports are numbers from 1 to 65535; a member has a host name and a port.",
        happens="The server stops at the value, or goes on without it.",
        mend="Write a number, or the missing value.",
        appear=("ERROR - StartupFinalizerServiceComponent Cannot initialize cluster",),
        missing=(_COMPLETED,),
        wrong='<parameter name="localMemberPort">4000a</parameter>',
        right=_PORT,
    ),
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.id: rule for rule in _RULES})
"""Every rule by its id."""
