"""Who is let into whose notes, by whom, until when. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.caller import Caller
from chassis.clock import now
from chassis.problems import Problem, not_found
from services.registration.persons import service as persons
from services.registration.persons.models import SCOPING as PERSONS
from services.registration.persons.models import Person
from services.registration.referrals.models import Referral, ReferralIn


async def open_one(
    session: AsyncSession, person_id: UUID, form: ReferralIn, access: Access
) -> Referral:
    """Refer a person; nobody lets themselves in, for which there is the breaking of the glass."""
    await persons.get_to_add_to(session, person_id, access)
    if form.worker_id == access.caller.id:
        raise Problem(
            403, "not-by-oneself", "Somebody else of the case team has to refer a person to you."
        )
    return add(session, person_id, form, by=access.caller)


def add(session: AsyncSession, person_id: UUID, form: ReferralIn, *, by: Caller) -> Referral:
    referral = Referral(person_id=person_id, opened_by=by.id, **form.model_dump())
    session.add(referral)
    audit.note(session, by, "create", "referral", [person_id, referral.id])
    return referral


async def of_person(session: AsyncSession, person_id: UUID, access: Access) -> Sequence[Referral]:
    await persons.get(session, person_id, access)
    audit.read("referral", person_id)
    statement = select(Referral).where(col(Referral.person_id) == person_id)
    return (await session.exec(statement.order_by(col(Referral.id)))).all()


async def close(session: AsyncSession, referral_id: UUID, access: Access) -> Referral:
    """Close a referral; once closed it stays as it was closed."""
    statement = (
        select(Referral)
        .join(Person, col(Person.id) == col(Referral.person_id))
        .where(col(Referral.id) == referral_id, access.rows(PERSONS))
        .with_for_update(of=Referral)
    )
    referral = (await session.exec(statement)).one_or_none()
    if referral is None:
        raise not_found("referral")
    if referral.closed_at is None:
        referral.closed_by, referral.closed_at = access.caller.id, now()
        session.add(referral)
        audit.note(session, access.caller, "close", "referral", [referral.person_id, referral.id])
    else:
        audit.read("referral", referral.person_id)
    return referral


async def close_all(session: AsyncSession, person_id: UUID, by: audit.Actor) -> None:
    """Close what is open, as the person's case ends."""
    closed = await session.exec(
        update(Referral)
        .where(col(Referral.person_id) == person_id, col(Referral.closed_at).is_(None))
        .values(closed_by=by.id, closed_at=now())
    )
    if closed.rowcount:
        audit.note(session, by, "close", "referral", person_id)
