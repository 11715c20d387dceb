"""The central database of nodes on real sockets: a file that they share, or a real server through SQLAlchemy.

Of a real server the node's own words are kept: it fails as the product does, with the reason that the server or the
operating system gave. The driver blocks, so every call runs in a thread of its own, and none takes longer than the
connection's time-out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from wkasim.errors import InputError, StartupError
from wkasim.node.database import AccessDeniedError, Database, DatabaseUnreachableError
from wkasim.sim.database import TABLES, DatabaseConfig, EmbeddedDatabase

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.exc import SQLAlchemyError

__all__ = ["ServerDatabase", "real_database"]

T = TypeVar("T")

_CONNECT_S: Final = 5
_DENIED: Final = frozenset({1044, 1045, 1142, 1143, 1227, 1698})
"""Error numbers of MySQL and MariaDB for users, passwords and grants that are wrong."""


def real_database(config: DatabaseConfig | None, file: Path | None) -> Database | None:
    """What stands behind a scenario's database over real sockets: its server, or else the file.

    Raises InputError for a URL that cannot be used.
    """
    if config is None:
        return None
    if config.url is not None:
        return ServerDatabase(config.url)
    return EmbeddedDatabase(config, ":memory:" if file is None else str(file))


class ServerDatabase:
    """A real database server; ``url`` is in SQLAlchemy's form."""

    def __init__(self, url: str) -> None:
        try:
            from sqlalchemy import create_engine
            from sqlalchemy.engine import make_url
            from sqlalchemy.exc import ArgumentError
            from sqlalchemy.pool import NullPool
        except ImportError:
            raise InputError("a database server needs SQLAlchemy and a driver: pip install 'wkasim[mysql]'") from None
        try:
            self._url = make_url(url)
            options = {"connect_timeout": _CONNECT_S} if self._url.get_backend_name() in ("mysql", "mariadb") else {}
            # A connection for each question: nodes ask three times in their lives.
            self._engine = create_engine(self._url, poolclass=NullPool, connect_args=options)
        except ArgumentError:
            raise InputError(
                f"database.url {url!r} is no URL such as mysql+pymysql://user:password@host/name"
            ) from None
        except ImportError as error:
            raise InputError(f"database.url: the driver is missing ({error}): pip install 'wkasim[mysql]'") from None

    @property
    def url(self) -> str:
        """The JDBC URL that the product would have in its configuration; it has no password in it."""
        backend = "mysql" if self._url.get_backend_name() == "mariadb" else self._url.get_backend_name()
        return f"jdbc:{backend}://{self.host}:{self._url.port or 3306}/{self._url.database or ''}"

    @property
    def host(self) -> str:
        """The host in the URL."""
        return self._url.host or "127.0.0.1"

    @property
    def user(self) -> str:
        """Whom nodes log in as."""
        return self._url.username or ""

    async def connect(self, client_ip: str) -> None:  # noqa: ARG002 - a real server sees for itself who asks
        """Log in; raises DatabaseUnreachableError or AccessDeniedError."""
        await self._ask(lambda _connection: None)

    async def create_tables(self) -> None:
        """Create what is not there; raises as :meth:`connect`."""
        from sqlalchemy import Column, Integer, MetaData, Table

        tables = MetaData()
        for name in TABLES:
            Table(name, tables, Column("ID", Integer, primary_key=True))
        await self._ask(tables.create_all)

    async def missing_table(self) -> str | None:
        """The first table that is not there; raises as :meth:`connect`."""
        from sqlalchemy import inspect

        present = await self._ask(lambda connection: {name.upper() for name in inspect(connection).get_table_names()})
        return next((table for table in TABLES if table not in present), None)

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        from sqlalchemy.exc import SQLAlchemyError

        def ask() -> T:
            with self._engine.begin() as connection:
                return question(connection)

        try:
            return await asyncio.to_thread(ask)
        except SQLAlchemyError as error:
            raise _as_the_node_says(error) from None


def _as_the_node_says(error: SQLAlchemyError) -> StartupError:
    cause = getattr(error, "orig", None) or error
    number = cause.args[0] if cause.args else 0
    text = str(cause.args[1]) if len(cause.args) > 1 else str(cause)
    return AccessDeniedError(text) if number in _DENIED else DatabaseUnreachableError(text)
