"""What can be done with legal holds. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import not_found
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from services.registration.holds.models import SCOPING, Hold, HoldIn
from services.registration.persons import service as persons


async def place(session: AsyncSession, form: HoldIn, access: Access) -> Hold:
    """Keep a person's record until the hold is lifted."""
    # Whoever is being erased at this moment is not there any more once that is done.
    await take_turns(session, ERASING, shared=True)
    person = await persons.get(session, form.person_id, access)
    hold = Hold(**form.model_dump(), organisation=person.organisation, placed_by=access.caller.id)
    session.add(hold)
    audit.note(session, access.caller, "create", "legal_hold", person.id, reason=form.ground)
    return hold


async def lift(session: AsyncSession, hold_id: UUID, access: Access) -> Hold:
    """Let the record go; a hold that was lifted before stays as it was."""
    statement = select(Hold).where(col(Hold.id) == hold_id, access.rows(SCOPING))
    hold = (await session.exec(statement.with_for_update())).one_or_none()
    if hold is None:
        raise not_found("hold")
    if hold.lifted_at is None:
        hold.lifted_at, hold.lifted_by = now(), access.caller.id
        session.add(hold)
        audit.note(session, access.caller, "update", "legal_hold", hold.person_id)
    return hold


async def is_held(session: AsyncSession, person_id: UUID) -> bool:
    statement = select(Hold.id).where(
        col(Hold.person_id) == person_id, col(Hold.lifted_at).is_(None)
    )
    return (await session.exec(statement.limit(1))).first() is not None


def held(person_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a person's record is under a hold."""
    return exists().where(col(Hold.person_id) == person_id, col(Hold.lifted_at).is_(None))


async def find(
    session: AsyncSession, access: Access, after: UUID | None, limit: int
) -> Sequence[Hold]:
    statement = select(Hold).where(access.rows(SCOPING))
    if after:
        statement = statement.where(col(Hold.id) > after)
    return (await session.exec(statement.order_by(col(Hold.id)).limit(limit))).all()
