"""Explaining single lines, in every form in which a person may paste them."""

from __future__ import annotations

import pytest

from wkasim.logs.catalogue import ENTRIES, placeholders
from wkasim.logs.explain import explain

UTIL = "{org.apache.axis2.clustering.tribes.TribesUtil}"


@pytest.mark.parametrize(
    "text",
    [
        "INFO - TribesUtil No members in current cluster",
        "[2013-06-20 10:11:12,345]  INFO - TribesUtil No members in current cluster",
        f"TID: [0] [ESB] [2013-06-20 10:11:12,345]  INFO {UTIL} -  No members in current cluster {UTIL}",
        "> INFO — TribesUtil No members in current cluster",
        "No members in current cluster",
    ],
)
def test_explain_no_members_in_any_form(text: str) -> None:
    found = explain(text)
    assert found is not None
    assert found.entry.event == "no_members"
    assert found.sequence == "a node's start"
    assert found.instead is ENTRIES["members_header"]
    assert found.before is ENTRIES["local_member"]
    assert found.causes[0] == "normal for the first node"


def test_explain_gives_the_values() -> None:
    found = explain("INFO - RpcMembershipRequestHandler Received JOIN message from 10.0.0.1:4000(d)")
    assert found is not None
    assert found.line.params == {"member": "10.0.0.1:4000(d)"}
    assert (found.before, found.after) == (None, ENTRIES["joined_group"])


@pytest.mark.parametrize("text", ["", "something else", "INFO - OtherClass Hello", "\x00", "{"])
def test_explain_other_lines_gives_none(text: str) -> None:
    assert explain(text) is None


@pytest.mark.parametrize("event", [name for name, entry in ENTRIES.items() if not placeholders(entry.template)])
def test_explain_knows_every_fixed_line(event: str) -> None:
    entry = ENTRIES[event]
    found = explain(f"{entry.level} - {entry.component} {entry.template}")
    assert found is not None
    assert found.entry.template == entry.template
