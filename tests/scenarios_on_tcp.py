"""The table of scenarios that can and cannot run on TCP: ``python -m tests.scenarios_on_tcp --write``."""

from __future__ import annotations

import sys
from pathlib import Path

from wkasim.live.run import obstacles
from wkasim.scenario.reader import load_scenario
from wkasim.scenario.shipped import shipped_scenarios

DOCUMENT = Path(__file__).parents[1] / "docs" / "guides" / "run-on-tcp.md"
BEGIN = "<!-- scenarios on TCP: made by `python -m tests.scenarios_on_tcp --write` -->\n"
END = "<!-- end -->\n"


def table() -> str:
    """One row a shipped scenario."""
    rows = []
    for name in shipped_scenarios():
        reasons = [problem.split(": ", 1)[1] for problem in obstacles(load_scenario(name))]
        short = "; ".join(dict.fromkeys(reason.replace(" needs the simulated network", "") for reason in reasons))
        rows.append(f"| `{name}` | {f'no. {short}' if short else 'yes'} |\n")
    return "".join(rows)


def document() -> str:
    """The document with the table of today."""
    text = DOCUMENT.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    head = head[: head.index("| scenario | on TCP |")]
    tail = rest.split(END)[-1]
    return f"{head}| scenario | on TCP |\n| --- | --- |\n{table()}\n{BEGIN}{END}{tail}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        sys.stdout.write(table())
