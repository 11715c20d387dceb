"""The guide as a generator: a complete, consistent set of configuration files for a cluster behind a load balancer.

The load balancer and the manager run on the first machine, as in the guide; workers are dealt out from the second
machine on. On each machine every server gets its own cluster port and its own offset.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from wkasim.errors import InputError

__all__ = ["Plan", "PlannedNode", "generate", "plan"]

_MACHINES: Final = (206, 132, 184)
_HTTP: Final = 8280
_HTTPS: Final = 8243
_MOST_MACHINES: Final = 100
_MOST_WORKERS: Final = 1000
_DATABASE: Final = "carbondb.mysql-wso2.com"
_TRANSPORTS: Final = "org.apache.synapse.transport.passthru"
_ELB_HOST: Final = "elb.wso2.com"


@frozen(kw_only=True)
class PlannedNode:
    """One server of the plan: where it runs and its numbers."""

    name: str
    role: str
    address: str
    port: int
    offset: int

    @property
    def http(self) -> int:
        """The HTTP port with the offset."""
        return _HTTP + self.offset

    @property
    def https(self) -> int:
        """The HTTPS port with the offset."""
        return _HTTPS + self.offset


@frozen(kw_only=True)
class Plan:
    """The cluster to be written; ``product`` is the short name in host names, esb."""

    domain: str
    nodes: tuple[PlannedNode, ...]
    product: str = field()

    def node(self, role: str) -> PlannedNode:
        """The first node of a role."""
        return next(node for node in self.nodes if node.role == role)

    @property
    def manager_host(self) -> str:
        """The manager's name."""
        return f"mgr.{self.product}.wso2.com"

    @property
    def worker_host(self) -> str:
        """The name under which clients reach the workers, through the load balancer."""
        return f"{self.product}.cloud-test.wso2.com"


def plan(hosts: int = 2, workers: int = 3, domain: str = "wso2.esb.domain") -> Plan:
    """Deal the servers out to the machines; raises InputError for numbers or a domain that make no sense."""
    problems = []
    if not 1 <= hosts <= _MOST_MACHINES:
        problems.append(f"{hosts} hosts: write a number from 1 to {_MOST_MACHINES}")
    if not 1 <= workers <= _MOST_WORKERS:
        problems.append(f"{workers} workers: write a number from 1 to {_MOST_WORKERS}")
    parts = domain.split(".")
    if not domain.isascii() or not all(part and part.replace("-", "").replace("_", "").isalnum() for part in parts):
        problems.append(f"domain {domain!r}: write words of letters and digits with dots between, as wso2.esb.domain")
    if problems:
        raise InputError(*problems)
    servers = [("elb", "elb", 0), ("manager", "manager", 0)]
    servers += [(f"worker{number}", "worker", number % hosts) for number in range(1, workers + 1)]
    used = [0] * hosts
    nodes = []
    for name, role, machine in servers:
        count = used[machine]
        used[machine] += 1
        offset = _offset(count)
        nodes.append(PlannedNode(name=name, role=role, address=_address(machine), port=4000 + count, offset=offset))
    return Plan(domain=domain, nodes=tuple(nodes), product=parts[1] if len(parts) > 1 else parts[0])


def generate(made: Plan) -> dict[str, str]:
    """All files by their paths below the directory of the cluster."""
    files = {"hosts": _hosts(made), "ports.md": _port_table(made), "cluster.yaml": _declaration(made)}
    for node in made.nodes:
        conf = f"{node.name}/repository/conf"
        files[f"{conf}/axis2/axis2.xml"] = _axis2(made, node)
        files[f"{conf}/carbon.xml"] = _carbon(made, node)
        if node.role == "elb":
            files[f"{conf}/loadbalancer.conf"] = _balancer(made)
        else:
            files[f"{conf}/datasources/master-datasources.xml"] = _datasources()
        files[f"{node.name}/bin/start.sh"] = _script(node)
    return files


def _offset(count: int) -> int:
    """The offset of a machine's server: so that nobody's HTTPS port is the HTTP port of somebody else."""
    apart = _HTTP - _HTTPS
    return count // apart * 2 * apart + count % apart


def _address(machine: int) -> str:
    # The guide's two machines, and the third that it mentions; further ones count up from 1.
    last = _MACHINES[machine] if machine < len(_MACHINES) else machine - len(_MACHINES) + 1
    return f"192.168.1.{last}"


def _hosts(made: Plan) -> str:
    elb, manager = made.node("elb").address, made.node("manager").address
    return (
        "# Append this to /etc/hosts on every machine.\n"
        "127.0.0.1       localhost\n"
        f"{elb:<15} {_ELB_HOST} {made.worker_host}\n"
        f"{manager:<15} {made.manager_host}\n"
        f"{manager:<15} {_DATABASE}\n"
    )


def _port_table(made: Plan) -> str:
    rows = "".join(
        f"| {node.name} | {node.address} | {node.port} | {node.offset} | {node.http} | {node.https} |\n"
        for node in made.nodes
    )
    return (
        "# Ports\n\nThe offset moves the HTTP ports and not the cluster port.\n\n"
        "| node | address | cluster port | offset | HTTP | HTTPS |\n| --- | --- | --- | --- | --- | --- |\n" + rows
    )


