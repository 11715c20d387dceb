"""Hosts files: which name means which address on a machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

from attrs import field, frozen

from wkasim.config.places import Place, Problem, Sourced, read_text
from wkasim.config.templates import is_template
from wkasim.errors import InputError

__all__ = ["HostsFile", "is_address", "is_loopback", "is_no_name", "is_range", "read_hosts"]

_LOCALHOST: Final = "127.0.0.1"
_NEVER_IN_A_NAME: Final = re.compile(r"[\s,:;/\\@<>\"']")
_RANGE: Final = re.compile(r"\d+\.\d+\.\d+\.\d+\s*[-/]")


@frozen
class HostsFile:
    """The names of a hosts file; the first line that has a name counts, as for the resolver."""

    file: str
    names: Mapping[str, Sourced[str]] = field(factory=dict)
    problems: tuple[Problem, ...] = ()

    def address(self, name: str) -> str | None:
        """The address of a name; an address is its own, in its shortest writing."""
        if (address := _address(name)) is not None:
            return address
        found = self.names.get(name.lower())
        if found is not None:
            return found.value
        return _LOCALHOST if name.lower() == "localhost" else None


def is_address(text: str) -> bool:
    """Whether the text is a dotted IPv4 address."""
    parts = text.split(".")
    return (
        len(parts) == 4
        and all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts)
        and all(int(part) < 256 for part in parts)
    )


def is_no_name(text: str) -> bool:
    """Whether the text can be no host name and is no address: two names, a URL, a range, a name with its port."""
    return is_range(text) or (_address(text) is None and _NEVER_IN_A_NAME.search(text) is not None)


def is_range(text: str) -> bool:
    """Whether the text is a range of addresses, such as 10.0.0.1-5 or 10.0.0.0/24."""
    return _RANGE.match(text) is not None


def _address(text: str) -> str | None:
    """The address that a text is, of IPv4 or IPv6, written like all others."""
    if is_address(text):
        return ".".join(str(int(part)) for part in text.split("."))
    try:
        return str(IPv6Address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None


def is_loopback(address: str) -> bool:
    """Whether an address means each machine's own; a member that tells 0.0.0.0 is looked for there as well."""
    return (is_address(address) and address.startswith("127.")) or address in ("0.0.0.0", "::", "::1")


def read_hosts(path: Path, name: str | None = None) -> HostsFile:
    """Read a hosts file; lines that make no sense become problems. IPv6 counts where a name has no other address."""
    file = name or str(path)
    names: dict[str, Sourced[str]] = {}
    others: dict[str, Sourced[str]] = {}
    problems: list[Problem] = []
    try:
        text = read_text(path)
    except InputError as error:
        problem = Problem("unreadable", Place(file), str(error).removeprefix(f"{path}: "))
        return HostsFile(file, names, (problem,))
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition("#")[0].split()
        place = Place(file, number)
        if not words:
            continue
        if is_template(words[0]):
            problems.append(Problem("template", place, words[0][:60]))
        elif (address := _address(words[0])) is None or len(words) < 2:
            problems.append(Problem("value", place, f"{line.strip()[:60]!r} is not an address and its names"))
        else:
            for word in words[1:] if is_address(address) or not is_loopback(address) else ():
                (names if is_address(address) else others).setdefault(word.lower(), Sourced(address, place))
    return HostsFile(file, {**others, **names}, tuple(problems))
