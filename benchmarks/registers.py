"""
A register of 100,000 people through the API, beside COPY and SQLModel with the same rows.

A million, to see that the service needs no more memory for them, come in files of 100,000: an
upload has room for no more.
"""

import asyncio
import csv
import io
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import asyncpg
import httpx
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.processes import cpu_seconds, peak_bytes
from benchmarks.protection import person, serving
from benchmarks.report import Report
from tests.conftest import bearer
from tests.servers.postgres import PostgresServer, obtain

PEOPLE, MILLION = 100_000, 1_000_000
A_FILE = 100_000
IN_A_HOUSEHOLD = 4
TARGET_A_SECOND, TARGET_OF_COPY, TARGET_MEBIBYTES = 2000, 0.05, 500
SERVED, COPIED, ADDED = "protected", "copied", "added"
TABLES = (
    "select relname from pg_stat_user_tables where schemaname = 'public' and n_live_tup > 0 "
    "order by relname"
)
AT_ONCE = 1000
LOOK_SECONDS = 0.5
PATH = "/v1/registration/imports"
MEBIBYTE = 1024 * 1024

Row = dict[str, str]


class Peer(SQLModel, table=True):
    """The same row as SQLModel keeps it, in the clear, without an index and anything else."""

    external_id: str = Field(primary_key=True)
    given_name: str
    father_name: str
    sex: str
    birth_date: str
    nationality: str
    population_category: str
    phone: str
    location_pcode: str
    consent_given: str
    document_type: str
    document_number: str
    household_ref: str


class Imported(NamedTuple):
    seconds: float
    cpu_seconds: float
    peak_bytes: int


class Kept(NamedTuple):
    """What a COPY took of all rows that are there, and how many they are."""

    seconds: float
    tables: int
    rows: int
    size: int
    """In bytes, as COPY writes them."""


def rows(first: int, number: int) -> list[Row]:
    made = []
    for each in range(first, first + number):
        told: dict[str, Any] = person(each)
        [paper] = told.pop("documents")
        del told["consent"]
        papers = {f"document_{name}": text for name, text in paper.items()}
        household = f"H{each // IN_A_HOUSEHOLD}"
        made.append(told | {"consent_given": "yes"} | papers | {"household_ref": household})
    # People of one household stand near each other in no register.
    Random(1).shuffle(made)  # noqa: S311 - It hides nothing.
    return made


async def measure(number: int = PEOPLE) -> Report:
    people = rows(0, number)
    postgres = await asyncio.to_thread(obtain)
    try:
        copied = await _copied(postgres, people)
        added = await _added(postgres, people)
        imported = await _imported(postgres, [people])
        kept = await _kept_again(postgres)
    finally:
        postgres.close()
    found = {
        "bare COPY": copied,
        "SQLModel add_all": added,
        "COPY of all that the import left": kept.seconds,
        "import": imported.seconds,
    }
    rate = len(people) / imported.seconds
    cpu = imported.cpu_seconds / len(people)
    return Report(
        "A register of many people",
        f"`python -m benchmarks registers`: {len(people):,} people with phone, paper, consent and "
        f"household. COPY and `add_all` ({AT_ONCE:,} a transaction) write them in the clear, with "
        "a primary key and no more; the import is sent to registration alone by HTTP and "
        "validates, seals, records, tells and forms households. From the answer 202 until the job "
        f"is done, once each. It leaves {kept.rows / len(people):.1f} rows and "
        f"{kept.size / len(people) / 1024:.1f} KiB a person in {kept.tables} tables (sealed "
        "texts, keys to find them by, events, the audit's entries); what PostgreSQL itself takes "
        "for these is told by a COPY of the same rows into the same tables with their indexes. "
        "PostgreSQL is the tests', which does not wait for the disk, for neither.",
        ("way", "seconds", "people a second", "of COPY"),
        [
            (way, f"{taken:.1f}", f"{len(people) / taken:,.0f}", f"{copied / taken:.3f}")
            for way, taken in found.items()
        ],
        f"{rate:,.0f} people a second (target: {TARGET_A_SECOND:,} on an idle machine), "
        f"{copied / imported.seconds:.3f} of a bare COPY (target: {TARGET_OF_COPY}), "
        f"{kept.seconds / imported.seconds:.2f} of a COPY of all that it left. The service's "
        f"process took {cpu * 1000:.2f} ms of CPU a person, and held at most "
        f"{imported.peak_bytes / MEBIBYTE:.0f} MiB.",
    )


