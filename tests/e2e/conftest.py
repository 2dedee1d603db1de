"""Both ways to run the system, as processes of their own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.fleet import Fleet, OneProcess
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture
async def fleet(
    postgres: PostgresServer, rabbitmq: RabbitServer, tmp_path: Path
) -> AsyncIterator[Fleet]:
    async with running(Fleet(postgres, rabbitmq, tmp_path)) as fleet:
        yield fleet


@pytest.fixture
async def mortal_fleet(
    mortal_postgres: PostgresServer, mortal_rabbitmq: RabbitServer, tmp_path: Path
) -> AsyncIterator[Fleet]:
    """Run the distributed system on servers that may be killed under it."""
    async with running(Fleet(mortal_postgres, mortal_rabbitmq, tmp_path)) as fleet:
        yield fleet


@asynccontextmanager
async def running(fleet: Fleet) -> AsyncIterator[Fleet]:
    await fleet.prepare()
    fleet.start()
    try:
        fleet.wait()
        yield fleet
    finally:
        fleet.stop()


@contextmanager
def shared(fleet: Fleet, **more: str) -> Iterator[Fleet]:
    """Run a fleet for all tests of a file, each of which leaves it as able as it was."""
    asyncio.run(fleet.prepare())
    fleet.start(**more)
    try:
        fleet.wait()
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture
def one_process(tmp_path: Path) -> Iterator[OneProcess]:
    system = OneProcess(tmp_path)
    yield system
    if system.process and system.process.poll() is None:
        system.process.kill()
        system.process.wait()
