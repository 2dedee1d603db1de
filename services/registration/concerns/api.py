"""HTTP in and out for sealed referrals; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.concerns import service
from services.registration.concerns.models import (
    ConcernIn,
    ConcernOut,
    ConcernSent,
    ConcernsOut,
    TriageIn,
)

router = Router(prefix="/v1/registration/concerns", tags=["concerns"], route_class=Once)


@router.post("", status_code=201)
async def write_concern(form: ConcernIn, access: AccessDep, session: WriteSession) -> ConcernSent:
    """Tell protection of a concern about a person. You will not be able to read it again."""
    return ConcernSent(id=(await service.write(session, form, access)).id)


@router.get("")
async def list_concerns(
    access: AccessDep,
    session: ReadSession,
    status: service.Status = "new",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ConcernsOut:
    """Read the concerns that wait for triage at your places, or those that were triaged."""
    found = await service.find(session, access, status=status, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ConcernsOut(items=list(page), next_cursor=following)


@router.get("/{concern_id}")
async def get_concern(concern_id: UUID, access: AccessDep, session: ReadSession) -> ConcernOut:
    return await service.get(session, concern_id, access)


@router.post("/{concern_id}/triage")
async def triage_concern(
    concern_id: UUID, form: TriageIn, access: AccessDep, session: WriteSession
) -> ConcernOut:
    """Take a concern up, pass it to a colleague, or find it unfounded; once."""
    return await service.triage(session, concern_id, form, access)
