"""One entry of a log, wherever it came from: a file, a transcript, or the journal of a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from attrs import frozen

from wkasim.logs.catalogue import ENTRIES, Value

__all__ = ["NO_PARAMS", "LogLine"]

NO_PARAMS: Final[Mapping[str, Value]] = MappingProxyType({})
"""The parameters of a line that has none."""


@frozen
class LogLine:
    """One entry of a log, as it was read; several lines of text if its message has several.

    ``level`` and ``component`` are empty for a line that is no log line at all. ``event`` is the catalogue's
    name for the line and None for one that it does not know. ``number`` is the line number in ``file``.
    """

    number: int
    message: str
    level: str = ""
    component: str = ""
    logger: str | None = None
    time: datetime | None = None
    event: str | None = None
    params: Mapping[str, Value] = NO_PARAMS
    file: str = "log"
    node: str = ""

    @property
    def known(self) -> bool:
        """Whether this is a log line, of whatever program."""
        return self.level != ""

    @property
    def text(self) -> str:
        """The line in the guide's form: ``INFO - TribesUtil No members in current cluster``."""
        return f"{self.level} - {self.component} {self.message}" if self.level else self.message

    @property
    def place(self) -> str:
        """``file:line``"""
        return f"{self.file}:{self.number}"

    @property
    def shown(self) -> bool:
        """Whether this is a log line that the shipped logging configurations let through."""
        return self.known and not self.hidden_by_default

    @property
    def hidden_by_default(self) -> bool:
        """Whether the shipped logging configurations would have left this line out."""
        return self.level == "DEBUG" or (self.event is not None and ENTRIES[self.event].hidden_by_default)
