"""HTTP out for people: what assistance knows of one."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession
from chassis.operations import Router
from services.assistance.people import service
from services.assistance.people.models import PersonOut

router = Router(prefix="/v1/assistance/people", tags=["people"])


@router.get("/{person_id}")
async def get_person(person_id: UUID, access: AccessDep, session: ReadSession) -> PersonOut:
    return await service.see(session, person_id, access)
