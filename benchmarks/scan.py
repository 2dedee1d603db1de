"""Everybody compared with everybody whom a key brings near, beside Splink on DuckDB."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import func
from sqlmodel import select

from benchmarks.processes import forget_peak, peak_bytes
from benchmarks.quality import grouped
from benchmarks.register import load, registration
from benchmarks.report import Report
from benchmarks.splink_peer import THREADS
from benchmarks.twice import people
from services.registration.duplicates.candidates import Described
from services.registration.duplicates.models import DuplicatePair
from services.registration.duplicates.reading import pages
from services.registration.duplicates.whole import Whole
from services.registration.matching import blocking
from services.registration.matching.blocking import YEARS_AROUND
from services.registration.matching.blocks import Blocks
from services.registration.matching.description import Description
from services.registration.matching.finding import Finding
from services.registration.matching.likeliest import LARGEST_BLOCK, MOST_COMPARED
from services.registration.matching.spelling import folded
from tests.conftest import bearer, client_of
from tests.servers.postgres import obtain

PEOPLE = 100_000
DATABASE = "scan"
RESCANS = "/v1/registration/duplicates/rescans"
ADMIN = bearer(roles=["admin"], sub="an-admin", exp=int(time.time()) + 24 * 3600)
MEBIBYTE = 1024 * 1024


class Taken(NamedTuple):
    """What a way took, and how many pairs it kept."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    kept: int


async def measure(number: int = PEOPLE) -> Report:
    postgres = await asyncio.to_thread(obtain)
    try:
        await asyncio.to_thread(postgres.create_database, DATABASE)
        with tempfile.TemporaryDirectory() as home:
            file = Path(home) / "people.json"
            url = postgres.url(DATABASE, driver="asyncpg")
            async with registration(url, Path(home)) as app:
                await load(app.state.database, postgres, DATABASE, people(number, seed=1))
                ours = [await _rescan(app) for _ in range(2)]
                everybody = [
                    known.description
                    async for page in pages(app.state.database)
                    for known in page.described.values()
                ]
            file.write_text("\n".join(_lines(everybody)))
            theirs = await _splink(file)
    finally:
        await asyncio.to_thread(postgres.close)
    ours.append(await _in_memory(everybody))
    return _report(number, ours, theirs, _compared(everybody))


async def _rescan(app: Any) -> Taken:
    """Ask for a rescan and wait for it; the second one finds nothing that is new."""
    forget_peak(os.getpid())
    async with client_of(app) as client:
        started, cpu = time.monotonic(), time.process_time()
        answer = await client.post(RESCANS, headers=ADMIN)
        answer.raise_for_status()
        while True:
            job = (await client.get(answer.headers["location"], headers=ADMIN)).json()
            if job["status"] in {"done", "failed"}:
                break
            await asyncio.sleep(0.2)
        taken = time.monotonic() - started, time.process_time() - cpu
    if job["status"] == "failed":
        raise ValueError(job["detail"])
    async with app.state.database.read() as session:
        kept = (await session.exec(select(func.count()).select_from(DuplicatePair))).one()
    return Taken(*taken, peak_bytes(os.getpid()), kept)


def _lines(everybody: list[Description]) -> Iterator[str]:
    """Yield the people as Splink reads them: names in our one alphabet, and the keys of each."""
    keys = [_keys(person) for person in everybody]
    often = Counter(key for theirs in keys for key in theirs)
    for number, (person, theirs) in enumerate(zip(everybody, keys, strict=True)):
        papers = [paper for _, paper in person.documents]
        row = {
            "unique_id": number,
            **{name: folded(getattr(person, name) or "") or None for name in NAMES},
            "sex": person.sex,
            "nationality": person.nationality,
            "born": person.born and person.born.isoformat(),
            "phone": person.phone,
            "document": papers[0] if papers else None,
            "household": person.household,
            # What too many share is passed over, as by Masar, before Splink sees it.
            "keys": [hash(key) for key in theirs if often[key] <= LARGEST_BLOCK],
        }
        yield json.dumps(row)


NAMES = ("given", "father", "grandfather", "family")


