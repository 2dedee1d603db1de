"""HTTP in and out for erasures; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.erasures import service
from services.registration.erasures.models import (
    Certificate,
    Erasure,
    ErasureIn,
    ErasureOut,
    ErasuresOut,
    RefusalIn,
)
from services.registration.erasures.rules import Status

PATH = "/v1/registration/erasures"

router = Router(prefix=PATH, tags=["erasure"], route_class=Once)


@router.post("", status_code=202)
async def ask_for_erasure(
    form: ErasureIn, response: Response, access: AccessDep, session: WriteSession
) -> ErasureOut:
    """Ask that a person be forgotten by every service; the data-protection officer decides."""
    found = await service.ask(session, form, access)
    response.headers["Location"] = f"{PATH}/{found.id}"
    return _shown(found)


@router.get("")
async def list_erasures(
    access: AccessDep,
    session: ReadSession,
    status: Status | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ErasuresOut:
    found = await service.find(session, access, status=status, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ErasuresOut(items=[_shown(each) for each in page], next_cursor=following)


@router.get("/{erasure_id}")
async def get_erasure(erasure_id: UUID, access: AccessDep, session: ReadSession) -> ErasureOut:
    return _shown(await service.get(session, erasure_id, access))


@router.post("/{erasure_id}/approval", status_code=202)
async def approve_erasure(erasure_id: UUID, access: AccessDep, session: WriteSession) -> ErasureOut:
    """Let it begin; it is complete when every service has answered."""
    return _shown(await service.approve(session, erasure_id, access))


@router.post("/{erasure_id}/refusal")
async def refuse_erasure(
    erasure_id: UUID, form: RefusalIn, access: AccessDep, session: WriteSession
) -> ErasureOut:
    return _shown(await service.refuse(session, erasure_id, form.refusal, access))


@router.get("/{erasure_id}/certificate")
async def get_certificate(erasure_id: UUID, access: AccessDep, session: ReadSession) -> Certificate:
    """Certify what was erased, when, by whom; 409 until every service has answered."""
    return await service.certificate(session, erasure_id, access)


def _shown(found: Erasure) -> ErasureOut:
    return ErasureOut.model_validate(found, from_attributes=True)
