"""
A register of 131,072, listed, exported and paged, beside the limits that another one sets itself.

121 (rodekruis/121-platform, `services/121-service/test/performance`) fails its own tests when its
duplicates, its export or its events take longer than these at so many registrations.
"""

import asyncio
import csv
import io
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import asyncpg
import httpx

from benchmarks.processes import cpu_seconds, forget_peak, peak_bytes
from benchmarks.protection import serving
from benchmarks.register import people
from benchmarks.report import Report, quantile
from services.registration.exports.rules import COLUMNS
from services.registration.persons.models import PersonIn
from tests.conftest import bearer
from tests.servers.postgres import PostgresServer, obtain

REGISTRATIONS = 131_072
AGAIN = 16
"""One of so many registrations is of somebody who is registered already."""
TOLD_AGAIN = "-again"
IN_A_HOUSEHOLD = 4
A_FILE = 65_536
"""An upload has room for so many."""
PAGE = 100
LOOK_SECONDS = 0.5
REGISTRATION = "/v1/registration"
FORMATS = ("csv", "jsonl", "xlsx")
PURPOSE = {"X-Purpose": "protection"}
OFFICER = {"sub": "officer", "roles": ("protection_officer",)}
DPO = {"sub": "dpo", "roles": ("dpo",)}
ADMIN = {"sub": "admin", "roles": ("admin",)}
LIMITS = {"duplicates": 180.0, "export": 150.0, "events": 10.0, "page": 2.0}
"""Seconds: a list of all duplicates, a file of all, all events, one page of events."""
MEBIBYTE = 1024 * 1024

TOLD = {
    *("external_id", "given_name", "father_name", "grandfather_name", "family_name", "sex"),
    *("birth_date", "nationality", "population_category", "phone", "location_pcode"),
}
LEFT_OUT = dict.fromkeys(("family_name", "document_type", "document_number", "household_ref"))

Row = dict[str, Any]
Measure = Literal["duplicates", "export", "events"]


@dataclass
class Passage:
    """What was gone through to its end, and what it took."""

    what: str
    measure: Measure | None = None
    rows: int = 0
    known: int = 0
    pages: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0

    def row(self) -> tuple[str, ...]:
        limit = LIMITS[self.measure] if self.measure else None
        return (
            self.what,
            f"{self.rows:,}",
            f"{limit:,.0f}" if limit else "–",
            f"{self.seconds:.1f}",
            f"{self.seconds / limit:.3f}" if limit else "–",
            f"{self.rows / self.seconds:,.0f}",
            f"{self.cpu * 1000 / max(self.rows, 1):.2f}",
            f"{self.peak / MEBIBYTE:.0f}",
            *((_ms(quantile(self.pages, 0.95)), _ms(max(self.pages))) if self.pages else "––"),
        )


@dataclass
class Bench:
    """The service that is measured."""

    client: httpx.AsyncClient
    process: int
    passages: list[Passage] = field(default_factory=list)

    @asynccontextmanager
    async def passage(self, what: str, measure: Measure | None = None) -> AsyncIterator[Passage]:
        made = Passage(what, measure)
        forget_peak(self.process)
        started, cpu = time.monotonic(), cpu_seconds(self.process)
        yield made
        made.seconds = time.monotonic() - started
        made.cpu, made.peak = cpu_seconds(self.process) - cpu, peak_bytes(self.process)
        self.passages.append(made)
        print(" | ".join(made.row()), flush=True)


