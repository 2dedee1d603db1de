"""What registration does when a person has received something: their record is kept on."""

from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.assistance import EntitlementDelivered
from services.registration.persons import service as persons
from services.registration.persons.models import Person
from services.registration.retention.models import LastService


async def note_service(session: AsyncSession, event: EntitlementDelivered) -> None:
    """Keep the last day, for each registration of the person; deliveries are told in any order."""
    person = await session.get(Person, event.person_id)
    people = await persons.registrations_of(session, person, anywhere=True) if person else []
    for person_id in {event.person_id, *(each.id for each in people)}:
        known = await session.get(LastService, person_id, with_for_update=True)
        if known is None:
            session.add(LastService(person_id=person_id, served_on=event.delivered_on))
        elif known.served_on < event.delivered_on:
            known.served_on = event.delivered_on
            session.add(known)
