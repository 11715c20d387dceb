"""The errors that wkasim raises on purpose; each carries a sentence for the person who caused it."""

from __future__ import annotations

__all__ = ["ClusterError", "InputError", "ProtocolError", "StartupError", "ThreadDeathError", "WkasimError", "visible"]


def visible(text: str) -> str:
    """The text with control characters spelt out, so that what a file says cannot reach into a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)


class WkasimError(Exception):
    """Base of every error that wkasim raises on purpose."""


class InputError(WkasimError):
    """What a user handed in cannot be used; ``problems`` lists everything found, one sentence each.

    A problem begins with ``file:line:`` where it has a place, and quotes what it found :func:`visible`. The command
    line exits with 2.
    """

    def __init__(self, *problems: str) -> None:
        self.problems: tuple[str, ...] = tuple(map(visible, problems))
        super().__init__("\n".join(self.problems))


class ClusterError(WkasimError):
    """A cluster was asked for something that makes no sense in its present state."""


class ProtocolError(WkasimError):
    """Bytes or messages from a peer that are not what the protocol allows."""


class StartupError(WkasimError):
    """A node could not start; the message is the reason, as it stands in the node's log."""


class ThreadDeathError(WkasimError):
    """Something in a node went wrong that ends the thread it happened on, and nothing else."""
