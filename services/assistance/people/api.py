"""HTTP out for people: what assistance knows of one."""

from uuid import UUID

from fastapi import APIRouter

from chassis.auth import CallerDep
from chassis.db import ReadSession
from chassis.problems import not_found
from services.assistance.entitlements import service as entitlements
from services.assistance.people.models import EntitlementOfPerson, Person, PersonOut

router = APIRouter(prefix="/v1/assistance/people", tags=["people"])


@router.get("/{person_id}")
async def get_person(person_id: UUID, caller: CallerDep, session: ReadSession) -> PersonOut:
    person = await session.get(Person, person_id)
    if person is None:
        raise not_found("person")
    return PersonOut(
        id=person.id,
        status="departed" if person.departed_on else "known",
        departed_on=person.departed_on,
        entitlements=[
            EntitlementOfPerson.model_validate(
                entitlement.model_dump(include={"id", "programme_id", "status"})
                | {"programme": programme.name, "item": programme.item_name}
            )
            for entitlement, programme in await entitlements.of_person(session, caller, person_id)
        ],
    )