def _keys(person: Description) -> set[str]:
    """Return keys of which two people share one if one of them looks for the other."""
    born = blocking.years(person)
    # So many years in a row of each meet where the years are no further apart than looked for.
    within = range(born.start, born.stop + YEARS_AROUND) if born else [None]
    yearly = {f"{names} {year}" for names in blocking.names_of_year(person) for year in within}
    return yearly.union(blocking.timeless(person))


async def _splink(file: Path) -> Mapping[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.splink_peer", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, said = await process.communicate()
    if process.returncode:
        why = said.decode().splitlines()[-1:]
        raise RuntimeError(f'Splink, which takes `pip install "splink>=5"`, did not run: {why}')
    found: Mapping[str, Any] = json.loads(told.splitlines()[-1])
    return found


async def _in_memory(everybody: list[Description]) -> Taken:
    """Do what Splink does, and no more: from people and their keys in memory to their groups."""
    described = {UUID(int=at): Described(each, 1) for at, each in enumerate(everybody, 1)}
    whole = Whole()
    whole.add(described)
    forget_peak(os.getpid())
    started, cpu = time.monotonic(), time.process_time()
    async for _ in whole.look():
        pass
    found = grouped(whole.pairs(None, UUID(int=len(everybody))), described)
    taken = time.monotonic() - started, time.process_time() - cpu
    return Taken(*taken, peak_bytes(os.getpid()), len(found.probable | found.possible))


def _compared(everybody: list[Description]) -> int:
    """Return how many pairs Masar compares."""
    blocks = Blocks()
    for person in everybody:
        blocks.add(person)
    finding = Finding(blocks.keys())
    for _ in finding.sort():
        pass
    pairs = (finding.pairs(people) for people in finding.stretches())
    return len(np.unique(np.concatenate([left * len(everybody) + right for left, right in pairs])))


def _report(number: int, ours: list[Taken], theirs: Mapping[str, Any], compared: int) -> Report:
    laps = theirs["laps"]
    scan = [sum(laps[lap][place] for lap in ("begin", "predict", "cluster")) for place in (0, 1)]
    first, again, alone = ours
    rows = [
        ("Masar, a rescan that finds all pairs", *_row(first)),
        ("Masar, a rescan that finds nothing new", *_row(again)),
        ("Masar, pairs and groups in memory", *_row(alone)),
        (
            "Splink, pairs and groups in memory",
            f"{scan[0]:.1f}",
            f"{scan[1]:.1f}",
            f"{theirs['peak_bytes'] / MEBIBYTE:.0f}",
            f"{theirs['kept']:,}",
        ),
        ("Splink, its training before", *(f"{each:.1f}" for each in laps["train"]), "", ""),
    ]
    return Report(
        "Doubles in a whole register",
        f"`python -m benchmarks scan`: {number:,} registrations, of which one in thirteen is "
        "somebody's second, on PostgreSQL. Masar's rescan is asked for by its API: it reads "
        "everybody, opens what is sealed, looks whether all keys are there, finds, weighs and "
        "groups pairs and keeps them with their reasons. In memory: the same without reading and "
        f"keeping, people and their keys at hand. So Splink 5 on DuckDB with {THREADS} threads is "
        "given the same people, open, with names in our one alphabet and the same keys, and "
        "predicts and groups. What either has learned before is not counted.",
        ("way", "seconds", "seconds of CPU", "peak MiB", "pairs kept"),
        rows,
        f"In memory Masar takes {alone.seconds / scan[0]:.2f} times the seconds of Splink and "
        f"{alone.cpu_seconds / scan[1]:.2f} times its CPU (target: below 1), the whole rescan "
        f"{first.seconds / scan[0]:.2f} and {first.cpu_seconds / scan[1]:.2f}. The keys bring "
        f"{theirs['compared']:,} pairs together, all of which Splink compares; Masar, which "
        f"compares nobody with more than {MOST_COMPARED}, compares {compared:,}.",
    )


def _row(taken: Taken) -> tuple[str, ...]:
    memory = f"{taken.peak_bytes / MEBIBYTE:.0f}"
    return f"{taken.seconds:.1f}", f"{taken.cpu_seconds:.1f}", memory, f"{taken.kept:,}"
