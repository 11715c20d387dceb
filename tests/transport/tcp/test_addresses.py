from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wkasim.errors import InputError
from wkasim.members import Address, absolute_order
from wkasim.transport.tcp.addresses import AddressBook, address_book

IPS = st.lists(
    st.tuples(st.integers(1, 223), *[st.integers(0, 255)] * 3).map(lambda parts: ".".join(map(str, parts))),
    unique=True,
    max_size=40,
)


def test_book_of_loopback_addresses_moves_nothing() -> None:
    book = address_book(["127.1.0.206", "127.1.0.132"])
    assert book.real(Address("127.1.0.206", 4000)) == Address("127.1.0.206", 4000)


def test_book_of_one_first_number_keeps_the_other_three() -> None:
    book = address_book(["192.168.1.206", "192.168.1.132"])
    assert book.real(Address("192.168.1.206", 4000)) == Address("127.168.1.206", 4000)


def test_book_leaves_127_0_free() -> None:
    book = address_book(["10.0.0.7", "10.0.0.9"])
    assert book.hosts == {"10.0.0.7": "127.1.0.1", "10.0.0.9": "127.1.0.2"}


@given(ips=IPS)
def test_book_preserves_the_order_of_addresses_inside_127(ips: list[str]) -> None:
    book = address_book(ips)
    ordered = sorted(ips, key=lambda ip: absolute_order(Address(ip, 1)))
    moved = [book.real(Address(ip, 1)) for ip in ordered]
    assert moved == sorted(moved, key=absolute_order)
    assert len(set(moved)) == len(ips)
    assert all(address.ip.startswith("127.") for address in moved)
    if not all(ip.startswith("127.") for ip in ips):
        assert not any(address.ip.startswith("127.0.") for address in moved)


def test_book_into_a_network_moves_loopback_addresses_too() -> None:
    book = address_book(["127.1.0.206", "127.1.0.132"], network="127.77")
    assert book.hosts == {"127.1.0.132": "127.77.0.1", "127.1.0.206": "127.77.0.2"}


def test_book_into_a_small_network_has_room_for_126_hosts() -> None:
    book = address_book([f"10.0.0.{number}" for number in range(126)], network="127.77.3")
    assert max(book.hosts.values(), key=lambda ip: int(ip.rpartition(".")[2])) == "127.77.3.126"
    with pytest.raises(InputError, match=r"^127 hosts do not fit into the network 127\.77\.3$"):
        address_book([f"10.0.0.{number}" for number in range(127)], network="127.77.3")


@pytest.mark.parametrize("network", ["10.1", "127.0", "127", ""])
def test_book_into_a_network_outside_127_is_refused(network: str) -> None:
    with pytest.raises(InputError) as caught:
        address_book(["10.0.0.1"], network=network)
    assert caught.value.problems == (
        f"{network!r} is not a network inside 127/8 such as 127.77 or 127.77.3 (127.0 is kept free)",
    )


def test_book_of_no_addresses_names_each() -> None:
    with pytest.raises(InputError) as caught:
        address_book(["elb", "127.1.0.1", "1.2.3"])
    assert caught.value.problems == ("'elb' is not an IPv4 address", "'1.2.3' is not an IPv4 address")


def test_address_outside_the_machine_is_refused() -> None:
    with pytest.raises(InputError, match=r"^10\.0\.0\.1:80: not a loopback address, and no host of the scenario$"):
        AddressBook({}).real(Address("10.0.0.1", 80))


def test_ports_for_root_are_shifted_and_reported_where_they_are_not_allowed() -> None:
    book = AddressBook({"10.1.0.1": "127.1.0.1"}, first_free_port=1024)
    addresses = [Address("10.1.0.1", 80), Address("10.1.0.1", 8280)]
    assert [book.real(address) for address in addresses] == [Address("127.1.0.1", 20080), Address("127.1.0.1", 8280)]
    assert book.notes(addresses) == [
        "10.1.0.1 is 127.1.0.1 here",
        "10.1.0.1:80 opens 127.1.0.1:20080: ports below 1024 are for root",
    ]


def test_ports_for_root_stay_where_they_are_allowed() -> None:
    assert AddressBook({}).real(Address("127.1.0.1", 80)) == Address("127.1.0.1", 80)
