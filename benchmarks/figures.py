"""Trends and tables of eight million cells, beside DuckDB over Parquet on the same questions."""

# ruff: noqa: S608 - What is put into these statements is constants of this file.

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import httpx
from sqlalchemy import text

from benchmarks.publication import tracking_alone
from benchmarks.report import Report, median, quantile
from chassis.db import Database
from services.tracking.main import SERVICE
from services.tracking.rounds import sums
from services.tracking.rounds.layout import COUNTRIES
from tests.servers.postgres import PostgresServer, obtain

ROUNDS, MUHALLAS, NATIONALITIES, GROUPS = 60, 667, 25, 8
"""A group is a sex and one of four ages."""
BALADIYAS, MANTIKAS = 100, 22
TREND_TARGET_MS, TABLE_TARGET_MS, TIMES_DUCKDB = 50, 200, 3
ASKED, COLD = 60, 7
DATABASE = "figures"
POPULATION = "migrant"

# The same arithmetic in both, so that both hold the same cells; only a division differs.
PLACES = f"""
    select 'LY' || lpad((1 + mantika % 3)::text, 2, '0') || lpad((1 + mantika)::text, 2, '0')
        || lpad((1 + baladiya DIV {MANTIKAS})::text, 2, '0')
        || lpad((1 + m DIV {BALADIYAS})::text, 2, '0') as pcode, m
    from (select m, m % {BALADIYAS} as baladiya, m % {BALADIYAS} % {MANTIKAS} as mantika
        from numbers) as numbered"""
CELLS = f"""
    select r as round_number, pcode, code as nationality, g as sex_and_age,
        (r * 7 + m * 13 + n * 17 + g * 31 + (r * m) % 11) % 23 as value
    from places, countries, (select m + 1 as r from numbers where m < {ROUNDS}) as rounds,
        (select m as g from numbers where m < {GROUPS}) as groups
    where (m * 31 + r * 17) % 97 <> 0"""
"""About one muhalla in a hundred is not assessed in a round, another one each time."""

TOLD = """('nationality_sex_age', nationality || '_' || sex_and_age),
    ('nationality', nationality), ('total', '')"""
"""The dimensions and categories under which a round keeps a cell."""

PLACES_ASKED = {
    "the country": "LY",
    "a region": "LY01",
    "a mantika": "LY0101",
    "a baladiya": "LY010101",
    "a muhalla": "LY01010101",
}

Answer = list[tuple[Any, ...]]
Ask = Callable[[], Awaitable[Answer]]


class Measured(NamedTuple):
    """What a question took, in milliseconds each time."""

    question: str
    ours: list[float]
    theirs: list[float]


async def measure() -> Report:
    postgres = await asyncio.to_thread(obtain)
    with tempfile.TemporaryDirectory() as home:
        parquet = Path(home) / "cells.parquet"
        cells = _write_parquet(parquet)
        try:
            await asyncio.to_thread(postgres.create_database, DATABASE)
            seconds = await _load(postgres, Path(home))
            rows = await _rows(postgres, parquet)
        finally:
            await asyncio.to_thread(postgres.close)
    return Report(
        "Trends and tables of eight million cells",
        f"`python -m benchmarks figures`: {ROUNDS} rounds of {MUHALLAS} muhallas, "
        f"{NATIONALITIES} nationalities, two sexes and four ages: {cells:,} cells on PostgreSQL "
        f"and in one Parquet file. Tracking alone answers by its API, token, JSON and all; DuckDB "
        f"sums the file in this process. The answers are compared. Cold is the first question "
        f"to a service that has just started. What readers do not wait for: a round's sums took "
        f"{seconds:.2f} s (median) to keep.",
        ("question", "Masar p50 ms", "Masar p95 ms", "DuckDB p50 ms", "ratio"),
        [_row(*each) for each in rows],
        _verdict(rows),
    )


def _row(question: str, ours: Sequence[float], theirs: Sequence[float]) -> Sequence[str]:
    ratio = median(ours) / median(theirs)
    times = median(ours), quantile(ours, 0.95), median(theirs)
    return question, *(f"{each:.1f}" for each in times), f"{ratio:.2f}"


def _verdict(rows: Sequence[Measured]) -> str:
    *trends, table, cold = rows
    slowest = max(quantile(ours, 0.95) for _, ours, _ in trends)
    ratio = median(cold[1]) / median(cold[2])
    return (
        f"The slowest trend takes {slowest:.0f} ms at p95 (target: {TREND_TARGET_MS} ms); the "
        f"national table {median(table[1]):.0f} ms, cold {median(cold[1]):.0f} ms (target: "
        f"{TABLE_TARGET_MS} ms), {ratio:.2f} times what DuckDB takes cold (target: at most "
        f"{TIMES_DUCKDB})."
    )


def _countries() -> str:
    codes = sorted(COUNTRIES.values())[:NATIONALITIES]
    return ", ".join(f"({number}, '{code}')" for number, code in enumerate(codes))


def _prepared(numbers: str, divide: str) -> str:
    return f"""
        create temporary table numbers as {numbers};
        create temporary table countries as select * from (values {_countries()}) as c (n, code);
        create temporary table places as {PLACES.replace("DIV", divide)};"""


