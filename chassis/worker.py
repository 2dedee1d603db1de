"""Does long work: one job at a time, step by step, resumed where a killed worker stopped."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.clock import now
from chassis.db import Database, tables_of
from chassis.jobs import Remark
from chassis.problems import Problem
from chassis.rows import insert_all
from chassis.tables import JobColumns

log = structlog.get_logger()

LEASE = timedelta(seconds=15)
"""After so long without a step a worker counts as dead, and another takes its job over."""
POLL_SECONDS = 1.0
MOST_FAILURES = 5
LEFT_OVER = "left_over"
"""Marks a failed job whose input is forgotten: what it still holds is left over of that."""


@dataclass
class Tally:
    """What one step of a job did, added to the job in the step's own transaction."""

    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    remarks: list[tuple[bool, Remark]] = field(default_factory=list)

    def reject(self, remark: Remark) -> None:
        self.rejected += 1
        self.remarks.append((True, remark))

    def warn(self, remark: Remark) -> None:
        self.remarks.append((False, remark))


class OvertakenError(Exception):
    """Another worker has done this step, because this one was taken for dead."""


class Work:
    """
    A job in hand: its input, and steps that each count exactly once.

    When it is done, or a Problem has ended it, its input is forgotten, but for what the work says
    is `left_over` of it (chassis/leftover.py); `detail` is what is to be said of the whole.
    """

    def __init__(self, database: Database, job: JobColumns) -> None:
        self.database = database
        self.job = job
        self.left_over = b""
        self.detail: str | None = None
        self._held_at = time.monotonic()

    @property
    def payload(self) -> bytes:
        """The input of the job, which is sealed where it waits."""
        key = crypto.service_key_of(self.database)
        return key.open_bytes("job", "payload", self.job.payload, row=self.job.id)

    async def end(self) -> None:
        await self._end("done", self.detail)

    async def fail(self, problem: Problem) -> None:
        """End for a reason that trying again would not change."""
        marked = {**self.job.options, LEFT_OVER: True}
        await self._end("failed", problem.detail, options=marked)

    async def _end(self, status: str, detail: str | None, **more: Any) -> None:
        # What was sent is needed no more, and may be personal.
        key = crypto.service_key_of(self.database)
        left_over = self.left_over and key.seal_bytes(
            "job", "payload", self.left_over, row=self.job.id
        )
        await _end(self.database, self.job, status, detail, payload=left_over, **more)

    async def hold(self) -> None:
        """Keep the job in hand: for work that takes longer than LEASE between two steps."""
        if time.monotonic() - self._held_at > LEASE.total_seconds() / 3:
            async with self.step(self.job.position):
                pass

    @asynccontextmanager
    async def step(self, position: int) -> AsyncIterator[tuple[AsyncSession, Tally]]:
        """
        Do part of the work in one transaction with the note that it is done.

        After it the job stands at `position`, and its `accepted` counts the step's too; a worker
        that is killed inside leaves no trace.
        """
        tally = Tally()
        async with self.database.write() as session:
            yield session, tally
            await self._note(session, tally, position)
        self.job.position, self._held_at = position, time.monotonic()
        self.job.accepted += tally.accepted

    async def _note(self, session: AsyncSession, tally: Tally, position: int) -> None:
        job, remark = tables_of(session).job, tables_of(session).remark
        if tally.remarks:
            counted = select(func.count()).where(col(remark.job_id) == self.job.id)
            first = (await session.exec(counted)).one() + 1
            rows = [
                {"job_id": self.job.id, "number": number, "rejected": rejected, **vars(each)}
                for number, (rejected, each) in enumerate(tally.remarks, first)
            ]
            await insert_all(session, remark, rows)
        noted = await session.exec(
            update(job)
            .where(col(job.id) == self.job.id, col(job.position) == self.job.position)
            .values(
                accepted=col(job.accepted) + tally.accepted,
                unchanged=col(job.unchanged) + tally.unchanged,
                rejected=col(job.rejected) + tally.rejected,
                position=position,
                leased_until=now() + LEASE,
            )
        )
        if not noted.rowcount:
            # Another worker took this job over and did the step; this one must not count too.
            raise OvertakenError


