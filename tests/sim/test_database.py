"""The embedded database: what a node meets there, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from wkasim.node.database import AccessDeniedError, DatabaseUnreachableError
from wkasim.sim.database import DatabaseConfig, EmbeddedDatabase


@pytest.fixture
def database() -> Iterator[EmbeddedDatabase]:
    database = EmbeddedDatabase(DatabaseConfig())
    yield database
    database.close()


def test_database_names_itself_as_the_data_source_does(database: EmbeddedDatabase) -> None:
    assert database.url == "jdbc:mysql://carbondb.mysql-wso2.com:3306/carbondb"
    assert (database.host, database.user) == ("carbondb.mysql-wso2.com", "username")


def test_database_lacks_its_tables_until_somebody_creates_them(database: EmbeddedDatabase) -> None:
    async def story() -> tuple[str | None, str | None]:
        before = await database.missing_table()
        await database.create_tables()
        await database.create_tables()
        return before, await database.missing_table()

    assert asyncio.run(story()) == ("REG_RESOURCE", None)


def test_database_created_beforehand_has_its_tables() -> None:
    database = EmbeddedDatabase(DatabaseConfig(created=True))
    assert asyncio.run(database.missing_table()) is None
    database.close()


def test_database_state_decides_what_a_login_meets(database: EmbeddedDatabase) -> None:
    asyncio.run(database.connect("127.1.0.132"))
    database.state = "down"
    with pytest.raises(DatabaseUnreachableError, match=r"^Communications link failure$"):
        asyncio.run(database.connect("127.1.0.132"))
    database.state = "denied"
    with pytest.raises(AccessDeniedError, match=r"^Access denied for user 'username'@'127\.1\.0\.132'$"):
        asyncio.run(database.connect("127.1.0.132"))
    database.state = "up"
    asyncio.run(database.connect("127.1.0.132"))
