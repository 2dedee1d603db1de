"""How somebody comes into the register, once each. Callers own the transaction."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, outbox
from chassis.clock import new_id
from chassis.db import insert_all_new
from contracts.registration import PersonRegistered
from services.registration.consents import service as consents
from services.registration.households import changing as households
from services.registration.persons import rules, sealed
from services.registration.persons.births import Birth
from services.registration.persons.models import Person, PersonIn

Outcome = Literal["created", "unchanged", "different"]


async def register(
    session: AsyncSession, form: PersonIn, *, organisation: str, by: str, case_owner: str | None
) -> tuple[Person, Outcome]:
    """
    Register a person unless their external id is known in the organisation.

    Sent again with the same content it changes nothing; with other content it changes nothing
    either, and the outcome says so: a correction is another operation than a registration.
    """
    [done] = await register_all(
        session, [form], organisation=organisation, by=by, case_owner=case_owner
    )
    return done


async def register_all(
    session: AsyncSession,
    forms: Sequence[PersonIn],
    *,
    organisation: str,
    by: str,
    case_owner: str | None,
) -> list[tuple[Person, Outcome]]:
    """Register people as `register` does each of them, one after the other, and faster."""
    keys = await crypto.new_keys(session, [new_id() for _ in forms])
    made = [
        (form, _person(session, form, key, organisation, by, case_owner), key_row)
        for form, (key, key_row) in zip(forms, keys, strict=True)
    ]
    new = await insert_all_new(session, [person for _, person, _ in made])
    done: list[tuple[Person, Outcome]] = []
    for form, person, key_row in made:
        if person.id in new:
            session.add(key_row)
            await _follow(session, form, person)
            done.append((person, "created"))
        else:
            known = await by_external_id(session, organisation, form.external_id)
            is_same = known.fingerprint == person.fingerprint
            done.append((known, "unchanged" if is_same else "different"))
    await households.form(session, [each for each, came in done if came == "created"], by)
    return done


def _person(
    session: AsyncSession,
    form: PersonIn,
    key: crypto.DataKey,
    organisation: str,
    by: str,
    case_owner: str | None,
) -> Person:
    birth = birth_of(form)
    kept = sealed.columns(session, key, form.model_dump(include={*sealed.SEALED}))
    return Person(
        **form.model_dump(exclude={*sealed.SEALED}) | asdict(birth) | kept,
        id=UUID(key.subject),
        case_number=rules.new_case_number(),
        organisation=organisation,
        fingerprint=fingerprint(session, form),
        created_by=by,
        case_owner=case_owner,
    )


def birth_of(form: PersonIn) -> Birth:
    """Return what is known of somebody's birth; an age is that of the day of the registration."""
    birth = form.birth()
    if birth.age is not None and birth.age_as_of is None:
        return replace(birth, age_as_of=form.registered_on)
    return birth


async def _follow(session: AsyncSession, form: PersonIn, person: Person) -> None:
    """Let what follows from a registration follow: the record of it, its indexes, its event."""
    by = audit.Actor(person.created_by, person.organisation)
    audit.note(session, by, "create", "person", person.id)
    papers = [{"number": each.number} for each in form.documents]
    session.add_all(sealed.document_indexes(session, person.id, papers))
    tell(session, person, consents.state_told(form.consent))
    await consents.told_at_registration(session, person, form.consent, person.created_by)


def tell(session: AsyncSession, person: Person, consent: str | None) -> None:
    """Tell the others that somebody is registered, and may be assisted: once for each person."""
    outbox.publish(
        session,
        PersonRegistered(
            person_id=person.id,
            population_category=person.population_category,
            location_pcode=person.location_pcode,
            registered_on=person.registered_on,
            organisation=person.organisation,
            registered_by=person.created_by,
            case_owner=person.case_owner,
            consent=consent,
        ),
        subject=str(person.id),
        sequence=person.version,
    )


async def foresee(session: AsyncSession, form: PersonIn, organisation: str) -> Outcome:
    """Return what would come of a registration, without it."""
    statement = select(Person.fingerprint).where(
        col(Person.organisation) == organisation, col(Person.external_id) == form.external_id
    )
    known = (await session.exec(statement)).one_or_none()
    if known is None:
        return "created"
    return "unchanged" if known == fingerprint(session, form) else "different"


def fingerprint(session: AsyncSession, form: PersonIn) -> str:
    return sealed.fingerprint(session, rules.fingerprint(form.canonical()))


async def by_external_id(session: AsyncSession, organisation: str, external_id: str) -> Person:
    statement = select(Person).where(
        col(Person.organisation) == organisation, col(Person.external_id) == external_id
    )
    return (await session.exec(statement)).one()
