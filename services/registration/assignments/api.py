"""HTTP in and out for assignments; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from services.registration.assignments import service
from services.registration.assignments.models import AssignmentIn, AssignmentOut, AssignmentsOut

router = Router(
    prefix="/v1/registration/persons/{person_id}/assignments",
    tags=["assignments"],
    route_class=Once,
)


@router.post("", status_code=201, responses={200: {"model": AssignmentOut}})
async def assign_person(
    person_id: UUID,
    form: AssignmentIn,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> AssignmentOut:
    """Put a person's case into a worker's hands too; the other services know it within seconds."""
    assignment, is_new = await service.assign(session, person_id, form, access)
    response.status_code = 201 if is_new else 200
    return AssignmentOut.model_validate(assignment, from_attributes=True)


@router.get("")
async def list_assignments(
    person_id: UUID, access: AccessDep, session: ReadSession
) -> AssignmentsOut:
    """List in whose hands a person's case is, beside whoever registered them."""
    found = await service.of_person(session, person_id, access)
    return AssignmentsOut(
        items=[AssignmentOut.model_validate(each, from_attributes=True) for each in found]
    )


@router.delete("/{assignment_id}", status_code=204)
async def end_assignment(
    person_id: UUID, assignment_id: UUID, access: AccessDep, session: WriteSession
) -> None:
    await service.end(session, person_id, assignment_id, access)
