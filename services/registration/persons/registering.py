"""How somebody comes into the register, once each. Callers own the transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, outbox
from chassis.among import among
from chassis.many import FEW
from chassis.rows import as_read, insert_all, insert_all_unless_there
from services.registration.consents import told as consents
from services.registration.households import changing as households
from services.registration.persons import making, rules, sealed
from services.registration.persons.making import By, Made
from services.registration.persons.models import Person, PersonIn
from services.registration.persons.papers import DocumentIndex
from services.registration.persons.phones import OtherPhoneIndex

Outcome = Literal["created", "unchanged", "different"]


async def register(
    session: AsyncSession, form: PersonIn, *, organisation: str, by: str, case_owner: str | None
) -> tuple[Person, Outcome]:
    """
    Register a person unless their external id is known in the organisation.

    Sent again with the same content it changes nothing; with other content it changes nothing
    either, and the outcome says so: a correction is another operation than a registration.
    """
    ours = making.By(organisation, by, case_owner)
    made = making.made(session, form, ours)
    [(_, outcome)] = await register_made(session, [made], ours)
    if outcome == "created":
        return as_read(Person, made.row), outcome
    return await by_external_id(session, organisation, form.external_id), outcome


async def register_all(
    session: AsyncSession,
    forms: Sequence[PersonIn],
    *,
    organisation: str,
    by: str,
    case_owner: str | None,
) -> list[tuple[UUID, Outcome]]:
    """Register people as `register` does each of them, one after the other, and faster."""
    ours = making.By(organisation, by, case_owner)

    def make() -> list[Made]:
        return [making.made(session, form, ours) for form in forms]

    # Many take a while, which requests must not wait for.
    made = await asyncio.to_thread(make) if len(forms) > FEW else make()
    return await register_made(session, made, ours)


async def register_made(
    session: AsyncSession, made: Sequence[Made], by: By
) -> list[tuple[UUID, Outcome]]:
    """Register people whose rows are made, as `register_all` does."""
    key_rows = await crypto.wrapped(session, [each.key for each in made])
    new = await insert_all_unless_there(session, Person, [each.row for each in made])
    others = [each.form.external_id for each in made if each.id not in new]
    known = await _known(session, by.organisation, others)
    if new:
        await crypto.keep_new(
            session, [row for each, row in zip(made, key_rows, strict=True) if each.id in new]
        )
        await _follow(session, [each for each in made if each.id in new], by)

    def ended(each: Made) -> tuple[UUID, Outcome]:
        if each.id in new:
            return each.id, "created"
        person_id, before = known[each.form.external_id]
        is_same = before == each.row["fingerprint"] or says_the_same(session, each.form, before)
        return person_id, "unchanged" if is_same else "different"

    return [ended(each) for each in made]


async def _follow(session: AsyncSession, new: Sequence[Made], by: By) -> None:
    """Let what follows from registrations follow: their record, indexes, events, consents."""
    actor = audit.Actor(by.created_by, by.organisation)
    audit.note(session, actor, "create", "person", [each.id for each in new])
    await insert_all(session, DocumentIndex, [row for each in new for row in each.papers])
    await insert_all(session, OtherPhoneIndex, [row for each in new for row in each.other_phones])
    outbox.publish_all(session, [each.event for each in new])
    await consents.keep_told(session, [each.consent for each in new if each.consent], by.created_by)
    await households.form(session, [each.household for each in new], by.created_by)


def tell(session: AsyncSession, row: Mapping[str, Any], consent: str | None) -> None:
    """Tell the others that somebody is registered, and may be assisted: once for each person."""
    event = making.event_of(row, consent)
    outbox.publish(session, event, subject=str(row["id"]), sequence=row["version"])


async def foresee(session: AsyncSession, form: PersonIn, organisation: str) -> Outcome:
    """Return what would come of a registration, without it."""
    [outcome] = await foresee_all(session, [form], organisation)
    return outcome


async def foresee_all(
    session: AsyncSession, forms: Sequence[PersonIn], organisation: str
) -> list[Outcome]:
    """Return what would come of each of these registrations as the only one."""
    known = await _known(session, organisation, [form.external_id for form in forms])

    def outcome(form: PersonIn) -> Outcome:
        if form.external_id not in known:
            return "created"
        _, before = known[form.external_id]
        return "unchanged" if says_the_same(session, form, before) else "different"

    return list(map(outcome, forms))


def says_the_same(session: AsyncSession, form: PersonIn, before: str) -> bool:
    """Say whether a registration says what one said whose fingerprint is kept."""
    if before == fingerprint(session, form):
        return True
    # Until the code for the stateless said so itself, some were registered with both.
    return form.nationality == rules.NO_STATE and before == sealed.fingerprint(
        session, rules.fingerprint(form.canonical(stateless=True))
    )


def fingerprint(session: AsyncSession, form: PersonIn) -> str:
    return sealed.fingerprint(session, rules.fingerprint(form.canonical()))


async def _known(
    session: AsyncSession, organisation: str, external_ids: Sequence[str]
) -> dict[str, tuple[UUID, str]]:
    """Return the registrations of these numbers, and by what each is known again."""
    if not external_ids:
        return {}
    statement = select(Person.external_id, Person.id, Person.fingerprint).where(
        col(Person.organisation) == organisation,
        among(session, col(Person.external_id), external_ids),
    )
    rows = (await session.exec(statement)).all()
    return {external_id: (person_id, kept) for external_id, person_id, kept in rows}


async def by_external_id(session: AsyncSession, organisation: str, external_id: str) -> Person:
    statement = select(Person).where(
        col(Person.organisation) == organisation, col(Person.external_id) == external_id
    )
    return (await session.exec(statement)).one()
