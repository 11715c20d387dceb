"""Log lines of the ELB while it forwards requests and while it reads loadbalancer.conf."""

from __future__ import annotations

from typing import Final

from wkasim.logs.entry import SINCE_1_7, Entry, Visibility

__all__ = ["BALANCER"]

_ENDPOINT = "org.wso2.carbon.lb.endpoint.endpoint.TenantAwareLoadBalanceEndpoint"
_CONFIGURATION = "org.wso2.carbon.lb.common.conf.LoadBalancerConfiguration"
_ELB = Visibility.ELB_CONSOLE

# A line's facts stay together: event, level and class, template, meaning.
# fmt: off
BALANCER: Final = (
    Entry(
        "invalid_host_name", "ERROR", _ENDPOINT, "Invalid host name : {host}",
        "A request named a host that no service of loadbalancer.conf lists.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "no_application_members", "ERROR", _ENDPOINT, "No application members available",
        "The group that should serve a request is empty: nobody has joined its application cluster.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "member_suspended", "INFO", _ENDPOINT,
        "Suspended member {axis2} for 10s due to connection failure to that member",
        "A member did not accept a request; it gets none for ten seconds.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "failed_over", "INFO", _ENDPOINT, "Failed over to {axis2}",
        "The request that failed is given to this member instead.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "no_members_for_host", "ERROR", _ENDPOINT,
        "No application members available having host name : {host} and tenant id : {tenant}",
        "All members of the group are suspended or gone; the request fails.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "request_error", "ERROR", _ENDPOINT,
        "Error sending request! Connection to host {host} might be closed. Error code: {code}",
        "The connection broke after part of the request had been sent, so it cannot be given to "
        "another member.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "balancer_configuration_failed", "ERROR", _ENDPOINT,
        "Failed while reading Load Balancer configuration",
        "loadbalancer.conf cannot be used; the lines before say why.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "no_group_agent", "ERROR", "org.wso2.carbon.lb.endpoint.TenantLoadBalanceMembershipHandler",
        "No Group Management Agent found for the domain: {domain}, subDomain: {sub_domain}, host: {host} "
        "and for tenant: {tenant}",
        "loadbalancer.conf sends this host to a domain and sub-domain that the ELB does not manage.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "group_agent_added", "INFO", "org.wso2.carbon.lb.endpoint.group.mgt.GroupMgtAgentBuilder",
        "Group management agent added to cluster domain: {domain} and sub domain: {sub_domain}",
        "The ELB manages one more group, added while it runs.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "send_mediator_failed", "FATAL",
        "org.wso2.carbon.lb.endpoint.internal.LoadBalanceEndpointServiceComponent",
        "Failed to register Tenant Aware Load Balance Endpoint in Send Mediator.",
        "The ELB's main sequence has no send mediator, so it can forward nothing.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "conf_services_missing", "ERROR", _CONFIGURATION,
        "Mandatory services element can not be found in the configuration file.",
        "loadbalancer.conf has no services block.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "conf_domain_missing", "ERROR", _CONFIGURATION,
        "No domain is specified under domains of {service} element.",
        "A service of loadbalancer.conf has an empty domains block.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "conf_hosts_duplicated", "ERROR", _CONFIGURATION,
        "Duplicated host names detected for different service domains.\nElement: \n{element}",
        "Two services of loadbalancer.conf claim the same host name.",
        SINCE_1_7, _ELB,
    ),
    Entry(
        "conf_unreadable", "ERROR", _CONFIGURATION, "Cannot read configuration file from {url}",
        "loadbalancer.conf does not exist or cannot be read.",
        SINCE_1_7, _ELB,
    ),
)
