"""From a person's registration to their entitlement, as a client sees it, under steady load."""

import asyncio
import csv
import io
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import Report, median, quantile
from cli.api import Api
from cli.sample_people import register
from tests.fleet import OneProcess, private_fleet

A_SECOND = 50
SECONDS = 60
# Every so many people one is watched until their entitlement is there.
WATCHED = 10
LOOK_AGAIN_SECONDS = 0.05
PATIENCE_SECONDS = 30


@dataclass
class Run:
    """What one mode came to; times in seconds."""

    registered: int = 0
    entitled: int = 0
    to_answer: list[float] = field(default_factory=list)
    to_entitlement: list[float] = field(default_factory=list)


async def measure() -> Report:
    async with private_fleet() as fleet:
        distributed = await _run(await asyncio.to_thread(fleet.operations))
    with tempfile.TemporaryDirectory() as home:
        system = OneProcess(Path(home))
        system.start()
        standalone = await _run(system.api())
        system.stop()
    runs = {"one process, SQLite": standalone, "processes, PostgreSQL, RabbitMQ": distributed}
    slowest = max(quantile(run.to_entitlement, 0.99) for run in runs.values())
    return Report(
        "From a person to their entitlement",
        f"`python -m benchmarks entitlement`: people registered through the gateway, {A_SECOND} a "
        f"second for {SECONDS} s, whether or not the answers keep up; every {WATCHED}th is "
        "followed by asking for their entitlement through the gateway every "
        f"{LOOK_AGAIN_SECONDS * 1000:.0f} ms. Milliseconds from sending the registration.",
        ("mode", "registered", "entitled", "answer median", "answer p99", "median", "p99", "max"),
        [_row(name, run) for name, run in runs.items()],
        f"The slower mode's p99 is {slowest * 1000:.0f} ms (target: under 1,000 ms).",
    )


def _row(name: str, run: Run) -> tuple[str, ...]:
    times = (
        median(run.to_answer),
        quantile(run.to_answer, 0.99),
        median(run.to_entitlement),
        quantile(run.to_entitlement, 0.99),
        max(run.to_entitlement),
    )
    counts = (f"{run.registered:,}", f"{run.entitled:,}")
    return (name, *counts, *(f"{each * 1000:.0f}" for each in times))


async def _run(api: Api) -> Run:
    programme = await asyncio.to_thread(_programme, api)
    run = Run()
    async with httpx.AsyncClient(
        base_url=api.base_url,
        headers={"Authorization": f"Bearer {api.token()}"},
        timeout=PATIENCE_SECONDS,
        trust_env=False,
        limits=httpx.Limits(max_connections=200),
    ) as client:
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, person in enumerate(_people(A_SECOND * SECONDS)):
                due = started + number / A_SECOND
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(_follow(client, number, person, run))
    run.entitled = await asyncio.to_thread(_entitled, api, programme)
    api.close()
    return run


def _programme(api: Api) -> str:
    programme = {
        "name": "Benchmark",
        "donor": "Nobody",
        "period": {"starts_on": "2026-01-01", "ends_on": "2099-12-31"},
        "population_categories": ["migrant"],
        "places": ["LY02"],
        "item": {"name": "Kit"},
    }
    return str(api.post("/v1/assistance/programmes", programme)["id"])


async def _follow(client: httpx.AsyncClient, number: int, person: dict[str, Any], run: Run) -> None:
    sent = time.monotonic()
    answer = await client.post("/v1/registration/persons", json=person)
    answer.raise_for_status()
    run.to_answer.append(time.monotonic() - sent)
    run.registered += 1
    if number % WATCHED:
        return
    query = {"person_id": answer.json()["id"]}
    while time.monotonic() - sent < PATIENCE_SECONDS:
        found = await client.get("/v1/assistance/entitlements", params=query)
        if found.raise_for_status().json()["items"]:
            run.to_entitlement.append(time.monotonic() - sent)
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    raise TimeoutError("an entitlement did not come")


def _people(number: int) -> list[dict[str, Any]]:
    """Return people of whom hardly two look like one: who looks for doubles has its usual work."""
    rows = csv.DictReader(io.StringIO(register(number, "benchmark").decode("utf-8-sig")))
    own = {"location_pcode": "LY0211", "consent": True, "household_ref": None}
    left_out = {"consent_given", "household_ref"}
    return [
        {name: cell for name, cell in row.items() if cell and name not in left_out} | own
        for row in rows
    ]


def _entitled(api: Api, programme: str) -> int:
    """Count all entitlements, once those of the last people have come."""
    time.sleep(2)
    counted, cursor = 0, None
    while True:
        page = api.get(
            "/v1/assistance/entitlements", programme_id=programme, limit=100, cursor=cursor
        )
        counted += len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return counted
