"""The scenarios that come with wkasim, found by name from a checkout and from an installed wheel alike.

In a checkout they lie in ``scenarios/`` beside the package; a wheel carries the same folder inside the
package. A scenario's name is its path below that folder without the suffix: ``esb-cluster``,
``defects/split-view``. The last part is enough where only one scenario ends in it. The folder
``configs`` holds configuration files of real products, not scenarios, and is passed over.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from wkasim.errors import InputError

__all__ = ["find_scenario", "shipped_scenarios"]

_PACKAGE = Path(__file__).resolve().parents[1]
_SUFFIXES = (".yaml", ".yml")
_NOT_SCENARIOS = "configs"


def shipped_scenarios() -> dict[str, Path]:
    """Every shipped scenario's file by its name, sorted; raises InputError if the folder is missing."""
    folder = _folder()
    found = {}
    for path in folder.rglob("*.yaml"):
        inside = path.relative_to(folder)
        if inside.parts[0] != _NOT_SCENARIOS:
            found[inside.with_suffix("").as_posix()] = path
    return dict(sorted(found.items()))


def find_scenario(name_or_path: str) -> Path:
    """The file that a user means: a path that exists, or the name of a shipped scenario.

    What ends in ``.yaml`` or ``.yml`` is a path. Anything else is first a shipped scenario's name, whole
    or its last part, and only then a path, so that a stray file cannot hide a shipped scenario. Raises
    InputError saying which shipped names are nearest when there is no such file or name.
    """
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES:
        if path.is_file():
            return path
        raise InputError(f"{name_or_path}: {_why_not(path)}{_suggestion(path.with_suffix('').as_posix())}")
    shipped = shipped_scenarios()
    if name_or_path in shipped:
        return shipped[name_or_path]
    matching = [name for name in shipped if name.rpartition("/")[2] == name_or_path]
    if len(matching) == 1:
        return shipped[matching[0]]
    if matching:
        raise InputError(f'scenario "{name_or_path}" could be any of: {", ".join(matching)}; name it in full')
    if path.is_file():
        return path
    if path.is_dir():
        raise InputError(f"{name_or_path}: {_why_not(path)}{_suggestion(name_or_path)}")
    raise InputError(
        f'there is no scenario "{name_or_path}", neither a file nor a shipped one{_suggestion(name_or_path)}'
    )


def _folder() -> Path:
    # The installed place first: beside an installed package, "scenarios" may be anybody's folder.
    places = (_PACKAGE / "_scenarios", _PACKAGE.parent / "scenarios")
    for place in places:
        if place.is_dir():
            return place
    raise InputError(
        f"the shipped scenarios are missing from this installation (looked in {places[0]} and {places[1]}); "
        "install wkasim again"
    )


def _why_not(path: Path) -> str:
    return "this is a folder; name a scenario file in it" if path.is_dir() else "there is no such file"


def _suggestion(text: str) -> str:
    """``; shipped and near: ...``, comparing whole names and last parts, or how to list all."""
    last = text.rpartition("/")[2]
    names = list(shipped_scenarios())
    by_last = {name.rpartition("/")[2]: name for name in names}
    near = difflib.get_close_matches(text, names, n=3)
    near += [by_last[part] for part in difflib.get_close_matches(last, list(by_last), n=3)]
    if near:
        return f"; shipped and near: {', '.join(list(dict.fromkeys(near))[:3])}"
    return '; "wkasim scenarios" lists what is shipped'
