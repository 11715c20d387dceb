"""What every test shares: the Hypothesis profiles, and which tests wait for the night."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# No profile has a deadline: two busy cores make any single example slow now and then.
settings.register_profile("dev", deadline=None, max_examples=50)
# The same examples on every machine and in every run, so that a red run is never luck.
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=100,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

NIGHTLY = os.environ.get("WKASIM_NIGHTLY") == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests that take minutes to the nightly run; pytest counts them as deselected."""
    if NIGHTLY:
        return
    waiting = [item for item in items if item.get_closest_marker("nightly")]
    if waiting:
        config.hook.pytest_deselected(items=waiting)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]
