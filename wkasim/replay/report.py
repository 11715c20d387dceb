"""What a replay found, as plain data and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from wkasim.replay.score import ReplayScore, members_of

__all__ = ["Json", "as_data", "as_lines"]

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_EQUAL: Final = {True: "equal", False: "differ", None: "none recorded"}


def as_data(name: str, profile: str, score: ReplayScore) -> dict[str, Json]:
    """Everything: the score of every seed, the best seed's lines per node, and the final member lists."""
    best = score.best
    nodes: dict[str, Json] = {
        node: {
            "score": part.score,
            "recorded": part.recorded,
            "simulated": part.simulated,
            "missing": list(part.missing),
            "extra": list(part.extra),
        }
        for node, part in best.comparison.nodes.items()
    }
    views: dict[str, Json] = {
        node: {"recorded": list(recorded), "simulated": list(simulated), "equal": recorded == simulated}
        for node, recorded, simulated in _views(score)
    }
    return {
        "recording": name,
        "profile": profile,
        "seeds": [{"seed": one.seed, "score": one.score, "views_equal": one.views_equal} for one in score.seeds],
        "mean": round(score.mean, 4),
        "best": {"seed": best.seed, "score": best.score, "nodes": nodes, "views": views},
    }


def as_lines(name: str, profile: str, score: ReplayScore) -> Iterator[str]:
    """The same for people."""
    best = score.best
    count = len(score.seeds)
    yield f"{name} in profile {profile}, {count} {'seed' if count == 1 else 'seeds'}"
    yield ""
    yield "seed  score  final member lists"
    for one in score.seeds:
        yield f"{one.seed:4}  {one.score:.3f}  {_EQUAL[one.views_equal]}"
    yield f"mean  {score.mean:.3f}"
    yield f"best  {best.score:.3f}  (seed {best.seed})"
    yield ""
    width = max([4, *map(len, best.comparison.nodes)])
    yield f"{'log':{width}}  score  recorded  simulated   (seed {best.seed})"
    for log, part in best.comparison.nodes.items():
        yield f"{log:{width}}  {part.score:.3f}  {part.recorded:8}  {part.simulated:9}"
        yield from (f"    missing  {line}" for line in part.missing)
        yield from (f"    extra    {line}" for line in part.extra)
    rows = list(_views(score))
    if rows:
        yield ""
        yield f"final member lists (seed {best.seed})"
    for node, recorded, simulated in rows:
        if recorded == simulated:
            yield f"{node:{width}}  equal   {_listed(recorded)}"
        else:
            yield f"{node:{width}}  differ  recorded   {_listed(recorded)}"
            yield f"{'':{width}}          simulated  {_listed(simulated)}"


def _views(score: ReplayScore) -> Iterator[tuple[str, list[Json], list[Json]]]:
    """Per node that the recording shows at the end, its members there and in the best seed's run."""
    for node, members in score.recorded_views.items():
        yield node, list(members_of(members)), list(members_of(score.best.views.get(node, ())))


def _listed(members: Sequence[Json]) -> str:
    return " ".join(map(str, members)) or "nobody"
