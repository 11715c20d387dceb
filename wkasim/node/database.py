"""The central database that managers and workers need in order to start.

A node looks before it prints its first clustering line, so no such line follows a failure. The manager's first start
with -Dsetup creates the tables; before that a worker cannot start. What stands behind the interface is handed to the
node: an embedded one for simulations, a server for real runs.
"""

from __future__ import annotations

from typing import Protocol

from wkasim.errors import StartupError
from wkasim.node.config import NodeConfig
from wkasim.node.environment import Environment
from wkasim.transport.base import UnknownHostError

__all__ = [
    "AccessDeniedError",
    "Database",
    "DatabaseUnreachableError",
    "TablesMissingError",
    "check_database",
]

DRIVER = "com.mysql.jdbc.Driver"


class DatabaseUnreachableError(StartupError):
    """Nobody answers at the database's address."""


class AccessDeniedError(StartupError):
    """The database does not know the user, or not from this host."""


class TablesMissingError(StartupError):
    """The database is empty: nobody has started with -Dsetup yet."""


class Database(Protocol):
    """A database as a node sees it."""

    @property
    def url(self) -> str:
        """The JDBC URL of the data source."""

    @property
    def host(self) -> str:
        """The host name in it."""

    @property
    def user(self) -> str:
        """Whom the node logs in as."""

    async def connect(self, client_ip: str) -> None:
        """Log in; raises DatabaseUnreachableError or AccessDeniedError."""

    async def create_tables(self) -> None:
        """What -Dsetup does; tables that exist are kept. Raises as :meth:`connect`."""

    async def missing_table(self) -> str | None:
        """The first table that a node needs and that is not there; raises as :meth:`connect`."""


async def check_database(environment: Environment, config: NodeConfig, client_ip: str) -> None:
    """Make sure that the node can work with the database; raises StartupError after having logged why not."""
    database = environment.database
    if database is None or not config.uses_database:
        return
    log = environment.log.bind(component="RDBMSDataSource")
    if not config.driver_present:
        log.error("database_driver_missing", driver=DRIVER)
        raise StartupError(f"the JDBC driver {DRIVER} is not in repository/components/lib")
    log = environment.log.bind(component="DataSourceRepository")
    try:
        environment.transport.resolve(database.host)
        await _use(database, environment, config, client_ip)
    except UnknownHostError:
        log.error("database_host_unknown", host=database.host)
        raise StartupError(f"the database host {database.host} is not in the hosts table") from None
    except DatabaseUnreachableError as error:
        log.error("database_unreachable", url=database.url, reason=str(error))
        raise
    except AccessDeniedError:
        log.error("database_access_denied", user=database.user, url=database.url)
        raise


async def _use(database: Database, environment: Environment, config: NodeConfig, client_ip: str) -> None:
    """Log in, create the tables if that is this node's part, and look whether they are there."""
    await database.connect(client_ip)
    if config.setup and not config.worker:  # A worker node only reads.
        await database.create_tables()
        environment.log.bind(component="DatabaseCreator").info("database_created", url=database.url)
    missing = await database.missing_table()
    if missing is not None:
        environment.log.bind(component="DatabaseUtil").error("database_tables_missing", table=missing)
        raise TablesMissingError(f"table {missing} does not exist: start the manager with -Dsetup first")
