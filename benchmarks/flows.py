"""Entries of flow monitoring in batches, beside a COPY of the same rows into the same database."""

import asyncio
import time
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.publication import tracking_alone
from benchmarks.report import Report, median
from tests.servers.postgres import PostgresServer, obtain

ENTRIES, BATCH, ROUNDS = 40_000, 4_000, 3
TARGET = 2_000
DATABASE = "flows"
MUHALLA = "LY01030101"
POINT = {"kind": "flow_monitoring_point", "place_pcode": MUHALLA, "name_en": "A crossing"}
KNOWN = "insert into place (pcode, level, name_en, name_ar, version) values ('{}', 4, 'A', 'A', 1)"
NATIONALITIES = ("NER", "SDN", "TCD", "NGA", "EGY", "BGD")


async def measure() -> Report:
    postgres = await asyncio.to_thread(obtain)
    try:
        ours, theirs = await _taken(postgres)
    finally:
        await asyncio.to_thread(postgres.close)
    speed, copied = median(ours), median(theirs)
    return Report(
        "Flow entries in batches",
        f"`python -m benchmarks flows`: {ENTRIES:,} entries in requests of {BATCH:,}, one request "
        f"after another, to tracking alone on PostgreSQL; each entry is checked and refused by "
        f"itself. Beside it a COPY of as many rows of six columns, without a check. {ROUNDS} "
        f"rounds of each in turn.",
        ("way", "entries a second"),
        [("by the API", f"{speed:,.0f}"), ("COPY", f"{copied:,.0f}")],
        f"{speed:,.0f} entries a second are taken in (target: at least {TARGET:,}).",
    )


async def _taken(postgres: PostgresServer) -> tuple[list[float], list[float]]:
    await asyncio.to_thread(postgres.create_database, DATABASE)
    ours, theirs = list[float](), list[float]()
    async with tracking_alone(postgres.url(DATABASE, driver="asyncpg")) as client:
        await asyncio.to_thread(postgres.execute, KNOWN.format(MUHALLA), DATABASE)
        answer = await client.post("/v1/tracking/sites", json=POINT)
        assert answer.is_success, answer.text
        site = answer.json()["id"]
        for number in range(ROUNDS):
            batches = _batches(number)
            started = time.perf_counter()
            for batch in batches:
                body = {"site_id": site, "entries": batch}
                answer = await client.post("/v1/tracking/flows/entries", json=body)
                assert answer.json()["accepted"] == BATCH, answer.text[:500]
            ours.append(ENTRIES / (time.perf_counter() - started))
            theirs.append(ENTRIES / await _copied(postgres, [row for of in batches for row in of]))
    return ours, theirs


async def _copied(postgres: PostgresServer, rows: list[dict[str, Any]]) -> float:
    names = ("id", "day", "from_hour", "nationality", "men", "mode")
    records = [tuple(row[name] for name in names) for row in rows]
    connection = await asyncpg.connect(postgres.url(DATABASE))
    try:
        await connection.execute(
            "create temporary table copied (id text primary key, day text, from_hour int, "
            "nationality text, men int, mode text)"
        )
        started = time.perf_counter()
        await connection.copy_records_to_table("copied", records=records, columns=names)
        return time.perf_counter() - started
    finally:
        await connection.close()


def _batches(number: int) -> list[list[dict[str, Any]]]:
    chance = Random(number)  # noqa: S311 - It makes up entries, and hides nothing.
    return [
        [_entry(chance, chance.randrange(0, 22)) for _ in range(BATCH)]
        for _ in range(ENTRIES // BATCH)
    ]


def _entry(chance: Random, hour: int) -> dict[str, Any]:
    return {
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "day": f"2024-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        "from_hour": hour,
        "to_hour": hour + 2,
        "nationality": chance.choice(NATIONALITIES),
        "men": chance.randrange(1, 40),
        "women": chance.randrange(0, 9),
        "origin": chance.choice(NATIONALITIES),
        "destination": chance.choice((MUHALLA, "LY02", "ITA", "unknown")),
        "mode": chance.choice(("foot", "car", "bus", "lorry")),
    }
