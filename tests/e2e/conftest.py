"""Both ways to run the system, as processes of their own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fleet import Fleet, OneProcess
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture
async def fleet(
    postgres: PostgresServer, rabbitmq: RabbitServer, tmp_path: Path
) -> AsyncIterator[Fleet]:
    fleet = Fleet(postgres, rabbitmq, tmp_path)
    await fleet.prepare()
    fleet.start()
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
