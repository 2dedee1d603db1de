"""What a job leaves over of its input, sealed, for whoever sent it; forgotten after a week."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, or_, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto, jobs, worker
from chassis.authz import Access
from chassis.clock import now
from chassis.db import Database
from chassis.problems import Problem

KEPT = timedelta(days=7)
SECONDS = 3600.0
"""How often it is looked whether something is to be forgotten."""


async def of(session: AsyncSession, kind: str, job_id: UUID, access: Access) -> bytes:
    """
    Return what a job left over.

    404 when the caller may not see the job, or nothing is left over; 409 while it is not done.
    """
    job = await jobs.find(session, kind, job_id, access, with_payload=True)
    if job.status in {"queued", "running"}:
        raise Problem(409, "out-of-order", "The job is not done yet.")
    kept_whole = job.status == "failed" and worker.LEFT_OVER not in job.options
    if kept_whole or not job.payload:
        raise Problem(404, "not-found", "Nothing is left over of this job, or not any more.")
    return crypto.service_key(session).open_bytes("job", "payload", job.payload, row=job.id)


async def forget(database: Database) -> None:
    """Forget what was left over longer ago than KEPT."""
    job = database.tables.job
    over = col(job.status) == "done"
    ended = and_(col(job.status) == "failed", col(job.options)[worker.LEFT_OVER].as_boolean())
    past = (
        or_(over, ended),
        col(job.finished_at) < now() - KEPT,
        col(job.payload) != b"",
    )
    async with database.write() as session:
        await session.exec(update(job).where(*past).values(payload=b""))
