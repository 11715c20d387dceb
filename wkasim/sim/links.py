"""What a packet meets between two hosts: delay, loss, silence; and when TCP tries again.

The schedules are those of Linux with its defaults. A connection attempt sends its first packet again after 1, 2, 3, 4,
5, 7, 11, 19, 35 and 67 seconds and gives up after 131. Data on an open connection is sent again after 0.2 s, and then
each time after twice the pause, at most two minutes; after 15 repetitions, a quarter of an hour, it gives the
connection up.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import define, frozen

from wkasim.sim.process import Process

__all__ = [
    "BACKLOG",
    "LAN",
    "RETRANSMISSIONS",
    "SYN_RETRIES_S",
    "SYN_TIMEOUT_S",
    "Link",
    "Path",
    "Verdict",
    "is_dotted",
    "retransmission_us",
]

SYN_RETRIES_S: Final = (1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 11.0, 19.0, 35.0, 67.0)
"""When Linux sends the first packet of a connection again (tcp_syn_retries 6, tcp_syn_linear_timeouts 4)."""
SYN_TIMEOUT_S: Final = 131.0
"""When it gives up."""
RETRANSMISSIONS: Final = 15
"""How often data is sent again before the connection is given up (tcp_retries2)."""
BACKLOG: Final = 50
"""How many connections the operating system accepts for a process that does not (Java's default)."""

_FIRST_RETRANSMISSION_US: Final = 200_000
_LONGEST_RETRANSMISSION_US: Final = 120_000_000
_FIRST_SYN_RETRANSMISSION_US: Final = 1_000_000

DIE_BITS: Final = 30
DIE_MODULUS: Final = 1_073_741_789
DIE_MULTIPLIER: Final = 771_645_345
"""A multiplicative generator of L'Ecuyer (1999), whose numbers fit one digit of a Python integer. There is one for each
of up to a million links; a ``random.Random`` would take 2.5 kB for each, and no less time."""

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


@define(slots=True, eq=False)
class Path:
    """The way from one process to an address: verdict of the faults, delays, and the state of its die."""

    source: Process
    target_ip: str
    target_name: str
    die: int
    verdict: Verdict = "open"
    latency_us: int = 0
    jitter_us: int = 0
    loss: float = 0.0
    smooth: bool = True

    def set(self, link: Link, verdict: Verdict) -> None:
        """Take over what holds for this path now; ``smooth`` is a path without cut and without loss."""
        self.latency_us, self.jitter_us, self.loss = link.latency_us, link.jitter_us, link.loss
        self.verdict = verdict
        self.smooth = verdict == "open" and not link.loss

    def delay_us(self, *, first_retransmission_us: int = _FIRST_RETRANSMISSION_US) -> int:
        """The delay of one packet on an open path, losses included."""
        self.die = die = self.die * DIE_MULTIPLIER % DIE_MODULUS
        delay = self.latency_us + (die * self.jitter_us >> DIE_BITS)
        pause = first_retransmission_us
        while self.loss and self._is_lost() and delay < 1_000_000_000:
            delay += pause
            pause = min(2 * pause, _LONGEST_RETRANSMISSION_US)
        return delay

    def _is_lost(self) -> bool:
        self.die = die = self.die * DIE_MULTIPLIER % DIE_MODULUS
        return die < self.loss * DIE_MODULUS

    def round_trip_us(self) -> int:
        """How long a connection attempt waits for its answer."""
        return self.delay_us(first_retransmission_us=_FIRST_SYN_RETRANSMISSION_US) + self.delay_us()


def retransmission_us(number: int) -> int:
    """The pause before the retransmission with this number, which counts from 0."""
    return min(_FIRST_RETRANSMISSION_US << number, _LONGEST_RETRANSMISSION_US)


def is_dotted(host: str) -> bool:
    """Whether the text is a dotted IPv4 address."""
    octets = host.split(".")
    return len(octets) == 4 and all(o.isascii() and o.isdigit() and len(o) < 4 and int(o) < 256 for o in octets)
