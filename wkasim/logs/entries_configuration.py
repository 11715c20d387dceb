"""Log lines before clustering begins: what axis2.xml switches on, and the database that a node needs."""

from __future__ import annotations

from typing import Final

from wkasim.logs.entry import SINCE_1_6, SINCE_1_7, Entry, Visibility

__all__ = ["CONFIGURATION", "DATABASE"]

_BUILDER = "org.apache.axis2.deployment.ClusterBuilder"
_AGENT = "org.apache.axis2.clustering.tribes.TribesClusteringAgent"
_SOURCES = "org.wso2.carbon.ndatasource.core.DataSourceRepository"
_ELB_FILE = Visibility.ELB_CONSOLE_CARBON_FILE

# A line's facts stay together: event, level and class, template, meaning.
# fmt: off
CONFIGURATION: Final = (
    Entry(
        "clustering_enabled", "INFO", _BUILDER, "Clustering has been enabled",
        "axis2.xml has a clustering section that is switched on. Without this line the node never "
        "joins anything.",
        visibility=_ELB_FILE,
    ),
    Entry(
        "clustering_disabled", "INFO", _BUILDER, "Clustering has been disabled",
        "The clustering section of axis2.xml says enable=\"false\": this node stays alone.",
        visibility=_ELB_FILE,
    ),
    Entry(
        "group_management_mode", "INFO", _BUILDER, "Running in group management mode",
        "The node manages groups of other nodes: it is a load balancer.",
        SINCE_1_6, _ELB_FILE,
    ),
    Entry(
        "application_mode", "INFO", _BUILDER, "Running in application mode",
        "The node is an ordinary member, a manager or a worker; it manages no groups.",
        SINCE_1_6, _ELB_FILE,
    ),
    Entry(
        "configuration_management", "INFO", _BUILDER,
        "Clustering configuration management has been {enabled}",
        "Says whether the node fetches the configuration of a running member when it starts.",
        SINCE_1_6, _ELB_FILE,
    ),
    Entry(
        "state_management", "INFO", _BUILDER, "Clustering state management has been {enabled}",
        "Says whether the node fetches and replicates session state.",
        SINCE_1_6, _ELB_FILE,
    ),
    Entry(
        "group_agent_failed", "ERROR", _BUILDER,
        "Could not instantiate GroupManagementAgent {agent_class} for domain {domain}",
        "The class that axis2.xml names for a managed group cannot be created; the group is not managed.",
        SINCE_1_6, _ELB_FILE,
    ),
    Entry(
        "managing_domain_without_sub_domain", "INFO", _AGENT,
        "Managing group application domain {domain} using agent class {agent_class}",
        "The load balancer will keep a list of the members of this domain. This version knows no "
        "sub-domains.",
        ("axis2-1.6",),
    ),
    Entry(
        "managing_domain", "INFO", _AGENT,
        "Managing group application domain:{domain}, sub-domain:{sub_domain} using agent class {agent_class}",
        "The load balancer will keep a list of the members of this domain and sub-domain and send them "
        "requests. __$default stands for members that name no sub-domain.",
        SINCE_1_7,
    ),
    Entry(
        "group_agent_reset", "INFO", _AGENT,
        "Resetting group management agent of cluster domain {domain} and sub domain {sub_domain}",
        "Somebody asked the load balancer to forget what it knows of this group.",
        ("wso2-1.6.1",),
    ),
    Entry(
        "dynamic_endpoint_initialized", "INFO", "org.apache.synapse.endpoints.DynamicLoadbalanceEndpoint",
        "Dynamic load balance endpoint initialized",
        "The part of the ELB that forwards requests to a changing set of members is ready.",
        visibility=Visibility.ELB_CONSOLE,
    ),
    Entry(
        "tenant_endpoint_initialized", "INFO",
        "org.wso2.carbon.lb.endpoint.endpoint.TenantAwareLoadBalanceEndpoint",
        "Tenant Aware Load Balance Endpoint is initialized.",
        "The ELB has read loadbalancer.conf and has a group agent for every domain in it.",
        visibility=Visibility.ELB_CONSOLE,
    ),
)

DATABASE: Final = (
    Entry(
        "database_unreachable", "ERROR", _SOURCES,
        "Cannot connect to the database {url} : {reason}",
        "Nobody answers at the address of the central database, so the node cannot start. "
        "Start the database, or mend the URL in master-datasources.xml.",
        SINCE_1_6,
    ),
    Entry(
        "database_host_unknown", "ERROR", _SOURCES,
        "Unknown database host {host}",
        "The host name in the database URL does not resolve on this machine; it is missing in /etc/hosts.",
        SINCE_1_6,
    ),
    Entry(
        "database_access_denied", "ERROR", _SOURCES,
        "Access denied for user '{user}' to the database {url}",
        "The database answers but refuses user or password of master-datasources.xml.",
        SINCE_1_6,
    ),
    Entry(
        "database_tables_missing", "ERROR", "org.wso2.carbon.user.core.util.DatabaseUtil",
        "Table {table} does not exist in the database",
        "The database is empty: nobody has created the tables yet. Start the manager once with "
        "-Dsetup first.",
        SINCE_1_6,
    ),
    Entry(
        "database_driver_missing", "ERROR", "org.wso2.carbon.ndatasource.rdbms.RDBMSDataSource",
        "Cannot load the JDBC driver class {driver}",
        "The jar with the database driver is not in repository/components/lib.",
        SINCE_1_6,
    ),
    Entry(
        "database_created", "INFO", "org.wso2.carbon.utils.dbcreator.DatabaseCreator",
        "Tables created in the database {url}",
        "The node was started with -Dsetup and has created the tables that all nodes share.",
        SINCE_1_6,
    ),
)
