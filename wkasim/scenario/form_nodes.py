"""How nodes, their groups, and the names of things are written in a scenario file."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from wkasim.node.config import DEFAULT_SUB_DOMAIN, Group, NodeConfig, Route
from wkasim.scenario.records import Field, Record
from wkasim.scenario.shapes import Choice, Duration, Flag, ListOf, MapOf, OneOrMany, OrNone, Plain, Schema, Text, Whole
from wkasim.scenario.written import BadValueError, Problems, Written

__all__ = ["ADDED_NODE_FORM", "HOST", "MEMBER", "NODE", "NODE_FORM", "PLACE", "PORT", "Nodes"]

PORT: Final = Whole(1, 65535, "a port")
NODE: Final = Text("a node's name", refers="node")
PLACE: Final = Text("a node, a host name or an address", refers="place")
HOST: Final = Text("a host name or an address", refers="host")
MEMBER: Final = Text("a node's name or an address such as 127.1.0.206:4000", refers="member")

_NAME_PATTERN: Final = r"[A-Za-z][A-Za-z0-9_-]{0,62}"
_HOST_PATTERN: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}"
_TENANT_PATTERN: Final = r"\*|[0-9]{1,9}(-[0-9]{1,9})?"
_NAME: Final = Text("a node's name: a letter, then letters, digits, - and _", _NAME_PATTERN)
_PROPERTY: Final = Text("the value of a property", numbers=True, may_be_empty=True)


@frozen
class HostPort:
    """A well-known member: ``host:port``."""

    def read(self, written: Written, problems: Problems) -> tuple[str, int]:
        """Host and port; raises BadValueError."""
        host, _, port = str(written.value).rpartition(":")
        good = re.fullmatch(r"\S+", host) and re.fullmatch(r"[0-9]{1,6}", port)
        if not isinstance(written.value, str) or not good:
            raise problems.refuse(written.line, f"{written.kind()} is no well-known member; write host:port")
        return host, PORT.read(Written(int(port), written.line), problems)

    def write(self, value: tuple[str, int]) -> Plain:
        """``host:port``"""
        return f"{value[0]}:{value[1]}"

    def schema(self) -> Schema:
        """A text with a colon."""
        return {"type": "string", "pattern": r"^\S+:[0-9]{1,5}$"}


def _check_node(config: NodeConfig, written: Written, problems: Problems) -> None:
    for key in ("http_port", "https_port"):
        port = getattr(config, key)
        if port is not None and port + config.port_offset > 65535:
            moved = f"{key} {port} with port_offset {config.port_offset} is {port + config.port_offset}"
            line = written.key_lines.get(key, written.line)
            raise problems.refuse(line, f"{moved}, out of range: a port goes from 1 to 65535")
    if config.bind_port is not None and config.port is None:
        line = written.key_lines.get("bind_port", written.line)
        raise problems.refuse(line, "bind_port needs a port; without one the real node dies of a null pointer")


_GROUP: Final = Record(
    Group,
    "a managed group",
    (
        Field("domain", Text("a domain"), "The domain whose members are load-balanced."),
        Field("sub_domain", Text("a sub-domain"), f"Its part, worker or mgt; {DEFAULT_SUB_DOMAIN} if it has none."),
    ),
    short="domain",
)

_ROUTE: Final = Record(
    Route,
    "a route",
    (
        Field("hosts", OneOrMany(Text("a host name", _HOST_PATTERN)), "Host names of requests; names below count too."),
        Field("domain", Text("a domain"), "Whose members get them."),
        Field("sub_domain", Text("a sub-domain"), f"Which part of the domain; {DEFAULT_SUB_DOMAIN} if it has none."),
        Field("tenant_range", Text("*, n or a-b", _TENANT_PATTERN, numbers=True), "For which tenants; * for the rest."),
    ),
)

_FIELDS: Final = (
    Field("role", Choice(("elb", "manager", "worker"), "role"), "Load balancer, manager or worker."),
    Field("host", Text("a host name or an address"), "The node's host: a name of the hosts table, or an address."),
    Field("port", OrNone(PORT, "auto"), "localMemberPort; auto leaves it to the probe, which begins at 4000."),
    Field("bind_port", PORT, "localMemberBindPort; with it port is advertised without a probe."),
    Field("domain", Text("a domain"), "The membership domain."),
    Field("sub_domain", Text("a sub-domain"), "The member property subDomain: worker, mgt or none."),
    Field("well_known_members", ListOf(HostPort()), "The members section of axis2.xml, in order, each host:port."),
    Field("groups", ListOf(_GROUP), "What a load balancer manages."),
    Field("routes", ListOf(_ROUTE), "Which requests a load balancer gives to whom: loadbalancer.conf."),
    Field("session_timeout", Duration(), "How long a session may be idle at a load balancer.", "session_timeout_s"),
    Field("http_port", PORT, "HTTP port in the transport's configuration; port_offset is added."),
    Field("https_port", PORT, "HTTPS port in the transport's configuration; port_offset is added."),
    Field("port_offset", Whole(0, 65535, "an offset"), "Ports/Offset of carbon.xml; moves no cluster port."),
    Field("open_http", Choice(("before", "after", "never")), "HTTP ports accept before or after clustering, or never."),
    Field("properties", MapOf(_PROPERTY), "More member properties, such as remoteHost."),
    Field("node_manager", Flag(), "Whether it asks a member for its configuration after joining."),
    Field("state_manager", Flag(), "Whether it asks a member for its state after joining."),
    Field(
        "uses_database",
        Flag(),
        "Whether it needs the database in order to start; all but load balancers do unless this says otherwise.",
        depends=lambda values: values["role"] != "elb",
    ),
    Field("setup", Flag(), "-Dsetup: creates the tables of the database."),
    Field(
        "worker",
        Flag(),
        "-DworkerNode=true; workers are started so unless this says otherwise.",
        depends=lambda values: values["role"] == "worker",
    ),
    Field("driver_present", Flag(), "Whether the JDBC driver is in repository/components/lib."),
    Field("privileged", Flag(), "Whether it may open ports below 1024."),
    Field(
        "start_delay", Duration(), "From its start to its first line; without it drawn like a JVM's.", "start_delay_s"
    ),
)

NODE_FORM: Final = Record(NodeConfig, "a node", _FIELDS, check=_check_node, meaning="One node of the cluster.")
"""A node whose name stands elsewhere."""

ADDED_NODE_FORM: Final = Record(
    NodeConfig, "a node", (Field("name", _NAME, "The node's name."), *_FIELDS), check=_check_node
)
"""A node with its name."""


@frozen
class Nodes:
    """The nodes, each under its name, in order."""

    def read(self, written: Written, problems: Problems) -> tuple[NodeConfig, ...]:
        """The nodes; raises BadValueError."""
        if not isinstance(written.value, dict) or not written.value:
            raise problems.refuse(written.line, "nodes is a mapping from names to nodes; at least one is needed")
        made: list[NodeConfig] = []
        bad = False
        for name, item in written.value.items():
            try:
                _NAME.read(Written(name, written.key_lines[name]), problems)
                if not isinstance(item.value, dict):
                    wrong = f"{item.kind()} is not a node"
                    raise problems.refuse(item.line, f"{wrong}; write a mapping with role, host, port and so on")
                made.append(NODE_FORM.read_keys(item, problems, name=name))
            except BadValueError:
                bad = True
        if bad:
            raise BadValueError
        return tuple(made)

    def write(self, value: tuple[NodeConfig, ...]) -> Plain:
        """The nodes under their names."""
        return {node.name: NODE_FORM.write_keys(node) for node in value}

    def schema(self) -> Schema:
        """A mapping of nodes."""
        return {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^{_NAME_PATTERN}$"},
            "additionalProperties": {"$ref": "#/$defs/node"},
        }
