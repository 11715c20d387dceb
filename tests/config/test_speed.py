"""How fast a large cluster is examined."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from wkasim.config.cluster import read_cluster
from wkasim.config.examination import examine
from wkasim.config.generator import generate, plan
from wkasim.config.rules.check import find_faults
from wkasim.profile import profile_named


@pytest.fixture
def cluster_of_200(tmp_path: Path) -> Path:
    for name, text in generate(plan(50, 198)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_200_nodes_are_read_and_checked_within_seconds(cluster_of_200: Path) -> None:
    begun = time.process_time()
    cluster = read_cluster([cluster_of_200])
    assert find_faults(cluster, profile_named("documented")) == ()
    assert len(cluster.nodes) == 200
    assert time.process_time() - begun < 5


@pytest.mark.nightly
@pytest.mark.skipif("WKASIM_NIGHTLY" not in os.environ, reason="takes half a minute")
def test_doctor_on_200_nodes_with_its_simulation(cluster_of_200: Path) -> None:
    begun = time.process_time()
    verdict = examine([cluster_of_200]).verdict
    assert verdict is not None
    assert verdict.complete
    assert time.process_time() - begun < 60
