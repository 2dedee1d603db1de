"""HTTP out for people: what returns knows of one."""

from uuid import UUID

from pydantic import BaseModel

from chassis import audit
from chassis.authz import AccessDep
from chassis.db import ReadSession
from chassis.operations import Router
from chassis.problems import not_found
from services.returns.cases import service as cases
from services.returns.cases.models import CaseOut
from services.returns.people import service as people
from services.returns.people.models import ReintegrationOut

router = Router(prefix="/v1/returns/people", tags=["people"])

MOST_CASES = 100


class PersonOut(BaseModel):
    """What returns knows of a person: their cases, the newest last, and of help after arrival."""

    id: UUID
    reintegration: ReintegrationOut
    cases: list[CaseOut]


@router.get("/{person_id}")
async def get_person(person_id: UUID, access: AccessDep, session: ReadSession) -> PersonOut:
    reintegration = await people.reintegration(session, person_id, access)
    if reintegration is None:
        raise not_found("person")
    audit.read("return_case", person_id)
    found = await cases.of_person(session, access, person_id, MOST_CASES)
    return PersonOut(id=person_id, reintegration=reintegration, cases=found)
