"""The data of the HTML page: a run as one JSON text, log lines rendered, strings safe inside a script element."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from wkasim.logs.catalogue import ENTRIES, render
from wkasim.sim.journal import Record
from wkasim.view.run import Note, Run, ViewNode
from wkasim.view.story import Story, story_of

__all__ = ["page_data", "safe_json", "text_of"]

_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def safe_json(data: object) -> str:
    """JSON that may stand inside a script element whatever the strings say; nothing in it can end the element."""
    return json.dumps(data, separators=(",", ":")).translate(_ESCAPES)


def text_of(record: Record) -> str:
    """The message of a log record; one that the catalogue does not know, or that lacks a value, says so."""
    params = dict(zip(record[7][::2], record[7][1::2], strict=True))
    try:
        return render(record[4], params)
    except (KeyError, ValueError, IndexError):
        values = " ".join(f"{key}={value}" for key, value in params.items())
        return f"(unknown line) {record[4]} {values}".rstrip()


def page_data(run: Run) -> dict[str, Any]:
    """Everything that the page shows, as plain data."""
    lanes = {node.name: lane for lane, node in enumerate(run.nodes)}
    records = _with_notes(run)
    events = dict.fromkeys(record[4] for record in run.records if record[1] == "log")
    return {
        "format": 1,
        "title": run.title,
        "description": run.description,
        "profile": run.profile,
        "seed": run.seed,
        "nodes": [_node(node) for node in run.nodes],
        "records": [_row(record, lanes) for record in records],
        "meanings": {event: ENTRIES[event].meaning for event in events if event in ENTRIES},
        "hidden": [event for event in events if event in ENTRIES and ENTRIES[event].hidden_by_default],
        "story": _story(story_of(records, run.nodes)),
        "notes": [_note(note) for note in run.notes],
        "warnings": list(run.warnings),
    }


def _with_notes(run: Run) -> list[Record]:
    """The records, and among them what is said (before the records of its time) and what is missing (after them)."""
    notes = [(note.time_us, "note", "", 0, note.text, place) for place, note in enumerate(run.notes)]
    ghosts = [(ghost.time_us, "ghost", ghost.node, 0, ghost.text) for ghost in run.ghosts]
    if not notes and not ghosts:
        return list(run.records)
    return sorted([*notes, *run.records, *ghosts], key=lambda record: record[0])


def _row(record: Record, lanes: Mapping[str, int]) -> list[Any]:
    time_us, kind, node, life, *fields = record
    row = [time_us, kind, lanes.get(node, -1), life, *fields]
    if kind == "log":
        row[7] = text_of(record)
    return row


def _node(node: ViewNode) -> dict[str, Any]:
    return {
        "name": node.name,
        "host": node.host,
        "address": node.address,
        "role": node.role,
        "domain": node.domain,
        "wka": list(node.well_known),
    }


def _note(note: Note) -> dict[str, Any]:
    question = note.question
    if question is None:
        return {"text": note.text, "question": None}
    asked = {
        "text": question.text,
        "choices": list(question.choices),
        "answer": question.choices.index(question.answer),
        "because": question.because,
    }
    return {"text": note.text, "question": asked}


def _story(story: Story) -> dict[str, Any]:
    return {
        "tellers": {str(index): list(told) for index, told in story.tellers.items()},
        "noticed": {str(index): list(place) for index, place in story.noticed.items()},
        "admissions": [[a.node, a.member, a.begin, a.end, a.outcome] for a in story.admissions],
    }
