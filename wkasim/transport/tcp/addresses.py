"""Where a scenario's addresses really are: loopback addresses stay, others are moved into 127/8.

A scenario may use the addresses of real servers. On sockets of one machine every such host becomes a loopback address.
The order of addresses matters to the protocol (:func:`wkasim.members.absolute_order`), so the move preserves it. What
is 127.0.* is never given out, for real nodes warn of it and client sockets come from there. Nodes see the scenario's
addresses only; they are exchanged where a socket is opened.

Ports below 1024 are for root. Where they are not allowed they are shifted up, the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Final

from attrs import frozen

from wkasim.errors import InputError
from wkasim.members import Address, absolute_order

__all__ = ["PORT_SHIFT", "AddressBook", "address_book"]

PORT_SHIFT: Final = 20000
"""What is added to a port below 1024 that may not be opened."""

_FIRST_PRIVILEGED: Final = 1024
_HOSTS_A_NETWORK: Final = 126


@frozen
class AddressBook:
    """Exchanges a scenario's addresses for those of the machine.

    ``hosts`` has what is moved; any other address stays as it is and must be a loopback one. Ports below
    ``first_free_port`` are shifted by :data:`PORT_SHIFT`.
    """

    hosts: Mapping[str, str]
    first_free_port: int = 0

    def real(self, address: Address) -> Address:
        """Where that is on this machine; raises InputError for what is not on this machine."""
        host = self.hosts.get(address.ip, address.ip)
        if not _is_loopback(host):
            raise InputError(f"{address}: not a loopback address, and no host of the scenario")
        return Address(host, self.real_port(address.port))

    def real_port(self, port: int) -> int:
        """The port that stands for it."""
        return port + PORT_SHIFT if 0 < port < min(self.first_free_port, _FIRST_PRIVILEGED) else port

    def notes(self, addresses: Iterable[Address]) -> list[str]:
        """What of these addresses was moved or shifted, a sentence each, for people."""
        known = list(dict.fromkeys(addresses))
        hosts = [ip for ip in dict.fromkeys(address.ip for address in known) if ip in self.hosts]
        moved = [f"{ip} is {self.hosts[ip]} here" for ip in hosts if self.hosts[ip] != ip]
        shifted = [
            f"{address} opens {self.real(address)}: ports below {self.first_free_port} are for root"
            for address in known
            if self.real_port(address.port) != address.port
        ]
        return moved + shifted


def address_book(ips: Iterable[str], *, first_free_port: int = 0, network: str | None = None) -> AddressBook:
    """The book for the addresses of a scenario.

    Nothing is moved where all are loopback addresses already. With ``network``, the first two or three numbers of
    addresses such as ``127.77``, everything is moved there, so that two runs of one scenario do not meet. Raises
    InputError for what is no IPv4 address and for a network that is not inside 127/8 or is 127.0.
    """
    known = list(dict.fromkeys(ips))
    if wrong := [ip for ip in known if not _is_dotted(ip)]:
        raise InputError(*(f"{ip!r} is not an IPv4 address" for ip in wrong))
    if network is None and all(_is_loopback(ip) for ip in known):
        return AddressBook({}, first_free_port)
    ordered = sorted(known, key=lambda ip: absolute_order(Address(ip, 0)))
    if network is None and _keeps_tail(ordered):
        return AddressBook({ip: "127." + ip.partition(".")[2] for ip in ordered}, first_free_port)
    prefix = "127.1" if network is None else network
    return AddressBook(dict(zip(ordered, _addresses_in(prefix, len(ordered)), strict=True)), first_free_port)


def _addresses_in(network: str, count: int) -> list[str]:
    """So many addresses of the network, in the absolute order: no number is above 126."""
    parts = network.count(".") + 1
    if parts not in (2, 3) or not _is_loopback(network + ".1" * (4 - parts)) or network.startswith("127.0"):
        raise InputError(f"{network!r} is not a network inside 127/8 such as 127.77 or 127.77.3 (127.0 is kept free)")
    if count > _HOSTS_A_NETWORK ** (4 - parts):
        raise InputError(f"{count} hosts do not fit into the network {network}")
    if parts == 3:
        return [f"{network}.{number + 1}" for number in range(count)]
    return [f"{network}.{number // _HOSTS_A_NETWORK}.{number % _HOSTS_A_NETWORK + 1}" for number in range(count)]


def _keeps_tail(ips: list[str]) -> bool:
    """Whether 127 in place of the first number changes no order and meets nobody: all share that number."""
    firsts, seconds = ({ip.split(".")[place] for ip in ips} for place in (0, 1))
    return len(firsts) == 1 and "0" not in seconds


def _is_dotted(ip: str) -> bool:
    try:
        IPv4Address(ip)
    except ValueError:
        return False
    return True


def _is_loopback(ip: str) -> bool:
    return _is_dotted(ip) and IPv4Address(ip).is_loopback
