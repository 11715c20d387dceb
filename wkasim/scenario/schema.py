"""The JSON Schema of scenario files, made from the form that reader and writer use."""

from __future__ import annotations

from typing import Final

from wkasim.scenario.form import SCENARIO_FORM
from wkasim.scenario.form_nodes import NODE_FORM
from wkasim.scenario.shapes import Plain, Schema

__all__ = ["scenario_schema"]

_DURATION: Final[dict[str, Plain]] = {
    "description": "A time: 10s, 200ms, 1m30s, or a plain number of seconds.",
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(us|ms|s|m|h))+$|^[0-9]+(\.[0-9]+)?$"},
    ],
}

_MOMENT: Final[dict[str, Plain]] = {
    "description": "A moment of the run: its beginning, a node's start, restart or stop, or a step that has a name.",
    "type": "string",
    "pattern": r"^(beginning|(start|restart|stop) of \S+|step .+)$",
}


def scenario_schema() -> Schema:
    """The schema, draft 2020-12; editors that know it complete and check scenario files."""
    full = SCENARIO_FORM.schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wkasim scenario",
        "description": "One situation of a cluster that forms by well-known addresses, and what should come of it.",
        **full,
        "$defs": {"duration": _DURATION, "moment": _MOMENT, "node": NODE_FORM.schema()},
    }