def _declaration(made: Plan) -> str:
    names = ", ".join(node.name for node in made.nodes)
    return f"# The order in which the guide starts the servers; wkasim doctor reads it.\nstart: [{names}]\n"


def _axis2(made: Plan, node: PlannedNode) -> str:
    sub_domain = {"elb": "", "manager": "mgt", "worker": "worker"}[node.role]
    properties = (
        '        <parameter name="properties">\n'
        f'            <property name="subDomain" value="{sub_domain}"/>\n'
        "        </parameter>\n"
        if sub_domain
        else ""
    )
    known = {
        "elb": [(made.manager_host, made.node("manager").port)],
        "manager": [(_ELB_HOST, made.node("elb").port)],
        "worker": [(_ELB_HOST, made.node("elb").port), (made.manager_host, made.node("manager").port)],
    }[node.role]
    members = "".join(
        "            <member>\n"
        f"                <hostName>{host}</hostName>\n"
        f"                <port>{port}</port>\n"
        "            </member>\n"
        for host, port in known
    )
    manager = (
        ""
        if node.role == "elb"
        else '        <nodeManager class="org.apache.axis2.clustering.management.DefaultNodeManager" enable="true"/>\n'
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<axisconfig name="AxisJava2.0">\n'
        f'    <transportReceiver name="http" class="{_TRANSPORTS}.PassThroughHttpListener">\n'
        f'        <parameter name="port">{_HTTP}</parameter>\n'
        "    </transportReceiver>\n"
        f'    <transportReceiver name="https" class="{_TRANSPORTS}.PassThroughHttpSSLListener">\n'
        f'        <parameter name="port">{_HTTPS}</parameter>\n'
        "    </transportReceiver>\n"
        '    <clustering class="org.apache.axis2.clustering.tribes.TribesClusteringAgent" enable="true">\n'
        '        <parameter name="AvoidInitiation">true</parameter>\n'
        '        <parameter name="membershipScheme">wka</parameter>\n'
        f'        <parameter name="domain">{made.domain}</parameter>\n'
        f'        <parameter name="localMemberHost">{node.address}</parameter>\n'
        f'        <parameter name="localMemberPort">{node.port}</parameter>\n'
        f"{properties}"
        "        <members>\n"
        f"{members}"
        "        </members>\n"
        f"{manager}"
        "    </clustering>\n"
        "</axisconfig>\n"
    )


def _carbon(made: Plan, node: PlannedNode) -> str:
    host = {"elb": _ELB_HOST, "manager": made.manager_host, "worker": made.worker_host}[node.role]
    product = "WSO2 Elastic Load Balancer" if node.role == "elb" else "WSO2 Enterprise Service Bus"
    management = f"    <MgtHostName>{made.manager_host}</MgtHostName>\n" if node.role != "elb" else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">\n'
        f"    <Name>{product}</Name>\n"
        f"    <HostName>{host}</HostName>\n"
        f"{management}"
        "    <Ports>\n"
        f"        <Offset>{node.offset}</Offset>\n"
        "    </Ports>\n"
        "</Server>\n"
    )


def _balancer(made: Plan) -> str:
    def block(hosts: str, sub_domain: str) -> str:
        return (
            f"            {made.domain} {{\n"
            f"                hosts               {hosts};\n"
            f"                sub_domain          {sub_domain};\n"
            "                tenant_range        *;\n"
            "            }\n"
        )

    return (
        "# Requests for the first name go to the manager, those for the second to the workers.\n"
        "loadbalancer {\n"
        "    instances           1;\n"
        "    fail_over           true;\n"
        "}\n"
        "services {\n"
        "    defaults {\n"
        "        min_app_instances       1;\n"
        "    }\n"
        f"    {made.product} {{\n"
        "        domains {\n" + block(made.manager_host, "mgt") + block(made.worker_host, "worker") + "        }\n"
        "    }\n"
        "}\n"
    )


def _datasources() -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<datasources-configuration>\n"
        "    <datasources>\n"
        "        <datasource>\n"
        "            <name>WSO2_CARBON_DB</name>\n"
        '            <definition type="RDBMS">\n'
        "                <configuration>\n"
        f"                    <url>jdbc:mysql://{_DATABASE}:3306/carbondb</url>\n"
        "                    <username>username</username>\n"
        "                    <password>password</password>\n"
        "                    <driverClassName>com.mysql.jdbc.Driver</driverClassName>\n"
        "                </configuration>\n"
        "            </definition>\n"
        "        </datasource>\n"
        "    </datasources>\n"
        "</datasources-configuration>\n"
    )


def _script(node: PlannedNode) -> str:
    flags = {
        "elb": " -Dloadbalancer.conf=file:repository/conf/loadbalancer.conf",
        "manager": " -Dsetup",
        "worker": " -DworkerNode=true",
    }[node.role]
    why = {
        "elb": "The load balancer is started first.",
        "manager": "-Dsetup creates the tables of the central database at the first start; leave it out afterwards.",
        "worker": "A worker is started after the manager.",
    }[node.role]
    return f'#!/bin/sh\n# {why}\nexec sh "$(dirname "$0")/wso2server.sh"{flags} "$@"\n'
