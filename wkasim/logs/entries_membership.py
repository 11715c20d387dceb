"""Log lines of a running node: who joined, who left, which messages came and which could not be sent."""

from __future__ import annotations

from typing import Final

from wkasim.logs.entry import SINCE_1_6, SINCE_1_7, Entry, Visibility

__all__ = ["MEMBERSHIP"]

_TRIBES = "org.apache.axis2.clustering.tribes"
_REQUESTS = "org.apache.axis2.clustering.control.wka.RpcMembershipRequestHandler"
_INITIALIZATION = f"{_TRIBES}.RpcInitializationRequestHandler"
_MANAGER = f"{_TRIBES}.MembershipManager"
_MODE = f"{_TRIBES}.ClusterManagementMode"
_LISTENER = f"{_TRIBES}.TribesMembershipListener"
_GROUP_AGENT = "org.apache.axis2.clustering.management.DefaultGroupManagementAgent"
_CHANNEL_LISTENER = f"{_TRIBES}.Axis2ChannelListener"
_CHANNEL = f"{_TRIBES}.Axis2GroupChannel"
_TRIBES_CHANNEL = ("org.apache.catalina.tribes.group.GroupChannel",)
_AGENT = f"{_TRIBES}.TribesClusteringAgent"
_SENDER = f"{_TRIBES}.ChannelSender"
_HIDDEN = Visibility.HIDDEN

