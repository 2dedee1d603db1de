"""What returns does when others report something about a person."""

from collections.abc import Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.rows import insert_all_unless_there, insert_new, new_row, put
from contracts.registration import (
    PersonAssigned,
    PersonCorrected,
    PersonMerged,
    PersonRegistered,
    PersonUnassigned,
    VulnerabilityChanged,
)
from services.returns.people.models import Assignment, Person


async def remember_people(session: AsyncSession, events: Sequence[PersonRegistered]) -> None:
    """Know that the people are registered, so that a case can be opened for them."""
    told = {event.person_id: event for event in events}
    rows = [new_row(Person, id=each, **_ever(told[each]), **_at_first(told[each])) for each in told]
    new = await insert_all_unless_there(session, Person, rows)
    for each in told.keys() - new:
        # The first news of them was another one.
        person = await session.get_one(Person, each)
        known = _ever(told[each]) if person.version else _ever(told[each]) | _at_first(told[each])
        for name, value in known.items():
            setattr(person, name, value)


def _ever(event: PersonRegistered) -> dict[str, Any]:
    """Return what no later news of a person changes."""
    return {
        "organisation": event.organisation,
        "registered_by": event.registered_by,
        "case_owner": event.case_owner,
    }


def _at_first(event: PersonRegistered) -> dict[str, Any]:
    return {"location_pcode": event.location_pcode, "version": 1}


async def follow_correction(session: AsyncSession, event: PersonCorrected) -> None:
    """Keep where the person is now; an older correction than the one kept changes nothing."""
    person = await session.get(Person, event.person_id) or Person(id=event.person_id)
    if person.version < event.version:
        person.location_pcode = event.location_pcode
        person.version = event.version
        session.add(person)


async def follow_merge(session: AsyncSession, event: PersonMerged) -> None:
    """Know which registration of a person goes on; an older news than the one kept is none."""
    person = await session.get(Person, event.person_id) or Person(id=event.person_id)
    if person.merge_version < event.version:
        person.merged_into, person.merge_version = event.merged_into, event.version
        session.add(person)


async def follow_vulnerability(session: AsyncSession, event: VulnerabilityChanged) -> None:
    """Know how vulnerable a person is now; an older news than the one kept is none."""
    person = await session.get(Person, event.person_id) or Person(id=event.person_id)
    if person.vulnerability_version < event.version:
        person.vulnerability_level = event.vulnerability_level
        person.vulnerability_version = event.version
        session.add(person)


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
