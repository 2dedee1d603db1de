"""HTTP in and out for registers that come as files."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, Request, Response

from chassis import jobs
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.problems import Problem
from chassis.uploads import MULTIPART, read_files
from services.registration.imports import service

PATH = "/v1/registration/imports"

router = APIRouter(prefix=PATH, tags=["imports"], route_class=Once)


@router.post("", status_code=202, openapi_extra=MULTIPART)
async def import_persons(
    request: Request, response: Response, access: AccessDep, session: WriteSession
) -> jobs.JobOut:
    """
    Register the people of a file in CSV or XLSX; the job tells of each rejected row, and why.

    CSV is UTF-8, or what the charset of its part names; commas, semicolons or tabs separate. Of a
    workbook the first sheet is read.
    """
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one register at a time.")
    # A large file takes seconds, which other requests must not wait for.
    rows, content = await asyncio.to_thread(service.read, uploads[0])
    job = jobs.submit(
        session,
        service.KIND,
        content,
        total=len(rows),
        caller=access.caller,
        options=service.on_behalf_of(access),
    )
    return jobs.accepted(job, PATH, response)


@router.get("/{job_id}")
async def get_import(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, service.KIND, job_id, access)
