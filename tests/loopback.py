"""Loopback addresses that no other test uses, in this process or in one that runs beside it."""

from __future__ import annotations

import os
from itertools import count

from wkasim.members import Address

_NUMBERS = count(1)


def fresh_ip() -> str:
    """An address that was not given out before."""
    number = next(_NUMBERS)
    process = os.getpid() % (200 * 100)
    return f"127.{20 + process // 100}.{process % 100 + (100 if number > 250 else 0)}.{(number - 1) % 250 + 1}"


def fresh_network() -> str:
    """The first three numbers of addresses that this process uses for nothing else; tests of a process run in turn."""
    process = os.getpid() % (200 * 50)
    return f"127.{20 + process // 50}.{200 + process % 50}"


def fresh_address(port: int = 4000) -> Address:
    """One of those with a port."""
    return Address(fresh_ip(), port)
