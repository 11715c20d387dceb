"""Where a run to look at comes from: a run directory written by ``wkasim run --out``.

A journal that was cut off is shown as far as it goes, with a warning that says so. One of another version, or one
that cannot have come about by running, is refused. If the directory tells the journal's fingerprint and the journal
has another one, the view says that the two do not belong together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from attrs import evolve, frozen

from wkasim.errors import InputError
from wkasim.scenario.output import JOURNAL_FILE, RESULT_FILE
from wkasim.sim.journal import Journal, read_journal
from wkasim.view.run import Run, check_records, nodes_in

__all__ = ["read_run"]

_LONGEST_LINE: Final = 1_000_000
_LARGEST: Final = 1_000_000_000
_LARGEST_RESULT: Final = 50_000_000


def read_run(folder: Path) -> Run:
    """The run in a directory; raises InputError naming file, line and the way out."""
    journal_file = folder / JOURNAL_FILE
    if not journal_file.is_file():
        raise InputError(f"{folder}: holds no {JOURNAL_FILE}; make one with: wkasim run SCENARIO --out {folder}")
    lines, warnings = _lines(journal_file)
    journal = read_journal(lines, str(journal_file))
    check_records(journal.records, str(journal_file))
    if not journal.records:
        raise InputError(f"{journal_file}: holds no records, only its first line; run the scenario again")
    result = _result(folder / RESULT_FILE)
    warnings += _differences(journal, result, cut_off=bool(warnings))
    run = Run(
        title=result.title or folder.resolve().name,
        nodes=nodes_in(journal.records),
        records=journal.records,
        profile=result.profile,
        seed=result.seed,
        warnings=tuple(warnings),
    )
    return run if result.present else evolve(run, warnings=(*run.warnings, _no_result(folder)))


def _no_result(folder: Path) -> str:
    return f"{folder / RESULT_FILE} is missing: title, profile and seed of this run are unknown"


def _lines(path: Path) -> tuple[Iterator[str], list[str]]:
    """The lines of a journal; a last line that is cut off is left out, and said."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: larger than {_LARGEST:,} bytes; look at a shorter run")
        with path.open(encoding="utf-8") as file:
            lines = list(_bounded(file, path))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason}); this is no journal of wkasim") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(lines) > 1 and not lines[-1].endswith("\n") and not _is_json(lines[-1]):
        number = len(lines)
        last = lines.pop()
        words = f"the journal is cut off in line {number} ({last[:30]!r}...): what happened after that is not shown"
        return iter(lines), [words]
    return iter(lines), []


def _bounded(file: IO[str], path: Path) -> Iterator[str]:
    number = 0
    while line := file.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            raise InputError(f"{path}:{number}: a line longer than {_LONGEST_LINE:,} characters; this is no journal")
        yield line


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


@frozen
class _Result:
    present: bool = False
    title: str = ""
    profile: str = ""
    seed: int | None = None
    fingerprint: str = ""


def _result(path: Path) -> _Result:
    if not path.is_file():
        return _Result()
    try:
        if path.stat().st_size > _LARGEST_RESULT:
            raise InputError(f"{path}: larger than {_LARGEST_RESULT:,} bytes; this is no result of wkasim")
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise InputError(f"{path}: not JSON; run the scenario again, or remove the file to see the journal") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a result of wkasim; remove the file to see the journal alone")
    seed = data.get("seed")
    return _Result(
        present=True,
        title=_text(data, "title") or _text(data, "scenario"),
        profile=_text(data, "profile"),
        seed=seed if isinstance(seed, int) else None,
        fingerprint=_text(data, "fingerprint"),
    )


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _differences(journal: Journal, result: _Result, *, cut_off: bool) -> list[str]:
    if cut_off or not result.fingerprint or result.fingerprint == journal.fingerprint():
        return []
    words = (
        f"the journal is not the one that {RESULT_FILE} describes: it was edited, lines are missing, or it comes from "
        "another run; what is shown is what stands in the journal"
    )
    return [words]
