"""HTTP in and out for corrections; no decisions."""

from uuid import UUID

from fastapi import Request, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.operations import Router
from chassis.versions import ExpectedVersion
from services.registration.corrections import service
from services.registration.corrections.models import CorrectionIn, CorrectionsOut
from services.registration.persons import service as persons
from services.registration.persons.shapes import PersonOut
from services.registration.places import service as places

router = Router(prefix="/v1/registration/persons", tags=["corrections"])


@router.patch("/{person_id}")
async def correct_person(
    person_id: UUID,
    form: CorrectionIn,
    expected: ExpectedVersion,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> PersonOut:
    """Correct what the register says of a person; what it said before is kept as history."""
    await places.refuse_nowhere(database_of(request), form.location_pcode)
    standing = await persons.standing_to(session, person_id, access)
    person = await service.correct(session, person_id, form, access, expected=expected)
    response.headers["ETag"] = f'"{person.version}"'
    return await persons.see_as(session, person, standing, access)


@router.get("/{person_id}/corrections")
async def list_corrections(
    person_id: UUID, access: AccessDep, session: ReadSession
) -> CorrectionsOut:
    return CorrectionsOut(items=await service.history(session, person_id, access))
