"""How far a job is, told as server-sent events while it goes on (HTML, section 9.2)."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import BaseModel

from chassis import jobs
from chassis.authz import Access
from chassis.db import Database
from chassis.tables import JobColumns

LOOK_SECONDS = 0.5
SILENT_SECONDS = 15.0
"""After so long without news a comment is sent, or something in between would hang up."""
LONGEST_SECONDS = 60.0
"""So long one answer goes on: it holds a place at the gateway, and its token may end meanwhile."""
AGAIN_MILLISECONDS = 1000


class ProgressOut(BaseModel):
    """How many rows of `total` have been gone through, and to what end; no row itself."""

    status: str
    total: int
    accepted: int
    unchanged: int
    rejected: int
    detail: str | None


async def response(
    database: Database, kind: str, job_id: UUID, access: Access
) -> EventSourceResponse:
    """Answer with the job's progress as it changes, until it is over; 404 if it is not there."""
    job = await _look(database, kind, job_id, access)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(_events(database, kind, job, access), headers=headers)


async def _events(
    database: Database, kind: str, job: JobColumns, access: Access
) -> AsyncIterator[bytes]:
    """Yield an event for each change; `end` is the last, and who misses it asks again."""
    until = time.monotonic() + LONGEST_SECONDS
    told, told_at = None, 0.0
    while True:
        over = job.status not in {"queued", "running"}
        news = ProgressOut.model_validate(job, from_attributes=True).model_dump_json()
        if news != told:
            event = "end" if over else "progress"
            yield format_sse_event(data_str=news, event=event, retry=AGAIN_MILLISECONDS)
            told, told_at = news, time.monotonic()
        elif time.monotonic() - told_at > SILENT_SECONDS:
            yield KEEPALIVE_COMMENT
            told_at = time.monotonic()
        if over or time.monotonic() > until:
            return
        await asyncio.sleep(LOOK_SECONDS)
        job = await _look(database, kind, job.id, access)


async def _look(database: Database, kind: str, job_id: UUID, access: Access) -> JobColumns:
    async with database.read() as session:
        return await jobs.find(session, kind, job_id, access)
