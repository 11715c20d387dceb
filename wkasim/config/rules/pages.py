"""Makes docs/rules/: ``python -m wkasim.config.rules.pages docs/rules``, one page a rule and a list of all."""

from __future__ import annotations

import sys
from pathlib import Path

from wkasim.config.rules.finding import Rule
from wkasim.config.rules.table import RULES

__all__ = ["pages"]

_FROM = {
    "simulation": "the simulation that follows the findings",
    "database": "the guide, Setting up the central database",
    "offset": "the guide, Adjusting the port offset",
}


def pages() -> dict[str, str]:
    """The pages by their file names."""
    rows = "".join(f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} |\n" for rule in RULES.values())
    index = (
        "# Rules of `wkasim doctor`\n\n"
        "Each finding names its rule. How to use the doctor: "
        "[Check your configuration](../guides/check-your-configuration.md).\n\n"
        "| rule | severity | what it finds |\n| --- | --- | --- |\n" + rows
    )
    return {"README.md": index, **{f"{rule.id}.md": _page(rule) for rule in RULES.values()}}


def _page(rule: Rule) -> str:
    parts = [
        f"# {rule.id}: {rule.title}\n",
        f"Severity: {rule.severity}.{_fault(rule)}\n",
        f"## Why\n\n{rule.why}\n",
        f"## What happens\n\n{rule.happens}\n",
    ]
    if rule.appear:
        parts.append("In the log there will be\n\n```text\n" + "\n".join(rule.appear) + "\n```\n")
    if rule.missing:
        parts.append("and there will not be\n\n```text\n" + "\n".join(rule.missing) + "\n```\n")
    parts.append(f"## How to mend it\n\n{rule.mend}\n")
    parts.append(f"Wrong:\n\n```text\n{rule.wrong}\n```\n\nRight:\n\n```text\n{rule.right}\n```\n")
    if rule.scenario:
        parts.append(f"See it happen: `wkasim run {rule.scenario}`\n")
    return "\n".join(parts)


def _fault(rule: Rule) -> str:
    if rule.fault.startswith("F"):
        return f" Fault {rule.fault} of the [list of faults](../guides/check-your-configuration.md#faults)."
    return f" From {_FROM[rule.fault]}." if rule.fault in _FROM else ""


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
