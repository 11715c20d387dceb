"""What is known about one log line of the real system."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

__all__ = ["ALL_PROFILES", "Entry", "Visibility"]

ALL_PROFILES = ("axis2-1.5", "axis2-1.6", "axis2-1.7", "documented", "wso2-1.6.1")
"""Every profile that a line can belong to, oldest code first."""

SINCE_1_6 = ALL_PROFILES[1:]
SINCE_1_7 = ALL_PROFILES[2:]


class Visibility(StrEnum):
    """Where the shipped logging configurations of the ELB and of Carbon put a line."""

    CONSOLE = "consoles of ELB and Carbon"
    ELB_CONSOLE_CARBON_FILE = "console of the ELB, file only with Carbon"
    ELB_CONSOLE = "console of the ELB"
    HIDDEN = "nowhere unless asked for"


@frozen
class Entry:
    """One log line: its event name in the journal, its class, its text and what it tells a reader.

    ``template`` holds ``{placeholders}``; its line breaks are those of the real line. ``variants`` are other
    wordings of the same line, which are read but never written; ``other_loggers`` are classes under which
    other versions print it. ``quiet_profiles`` print the line at DEBUG instead of ``level``.
    """

    event: str
    level: str
    logger: str
    template: str
    meaning: str
    profiles: tuple[str, ...] = ALL_PROFILES
    visibility: Visibility = Visibility.CONSOLE
    group: str = ""
    variants: tuple[str, ...] = ()
    other_loggers: tuple[str, ...] = ()
    quiet_profiles: tuple[str, ...] = ()

    @property
    def component(self) -> str:
        """The last part of the class name, as the consoles print it: ``TribesUtil``."""
        return self.logger.rpartition(".")[2]

    @property
    def hidden_by_default(self) -> bool:
        """Whether the shipped logging configuration shows the line nowhere."""
        return self.visibility is Visibility.HIDDEN

    def level_in(self, profile: str) -> str:
        """The level at which a profile prints the line."""
        return "DEBUG" if profile in self.quiet_profiles else self.level

    def logger_of(self, component: str) -> str:
        """The full class name for a component under which this line is printed."""
        for logger in (self.logger, *self.other_loggers):
            if logger.rpartition(".")[2] == component:
                return logger
        return self.logger
