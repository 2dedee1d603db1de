"""P19: however many write at once, from however many processes, there is one chain."""

import asyncio
import sys
from pathlib import Path

import pytest

from chassis import crypto, migrations
from chassis.audit.chain import seal
from chassis.audit.verification import verify
from chassis.db import Database
from chassis.vault import key_file
from services.registration.main import SERVICE
from tests.chassis.road import unique
from tests.servers.postgres import PostgresServer

PROCESSES, ENTRIES = 4, 250
OF_THE_TWIN = 60
"""It collides within its first few."""


@pytest.mark.parametrize("turns", [True, False], ids=["in turns", "the twin without turns"])
async def test_p19_a_thousand_entries_from_four_processes_make_one_chain_without_a_fork(
    postgres: PostgresServer, tmp_path: Path, turns: bool
) -> None:
    entries = ENTRIES if turns else OF_THE_TWIN
    name = unique("forks")
    await asyncio.to_thread(postgres.create_database, name)
    url, keys = postgres.url(name, driver="asyncpg"), tmp_path / "audit.json"
    database = Database(url, SERVICE.tables)
    await migrations.upgrade(database, SERVICE.folder / "migrations")
    await crypto.open_vault(database, key_file(keys, may_make=True))

    command = [sys.executable, "-m", "tests.chassis.auditor", url, str(keys), str(entries)]
    workers = [
        await asyncio.create_subprocess_exec(
            *command, *([] if turns else ["without", "turns"]), stdout=asyncio.subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    told = [(await worker.communicate())[0] for worker in workers]
    while await seal(database):
        pass

    verified = await verify(database)
    await database.close()
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    assert (verified.head, verified.fault, verified.waiting) == (PROCESSES * entries, None, 0)
    # In turns nobody ever tries to take a number that another one has; the twin does.
    assert (sum(map(int, told)) == 0) is turns
