"""What can be done with persons. Callers own the transaction."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.caller import Caller
from chassis.db import insert_new
from chassis.problems import Problem, not_found
from contracts.registration import PersonRegistered
from services.registration.persons import rules
from services.registration.persons.models import Person, PersonIn, PersonOut

Outcome = Literal["created", "unchanged", "different"]


async def register(
    session: AsyncSession, form: PersonIn, *, organisation: str, by: str
) -> tuple[Person, Outcome]:
    """
    Register a person unless their external id is known in the organisation.

    Sent again with the same content it changes nothing; with other content it changes nothing
    either, and the outcome says so: a correction is another operation than a registration.
    """
    person = _person(form, organisation, by)
    if not await insert_new(session, person):
        known = await _by_external_id(session, organisation, form.external_id)
        return known, "unchanged" if known.fingerprint == person.fingerprint else "different"
    outbox.publish(
        session,
        PersonRegistered(
            person_id=person.id,
            population_category=person.population_category,
            location_pcode=person.location_pcode,
            registered_on=person.registered_on,
        ),
        subject=str(person.id),
        sequence=person.version,
    )
    return person, "created"


def _person(form: PersonIn, organisation: str, by: str) -> Person:
    return Person(
        **form.model_dump(),
        case_number=rules.new_case_number(),
        organisation=organisation,
        fingerprint=rules.fingerprint(form.canonical()),
        created_by=by,
    )


async def _by_external_id(session: AsyncSession, organisation: str, external_id: str) -> Person:
    statement = select(Person).where(
        col(Person.organisation) == organisation, col(Person.external_id) == external_id
    )
    return (await session.exec(statement)).one()


async def get(session: AsyncSession, person_id: UUID, caller: Caller) -> Person:
    person = await session.get(Person, person_id)
    if person is None or person.organisation != caller.organisation:
        raise not_found("person")
    return person


async def find(
    session: AsyncSession,
    caller: Caller,
    *,
    external_id: str | None,
    case_number: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Person]:
    """Return the persons of the caller's organisation, in order of registration."""
    statement = select(Person).where(col(Person.organisation) == caller.organisation)
    if external_id:
        statement = statement.where(col(Person.external_id) == external_id)
    if case_number:
        statement = statement.where(col(Person.case_number) == case_number)
    if after:
        statement = statement.where(col(Person.id) > after)
    return (await session.exec(statement.order_by(col(Person.id)).limit(limit))).all()


def refuse_other_content() -> Problem:
    return Problem(
        409,
        "already-registered",
        "This external id is registered with other content; correct that record instead.",
    )


def shown(person: Person) -> PersonOut:
    return PersonOut(
        **person.model_dump(exclude={"fingerprint", "organisation", "created_by", "created_at"}),
        status="departed" if person.departed_on else "registered",
    )