Runner = Callable[[Work], Awaitable[None]]
Runners = Mapping[str, Runner]


async def run_worker(database: Database, runners: Runners, stopping: asyncio.Event) -> None:
    """Do queued jobs until told to stop, one at a time, oldest first."""
    bell = database.work_left.bell()
    if database.is_sqlite:
        # Only this process uses the file, so whatever was in hand died with the one before.
        await _release_all(database)
    # Who asks first does not wait beside a look at what an earlier process may have left.
    await bell.wait(POLL_SECONDS)
    mark: int | None = None
    while not stopping.is_set():
        try:
            if not database.is_still(mark):
                before = database.mark()
                job = await _lease(database)
                if job:
                    await _run(database, job, runners)
                    continue
                mark = None if await _is_any_left(database) else before
        except Exception as error:  # noqa: BLE001 - The worker must outlive any failure of the database.
            log.error("worker_failed", service=database.tables.source, error=type(error).__name__)
        await bell.wait(POLL_SECONDS)


async def _lease(database: Database) -> JobColumns | None:
    job = database.tables.job
    waiting = or_(
        col(job.status) == "queued",
        (col(job.status) == "running") & (col(job.leased_until) < now()),
    )
    statement = (
        select(job).where(waiting).order_by(col(job.id)).limit(1).with_for_update(skip_locked=True)
    )
    async with database.glance() as session:
        # Looking first keeps an idle worker from taking SQLite's one write lock each second.
        if not (await session.exec(select(job.id).where(waiting).limit(1))).first():
            return None
    async with database.write() as session:
        found = (await session.exec(statement)).first()
        if found:
            found.status = "running"
            found.leased_until = now() + LEASE
            session.add(found)
        return found


async def _is_any_left(database: Database) -> bool:
    """Say whether a job may have to be done when some time has passed: one that failed, say."""
    if not database.is_sqlite:
        return True
    job = database.tables.job
    left = select(job.id).where(col(job.status).in_(("queued", "running"))).limit(1)
    async with database.glance() as session:
        return (await session.exec(left)).first() is not None


async def _run(database: Database, job: JobColumns, runners: Runners) -> None:
    work = Work(database, job)
    try:
        await runners[job.kind](work)
    except Problem as problem:
        await work.fail(problem)
    except OvertakenError:
        log.warning("job_overtaken", kind=job.kind, id=str(job.id))
    except Exception as error:  # noqa: BLE001 - A job that fails is tried again, then kept as failed.
        log.error("job_failed", kind=job.kind, id=str(job.id), error=type(error).__name__)
        if job.failures + 1 >= MOST_FAILURES:
            await _end(database, job, "failed", "The work failed; its input is kept.")
        else:
            await _try_again(database, job)
    else:
        await work.end()


async def _end(
    database: Database, job: JobColumns, status: str, detail: str | None, **more: Any
) -> None:
    ended = {"status": status, "detail": detail, "finished_at": now(), "leased_until": None}
    await _set(database, job, **ended, **more)


async def _try_again(database: Database, job: JobColumns) -> None:
    wait = timedelta(seconds=2**job.failures)
    await _set(database, job, failures=job.failures + 1, leased_until=now() + wait)


async def _set(database: Database, job: JobColumns, **values: Any) -> None:
    table = database.tables.job
    async with database.write() as session:
        await session.exec(update(table).where(col(table.id) == job.id).values(**values))


async def _release_all(database: Database) -> None:
    job = database.tables.job
    async with database.write() as session:
        await session.exec(
            update(job).where(col(job.status) == "running").values(leased_until=now())
        )
