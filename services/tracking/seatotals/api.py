"""HTTP in and out for published totals of returns from the sea; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis import audit, jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Problem
from chassis.strict import Day
from chassis.uploads import MULTIPART, read_files
from services.tracking.formats import hidden
from services.tracking.seatotals import imports, service
from services.tracking.seatotals.models import (
    PublishedTotalIn,
    PublishedTotalOut,
    PublishedTotalsOut,
)

PATH = "/v1/tracking/maritime/published"

router = Router(prefix=PATH, tags=["operations at sea"], route_class=Once)


@router.post("", status_code=201, responses={200: {"model": PublishedTotalOut}})
async def record_published_total(
    form: PublishedTotalIn, response: Response, access: AccessDep, session: WriteSession
) -> PublishedTotalOut:
    """Keep what was published for a period; an earlier figure stays as another vintage."""
    total, is_new = await service.keep(session, form, access.caller.id)
    response.status_code = 201 if is_new else 200
    audit.note(session, access.caller, "create", "published_sea_total", total.id)
    return PublishedTotalOut.model_validate(total, from_attributes=True)


@router.get("")
async def list_published_totals(
    session: ReadSession,
    as_of: Annotated[Day | None, Query(description="Only what was published by this day.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PublishedTotalsOut:
    """List every vintage of every period; the last of a period is what is said now."""
    found = await service.find(session, as_of=as_of, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    items = [PublishedTotalOut.model_validate(each, from_attributes=True) for each in page]
    return PublishedTotalsOut(items=items, next_cursor=following)


@router.post("/imports", status_code=202, openapi_extra=MULTIPART)
async def import_published_totals(
    request: Request, response: Response, caller: CallerDep, session: WriteSession
) -> jobs.JobOut:
    """Take a published table in CSV; notes that tell of parts and corrections are read as well."""
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one table at a time.")
    payload, total = imports.pack(uploads[0])
    options = hidden.options(uploads)
    job = jobs.submit(session, imports.KIND, payload, total=total, caller=caller, options=options)
    return jobs.accepted(job, f"{PATH}/imports", response)


@router.get("/imports/{job_id}")
async def get_published_totals_import(
    job_id: UUID, access: AccessDep, session: ReadSession
) -> jobs.JobOut:
    return await jobs.get(session, imports.KIND, job_id, access)
