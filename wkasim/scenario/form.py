"""The form of a whole scenario file.

This table, with those of nodes, steps and expectations, is the only place that knows how a scenario is written.
Reader, writer and JSON Schema follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
from attrs import frozen

from wkasim.errors import InputError
from wkasim.profile import PROFILES, Profile
from wkasim.scenario.form_claims import EXPECTATION_FORM, INVARIANT
from wkasim.scenario.form_nodes import PORT, Nodes
from wkasim.scenario.form_steps import DATABASE_STATE, LINK_FORM, SET_LINK_FORM, STEP_FORM
from wkasim.scenario.model import Scenario
from wkasim.scenario.records import Field, Record
from wkasim.scenario.shapes import Choice, Flag, IPv4, ListOf, MapOf, OneOrMany, Plain, Schema, Text, Whole
from wkasim.scenario.written import BadValueError, Problems, Written, nearest
from wkasim.sim.database import DatabaseConfig

__all__ = ["SCENARIO_FORM"]

_NO_SWITCHES: Final = ("name", "revision")
"""Fields of a profile that say which one it is."""


@frozen
class Switches:
    """Fields of the profile that a scenario sets otherwise."""

    def read(self, written: Written, problems: Problems) -> dict[str, object]:
        """The fields; raises BadValueError."""
        if not isinstance(written.value, dict):
            raise problems.refuse(written.line, f"{written.kind()} is no mapping of profile switches")
        known = [field.name for field in attrs.fields(Profile) if field.name not in _NO_SWITCHES]
        values: dict[str, object] = {}
        bad = False
        for key, item in written.value.items():
            if key not in known:
                near = nearest(key, known)
                hint = near if near.startswith(";") else '; "wkasim profiles NAME" lists them'
                problems.add(written.key_lines[key], f'unknown switch "{key}"{hint}')
                bad = True
                continue
            values[key] = _plain(item)
            try:
                Profile().overridden({key: values[key]})
            except InputError as error:
                for problem in error.problems:
                    problems.add(written.key_lines[key], problem)
                bad = True
        if bad:
            raise BadValueError
        return values

    def write(self, value: Mapping[str, object]) -> Plain:
        """As it is read."""
        plain: dict[str, Plain] = {}
        for key, item in value.items():
            plain[key] = list(item) if isinstance(item, tuple | list) else item  # type: ignore[assignment]
        return plain

    def schema(self) -> Schema:
        """One property for each field."""
        properties: dict[str, Plain] = {
            field.name: {**_switch_schema(field.default), "description": str(field.metadata["what"])}
            for field in attrs.fields(Profile)
            if field.name not in _NO_SWITCHES
        }
        return {"type": "object", "properties": properties, "additionalProperties": False}


def _plain(written: Written) -> object:
    """The value without its lines; a range becomes a tuple, as profiles have them."""
    if isinstance(written.value, list):
        return tuple(_plain(item) for item in written.value)
    if isinstance(written.value, dict):
        return {key: _plain(item) for key, item in written.value.items()}
    return written.value


def _switch_schema(default: object) -> Schema:
    if isinstance(default, bool):
        return {"type": "boolean"}
    if isinstance(default, tuple):
        return {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2}
    if isinstance(default, int):
        return {"type": "integer", "minimum": 0}
    return {"type": "number", "minimum": 0} if isinstance(default, float) else {"type": "string"}


_DATABASE: Final = Record(
    DatabaseConfig,
    "the database",
    (
        Field("host", Text("a host name"), "The host in its URL."),
        Field("name", Text("a name"), "The database's name."),
        Field("port", PORT, "Its port."),
        Field("user", Text("a name"), "Whom nodes log in as."),
        Field("state", DATABASE_STATE, "Up, down (nobody answers) or denied (the grants are wrong)."),
        Field("created", Flag(), "Whether its tables exist from the beginning."),
        Field(
            "url", Text("a URL"), "A real server behind it over real sockets: mysql+pymysql://user:password@host/name"
        ),
    ),
)

SCENARIO_FORM: Final = Record(
    Scenario,
    "a scenario",
    (
        Field("title", Text("a text"), "What it is about, in a line."),
        Field("description", Text("a text"), "What one should know before watching."),
        Field("profile", Choice(tuple(PROFILES), "profile"), "Which revision of the real code."),
        Field("switches", Switches(), "Fields of the profile set otherwise."),
        Field("seed", Whole(0, 2**53, "a seed"), "Decides every race and every delay."),
        Field("hosts", MapOf(IPv4()), "The hosts table: names and their addresses."),
        Field("database", _DATABASE, "The central database, if there is one."),
        Field("link", LINK_FORM, "Latency and loss between any two hosts."),
        Field("links", ListOf(SET_LINK_FORM), "Latency and loss between two places, from the beginning."),
        Field("nodes", Nodes(), "The nodes by their names."),
        Field("steps", ListOf(STEP_FORM), "What happens, in order."),
        Field("expect", ListOf(EXPECTATION_FORM), "What should come of it.", "expectations"),
        Field("expect_violation", OneOrMany(INVARIANT), "Invariants that are known to be violated in it."),
    ),
)
"""A scenario."""
