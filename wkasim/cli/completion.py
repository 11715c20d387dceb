"""What a shell may complete: names that only wkasim knows; files are completed by the shell itself."""

from __future__ import annotations

__all__ = ["profile_names", "scenario_names"]


def scenario_names(incomplete: str) -> list[str]:
    """The shipped scenarios whose names begin so."""
    from wkasim.scenario.shipped import shipped_scenarios

    return [name for name in shipped_scenarios() if name.startswith(incomplete)]


def profile_names(incomplete: str) -> list[str]:
    """The profiles whose names begin so."""
    from wkasim.profile import PROFILES

    return [name for name in PROFILES if name.startswith(incomplete)]
