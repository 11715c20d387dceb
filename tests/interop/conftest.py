"""The real library, compiled once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.real_tribes import Echo, RealTribes, compile_into


@pytest.fixture(scope="session")
def real_tribes(tmp_path_factory: pytest.TempPathFactory) -> RealTribes:
    return compile_into(tmp_path_factory.mktemp("interop"))


@pytest.fixture(scope="session")
def echo(real_tribes: RealTribes) -> Iterator[Echo]:
    with real_tribes.start("echo") as process:
        yield Echo(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0
