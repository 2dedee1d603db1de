"""What returns does when others report something about a person."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import insert_new
from contracts.registration import PersonRegistered
from services.returns.people.models import Person


async def remember_person(session: AsyncSession, event: PersonRegistered) -> None:
    """Know that the person is registered, so that a case can be opened for them."""
    await insert_new(session, Person(id=event.person_id))
