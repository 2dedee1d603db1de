"""Every service's history leads to its tables, on either kind of database."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url

from chassis import migrations, revision
from chassis.app import Service
from chassis.db import Database
from gateway.main import SERVICE as GATEWAY
from services.assistance.main import SERVICE as ASSISTANCE
from services.registration.main import SERVICE as REGISTRATION
from services.returns.main import SERVICE as RETURNS
from services.tracking.main import SERVICE as TRACKING
from tests.chassis.road import unique
from tests.conftest import Start
from tests.migrated import really_make_newest, really_upgrade
from tests.servers.postgres import PostgresServer

EVERY = [GATEWAY, REGISTRATION, ASSISTANCE, RETURNS, TRACKING]


@pytest.mark.parametrize("service", EVERY, ids=lambda service: service.name)
async def test_the_history_the_tables_and_what_a_new_file_gets_agree(
    service: Service, database_url: str
) -> None:
    folder = service.folder / "migrations"
    database = Database(database_url, service.tables)

    await really_upgrade(database, folder)
    await really_upgrade(database, folder)

    await migrations.differences(database, folder)
    await database.close()
    if database.is_sqlite:
        given = (folder / revision.NEWEST).read_text()
        made = revision.script_of(Path(make_url(database_url).database or ""))
        assert given == made, f"newest.sql is old: make migration S={service.name}"


async def test_a_first_start_that_was_cut_off_is_done_again_by_the_next(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision, "make_newest", really_make_newest)
    folder = RETURNS.folder / "migrations"
    cut = (folder / revision.NEWEST).read_text().replace("COMMIT;", "cut off;")
    (tmp_path / revision.NEWEST).write_text(cut)
    with pytest.raises(sqlite3.OperationalError):
        revision.make_newest(tmp_path / "returns.sqlite", tmp_path)

    running = await start(RETURNS)

    assert await revision.is_newest(running.database, folder)
    await migrations.differences(running.database, folder)


async def test_replicas_that_start_together_migrate_once(postgres: PostgresServer) -> None:
    name = unique("replicas")
    await asyncio.to_thread(postgres.create_database, name)
    folder = REGISTRATION.folder / "migrations"
    url = postgres.url(name, driver="asyncpg")
    replicas = [Database(url, REGISTRATION.tables) for _ in range(3)]

    await asyncio.gather(*(really_upgrade(replica, folder) for replica in replicas))

    for replica in replicas:
        await migrations.differences(replica, folder)
        await replica.close()
