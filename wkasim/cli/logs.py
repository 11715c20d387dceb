"""``wkasim logs``: the logs of a cluster as one story."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wkasim.errors import InputError

if TYPE_CHECKING:
    from wkasim.logs.story import Story
    from wkasim.logs.stream import Progress

__all__ = ["load_lives", "load_story", "logs", "register"]

_VIEWS: Final = ("lives", "members", "timeline")
_LARGE: Final = 50 * 1024 * 1024
_MOST_TOLD: Final = 10
"""Logs without any line of the clustering code that are named one by one."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(logs)


def logs(
    paths: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Log files, or directories of them.")],
    *,
    view: Annotated[str, typer.Option("--view", metavar="V", help="lives, members or timeline.")] = "lives",
    hidden: Annotated[bool, typer.Option("--hidden", help="Show what servers hide by default as well.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="The known lines as JSON, one a line.")] = False,
) -> None:
    """Read real logs: who started when and knew whom, who was alone and since when, or everything in one timeline.

    Files may be rotated, packed with gzip, and hold other products' lines. w2.log and w2.2.log are one node's; so is
    what lies in one directory as wso2carbon.log. Exits with 2 if a file cannot be read.
    """
    from wkasim.cli.screen import make_console, plain_text
    from wkasim.logs import chronicle

    if view not in _VIEWS:
        raise InputError(f"unknown view {view!r} (known: {', '.join(_VIEWS)})")
    story = load_story(paths)
    if json_:
        _print_json(story)
        return
    console = make_console()
    told = {"lives": chronicle.lives, "members": chronicle.members_over_time}
    for line in chronicle.remarks(story):
        console.print(plain_text(line, "yellow"), soft_wrap=True)
    lines = chronicle.timeline(story, hidden=hidden) if view == "timeline" else told[view](story)
    for line in lines:
        console.print(plain_text(line), soft_wrap=True)
    if not story.lives:
        sys.stderr.writelines(f"{problem}\n" for problem in _nothing_found(paths).problems)


def load_lives(paths: list[Path]) -> Story:
    """The logs as a story; raises InputError if there is not one line of the clustering code in them."""
    story = load_story(paths)
    if not story.lives:
        raise _nothing_found(paths)
    return story


def _nothing_found(paths: list[Path]) -> InputError:
    from wkasim.logs.files import find_logs, nothing_in

    files = list(find_logs(paths).values())
    more = [f"and {len(files) - _MOST_TOLD} more"] if len(files) > _MOST_TOLD else []
    return InputError(*map(nothing_in, files[:_MOST_TOLD]), *more)


def load_story(paths: list[Path]) -> Story:
    """Read the logs; large ones with their progress on stderr, if somebody watches."""
    from wkasim.logs.files import find_logs, nothing_in
    from wkasim.logs.story import read_story

    files = find_logs(paths, lambda text: sys.stderr.write(f"{text}\n"))
    total = sum(path.stat().st_size for found in files.values() for path in found)

    def report(path: Path, progress: Progress) -> None:
        sys.stderr.write(f"\r{path.name}: {progress.lines:,} lines ")
        sys.stderr.flush()

    watched = total > _LARGE and sys.stderr.isatty()
    story = read_story(files, report if watched else None)
    if watched:
        sys.stderr.write("\n")
    if story.lives:
        silent = [found for node, found in files.items() if node not in story.nodes]
        sys.stderr.writelines(f"{nothing_in(found)}\n" for found in silent[:_MOST_TOLD])
    return story


def _print_json(story: Story) -> None:
    for time, life, line in story.timeline():
        fields = {
            "time": None if time is None else time.isoformat(),
            "node": life.node,
            "life": life.number,
            "file": line.file,
            "line": line.number,
            "event": line.event,
            "level": line.level,
            "component": line.component,
            "params": dict(line.params),
        }
        sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