# A line's facts stay together: event, level and class, template, meaning.
# fmt: off
MEMBERSHIP: Final = (
    Entry(
        "join_received", "INFO", _REQUESTS, "Received JOIN message from {member}",
        "A starting node introduces itself. The domain printed is the one that it says of itself.",
    ),
    Entry(
        "member_joined_received", "INFO", _REQUESTS, "Received MEMBER_JOINED message from {member}",
        "Another member reports that somebody joined. The name is that of the reporter, not of the newcomer.",
    ),
    Entry(
        "member_list_received", "INFO", _REQUESTS, "Received MEMBER_LIST message from {member}",
        "Another member has sent its list of members unasked. The answer to a JOIN never prints this line.",
    ),
    Entry(
        "member_joined_not_handled", "ERROR", _REQUESTS, "Cannot handle MEMBER_JOINED notification",
        "The report of a new member could not be used.",
    ),
    Entry(
        "member_list_not_handled", "ERROR", _REQUESTS, "Cannot handle MEMBER_LIST message from {member}",
        "A member list that was sent unasked could not be used.",
    ),
    Entry(
        "membership_request", "DEBUG", _REQUESTS,
        "Membership request received by RpcMembershipRequestHandler for domain {domain}",
        "A message about membership has arrived for this domain.",
        visibility=_HIDDEN,
    ),
    Entry(
        "request_local_domain", "DEBUG", _REQUESTS, "local domain: {domain}",
        "The domain of the node that handles a message about membership.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_joined_content", "DEBUG", _REQUESTS, "MemberJoinedCommand: {tribes}",
        "The newcomer that a MEMBER_JOINED message is about.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_list_replied", "DEBUG", _REQUESTS, "Sent MEMBER_LIST to {member}",
        "A JOIN was answered with the list of members.",
        visibility=_HIDDEN,
    ),
    Entry(
        "initialization_request_received", "INFO", _INITIALIZATION,
        "Received {command} initialization request message from {member}",
        "A starting node asks this one for its configuration or state, and gets it.",
    ),
    Entry(
        "initialization_request_not_handled", "ERROR", _INITIALIZATION,
        "Cannot handle initialization request",
        "A starting node asked for configuration or state, and it could not be given.",
    ),
    Entry(
        "initialization_request", "DEBUG", _INITIALIZATION,
        "Initialization request received by RpcInitializationRequestHandler",
        "A request for configuration or state has arrived.",
        visibility=_HIDDEN,
    ),
    Entry(
        "joined_group", "INFO", _MANAGER, "Application member {member} joined group {domain}",
        "The load balancer has put a member on its list of this domain. It gets requests only after the line "
        "'joined application cluster'.",
    ),
    Entry(
        "wka_member_joined", "INFO", _MANAGER,
        "A WKA member {member} just joined the group. Sending MEMBER_LIST message.",
        "A well-known member has appeared or come back; it is told who else is there.",
    ),
    Entry(
        "wka_member_silent", "DEBUG", _MANAGER,
        "No response from WKA member added to the list of non-responsive members : {tribes}",
        "A well-known member did not acknowledge the member list; it will be sent again every five seconds.",
        ("wso2-1.6.1",), _HIDDEN,
    ),
    Entry(
        "foreign_wka_member", "DEBUG", _MANAGER,
        "WKA Member {member} does not belong to local domain {domain}. Hence removing it from the list.",
        "The well-known member turned out to be of another domain; this node forgets it.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_list_push_failed", "ERROR", _MANAGER,
        "Could not send MEMBER_LIST to well-known member {member}",
        "A well-known member that had just appeared could not be told who else is there.",
    ),
    Entry(
        "member_list_send_failed", "ERROR", _MANAGER, "Could not send MEMBER_LIST to member {member}",
        "A joining member could not be sent the list of members; often it advertises an address or a port "
        "on which it does not listen.",
    ),
    Entry(
        "member_joined_send_failed", "ERROR", _MANAGER,
        "Could not send MEMBER_JOINED[{member}] to all members ",
        "At least one member was not told about the newcomer, and never will be: this is not repeated.",
    ),
    Entry(
        "member_list_retry_failed", "ERROR", _MANAGER, "Could not send MemberList to WKA Members",
        "Sending the member list once more to the silent well-known members failed.",
        SINCE_1_6,
    ),
    Entry(
        "domain_compared", "DEBUG", _MANAGER, "Is in my domain: {answer}",
        "Whether somebody who is to be added has this domain.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_looked_up", "DEBUG", _MANAGER, "members.contains(member) ={answer}",
        "Whether somebody who is to be added is on the list already.",
        visibility=_HIDDEN,
    ),
    Entry(
        "static_member_recorded", "DEBUG", _MANAGER, "Added static member {member}",
        "The member will be looked after from now on, for as long as this node runs.",
        visibility=_HIDDEN,
    ),
    Entry(
        "group_member_recorded", "DEBUG", _MANAGER, "Added group member {member} to domain {domain}",
        "The member is on this node's list of the domain.",
        visibility=_HIDDEN,
    ),
    Entry(
        "channel_member_added", "DEBUG", _MANAGER, "Member added to the channel: {tribes}",
        "The member is announced to everybody on this node who listens for members.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_joined_sent", "DEBUG", _MANAGER,
        "Sent MEMBER_JOINED[{member}] to all members in domain {domain}",
        "Everybody on this node's list was told about the newcomer.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_list_sent", "DEBUG", _MANAGER, "Sent MEMBER_LIST to {member}",
        "The member was sent the list of members unasked, and has acknowledged it.",
        visibility=_HIDDEN,
    ),
    Entry(
        "balancer_member_joined_failed", "ERROR", _MODE,
        "Could not send MEMBER_JOINED[{member}] to all load balancer members ",
        "Another load balancer was not told about the newcomer.",
        SINCE_1_6,
    ),
    Entry(
        "group_member_joined", "DEBUG", _MODE, "Member {member} joined cluster",
        "A member of a managed group was found by other means than its own JOIN.",
        visibility=_HIDDEN,
    ),
    Entry(
        "group_member_left", "DEBUG", _MODE, "Member {member} left cluster",
        "A member of a managed group has gone.",
        visibility=_HIDDEN,
    ),
    Entry(
        "domain_filter_added", "DEBUG", _MODE, "Added Domain Filter Interceptor",
        "The layer that ignores members of other domains is in place.",
        visibility=_HIDDEN,
    ),
    Entry(
        "management_interceptor_added", "DEBUG", _MODE, "Added ClusterManagementInterceptor",
        "The layer that lets only messages about membership into a load balancer is in place.",
        visibility=_HIDDEN,
    ),
    Entry(
        "new_member", "INFO", _LISTENER, "New member {member} joined cluster.",
        "The node has learnt of a member by other means than its JOIN: a health check or another member. "
        "It need not follow every JOIN.",
    ),
    Entry(
        "member_left", "INFO", _LISTENER, "Member {member} left cluster",
        "The member no longer answers; whether it was stopped, killed or cut off cannot be told. "
        "It is tried again every few seconds.",
    ),
    Entry(
        "application_member_joined", "INFO", _GROUP_AGENT,
        "Application member {axis2} joined application cluster",
        "From now on the load balancer sends requests to this member. It comes ten seconds after the "
        "member's HTTP ports were found open.",
        SINCE_1_6,
    ),
    Entry(
        "application_member_rejected", "ERROR", _GROUP_AGENT, "Could not add application member {axis2}",
        "The HTTP ports that the member advertises never opened, so it gets no requests. It is not "
        "tried again.",
        SINCE_1_6,
    ),
    Entry(
        "application_member_connect_error", "ERROR", _GROUP_AGENT, "Cannot connect to member {axis2}",
        "The attempt to reach the member's HTTP ports ended with an unusual error.",
        SINCE_1_6,
    ),
    Entry(
        "application_member_left", "INFO", _GROUP_AGENT, "Application member {axis2} left cluster.",
        "The load balancer sends no more requests to this member.",
        SINCE_1_6,
    ),
    Entry(
        "http_port_checked", "DEBUG", _GROUP_AGENT, "HTTP Port={port}",
        "The HTTP port at which the load balancer will try to reach a new member; -1 means none is known.",
        SINCE_1_6, _HIDDEN,
    ),
    Entry(
        "https_port_checked", "DEBUG", _GROUP_AGENT, "HTTPS Port={port}",
        "The HTTPS port at which the load balancer will try to reach a new member; -1 means none is known.",
        SINCE_1_6, _HIDDEN,
    ),
    Entry(
        "application_member_probed", "DEBUG", _GROUP_AGENT, "Trying to connect to member {axis2}...",
        "The load balancer tries whether the HTTP ports of a new member are open.",
        SINCE_1_6, _HIDDEN,
    ),
    Entry(
        "duplicate_message", "INFO", f"{_TRIBES}.AtMostOnceInterceptor",
        "Duplicate message received from {member}",
        "A message came twice; the second copy was thrown away.",
    ),
    Entry(
        "early_message", "WARN", _CHANNEL_LISTENER,
        "Received message {message} before cluster initialization has been completed from {member}",
        "A message about state or configuration came while this node was still starting; it is lost.",
        SINCE_1_6,
    ),
    Entry(
        "command_not_deserialized", "ERROR", _CHANNEL_LISTENER, "Cannot deserialize received message",
        "A message about state or configuration cannot be read, mostly because the versions of two "
        "nodes differ.",
        SINCE_1_6,
    ),
    Entry(
        "command_not_processed", "ERROR", _CHANNEL_LISTENER, "Cannot process received message",
        "A message about state or configuration could not be carried out.",
        SINCE_1_6,
    ),
    Entry(
        "deserialization_failed", "ERROR", _CHANNEL, "Unable to deserialize message:{message}",
        "A message cannot be read, mostly because the versions of two nodes differ. Its sender gets "
        "no answer.",
        SINCE_1_6, other_loggers=_TRIBES_CHANNEL,
    ),
    Entry(
        "receive_error", "WARN", _CHANNEL, "Error receiving message:",
        "Something broke while a message was handled. Its sender gets no answer.",
        SINCE_1_6, other_loggers=_TRIBES_CHANNEL,
    ),
    Entry(
        "stopping_channel", "INFO", _AGENT, "Stopping Tribes channel...",
        "The node leaves. It tells nobody: the others notice at their next health check.",
        SINCE_1_7,
    ),
    Entry(
        "channel_stop_failed", "ERROR", _AGENT, "Error occurred while stopping channel",
        "The node could not leave cleanly; to the others that makes no difference.",
        SINCE_1_7,
    ),
    Entry(
        "message_send_incomplete", "ERROR", _SENDER, "Could not send message to some members",
        "A message about state or configuration did not reach everybody; the next lines name who.",
    ),
    Entry(
        "member_faulty", "ERROR", _SENDER, "Member {member} is faulty",
        "This member did not get a message about state or configuration.",
    ),
    Entry(
        "message_send_failed", "ERROR", _SENDER, "Could not send message to {member}",
        "A message about state or configuration did not reach this member.",
    ),
    Entry(
        "command_send_failed", "WARN", _SENDER, "Error sending command message : {message}. Reason {reason}",
        "A message about state or configuration could not be sent.",
    ),
)
