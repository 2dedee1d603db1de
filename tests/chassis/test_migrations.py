"""Every service's history leads to its tables, on either kind of database."""

import asyncio

import pytest

from chassis import migrations
from chassis.app import Service
from chassis.db import Database
from gateway.main import SERVICE as GATEWAY
from services.assistance.main import SERVICE as ASSISTANCE
from services.registration.main import SERVICE as REGISTRATION
from services.returns.main import SERVICE as RETURNS
from services.tracking.main import SERVICE as TRACKING
from tests.chassis.road import unique
from tests.migrated import really_upgrade
from tests.servers.postgres import PostgresServer

EVERY = [GATEWAY, REGISTRATION, ASSISTANCE, RETURNS, TRACKING]


@pytest.mark.parametrize("service", EVERY, ids=lambda service: service.name)
async def test_the_history_and_the_tables_agree(service: Service, database_url: str) -> None:
    folder = service.folder / "migrations"
    database = Database(database_url, service.tables)

    await really_upgrade(database, folder)
    await really_upgrade(database, folder)

    await migrations.differences(database, folder)
    await database.close()


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
