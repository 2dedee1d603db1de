"""How long one new person's doubles, and a search by name, take as a register grows."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

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
SEARCHES_OF_ONE = 50
"""So many does one account ask: it may search sixty times an hour."""
DATABASE = "doubles"
TRIGRAMS = (
    "create extension if not exists pg_trgm",
    "create index trigrams on person using gin ((given_name || ' ' || family_name) gin_trgm_ops)",
    "analyze person",
)
PEER = (
    "select id from person where (given_name || ' ' || family_name) % $1 and sex = $2 "
    "order by similarity(given_name || ' ' || family_name, $1) desc limit 100"
)


Asked = TypeVar("Asked")


class Taken(NamedTuple):
    """How long each question took, in milliseconds."""

    wall: list[float]
    cpu: list[float]
    """Of this process, the service's, without the database's."""


async def measure(sizes: tuple[int, ...] = SIZES) -> Report:
    server = await asyncio.to_thread(start_private)
    started = time.perf_counter()
    try:
        found = await _measured(server, sizes)
    finally:
        server.close()
    minutes = (time.perf_counter() - started) / 60
    rows = [
        (
            f"{size:,}",
            what,
            *(f"{each:.1f}" for each in (median(taken.wall), quantile(taken.wall, 0.95))),
            *(f"{each:.1f}" for each in (median(taken.cpu), quantile(taken.cpu, 0.95))),
        )
        for size, figures in found.items()
        for what, taken in figures.items()
    ]
    by_wall, by_cpu = _grown(found, "wall"), _grown(found, "cpu")
    return Report(
        "Doubles of one new person, and a search by name",
        "`python -m benchmarks doubles`: registration on PostgreSQL with a register that grows, of "
        "whom most bear the same few names. Somebody new is compared with whomever their keys find "
        "(read, opened, weighed; then kept), which happens after their answer has left; a search "
        "asks the API for three words of a name, or two, and a year. The peer is pg_trgm's index "
        "over given and family name, which compares neither scripts nor dates and weighs nothing. "
        "Milliseconds; those of CPU are the service's without the database's.",
        ("people", "what", "median", "p95", "CPU: median", "p95"),
        rows,
        f"At each ten times as many people the p95 of one person's candidates grows by {by_wall} "
        f"ms, and of its CPU by {by_cpu} ms, where the logarithm grows by one step each (targets: "
        f"50 ms, growing no worse than the logarithm; a search by name 100 ms). All of it took "
        f"{minutes:.0f} minutes.",
    )


async def measure_large(largest: int = LARGE[-1]) -> Report:
    return await measure(tuple(size for size in LARGE if size <= largest))


def _grown(found: dict[int, dict[str, Taken]], of: Literal["wall", "cpu"]) -> str:
    """Return by how many milliseconds the p95 of candidates grows from each size to the next."""
    taken = [quantile(getattr(each["candidates of one"], of), 0.95) for each in found.values()]
    return " and ".join(f"{more - less:.1f}" for less, more in pairwise(taken))


async def _measured(server: PostgresServer, sizes: Iterable[int]) -> dict[int, dict[str, Taken]]:
    """Return what is taken at each size, to which one register grows."""
    await asyncio.to_thread(server.create_database, DATABASE)
    found, already = {}, 0
    with tempfile.TemporaryDirectory() as home:
        async with registration(server.url(DATABASE, driver="asyncpg"), Path(home)) as app:
            for size in sizes:
                made = islice(people(seed=1), already, size)
                await load(app.state.database, server, DATABASE, made)
                newcomers = list(islice(people(seed=size), NEW))
                found[size] = await _of_all(app, server, newcomers)
                already = size
    return found


async def _of_all(app: Any, server: PostgresServer, newcomers: list[PersonIn]) -> dict[str, Taken]:
    async with client_of(app) as client:
        searches = {
            f"search by {words} words": await _timed(
                enumerate(newcomers),
                lambda each, words=words: _search(client, each[1], words, each[0]),  # type: ignore[misc]
            )
            for words in (3, 2)
        }
    peer = await _trigrams(server, newcomers)
    return {**await _doubles(app.state.database, newcomers), **searches, "pg_trgm": peer}


async def _timed(asked: Iterable[Asked], ask: Callable[[Asked], Awaitable[Any]]) -> Taken:
    taken = Taken([], [])
    for each in asked:
        started, worked = time.perf_counter(), time.process_time()
        await ask(each)
        taken.wall.append((time.perf_counter() - started) * 1000)
        taken.cpu.append((time.process_time() - worked) * 1000)
    return taken


async def _search(client: httpx.AsyncClient, each: PersonIn, words: int, number: int) -> None:
    names = [each.given_name, each.family_name, each.father_name][:words]
    account = f"{each.external_id.partition('-')[0]}-{words}-{number // SEARCHES_OF_ONE}"
    answer = await client.get(
        "/v1/registration/persons",
        params={"name": " ".join(filter(None, names)), "born_in": str(each.birth_date)[:4]},
        headers=bearer(sub=account),
    )
    answer.raise_for_status()


async def _trigrams(server: PostgresServer, newcomers: list[PersonIn]) -> Taken:
    connection = await asyncpg.connect(server.url(DATABASE))
    try:
        for statement in TRIGRAMS:
            await connection.execute(statement)
        taken = await _timed(
            newcomers,
            lambda each: connection.fetch(PEER, f"{each.given_name} {each.family_name}", each.sex),
        )
        # The register grows faster without it.
        await connection.execute("drop index trigrams")
        return taken
    finally:
        await connection.close()


async def _doubles(database: Any, newcomers: list[PersonIn]) -> dict[str, Taken]:
    taken = {"candidates of one": Taken([], []), "doubles of one": Taken([], [])}
    for each in newcomers:
        async with database.write() as session:
            person, _ = await registering.register(
                session, each, organisation="iom", by="loader", case_owner=None
            )
        async with database.read() as session:
            described = await candidates.described(session, [person])
        for what, ask in (
            ("candidates of one", lambda known: search.find(database, known)),
            ("doubles of one", lambda _: search.look_for_new(database)),
        ):
            wall, cpu = await _timed([described], ask)
            taken[what].wall.extend(wall)
            taken[what].cpu.extend(cpu)
    return taken
