"""From a workbook to public tables: a round of 663 muhallas with 25 nationalities."""

import asyncio
import io
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx
from pydantic import SecretStr

from benchmarks.report import Report, median
from chassis.app import create_service
from chassis.bus import InProcessBus
from chassis.settings import Settings
from cli import sample_round
from cli.sample_round import Cell, Sheets
from services.tracking.main import SERVICE
from services.tracking.rounds.layout import COUNTRIES
from tests.conftest import bearer, keys, lifespan
from tests.servers.postgres import PostgresServer, obtain

MANTIKAS, BALADIYAS, MUHALLAS, NATIONALITIES = 22, 100, 663, 25
TIMES = 3
SIZES = (2, 5, 8, 15, 40, 90, 200)
STEPS = ("taken in", "sums checked", "drafted", "approved")
TARGET_SECONDS = 10
ROUND = "/v1/tracking/rounds"


async def measure() -> Report:
    postgres = await asyncio.to_thread(obtain)
    try:
        taken = [await _once(postgres, number) for number in range(TIMES)]
    finally:
        postgres.close()
    seconds = {step: median(each[step] for each in taken) for step in STEPS}
    whole = median(sum(each[step] for step in STEPS) for each in taken)
    cells, hidden = int(taken[0]["cells"]), int(taken[0]["hidden"])
    return Report(
        "A round from workbook to public",
        f"`python -m benchmarks publication`: a made-up workbook of {MUHALLAS} muhallas in "
        f"{BALADIYAS} baladiyas, {NATIONALITIES} nationalities each, many of few people; tracking "
        f"alone, on PostgreSQL, by its API, {TIMES} times. A draft is controlled over all levels "
        f"and dimensions: {cells:,} cells, of which {hidden:,} are hidden.",
        ("step", "seconds"),
        [*((step, f"{seconds[step]:.2f}") for step in STEPS), ("together", f"{whole:.2f}")],
        f"Together {whole:.1f} s (target: at most {TARGET_SECONDS} s).",
    )


async def _once(postgres: PostgresServer, number: int) -> dict[str, float]:
    book = io.BytesIO()
    sample_round.write(book, 1 + number, partial(_fill, 1 + number))
    name = f"publication_{number}"
    await asyncio.to_thread(postgres.create_database, name)
    taken: dict[str, float] = {}
    async with tracking_alone(postgres.url(name, driver="asyncpg")) as client:
        path = f"{ROUND}/{1 + number}"
        with _Timed(taken, "taken in"):
            files = {"file": ("round.xlsx", book.getvalue())}
            await _ended(client, await client.post(f"{ROUND}/imports", files=files))
        with _Timed(taken, "sums checked"):
            found = (await client.get(f"{path}/disagreements")).json()
        assert found["unexplained"] == 0, found
        with _Timed(taken, "drafted"):
            job = await _ended(client, await client.post(f"{path}/publications", json={}))
        draft = (await client.get(f"/v1/tracking/publications/{job['id']}")).json()
        with _Timed(taken, "approved"):
            decided = await client.post(
                f"/v1/tracking/publications/{draft['id']}/approval", headers=bearer(sub="another")
            )
        assert decided.is_success, decided.text
    return taken | {"cells": draft["cells"], "hidden": draft["suppressed"]}


class _Timed:
    def __init__(self, taken: dict[str, float], step: str) -> None:
        self.taken, self.step = taken, step

    def __enter__(self) -> None:
        self.started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.taken[self.step] = time.perf_counter() - self.started


async def _ended(client: httpx.AsyncClient, accepted: httpx.Response) -> dict[str, Any]:
    """Return a job that was accepted, when it is done."""
    assert accepted.status_code == 202, accepted.text
    while True:
        job: dict[str, Any] = (await client.get(accepted.headers["location"])).json()
        if job["status"] == "done":
            return job
        assert job["status"] != "failed", job
        await asyncio.sleep(0.1)


@asynccontextmanager
async def tracking_alone(url: str, home: Path | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Start tracking by itself on a database, and be its analyst; its keys are in `home`."""
    with tempfile.TemporaryDirectory() as another:
        bus = InProcessBus()
        bus.open()
        settings = Settings(
            database_url=SecretStr(url), home=home or Path(another), log_level="WARNING"
        )
        app = create_service(SERVICE, settings, bus, keys())
        async with (
            lifespan(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),
                base_url="http://masar.test",
                headers=bearer(),
                timeout=120,
            ) as client,
        ):
            yield client


def _fill(round_number: int, book: Sheets) -> None:
    """Put the many places of a real round in the stead of the sample's few."""
    for sheet, headers in (("Baladiya Main ", 2), ("Muhalla Main", 2), ("Nationalities", 1)):
        del book[sheet][headers:]
    chance = Random(1)  # noqa: S311 - It makes up counts, and hides nothing.
    countries = sorted(COUNTRIES)[:NATIONALITIES]
    at = 0
    for number in range(BALADIYAS):
        mantika = number % MANTIKAS
        baladiya = f"LY0{1 + mantika % 3}{1 + mantika:02}{1 + number // MANTIKAS:02}"
        head: list[Cell] = ["East", "الشرق", "Mantika", "منطقة", baladiya, baladiya]
        inside = MUHALLAS * (number + 1) // BALADIYAS - at
        at += inside
        total = 0
        for each in range(inside):
            counts = {name: chance.choice(SIZES) for name in countries}
            _add_muhalla(book, head, f"{baladiya}{1 + each:02}", round_number, counts)
            total += sum(counts.values())
        book["Baladiya Main "].append([*head, baladiya, None, None, round_number, total])


def _add_muhalla(
    book: Sheets, head: list[Cell], pcode: str, round_number: int, counts: dict[str, int]
) -> None:
    total = sum(counts.values())
    shelter = [total - 21, 0, 12, 0, 0, 9, 0, 0, 0, 0]
    arrival, permit = [4, total - 34, 30, 0, 0], [total - 40, 7, 33, 0]
    people = [total - 57, 50, 7]
    row: list[Cell] = [head[0], head[2], head[4], pcode, pcode, pcode, "Urban", None, None]
    book["Muhalla Main"].append(
        [*row, round_number, "Yes", total, *shelter, *arrival, *permit, *people]
    )
    for country, counted in counts.items():
        book["Nationalities"].append(
            [*head, pcode, pcode, pcode, "Africa", "Sub-Sahara", country, counted]
        )
