"""What registrations tell of consent to the mission's own work. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.rows import insert_all, new_row
from contracts.sharing import ASSISTANCE, GIVEN, MISSION, REFUSED
from services.registration.consents import rules, service
from services.registration.consents.models import Consent
from services.registration.persons.births import Birth
from services.registration.persons.models import Person
from services.registration.persons.parts import ConsentIn


class Told(NamedTuple):
    """What somebody who is being registered said about consent."""

    person_id: UUID
    registered_on: date
    birth: Birth
    answer: ConsentIn


def row_told(told: Told, by: str) -> dict[str, Any]:
    """Return an answer that a registration told as it is kept."""
    return new_row(
        Consent,
        person_id=told.person_id,
        recipient=MISSION,
        purpose=ASSISTANCE,
        version=1,
        state=state_told(told.answer),
        text_version=rules.current_version(),
        language=told.answer.language,
        interpreter=told.answer.interpreter,
        asked_on=told.registered_on,
        minor=rules.in_a_word(told.birth.minor(told.registered_on)),
        recorded_by=by,
    )


async def keep_told(session: AsyncSession, rows: Sequence[Mapping[str, Any]], by: str) -> None:
    """
    Keep what registrations said about consent as the first answers, and put them on record.

    It decides nothing about aid, so a child's answer is kept without asking for a guardian. The
    event of the registration tells it: one of its own would double what an import has to tell.
    """
    await insert_all(session, Consent, rows)
    for state in (GIVEN, REFUSED):
        people = [row["person_id"] for row in rows if row["state"] == state]
        if people:
            about = (MISSION, ASSISTANCE)
            audit.note(session, audit.Actor(by), state, "consent", people, fields=about)


async def told_at_completion(
    session: AsyncSession, person: Person, told: ConsentIn | None, by: str
) -> str | None:
    """
    Keep what the completion of an enquiry said about consent; return what counts then.

    An answer that was given to the enquiry already counts on where nothing else is told.
    """
    before = (await service.newest(session, person.id)).get((MISSION, ASSISTANCE))
    if told is None:
        return before.state if before else None
    row = row_told(Told(person.id, person.registered_on, Birth.of(person), told), by)
    if before:
        later = row | {"version": before.version + 1}
        await service.keep(session, person, Consent(**later))
    else:
        await keep_told(session, [row], by)
    return state_told(told)


def state_told(told: ConsentIn | None) -> str | None:
    return None if told is None else GIVEN if told.given else REFUSED
