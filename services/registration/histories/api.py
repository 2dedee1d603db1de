"""HTTP in and out for what was true of a person and when; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession
from chassis.operations import Router
from services.registration.histories import service
from services.registration.histories.models import HistoryOut

router = Router(prefix="/v1/registration/persons", tags=["histories"])


@router.get("/{person_id}/history")
async def get_history(person_id: UUID, access: AccessDep, session: ReadSession) -> HistoryOut:
    """
    Tell what category somebody was of, where they were, and in which households, and when.

    It is told by corrections because something `has_changed`, with the day since which it has.
    """
    return await service.of_person(session, person_id, access)
