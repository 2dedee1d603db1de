"""Long work is done once, whoever is killed in the middle of it."""

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import event, update
from sqlmodel import select

from chassis import jobs, worker
from chassis.authz import Access
from chassis.caller import Caller, Grant
from chassis.clock import now
from chassis.db import Database
from chassis.jobs import JobOut, Remark
from chassis.problems import Problem
from chassis.worker import Runners, Work
from tests.chassis.road import Arrival, made
from tests.conftest import OPERATIONAL_ROLES
from tests.patience import until

KIND = "land_boats"
BOATS = 10
CALLER = Caller("test", "iom", tuple(map(Grant, OPERATIONAL_ROLES)), expires=math.inf)
MAY_SEE = Access(CALLER, "register", "R")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await made(database_url, "writer")
    yield database
    await database.close()


async def land(work: Work) -> None:
    while work.job.position < BOATS:
        boat = work.job.position
        async with work.step(boat + 1) as (session, tally):
            session.add(Arrival(boat=boat))
            tally.accepted += 1
            tally.warn(Remark(row=boat, code="landed", detail="It landed."))


async def submitted(database: Database) -> JobOut:
    async with database.write() as session:
        job = jobs.submit(session, KIND, b"", total=BOATS, caller=CALLER)
    return await asked(database, job.id)


async def asked(database: Database, job_id: object) -> JobOut:
    async with database.read() as session:
        return await jobs.get(session, KIND, job_id, MAY_SEE)  # type: ignore[arg-type]


async def worked(database: Database, job: JobOut, runners: Runners) -> JobOut:
    """Let a worker run until the job has ended."""
    stopping = asyncio.Event()
    working = asyncio.create_task(worker.run_worker(database, runners, stopping))
    job = await until(lambda: asked(database, job.id), lambda job: job.status in {"done", "failed"})
    stopping.set()
    database.work_left.set()
    await working
    return job


async def boats(database: Database) -> list[int]:
    async with database.read() as session:
        return sorted((await session.exec(select(Arrival.boat))).all())


async def expire(database: Database) -> None:
    """Let the lease run out, as it does fifteen seconds after its worker was killed."""
    async with database.write() as session:
        past = now() - timedelta(seconds=1)
        await session.exec(update(database.tables.job).values(leased_until=past))


async def test_a_job_counts_what_it_did_and_remarks(database: Database) -> None:
    job = await worked(database, await submitted(database), {KIND: land})

    assert (job.status, job.accepted, job.rejected) == ("done", BOATS, 0)
    assert [warning.row for warning in job.warnings] == list(range(BOATS))
    assert await boats(database) == list(range(BOATS))


async def test_a_killed_worker_s_job_goes_on_where_it_stopped(database: Database) -> None:
    job = await submitted(database)
    reached = asyncio.Event()

    async def die_at_four(work: Work) -> None:
        while work.job.position < BOATS:
            boat = work.job.position
            async with work.step(boat + 1) as (session, tally):
                session.add(Arrival(boat=boat))
                tally.accepted += 1
                if boat == 4:
                    reached.set()
                    await asyncio.sleep(60)

    working = asyncio.create_task(worker.run_worker(database, {KIND: die_at_four}, asyncio.Event()))
    await asyncio.wait_for(reached.wait(), 20)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    middle = await asked(database, job.id)
    await expire(database)

    ended = await worked(database, job, {KIND: land})

    assert (middle.status, middle.accepted) == ("running", 4)
    assert (ended.status, ended.accepted) == ("done", BOATS)
    assert await boats(database) == list(range(BOATS))


async def test_a_worker_that_was_taken_for_dead_counts_nothing_twice(database: Database) -> None:
    job = await submitted(database)
    slow_at = asyncio.Event()
    go_on = asyncio.Event()

    async def sleepy(work: Work) -> None:
        async with work.step(1) as (session, tally):
            # Until it writes, a sleeping transaction keeps nobody else from working.
            slow_at.set()
            if not database.is_sqlite:
                await go_on.wait()
            session.add(Arrival(boat=0))
            tally.accepted += 1
        await land(work)

    stopping = asyncio.Event()
    first = asyncio.create_task(worker.run_worker(database, {KIND: sleepy}, stopping))
    await asyncio.wait_for(slow_at.wait(), 20)
    await expire(database)

    ended = await worked(database, job, {KIND: land})
    go_on.set()
    stopping.set()
    database.work_left.set()
    await first

    assert (ended.status, ended.accepted) == ("done", BOATS)
    assert await boats(database) == list(range(BOATS))
    assert (await asked(database, job.id)).accepted == BOATS


async def test_work_that_fails_for_a_while_is_tried_again(database: Database) -> None:
    job = await submitted(database)
    attempts = 0

    async def fail_once(work: Work) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ConnectionResetError
        await land(work)

    ended = await worked(database, job, {KIND: fail_once})

    assert (ended.status, ended.accepted, attempts) == ("done", BOATS, 2)


async def test_work_that_is_refused_fails_with_the_reason(database: Database) -> None:
    async def refuse(_work: Work) -> None:
        raise Problem(422, "validation", "The sum is not the total.")

    ended = await worked(database, await submitted(database), {KIND: refuse})

    assert (ended.status, ended.detail) == ("failed", "The sum is not the total.")


async def test_the_input_of_a_job_is_sealed_while_it_waits_and_dropped_when_it_is_done(
    database: Database,
) -> None:
    seen = []

    async def read(work: Work) -> None:
        seen.append(work.payload)

    register = "أمينة,+218912345678".encode()
    async with database.write() as session:
        job = jobs.submit(session, KIND, register, total=1, caller=CALLER)
    waiting = job.payload

    await worked(database, await asked(database, job.id), {KIND: read})

    assert seen == [register]
    assert register not in waiting
    async with database.read() as session:
        assert (await session.exec(select(database.tables.job.payload))).one() == b""


async def test_who_asks_how_far_a_job_is_does_not_read_its_input(database: Database) -> None:
    job = await submitted(database)
    read: list[str] = []
    engine = database.reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: read.append(str(arguments[2])))
    await asked(database, job.id)
    assert read
    assert not [statement for statement in read if "payload" in statement]
