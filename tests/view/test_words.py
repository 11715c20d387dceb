"""Short words for long log lines: names for addresses, and no bytes of members."""

from __future__ import annotations

import time

import pytest

from wkasim.view.words import members_plain, named

OWNERS = {"127.1.0.206:4001": "manager"}
PRINTED = (
    "org.apache.catalina.tribes.membership.MemberImpl[tcp://{127, 1, 0, -50}:4001,{127, 1, 0, -50},4001, "
    "alive=1371723077019, securePort=-1, UDP Port=-1, id={0 0 }, payload={104 116 ...(29)}, command={}, "
    "domain={119 }, ]"
)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("from 127.1.0.206:4001(wso2.esb.domain)", "from manager"),
        ("to:/127.1.0.206:4001", "to:/manager"),
        ("127.1.0.206:40011 and 1127.1.0.206:4001", "127.1.0.206:40011 and 1127.1.0.206:4001"),
        ("127.1.0.207:4001(d)", "127.1.0.207:4001(d)"),
        (f"notified:{PRINTED}", "notified:manager"),
        ("MemberImpl[tcp://{no, number}:4001, x, ]", "{no, number}:4001"),
    ],
)
def test_addresses_and_printed_members_become_names(text: str, short: str) -> None:
    assert named(text, OWNERS) == short


def test_printed_member_becomes_its_address() -> None:
    assert members_plain(f"Verification complete. {PRINTED}") == "Verification complete. 127.1.0.206:4001"


def took_s(text: str) -> float:
    begin = time.perf_counter()
    named(text, OWNERS)
    return time.perf_counter() - begin


@pytest.mark.parametrize("part", ["1", "1.1.1.1:1(", "MemberImpl[tcp://x:1,", "MemberImpl[tcp://{", "org.apache."])
def test_hostile_lines_take_time_by_their_length(part: str) -> None:
    text = part * (20_000 // len(part))
    assert took_s(text * 10) < 30 * took_s(text) + 0.1  # unbounded patterns take a hundred times as long
