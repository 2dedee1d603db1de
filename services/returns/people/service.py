"""Whether a person is registered and the caller's to help, and how long returns waits to hear."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import merged, patience
from chassis.authz import Access
from chassis.db import Database
from chassis.problems import Fault, Problem
from chassis.views import View
from services.returns.people import rules
from services.returns.people.models import SCOPING, Person, ReintegrationOut


async def is_registered(
    database: Database, person_id: UUID, access: Access, seconds: float
) -> bool:
    """
    Say whether a person is registered, with whom the caller may do what they ask to.

    The news of a registration may be a moment behind the caller. Whoever is out of the caller's
    reach is waited for as long as somebody who is not there, so that neither shows.
    """

    async def known() -> bool:
        async with database.read() as session:
            return await is_known(session, person_id, access)

    return await patience.until(known, seconds)


def refuse_unknown() -> Problem:
    fault = Fault(pointer="/person_id", code="unknown_person", detail="Nobody has this id.")
    return Problem(422, "unknown-person", "The person is not registered.", errors=[fault])


async def refuse_merged(session: AsyncSession, person_id: UUID) -> None:
    """409 when another registration of the person goes on instead."""
    person = await session.get(Person, person_id)
    if person and person.merged_into:
        detail = f"This registration is merged into {person.merged_into}, which goes on."
        raise Problem(409, "merged", detail)


async def reintegration(
    session: AsyncSession, person_id: UUID, access: Access
) -> ReintegrationOut | None:
    """Return whether the person is to be helped after arrival; None when they are not known."""
    view = View(access, "reintegration", SCOPING)
    statement = select(Person, view.standing).where(
        col(Person.id) == person_id, access.rows(SCOPING)
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        return None
    person, standing = found
    ids = await merged.registrations_here(session, Person, person_id)
    levels = await session.exec(select(Person.vulnerability_level).where(col(Person.id).in_(ids)))
    values = {
        "person_id": person_id,
        "vulnerability_level": person.vulnerability_level,
        "eligible": rules.is_eligible(list(levels.all())),
    }
    return view.shown(ReintegrationOut, values, standing)


async def is_known(session: AsyncSession, person_id: UUID, access: Access) -> bool:
    statement = select(Person.id).where(col(Person.id) == person_id, access.rows(SCOPING))
    return (await session.exec(statement)).one_or_none() is not None
