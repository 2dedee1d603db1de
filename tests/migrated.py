"""An empty database is made once for each history and kind, and copied from then on."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, inspect, make_url

from chassis import migrations, revision
from chassis.db import Database
from tests.servers.postgres import PostgresServer

really_upgrade = migrations.upgrade
really_make_newest = revision.make_newest


class Histories:
    """What stands in for what makes and upgrades databases, and fills new ones with copies."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._files: dict[Path, bytes] = {}
        self._templates: Templates | None = None

    @property
    def templates(self) -> "Templates":
        if self._templates is None:
            self._templates = Templates(self._request.getfixturevalue("postgres"))
        return self._templates

    def make_newest(self, file: Path, folder: Path) -> None:
        """Stand in for `revision.make_newest`, without waiting for the disk each time."""
        if folder not in self._files:
            really_make_newest(file, folder)
            self._files[folder] = file.read_bytes()
        file.write_bytes(self._files[folder])

    async def upgrade(self, database: Database, folder: Path) -> None:
        url = make_url(database.writer.url)
        if file := database.new_file():
            self.make_newest(file, folder)
        elif database.is_sqlite or not await self.templates.fill(url, database, folder):
            await really_upgrade(database, folder)


@pytest.fixture(scope="session", autouse=True)
def histories(request: pytest.FixtureRequest) -> Iterator[Histories]:
    """
    Spare most tests what each start of a service on a new database would do over again.

    What a history does to records, and that it ends at the tables as they are, are tests of
    their own.
    """
    made = Histories(request)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrations, "upgrade", made.upgrade)
        patched.setattr(revision, "make_newest", made.make_newest)
        yield made


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.integration)])
def service_url(
    request: pytest.FixtureRequest, tmp_path: Path, histories: Histories
) -> Iterator[str]:
    """Return the address of a database that is there, and new, once a service starts on it."""
    if request.param == "SQLite":
        yield f"sqlite+aiosqlite:///{tmp_path}/service.sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = histories.templates.promise()
    yield server.url(name, driver="asyncpg")
    histories.templates.finish(name)


class Templates:
    """
    One migrated PostgreSQL database for each history, in the server of the tests.

    A database that was promised and is finished with is emptied and used again under the next
    one's name: that takes a tenth of what a new copy takes.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._made: dict[Path, str] = {}
        self._emptied_by: dict[Path, str] = {}
        self._promised: set[str] = set()
        self._of: dict[str, Path] = {}
        self._finished: dict[Path, list[str]] = defaultdict(list)

    def promise(self) -> str:
        """Return the name of a database that is made when a service first starts on it."""
        name = f"promised_{secrets.token_hex(4)}"
        self._promised.add(name)
        return name

    def finish(self, name: str) -> None:
        self._promised.discard(name)
        if name in self._of:
            self._finished[self._of.pop(name)].append(name)

    async def fill(self, url: URL, database: Database, folder: Path) -> bool:
        """Say whether the database is at the newest revision now, because it was new."""
        # Another role's database is its own to migrate: that it can is part of what is tried.
        ours = (url.host, url.port, url.username)
        if not url.database or ours != (self._server.host, self._server.port, self._server.user):
            return False
        if url.database in self._promised:
            await self._keep_promise(url.database, database, folder)
            return True
        if not await _is_empty(database):
            return False
        # Who is connected cannot be while the database makes way.
        await database.writer.dispose()
        await asyncio.to_thread(self._server.drop_database, url.database)
        await self._copy(url.database, database, folder)
        return True

    async def _keep_promise(self, name: str, database: Database, folder: Path) -> None:
        self._promised.discard(name)
        self._of[name] = folder
        if not self._finished[folder]:
            await self._copy(name, database, folder)
            return
        old = self._finished[folder].pop()
        await asyncio.to_thread(self._server.execute, self._emptied_by[folder], old)
        await asyncio.to_thread(self._server.rename_database, old, name)

    async def _copy(self, name: str, database: Database, folder: Path) -> None:
        if folder not in self._made:
            self._made[folder] = await self._migrated(database, folder)
        template = self._made[folder]
        await asyncio.to_thread(self._server.create_database, name, template=template)

    async def _migrated(self, database: Database, folder: Path) -> str:
        name = f"migrated_{secrets.token_hex(4)}"
        await asyncio.to_thread(self._server.create_database, name)
        new = Database(self._server.url(name, driver="asyncpg"), database.tables)
        await really_upgrade(new, folder)
        await new.close()
        self._emptied_by[folder] = await asyncio.to_thread(self._emptying, name)
        return name

    def _emptying(self, name: str) -> str:
        """Return the statements that empty a copy, passing by its triggers and foreign keys."""
        tables = [row["tablename"] for row in self._server.fetch(TABLES, database=name)]
        filled = [
            each for each in tables if self._server.fetch(ANY_ROW.format(each), database=name)
        ]
        assert not filled, f"a new database has rows in {filled}: emptied it would not be as new"
        return "; ".join(["set session_replication_role = replica", *map(DELETE.format, tables)])


TABLES = """
    select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'
"""
DELETE = 'delete from "{}"'
ANY_ROW = 'select 1 from "{}" limit 1'


async def _is_empty(database: Database) -> bool:
    async with database.writer.connect() as connection:
        return not await connection.run_sync(lambda each: inspect(each).get_table_names())
