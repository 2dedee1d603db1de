"""HTTP out for who has read a person's file; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.readings import service
from services.registration.readings.models import ReadingsOut

router = Router(prefix="/v1/registration/persons", tags=["readers"])


@router.get("/{person_id}/readers")
async def list_readers(
    person_id: UUID,
    access: AccessDep,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReadingsOut:
    """
    Tell who has read the file of a person whose case is the caller's, the oldest first.

    Whoever reads this is on record themselves. What is of the last second may lack.
    """
    found = await service.find(session, person_id, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return ReadingsOut(items=list(page), next_cursor=following)
