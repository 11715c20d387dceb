"""Real sockets: the transport interface over TCP, in the wire format of Tribes.

Node code cannot tell this room from the simulated network. A peer is a stranger here: whatever it sends, the worst that
happens is that its connection is closed, with one line in the log.
"""

from __future__ import annotations

from wkasim.transport.tcp.addresses import AddressBook, address_book
from wkasim.transport.tcp.transport import TcpTransport

__all__ = ["AddressBook", "TcpTransport", "address_book"]
