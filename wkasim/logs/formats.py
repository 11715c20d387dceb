"""From journal records to text: the four forms in which a log is written.

tribes
    ``INFO - TribesUtil No members in current cluster``, as the guide prints its logs
console
    ``[2013-06-20 10:11:12,345]  INFO - TribesUtil No members in current cluster``, the ELB's console
carbon
    ``TID: [0] [ESB] [2013-06-20 10:11:12,345]  INFO {org...TribesUtil} -  No members in current cluster
    {org...TribesUtil}``, all in one line: the file wso2carbon.log
json
    one object a line, with the event's name and its parameters
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from attrs import Attribute, field, frozen

from wkasim.errors import InputError
from wkasim.logs.catalogue import ENTRIES, Entry, Params, render
from wkasim.logs.line import LogLine
from wkasim.sim.journal import Record

__all__ = ["DEFAULT_SERVER", "DEFAULT_START", "FORMATS", "LogFormat"]

DEFAULT_START: Final = datetime(2013, 6, 20, 10, 11, 12)  # noqa: DTZ001 - logs of Carbon name no zone
"""What the clock on the wall shows when a run begins, unless the caller says otherwise."""

DEFAULT_SERVER: Final = "ESB"
"""The server name that Carbon prints for a node of which nothing else is said."""


@frozen
class _Line:
    """One record, taken apart for the writers below."""

    record: Record
    entry: Entry
    component: str
    level: str
    message: str
    params: Params
    moment: datetime
    server: str

    @property
    def clock(self) -> str:
        """Date and time as log4j writes them, cut off at the millisecond."""
        return self.moment.isoformat(" ", "milliseconds").replace(".", ",")


def _tribes(line: _Line) -> str:
    return f"{line.level} - {line.component} {line.message}"


def _console(line: _Line) -> str:
    return f"[{line.clock}] {line.level:>5} - {line.component} {line.message}"


def _carbon(line: _Line) -> str:
    # Two blanks follow the dash: between them the pattern prints a diagnostic context that is always empty.
    logger = f"{{{line.entry.logger_of(line.component)}}}"
    return f"TID: [0] [{line.server}] [{line.clock}] {line.level:>5} {logger} -  {line.message} {logger}"


def _json(line: _Line) -> str:
    time_us, _, node, life, event, component, level, _ = line.record
    fields = {
        "time": line.moment.isoformat(timespec="microseconds"),
        "time_us": time_us,
        "node": node,
        "life": life,
        "level": level,
        "component": component,
        "logger": line.entry.logger_of(component),
        "event": event,
        "params": dict(line.params),
        "message": line.message,
    }
    return json.dumps(fields, ensure_ascii=False)


_WRITERS: Final[Mapping[str, Callable[[_Line], str]]] = {
    "tribes": _tribes,
    "console": _console,
    "carbon": _carbon,
    "json": _json,
}

FORMATS: Final = tuple(_WRITERS)
"""The names of the formats."""


def _check_name(_instance: object, _attribute: Attribute[str], value: str) -> None:
    if value not in _WRITERS:
        raise InputError(f"unknown log format {value!r} (known: {', '.join(FORMATS)})")


@frozen
class LogFormat:
    """How the log records of a run become text, and which of them are shown at all.

    ``start`` is the time on the wall at the run's epoch. ``servers`` gives a node's server name in the carbon
    format (``ELB``, ``ESB``). Lines that the shipped logging configurations hide are left out unless asked
    for: what Tribes says at INFO, and everything at DEBUG. Raises InputError for an unknown format.
    """

    name: str = field(default="tribes", validator=_check_name)
    start: datetime = DEFAULT_START
    servers: Mapping[str, str] = MappingProxyType({})
    show_tribes_info: bool = False
    show_debug: bool = False

    def shows(self, record: Record) -> bool:
        """Whether this record is a log line that is to be shown."""
        if record[1] != "log":
            return False
        if record[6] == "DEBUG":
            return self.show_debug
        return self.show_tribes_info or not ENTRIES[record[4]].hidden_by_default

    def render(self, record: Record) -> str:
        """The text of a log record, without a final line end; a message of several lines keeps them.

        Raises KeyError if the catalogue does not know the record's event or the record lacks a parameter.
        """
        return _WRITERS[self.name](self._line(record))

    def _line(self, record: Record) -> _Line:
        time_us, _, node, _, event, component, level, flat = record
        params = dict(zip(flat[::2], flat[1::2], strict=True))
        message = render(event, params)
        moment = self.start + timedelta(microseconds=time_us)
        server = self.servers.get(node, DEFAULT_SERVER)
        return _Line(record, ENTRIES[event], component, level, message, params, moment, server)

    def lines(self, records: Iterable[Record], node: str | None = None, life: int | None = None) -> Iterator[str]:
        """The texts of all records that are to be shown, of one node and one of its lives if given."""
        for record in records:
            if self.shows(record) and node in (None, record[2]) and life in (None, record[3]):
                yield self.render(record)

    def log_lines(
        self, records: Iterable[Record], node: str, life: int | None = None, since_us: int = 0
    ) -> Iterator[LogLine]:
        """What reading a node's log would give, without writing it: the lines from a time of the run on.

        The numbers are those of the lines in the log as :meth:`lines` gives it, from its beginning.
        """
        number = 1
        for record in records:
            if self.shows(record) and node == record[2] and life in (None, record[3]):
                line = self._line(record)
                if record[0] >= since_us:
                    logger = line.entry.logger_of(line.component)
                    yield LogLine(
                        number, line.message, line.level, line.component, logger, line.moment,
                        line.entry.event, line.params, node, node,
                    )  # fmt: skip
                number += line.message.count("\n") + 1
