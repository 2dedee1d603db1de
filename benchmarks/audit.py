"""What it costs that each read is on record first: the sealer, against a locked head row."""

import asyncio
import secrets
import tempfile
import time
from pathlib import Path

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.report import Report, median, quantile
from chassis import audit, crypto, migrations
from chassis.audit.chain import run_sealer
from chassis.audit.entries import Act
from chassis.audit.journal import Journal
from chassis.db import Database
from chassis.vault import key_file
from services.registration.main import SERVICE
from tests.servers.postgres import PostgresServer, start_private

WAYS = ("a locked head row", "the sealer")
READERS = 16
SECONDS = 8
ROUNDS = 3
STEP_SECONDS, PAUSE_SECONDS, PEOPLE_A_STEP = 0.3, 0.05, 100
CLERK = audit.Actor("clerk", "iom", ("case_worker",))
A_READ = Act(CLERK, "read", "person", (), None, None, "allowed")


async def measure() -> Report:
    postgres = await asyncio.to_thread(start_private)
    waits: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    try:
        with tempfile.TemporaryDirectory() as home:
            for number in range(ROUNDS):
                for way in WAYS:
                    name = f"{way.split()[-1]}_{number}"
                    waits[way].append(await _round(way, postgres, name, Path(home)))
    finally:
        postgres.close()
    rate = {way: median(len(each) / SECONDS for each in waits[way]) for way in WAYS}
    rows = [
        (
            way,
            f"{rate[way]:,.0f}",
            *(
                f"{median(quantile(each, q) for each in waits[way]) * 1000:.1f}"
                for q in (0.5, 0.95)
            ),
        )
        for way in WAYS
    ]
    locked, sealed = (rate[way] for way in WAYS)
    return Report(
        "Reads on record, beside an import",
        f"`python -m benchmarks audit`: {READERS} readers put one read after another on record, on "
        f"PostgreSQL, while an import notes {PEOPLE_A_STEP} people in transactions of "
        f"{STEP_SECONDS * 1000:.0f} ms. Once each transaction locks the head of the chain, once "
        f"a sealer chains what has committed. {SECONDS} s, {ROUNDS} rounds of each in turn.",
        ("way", "reads a second", "p50 ms", "p95 ms"),
        rows,
        f"With the sealer {sealed / locked:.0f} times as many reads are on record.",
    )


async def _round(way: str, postgres: PostgresServer, name: str, home: Path) -> list[float]:
    await asyncio.to_thread(postgres.create_database, name)
    database = Database(postgres.url(name, driver="asyncpg"), SERVICE.tables)
    await migrations.upgrade(database, SERVICE.folder / "migrations")
    await crypto.open_vault(database, key_file(home / f"{name}.json", may_make=True))
    async with database.writer.begin() as connection:
        await connection.execute(text("create table head (seq bigint)"))
        await connection.execute(text("insert into head values (0)"))
    stopping = asyncio.Event()
    sealer = asyncio.create_task(run_sealer(database, stopping))
    try:
        return await _load(database, locked=way == WAYS[0])
    finally:
        stopping.set()
        await sealer
        await database.close()


async def _load(database: Database, *, locked: bool) -> list[float]:
    journal, waits, end = Journal(database), list[float](), time.monotonic() + SECONDS

    async def import_people() -> None:
        while time.monotonic() < end:
            async with database.write() as session:
                if locked:
                    await _lock(session)
                people = [secrets.token_hex(8) for _ in range(PEOPLE_A_STEP)]
                audit.note(session, CLERK, "create", "person", people)
                await asyncio.sleep(STEP_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)

    async def read() -> None:
        while time.monotonic() < end:
            started, person = time.perf_counter(), secrets.token_hex(8)
            if locked:
                async with database.write() as session:
                    await _lock(session)
                    audit.note(session, CLERK, "read", "person", person)
            else:
                await journal.keep({A_READ: [person]})
            waits.append(time.perf_counter() - started)

    await asyncio.gather(import_people(), *(read() for _ in range(READERS)))
    return waits


async def _lock(session: AsyncSession) -> None:
    connection = await session.connection()
    await connection.execute(text("select seq from head for update"))
    await connection.execute(text("update head set seq = seq + 1"))
