"""The order of Java's hash maps, which shows in who answers a JOIN (defect D9)."""

from __future__ import annotations

import pytest

from wkasim.node.hashing import hash_order, string_hash

SUB_DOMAINS = ("mgt", "worker", "__$default")


@pytest.mark.parametrize(("text", "code"), [("", 0), ("a", 97), ("worker", 0xD162537E), ("hello world", 1794106052)])
def test_string_hash_is_java_s(text: str, code: int) -> None:
    assert string_hash(text) == code


def test_hash_order_of_sub_domains_changed_with_java_8() -> None:
    """docs/protocol.md, defect D9."""
    assert hash_order(SUB_DOMAINS, string_hash, java_8=False) == ["__$default", "worker", "mgt"]
    assert hash_order(SUB_DOMAINS, string_hash, java_8=True) == ["__$default", "mgt", "worker"]


def test_hash_order_of_one_place_is_by_age_since_java_8_and_the_newest_first_before() -> None:
    assert hash_order("abc", lambda _: 5, java_8=True) == ["a", "b", "c"]
    assert hash_order("abc", lambda _: 5, java_8=False) == ["c", "b", "a"]


def test_hash_order_with_thirteen_entries_is_that_of_a_larger_table() -> None:
    codes = [16, *range(12)]
    assert hash_order(codes[:12], int, java_8=True) == [16, *range(11)]
    assert hash_order(codes, int, java_8=True) == [*range(12), 16]
