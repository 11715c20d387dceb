"""Coroutine tests of this folder run on virtual time; this hook is all that pytest-asyncio needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from wkasim.sim.loop import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], VirtualTimeLoop]]:
    return {"virtual time": VirtualTimeLoop}
