"""loadbalancer.conf: which hosts the ELB forwards to which domain and sub-domain, in three grammars.

    ELB 2.0      domains { wso2.esb.domain { hosts h; sub_domain mgt; tenant_range *; } wso2.esb.domain { ... } }
    ELB 2.1      wso2.esb.domain { tenant_range *; group_mgt_port 5000; mgt { hosts h; } worker { hosts h2; } }
    Stratos 4    hosts: a, b;   inside services { name { clusters { id { ... } } } }

A key may occur twice in one block, and both count. Comments begin with ``#``, wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from wkasim.config.places import Place, Problem, Sourced, read_text
from wkasim.config.templates import first_mark, is_template, without_values
from wkasim.config.values import port
from wkasim.errors import InputError

__all__ = ["BalancerFile", "Route", "read_balancer"]

_TOKEN: Final = re.compile(r"#[^\n]*|[{};]|\n|[^\s{};#]+(?:[^\S\n]+[^\s{};#]+)*|[^\S\n]+")
_DEEPEST: Final = 100
_MOST_BLOCKS: Final = 20_000
_NOT_SUB_DOMAINS: Final = frozenset({"members", "ports", "defaults"})


@frozen
class Route:
    """What the ELB forwards: the host names, and the domain and sub-domain whose members get the requests."""

    domain: Sourced[str]
    sub_domain: Sourced[str] | None = None
    hosts: tuple[Sourced[str], ...] = ()
    tenant_range: str = "*"
    management_port: Sourced[int] | None = None


@frozen(kw_only=True)
class BalancerFile:
    """The routes of an ELB."""

    file: str
    routes: tuple[Route, ...] = ()
    problems: tuple[Problem, ...] = ()


@define
class _Block:
    name: str
    line: int
    entries: list[tuple[str, str, int]] = field(factory=list)
    blocks: list[_Block] = field(factory=list)

    def entry(self, *names: str) -> tuple[str, int] | None:
        return next(((value, line) for name, value, line in self.entries if name in names), None)

    def walk(self) -> Iterator[_Block]:
        pending = [self]
        while pending:
            block = pending.pop()
            yield block
            pending.extend(reversed(block.blocks))


def read_balancer(path: Path, name: str | None = None) -> BalancerFile:
    """Read loadbalancer.conf; whatever is wrong with it becomes a problem."""
    file = name or str(path)
    try:
        text = read_text(path)
    except InputError as error:
        problem = Problem("unreadable", Place(file), str(error).removeprefix(f"{path}: "))
        return BalancerFile(file=file, problems=(problem,))
    problems: list[Problem] = []
    mark = first_mark(text)
    if mark is not None:
        problems.append(Problem("template", Place(file, mark[0]), mark[1]))
        text = without_values(text, "TEMPLATE_MARK")
    root = _blocks(text, file, problems)
    services = [block for block in root.walk() if block.name == "services"]
    routes = tuple(route for block in services for route in _routes(block, file, problems))
    return BalancerFile(file=file, routes=routes, problems=tuple(problems))


def _blocks(text: str, file: str, problems: list[Problem]) -> _Block:
    root = _Block("", 1)
    open_blocks = [root]
    words, line, words_line, last_line = "", 1, 1, 1
    count = 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == "\n":
            line += 1
        elif token == "{":
            block = _Block(words.strip().rstrip(":"), words_line if words else line)
            if len(open_blocks) > _DEEPEST:
                problems.append(Problem("unreadable", Place(file, line), "blocks nested too deeply"))
                return root
            count += 1
            if count > _MOST_BLOCKS:
                problems.append(Problem("unreadable", Place(file, line), f"more than {_MOST_BLOCKS} blocks; not read"))
                return root
            open_blocks[-1].blocks.append(block)
            open_blocks.append(block)
            words = ""
        elif token in "};":
            if words:
                _add_entry(open_blocks[-1], words, words_line, file, problems, ended=token == ";")
            words = ""
            if token == "}" and len(open_blocks) == 1:
                problems.append(Problem("unreadable", Place(file, line), "a closing brace without an opening one"))
            elif token == "}":
                open_blocks.pop()
        elif not token.startswith("#") and not token.isspace():
            if words and line > last_line and not words.endswith(","):
                _add_entry(open_blocks[-1], words, words_line, file, problems, ended=False)
                words = ""
            words_line, last_line = words_line if words else line, line
            words = f"{words} {token}" if words else token
    if len(open_blocks) > 1:
        block = open_blocks[-1]
        problems.append(Problem("unreadable", Place(file, block.line), f"the block {block.name!r} is never closed"))
    return root


def _add_entry(block: _Block, words: str, line: int, file: str, problems: list[Problem], *, ended: bool) -> None:
    parts = words.split(None, 1)
    if len(parts) == 2 or parts[0].endswith(":"):
        block.entries.append((parts[0].rstrip(":").replace("-", "_"), parts[1] if len(parts) == 2 else "", line))
    else:
        block.entries.append((parts[0], "", line))
    if not ended:
        problems.append(Problem("unreadable", Place(file, line), f"{words[:40]!r} does not end with a semicolon"))


def _routes(services: _Block, file: str, problems: list[Problem]) -> Iterator[Route]:
    for service in services.blocks:
        if service.name == "defaults":
            continue
        for domains in service.blocks:
            if domains.name in ("domains", "clusters"):
                for domain in domains.blocks:
                    yield from _domain_routes(domain, file, problems)


def _domain_routes(block: _Block, file: str, problems: list[Problem]) -> Iterator[Route]:
    domain = Sourced(block.name, Place(file, block.line))
    tenants = block.entry("tenant_range")
    number = block.entry("group_mgt_port")
    management = None
    if number is not None:
        management = port(number[0], "group_mgt_port", Place(file, number[1]), problems)
    parts = [part for part in block.blocks if part.name not in _NOT_SUB_DOMAINS]
    for part in parts or [block]:
        sub_domain = block.entry("sub_domain")
        name = (part.name, part.line) if part is not block else sub_domain
        part_port = part.entry("group_mgt_port")
        yield Route(
            domain,
            None if name is None else Sourced(name[0], Place(file, name[1])),
            tuple(_hosts(part, file, problems)),
            tenants[0] if tenants is not None else "*",
            management
            if part_port is None or part is block
            else port(part_port[0], "group_mgt_port", Place(file, part_port[1]), problems),
        )


def _hosts(block: _Block, file: str, problems: list[Problem]) -> Iterator[Sourced[str]]:
    for name, value, line in block.entries:
        if name == "hosts":
            for host in value.split(","):
                word = host.strip()
                if is_template(word):
                    problems.append(Problem("template", Place(file, line), word[:60]))
                elif word:
                    yield Sourced(word, Place(file, line))
