"""HTTP in and out for persons; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Problem
from chassis.strict import Pcode, Text
from services.registration.occasions import service as occasions
from services.registration.persons import called, finding, registering, service
from services.registration.persons.finding import Listed, Terms
from services.registration.persons.models import PersonIn
from services.registration.persons.parts import CaseNumber, Nationality, Phone, Sex
from services.registration.persons.shapes import PersonOut, PersonsOut
from services.registration.places import service as places
from services.registration.searches import service as searches

PATH = "/v1/registration/persons"
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100

router = Router(prefix=PATH, tags=["persons"], route_class=Once)


@router.post("", status_code=201, responses={200: {"model": PersonOut}})
async def register_person(
    form: PersonIn, request: Request, response: Response, access: AccessDep, session: WriteSession
) -> PersonOut:
    """
    Register a person; assistance hears of it within seconds.

    The same registration sent again answers 200 and changes nothing.
    """
    access.refuse_elsewhere(form.location_pcode)
    access.refuse_without(service.resources_of(form.model_fields_set), "C")
    await places.refuse_nowhere(database_of(request), form.location_pcode)
    await occasions.refuse_out_of_reach(session, form.registration_event_id, access)
    organisation = access.caller.organisation
    if await service.erased_external_ids(session, organisation, [form.external_id]):
        raise service.refuse_erased()
    person, outcome = await registering.register(
        session,
        form,
        organisation=organisation,
        by=access.caller.id,
        case_owner=service.owner(access.caller),
    )
    if outcome == "different":
        raise service.refuse_other_content()
    response.status_code = 201 if outcome == "created" else 200
    response.headers["Location"] = f"{PATH}/{person.id}"
    response.headers["ETag"] = f'"{person.version}"'
    if outcome == "created":
        return await service.see_new(session, person, access)
    return await service.see_again(session, person, access)


@router.get("/{person_id}")
async def get_person(
    person_id: UUID, response: Response, access: AccessDep, session: ReadSession
) -> PersonOut:
    person = await service.see(session, person_id, access)
    response.headers["ETag"] = f'"{person.version}"'
    return person


@router.get("")
async def list_persons(
    access: AccessDep,
    session: ReadSession,
    request: Request,
    *,
    external_id: Annotated[str | None, Query(max_length=64)] = None,
    case_number: Annotated[CaseNumber | None, Query()] = None,
    phone: Annotated[Phone | None, Query()] = None,
    document_number: Annotated[Text | None, Query()] = None,
    name: Annotated[Text | None, Query()] = None,
    born_in: Annotated[int | None, Query(ge=EARLIEST_YEAR, le=LATEST_YEAR)] = None,
    sex: Annotated[Sex | None, Query()] = None,
    nationality: Annotated[Nationality | None, Query()] = None,
    location_pcode: Annotated[Pcode | None, Query()] = None,
    registration_event_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[Listed | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PersonsOut:
    """
    List the persons whom the caller may see, or search among them.

    A phone or a paper finds whoever has the same one, and only those whose own the caller may see
    for the purpose that they tell. A name finds its spellings in Arabic and Latin letters, in any
    order, the likeliest first and at most twenty; with it the year of birth, the place or the
    nationality is told, and who is sought is found a moment after they were registered.
    `status=enquiry` lists whom somebody has to ring back, the oldest enquiry first.
    """
    terms = Terms(
        external_id=external_id,
        case_number=case_number,
        phone=phone,
        document_number=document_number,
        name=name,
        born_in=born_in,
        sex=sex,
        nationality=nationality,
        location_pcode=location_pcode,
        registration_event_id=registration_event_id,
        status=status,
    )
    await searches.note(database_of(request), access.caller, terms.searched())
    if terms.name:
        if cursor:
            raise Problem(422, "no-next-page", "A search by name has one page; tell more of them.")
        return PersonsOut(
            items=await called.find(session, access, terms, limit=limit), next_cursor=None
        )
    found = await finding.find(session, access, terms, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return PersonsOut(items=list(page), next_cursor=following)