async def measure_large(number: int = MILLION) -> Report:
    """Measure the import alone: its peers need longer, and tell nothing of its memory."""
    files = (rows(first, min(A_FILE, number - first)) for first in range(0, number, A_FILE))
    postgres = await asyncio.to_thread(obtain)
    try:
        imported = await _imported(postgres, files)
    finally:
        postgres.close()
    return Report(
        "A register of a million people",
        f"`python -m benchmarks registers-large`: {number:,} people as in `registers`, in files of "
        f"{A_FILE:,}, one after another; the most memory that the service's process held.",
        ("people", "seconds", "people a second", "ms of CPU a person", "MiB"),
        [
            (
                f"{number:,}",
                f"{imported.seconds:.1f}",
                f"{number / imported.seconds:,.0f}",
                f"{imported.cpu_seconds / number * 1000:.2f}",
                f"{imported.peak_bytes / MEBIBYTE:.0f}",
            )
        ],
        f"Target: at most {TARGET_MEBIBYTES} MiB.",
    )


async def _copied(postgres: PostgresServer, people: list[Row]) -> float:
    await asyncio.to_thread(postgres.create_database, COPIED)
    connection = await asyncpg.connect(postgres.url(COPIED))
    names = list(Peer.model_fields)
    columns = ", ".join(f"{name} text not null" for name in names)
    await connection.execute(f"create table peer ({columns}, primary key (external_id))")
    records = [tuple(each[name] for name in names) for each in people]
    started = time.monotonic()
    await connection.copy_records_to_table("peer", records=records, columns=names)
    taken = time.monotonic() - started
    await connection.close()
    return taken


async def _added(postgres: PostgresServer, people: list[Row]) -> float:
    await asyncio.to_thread(postgres.create_database, ADDED)
    engine = create_async_engine(postgres.url(ADDED, driver="asyncpg"))
    async with engine.begin() as connection:
        await connection.run_sync(Peer.metadata.tables["peer"].create)
    started = time.monotonic()
    for begin in range(0, len(people), AT_ONCE):
        async with AsyncSession(engine) as session:
            session.add_all(Peer(**each) for each in people[begin : begin + AT_ONCE])
            await session.commit()
    taken = time.monotonic() - started
    await engine.dispose()
    return taken


async def _imported(postgres: PostgresServer, files: Iterable[list[Row]]) -> Imported:
    seconds = cpu = 0.0
    with tempfile.TemporaryDirectory() as home:
        async with serving(SERVED, postgres, Path(home)) as (client, process):
            for people in files:
                file = {"file": ("register.csv", _csv(people), "text/csv")}
                headers = bearer(exp=int(time.time()) + 3600)
                answer = await client.post(PATH, files=file, headers=headers, timeout=120)
                answer.raise_for_status()
                started, before = time.monotonic(), cpu_seconds(process)
                job = await _done(client, answer.headers["location"], headers)
                seconds += time.monotonic() - started
                cpu += cpu_seconds(process) - before
                if job["accepted"] != len(people):
                    raise ValueError(f"not all were registered: {job['detail']}")
            return Imported(seconds, cpu, peak_bytes(process))


async def _kept_again(postgres: PostgresServer) -> Kept:
    """Return what PostgreSQL needs for all that the service wrote, without making any of it."""
    connection = await asyncpg.connect(postgres.url(SERVED))
    await connection.execute("vacuum analyze")
    await connection.execute("create schema again")
    taken, number, size = 0.0, 0, 0
    tables = [row["relname"] for row in await connection.fetch(TABLES)]
    for table in tables:
        file = io.BytesIO()
        await connection.copy_from_table(table, output=file, format="binary")
        await connection.execute(f"create table again.{table} (like {table} including indexes)")
        size += file.tell()
        file.seek(0)
        started = time.monotonic()
        done = await connection.copy_to_table(
            table, source=file, schema_name="again", format="binary"
        )
        taken += time.monotonic() - started
        number += int(done.split()[-1])
    await connection.close()
    return Kept(taken, len(tables), number, size)


async def _done(
    client: httpx.AsyncClient, location: str, headers: dict[str, str]
) -> dict[str, Any]:
    while True:
        job: dict[str, Any] = (await client.get(location, headers=headers)).json()
        if job["status"] in {"done", "failed"}:
            return job
        await asyncio.sleep(LOOK_SECONDS)


def _csv(people: list[Row]) -> bytes:
    target = io.StringIO(newline="")
    table = csv.DictWriter(target, list(people[0]))
    table.writeheader()
    table.writerows(people)
    return target.getvalue().encode()
