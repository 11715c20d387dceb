"""Rules on messages: drop, delay, duplicate or hold what matches, and release it by hand."""

from __future__ import annotations

from typing import Literal

from attrs import define, field, frozen

from wkasim.sim.pipes import Message, Packet, Pipe

__all__ = ["ActiveRule", "Rule", "RuleBook"]


@frozen(slots=True)
class Rule:
    """Something done to the messages that match: ``drop``, ``delay``, ``duplicate`` or ``hold``.

    ``message`` is the kind of a message, which its replies share (``MEMBER_LIST``), or that of replies alone
    (``MEMBER_LIST reply``); ``sender`` and ``receiver`` are names of nodes. Each matches everything when None.
    ``count`` limits how many messages the rule touches.
    """

    action: Literal["drop", "delay", "duplicate", "hold"]
    message: str | None = None
    sender: str | None = None
    receiver: str | None = None
    count: int | None = None
    delay_us: int = 0


@define(slots=True, eq=False)
class ActiveRule:
    """A rule at work: how many messages it may still touch, and the packets that it holds."""

    rule: Rule
    left: int | None
    held: list[Packet] = field(factory=list)

    def matches(self, pipe: Pipe, message: Message) -> bool:
        """Whether the rule wants this message."""
        rule = self.rule
        return (
            self.left != 0
            and rule.sender in (None, pipe.source.name)
            and rule.receiver in (None, pipe.target.name)
            and _is_kind(message, rule.message)
        )


class RuleBook:
    """The rules at work, in the order in which they were made; the first that matches a message has it."""

    def __init__(self) -> None:
        self.active: list[ActiveRule] = []

    def add(self, rule: Rule) -> None:
        """Begin to apply a rule."""
        self.active.append(ActiveRule(rule, rule.count))

    def first_match(self, pipe: Pipe, message: Message) -> ActiveRule | None:
        """The rule for this message, which has then touched one message more; None if there is none."""
        for active in self.active:
            if active.matches(pipe, message):
                if active.left is not None:
                    active.left -= 1
                return active
        return None

    def release(self, kind: str | None) -> list[Packet]:
        """Let go what is held, or what is of that kind, in the order in which it was sent.

        The rules that hold nothing else end with that.
        """
        released: list[Packet] = []
        for active in list(self.active):
            if active.rule.action == "hold":
                released += [packet for packet in active.held if _is_kind(packet[2], kind)]
                active.held = [packet for packet in active.held if not _is_kind(packet[2], kind)]
                if kind in (None, active.rule.message):
                    self.active.remove(active)
        return sorted(released, key=lambda packet: packet[3])

    def clear(self) -> None:
        """No rule from now on; what is still held is lost."""
        self.active.clear()


def _is_kind(message: Message, kind: str | None) -> bool:
    return kind is None or kind in (message.label, message.label.partition(" ")[0])
