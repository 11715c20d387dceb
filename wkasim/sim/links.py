"""What a packet meets between two hosts: delay, loss, silence; and when TCP tries again.

The schedules are those of Linux with its defaults. A connection attempt sends its first packet again after 1, 2, 3, 4,
5, 7, 11, 19, 35 and 67 seconds and gives up after 131; but long timers are coarse and never early, so in truth it gives
up after 133 to 135 seconds, and after 135.2 if it began when another one gave up, as recorded. Data on an open
connection is sent again after 0.2 s, and then each time after twice the pause, at most two minutes; after 15
repetitions, a quarter of an hour, it gives the connection up.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Final, Literal

from attrs import frozen

from wkasim.sim.process import Process
from wkasim.sim.randomness import TWO_64, mixed

__all__ = [
    "BACKLOG",
    "DELAYS",
    "LAN",
    "RETRANSMISSIONS",
    "Conditions",
    "Link",
    "Path",
    "Verdict",
    "is_dotted",
    "retransmission_us",
    "syn_moments",
]

RETRANSMISSIONS: Final = 15
"""How often data is sent again before the connection is given up (tcp_retries2)."""
BACKLOG: Final = 50
"""How many connections the operating system accepts for a process that does not (Java's default)."""

_SYN_PAUSES_S: Final = (1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64)
"""Between the first packets of a connection, and from the last to giving up (tcp_syn_retries 6, linear timeouts 4)."""
_TICK_US: Final = 4_000
"""How finely the operating system counts the time of its timers (250 Hz)."""
_WHEEL: Final = ((63, 1), (504, 8), (4032, 64), (32256, 512))
"""The levels of Linux's timer wheel: a pause of less than so many ticks ends at a multiple of so many."""
_FIRST_RETRANSMISSION_US: Final = 200_000
_LONGEST_RETRANSMISSION_US: Final = 120_000_000

DELAYS: Final = 1021
"""How many delays a link has; a prime number, so that moments at a regular distance meet all of them."""
_SALTS: Final = tuple(range(DELAYS))
"""One object for each number: a million paths share them, and they stay in the processor's cache."""

Verdict = Literal["open", "silent", "refused", "unreachable"]
"""What the faults say of a path: packets pass, vanish, are answered with a refusal, or have no route."""


@frozen(slots=True)
class Link:
    """What a packet meets on its way: a delay of ``latency_us`` to ``latency_us + jitter_us``, and loss.

    ``loss`` is the probability that a packet is lost; TCP sends it again, so loss shows as delay.
    """

    latency_us: int = 100
    jitter_us: int = 200
    loss: float = 0.0


LAN: Final = Link()
"""The default: a switched local network, 0.1 to 0.3 ms one way."""


class Conditions:
    """What holds for a path now; many paths share one. ``smooth`` is a path without cut and without loss."""

    __slots__ = ("delays", "link", "smooth", "verdict")

    def __init__(self, link: Link, verdict: Verdict) -> None:
        self.link = link
        self.verdict: Verdict = verdict
        self.delays = delays_of(link.latency_us, link.jitter_us)
        self.smooth = verdict == "open" and not link.loss


@lru_cache(maxsize=256)
def delays_of(latency_us: int, jitter_us: int) -> tuple[int, ...]:
    """Every delay that a packet can have, evenly spread and shuffled.

    Which one a packet has is a matter of link and moment, ``delays[(now_us + salt) % DELAYS]``, and of nothing
    else: not of how many packets went before. So a message more, here or elsewhere, leaves the others as they were.
    """
    shuffled = Random(DELAYS)
    order = sorted(range(DELAYS), key=lambda _: shuffled.random())
    return tuple(latency_us + index * jitter_us // DELAYS for index in order)


class Path:
    """The way from one process to an address, with its conditions; ``seed`` tells its chances from those of others."""

    __slots__ = ("conditions", "salt", "salt_back", "seed", "source", "target_ip", "target_name")

    def __init__(self, source: Process, target_ip: str, target_name: str, conditions: Conditions, seed: int) -> None:
        self.source = source
        self.target_ip = target_ip
        self.target_name = target_name
        self.conditions = conditions
        self.seed = seed
        self.salt = _SALTS[seed % DELAYS]
        self.salt_back = _SALTS[(seed >> 32) % DELAYS]

    def latency_us(self, now_us: int, *, back: bool = False) -> int:
        """The delay of a packet that is sent now and not lost; ``back`` is for the answer, which goes the other way."""
        return self.conditions.delays[(now_us + (self.salt_back if back else self.salt)) % DELAYS]

    def loses(self, now_us: int, number: int = 0, *, back: bool = False) -> bool:
        """Whether a packet that is sent now, for the time with that number, is lost."""
        loss = self.conditions.link.loss
        if not loss:
            return False
        return mixed(self.seed ^ mixed(now_us << 5 | number << 1 | back)) < loss * TWO_64

    def delay_us(self, now_us: int, *, back: bool = False) -> int:
        """The delay of data that is sent now on an open connection, with TCP's repetitions where it is lost."""
        delay = self.latency_us(now_us, back=back)
        number = 0
        while number < RETRANSMISSIONS and self.loses(now_us, number, back=back):
            delay += retransmission_us(number)
            number += 1
        return delay


def syn_moments(began_us: int) -> tuple[int, ...]:
    """When the first packet of a connection attempt is sent again, and at the end when the attempt is given up."""
    tick, moments = began_us // _TICK_US, []
    for pause_s in _SYN_PAUSES_S:
        pause = pause_s * 1_000_000 // _TICK_US
        grain = next(grain for ticks, grain in _WHEEL if pause < ticks)
        tick = (tick + pause + grain) // grain * grain
        moments.append(tick * _TICK_US)
    return tuple(moments)


def retransmission_us(number: int) -> int:
    """The pause before the retransmission with this number, which counts from 0."""
    return min(_FIRST_RETRANSMISSION_US << number, _LONGEST_RETRANSMISSION_US)


def is_dotted(host: str) -> bool:
    """Whether the text is a dotted IPv4 address."""
    octets = host.split(".")
    return len(octets) == 4 and all(o.isascii() and o.isdigit() and len(o) < 4 and int(o) < 256 for o in octets)
