"""Reads scenario files: everything is checked before anything runs, and all problems are told at once.

First the form: keys, types, ranges (:mod:`wkasim.scenario.form`). Then what goes beyond single values: names that must
exist, moments that must come, steps in an order that can be (:mod:`wkasim.scenario.checks`).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from attrs import evolve

from wkasim.errors import InputError
from wkasim.scenario.checks import check_references, check_scenario
from wkasim.scenario.form import SCENARIO_FORM
from wkasim.scenario.model import Scenario
from wkasim.scenario.shipped import find_scenario
from wkasim.scenario.written import MAX_CHARACTERS, BadValueError, Problems, parse_yaml

__all__ = ["load_scenario", "parse_scenario"]


def load_scenario(name_or_path: str | Path) -> Scenario:
    """The scenario in a file, or the shipped one of that name.

    Raises InputError listing every problem as ``file:line: what is wrong and what would be right``.
    """
    path = find_scenario(str(name_or_path))
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start}); this is no scenario") from None
    return parse_scenario(text, str(path))


def parse_scenario(text: str, file: str = "scenario.yaml") -> Scenario:
    """The scenario in a text; ``file`` stands in messages, and files that it names are looked for beside that one.

    Raises InputError listing every problem.
    """
    problems = Problems(file)
    written = parse_yaml(text, problems)
    scenario: Scenario | None = None
    if written is not None:
        with suppress(BadValueError):
            scenario = SCENARIO_FORM.read(written, problems)
        check_references(written, problems)
    if scenario is not None:
        scenario = evolve(scenario, file=file, name=Path(file).stem)
        check_scenario(scenario, problems)
    if problems.found or scenario is None:
        raise InputError(*problems.sentences())
    return scenario
