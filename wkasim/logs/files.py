"""Which files are the logs of which node: rotated ones, packed ones, several that one server writes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from wkasim.errors import InputError
from wkasim.logs.parser import UNREADABLE, open_log, parse_lines

__all__ = ["find_logs", "in_order_of_time", "nothing_in", "stem_of"]

_LOG: Final = re.compile(r"\.log(?:[._-][\w.-]*)?$|\.out(?:\.gz)?$|^console\.txt$", re.IGNORECASE)
_PACKED: Final = re.compile(r"\.(?:zip|bz2|xz|zst|lz4|7z|tgz|rar)$", re.IGNORECASE)
_ENDING: Final = re.compile(
    r"\.(?:gz|\d{1,4}|\d{4}-\d\d-\d\d(?:-\d\d)?|log|txt|out)$|-\d{4}-\d\d-\d\d$|(?<=\.log)-\d{8,10}$", re.IGNORECASE
)
_OLDER: Final = re.compile(r"\.(\d{1,4})(?:\.gz)?$")
_LATER: Final = re.compile(r"\.(\d{1,4})\.(?:log|txt|out)(?:\.gz)?$", re.IGNORECASE)
_OF_A_SERVER: Final = re.compile(
    r"wso2-?carbon(?:-trace-messages)?|wso2-\w+-(?:errors?|service|trace|warn)|console|nohup", re.IGNORECASE
)
"""What servers call their logs; the node then has its name from the server's directory."""

_WITHIN_SERVER: Final = frozenset({"logs", "log", "repository", "archive"})
_MOST_FILES: Final = 2000
_MOST_LINES: Final = 100_000
_LONG_LINE: Final = 1000
_FIRST_LINES: Final = 300
"""Lines of a file in which its first time is looked for."""


def find_logs(paths: Sequence[Path], say: Callable[[str], object] = lambda _: None) -> dict[str, list[Path]]:
    """The log files of each node: ``w2.log`` and ``w2.2.log`` are one node's, and so is what is rotated.

    A directory stands for the logs in it, without what its symbolic links lead to. A log with a name that servers give,
    such as wso2carbon.log, is that of its directory. ``say`` is told of files that are left out. Raises InputError for
    a path without logs.
    """
    found: list[Path] = []
    problems: list[str] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(_logs_in(path, say))
            found += inside
            if not inside:
                problems.append(f"{path}: no log in it (expected *.log, *.log.1, *.log.2013-06-20, or these with .gz)")
        elif path.exists():
            found.append(path)
        else:
            problems.append(f"{path}: there is no such file")
    if problems:
        raise InputError(*problems)
    different = list({path.resolve(): path for path in reversed(found)}.values())[::-1]
    if len(different) > _MOST_FILES:
        last = different[_MOST_FILES - 1]
        say(f"{len(different)} logs found; only the first {_MOST_FILES} are read, the last of these is {last}")
    return _by_node(different[:_MOST_FILES])


def _logs_in(folder: Path, say: Callable[[str], object]) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            if not _LOG.search(name):
                continue
            if path.is_symlink():
                if not path.resolve().is_relative_to(folder.resolve()):
                    say(f"{path}: is a link out of {folder} and is not read; name it to have it read")
            elif _PACKED.search(name):
                say(f"{path}: is packed in a way that is not read; unpack it, or pack it with gzip")
            elif path.is_file():
                yield path


def stem_of(path: Path) -> str:
    """The name of a file without what rotation, packing and kind add to it."""
    name = path.name
    while len(shorter := _ENDING.sub("", name)) < len(name) and shorter:
        name = shorter
    return name


def _by_node(paths: Iterable[Path]) -> dict[str, list[Path]]:
    servers = {path: _server_of(path) for path in paths if _OF_A_SERVER.fullmatch(stem_of(path))}
    names = _names_that_differ(list(dict.fromkeys(servers.values())))
    files: dict[str, list[Path]] = {}
    for path in paths:
        name = names[servers[path]] if path in servers else stem_of(path)
        files.setdefault(name, []).append(path)
    return files


def _server_of(path: Path) -> Path:
    """The directory of the server that a log is in."""
    parents = path.resolve().parents
    return next((parent for parent in parents if parent.name and parent.name not in _WITHIN_SERVER), parents[0])


def _names_that_differ(folders: Sequence[Path]) -> dict[Path, str]:
    """The last parts of each directory, as many as tell it from the others with that name."""

    def differs(folder: Path, count: int) -> bool:
        return all(other == folder or other.parts[-count:] != folder.parts[-count:] for other in folders)

    counts = {folder: next(count for count in range(1, 1000) if differs(folder, count)) for folder in folders}
    return {folder: "/".join(folder.parts[-count:]) for folder, count in counts.items()}


def in_order_of_time(paths: Sequence[Path]) -> list[Path]:
    """The files of one log, the earliest first; what has no times is put in order by the numbers in its name."""
    if len(paths) < 2:
        return list(paths)
    never = datetime.max  # noqa: DTZ901 - logs name no zone
    return sorted(paths, key=lambda path: (_first_moment(path) or never, _rotation(path), path))


def nothing_in(paths: Sequence[Path]) -> str:
    """What is said of a node's logs that hold no line of the clustering code; those of Hazelcast are told by name."""
    foreign = next((path for path in paths if _is_of_hazelcast(path)), None)
    why = "; its lines are those of Hazelcast, which is another protocol than Tribes" if foreign is not None else ""
    return f"{foreign or paths[0]}: no line of the clustering code was found{why}"


def _is_of_hazelcast(path: Path) -> bool:
    if not path.is_file():
        return False  # What is read from a pipe is gone afterwards.
    try:
        with open_log(path) as file:
            return any("HazelcastClusteringAgent" in line[:_LONG_LINE] for line in islice(file, _MOST_LINES))
    except UNREADABLE:
        return False


def _first_moment(path: Path) -> datetime | None:
    if not path.is_file():
        return None  # What is read from a pipe is gone afterwards.
    try:
        with open_log(path) as file:
            lines = parse_lines(islice(file, _FIRST_LINES))
            return next((line.time for line in lines if line.time is not None), None)
    except UNREADABLE:
        return None  # Said when the whole file is read.


def _rotation(path: Path) -> int:
    """``a.log.2`` is older than ``a.log.1``, that than ``a.log``; ``a.2.log`` is the second life of the node."""
    if older := _OLDER.search(path.name):
        return -int(older[1])
    later = _LATER.search(path.name)
    return int(later[1]) if later else 0
