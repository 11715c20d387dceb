"""What a run leaves on disk: one folder, one layout, wherever an option ``--out`` writes a run.

=================  ======================================================================================
``<node>.log``     the log of the node's first life, as its console would have shown it
``<node>.2.log``   that of its second life, and so on
``journal.jsonl``  everything that happened, one record a line
``result.json``    scenario, seed, verdicts, member lists, fingerprint
=================  ======================================================================================
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from wkasim.errors import InputError
from wkasim.files import write_whole
from wkasim.logs.formats import LogFormat
from wkasim.logs.report import Json, report_as_dict
from wkasim.scenario.judge import Outcome
from wkasim.scenario.runner import RunResult
from wkasim.sim.journal import Record

__all__ = ["JOURNAL_FILE", "RESULT_FILE", "check_folder", "outcome_as_dict", "result_as_dict", "write_run"]

JOURNAL_FILE: Final = "journal.jsonl"
RESULT_FILE: Final = "result.json"
_LOG: Final = re.compile(r"(?P<node>.+?)(?:\.\d+)?\.log")


def check_folder(folder: Path, *, force: bool = False) -> None:
    """Make sure that a run may be written there; raises InputError saying what is in the way."""
    if folder.is_dir():
        if not force and any(folder.iterdir()):
            raise InputError(
                f"{folder}: the folder is not empty; name another one, or overwrite runs in it with --force"
            )
    elif folder.exists():
        raise InputError(f"{folder}: this is a file; name a folder")


def write_run(result: RunResult, folder: Path) -> None:
    """Write a run; files of an earlier run in the folder are removed, others are left alone.

    Every file is written under another name first, so that none is ever there by half. Raises InputError if the disk
    does not take it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in _of_earlier_run(folder, result):
            old.unlink()
        for name, text in _logs(result).items():
            write_whole(folder / name, text)
        write_whole(folder / JOURNAL_FILE, "".join(f"{line}\n" for line in result.journal.lines()))
        write_whole(folder / RESULT_FILE, json.dumps(result_as_dict(result), indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot be written: {error.strerror or error}") from None


def _of_earlier_run(folder: Path, result: RunResult) -> list[Path]:
    if not (folder / JOURNAL_FILE).exists():
        return []
    names = result.scenario.all_nodes()
    return [path for path in sorted(folder.iterdir()) if (of := _LOG.fullmatch(path.name)) and of["node"] in names]


def _logs(result: RunResult) -> dict[str, str]:
    look = LogFormat("console")
    texts: dict[str, list[str]] = {}
    for node in result.history.nodes.values():
        for life in range(1, node.life + 1):
            texts[_log_name(node.name, life)] = []
    record: Record
    for record in result.journal.of_kind("log"):
        if look.shows(record):
            texts.setdefault(_log_name(record[2], record[3]), []).append(look.render(record))
    return {name: "".join(f"{line}\n" for line in lines) for name, lines in texts.items()}


def _log_name(node: str, life: int) -> str:
    return f"{node}.log" if life == 1 else f"{node}.{life}.log"


def result_as_dict(result: RunResult) -> dict[str, Json]:
    """A run as plain data, for ``--json`` and ``result.json``."""
    from wkasim.version import __version__

    names = result.history.names()
    nodes: dict[str, Json] = {}
    for name, config in result.scenario.all_nodes().items():
        node = result.history.node(name)
        nodes[name] = {
            "role": config.role,
            "state": node.state,
            "reason": node.reason,
            "lives": node.life,
            "address": node.address,
            "members": list(node.members) if node.alive else None,
            "member_names": [names.get(address, address) for address in node.members] if node.alive else None,
            "groups": {f"{domain}/{sub}": list(members) for (domain, sub), members in node.groups.items()},
        }
    return {
        "wkasim": __version__,
        "scenario": result.scenario.name,
        "file": result.scenario.file,
        "title": result.scenario.title,
        "profile": result.profile.name,
        "seed": result.seed,
        "passed": result.passed,
        "stopped": result.stopped,
        "problem": result.problem,
        "end_s": result.end_s,
        "records": len(result.journal),
        "messages_delivered": result.deliveries,
        "fingerprint": result.fingerprint,
        "nodes": nodes,
        "steps": [
            {"line": step.line, "step": step.action.verb, "name": step.name, "time_s": time_s}
            for step, time_s in zip(result.scenario.steps, result.step_times, strict=False)
        ],
        "expectations": [outcome_as_dict(outcome) for outcome in result.outcomes],
    }


def outcome_as_dict(outcome: Outcome) -> Json:
    """A verdict as plain data."""
    told: dict[str, Json] = {
        "title": outcome.title,
        "kind": outcome.verb,
        "verdict": outcome.verdict,
        "message": outcome.message,
        "line": outcome.line,
    }
    if outcome.report is not None:
        told["transcript"] = report_as_dict(outcome.report)
    return told
