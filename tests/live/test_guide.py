"""docs/guides/run-on-tcp.md says which scenarios run on TCP, and says so of all."""

from __future__ import annotations

import pytest

from tests.scenarios_on_tcp import DOCUMENT, document
from wkasim.errors import InputError
from wkasim.live.run import on_sockets
from wkasim.scenario.reader import load_scenario


def test_table_of_scenarios_on_tcp_is_that_of_today() -> None:
    told = "refresh it with: python -m tests.scenarios_on_tcp --write"
    assert DOCUMENT.read_text(encoding="utf-8") == document(), told


def test_scenario_that_cuts_the_network_is_refused_with_file_and_line() -> None:
    scenario = load_scenario("partition-heals")
    with pytest.raises(InputError) as caught:
        on_sockets(scenario)
    first = caught.value.problems[0]
    assert first.startswith(f"{scenario.file}:")
    assert first.endswith(": partition needs the simulated network: nobody but root can cut the network of a machine")
