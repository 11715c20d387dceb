"""Profiles: every timing and every behaviour that differs between the revisions of the real code.

A profile is a value. Each field's metadata says what it does and where it comes from; ``wkasim profiles`` prints that
table, and a scenario may override any field. Times are in seconds; a pace is a range in milliseconds from which the
seed draws what a step of the Java code costs, mostly near its lower end (docs/protocol.md, "Profiles" and "Constants").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs
from attrs import frozen

from wkasim.errors import InputError

__all__ = ["PROFILES", "Pace", "Profile", "differences", "profile_named"]

Pace = tuple[float, float]
"""A range in milliseconds."""


def _switch(default: Any, what: str, source: str) -> Any:  # noqa: ANN401
    return attrs.field(default=default, metadata={"what": what, "source": source})


@frozen(kw_only=True)
class Profile:
    """The behaviour of one revision; the defaults are those of axis2-1.7."""

    name: str = _switch("axis2-1.7", "the profile's name", "")
    revision: str = _switch("Apache Axis2 1.7 (trunk from 2012-08), Tribes 7.0.8", "the code it stands for", "")

    # Start-up
    port_probes: int = _switch(1, "how many times the port is probed before the receiver opens", "bind-port feature")
    port_probe_tries: int = _switch(1000, "fallback ports that the probe would try", "getLocalPort")
    port_probe_returns_tries: bool = _switch(
        True, "with the port, 4000 and 4001 taken, the number of tries left becomes the port (999)", "getLocalPort"
    )
    wait_for_well_known_member: bool = _switch(
        False, "wait for ever until one well-known member can be reached", "configureStaticMembership"
    )
    well_known_wait_s: float = _switch(2.0, "pause of that loop", "configureStaticMembership")
    connect_tries: int = _switch(5, "connection attempts to a well-known member at start", "canConnect")
    connect_timeout_logged: bool = _switch(
        True,
        "a connection that timed out is logged as an error (Java 17 words it differently than Java 6)",
        "canConnect",
    )
    connect_timeout_s: float = _switch(0.5, "time-out of each of them", "canConnect")
    bind_pause_s: float = _switch(0.1, "pause after a port probe that succeeded", "getLocalPort")
    busy_pause_s: float = _switch(0.05, "pause after the fallback port was busy", "getLocalPort")

    # Joining and initialisation
    join_in_background: bool = _switch(
        False,
        "a JOIN is answered at once, its processing goes on in a thread of its own",
        "RpcMembershipRequestHandler",
    )
    join_retry_s: float = _switch(5.0, "pause after a JOIN that nobody answered", "joinGroup")
    initialization_in_background: bool = _switch(
        False, "the request for the configuration runs in a thread of its own", "initializeSystem"
    )
    initialization_tries: int = _switch(5, "requests for the configuration", "initializeSystem")
    initialization_pause_s: float = _switch(0.5, "pause after an empty answer", "initializeSystem")
    initialization_error_pause_s: float = _switch(2.0, "pause after a failed request", "initializeSystem")
    rpc_timeout_s: float = _switch(10.0, "how long an RPC waits for its replies", "RpcChannel.send")

    # Membership
    member_list_level: Literal["info", "debug"] = _switch(
        "info", "level of the lines Trying to add member and Added member", "MemberListCommand"
    )
    add_silent_well_known_member: bool = _switch(
        True, "a well-known member that does not answer the MEMBER_LIST push is added all the same", "memberAdded"
    )
    member_list_retry_s: float = _switch(
        5.0, "period of the task that pushes the MEMBER_LIST again", "MemberListSenderTask"
    )
    join_adds_static_member: bool = _switch(
        False, "a JOIN adds its sender to the static list even when it is refused", "processJoin"
    )
    refire_member_added: bool = _switch(
        False, "the listeners are fired again when a manager has added a member", "GroupChannel.memberAdded"
    )
    notify_all_sub_domains: bool = _switch(
        False, "MEMBER_JOINED goes through the managers of all sub-domains, not the first only", "notifyMemberJoin"
    )

    java_8_hash_order: bool = _switch(
        True,
        "hash maps are walked as by Java 8 and later: of two sub-domains, mgt answers JOIN before worker",
        "HashMap; the recordings are of Java 17",
    )

    # Admission by the load balancer
    blocking_admission: bool = _switch(
        False, "the caller waits until the load balancer's agent has admitted or refused", "applicationMemberAdded"
    )
    admission_pause_s: float = _switch(
        10.0, "pause after the member's ports could be reached", "DefaultGroupManagementAgent"
    )
    admission_recheck: bool = _switch(
        False, "the ports are checked again after the pause", "DefaultGroupManagementAgent"
    )
    admission_rounds: int = _switch(30, "rounds in which the ports are tried", "canConnect of the agent")
    admission_round_pause_s: float = _switch(1.0, "pause between the rounds", "canConnect of the agent")
    admission_connect_s: float = _switch(10.0, "time-out for each port", "canConnect of the agent")
    admit_without_ports: bool = _switch(
        True,
        "a member that advertises neither port is admitted (and gets requests to port -1)",
        "canConnect of the agent",
    )
    member_shows_remote_host: bool = _switch(False, "the Axis2 member text names a remote host", "Member.toString")
    leave_logged_if_never_admitted: bool = _switch(
        True, "left cluster. is logged for members that were never admitted", "applicationMemberRemoved"
    )

    # Requests through the load balancer
    route_by_sub_domain: bool = _switch(
        False,
        "where the load balancer manages a domain as one group, a host name's sub-domain picks the members in it",
        "the WSO2 guide; reconstructed",
    )
    suspension_s: float = _switch(10.0, "how long a member that refused a request gets none", "onFault of the endpoint")
    fail_over_pause_s: float = _switch(1.0, "pause before a request goes to another member", "onFault of the endpoint")
    request_faults: int = _switch(5, "faults of one request at which it is given up", "MAX_RETRY_COUNT")
    request_connect_s: float = _switch(10.0, "connect time-out of a request to a member", "nhttp defaults; inferred")
    request_answer_s: float = _switch(60.0, "how long a member's answer may take", "http.socket.timeout of nhttp")
    session_s: float = _switch(
        120.0, "how long a session may be idle where the configuration says nothing", "SALSessions"
    )

    # Tribes
    coordinator: bool = _switch(True, "the NonBlockingCoordinator sits on top of the channel", "NonBlockingCoordinator")
    coordinator_wait_s: float = _switch(15.0, "how long it waits for a coordination message", "waitForCoordMsgTimeout")
    heartbeat_s: float = _switch(5.0, "pause between heartbeats", "GroupChannel.HeartbeatThread")
    ping_thread: bool = _switch(True, "a ping thread makes forced checks beside the heartbeat", "TcpPingInterceptor")
    ping_s: float = _switch(10.0, "pause of the ping thread", "TcpPingInterceptor")
    detector_connect_s: float = _switch(180.0, "connect time-out of the failure detector", "TcpFailureDetector")
    sender_timeout_s: float = _switch(3.0, "how long one send may take", "ParallelNioSender")
    sender_tries: int = _switch(10, "reconnections of one send", "ParallelNioSender")
    receiver_tries: int = _switch(100, "ports above the probed one that the receiver tries", "ReceiverBase.bind")
    receiver_pause_s: float = _switch(0.025, "pause between them", "ReceiverBase.bind")

    # What the steps of the Java code cost; measured in recorded runs
    pace_process: Pace = _switch((200, 1200), "process start to the first log line (JVM)", "recordings")
    pace_agents: Pace = _switch((9, 150), "managed groups to Initializing cluster", "recordings")
    pace_configure: Pace = _switch((18, 90), "Initializing cluster to Cluster domain", "recordings")
    pace_scheme: Pace = _switch((1, 12), "Cluster domain to the membership scheme", "recordings")
    pace_interceptors: Pace = _switch((6, 40), "membership scheme to the first port probe", "recordings")
    pace_channel: Pace = _switch((14, 65), "last static member to the open receiver", "recordings")
    pace_channel_started: Pace = _switch((15, 60), "open receiver to the started channel", "recordings")
    pace_static_thread: Pace = _switch(
        (1.35, 8), "started channel to the first static member that its thread announces", "recordings"
    )
    pace_view: Pace = _switch((1, 8), "formatting and logging an accepted view", "recordings")
    pace_log: Pace = _switch((0.1, 3), "between two steps that only log", "recordings")
    pace_first_send: Pace = _switch((0.5, 8), "each of a process's first two messages (class loading)", "recordings")
    pace_join: Pace = _switch((11, 50), "the first Sending JOIN to the request itself (class loading)", "recordings")
    pace_rpc: Pace = _switch((1, 12), "building and sending a request", "recordings")
    pace_reply: Pace = _switch((1, 6), "a handled request to its reply", "recordings")
    pace_collect: Pace = _switch((1, 6), "the last reply to a request to its caller", "recordings")
    pace_announce: Pace = _switch((1, 18), "a member that joined to the MEMBER_JOINED about it", "recordings")
    pace_connection: Pace = _switch(
        (0.3, 4), "one new connection to the next, where a message goes to several", "recordings"
    )
    pace_first_list: Pace = _switch(
        (2, 22), "the first MEMBER_LIST that a process gets, on top of the next (class loading)", "recordings"
    )
    pace_replies: Pace = _switch((0.3, 3), "the replies to a JOIN to the first of them being applied", "recordings")
    pace_handle: Pace = _switch((0.8, 3), "a received request to its handler", "recordings")
    pace_election: Pace = _switch((1, 6), "handling or building a coordination message", "recordings")
    pace_list: Pace = _switch((0.005, 0.05), "the look at a member list to the addition to it", "recordings")
    pace_group: Pace = _switch((0.1, 6), "the same for a group's list, a line and a thread later", "recordings")
    pace_entry: Pace = _switch((0, 0.8), "one entry of a MEMBER_LIST, where each is logged", "recordings")
    pace_thread: Pace = _switch((0.1, 2), "starting a thread to its first step", "recordings")
    pace_finish: Pace = _switch(
        (0.05, 0.35), "the last step of a start to Cluster initialization completed", "recordings"
    )
    pace_wake: Pace = _switch((0.1, 1.5), "waking a thread that waited for the agent", "recordings")

    def overridden(self, changes: Mapping[str, object]) -> Profile:
        """A copy with some fields changed; raises InputError naming every unknown field or wrong type."""
        problems = []
        values: dict[str, Any] = {}
        fields = {field.name: field for field in attrs.fields(Profile)}
        for key, value in changes.items():
            if key not in fields:
                problems.append(f"profile has no field {key!r}{_nearest(key, fields)}")
            elif (problem := _wrong_type(key, getattr(self, key), value)) is not None:
                problems.append(problem)
            else:
                values[key] = tuple(value) if isinstance(value, list) else value
        if problems:
            raise InputError(*problems)
        return attrs.evolve(self, **values)


def _nearest(key: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _wrong_type(key: str, present: object, value: object) -> str | None:
    if isinstance(present, bool):
        return None if isinstance(value, bool) else f"profile.{key}: {value!r} is not true or false"
    if isinstance(present, tuple):
        good = (
            isinstance(value, list | tuple)
            and len(value) == 2
            and all(isinstance(item, int | float) and not isinstance(item, bool) and item >= 0 for item in value)
            and value[0] <= value[1]
        )
        return None if good else f"profile.{key}: {value!r} is not a range [least, most] in milliseconds"
    if isinstance(present, int):
        good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return None if good else f"profile.{key}: {value!r} is not a whole number"
    if isinstance(present, float):
        good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        return None if good else f"profile.{key}: {value!r} is not a time in seconds"
    if key == "member_list_level":
        return None if value in ("info", "debug") else f"profile.{key}: {value!r} is not info or debug"
    return None if isinstance(value, str) else f"profile.{key}: {value!r} is not a text"


AXIS2_1_7: Final = Profile()

DOCUMENTED: Final = attrs.evolve(
    AXIS2_1_7,
    name="documented",
    revision="WSO2 fork 1.6.1-wso2v5 to v9 (ELB 2.0, Carbon 4.0/4.1): the logs of the WSO2 guide; reconstructed",
    port_probes=2,
    connect_timeout_logged=False,
    refire_member_added=True,
    coordinator=False,
    member_list_level="debug",
    route_by_sub_domain=True,
    java_8_hash_order=False,
)

WSO2_1_6_1: Final = attrs.evolve(
    AXIS2_1_7,
    name="wso2-1.6.1",
    pace_group=(0.02, 0.2),
    pace_replies=(7, 38),
    revision="WSO2 fork 1.6.1-wso2v10 and v11 (2014 to 2026), Tribes 7.0.8",
    port_probes=2,
    port_probe_tries=100,
    port_probe_returns_tries=False,
    wait_for_well_known_member=True,
    join_in_background=True,
    initialization_in_background=True,
    member_list_level="debug",
    add_silent_well_known_member=False,
    join_adds_static_member=True,
    refire_member_added=True,
    notify_all_sub_domains=True,
    blocking_admission=True,
    admission_recheck=True,
    admit_without_ports=False,
    member_shows_remote_host=True,
    leave_logged_if_never_admitted=False,
)

PROFILES: Final[Mapping[str, Profile]] = {p.name: p for p in (DOCUMENTED, AXIS2_1_7, WSO2_1_6_1)}


def profile_named(name: str) -> Profile:
    """The profile of that name; raises InputError naming the known ones."""
    if name not in PROFILES:
        known = ", ".join(PROFILES)
        raise InputError(f"unknown profile {name!r}{_nearest(name, PROFILES)} (known: {known})")
    return PROFILES[name]


def differences() -> list[tuple[str, str, str, tuple[object, ...]]]:
    """The fields in which the profiles differ: name, what it does, its source, the value per profile."""
    rows = []
    for field in attrs.fields(Profile):
        values = tuple(getattr(profile, field.name) for profile in PROFILES.values())
        if len(set(values)) > 1 and field.name not in ("name", "revision"):
            rows.append((field.name, field.metadata["what"], field.metadata["source"], values))
    return rows
