"""Log lines of a node's start, from its first clustering line to the last of the server, in their order."""

from __future__ import annotations

from typing import Final

from wkasim.logs.entry import SINCE_1_6, Entry, Visibility

__all__ = ["START"]

_AGENT = "org.apache.axis2.clustering.tribes.TribesClusteringAgent"
_OLD_AGENT = ("org.apache.axis2.clustering.tribes.TribesClusterManager",)
_SCHEME = "org.apache.axis2.clustering.tribes.WkaBasedMembershipScheme"
_UTIL = "org.apache.axis2.clustering.tribes.TribesUtil"
_CONTROL = "org.apache.axis2.clustering.control"
_FINALIZER = "org.wso2.carbon.core.internal.StartupFinalizerServiceComponent"
_RECEIVER = "org.apache.catalina.tribes.transport.ReceiverBase"
_COORDINATOR = "org.apache.catalina.tribes.group.interceptors.NonBlockingCoordinator"
_ELB_FILE = Visibility.ELB_CONSOLE_CARBON_FILE
_HIDDEN = Visibility.HIDDEN

# A line's facts stay together: event, level and class, template, meaning.
# fmt: off
START: Final = (
    Entry(
        "initializing_cluster", "INFO", _AGENT, "Initializing cluster...",
        "The node begins to look for its cluster. All other clustering lines follow this one.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "cluster_domain", "INFO", _AGENT, "Cluster domain: {domain}",
        "The name of the cluster that this node wants to belong to. "
        "Nodes whose domains differ by a single letter ignore each other.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "membership_scheme", "INFO", _AGENT, "Using {scheme} based membership management scheme",
        "How members are found: wka means a list of well-known addresses, multicast means asking "
        "the whole network.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "invalid_membership_scheme", "ERROR", _AGENT,
        "Invalid membership scheme '{scheme}'. Supported schemes are multicast & wka",
        "The parameter membershipScheme of axis2.xml holds an unknown word; clustering does not start.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "socket_bound", "INFO", _SCHEME, "Receiver Server Socket bound to:{address}",
        "A trial: the port was free and has been let go again. The address is the one that the node will "
        "advertise; if it is not the configured one, the configured port was taken.",
    ),
    Entry(
        "probe_failed", "ERROR", _SCHEME, "Unable to bind server socket to:null throwing error.",
        "Not one port of the whole range could be bound. Hardly ever seen.",
    ),
    Entry(
        "port_allocation_failed", "ERROR", _SCHEME,
        "Could not allocate the specified port or a port in the range 4000-{last} for local host {host}. "
        "Check whether the IP address specified or inferred for the local member is correct.",
        "No port could be bound on this address, most often because the address belongs to another machine: "
        "look at localMemberHost.",
    ),
    Entry(
        "local_address_failed", "ERROR", _SCHEME, "Could not get local IP address",
        "The machine's own address could not be found; set localMemberHost.",
    ),
    Entry(
        "bind_address_failed", "ERROR", _SCHEME, "Could not get local member bind address",
        "The parameter localMemberBindAddress does not resolve.",
        ("wso2-1.6.1",),
    ),
    Entry(
        "local_name_failed", "ERROR", _SCHEME, "Could not set the local member's name",
        "The parameter localMemberHost does not resolve.",
    ),
    Entry(
        "static_member_added", "INFO", _SCHEME, "Added static member {member}",
        "A well-known member of the configured list answered. Its domain is printed as this node's own, "
        "whatever it really is.",
    ),
    Entry(
        "static_member_unreachable", "INFO", _SCHEME, "Could not connect to member {member}",
        "A well-known member of the configured list did not answer: not started yet, another port, or a "
        "firewall. If none answers the node begins alone; wso2-1.6.1 waits for ever instead.",
    ),
    Entry(
        "static_member_error", "ERROR", _SCHEME, "Cannot connect to member {host}:{port}",
        "The attempt to reach a well-known member ended with an unusual error, such as no route to the host. "
        "Newer Java versions print it for every time-out.",
    ),
    Entry(
        "static_member_unresolved", "ERROR", _SCHEME, "Could not add static member {host}:{port}",
        "The host name of a well-known member does not resolve; clustering does not start. Look at "
        "/etc/hosts.",
    ),
    Entry(
        "receiver_bound", "INFO", _RECEIVER, "Receiver Server Socket bound to:{address}",
        "The port on which the node really listens. Where it differs from the trials before, "
        "others are told a wrong port.",
        visibility=_HIDDEN,
    ),
    Entry(
        "receiver_bind_failed", "INFO", _RECEIVER,
        "Unable to bind server socket to:{address} throwing error.",
        "A hundred ports in a row were taken.",
        visibility=_HIDDEN,
    ),
    Entry(
        "receiver_listening", "DEBUG", _RECEIVER, "Starting replication listener on address:{host}",
        "The receiver begins to listen on this address.",
        visibility=_HIDDEN,
    ),
    Entry(
        "receiver_start_failed", "FATAL", "org.apache.catalina.tribes.transport.nio.NioReceiver",
        "Unable to start cluster receiver",
        "The node cannot listen for other members; the start fails.",
        visibility=_ELB_FILE,
    ),
    Entry(
        "channel_start_failed", "ERROR", _AGENT, "Error starting Tribes channel",
        "Clustering could not be started; the line before says why.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "coordinator_view", "INFO", _COORDINATOR,
        "CoordinationEvent[type=12\n\tLocal:{local}\n\tCoord:{coordinator}\n\tView:{view}\n"
        "\tSuggested View:{suggested}\n\tMembers:{members}\n\tInfo:{info}]",
        "The members have agreed on who belongs to the cluster; the first of the view is the coordinator.",
        ("axis2-1.7", "wso2-1.6.1"), _HIDDEN,
    ),
    Entry(
        "loopback_advertised", "WARN", _AGENT,
        "Local member advertising its IP address as 127.0.0.1. "
        "Remote members will not be able to connect to this member.",
        "The node tells others to reach it at 127.0.0.1, which is each machine's own address. Set "
        "localMemberHost.",
        SINCE_1_6,
    ),
    Entry(
        "local_member", "INFO", _AGENT, "Local Member {member}",
        "The address, port and domain under which this node appears to everybody else.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "no_members", "INFO", _UTIL, "No members in current cluster",
        "Nobody else is known: normal for the first node, a sign of trouble for any other. "
        "A node that prints this never sends JOIN.",
    ),
    Entry(
        "members_header", "INFO", _UTIL, "Members of current cluster",
        "The list of members known so far follows.",
    ),
    Entry(
        "member_listed", "INFO", _UTIL, "Member{index} {member}",
        "One of the members known at this moment.",
    ),
    Entry(
        "sending_join", "INFO", _SCHEME, "Sending JOIN message to WKA members...",
        "The node introduces itself to all well-known members that answered, and waits up to ten seconds.",
    ),
    Entry(
        "no_join_response", "INFO", _SCHEME, "No responses received from WKA members",
        "No well-known member answered the JOIN, most often because its domain is another one. "
        "The node tries again every five seconds, for ever.",
        SINCE_1_6,
    ),
    Entry(
        "no_join_response_quiet", "DEBUG", _SCHEME, "No responses received",
        "No well-known member answered the JOIN; this old version tries again after half a second.",
        ("axis2-1.5",), _HIDDEN,
    ),
    Entry(
        "join_send_failed", "ERROR", _SCHEME,
        "Error occurred while trying to send JOIN request to WKA members",
        "The JOIN could not be sent, because a well-known member went away after it had been found.",
    ),
    Entry(
        "no_well_known_members", "WARN", _SCHEME, "There are no well-known members",
        "All well-known members went away before the JOIN; the node gives up joining.",
    ),
    Entry(
        "member_list_trying", "INFO", f"{_CONTROL}.wka.MemberListCommand", "Trying to add member {member}...",
        "A member list arrived from somebody; this is one of its entries.",
        quiet_profiles=("documented", "wso2-1.6.1"),
    ),
    Entry(
        "member_list_added", "INFO", f"{_CONTROL}.wka.MemberListCommand", "Added member {member}",
        "An entry of a member list was another node than this one. Printed also if it was known already.",
        quiet_profiles=("documented", "wso2-1.6.1"),
    ),
    Entry(
        "member_list_domain", "DEBUG", f"{_CONTROL}.wka.MemberListCommand",
        "MembershipManager#domain: {domain}",
        "The domain to which the entries of a member list are added.",
        visibility=_HIDDEN,
    ),
    Entry(
        "sending_initialization_request", "INFO", _AGENT, "Trying to send initialization request to {member}",
        "The node asks a member that is already running for its configuration.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "initialization_request_failed", "ERROR", _AGENT,
        "Cannot get initialization information from {member}. Will retry in 2 secs.",
        "The member that was asked for its configuration went away; another one is asked.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "configuration_received", "INFO", f"{_CONTROL}.GetConfigurationResponseCommand",
        "Received configuration initialization message",
        "The configuration of a running member has arrived.",
    ),
    Entry(
        "state_received", "INFO", f"{_CONTROL}.GetStateResponseCommand",
        "Received state initialization message",
        "The session state of a running member has arrived.",
    ),
    Entry(
        "cluster_initialized", "INFO", _AGENT, "Cluster initialization completed.",
        "The node's start-up is done. It says nothing about whether anybody else was found.",
        other_loggers=_OLD_AGENT,
    ),
    Entry(
        "cluster_not_initialized", "ERROR", _FINALIZER, "Cannot initialize cluster",
        "Clustering failed to start; the lines before say why. The server may run on, alone.",
    ),
    Entry(
        "server_name", "INFO", _FINALIZER, "Server           :  {name}-{version}",
        "Product and version.",
    ),
    Entry(
        "server_started", "INFO", _FINALIZER, "{name} started in {seconds} sec",
        "The whole server has started, not just its clustering.",
    ),
    Entry(
        "primary_channel_created", "DEBUG", _SCHEME, "Created primary membership channel {domain}",
        "The channel on which membership of this domain is negotiated exists.",
        visibility=_HIDDEN,
    ),
    Entry(
        "application_channel_created", "DEBUG", _SCHEME,
        "Created RPC Membership Channel for application domain {domain}",
        "The load balancer can now be asked to join this domain.",
        visibility=_HIDDEN,
    ),
    Entry(
        "messaging_channel_created", "DEBUG", _AGENT, "Created RPC Messaging Channel for domain {domain}",
        "The channel for messages between applications exists.",
        visibility=_HIDDEN,
    ),
    Entry(
        "initialization_channel_created", "DEBUG", _AGENT, "Created RPC Init Channel for domain {domain}",
        "The channel for requests for configuration and state exists.",
        visibility=_HIDDEN,
    ),
    Entry(
        "adding_interceptors", "DEBUG", _SCHEME, "Adding Interceptors...",
        "The layers between the node and the network are put together.",
        visibility=_HIDDEN,
    ),
    Entry(
        "ping_interceptor_added", "DEBUG", _SCHEME, "Added TCP Ping Interceptor",
        "The layer that looks after the members every ten seconds is in place.",
        visibility=_HIDDEN,
    ),
    Entry(
        "failure_detector_added", "DEBUG", _SCHEME, "Added TCP Failure Detector",
        "The layer that notices dead members is in place.",
        visibility=_HIDDEN,
    ),
    Entry(
        "static_interceptor_added", "DEBUG", _SCHEME, "Added Static Membership Interceptor",
        "The layer that remembers every member ever learnt is in place.",
        visibility=_HIDDEN,
    ),
)
