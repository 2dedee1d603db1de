"""HTTP in and out for registers that come as files."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from chassis import audit, jobs, leftover, progress
from chassis.authz import AccessDep
from chassis.behalf import on_behalf_of
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.problems import Problem
from chassis.uploads import MULTIPART, read_files
from chassis.workbooks import MEDIA_TYPE
from services.registration.imports import reading, rejected, senders, service
from services.registration.imports.rules import ASIDE, OPTIONAL, REQUIRED

PATH = "/v1/registration/imports"

TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}

ABOUT = f"""
Register the people of a file in CSV or XLSX; the job tells of each rejected row, and why.

CSV is UTF-8, or what the charset of its part names; commas, semicolons or tabs separate. Of a
workbook the first sheet is read, or the one that `sheet` names: by its name, or by its number among
those that are shown. Where the mapping names a `repeat` that has a sheet of its own, as
KoboToolbox exports it, it is that sheet with what was asked outside of it. So is an archive of CSV
files read, as ODK Central exports it. The job's `detail` names the other sheets that have rows.

Without a mapping a register has the columns {", ".join(f"`{each}`" for each in REQUIRED)}, a name
or a reason for none, and a birth date or an age. It may have
{", ".join(f"`{each}`" for each in OPTIONAL if each not in ASIDE)}: what a cell may say is what the
field of a person may. An age may be `16-18`; several names, languages or other phones have a
semicolon between them; `stateless` and `consent_given` are `yes` or `no`. A cell that holds a
stroke, `N/A`, `unknown` or غير معروف is as good as empty, unless that is a code of its field. What
we export can be sent as it is.

With a saved `mapping` the columns are those that it names, and others are left aside. With
`dry_run` the job tells what would come of it, and registers nobody. Its `warnings` name rows that
were taken and want a look, households too: two heads or none, two places, a parent younger than a
child.
"""

router = Router(prefix=PATH, tags=["imports"], route_class=Once)


@router.post("", status_code=202, openapi_extra=MULTIPART, description=ABOUT)
async def import_persons(
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
    *,
    dry_run: Annotated[bool, Query()] = False,
    mapping: Annotated[UUID | None, Query()] = None,
    sheet: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> jobs.JobOut:
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one register at a time.")
    form, by_mapping = await service.mapping_for(session, mapping, access)
    # A large file takes seconds, which other requests must not wait for.
    total, content = await asyncio.to_thread(reading.checked, uploads[0], form, sheet)
    job = jobs.submit(
        session,
        service.KIND,
        content,
        total=total,
        caller=access.caller,
        options=on_behalf_of(access.caller)
        | {service.DRY_RUN: dry_run, service.SHEET: sheet}
        | by_mapping,
    )
    return jobs.accepted(job, PATH, response)


@router.get("/{job_id}")
async def get_import(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, service.KIND, job_id, access)


@router.get("/{job_id}/events", response_class=StreamingResponse, responses=EVENTS)
async def follow_import(job_id: UUID, request: Request, access: AccessDep) -> StreamingResponse:
    """
    Tell how far an import is as server-sent events: `progress` at each change, then `end`.

    One answer goes on for a minute at most; ask again for more.
    """
    return await progress.response(database_of(request), service.KIND, job_id, access)


@router.get("/{job_id}/rejected", response_class=Response, responses=TABLE)
async def get_rejected_rows(job_id: UUID, access: AccessDep, session: ReadSession) -> Response:
    """
    Return the rows of a register that were rejected, as they came, with a column of reasons.

    It is a workbook where the register was one, else CSV; corrected, it can be sent as it is. Of an
    import that ended half-way it holds those that were rejected until then. It is kept for a week,
    for who sent the register and for those whose role counts wherever theirs did.
    """
    senders.refuse_rows(await jobs.find(session, service.KIND, job_id, access), access)
    content = await leftover.of(session, service.KIND, job_id, access)
    audit.read("register", job_id, action="export")
    suffix, media_type = rejected.form_of(content)
    headers = {
        "Content-Disposition": f'attachment; filename="rejected-{job_id}.{suffix}"',
        # What the application says of personal answers is not carried over to one made here.
        "Cache-Control": "no-store",
    }
    return Response(content, headers=headers, media_type=media_type)
