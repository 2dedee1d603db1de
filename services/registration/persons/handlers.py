"""What registration does when others report something about a person."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from contracts.returns import PersonDeparted
from services.registration.households import changing as households
from services.registration.persons import service as persons
from services.registration.persons.models import Person
from services.registration.referrals import service as referrals


async def mark_departed(session: AsyncSession, event: PersonDeparted) -> None:
    """Note that the person left the country, in each of their registrations; the record stays."""
    person = await session.get(Person, event.person_id)
    if person is None:
        return
    people = await persons.registrations_of(session, person, lock=True, anywhere=True)
    for each in people:
        if each.departed_on is None:
            await _depart(session, each, event)
    for one_of_theirs in {each.organisation: each.id for each in people}.values():
        await households.touch(session, one_of_theirs)


async def _depart(session: AsyncSession, person: Person, event: PersonDeparted) -> None:
    person.departed_on = event.departed_on
    person.version += 1
    session.add(person)
    by = audit.system(PersonDeparted.type)
    audit.note(session, by, "update", "person", person.id, fields=["departed_on"])
    await referrals.close_all(session, person.id, by)
