"""What the nodes log is in the catalogue: event, level and parameters."""

import ast
from collections.abc import Iterator
from pathlib import Path

from wkasim.logs.catalogue import ENTRIES, placeholders

NODE = Path(__file__).parents[2] / "wkasim" / "node"
LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARN", "error": "ERROR", "critical": "FATAL"}


def logging_calls() -> Iterator[tuple[str, str, str, set[str]]]:
    """Place, level, event and parameter names of every call whose event is written out."""
    for path in sorted(NODE.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
                continue
            event = call.args[0]
            if call.func.attr in LEVELS and isinstance(event, ast.Constant):
                names = {keyword.arg or "**" for keyword in call.keywords}
                yield f"{path.name}:{call.lineno}", LEVELS[call.func.attr], str(event.value), names


def test_every_logging_call_of_a_node_fits_its_entry() -> None:
    calls = list(logging_calls())
    assert len(calls) > 30
    wrong = []
    for place, level, event, names in calls:
        entry = ENTRIES.get(event)
        if entry is None:
            wrong.append(f"{place}: no log line is called {event!r}")
        elif names != set(placeholders(entry.template)):
            wrong.append(f"{place}: {event} has {sorted(names)}, not {sorted(placeholders(entry.template))}")
        elif level != entry.level:
            wrong.append(f"{place}: {event} is logged at {level}, not {entry.level}")
    assert wrong == []
