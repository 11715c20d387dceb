"""A run for ShiViz (https://bestchai.bitbucket.io/shiviz/): a log with a vector clock at every event.

ShiViz draws any log whose regular expression it is given; the first line of the file is that expression, the second
is empty, as its input field wants them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from wkasim.sim.journal import Record
from wkasim.view.layout import ROUTINE
from wkasim.view.run import Run
from wkasim.view.story import story_of
from wkasim.view.words import line_words

__all__ = ["PARSER", "shiviz_lines"]

PARSER: Final = r"(?<timestamp>\S*) (?<host>\S*) (?<clock>{.*?}) (?<event>.*)"
"""The expression that reads the lines below it."""


def shiviz_lines(run: Run) -> Iterator[str]:
    """The file, line by line; timers, probes and ports are left out."""
    owners = {node.address: node.name for node in run.nodes if node.address}
    hosts = {node.name: _host_name(node.name, place) for place, node in enumerate(run.nodes)}
    story = story_of(run.records, run.nodes)
    clocks: dict[str, dict[str, int]] = {}
    carried: dict[int, dict[str, int]] = {}
    yield PARSER
    yield ""
    for index, record in enumerate(run.records):
        if record[2] not in hosts or record[1] in ROUTINE:
            continue
        clock = _tick(clocks, carried, record, hosts)
        words = " ".join(line_words(index, record, owners, story).split())
        yield f"{record[0] / 1e6:.6f} {hosts[record[2]]} {json.dumps(clock)} {words or record[1]}"


def _tick(
    clocks: dict[str, dict[str, int]], carried: dict[int, dict[str, int]], record: Record, hosts: dict[str, str]
) -> dict[str, int]:
    """The node's clock after this event; a message carries its sender's clock to whoever receives it."""
    host = hosts[record[2]]
    clock = dict(clocks.get(host, {}))
    if record[1] == "deliver":
        for other, count in carried.get(record[4], {}).items():
            clock[other] = max(count, clock.get(other, 0))
    clock[host] = clock.get(host, 0) + 1
    clocks[host] = clock
    if record[1] == "send":
        carried[record[4]] = clock
    return clock


def _host_name(name: str, place: int) -> str:
    """A name without white space or braces, which would end it; a name that needed changing gets its number."""
    plain = "".join(letter if letter.isalnum() or letter in "-_.:" else "_" for letter in name)
    return plain if plain == name and plain else f"{plain or 'node'}.{place + 1}"
