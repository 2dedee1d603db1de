"""The same road twice: in one process on SQLite, and through RabbitMQ between PostgreSQLs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chassis import topology
from chassis.bus import EventBus, InProcessBus
from chassis.rabbit import RabbitBus
from tests.chassis.road import BoatArrived, Road, made, unique
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

PASSWORDS = {"writer": "writer-secret", "reader": "reader-secret"}
READS = {"writer": [], "reader": [BoatArrived.type]}
RETRY_SECONDS = (0.2, 0.2, 0.2)


@pytest.fixture
async def short_road(tmp_path: Path) -> AsyncIterator[Road]:
    writer = await made(f"sqlite+aiosqlite:///{tmp_path}/writer.sqlite", "writer")
    reader = await made(f"sqlite+aiosqlite:///{tmp_path}/reader.sqlite", "reader")
    bus = InProcessBus()
    bus.open()
    yield Road(writer, reader, lambda _side: bus)
    await writer.close()
    await reader.close()


@pytest.fixture
async def long_road(postgres: PostgresServer, rabbitmq: RabbitServer) -> AsyncIterator[Road]:
    async with through(postgres, rabbitmq) as road:
        yield road


@pytest.fixture
async def mortal_road(
    postgres: PostgresServer, mortal_rabbitmq: RabbitServer
) -> AsyncIterator[Road]:
    """Lead through a broker that may be killed."""
    async with through(postgres, mortal_rabbitmq) as road:
        yield road


@asynccontextmanager
async def through(postgres: PostgresServer, rabbitmq: RabbitServer) -> AsyncIterator[Road]:
    databases = []
    for side in ("writer", "reader"):
        name = unique(side)
        await asyncio.to_thread(postgres.create_database, name)
        databases.append(await made(postgres.url(name, driver="asyncpg"), side))
    vhost = unique("road")
    await asyncio.to_thread(rabbitmq.create_virtual_host, vhost)
    wanted = topology.definitions(READS, PASSWORDS, RETRY_SECONDS, vhost)
    await topology.load(rabbitmq.management_url, rabbitmq.user, rabbitmq.password, wanted)

    def bus(side: str) -> EventBus:
        return RabbitBus(rabbitmq.amqp_url(side, PASSWORDS[side], vhost))

    writer, reader = databases
    road = Road(writer, reader, bus)
    road.vhost = vhost
    yield road
    for database in databases:
        await database.close()


@pytest.fixture(params=["one process", pytest.param("RabbitMQ", marks=pytest.mark.integration)])
def road(request: pytest.FixtureRequest) -> Road:
    name = {"one process": "short_road", "RabbitMQ": "long_road"}[request.param]
    chosen = request.getfixturevalue(name)
    assert isinstance(chosen, Road)
    return chosen
