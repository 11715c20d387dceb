"""How alike a recording and its simulation are: logs line by line, and the member lists at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import frozen

from wkasim.logs.compare import Comparison, comparable_lines, compare
from wkasim.logs.formats import LogFormat
from wkasim.profile import Profile
from wkasim.replay.recording import Recording, read_logs
from wkasim.replay.simulation import SimulatedRun, Views, simulate

__all__ = ["ReplayScore", "SeedScore", "members_of", "recorded_views", "replay", "same_views", "simulated_logs"]

_STATE: Final = re.compile(r"\[\S+ (\d\d):(\d\d):(\d\d),(\d{3})\].* Driver STATE local=\S+ members=\[([^\]]*)\]")
_SAME_DUMP_MS: Final = 5000


@frozen(kw_only=True)
class SeedScore:
    """One seed's run against the recording.

    ``views_equal`` compares the last member lists as sets; it is None where the recording shows none.
    """

    seed: int
    comparison: Comparison
    views: Views
    views_equal: bool | None

    @property
    def score(self) -> float:
        """The whole run's score."""
        return self.comparison.score


@frozen(kw_only=True)
class ReplayScore:
    """All seeds of a replay."""

    recorded_views: Views
    seeds: tuple[SeedScore, ...]

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return sum(seed.score for seed in self.seeds) / len(self.seeds)

    @property
    def best(self) -> SeedScore:
        """The best seed; the first of equals."""
        return max(self.seeds, key=lambda seed: seed.score)


def replay(
    recording: Recording,
    profile: Profile,
    seeds: Sequence[int],
    *,
    progress: Callable[[int], None] | None = None,
    look: Callable[[SimulatedRun], None] | None = None,
) -> ReplayScore:
    """Simulate the recording once per seed and compare.

    ``progress`` is told how many seeds are done, ``look`` is shown every run.
    """
    texts = dict(read_logs(recording))
    recorded = {name: comparable_lines(text) for name, text in texts.items()}
    views = recorded_views(texts, recording.logs)
    scores: list[SeedScore] = []
    for seed in seeds:
        run = simulate(recording, profile, seed)
        scores.append(_score(run, recorded, views))
        if look is not None:
            look(run)
        if progress is not None:
            progress(len(scores))
    return ReplayScore(recorded_views=views, seeds=tuple(scores))


def _score(run: SimulatedRun, recorded: Mapping[str, Sequence[str]], views: Views) -> SeedScore:
    logs = {name: comparable_lines(text) for name, text in simulated_logs(run).items()}
    last = run.dumps[-1] if run.dumps else {}
    return SeedScore(
        seed=run.seed,
        comparison=compare(recorded, logs),
        views=last,
        views_equal=same_views(views, last) if views else None,
    )


def simulated_logs(run: SimulatedRun) -> dict[str, str]:
    """The text of every log of a simulated run, console format, by name without its ending."""
    form = LogFormat("console")
    texts: dict[str, list[str]] = {name: [] for name in run.logs.values()}
    for record in run.journal.of_kind("log"):
        if form.shows(record):
            texts[run.logs[record[2], record[3]]].append(form.render(record))
    return {name: "".join(f"{line}\n" for line in lines) for name, lines in texts.items()}


def recorded_views(texts: Mapping[str, str], owners: Mapping[str, str]) -> Views:
    """The member list that each node shows at the last DUMP; a node that was gone by then shows none.

    ``owners`` says whose log is whose.
    """
    last: dict[str, tuple[int, tuple[str, ...]]] = {}
    for name in owners:
        for found in _STATE.finditer(texts.get(name, "")):
            hours, minutes, seconds, milliseconds = (int(found[index]) for index in range(1, 5))
            clock_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
            last[owners[name]] = clock_ms, tuple(found[5].split())
    latest = max((clock_ms for clock_ms, _ in last.values()), default=0)
    return {node: members for node, (clock_ms, members) in last.items() if latest - clock_ms < _SAME_DUMP_MS}


def same_views(recorded: Views, simulated: Views) -> bool:
    """Whether every node that the recording shows lists the same members, order and repetitions aside."""
    return all(members_of(members) == members_of(simulated.get(node, ())) for node, members in recorded.items())


def members_of(view: Sequence[str]) -> tuple[str, ...]:
    """The addresses in a member list, each once, sorted."""
    return tuple(sorted({member.split("(")[0] for member in view}))
