"""What can be done with persons. Callers own the transaction."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.authz import Access
from chassis.caller import Caller
from chassis.db import insert_new
from chassis.problems import Problem, not_found
from contracts.registration import PersonRegistered
from services.registration.persons import rules
from services.registration.persons.models import SCOPING, Person, PersonIn, PersonOut

OWNING_ROLES = frozenset({"case_worker", "protection_officer"})

Outcome = Literal["created", "unchanged", "different"]


async def register(
    session: AsyncSession, form: PersonIn, *, organisation: str, by: str, case_owner: str | None
) -> tuple[Person, Outcome]:
    """
    Register a person unless their external id is known in the organisation.

    Sent again with the same content it changes nothing; with other content it changes nothing
    either, and the outcome says so: a correction is another operation than a registration.
    """
    person = _person(form, organisation, by, case_owner)
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
            organisation=organisation,
            registered_by=by,
            case_owner=case_owner,
        ),
        subject=str(person.id),
        sequence=person.version,
    )
    return person, "created"


def _person(form: PersonIn, organisation: str, by: str, case_owner: str | None) -> Person:
    return Person(
        **form.model_dump(),
        case_number=rules.new_case_number(),
        organisation=organisation,
        fingerprint=rules.fingerprint(form.canonical()),
        created_by=by,
        case_owner=case_owner,
    )


async def _by_external_id(session: AsyncSession, organisation: str, external_id: str) -> Person:
    statement = select(Person).where(
        col(Person.organisation) == organisation, col(Person.external_id) == external_id
    )
    return (await session.exec(statement)).one()


async def get(session: AsyncSession, person_id: UUID, access: Access) -> Person:
    statement = select(Person).where(col(Person.id) == person_id, access.rows(SCOPING))
    person = (await session.exec(statement)).one_or_none()
    if person is None:
        raise not_found("person")
    return person


async def find(
    session: AsyncSession,
    access: Access,
    *,
    external_id: str | None,
    case_number: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Person]:
    """Return the persons whom the caller may see, in order of registration."""
    statement = select(Person).where(access.rows(SCOPING))
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


def owner(caller: Caller) -> str | None:
    """Return to whom a person whom this caller registers is assigned from the start, if to any."""
    return caller.id if caller.roles & OWNING_ROLES else None


def shown(person: Person) -> PersonOut:
    return PersonOut(
        **person.model_dump(include=set(PersonOut.model_fields)),
        status="departed" if person.departed_on else "registered",
    )