async def measure(registrations: int = REGISTRATIONS) -> Report:
    postgres = await asyncio.to_thread(obtain)
    try:
        with tempfile.TemporaryDirectory() as home:
            async with serving("limits", postgres, Path(home)) as (client, process):
                # Each asks for a purpose of their own, or for none.
                del client.headers["X-Purpose"]
                bench = Bench(client, process)
                await _register(bench, registrations)
                await _compare(bench, postgres, registrations)
                await _list(bench)
                for form in FORMATS:
                    await _export(bench, form)
                await _follow(bench)
    finally:
        postgres.close()
    slowest = max(max(each.pages) for each in bench.passages if each.measure == "events")
    known = sum(each.known for each in bench.passages)
    return Report(
        "A large register, listed, exported and paged",
        f"`python -m benchmarks limits`: {registrations:,} registrations, of which every "
        f"{AGAIN}th is of somebody who is there already; registration alone on PostgreSQL, by its "
        f"API. Lists are read to their end, {PAGE} a page; a file holds all {len(COLUMNS)} "
        "columns of everybody, from its approval until its last byte is here. The limits are those "
        "within which 121's own tests have to end, for as many registrations; events are who did "
        "what and to whom. Seconds, "
        "milliseconds of the service's CPU a row, the most memory it held, milliseconds of a page.",
        (
            *("what", "rows", "limit", "seconds", "of the limit", "rows a second"),
            *("CPU a row", "MiB", "page p95", "slowest page"),
        ),
        [each.row() for each in bench.passages],
        f"The slowest page of events took {slowest:.2f} s (limit: {LIMITS['page']:.0f} s). Of "
        f"{registrations // AGAIN:,} who were registered again, {known:,} pairs are in the lists.",
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def registered(number: int) -> Iterator[Row]:
    """Yield registrations as rows of a file; of those told again, the second says less."""
    made: list[Row] = []
    for each in islice(people(seed=1), number - number // AGAIN):
        made.append(_row(each, len(made)))
        yield made[-1]
        if len(made) % (AGAIN - 1) == 0:
            known = made[-AGAIN // 2]
            yield known | LEFT_OUT | {"external_id": known["external_id"] + TOLD_AGAIN}


def _row(person: PersonIn, number: int) -> Row:
    told = person.model_dump(mode="json", include=TOLD)
    return told | {
        "document_type": "passport",
        "document_number": f"P{number:08}",
        "consent_given": "yes",
        "household_ref": f"H{number // IN_A_HOUSEHOLD}",
    }


async def _register(bench: Bench, registrations: int) -> None:
    rows = registered(registrations)
    async with bench.passage("import") as made:
        while some := list(islice(rows, A_FILE)):
            file = {"file": ("register.csv", _csv(some), "text/csv")}
            answer = await bench.client.post(
                f"{REGISTRATION}/imports", files=file, headers=as_(OFFICER), timeout=120
            )
            answer.raise_for_status()
            location = answer.headers["location"]
            job = await _settled(bench, location, {"done", "failed"})
            if job["accepted"] != len(some):
                raise ValueError(
                    f"not all were registered: {job['detail']} {job['rejected_rows'][:3]}"
                )
            made.rows += len(some)


async def _compare(bench: Bench, postgres: PostgresServer, registrations: int) -> None:
    """Look for everybody's doubles at once, and not for a few at a time as of who is new."""
    connection = await asyncpg.connect(postgres.url("limits"))
    await connection.execute("update person set matched_version = version")
    await connection.close()
    async with bench.passage("rescan for duplicates") as made:
        made.rows = registrations
        path = f"{REGISTRATION}/duplicates/rescans"
        answer = await bench.client.post(path, headers=as_(ADMIN))
        answer.raise_for_status()
        await _settled(bench, answer.headers["location"], {"done", "failed"}, ADMIN)


def _csv(rows: list[Row]) -> bytes:
    target = io.StringIO(newline="")
    table = csv.DictWriter(target, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return target.getvalue().encode()


async def _settled(
    bench: Bench, path: str, states: set[str], who: Mapping[str, Any] = OFFICER
) -> Row:
    while True:
        answer = await bench.client.get(path, headers=as_(who))
        answer.raise_for_status()
        told: Row = answer.json()
        if told["status"] in states:
            return told
        await asyncio.sleep(LOOK_SECONDS)


async def _list(bench: Bench) -> None:
    for band in ("probable", "possible"):
        query = {"status": "open", "band": band}
        await _paged(bench, f"duplicates, {band}", "duplicates", query, measure="duplicates")
    for what in ("persons", "households"):
        await _paged(bench, what, what, {})


async def _paged(
    bench: Bench,
    what: str,
    path: str,
    query: Mapping[str, Any],
    *,
    who: Mapping[str, Any] = OFFICER,
    measure: Measure | None = None,
) -> None:
    """Read a list to its end."""
    headers, cursor = as_(who), None
    async with bench.passage(what, measure) as made:
        while True:
            asked = {"limit": PAGE, **query} | ({"cursor": cursor} if cursor else {})
            began = time.perf_counter()
            answer = await bench.client.get(f"{REGISTRATION}/{path}", params=asked, headers=headers)
            made.pages.append(time.perf_counter() - began)
            answer.raise_for_status()
            page = answer.json()
            made.rows += len(page["items"])
            made.known += sum(map(_is_known, page["items"])) if measure == "duplicates" else 0
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _is_known(pair: Mapping[str, Any]) -> bool:
    """Say whether a pair is of somebody who was registered again."""
    left, right = (pair[side]["external_id"].removesuffix(TOLD_AGAIN) for side in ("left", "right"))
    return bool(left == right)


async def _export(bench: Bench, form: str) -> None:
    wanted = {"format": form, "columns": list(COLUMNS)}
    path = f"{REGISTRATION}/exports"
    asked = await bench.client.post(path, json=wanted, headers=as_(OFFICER))
    asked.raise_for_status()
    export = asked.headers["location"]
    async with bench.passage(f"export, {form}", "export") as made:
        approved = await bench.client.post(f"{export}/approval", headers=as_(DPO))
        approved.raise_for_status()
        began = time.monotonic()
        told = await _settled(bench, export, {"ready", "failed", "gone", "waiting"})
        if told["status"] != "ready":
            raise ValueError(f"the file was not made: {told}")
        made.rows = told["rows"]
        made.what += f" (made in {time.monotonic() - began:.1f} s)"
        async with bench.client.stream("GET", f"{export}/file", headers=as_(OFFICER)) as answer:
            answer.raise_for_status()
            async for _ in answer.aiter_bytes():
                pass


async def _follow(bench: Bench) -> None:
    """
    Read all that was done, as an officer does.

    121's events are who has changed what of which registration, and when: that is the record here.
    """
    await _paged(bench, "audit entries", "audit/entries", {}, who=DPO, measure="events")


def as_(who: Mapping[str, Any]) -> dict[str, str]:
    purpose = PURPOSE if who is OFFICER else {}
    return bearer(**who, exp=int(time.time()) + 3600) | purpose
