"""HTTP in and out for scans of papers; no decisions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Problem
from chassis.strict import Code
from chassis.uploads import MULTIPART, read_files
from services.registration.scans import rules, service
from services.registration.scans.models import ScanAdded, ScansOut

BYTES = {"schema": {"type": "string", "format": "binary"}}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": dict.fromkeys(rules.ENDINGS, BYTES)}}

router = Router(prefix=service.PATH, tags=["document scans"], route_class=Once)


@router.post("", status_code=201, openapi_extra=MULTIPART)
async def add_document_scan(
    person_id: UUID,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
    *,
    document_type: Annotated[Code, Query()],
) -> ScanAdded:
    """
    Keep the scan of a paper that is on the record: a JPEG, PNG or PDF of at most 5 MiB.

    It is shown to whoever may see the number of the paper, and erased with the person.
    """
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one scan at a time.")
    scan = await service.add(session, person_id, document_type, uploads[0].content, access)
    where = service.PATH.format(person_id=person_id)
    response.headers["Location"] = f"{where}/{scan.id}/file"
    return ScanAdded.model_validate(scan, from_attributes=True)


@router.get("")
async def list_document_scans(
    person_id: UUID,
    access: AccessDep,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ScansOut:
    """List what scans there are; `file` is masked where the papers' numbers are."""
    found = await service.all_of(session, person_id, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ScansOut(items=list(page), next_cursor=following)


@router.get("/{scan_id}/file", response_class=Response, responses=FILE)
async def get_document_scan(
    person_id: UUID, scan_id: UUID, access: AccessDep, session: ReadSession
) -> Response:
    """Give the file as it came."""
    scan, content = await service.content_of(session, person_id, scan_id, access)
    name = f"{scan.id}.{rules.ENDINGS[scan.media_type]}"
    return Response(
        content,
        media_type=scan.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            # Whoever sent it may have written more into it than a picture.
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            # What the application says of personal answers is not carried over to one made here.
            "Cache-Control": "no-store",
        },
    )


@router.delete("/{scan_id}", status_code=204)
async def delete_document_scan(
    person_id: UUID, scan_id: UUID, access: AccessDep, session: WriteSession
) -> None:
    """Take away a scan that is of the wrong paper, or of somebody else."""
    await service.take_away(session, person_id, scan_id, access)
