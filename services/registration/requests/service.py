"""What can be done with people's requests about their record. Callers own the transaction."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import not_found
from contracts.registration import SubjectRequestClosed, SubjectRequestOpened
from services.registration.persons import service as persons
from services.registration.requests.models import SCOPING, RequestIn, SubjectRequest

ANSWERED_WITHIN = timedelta(days=30)


async def open_request(session: AsyncSession, form: RequestIn, access: Access) -> SubjectRequest:
    """Note what a person asks for; the services hear of a request for access."""
    person = await persons.get(session, form.person_id, access)
    found = SubjectRequest(
        **form.model_dump(),
        organisation=person.organisation,
        opened_by=access.caller.id,
        until=now() + ANSWERED_WITHIN,
    )
    session.add(found)
    audit.note(session, access.caller, "create", "subject_request", person.id, reason=form.kind)
    if form.kind == "access":
        event = SubjectRequestOpened(request_id=found.id, person_id=person.id, until=found.until)
        outbox.publish(session, event, subject=str(found.id), sequence=1)
    return found


async def close(session: AsyncSession, request_id: UUID, access: Access) -> SubjectRequest:
    """Close a request; one that is closed stays as it was."""
    statement = select(SubjectRequest).where(
        col(SubjectRequest.id) == request_id, access.rows(SCOPING)
    )
    found = (await session.exec(statement.with_for_update())).one_or_none()
    if found is None:
        raise not_found("request")
    if found.closed_at is None:
        found.closed_at, found.closed_by = now(), access.caller.id
        session.add(found)
        audit.note(session, access.caller, "update", "subject_request", found.person_id)
        if found.person_id:
            event = SubjectRequestClosed(request_id=found.id, person_id=found.person_id)
            outbox.publish(session, event, subject=str(found.id), sequence=2)
    return found


async def find(
    session: AsyncSession, access: Access, after: UUID | None, limit: int
) -> Sequence[SubjectRequest]:
    statement = select(SubjectRequest).where(access.rows(SCOPING))
    if after:
        statement = statement.where(col(SubjectRequest.id) > after)
    return (await session.exec(statement.order_by(col(SubjectRequest.id)).limit(limit))).all()
