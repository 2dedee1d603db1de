"""Both ways to run the system, as processes of their own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fleet import Fleet, OneProcess
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture
def fleet(postgres: PostgresServer, rabbitmq: RabbitServer, tmp_path: Path) -> Iterator[Fleet]:
    with shared(Fleet(postgres, rabbitmq, tmp_path)) as fleet:
        yield fleet


@pytest.fixture
def mortal_fleet(
    mortal_postgres: PostgresServer, mortal_rabbitmq: RabbitServer, tmp_path: Path
) -> Iterator[Fleet]:
    """Run the distributed system on servers that may be killed under it."""
    with shared(Fleet(mortal_postgres, mortal_rabbitmq, tmp_path)) as fleet:
        yield fleet


@contextmanager
def shared(fleet: Fleet, **more: str) -> Iterator[Fleet]:
    """Run a fleet, for all tests of a file if each of them leaves it as able as it was."""
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
