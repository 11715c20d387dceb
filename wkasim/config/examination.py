"""The examination of a cluster's configuration: read, checked by the rules, simulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from wkasim.config.cluster import ConfiguredCluster, read_cluster
from wkasim.config.rules.check import find_faults, with_outcome
from wkasim.config.rules.finding import Finding
from wkasim.config.verdict import Verdict, simulate
from wkasim.profile import Profile, profile_named

__all__ = ["Examination", "examine"]

DEFAULT_PROFILE = "documented"


@frozen(kw_only=True)
class Examination:
    """What was understood, what is wrong with it, and what a simulation made of it.

    ``verdict`` is None where no node takes part by well-known members, and where nothing was simulated.
    """

    cluster: ConfiguredCluster
    profile: Profile
    findings: tuple[Finding, ...]
    verdict: Verdict | None

    @property
    def clean(self) -> bool:
        """Whether there is no finding of severity error."""
        return not any(finding.severity == "error" for finding in self.findings)


def examine(
    directories: Sequence[Path],
    *,
    hosts: Path | None = None,
    declaration: Path | None = None,
    profile: str | None = None,
    simulated: bool = True,
    failures: bool = True,
    progress: Callable[[str], object] = lambda _: None,
) -> Examination:
    """Read, check and, unless that is not wanted, simulate, with single failures or without; ``progress`` is told so.

    Raises InputError for directories that cannot be used and for an unknown profile.
    """
    cluster = read_cluster(directories, hosts, declaration)
    declared = cluster.declaration.profile if cluster.declaration is not None else None
    chosen = profile_named(profile or declared or DEFAULT_PROFILE)
    verdict = None
    if simulated and cluster.active():
        verdict = simulate(cluster, chosen, failures=failures, progress=progress)
    findings = find_faults(cluster, chosen)
    if verdict is not None:
        findings = with_outcome(cluster, verdict, findings)
    return Examination(cluster=cluster, profile=chosen, findings=findings, verdict=verdict)
