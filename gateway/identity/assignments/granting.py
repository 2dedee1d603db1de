"""Who gives, approves and takes roles. Callers own the transaction."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.clock import now
from chassis.issuer import Revocations
from chassis.problems import not_found, wrong
from gateway.identity.assignments import rules, service
from gateway.identity.assignments.models import Assignment, AssignmentIn
from gateway.identity.clients.models import Client
from gateway.identity.organisations import service as organisations
from gateway.identity.revocations import service as ends
from gateway.identity.staff.models import Staff


async def give(
    session: AsyncSession, revocations: Revocations, form: AssignmentIn, by: Caller
) -> Assignment:
    """Give a role to a person or a client that is there, but never to oneself."""
    rules.refuse_own(by.id, form.holder)
    await _refuse_unfit(session, form)
    await organisations.refuse_unknown(session, form.organisation)
    assignment = Assignment(
        **form.model_dump(exclude={"programmes"}),
        programmes=[str(each) for each in form.programmes],
        asked_by=by.id,
    )
    await service.assign(session, assignment)
    audit.note(session, by, "create", "role", form.holder, reason=form.role)
    await ends.end(session, revocations, form.holder)
    return assignment


async def _refuse_unfit(session: AsyncSession, form: AssignmentIn) -> None:
    client = (
        await session.exec(select(Client).where(col(Client.client_id) == form.holder))
    ).one_or_none()
    staff = (await session.exec(select(Staff).where(col(Staff.subject) == form.holder))).first()
    if client is None and staff is None:
        raise wrong("/holder", "unknown", "Name a person or a client that is there.")
    if client and form.role == "admin":
        raise wrong("/role", "people_only", "Only a person can become an administrator.")
    if client and client.organisation != form.organisation:
        raise wrong("/organisation", "another", "A client acts for its own organisation only.")
    if form.until and form.until <= now():
        raise wrong("/until", "past", "Name an instant that is still to come.")


async def approve(
    session: AsyncSession, revocations: Revocations, assignment_id: UUID, by: Caller
) -> Assignment:
    """Let a role count that waits; asked for by one person, approved by another, for a third."""
    assignment = await _open(session, assignment_id)
    rules.refuse_same_person(by.id, assignment)
    if assignment.approved_at is None:
        assignment.approved_by, assignment.approved_at = by.id, now()
        session.add(assignment)
        audit.note(session, by, "approve", "role", assignment.holder, reason=assignment.role)
        await ends.end(session, revocations, assignment.holder)
    return assignment


async def take(
    session: AsyncSession, revocations: Revocations, assignment_id: UUID, by: Caller
) -> None:
    assignment = await _open(session, assignment_id)
    rules.refuse_own(by.id, assignment.holder)
    assignment.ended_by, assignment.ended_at = by.id, now()
    session.add(assignment)
    audit.note(session, by, "update", "role", assignment.holder, reason=assignment.role)
    await ends.end(session, revocations, assignment.holder)


async def _open(session: AsyncSession, assignment_id: UUID) -> Assignment:
    assignment = await session.get(Assignment, assignment_id, with_for_update=True)
    if assignment is None or assignment.ended_at:
        raise not_found("assignment")
    await service.hold(session, assignment.holder, alone=True)
    return assignment