def _write_parquet(path: Path) -> int:
    with duckdb.connect(":memory:") as connection:
        connection.execute(_prepared(f"select range as m from range({MUHALLAS})", "//"))
        connection.execute(f"copy ({CELLS} order by r, pcode) to '{path}' (format parquet)")
        [(cells,)] = connection.execute(f"select count(*) from '{path}'").fetchall()
    return int(cells)


async def _load(postgres: PostgresServer, home: Path) -> float:
    """Put the cells where an import puts figures, then keep the sums; return seconds a round."""
    database = Database(postgres.url(DATABASE, driver="asyncpg"), SERVICE.tables)
    async with _tracking(postgres, home):
        pass  # It makes the tables.
    figures = f"""
        insert into figure (round_number, population, pcode, dimension, category, value)
        select r, '{POPULATION}', pcode, dimension, category, sum(value) from (
            select round_number as r, pcode, value, nationality, sex_and_age from ({CELLS}) as c
        ) as cells, lateral (values {TOLD}) as told (dimension, category)
        where r = $1 group by r, pcode, dimension, category"""
    prepared = _prepared(f"select generate_series(0, {MUHALLAS - 1}) as m", "/")
    taken = []
    for number in range(1, 1 + ROUNDS):
        filled = figures.replace("$1", str(number))
        await asyncio.to_thread(postgres.execute, prepared + filled, DATABASE)
        started = time.perf_counter()
        async with database.write() as session:
            await sums.keep(session, number, POPULATION)
        taken.append(time.perf_counter() - started)
    noted = """
        insert into round (number, population, individuals, places, version, imported_at)
        select round_number, population, sum(value), count(*), 1, now() from figure
        where dimension = 'total' group by round_number, population"""
    async with database.write() as session:
        await session.exec(text(noted))  # type: ignore[call-overload]
    await database.close()
    return median(taken)


async def _rows(postgres: PostgresServer, parquet: Path) -> list[Measured]:
    found = []
    with duckdb.connect(":memory:") as kept:
        async with _tracking(postgres, parquet.parent) as client:
            for name, place in PLACES_ASKED.items():
                ours, theirs = _trend(client, place), _duckdb_trend(kept, parquet, place)
                found.append(await _asked(f"trend of {name}", ours, theirs))
            ours, theirs = (
                _trend(client, "LY", "nationality"),
                _duckdb_trend(kept, parquet, "LY", "nationality"),
            )
            found.append(await _asked("trend of the country by nationality", ours, theirs))
            ours, theirs = _table(client, ROUNDS), _duckdb_table(kept, parquet, ROUNDS)
            found.append(await _asked("mantikas by nationality", ours, theirs))
    cold = Measured("mantikas by nationality, cold", [], [])
    for number in range(ROUNDS - COLD, ROUNDS):
        async with _tracking(postgres, parquet.parent) as client:
            cold.ours.append((await _timed(_table(client, number)))[1])
        with duckdb.connect(":memory:") as fresh:
            cold.theirs.append((await _timed(_duckdb_table(fresh, parquet, number)))[1])
    return [*found, cold]


async def _asked(name: str, ours: Ask, theirs: Ask) -> Measured:
    """Ask both in turn, and see that they answer the same."""
    measured = Measured(name, [], [])
    for _ in range(ASKED):
        answers = []
        for ask, taken in ((ours, measured.ours), (theirs, measured.theirs)):
            answer, seconds = await _timed(ask)
            answers.append(answer)
            taken.append(seconds)
        assert answers[0] == answers[1], name
    return measured


async def _timed(ask: Ask) -> tuple[Answer, float]:
    started = time.perf_counter()
    items = await ask()
    taken = 1000 * (time.perf_counter() - started)
    return sorted(items), taken


def _trend(client: httpx.AsyncClient, place: str, by: str | None = None) -> Ask:
    query = {"population": POPULATION, "place": place}
    if by:
        query["by"] = by

    async def ask() -> Answer:
        answer = await client.get("/v1/tracking/trends", params=query)
        items = answer.json()["items"]
        # A round in which a muhalla was not assessed is a gap here, and no row there.
        known = [each for each in items if each["value"] is not None]
        return [(each["round_number"], each["category"] or "", each["value"]) for each in known]

    return ask


def _table(client: httpx.AsyncClient, number: int) -> Ask:
    async def ask() -> Answer:
        path = f"/v1/tracking/rounds/{number}/figures?level=2&by=nationality"
        answer = await client.get(path)
        return [(each["pcode"], each["category"], each["value"]) for each in answer.json()["items"]]

    return ask


def _in_duckdb(connection: duckdb.DuckDBPyConnection, question: str) -> Ask:
    async def ask() -> Answer:
        return connection.execute(question).fetchall()

    return ask


def _duckdb_trend(
    connection: duckdb.DuckDBPyConnection, parquet: Path, place: str, by: str = "''"
) -> Ask:
    return _in_duckdb(
        connection,
        f"select round_number, {by}, sum(value)::bigint from '{parquet}' "
        f"where pcode between '{place}' and '{place}Z' group by all",
    )


def _duckdb_table(connection: duckdb.DuckDBPyConnection, parquet: Path, number: int) -> Ask:
    return _in_duckdb(
        connection,
        f"select pcode[:6], nationality, sum(value)::bigint from '{parquet}' "
        f"where round_number = {number} group by all",
    )


@asynccontextmanager
async def _tracking(postgres: PostgresServer, home: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with tracking_alone(postgres.url(DATABASE, driver="asyncpg"), home) as client:
        yield client
