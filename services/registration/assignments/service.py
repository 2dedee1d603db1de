"""What can be done with assignments. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Problem, not_found
from contracts.registration import PersonAssigned, PersonUnassigned
from services.registration.assignments.models import Assignment, AssignmentIn
from services.registration.persons import service as persons

BEGUN, ENDED = 1, 2
"""The versions of an assignment, which is made and ended and nothing else."""


async def assign(
    session: AsyncSession, person_id: UUID, form: AssignmentIn, access: Access
) -> tuple[Assignment, bool]:
    """
    Assign a person to a worker; say whether that was new.

    403 for oneself: an assignment opens a file, and nobody opens one to themselves.
    """
    if form.worker_id == access.caller.id:
        raise Problem(403, "forbidden", "Nobody assigns a person to themselves.")
    person = await persons.get_to_add_to(session, person_id, access, lock=True)
    known = await _open(session, person.id, Assignment.worker_id == form.worker_id)
    if known:
        return known[0], False
    assignment = Assignment(
        person_id=person.id, worker_id=form.worker_id, assigned_by=access.caller.id
    )
    session.add(assignment)
    audit.note(session, access.caller, "create", "assignment", [person.id, assignment.worker_id])
    event = PersonAssigned(
        assignment_id=assignment.id, person_id=person.id, worker_id=assignment.worker_id
    )
    outbox.publish(session, event, subject=str(assignment.id), sequence=BEGUN)
    return assignment, True


async def of_person(session: AsyncSession, person_id: UUID, access: Access) -> Sequence[Assignment]:
    person = await persons.get(session, person_id, access)
    audit.read("assignment", person.id)
    return await _open(session, person.id)


async def end(session: AsyncSession, person_id: UUID, assignment_id: UUID, access: Access) -> None:
    person = await persons.get(session, person_id, access, lock=True)
    found = await _open(session, person.id, Assignment.id == assignment_id)
    if not found:
        raise not_found("assignment")
    [assignment] = found
    assignment.ended_at = now()
    session.add(assignment)
    audit.note(session, access.caller, "end", "assignment", [person.id, assignment.worker_id])
    event = PersonUnassigned(
        assignment_id=assignment.id, person_id=person.id, worker_id=assignment.worker_id
    )
    outbox.publish(session, event, subject=str(assignment.id), sequence=ENDED)


async def _open(session: AsyncSession, person_id: UUID, *which: bool) -> Sequence[Assignment]:
    statement = (
        select(Assignment)
        .where(col(Assignment.person_id) == person_id, col(Assignment.ended_at).is_(None), *which)
        .order_by(col(Assignment.id))
    )
    return (await session.exec(statement)).all()
