"""Long work as rows: begun by a request, done by a worker (chassis/worker.py), asked after here."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.authz import Access
from chassis.caller import Caller
from chassis.clock import new_id, now
from chassis.db import leave_work, tables_of
from chassis.problems import not_found
from chassis.scoping import Scoping
from chassis.tables import JobColumns, RemarkColumns

REMARKS_SHOWN = 1000


class Remark(BaseModel):
    """What is to be said about one place of the input; never the value that stood there."""

    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    code: str
    detail: str


class JobOut(BaseModel):
    """
    How far a job is.

    `accepted` counts rows that made or changed something, `unchanged` those that were known,
    `rejected` those refused; the first thousand of `rejected_rows` and of `warnings` follow.
    """

    id: UUID
    kind: str
    status: Literal["queued", "running", "done", "failed"]
    total: int
    accepted: int
    unchanged: int
    rejected: int
    rejected_rows: list[Remark]
    warnings: list[Remark]
    detail: str | None


def submit(
    session: AsyncSession,
    kind: str,
    payload: bytes,
    *,
    total: int,
    caller: Caller,
    options: dict[str, Any] | None = None,
) -> JobColumns:
    """Accept work, durably, with the caller's transaction; its input is sealed until it is done."""
    job_id = new_id()
    job = tables_of(session).job(
        id=job_id,
        kind=kind,
        payload=crypto.service_key(session).seal_bytes("job", "payload", payload, row=job_id),
        total=total,
        created_by=caller.id,
        organisation=caller.organisation,
        options=options or {},
    )
    session.add(job)
    audit.note(session, caller, "create", kind, job.id)
    leave_work(session)
    return job


def accepted(job: JobColumns, path: str, response: Response) -> JobOut:
    """Answer 202: say where the job can be asked after."""
    response.status_code = 202
    response.headers["Location"] = f"{path}/{job.id}"
    return _out(job, [])


async def get(session: AsyncSession, kind: str, job_id: UUID, access: Access) -> JobOut:
    """Return a job that the caller may see with its first remarks, rejections first."""
    found = await find(session, kind, job_id, access)
    remarks = [
        each
        for rejected in (True, False)
        for each in await remarks_of(session, job_id, rejected=rejected, most=REMARKS_SHOWN)
    ]
    return _out(found, remarks)


async def find(
    session: AsyncSession, kind: str, job_id: UUID, access: Access, *, with_payload: bool = False
) -> JobColumns:
    """Return a job as it is kept; 404 when the caller may not see it."""
    audit.looking()
    job = tables_of(session).job
    scoping = Scoping(organisation=col(job.organisation), created_by=col(job.created_by))
    wanted = select(job).where(col(job.id) == job_id, col(job.kind) == kind, access.rows(scoping))
    if not with_payload:
        # Who asks every second how far a job is would have its whole file read each time.
        wanted = wanted.options(defer(job.payload, raiseload=True))  # type: ignore[arg-type]  # SQLModel's fields are typed as their values.
    found = (await session.exec(wanted)).one_or_none()
    if found is None:
        raise not_found("job")
    return found


async def under_way(session: AsyncSession, kind: str) -> bool:
    """Say whether a worker has a job of this kind in hand."""
    job = tables_of(session).job
    in_hand = (
        col(job.status) == "running",
        col(job.kind) == kind,
        col(job.leased_until) > now(),
    )
    return (await session.exec(select(job.id).where(*in_hand).limit(1))).first() is not None


async def remarks_of(
    session: AsyncSession, job_id: UUID, *, rejected: bool, most: int | None = None
) -> Sequence[RemarkColumns]:
    """Return what was said of rows that were rejected, or of others, in the order of saying."""
    remark = tables_of(session).remark
    statement = (
        select(remark)
        .where(col(remark.job_id) == job_id, col(remark.rejected).is_(rejected))
        .order_by(col(remark.number))
        .limit(most)
    )
    return (await session.exec(statement)).all()


def _out(job: JobColumns, remarks: list[RemarkColumns]) -> JobOut:
    def shown(rejected: bool) -> list[Remark]:
        return [
            Remark.model_validate(each, from_attributes=True)
            for each in remarks
            if each.rejected is rejected
        ]

    return JobOut(
        **job.model_dump(include=set(JobOut.model_fields) - {"rejected_rows", "warnings"}),
        rejected_rows=shown(True),
        warnings=shown(False),
    )
