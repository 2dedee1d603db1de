"""Each registration of a person, as the caller sees what is kept about it."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import merged
from chassis.authz import Access
from chassis.views import View
from services.registration.persons import service as persons
from services.registration.persons.models import SCOPING, Person


async def of_person(
    session: AsyncSession, person_id: UUID, access: Access, shape: str
) -> list[tuple[View, Person, int]]:
    """
    Return each registration of a person with how the caller sees what else is kept about it.

    That which was asked for is the first, and 404 if it is out of reach; others that are, or are
    another organisation's, are left out.
    """
    view, _ = await persons.standing(session, person_id, access, shape)
    ids = await merged.registrations_here(session, Person, person_id)
    statement = select(Person, view.standing).where(col(Person.id).in_(ids), access.rows(SCOPING))
    found = (await session.exec(statement)).all()
    ordered = sorted(found, key=lambda row: (row[0].id != person_id, row[0].id))
    return [(view, person, grounds) for person, grounds in ordered]
