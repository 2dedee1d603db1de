"""What can be done about a record that is wrong. Callers own the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox, versions
from chassis.authz import Access
from contracts.registration import PersonCorrected
from services.registration.corrections.models import Correction, CorrectionIn, CorrectionOut
from services.registration.persons import service as persons
from services.registration.persons.models import Person

AS_JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


async def correct(
    session: AsyncSession, person_id: UUID, form: CorrectionIn, access: Access, *, expected: int
) -> Person:
    """
    Correct a record, and keep what it said; the others are told by codes only.

    412 when the record is not at the version that the caller has read. What is already as the
    correction says is no change, and a correction without any changes nothing.
    """
    person = await persons.get_to_change(session, person_id, access, form.changes())
    if person.version != expected:
        raise versions.changed("record")
    now = {name: getattr(person, name) for name in form.changes()}
    changes = {name: value for name, value in form.changes().items() if value != now[name]}
    if not changes:
        return person
    corrected = await session.exec(
        update(Person)
        .where(col(Person.id) == person.id, col(Person.version) == expected)
        .values(**changes, version=expected + 1)
    )
    if not corrected.rowcount:
        raise versions.changed("record")
    session.add(
        Correction(
            person_id=person.id,
            version=expected + 1,
            reason=form.reason,
            before=AS_JSON.dump_python({name: now[name] for name in changes}, mode="json"),
            corrected_by=access.caller.id,
        )
    )
    audit.note(session, access.caller, "update", "person", person.id, fields=changes)
    await session.refresh(person)
    _tell(session, person, sorted(changes))
    return person


def _tell(session: AsyncSession, person: Person, fields: list[str]) -> None:
    event = PersonCorrected(
        person_id=person.id,
        version=person.version,
        population_category=person.population_category,
        location_pcode=person.location_pcode,
        fields=fields,
    )
    outbox.publish(session, event, subject=str(person.id), sequence=person.version)


async def history(session: AsyncSession, person_id: UUID, access: Access) -> list[CorrectionOut]:
    """Return what a record said before each of its corrections, the newest first."""
    view, standing = await persons.standing(session, person_id, access, "correction")
    return [
        view.shown(CorrectionOut, each.model_dump(), standing)
        for each in await of_person(session, person_id)
    ]


async def of_person(session: AsyncSession, person_id: UUID) -> Sequence[Correction]:
    statement = (
        select(Correction)
        .where(col(Correction.person_id) == person_id)
        .order_by(col(Correction.version).desc())
    )
    return (await session.exec(statement)).all()
