"""Makes docs/log-catalogue.md: ``python -m wkasim.logs.document > docs/log-catalogue.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from wkasim.logs.catalogue import ALL_PROFILES, ENTRIES, GROUPS, Entry, Visibility

__all__ = ["catalogue_page"]

_INTRODUCTION: Final = """\
# The log lines

<!-- Made by `python -m wkasim.logs.document`; edit the catalogue in wkasim/logs, not this page. -->

Every line that wkasim can write, read and explain, in the order of a node's life. `{placeholders}` stand
for values: a `{member}` is printed as `127.1.0.206:4000(wso2.esb.domain)`, a `{tribes}` member with all its
bytes, an `{axis2}` member as `Host:127.1.0.206, Port: 4001, HTTP:8280, ...`. `⏎` stands for a new line. The
name below a line is that of its event in the journal.

*Shown* says where the logging configurations that were shipped put a line. `wkasim` hides what they hide,
too, unless it is asked not to.
"""

_TITLES: Final = {
    "configuration": (
        "Reading the configuration",
        "Before clustering starts: what axis2.xml and loadbalancer.conf switch on.",
    ),
    "database": (
        "The central database",
        "Manager and workers need it in order to start. The wordings are wkasim's own; Carbon's are longer.",
    ),
    "start": ("Starting", "From `Initializing cluster...` to the end of the start-up, in order."),
    "membership": ("Members come and go", "What a running node says about others, and about its messages."),
    "tribes": (
        "The layer below",
        "Tribes, the library that sends the messages and looks after the members' health.",
    ),
    "balancer": ("Forwarding requests", "The ELB at work, and what it says of a faulty loadbalancer.conf."),
}

_SHOWN: Final = {
    Visibility.CONSOLE: "consoles",
    Visibility.ELB_CONSOLE_CARBON_FILE: "console (ELB), file (Carbon)",
    Visibility.ELB_CONSOLE: "console (ELB)",
    Visibility.HIDDEN: "hidden",
}


def catalogue_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _INTRODUCTION
    for group in GROUPS:
        title, sentence = _TITLES[group]
        yield f"## {title}\n\n{sentence}\n"
        yield "| line | what it means | profiles | shown |"
        yield "| --- | --- | --- | --- |"
        for entry in ENTRIES.values():
            if entry.group == group:
                yield _row(entry)
        yield ""


def _row(entry: Entry) -> str:
    message = entry.template.replace("\n\t", " ⏎ ").replace("\n", " ⏎ ").strip()
    line = f"`{entry.level} - {entry.component} {message}`<br>{entry.event}"
    meaning = entry.meaning.replace("__$default", "`__$default`")
    return f"| {line} | {meaning} | {_profiles(entry)} | {_SHOWN[entry.visibility]} |"


def _profiles(entry: Entry) -> str:
    """Which profiles have the line; where all that are younger than the first do, only that one."""
    since = entry.profiles == ALL_PROFILES[-len(entry.profiles) :]
    if entry.profiles == ALL_PROFILES:
        told = "all"
    elif since and len(entry.profiles) > 1:
        told = f"{entry.profiles[0]} and later"
    else:
        told = ", ".join(entry.profiles)
    return f"{told}; DEBUG in {', '.join(entry.quiet_profiles)}" if entry.quiet_profiles else told


if __name__ == "__main__":
    sys.stdout.write(catalogue_page())
