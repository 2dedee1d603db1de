"""The whole record is walked without anybody's asking, and a fault that is found is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from chassis import crypto, migrations
from chassis.audit import daily, verification
from chassis.audit.anchors import AUDIT_BROKEN, Anchors, anchors_of
from chassis.audit.daily import run_daily, verify_whole
from chassis.audit.verification import Fault, Verified
from chassis.db import Database
from chassis.telemetry import REGISTRY
from chassis.vault import key_file
from services.registration.main import SERVICE
from tests.chassis.test_audit_verification import ENTRY, PEOPLE, add, tamper
from tests.patience import until


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """Return a database whose record has an entry about each of PEOPLE, sealed."""
    database = Database(database_url, SERVICE.tables)
    await migrations.upgrade(database, SERVICE.folder / "migrations")
    await crypto.open_vault(database, key_file(tmp_path / "audit.json", may_make=True))
    await add(database, *PEOPLE)
    AUDIT_BROKEN.labels("registration", "walk").set(0)
    yield database
    await database.close()


@pytest.fixture
def anchors(database: Database, tmp_path: Path) -> Anchors:
    return anchors_of(database, tmp_path)


@asynccontextmanager
async def walking(database: Database, anchors: Anchors, then: float = 0.05) -> AsyncIterator[None]:
    """Let the record be walked again and again, as if each moment were a day."""
    stopping = asyncio.Event()
    task = asyncio.create_task(run_daily(database, anchors, stopping, 0, then))
    yield
    stopping.set()
    await task


async def told(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, {"service": "registration"} | labels) or 0.0


async def broken() -> float:
    return await told("masar_audit_broken", found_by="walk")


async def verified() -> float:
    return await told("masar_audit_verified_timestamp_seconds")


async def edit(database: Database, action: str) -> None:
    await tamper(database, update(ENTRY).values(action=action))


async def test_a_record_of_several_segments_is_walked_to_its_end(
    database: Database, anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[tuple[int, int]] = []

    async def two_at_once(database: Database, anchors: Anchors, *, after: int) -> Verified:
        found = await verification.verify(database, anchors, after=after, most=2)
        walked.append((found.after, found.until))
        return found

    monkeypatch.setattr(daily, "verify", two_at_once)

    assert await verify_whole(database, anchors) is None
    assert walked[:3] == [(0, 2), (2, 4), (4, 6)]


async def test_what_was_altered_is_told_until_it_is_whole_again(
    database: Database, anchors: Anchors
) -> None:
    async with walking(database, anchors):
        await until(verified)
        assert await broken() == 0

        await edit(database, "erase")
        await until(broken)
        await edit(database, "update")
        await until(broken, lambda value: value == 0)


async def test_a_walk_that_cannot_be_made_is_made_the_next_time(
    database: Database, anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def away_once(_database: Database, _anchors: Anchors) -> Fault | None:
        tried.append(len(tried))
        if len(tried) == 1:
            raise ConnectionError
        return Fault("deleted", 3)

    monkeypatch.setattr(daily, "verify_whole", away_once)

    async with walking(database, anchors):
        await until(broken)

    assert len(tried) > 1
