"""
What assistance does when others report something about a person.

What follows from it here is on record as the system's act, with the event that it follows from. A
copy of what another service has on record is not put on record once more.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, merged
from chassis.among import among
from chassis.rows import insert_all_unless_there, insert_new, new_row, put
from chassis.turns import take_turns
from contracts.registration import (
    PersonAssigned,
    PersonCorrected,
    PersonMerged,
    PersonRegistered,
    PersonUnassigned,
)
from contracts.returns import PersonDeparted
from services.assistance.entitlements import service as entitlements
from services.assistance.people.models import Assignment, Person
from services.assistance.programmes.service import TURN


async def entitle_new_people(session: AsyncSession, events: Sequence[PersonRegistered]) -> None:
    """Remember the people, and open an entitlement in every programme that covers one of them."""
    # A programme made in this moment must see these people, or this must see the programme.
    await take_turns(session, TURN, shared=True)
    told = {event.person_id: event for event in events}
    rows = [new_row(Person, id=each, **_ever(told[each]), **_at_first(told[each])) for each in told]
    new = await insert_all_unless_there(session, Person, rows)
    theirs = select(Person).where(among(session, col(Person.id), told))
    # In one order, so that two who settle the same households do not wait for each other.
    people = (await session.exec(theirs.order_by(col(Person.id)))).all()
    for person in people:
        if person.id not in new:
            # The first news of them was another one.
            event = told[person.id]
            known = _ever(event) if person.version else _ever(event) | _at_first(event)
            for name, value in known.items():
                setattr(person, name, value)
    await entitlements.entitle(session, people, audit.system(PersonRegistered.type))


def _ever(event: PersonRegistered) -> dict[str, Any]:
    """Return what no later news of a person changes."""
    return {
        "registered_on": event.registered_on,
        "organisation": event.organisation,
        "registered_by": event.registered_by,
        "case_owner": event.case_owner,
    }


def _at_first(event: PersonRegistered) -> dict[str, Any]:
    return {
        "population_category": event.population_category,
        "location_pcode": event.location_pcode,
        "version": 1,
    }


async def follow_correction(session: AsyncSession, event: PersonCorrected) -> None:
    """
    Keep category and place as they are now, and entitle the person to what they open.

    What was opened before stays: nobody loses an entitlement because of our mistake.
    """
    await take_turns(session, TURN, shared=True)
    person = await session.get(Person, event.person_id) or Person(id=event.person_id)
    if person.version >= event.version:
        return
    person.population_category = event.population_category
    person.location_pcode = event.location_pcode
    person.version = event.version
    session.add(person)
    await entitlements.entitle(session, [person], audit.system(event.type))


async def follow_merge(session: AsyncSession, event: PersonMerged) -> None:
    """Let one registration of a person receive what each programme has for them, and no other."""
    # Nobody is entitled in this moment who would not be seen.
    await take_turns(session, TURN)
    person = await session.get(Person, event.person_id) or Person(id=event.person_id)
    if person.merge_version >= event.version:
        return
    before = person.merged_into
    person.merged_into, person.merge_version = event.merged_into, event.version
    session.add(person)
    await session.flush()
    by = audit.system(event.type)
    for each in (person.id, before):
        if each:
            await entitlements.settle(session, each, by)
            await entitlements.settle_households(session, each, by)


async def close_for_departed(session: AsyncSession, event: PersonDeparted) -> None:
    """Note that the person left, and close what they have not received."""
    # A programme that is looking for its people must see this, or this what it has opened.
    await take_turns(session, TURN, shared=True)
    person = await session.get(Person, event.person_id) or Person(id=event.person_id)
    person.departed_on = event.departed_on
    session.add(person)
    await session.flush()
    by = audit.system(event.type)
    for each in await merged.registrations_of(session, Person, event.person_id):
        await entitlements.close_all(session, each, "departed", by)
    await entitlements.settle_households(session, event.person_id, by)


async def remember_assignment(session: AsyncSession, event: PersonAssigned) -> None:
    """Know whose case a person is too, unless the end of it was the first news of it."""
    assignment = Assignment(
        id=event.assignment_id, person_id=event.person_id, worker_id=event.worker_id
    )
    await insert_new(session, assignment)


async def forget_assignment(session: AsyncSession, event: PersonUnassigned) -> None:
    assignment = Assignment(
        id=event.assignment_id, person_id=event.person_id, worker_id=event.worker_id, ended=True
    )
    await put(session, assignment)
