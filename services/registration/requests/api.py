"""HTTP in and out for people's requests about their record; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.requests import service
from services.registration.requests.models import RequestIn, RequestOut, RequestsOut

PATH = "/v1/registration/subject-requests"

router = Router(prefix=PATH, tags=["subject access"], route_class=Once)


@router.post("", status_code=201)
async def open_subject_request(
    form: RequestIn, response: Response, access: AccessDep, session: WriteSession
) -> RequestOut:
    """Note what a person asks for: their file, a correction, their erasure, or a complaint."""
    found = await service.open_request(session, form, access)
    response.headers["Location"] = f"{PATH}/{found.id}"
    return RequestOut.model_validate(found, from_attributes=True)


@router.get("")
async def list_subject_requests(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> RequestsOut:
    found = await service.find(session, access, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return RequestsOut(
        items=[RequestOut.model_validate(each, from_attributes=True) for each in page],
        next_cursor=following,
    )


@router.post("/{request_id}/closure")
async def close_subject_request(
    request_id: UUID, access: AccessDep, session: WriteSession
) -> RequestOut:
    """Close a request; the person's file can be read no more."""
    found = await service.close(session, request_id, access)
    return RequestOut.model_validate(found, from_attributes=True)
