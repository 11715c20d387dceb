"""The central database of a simulated cluster: an embedded SQLite that stands for MySQL, with faults."""

from __future__ import annotations

import sqlite3
from typing import Literal

from attrs import frozen

from wkasim.node.database import AccessDeniedError, DatabaseUnreachableError

__all__ = ["DatabaseConfig", "EmbeddedDatabase"]

TABLES = ("REG_RESOURCE", "UM_USER")
"""What stands for the registry and user tables that -Dsetup creates."""


@frozen(kw_only=True)
class DatabaseConfig:
    """The data source: where the database is and how it behaves.

    ``state`` is up, down (nobody answers) or denied (the grants are wrong); ``created`` says that the tables
    exist from the beginning. ``url`` is a real server in SQLAlchemy's form, which stands behind it over real sockets.
    """

    host: str = "carbondb.mysql-wso2.com"
    name: str = "carbondb"
    port: int = 3306
    user: str = "username"
    state: Literal["up", "down", "denied"] = "up"
    created: bool = False
    url: str | None = None


class EmbeddedDatabase:
    """The data of one simulated database; every node sees the same.

    With ``file`` it is kept there, and nodes in several processes see the same.
    """

    def __init__(self, config: DatabaseConfig, file: str = ":memory:") -> None:
        self.config = config
        self.state = config.state
        self._connection = sqlite3.connect(file)
        if config.created:
            self._create()

    @property
    def url(self) -> str:
        """The JDBC URL."""
        return f"jdbc:mysql://{self.config.host}:{self.config.port}/{self.config.name}"

    @property
    def host(self) -> str:
        """The host name in the URL."""
        return self.config.host

    @property
    def user(self) -> str:
        """Whom nodes log in as."""
        return self.config.user

    async def connect(self, client_ip: str) -> None:
        """Log in; raises DatabaseUnreachableError or AccessDeniedError."""
        if self.state == "down":
            raise DatabaseUnreachableError("Communications link failure")
        if self.state == "denied":
            raise AccessDeniedError(f"Access denied for user '{self.user}'@'{client_ip}'")

    async def create_tables(self) -> None:
        """Create what is not there."""
        self._create()

    def _create(self) -> None:
        for table in TABLES:
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (ID INTEGER PRIMARY KEY)")

    async def missing_table(self) -> str | None:
        """The first table that is not there."""
        rows = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        present = {str(row[0]) for row in rows}
        return next((table for table in TABLES if table not in present), None)

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()
