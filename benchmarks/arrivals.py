"""The doubles of many who come into a register by one import, looked for at once and one by one."""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from sqlalchemy import func
from sqlmodel import select

from benchmarks.processes import forget_peak, peak_bytes
from benchmarks.register import load, registration
from benchmarks.report import Report
from benchmarks.scan import MEBIBYTE, Taken
from benchmarks.twice import people
from chassis.db import Database
from services.registration.duplicates import many, search
from services.registration.duplicates.models import DuplicatePair
from services.registration.persons import registering
from services.registration.persons.models import PersonIn
from tests.servers.postgres import PostgresServer, obtain

PEOPLE, ONE_IN = 50_000, 10
AT_ONCE = 500
WAYS = {"at once": 0, "one by one": PEOPLE * 100}
"""How many must wait to be looked for at once."""


async def measure(number: int = PEOPLE) -> Report:
    everybody = list(people(number, seed=1))
    # Who is registered twice comes twice in a row, and seldom so in a register.
    Random(2).shuffle(everybody)  # noqa: S311 - It hides nothing.
    postgres = await asyncio.to_thread(obtain)
    try:
        found = {way: await _looked(postgres, way, everybody) for way in WAYS}
    finally:
        await asyncio.to_thread(postgres.close)
    new = number // ONE_IN
    at_once, one_by_one = found.values()
    return Report(
        "Doubles of many who come at once",
        f"`python -m benchmarks arrivals`: registration on PostgreSQL with {number - new:,} people "
        f"when {new:,} more have come in, of all of whom one in thirteen is somebody's second. "
        "Until nobody waits; CPU and memory are the service's without the database's, once each.",
        ("way", "seconds", "seconds of CPU", "ms of CPU a new person", "peak MiB", "pairs kept"),
        [
            (
                way,
                f"{taken.seconds:.1f}",
                f"{taken.cpu_seconds:.1f}",
                f"{taken.cpu_seconds / new * 1000:.2f}",
                f"{taken.peak_bytes / MEBIBYTE:.0f}",
                f"{taken.kept:,}",
            )
            for way, taken in found.items()
        ],
        f"At once takes {at_once.cpu_seconds / one_by_one.cpu_seconds:.2f} of the CPU of one by "
        "one (target: below 0.5), and finds the same pairs.",
    )


async def _looked(postgres: PostgresServer, way: str, everybody: Sequence[PersonIn]) -> Taken:
    name = f"arrivals {way}".replace(" ", "_")
    first_new = len(everybody) - len(everybody) // ONE_IN
    await asyncio.to_thread(postgres.create_database, name)
    with tempfile.TemporaryDirectory() as home:
        async with registration(postgres.url(name, driver="asyncpg"), Path(home)) as app:
            await load(app.state.database, postgres, name, everybody[:first_new])
            await _come(app.state.database, everybody[first_new:])
            many.MANY = WAYS[way]
            return await _taken(app.state.database)


async def _come(database: Database, new: Sequence[PersonIn]) -> None:
    for begin in range(0, len(new), AT_ONCE):
        some = new[begin : begin + AT_ONCE]
        async with database.write() as session:
            await registering.register_all(
                session, some, organisation="iom", by="loader", case_owner=None
            )


async def _taken(database: Database) -> Taken:
    forget_peak(os.getpid())
    started, cpu = time.monotonic(), time.process_time()
    await search.look_for_new(database)
    taken = time.monotonic() - started, time.process_time() - cpu
    async with database.read() as session:
        kept = (await session.exec(select(func.count()).select_from(DuplicatePair))).one()
    return Taken(*taken, peak_bytes(os.getpid()), kept)
