"""How the port of a node is found: probed, and not quite "incremented".

The guide says that a port in use is incremented automatically. The code does this instead, without a word about the
port that was busy:

    the configured port is free     that one
    it is busy, 4000 is free        4000, whatever was configured
    4000 is busy as well            4001, if that is free
    and that is busy too            newer fork: 4001 all the same, though somebody else has it
                                    axis2-1.7: the number of tries that are left becomes the port: 999

The last case prints no "Receiver Server Socket bound to" at all (docs/protocol.md, "Port probing"; defect D10).
"""

from __future__ import annotations

from wkasim.members import Address
from wkasim.node.environment import Environment
from wkasim.transport.base import BindError

__all__ = ["probe_port"]

FALLBACK_PORT = 4000


async def probe_port(environment: Environment, ip: str, shown: str, preferred: int | None) -> int:
    """Find a port by opening and closing throw-away sockets; takes 0.1 s where one could be opened.

    ``shown`` is the host as the configuration has it, for the log: Java prints ``name/ip:port``.
    """
    profile = environment.profile
    for port in (preferred, FALLBACK_PORT):
        if port is not None and await _can_bind(environment, ip, shown, port):
            return port
    await environment.sleep(profile.busy_pause_s)
    if await _can_bind(environment, ip, shown, FALLBACK_PORT + 1):
        return FALLBACK_PORT + 1
    if profile.port_probe_returns_tries:
        # Quirk: the recursive call's arguments are shifted, and its result is the retry counter.
        return profile.port_probe_tries - 1
    # Quirk: the recursive call's result is thrown away, so the port is used without having been tried.
    return FALLBACK_PORT + 1


async def _can_bind(environment: Environment, ip: str, shown: str, port: int) -> bool:
    try:
        listener = await environment.transport.listen(Address(ip, port), None, "probe")
    except BindError:
        return False
    listener.close()
    log = environment.log.bind(component="WkaBasedMembershipScheme")
    log.info("socket_bound", address=f"{shown}/{ip}:{port}")
    await environment.sleep(environment.profile.bind_pause_s)
    return True
