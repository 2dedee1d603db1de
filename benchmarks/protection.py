"""What protection costs: the same read and the same write with and without it, in the same run."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx

from benchmarks.report import Report, median
from tests.conftest import SIGNING_KEY, bearer
from tests.fleet import ROOT, free_port
from tests.servers.postgres import PostgresServer, start_private

PATH = "/v1/registration/persons"
WAYS = ("bare", "protected")
CLIENTS = 8
SECONDS = 4
ROUNDS = 5
START_SECONDS = 60
SYLLABLES = [f"{consonant}{vowel}" for consonant in "bdfgklmnrstz" for vowel in "aeiou"]
Request = Callable[[], Coroutine[Any, Any, httpx.Response]]


def person(number: int) -> dict[str, Any]:
    """Return somebody like nobody else: alike, they would measure the search for doubles."""
    chance = Random(number)  # noqa: S311 - It makes up people, and hides nothing.
    names = ["".join(chance.choices(SYLLABLES, k=3)).title() for _ in range(2)]
    return {
        "external_id": f"B{number}",
        "given_name": names[0],
        "father_name": names[1],
        "sex": "female",
        "birth_date": f"{chance.randint(1950, 2020)}-{chance.randint(1, 12):02}-15",
        "nationality": "NER",
        "population_category": "migrant",
        "phone": f"+21891{number:07}",
        "documents": [{"type": "passport", "number": f"P{number:07}"}],
        "location_pcode": "LY0211",
        "consent": True,
    }


async def measure() -> Report:
    postgres = await asyncio.to_thread(start_private)
    try:
        with tempfile.TemporaryDirectory() as home:
            async with (
                served("bare", postgres, Path(home)) as bare,
                served("protected", postgres, Path(home)) as protected,
            ):
                rates = await _compare({"bare": bare, "protected": protected})
    finally:
        postgres.close()
    rows = [
        (what, way, f"{median(values):,.0f}", f"{_share(ways, way):.2f}")
        for what, ways in rates.items()
        for way, values in ways.items()
    ]
    lost = {what: 1 - _share(ways, "protected") for what, ways in rates.items()}
    return Report(
        "What protection costs",
        "`python -m benchmarks protection`: registration alone on PostgreSQL, twice: as it is, and "
        "with authorisation, audit and sealing taken out of the process (the token is verified in "
        "both). A read is one person with phone and documents, for a purpose; a write registers "
        f"another one. {CLIENTS} clients, {SECONDS} s, {ROUNDS} rounds of each in turn.",
        ("what", "way", "a second", "of bare"),
        rows,
        f"Protection takes {lost['read']:.0%} of the reads' throughput and {lost['write']:.0%} of "
        "the writes' (medians of the rounds' ratios; target: at most 40 %).",
    )


def _share(ways: dict[str, list[float]], way: str) -> float:
    pairs = zip(ways[way], ways["bare"], strict=True)
    return median(one / bare for one, bare in pairs)


async def _compare(clients: dict[str, httpx.AsyncClient]) -> dict[str, dict[str, list[float]]]:
    numbers = count()

    def write(client: httpx.AsyncClient) -> Request:
        return lambda: client.post(PATH, json=person(next(numbers)))

    def read(client: httpx.AsyncClient, person: str) -> Request:
        return lambda: client.get(f"{PATH}/{person}")

    known = {way: (await write(client)()).json()["id"] for way, client in clients.items()}
    rates: dict[str, dict[str, list[float]]] = {
        what: {way: [] for way in WAYS} for what in ("read", "write")
    }
    for _ in range(ROUNDS):
        for way, client in clients.items():
            rates["read"][way].append(await _a_second(read(client, known[way])))
            rates["write"][way].append(await _a_second(write(client)))
    return rates


async def _a_second(request: Request) -> float:
    started = time.monotonic()
    done = 0

    async def one() -> None:
        nonlocal done
        while time.monotonic() - started < SECONDS:
            (await request()).raise_for_status()
            done += 1

    await asyncio.gather(*(one() for _ in range(CLIENTS)))
    return done / (time.monotonic() - started)


@asynccontextmanager
async def served(
    way: str, postgres: PostgresServer, home: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(way, postgres, home) as (client, _):
        yield client


@asynccontextmanager
async def serving(
    way: str, postgres: PostgresServer, home: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """Serve registration, with a database of its own; yields a client and the process."""
    await asyncio.to_thread(postgres.create_database, way)
    key, port = home / "signing-key", free_port()
    key.write_text(json.dumps(SIGNING_KEY.as_dict(private=True)))
    environment = os.environ | {
        "MASAR_DATABASE_URL": postgres.url(way, driver="asyncpg"),
        "MASAR_HOME": str(home / way),
        "MASAR_PORT": str(port),
        "BENCHMARK_KEY": str(key),
    }
    command = [sys.executable, "-m", "benchmarks.one_service", way]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    headers = bearer(exp=int(time.time()) + 3600) | {"X-Purpose": "case_management"}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False
        ) as client:
            await _ready(client)
            connection = await asyncpg.connect(postgres.url(way))
            await connection.execute(
                "insert into place (pcode, level, parent_pcode, version) values "
                "('LY0211', 2, 'LY02', 1)"
            )
            await connection.close()
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


async def _ready(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if (await client.get("/health/ready")).is_success:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the service is not ready")
