"""An empty database is migrated once for each history and kind, and copied from then on."""

import asyncio
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, inspect, make_url

from chassis import migrations
from chassis.db import Database
from tests.servers.postgres import PostgresServer

really_upgrade = migrations.upgrade


@pytest.fixture(scope="session", autouse=True)
def histories_are_run_once(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """
    Spare most tests what each start of a service on a new database would do over again.

    The service still looks whether it is at the newest revision. What a history does to records,
    and that it ends at the tables as they are, are tests of their own.
    """
    files = Files(tmp_path_factory.mktemp("migrated"))
    templates: Templates | None = None

    async def upgrade(database: Database, folder: Path) -> None:
        nonlocal templates
        url = make_url(database.writer.url)
        if database.is_sqlite:
            await files.fill(url, database, folder)
        else:
            if templates is None:
                templates = Templates(request.getfixturevalue("postgres"))
            await templates.fill(url, database, folder)
        await really_upgrade(database, folder)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrations, "upgrade", upgrade)
        yield


class Files:
    """One migrated SQLite file for each history."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept

    async def fill(self, url: URL, database: Database, folder: Path) -> None:
        if not url.database or Path(url.database).exists():
            return
        copy = self._kept / "-".join(folder.parts[1:])
        if not copy.exists():
            new = Database(f"sqlite+aiosqlite:///{copy}.new", database.tables)
            await really_upgrade(new, folder)
            await new.close()
            Path(f"{copy}.new").rename(copy)
        shutil.copyfile(copy, url.database)


class Templates:
    """One migrated PostgreSQL database for each history, in the server of the tests."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._made: dict[Path, str] = {}

    async def fill(self, url: URL, database: Database, folder: Path) -> None:
        # Another role's database is its own to migrate: that it can is part of what is tried.
        ours = (url.host, url.port, url.username)
        if ours != (self._server.host, self._server.port, self._server.user):
            return
        if not url.database or not await _is_empty(database):
            return
        if folder not in self._made:
            self._made[folder] = await self._migrated(database, folder)
        # Who is connected cannot be while the database makes way.
        await database.writer.dispose()
        await asyncio.to_thread(self._server.drop_database, url.database)
        await asyncio.to_thread(
            self._server.create_database, url.database, template=self._made[folder]
        )

    async def _migrated(self, database: Database, folder: Path) -> str:
        name = f"migrated_{secrets.token_hex(4)}"
        await asyncio.to_thread(self._server.create_database, name)
        new = Database(self._server.url(name, driver="asyncpg"), database.tables)
        await really_upgrade(new, folder)
        await new.close()
        return name


async def _is_empty(database: Database) -> bool:
    async with database.writer.connect() as connection:
        return not await connection.run_sync(lambda each: inspect(each).get_table_names())
