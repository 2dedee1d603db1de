"""HTTP out for entitlements; they are opened by events, never by a request."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.assistance.entitlements import service
from services.assistance.entitlements.models import EntitlementsOut, Status

router = Router(prefix="/v1/assistance/entitlements", tags=["entitlements"])


@router.get("")
async def list_entitlements(
    access: AccessDep,
    session: ReadSession,
    *,
    person_id: UUID | None = None,
    household_id: UUID | None = None,
    programme_id: UUID | None = None,
    status: Status | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EntitlementsOut:
    """
    List entitlements; those of a `household_id` to whoever sees with whom people live.

    Those of a `person_id` are also what they may receive for their household.
    """
    found = await service.find(
        session,
        access,
        person_id=person_id,
        household_id=household_id,
        programme_id=programme_id,
        status=status,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor(found, limit)
    return EntitlementsOut(items=list(page), next_cursor=following)
