"""The part of an event loop that reaches outside: files, sockets, threads and processes. A simulated one has none."""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn

__all__ = ["NothingOutside"]


def _absent(name: str) -> Any:  # noqa: ANN401  # it stands for 25 signatures, none of which can be called
    def refuse(_self: object, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError(f"{name}: nothing outside the simulation can be reached on virtual time")

    refuse.__name__ = name
    return refuse


class NothingOutside(asyncio.AbstractEventLoop):
    """An event loop without an outside: every method that needs one raises NotImplementedError and says so."""

    # Threads and names
    run_in_executor = _absent("run_in_executor")
    set_default_executor = _absent("set_default_executor")
    getaddrinfo = _absent("getaddrinfo")
    getnameinfo = _absent("getnameinfo")
    # Connections, pipes and processes
    create_connection = _absent("create_connection")
    create_server = _absent("create_server")
    create_unix_connection = _absent("create_unix_connection")
    create_unix_server = _absent("create_unix_server")
    connect_accepted_socket = _absent("connect_accepted_socket")
    create_datagram_endpoint = _absent("create_datagram_endpoint")
    start_tls = _absent("start_tls")
    sendfile = _absent("sendfile")
    connect_read_pipe = _absent("connect_read_pipe")
    connect_write_pipe = _absent("connect_write_pipe")
    subprocess_shell = _absent("subprocess_shell")
    subprocess_exec = _absent("subprocess_exec")
    # Files and sockets
    add_reader = _absent("add_reader")
    remove_reader = _absent("remove_reader")
    add_writer = _absent("add_writer")
    remove_writer = _absent("remove_writer")
    sock_recv = _absent("sock_recv")
    sock_recv_into = _absent("sock_recv_into")
    sock_recvfrom = _absent("sock_recvfrom")
    sock_recvfrom_into = _absent("sock_recvfrom_into")
    sock_sendto = _absent("sock_sendto")
    sock_sendall = _absent("sock_sendall")
    sock_connect = _absent("sock_connect")
    sock_accept = _absent("sock_accept")
    sock_sendfile = _absent("sock_sendfile")
    # Signals
    add_signal_handler = _absent("add_signal_handler")
    remove_signal_handler = _absent("remove_signal_handler")
