"""How long one new person's doubles, and a search by name, take as a register grows."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from benchmarks.register import load, people, registration
from benchmarks.report import Report, median, quantile
from services.registration.duplicates import candidates, search
from services.registration.persons import registering
from services.registration.persons.models import PersonIn
from tests.conftest import bearer, client_of
from tests.servers.postgres import PostgresServer, start_private

SIZES = (1_000, 10_000)
LARGE = (10_000, 100_000, 1_000_000)
NEW = 150
TRIGRAMS = (
    "create extension if not exists pg_trgm",
    "create index on person using gin ((given_name || ' ' || family_name) gin_trgm_ops)",
    "analyze person",
)
PEER = (
    "select id from person where (given_name || ' ' || family_name) % $1 and sex = $2 "
    "order by similarity(given_name || ' ' || family_name, $1) desc limit 100"
)

Milliseconds = dict[str, list[float]]


async def measure(sizes: tuple[int, ...] = SIZES) -> Report:
    server = await asyncio.to_thread(start_private)
    try:
        found = {size: await _measured(server, size) for size in sizes}
    finally:
        server.close()
    rows = [
        (f"{size:,}", what, f"{median(each):.1f}", f"{quantile(each, 0.95):.1f}")
        for size, figures in found.items()
        for what, each in figures.items()
    ]
    first, last = (found[size]["doubles of one"] for size in (sizes[0], sizes[-1]))
    return Report(
        "Doubles of one new person, and a search by name",
        "`python -m benchmarks doubles`: registration on PostgreSQL with so many people, of whom "
        "most bear the same few names. Somebody new is compared with whomever their keys find "
        "(read, opened, weighed; then kept), which happens after their answer has left; a search "
        "asks the API for three words of a name and a year. The peer is pg_trgm's index over "
        "given and family name, which "
        "compares neither scripts nor dates and weighs nothing. Milliseconds.",
        ("people", "what", "median", "p95"),
        rows,
        f"From {sizes[0]:,} to {sizes[-1]:,} people the p95 of one person's doubles grows "
        f"{quantile(last, 0.95) / quantile(first, 0.95):.1f} times (targets: 50 ms; a search by "
        "name 100 ms).",
    )


async def measure_large() -> Report:
    return await measure(LARGE)


async def _measured(server: PostgresServer, size: int) -> Milliseconds:
    name = f"doubles_{size}"
    await asyncio.to_thread(server.create_database, name)
    with tempfile.TemporaryDirectory() as home:
        async with registration(server.url(name, driver="asyncpg"), Path(home)) as app:
            await load(app.state.database, server, name, size)
            newcomers = list(islice(people(seed=2), NEW))
            async with client_of(app) as client:
                searches = await _timed(newcomers, lambda each: _search(client, each))
            peer = await _trigrams(server, name, newcomers)
            doubles = await _doubles(app.state.database, newcomers)
    return {**doubles, "search by name": searches, "pg_trgm": peer}


async def _timed(
    newcomers: list[PersonIn], ask: Callable[[PersonIn], Awaitable[Any]]
) -> list[float]:
    taken = []
    for each in newcomers:
        started = time.perf_counter()
        await ask(each)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


async def _search(client: httpx.AsyncClient, each: PersonIn) -> None:
    # Each asks once: an account may search sixty times an hour.
    words = f"{each.given_name} {each.father_name} {each.family_name}"
    answer = await client.get(
        "/v1/registration/persons",
        params={"name": words, "born_in": str(each.birth_date)[:4]},
        headers=bearer(sub=f"searcher-{each.external_id}"),
    )
    answer.raise_for_status()


async def _trigrams(server: PostgresServer, name: str, newcomers: list[PersonIn]) -> list[float]:
    connection = await asyncpg.connect(server.url(name))
    try:
        for statement in TRIGRAMS:
            await connection.execute(statement)
        return await _timed(
            newcomers,
            lambda each: connection.fetch(PEER, f"{each.given_name} {each.family_name}", each.sex),
        )
    finally:
        await connection.close()


async def _doubles(database: Any, newcomers: list[PersonIn]) -> Milliseconds:
    taken: Milliseconds = {"candidates of one": [], "doubles of one": []}
    for each in newcomers:
        async with database.write() as session:
            person, _ = await registering.register(
                session, each, organisation="iom", by="loader", case_owner=None
            )
        async with database.read() as session:
            described = await candidates.described(session, [person])
        taken["candidates of one"] += await _timed(
            [each],
            lambda _: search.find(database, described),  # noqa: B023 - Asked before the next one.
        )
        taken["doubles of one"] += await _timed([each], lambda _: search.look_for_new(database))
    return taken
