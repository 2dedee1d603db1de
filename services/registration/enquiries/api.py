"""HTTP in and out for enquiries; no decisions."""

from uuid import UUID

from fastapi import Request, Response

from chassis.authz import AccessDep
from chassis.db import WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.versions import ExpectedVersion
from services.registration.enquiries import service
from services.registration.enquiries.models import CompletionIn, EnquiryIn
from services.registration.persons import service as persons
from services.registration.persons.shapes import PersonOut
from services.registration.places import service as places

PERSONS = "/v1/registration/persons"

router = Router(prefix="/v1/registration/enquiries", tags=["enquiries"], route_class=Once)


@router.post("", status_code=201, responses={200: {"model": PersonOut}})
async def note_enquiry(
    form: EnquiryIn, request: Request, response: Response, access: AccessDep, session: WriteSession
) -> PersonOut:
    """
    Note who has rung the hotline; they are a person of the register, and not registered yet.

    The same enquiry sent again under its external id answers 200 and changes nothing.
    """
    await places.refuse_nowhere(database_of(request), form.location_pcode)
    person, outcome = await service.note(session, form, access)
    if outcome == "different":
        raise persons.refuse_other_content()
    response.status_code = 201 if outcome == "created" else 200
    response.headers["Location"] = f"{PERSONS}/{person.id}"
    response.headers["ETag"] = f'"{person.version}"'
    if outcome == "created":
        return await persons.see_new(session, person, access)
    return await persons.see_again(session, person, access)


@router.put("/{person_id}/completion")
async def complete_enquiry(
    person_id: UUID,
    form: CompletionIn,
    expected: ExpectedVersion,
    request: Request,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> PersonOut:
    """
    Complete an enquiry to a registration of the same person; assistance hears of it then.

    The same completion sent again changes nothing.
    """
    if form.location_pcode:
        access.refuse_elsewhere(form.location_pcode)
        await places.refuse_nowhere(database_of(request), form.location_pcode)
    person = await service.complete(session, person_id, form, access, expected=expected)
    response.headers["ETag"] = f'"{person.version}"'
    return await persons.see(session, person_id, access)
