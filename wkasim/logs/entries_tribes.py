"""Log lines of Tribes, the layer below: sending, receiving, health checks, the election of a coordinator."""

from __future__ import annotations

from typing import Final

from wkasim.logs.entry import Entry, Visibility

__all__ = ["TRIBES"]

_TRIBES = "org.apache.catalina.tribes"
_DETECTOR = f"{_TRIBES}.group.interceptors.TcpFailureDetector"
_COORDINATOR = f"{_TRIBES}.group.interceptors.NonBlockingCoordinator"
_SENDER = f"{_TRIBES}.transport.nio.ParallelNioSender"
_WORKER = f"{_TRIBES}.transport.nio.NioReplicationTask"
_GROUP_CHANNEL = f"{_TRIBES}.group.GroupChannel"
_SHOWN = Visibility.ELB_CONSOLE_CARBON_FILE
_HIDDEN = Visibility.HIDDEN
_WITH_COORDINATOR = ("axis2-1.7", "wso2-1.6.1")

# A line's facts stay together: event, level and class, template, meaning.
# fmt: off
TRIBES: Final = (
    Entry(
        "unnotified_member_added", "WARN", _DETECTOR, "Member added, even though we werent notified:{tribes}",
        "The health check found a member alive that had not announced itself here. Harmless: it follows "
        "nearly every join within five seconds.",
        visibility=_SHOWN,
        variants=("Member added, even though we weren't notified:{tribes}",),
    ),
    Entry(
        "member_disappeared_verify", "INFO", _DETECTOR,
        "Received memberDisappeared[{tribes}] message. Will verify.",
        "Sending to the member failed; before it is declared gone it is tried once more.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_disappeared_confirmed", "INFO", _DETECTOR,
        "Verification complete. Member disappeared[{tribes}]",
        "The member that could not be sent to does not answer: it is gone.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_still_alive", "INFO", _DETECTOR, "Verification complete. Member still alive[{tribes}]",
        "Sending to the member failed, yet it answers: it is kept and watched.",
        visibility=_HIDDEN,
    ),
    Entry(
        "member_already_disappeared", "INFO", _DETECTOR,
        "Verification complete. Member already disappeared[{tribes}]",
        "The member that could not be sent to had been declared gone before.",
        visibility=_HIDDEN,
    ),
    Entry(
        "suspect_dead", "INFO", _DETECTOR, "Suspect member, confirmed dead.[{tribes}]",
        "A member that was being watched does not answer any more.",
        visibility=_HIDDEN,
    ),
    Entry(
        "suspect_alive", "INFO", _DETECTOR, "Suspect member, confirmed alive.[{tribes}]",
        "A member that was thought to be gone answers again.",
        visibility=_HIDDEN,
    ),
    Entry(
        "failure_check_error", "ERROR", _DETECTOR,
        "Unable to perform failure detection check, assuming member down.",
        "The health check of a member ended with an unusual error, such as no route to the host; "
        "the member counts as gone.",
        visibility=_SHOWN,
    ),
    Entry(
        "heartbeat_failed", "WARN", _DETECTOR, "Unable to perform heartbeat on the TcpFailureDetector.",
        "Something broke while a health check told the node about a member; the rest of this check "
        "is skipped.",
        visibility=_SHOWN,
    ),
    Entry(
        "probe_received", "DEBUG", _DETECTOR, "Received a failure detector packet:{packet}",
        "Another member looked whether this node is alive.",
        visibility=_HIDDEN,
    ),
    Entry(
        "send_failing_retrying", "WARN", _SENDER,
        "Member send is failing for:{destination} ; Setting to suspect and retrying.",
        "A message cannot be delivered; it is tried again at once, up to ten times.",
        visibility=_SHOWN,
    ),
    Entry(
        "send_failing", "WARN", _SENDER, "Member send is failing for:{destination} ; Setting to suspect.",
        "A message cannot be delivered, and is not tried again.",
        visibility=_SHOWN,
    ),
    Entry(
        "send_not_retried", "WARN", _SENDER, "Not retrying send for:{destination}; Sender is disconnected.",
        "A message cannot be delivered, and is not tried again because the connection is gone.",
        visibility=_SHOWN,
    ),
    Entry(
        "keepalive_closed", "WARN", _WORKER,
        "IOException in replication worker, unable to drain channel. "
        "Probable cause: Keep alive socket closed[{reason}].",
        "A member broke off its connection, as a process that dies does.",
        visibility=_SHOWN,
    ),
    Entry(
        "connection_closed", "DEBUG", _WORKER, "Channel closed on the remote end, disconnecting",
        "A member closed its connection in an orderly way, as every health check does.",
        visibility=_HIDDEN,
    ),
    Entry(
        "client_disconnected", "WARN", f"{_TRIBES}.transport.nio.NioReceiver",
        "Replication client disconnected, error when polling key. Ignoring client.",
        "A connection broke at an awkward moment. Rare, and harmless.",
        visibility=_SHOWN,
    ),
    Entry(
        "reply_failed", "ERROR", f"{_TRIBES}.group.RpcChannel", "Unable to send back reply in RpcChannel.",
        "Whoever asked cannot be reached at the address it advertises, or has gone meanwhile.",
        visibility=_SHOWN,
    ),
    Entry(
        "channel_heartbeat_failed", "ERROR", _GROUP_CHANNEL,
        "Unable to send heartbeat through Tribes interceptor stack. Will try to sleep again.",
        "The regular health check broke off; it is done again in five seconds.",
        visibility=_SHOWN,
    ),
    Entry(
        "no_rpc_channel_reply_failed", "ERROR", _GROUP_CHANNEL,
        "Unable to find rpc channel, failed to send NoRpcChannelReply.",
        "A request came for a domain that this node does not serve, and its sender could not be told so.",
        visibility=_SHOWN,
    ),
    Entry(
        "ping_thread_failed", "WARN", f"{_TRIBES}.group.interceptors.TcpPingInterceptor",
        "Unable to send ping from TCP ping thread.",
        "The health check that runs every ten seconds broke off.",
        visibility=_SHOWN,
    ),
    Entry(
        "election_send_failed", "WARN", _COORDINATOR, "Unable to send election message to:{tribes}",
        "A member could not be told about the election of a coordinator.",
        _WITH_COORDINATOR, _SHOWN,
    ),
    Entry(
        "coordination_failed", "ERROR", _COORDINATOR,
        "Error processing coordination message. Could be fatal.",
        "A message about the election of a coordinator could not be handled.",
        _WITH_COORDINATOR, _SHOWN,
    ),
    Entry(
        "election_add_failed", "ERROR", _COORDINATOR, "Unable to start election when member was added.",
        "A member appeared, and the election that this calls for could not be started.",
        _WITH_COORDINATOR, _SHOWN,
    ),
    Entry(
        "election_remove_failed", "ERROR", _COORDINATOR, "Unable to start election when member was removed.",
        "A member disappeared, and the election that this calls for could not be started.",
        _WITH_COORDINATOR, _SHOWN,
    ),
    Entry(
        "coordinator_heartbeat_failed", "ERROR", _COORDINATOR, "Unable to perform heartbeat.",
        "The regular check of the coordinator's view broke off.",
        _WITH_COORDINATOR, _SHOWN,
    ),
    Entry(
        "buffer_pool_created", "INFO", f"{_TRIBES}.io.BufferPool",
        "Created a buffer pool with max size:104857600 bytes of type:{type}",
        "The first message of this process is being sent or received.",
        visibility=_HIDDEN,
    ),
)
