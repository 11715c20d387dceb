"""The catalogue: every entry is complete, distinct from all others, and found again from its own text."""

import re
from collections import Counter

import pytest

from wkasim.logs import catalogue
from wkasim.logs.catalogue import ALL_PROFILES, ENTRIES, GROUPS, Visibility, match, placeholders, render

MEMBER = "127.1.0.206:4000(wso2.esb.domain)"
AXIS2 = (
    "Host:127.1.0.206, Remote Host:null, Port: 4001, HTTP:8280, HTTPS:8243, "
    "Domain: wso2.esb.domain, Sub-domain:worker, Active:true"
)
TRIBES = (
    "org.apache.catalina.tribes.membership.MemberImpl[tcp://{127, 1, 0, 206}:4001,{127, 1, 0, 206},4001, "
    "alive=0, securePort=-1, UDP Port=-1, id={0 0 }, payload={112 105 110 103 }, command={}, domain={119 }, ]"
)
SAMPLES: dict[str, str | int] = {
    "member": MEMBER,
    "axis2": AXIS2,
    "tribes": TRIBES,
    "address": "/127.1.0.206:4000",
    "destination": "tcp://{127, 1, 0, 206}:4001",
    "enabled": "enabled",
    "answer": "true",
    "command": "GetConfigurationCommand",
    "version": "4.7.0",
    "index": 2,
    "port": -1,
    "last": 5000,
    "code": 101503,
    "seconds": 25,
}


def sample_params(template: str) -> dict[str, str | int]:
    return {name: SAMPLES.get(name, f"some-{name}") for name in placeholders(template)}


def test_entries_all_have_distinct_event_names() -> None:
    names = Counter(entry.event for entries in GROUPS.values() for entry in entries)
    assert {name for name, count in names.items() if count > 1} == set()
    assert len(ENTRIES) == sum(names.values())


@pytest.mark.parametrize("event", ENTRIES)
def test_entry_has_everything_a_reader_needs(event: str) -> None:
    entry = ENTRIES[event]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", event)
    assert entry.level in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
    assert entry.logger.startswith(("org.apache.", "org.wso2."))
    assert entry.component[0].isupper()
    assert entry.meaning.endswith(".")
    assert "  " not in entry.meaning
    assert entry.profiles
    assert set(entry.profiles) <= set(ALL_PROFILES)
    assert set(entry.quiet_profiles) <= set(entry.profiles)
    assert entry.group in GROUPS


@pytest.mark.parametrize("event", ENTRIES)
def test_match_of_a_rendered_entry_finds_that_entry_and_its_params(event: str) -> None:
    entry = ENTRIES[event]
    for logger in (entry.logger, *entry.other_loggers):
        for template in (entry.template, *entry.variants):
            params = sample_params(template)
            component = logger.rpartition(".")[2]
            assert match(component, template.format_map(params)) == (entry, params)


def test_match_forgives_a_missing_full_stop_and_blanks_at_the_end() -> None:
    for component, message, event in [
        ("TribesClusteringAgent", "Cluster initialization completed", "cluster_initialized"),
        ("TribesClusteringAgent", "Cluster initialization completed.  ", "cluster_initialized"),
        ("TribesMembershipListener", f"New member {MEMBER} joined cluster", "new_member"),
        (
            "MembershipManager",
            f"Could not send MEMBER_JOINED[{MEMBER}] to all members",
            "member_joined_send_failed",
        ),
    ]:
        found = match(component, message)
        assert found is not None
        assert found[0].event == event


def test_match_of_an_additional_full_stop_finds_nothing() -> None:
    assert match("TribesMembershipListener", f"Member {MEMBER} left cluster.") is None


@pytest.mark.parametrize(
    ("component", "message"),
    [
        ("TribesUtil", "No members in the current cluster"),
        ("TribesUtil", ""),
        ("NoSuchClass", "No members in current cluster"),
        ("TribesUtil", "Member1 127.1.0.206(wso2.esb.domain)"),
        ("TribesUtil", f"Member1 {MEMBER} and more"),
    ],
)
def test_match_of_an_unknown_line_finds_nothing(component: str, message: str) -> None:
    assert match(component, message) is None


def test_match_where_two_wordings_fit_takes_the_more_literal_one() -> None:
    entry = ENTRIES["no_members"]
    wordings = [("Cluster {reason}", entry), ("{reason}", entry), ("Cluster of {reason}", entry)]
    for order in (wordings, wordings[::-1]):
        _, readers = catalogue._component_readers(order)
        fitting = [reader.prefix for reader in readers if reader.exact.fullmatch("Cluster of two")]
        assert fitting == ["Cluster of ", "Cluster ", ""]


def test_no_text_of_an_entry_fits_another_entry_of_its_class() -> None:
    for entry in ENTRIES.values():
        text = render(entry, sample_params(entry.template))
        _, readers = catalogue._readers()[entry.component]
        assert [reader.entry.event for reader in readers if reader.exact.fullmatch(text)] == [entry.event]


def test_match_of_another_wording_names_the_same_event() -> None:
    text = f"Member added, even though we weren't notified:{TRIBES}"
    found = match("TcpFailureDetector", text)
    assert found is not None
    assert (found[0].event, found[1]) == ("unnotified_member_added", {"tribes": TRIBES})


def test_match_reads_numbers_as_numbers() -> None:
    found = match("TribesUtil", f"Member12 {MEMBER}")
    assert found is not None
    assert found[1] == {"index": 12, "member": MEMBER}


def test_render_without_a_parameter_names_event_and_parameter() -> None:
    with pytest.raises(KeyError) as caught:
        render("local_member", {})
    assert caught.value.args == ("log line 'local_member' needs the parameter 'member'",)


def test_render_of_an_unknown_event_names_it() -> None:
    with pytest.raises(KeyError) as caught:
        render("no_such_event", {})
    assert caught.value.args == ("no log line is called 'no_such_event'",)


def test_hidden_by_default_are_what_tribes_says_at_info_and_what_anybody_says_at_debug() -> None:
    for entry in ENTRIES.values():
        quiet = entry.level == "DEBUG" or (entry.level == "INFO" and ".catalina." in entry.logger)
        assert entry.hidden_by_default == quiet, entry.event
        assert entry.hidden_by_default == (entry.visibility is Visibility.HIDDEN)


def test_level_in_a_profile_that_prints_quietly_is_debug() -> None:
    entry = ENTRIES["member_list_trying"]
    assert [entry.level_in(profile) for profile in ("axis2-1.7", "documented", "wso2-1.6.1")] == [
        "INFO", "DEBUG", "DEBUG",
    ]  # fmt: skip


def test_logger_of_a_component_is_the_class_under_which_it_prints() -> None:
    entry = ENTRIES["receive_error"]
    assert entry.logger_of("Axis2GroupChannel") == "org.apache.axis2.clustering.tribes.Axis2GroupChannel"
    assert entry.logger_of("GroupChannel") == "org.apache.catalina.tribes.group.GroupChannel"
    assert entry.logger_of("Other") == entry.logger
